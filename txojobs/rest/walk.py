"""Go from page to page: the first one, each next one, and what its records leave for further requests.

Guarantees: a link is followed as it came; a link or a page that repeats is an error, not a loop; an expanded
collection that goes on elsewhere is read to its end. Holds one page.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import unquote

from txojobs.errors import ApiError, EntityNotFoundError
from txojobs.exact_json import encode
from txojobs.rest.ahead import LookAhead
from txojobs.rest.contiguity import Contiguity
from txojobs.rest.guard import WalkGuard, forgotten
from txojobs.rest.keyset import behind, has_text_key, is_in_key_order
from txojobs.rest.nested import Nested
from txojobs.rest.seam import Seam
from txojobs.rest.service_document import say_what_there_is

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator

    from txojobs.records import Record
    from txojobs.rest.client import TxoRestAPI
    from txojobs.rest.pages import Page
    from txojobs.rest.query import EntityQuery

REFUSED = (HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_IMPLEMENTED)
"""How services answer an option that they do not know, or not here."""
_TOO_MUCH = (
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.GATEWAY_TIMEOUT,
)
"""What a service answers when a page is more than it can give."""
_USUAL_PAGE = 1000
_POSITION = re.compile(r"[?&]\$skip=|[?&]\$skiptoken=[0-9]+(&|$)", re.IGNORECASE)


class PageWalk:
    """The pages of one read, by one thread. `deadline` is a moment on the monotonic clock.

    `by_key` reads in the order of the key, asking for the records behind the last one, as long as the service can and
    the key is no text. With `parallel`, so many pages are asked for at once where the service's links tell positions.
    `overlapping` asks for each page by position from the last record before it on, which must come again: then
    nothing has moved in between.
    """

    def __init__(
        self,
        client: TxoRestAPI,
        query: EntityQuery,
        *,
        by_key: bool = False,
        parallel: int = 1,
        overlapping: bool = False,
        deadline: float | None,
        stop: threading.Event,
    ) -> None:
        self._client = client
        self._contiguity = Contiguity(query, overlapping=overlapping and parallel == 1)
        self.query = query
        self.by_key = by_key and parallel == 1 and is_in_key_order(query)
        self._ahead = LookAhead(self._request, parallel=parallel, stop=stop) if parallel > 1 else None
        self._deadline = deadline
        self._stop = stop
        self._guard = WalkGuard(query.entity)
        self._seam = Seam(query.entity, query.key)
        self._nested = Nested(query, self._ask, overlapping=overlapping)
        self._address = ""
        self._rows = 0
        self.requests = 0
        self.pages = 0
        self.positional = False
        """Whether a link told a position, which shifts when records change."""
        self.text_key = False
        """Whether the key is text, of which a service may have one order for sorting and another for comparing."""
        self.count: int | None = None
        """How many records the service said there are, with the first page."""
        self.at_least = False
        """Whether there may be more than `count`, which the service counts no further than."""
        self.count_note: str | None = None
        """Why there is nothing to compare, when there is not."""
        self.ended_by: str | None = None
        """Why there was no further page."""

    @property
    def links(self) -> str:
        """How the service pages: one page, by key (our own way), positional or opaque."""
        if self.pages <= 1:
            return "one page"
        return "by key" if self.by_key else "positional" if self.positional else "opaque"

    def records(self) -> Iterator[list[Record]]:
        """Yield the records of each page, clean and whole, and not more than the limit; none is empty.

        Raises:
            ApiError: a page failed after all attempts; earlier ones were already yielded.
        """
        try:
            yield from self._records(self._begin())
        finally:
            if self._ahead is not None:
                self._ahead.close()

    def _records(self, page: Page | None) -> Iterator[list[Record]]:
        while page is not None:
            if not self.by_key:  # then no link tells a position
                self._seam.crossed(page.records, page.session, partial(self._once_more, self._address))
            if self.query.limit is not None:
                del page.records[self.query.limit - self._rows :]
            records = self._complete(page)
            self._rows += len(records)
            if records:
                self.by_key = self._contiguity.comes(records, by_key=self.by_key)
                yield records
            self._guard.brought(
                records, how_to_fix="narrow the filter, or report it to the provider of the service"
            )
            page = None if self._rows == self.query.limit else self._next(page, records)

    def _begin(self) -> Page:
        page, refused = self._first()
        query = self.query
        self.count = page.total
        if not query.asks_for_count:
            self.count_note = "not asked: limit" if query.count else "not asked: switched off"
        elif self.count is None:
            self.count_note = refused or "the service does not tell its count"
        elif query.counts_up_to is not None and self.count >= query.counts_up_to:
            self.at_least = True
            self.count_note = f"the service counts up to {query.counts_up_to:,} only"
        self.by_key = self.by_key and query.whole_order == query.key
        return page

    @property
    def empty_dates(self) -> int:
        """How many texts stood for no date and became null."""
        return self._nested.empty_dates

    @property
    def counted_apart(self) -> int | None:
        """None: what a service counts are its records."""
        return None

    def _next(self, page: Page, records: list[Record]) -> Page | None:
        if page.next_link is None:
            self.ended_by = "no next link"
            return None
        self.text_key = self.text_key or bool(records and has_text_key(self.query, records[-1]))
        self.by_key = self.by_key and not self.text_key
        if self.by_key and records:
            address = behind(self.query, records[-1])
            try:
                later = None if address is None else self._ask(address)
                if later is not None and self._contiguity.is_behind(later.records):
                    return later
            except ApiError as err:
                if err.status not in REFUSED:
                    raise
            self.by_key = (
                False  # a key that cannot be compared, or a service that does not or acts as if it did
            )
        return self._follow(page.next_link)

    def _first(self) -> tuple[Page, str | None]:
        """Return the first page, and why nothing is counted when the service refuses to.

        A query that is refused is asked again without what only we have added: the count, then the order of the key.
        """
        query, note = self.query, None
        try:
            return self._ask(query.url(with_count=query.asks_for_count)), note
        except ApiError as err:
            if isinstance(err, EntityNotFoundError):
                say_what_there_is(err, self._client, query.entity, deadline=self._deadline)
            if err.status not in REFUSED or not (query.asks_for_count or query.adds_to_order):
                raise
            refused = err
        if query.asks_for_count:
            try:
                return self._ask(query.url(with_count=False)), _refuses_to_count(refused)
            except ApiError as err:
                if err.status not in REFUSED or not query.adds_to_order:
                    raise
        self.query = query = replace(query, adds_to_order=())
        try:
            return self._ask(query.url(with_count=query.asks_for_count)), None
        except ApiError as err:
            if err.status not in REFUSED or not query.asks_for_count:
                raise
        return self._ask(query.url(with_count=False)), _refuses_to_count(refused)

    def _follow(self, link: str) -> Page:
        """Return the page behind a link.

        Raises:
            IncompleteReadError: the service has forgotten the link; a new read may help.
        """
        self.positional = self.positional or _POSITION.search(unquote(link)) is not None
        if (page := self._contiguity.overlapped(link, self._ask)) is not None:
            return page
        if self._ahead is not None:
            ends = [
                end for end in (None if self.at_least else self.count, self.query.limit) if end is not None
            ]
            before = self._ahead.requests
            self._ahead.foresee(link, rows=self._rows, end=min(ends, default=None))
            self.requests += self._ahead.requests - before
        try:
            return self._ask(link)
        except ApiError as err:
            again = forgotten(
                err,
                how_to_fix="run again, or ask for less at a time: fewer fields in select, a narrower filter",
            )
            if again is err:
                raise
            raise again from err

    def _ask(self, url: str, *, name: str = "") -> Page:
        """Return the page at an address; one that was asked before is an error."""
        name = name or f"page {self.pages + 1} of {self.query.entity}"
        self._guard.asks(url, page=name)
        self._address = url
        try:
            page = None if self._ahead is None else self._ahead.take(url)
            if page is None:
                self.requests += 1
                page = self._request(url, self._stop)
        except ApiError as err:
            err.what_went_wrong += f" ({name})"
            if err.status in _TOO_MUCH:
                err.example = err.example or f"page-size: {self._half_of_a_page()}    # below fetch"
            raise
        return page

    def _once_more(self, url: str) -> list[Record]:
        """Return what stands on a page by now."""
        self.requests += 1
        try:
            return self._request(url, self._stop).records
        except ApiError as err:
            raise forgotten(err, how_to_fix="run again") from err

    def _request(self, url: str, cancel: threading.Event) -> Page:
        read = self.query.dialect.read_page
        return self._client.fetch(
            "GET",
            url,
            parse=lambda answer: read(answer)._replace(session=answer.session),
            headers=self.query.request_headers(),
            deadline=self._deadline,
            cancel=cancel,
        )

    def _half_of_a_page(self) -> int:
        """Return how many records to ask for where a page was too much for the service."""
        held = self._rows // self.pages if self.pages else 0
        return max((self.query.page_size or held or _USUAL_PAGE) // 2, 1)

    def _complete(self, page: Page) -> list[Record]:
        """Return the records of a page of the set, clean and whole; a page that came before is an error."""
        self.pages += 1
        records = page.records
        self._nested.finish(records, page.base)
        # with all fields, the key among them, no two pages can begin with the same record
        all_fields = not self.query.select and "$apply" not in self.query.extra
        if records and all_fields:
            self._guard.begins(encode(records[0]), page=self.pages)
        return records

    def first_by(self, order: str) -> Record | None:
        """Return the first record in an order, plain, None when there is none."""
        page = self._request(self.query.address(order_by=(order,), top=1), self._stop)
        self._nested.finish(page.records, page.base)
        return next(iter(page.records), None)

    def count_now(self) -> int | None:
        """Return how many records the service says there are by now, None when it says nothing."""
        self.requests += 1
        try:
            return self._request(self.query.address(with_count=True, top=0, order_by=()), self._stop).total
        except ApiError as err:
            if err.status not in REFUSED:
                raise
            return None


def _refuses_to_count(err: ApiError) -> str:
    return f"the service refuses to count ({err.status})"
