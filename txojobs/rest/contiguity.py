"""Hold each page to beginning where the one before it ended.

Two witnesses. Numbers must come in the order of the key that was asked for. A page that is asked for by its position
is asked for from the last record before it on: when that comes again, nothing has moved in between.
"""

from __future__ import annotations

import re
from decimal import Decimal
from http import HTTPStatus
from itertools import pairwise
from typing import TYPE_CHECKING

from txojobs.errors import ApiError, ApiOperationError, IncompleteReadError
from txojobs.rest.keyset import typed
from txojobs.rest.null_dates import emptied

if TYPE_CHECKING:
    from collections.abc import Callable

    from txojobs.records import Record
    from txojobs.rest.pages import Page
    from txojobs.rest.query import EntityQuery

_SKIP = re.compile(r"(?i)([?&](?:\$|%24)skip=)([0-9]{1,18})(?=&|$)")


class Contiguity:
    """Watches the pages of one walk. Holds the last record."""

    def __init__(self, query: EntityQuery, *, overlapping: bool) -> None:
        self._query = query
        self._overlapping = overlapping
        self._last: Record | None = None

    def comes(self, records: list[Record], *, by_key: bool) -> bool:
        """Note the records of a page, which with `by_key` were asked for in the order of their key.

        Returns whether what is behind the last one can be asked for by its key.

        Raises:
            ApiOperationError: it was, and they come in another order: those behind the last are not what is left.
        """
        before = [self._last, *records] if self._last is not None else records
        for first, second in pairwise(before if by_key else ()):
            verdict = _comes_behind(self._query, second, first)
            if verdict is False and self._last is None:
                by_key = False
                break
            if verdict is False:
                raise ApiOperationError(
                    f"{self._query.entity} was asked for in the order of {', '.join(self._query.key)} and comes in "
                    "another one, so records would be missed",
                    how_to_fix="write complete: count, which follows the service's own links, or take another `key`",
                )
        self._last = records[-1]
        return by_key

    def is_behind(self, records: list[Record]) -> bool:
        """Tell whether a page may be what stands behind the last record: some services pass over the question."""
        return not (records and self._last and _comes_behind(self._query, records[0], self._last) is False)

    def overlapped(self, link: str, ask: Callable[[str], Page]) -> Page | None:
        """Return the page behind a link, asked for from the last record on; None where it tells no position.

        Raises:
            IncompleteReadError: another record stands there by now.
            ApiError: the page cannot be read.
        """
        sooner = one_sooner(link)
        if not self._overlapping or self._last is None or sooner is None:
            return None
        try:
            page = ask(sooner)
        except ApiError as err:
            if err.status != HTTPStatus.BAD_REQUEST:
                raise
            self._overlapping = False  # a link that nobody may change
            return None
        arrived = [_finished(self._query, record) for record in page.records[:1]]
        take_off(self._last, arrived, key=self._query.key, name=self._query.entity)
        del page.records[0]
        return page if page.records or page.next_link is None else None  # pages of one record would never end


def take_off(last: Record, records: list[Record], *, key: tuple[str, ...], name: str) -> None:
    """Take the first record off a page that was asked for from the last one before it on.

    Raises:
        IncompleteReadError: another record stands there by now.
    """
    if not records or any(records[0].get(field) != last.get(field) for field in key):
        raise IncompleteReadError(
            f"records of {name} came or went between two pages while they were read",
            how_to_fix="run again while nobody changes records",
        )
    del records[0]


def _finished(query: EntityQuery, record: Record) -> Record:
    """Return the key of a record as the last one has it: dates are written otherwise by then, and empty ones null."""
    key: Record = {name: record[name] for name in query.key if name in record}
    query.dialect.tidy([key], [], keep=query.keep_annotations)
    emptied([key], query.null_dates)
    return key


def one_sooner(link: str) -> str | None:
    """Return a link that tells a position with the one before it, None where it tells none."""
    found = _SKIP.findall(link)
    if len(found) != 1 or int(found[0][1]) < 1:
        return None
    return _SKIP.sub(lambda match: f"{match[1]}{int(match[2]) - 1}", link)


def _comes_behind(query: EntityQuery, record: Record, other: Record) -> bool | None:
    """Tell whether a record stands behind another one in the order of the key; None where that is not ours to tell.

    Only numbers have one order: a service sorts GUIDs by bytes of its choice, and text by its language.
    """
    for name in query.key:
        first, second = (typed(query, name, each.get(name)) for each in (other, record))
        if not isinstance(first, int | Decimal) or not isinstance(second, int | Decimal):
            return None
        if first != second:
            return first < second
    return False
