"""The descriptions of two services, one of each dialect, and short ones for one thing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from txojobs.metadata.csdl import parse

if TYPE_CHECKING:
    from txojobs.metadata.model import Service

FOLDER = Path(__file__).parent / "documents"
V2 = FOLDER / "v2.xml"
V4 = FOLDER / "v4.xml"


def service(path: Path) -> Service:
    return parse([path.read_bytes()])


def v4_document(schema: str, *, version: str = "4.0") -> bytes:
    """Return a document with one schema `S` of these elements."""
    return (
        f'<edmx:Edmx Version="{version}" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>'
        f'<Schema Namespace="S" xmlns="http://docs.oasis-open.org/odata/ns/edm">{schema}</Schema>'
        "</edmx:DataServices></edmx:Edmx>"
    ).encode()


def v2_document(
    schema: str, *, namespace: str = "http://schemas.microsoft.com/ado/2008/09/edm", told: str = "2.0"
) -> bytes:
    """Return a document of V2 or V3 with one schema `S` of these elements."""
    return (
        '<edmx:Edmx Version="1.0" xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx" '
        'xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata">'
        f'<edmx:DataServices m:DataServiceVersion="{told}"><Schema Namespace="S" xmlns="{namespace}">{schema}'
        "</Schema></edmx:DataServices></edmx:Edmx>"
    ).encode()


ITEMS = (
    '<EntityType Name="Item"><Key><PropertyRef Name="No"/></Key><Property Name="No" Type="Edm.String"/></EntityType>'
    '<EntityContainer Name="C"><EntitySet Name="Items" EntityType="S.Item"/></EntityContainer>'
)


def large_document(sets: int = 120, fields: int = 20) -> bytes:
    """Return a document of V4 in the manner of Business Central: `Things7` has `No` and `Field_1`, `Field_2`, ..."""
    kinds = ("Edm.String", "Edm.Decimal", "Edm.Boolean", "Edm.Date", "Edm.Int64", "Edm.Guid")
    properties = "".join(
        f'<Property Name="Field_{number}" Type="{kinds[number % len(kinds)]}"/>' for number in range(fields)
    )
    types = "".join(
        f'<EntityType Name="Thing{number}"><Key><PropertyRef Name="No"/></Key>'
        f'<Property Name="No" Type="Edm.String" Nullable="false" MaxLength="20"/>{properties}'
        f'<NavigationProperty Name="Next" Type="S.Thing{(number + 1) % sets}"/></EntityType>'
        for number in range(sets)
    )
    names = "".join(
        f'<EntitySet Name="Things{number}" EntityType="S.Thing{number}"/>' for number in range(sets)
    )
    return v4_document(f'{types}<EntityContainer Name="C">{names}</EntityContainer>')
