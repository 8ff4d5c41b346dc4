"""The guide's call for all records of an entity set, on top of the reader that jobs use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from txojobs.rest.content import as_floats
from txojobs.rest.odata import ODataReader
from txojobs.rest.query import EntityQuery

if TYPE_CHECKING:
    from collections.abc import Sequence

    from txojobs.records import Record
    from txojobs.rest.client import TxoRestAPI
    from txojobs.rest.content import Numbers


def read_entities(
    client: TxoRestAPI,
    base_url: str,
    entity_name: str,
    *,
    odata_filter: str | None,
    select_fields: Sequence[str],
    page_size: int | None,
    numbers: Numbers,
) -> list[Record]:
    """Return every record; holds them all.

    Raises:
        ApiError: a page failed after all attempts, or the service's own count does not match.
    """
    query = EntityQuery(
        entity=f"{base_url.rstrip('/')}/{entity_name.strip('/')}",
        select=tuple(select_fields or ()),
        filter=odata_filter,
        page_size=page_size,
        odata=client.settings.odata,
        keeps_dates=True,
        keep_annotations=True,  # the guide's scripts see records as they came
    )
    records: list[Any] = []
    for page in ODataReader(client, query).pages():
        records += page if numbers == "decimal" else as_floats(cast("Any", page))
    return records
