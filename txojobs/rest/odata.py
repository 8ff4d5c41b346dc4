"""Read all records of an OData V4 entity set, page by page, and prove that none is missing.

Guarantees: the next link is followed as it came until there is none, however short or empty a page is;
links that repeat end in an error, not in a loop; an expanded collection that goes on elsewhere is read to
its end; a count that does not match and a key that comes twice are errors. Holds one page, and one entry
for each record when a key is declared.

Source: OData 4.01 Part 1 sections 11.2.6.5 (count) and 11.2.6.7 (server-driven paging).
"""

from __future__ import annotations

import threading
from hashlib import blake2b
from http import HTTPStatus
from typing import TYPE_CHECKING

from txojobs.errors import ApiError, ApiOperationError, EntityNotFoundError
from txojobs.rest.completeness import KeyWatch, Proof, count_mismatch
from txojobs.rest.origin import resolved, shown
from txojobs.rest.pages import read_page, tidy
from txojobs.rest.service_document import say_what_there_is

if TYPE_CHECKING:
    from collections.abc import Iterator

    from txojobs.records import Record
    from txojobs.rest.client import TxoRestAPI
    from txojobs.rest.pages import Continuation, Page
    from txojobs.rest.query import EntityQuery

MAX_EMPTY_PAGES = 100
_LINK_EXPIRED = (HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.GONE)
_NO_COUNT = (HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_IMPLEMENTED)


class ODataReader:
    """One read of one entity set, by one thread; `stop` may be called from another.

    `deadline` is a moment on the monotonic clock.
    """

    def __init__(self, client: TxoRestAPI, query: EntityQuery, *, deadline: float | None = None) -> None:
        self._client = client
        self._query = query
        self._deadline = deadline
        self._stop = threading.Event()
        self._links: set[bytes] = set()
        self._keys = KeyWatch(query.key, entity=query.entity) if query.key else None
        self._rows = 0
        self._pages = 0
        self._requests = 0
        self._count: int | None = None
        self._count_note: str | None = None
        self._proof: Proof | None = None

    @property
    def count(self) -> int | None:
        """How many records the service says there are; None before the first page or when it does not say."""
        return self._count

    @property
    def proof(self) -> Proof:
        """What is known about completeness, once all pages were read.

        Raises:
            ApiOperationError: they were not, so nothing is proven.
        """
        if self._proof is None:
            raise ApiOperationError(f"{self._query.entity} was not read to its end, so nothing is proven")
        return self._proof

    def stop(self) -> None:
        """End every wait of this read soon, with RunCancelledError; for a reader nobody listens to."""
        self._stop.set()

    def pages(self) -> Iterator[list[Record]]:
        """Yield the records page by page, in the service's order; a page may not be empty.

        Raises:
            ApiError: a page failed after all attempts, or completeness is disproved at the end; earlier
                pages were already yielded.
        """
        page = self._first()
        empty = 0
        while True:
            self._pages += 1
            records = self._finished(page)
            empty = 0 if records else empty + 1
            if records:
                yield records
            if self._rows == self._query.limit or page.next_link is None:
                break
            if empty >= MAX_EMPTY_PAGES:
                raise ApiOperationError(
                    f"{self._query.entity}: {empty} empty pages in a row; the service makes no progress",
                    url=page.next_link,
                    how_to_fix="narrow the filter, or report it to the provider of the service",
                )
            page = self._page(page.next_link)
        self._proof = self._prove()

    def _finished(self, page: Page) -> list[Record]:
        """Return a page's records, whole, clean, checked and not more than the limit."""
        records = page.records
        if self._query.limit is not None:
            records = records[: self._query.limit - self._rows]
        self._complete(records, page.base)
        if self._keys is not None:
            self._keys.check(records, page=self._pages)
        self._rows += len(records)
        return records

    def _complete(self, records: list[Record], base: str) -> None:
        """Clean records, and read their expanded collections to the end."""
        unfinished: list[Continuation] = []
        tidy(records, unfinished, keep=self._query.keep_annotations)
        for owner, field, link in unfinished:
            collected = owner.get(field)
            if not isinstance(collected, list):
                collected = owner[field] = []
            follow: str | None = resolved(base, link)
            while follow is not None:
                page = self._page(follow, name=f"{field} of a record of {self._query.entity}")
                self._complete(page.records, page.base)
                collected.extend(page.records)
                follow = page.next_link

    def _first(self) -> Page:
        query = self._query
        self._count_note = (
            None if query.asks_for_count else "not asked: limit" if query.count else "not asked: switched off"
        )
        try:
            page = self._page(query.url(with_count=query.asks_for_count))
        except ApiError as err:
            if isinstance(err, EntityNotFoundError):
                say_what_there_is(err, self._client, query.entity, deadline=self._deadline)
            if not query.asks_for_count or err.status not in _NO_COUNT:
                raise
            page = self._page(query.url(with_count=False))
            self._count_note = f"the service refuses to count ({err.status})"
        self._count = page.total
        if self._count is None and self._count_note is None:
            self._count_note = "the service does not tell its count"
        return page

    def _page(self, url: str, *, name: str = "") -> Page:
        name = name or f"page {self._pages + 1} of {self._query.entity}"
        mark = blake2b(url.encode("utf-8", errors="surrogatepass"), digest_size=16).digest()
        if mark in self._links:
            raise ApiOperationError(
                f"{name} is one that was already read ({shown(url)}): the links go in a circle",
                url=url,
                how_to_fix="report it to the provider of the service",
            )
        self._links.add(mark)
        self._requests += 1
        try:
            return self._client.fetch(
                "GET",
                url,
                parse=read_page,
                headers=self._query.request_headers(),
                deadline=self._deadline,
                cancel=self._stop,
            )
        except ApiError as err:
            err.what_went_wrong += f" ({name})"
            if self._pages and err.status in _LINK_EXPIRED:
                err.how_to_fix = (
                    "the service may have forgotten the link to this page, as some do after a while: start "
                    "the export again from the beginning, or ask for less at a time"
                )
            raise

    def _prove(self) -> Proof:
        counted = self._count is not None and self._count_note is None
        if counted and self._count is not None and self._rows != self._count:
            raise count_mismatch(self._query.entity, rows=self._rows, count=self._count)
        return Proof(
            rows=self._rows,
            pages=self._pages,
            requests=self._requests,
            count=self._count,
            count_note=self._count_note,
            key_checked=self._keys is not None,
            duplicates=0,
            strength=("verified" if self._keys is not None else "counted") if counted else "unproven",
        )
