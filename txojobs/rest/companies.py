"""The companies of a Business Central environment, and what is proven when an entity set is read in several.

The API has them in `companies`, each with an id; the web services (`.../ODataV4`) in `Company`, each with a name only
on older versions.

Source: Business Central, "companies" (API v2.0) and "OData Web Services" (Company('name') in a path).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from txojobs.errors import ApiOperationError, ConfigurationError
from txojobs.redact import shortened
from txojobs.rest.literals import key_predicate
from txojobs.rest.odata import ODataReader
from txojobs.rest.origin import shown
from txojobs.rest.query import EntityQuery
from txojobs.suggest import nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from txojobs.records import Record
    from txojobs.rest.client import TxoRestAPI
    from txojobs.rest.completeness import Proof

_IN_A_COMPANY = re.compile(r"/compan(?:y|ies)\(", re.IGNORECASE)
_WEB_SERVICES = re.compile(r"/ODataV4(?:/|$)", re.IGNORECASE)
_GUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_MOST_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Company:
    """One company; `path` is what stands before an entity set, encoded. `id` is None where a service tells none."""

    name: str
    id: str | None
    path: str


def read_companies(client: TxoRestAPI, *, deadline: float | None = None) -> list[Company]:
    """Return all companies, in the service's order.

    Raises:
        IncompleteReadError: more or fewer came than the service counts.
        ConfigurationError: the address of the service names a company already.
        ApiError: they cannot be read.
    """
    base = client.settings.base_url
    if _IN_A_COMPANY.search(base):
        raise ConfigurationError(
            f"the address of the service names a company already, so `companies` has no place: {shown(base)}",
            how_to_fix=f"end {client.settings.base_url_key} before the company, or take `companies` out of the job",
        )
    of_web_services = _WEB_SERVICES.search(base) is not None
    query = EntityQuery(entity="Company" if of_web_services else "companies")
    pages = ODataReader(client, query, deadline=deadline).pages()
    return [_company(record, of_web_services=of_web_services) for page in pages for record in page]


def _company(record: Record, *, of_web_services: bool) -> Company:
    name, own_id = (record.get(each.title() if of_web_services else each) for each in ("name", "id"))
    key = name if of_web_services else own_id
    if not isinstance(name, str) or not isinstance(key, str) or not (of_web_services or _GUID.fullmatch(key)):
        raise ApiOperationError(
            shortened(f"a company has no name or no id; its fields are {', '.join(record)}", 300),
            how_to_fix="`companies` is for Business Central: check the address of the service",
        )
    path = f"Company{key_predicate(name)}" if of_web_services else f"companies({key})"
    return Company(name, own_id if isinstance(own_id, str) else None, path)


def chosen(companies: Sequence[Company], wanted: Sequence[str]) -> list[Company]:
    """Return the companies of these names or ids, in the order in which they are wanted.

    Raises:
        ConfigurationError: there is none of a name, or several.
    """
    return list(dict.fromkeys(_named(companies, name) for name in wanted))


def _named(companies: Sequence[Company], wanted: str) -> Company:
    found = [each for each in companies if wanted in (each.name, each.id)]
    if len(found) == 1:
        return found[0]
    names = [each.name for each in companies]
    if found:
        raise ConfigurationError(
            f"{len(found)} companies are called {wanted!r}",
            how_to_fix=f"write an id instead: {', '.join(str(each.id) for each in found)}",
        )
    listed = ", ".join(names[:_MOST_SHOWN]) + (", ..." if len(names) > _MOST_SHOWN else "")
    raise ConfigurationError(
        f"there is no company {wanted!r}",
        how_to_fix=nearest(wanted, names) or f"the service shows this user: {listed or 'no company at all'}",
    )


def joined(proofs: Sequence[Proof], *, failed: int) -> Proof:
    """Return what is known of a read in several companies: as much as of the weakest, nothing when some failed."""
    first = proofs[0]
    weakest = min(proofs, key=lambda each: ("unproven", "counted", "verified").index(each.strength))
    counts = [each.count for each in proofs if each.count is not None]
    return replace(
        first,
        rows=sum(each.rows for each in proofs),
        pages=sum(each.pages for each in proofs),
        requests=sum(each.requests for each in proofs),
        count=sum(counts) if len(counts) == len(proofs) else None,
        count_note=f"{failed} of {failed + len(proofs)} companies could not be read"
        if failed
        else weakest.count_note,
        duplicates=sum(each.duplicates for each in proofs),
        links=", ".join(dict.fromkeys(each.links for each in proofs)),
        second_reading=any(each.second_reading for each in proofs),
        strength="unproven" if failed else weakest.strength,
    )
