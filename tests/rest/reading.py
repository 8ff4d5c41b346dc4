"""Reading an entity set in a test: all rows at once, with the reader that read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from txojobs.rest.odata import ODataReader
from txojobs.rest.query import EntityQuery

if TYPE_CHECKING:
    from txojobs.rest.client import TxoRestAPI
    from txojobs.rest.completeness import Complete


def read(
    client: TxoRestAPI, *, complete: Complete = "auto", **query: Any
) -> tuple[list[dict[str, Any]], ODataReader]:
    reader = ODataReader(client, EntityQuery(**{"entity": "Customers", **query}), complete=complete)
    return [row for rows in reader.pages() for row in rows], reader


def rows(first: int, last: int) -> list[dict[str, Any]]:
    return [{"No": f"{number:05}"} for number in range(first, last + 1)]
