"""What differs between the versions of OData that services speak, in one literal table.

Source: OData 4.01 Part 1 sections 8.2.6 (OData-MaxVersion) and 11.2.6.5 ($count); OData V2 URI Conventions section
4.9 ($inlinecount); [MS-ODATA] section 2.2.5.7 (MaxDataServiceVersion).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from txojobs.errors import ValidationError
from txojobs.rest.pages import read_page, tidy
from txojobs.rest.pages_v2 import read_page_v2, tidy_v2

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from txojobs.records import Record
    from txojobs.rest.answers import Answer
    from txojobs.rest.pages import Continuation, Page


class Tidy(Protocol):
    """Makes the records of a page plain, in place."""

    def __call__(self, records: list[Record], unfinished: list[Continuation], *, keep: bool) -> None:
        """Take out what is no field, unless `keep`; note each collection that goes on elsewhere."""
        ...


@dataclass(frozen=True, slots=True)
class Dialect:
    """One version of OData. `count` is the option, name and value, that asks for the number of records."""

    name: str
    headers: Mapping[str, str]
    count: tuple[str, str]
    read_page: Callable[[Answer], Page]
    tidy: Tidy


_V4 = Dialect(
    "v4",
    {"Accept": "application/json;odata.metadata=minimal", "OData-MaxVersion": "4.0"},
    ("$count", "true"),
    read_page,
    tidy,
)
_V3 = Dialect(
    "v3",
    {"Accept": "application/json;odata=minimalmetadata", "MaxDataServiceVersion": "3.0"},
    ("$inlinecount", "allpages"),
    read_page,
    tidy,
)
_V2 = Dialect(
    "v2",
    {"Accept": "application/json", "DataServiceVersion": "2.0", "MaxDataServiceVersion": "2.0"},
    ("$inlinecount", "allpages"),
    read_page_v2,
    tidy_v2,
)

DIALECTS: dict[str, Dialect] = {each.name: each for each in (_V4, _V3, _V2)}


def dialect_of(name: str) -> Dialect:
    """Return a dialect.

    Raises:
        ValidationError: there is none of this name.
    """
    if name not in DIALECTS:
        raise ValidationError(f"there is no OData dialect {name!r}; known: {', '.join(DIALECTS)}")
    return DIALECTS[name]
