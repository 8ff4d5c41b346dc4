"""Finish the records of a page: plain members, empty dates as null, expanded collections whole and counted.

Source: OData JSON Format 4.01 sections 4.5.5 (nextLink) and 4.5.4 (count) of expanded collections.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol

from txojobs.errors import ApiError, ApiOperationError, IncompleteReadError
from txojobs.rest.contiguity import one_sooner
from txojobs.rest.null_dates import emptied
from txojobs.rest.origin import resolved

if TYPE_CHECKING:
    from collections.abc import Iterator

    from txojobs.records import JsonValue, Record
    from txojobs.rest.pages import Continuation, Page
    from txojobs.rest.query import EntityQuery


class Ask(Protocol):
    """Gives the page at an address."""

    def __call__(self, url: str, *, name: str) -> Page:
        """Return it; `name` says in errors what it is."""
        ...


class Nested:
    """Finishes the records of one walk."""

    def __init__(self, query: EntityQuery, ask: Ask, *, overlapping: bool) -> None:
        self._query = query
        self._ask = ask
        self._overlapping = overlapping
        self._limits = {path: each.limit for path, each in query.expand.items() if each.limit}
        self._limited = {path.rpartition("/")[2] for path in self._limits}
        self.empty_dates = 0
        """How many texts stood for no date and became null."""

    def finish(self, records: list[Record], base: str) -> None:
        """Make records whole, in place; `base` is what their links are resolved against.

        Raises:
            IncompleteReadError: an expanded collection holds more or fewer records than the service counts in it.
            ApiError: one that goes on elsewhere cannot be read.
        """
        unfinished: list[Continuation] = []
        query = self._query
        query.dialect.tidy(records, unfinished, keep=query.keep_annotations)
        if query.null_dates:
            self.empty_dates += emptied(records, query.null_dates)
        for each in unfinished:
            if each.link is not None:
                self._follow(each, base)
        for each in unfinished:
            if each.total is not None and each.field not in self._limited:
                self._compare(each)
        for path, limit in self._limits.items():
            self._hold_to(limit, path, records)

    def _follow(self, goes_on: Continuation, base: str) -> None:
        owner, field = goes_on.owner, goes_on.field
        collected = owner.get(field)
        if not isinstance(collected, list):
            collected = owner[field] = []
        link: str | None = resolved(base, goes_on.link or "")
        while link is not None:
            page = self._behind(link, collected[-1:], f"{field} of a record of {self._query.entity}")
            collected.extend(page.records)
            link = page.next_link

    def _behind(self, link: str, last: list[JsonValue], name: str) -> Page:
        """Return the page behind a link, whole; where it tells a position, asked for from the last record on.

        Raises:
            IncompleteReadError: another record stands there by now.
        """
        sooner = one_sooner(link) if self._overlapping and last else None
        if sooner is not None:
            try:
                page = self._ask(sooner, name=name)
            except ApiError as err:
                if err.status != HTTPStatus.BAD_REQUEST:
                    raise
                self._overlapping = False  # links that nobody may change
            else:
                self.finish(page.records, page.base)
                if [*page.records[:1]] != last:
                    raise IncompleteReadError(
                        f"{name} came, went or changed between two pages while it was read",
                        how_to_fix="run again while nobody changes records",
                    )
                if len(page.records) > 1 or page.next_link is None:
                    return page._replace(records=page.records[1:])
        page = self._ask(link, name=name)
        self.finish(page.records, page.base)
        return page

    def _hold_to(self, limit: int, path: str, records: list[Record]) -> None:
        """Refuse more related records than were asked for: which of them are wanted only the service knows.

        Raises:
            ApiOperationError: the service passes over $top inside of $expand, or gives links behind it.
        """
        for found in (each for record in records for each in _lists(record, path.split("/"))):
            if len(found) > limit:
                raise ApiOperationError(
                    f"{path} of a record of {self._query.entity} holds {len(found):,} records, and at most {limit:,} "
                    "were asked for: the service passes over $top inside of $expand",
                    how_to_fix=f"take limit out of expand: {path}, and choose with a step",
                )

    def _compare(self, counted: Continuation) -> None:
        found = counted.owner.get(counted.field)
        came = len(found) if isinstance(found, list) else 0
        if came != counted.total:
            raise IncompleteReadError(
                f"{counted.field} of a record of {self._query.entity}: the service counts {counted.total:,} and "
                f"{came:,} came",
                how_to_fix="run again while nobody changes records; if it fails each time, report it to the provider "
                "of the service, and write an expand without $count",
            )


def _lists(value: JsonValue, path: list[str]) -> Iterator[list[JsonValue]]:
    """Yield the lists at the end of a path, through records and lists of them."""
    if isinstance(value, list):
        if not path:
            yield value
        for item in value if path else ():
            yield from _lists(item, path)
    elif isinstance(value, dict) and path:
        yield from _lists(value.get(path[0]), path[1:])
