"""Ask for a page by offset from the last record before it on: when that comes again, nothing has moved in between."""

from __future__ import annotations

from typing import TYPE_CHECKING

from txojobs.rest.contiguity import take_off
from txojobs.rest.paging import Asked
from txojobs.rest.paging_ways import Numbered

if TYPE_CHECKING:
    from txojobs.records import Record
    from txojobs.rest.collection_query import CollectionQuery
    from txojobs.rest.paging import End


class Overlap:
    """Watches the pages of one walk; other ways of paging pass it by. Holds the last record."""

    def __init__(self, query: CollectionQuery, *, active: bool) -> None:
        paging = query.paging
        by_offset = isinstance(paging, Numbered) and not paging.by_page and query.came is None
        self._paging = paging if active and by_offset and query.key else None
        self._name, self._key = query.name, query.key
        self._last: Record | None = None

    def sooner(self, asked: Asked | End, records: list[Record]) -> Asked | End:
        """Return the request for the page behind `records` one record sooner; behind one alone it would never end."""
        self._last = None
        if isinstance(asked, Asked) and isinstance(self._paging, Numbered) and len(records) > 1:
            self._last = records[-1]
            return self._paging.sooner(asked)
        return asked

    def meets(self, records: list[Record]) -> None:
        """Take the first record off a page that was asked for sooner.

        Raises:
            IncompleteReadError: it is not the last one of the page before.
        """
        if self._last is not None:
            take_off(self._last, records, key=self._key, name=self._name)
