"""Read all records of a REST collection, answer by answer, and prove what can be proven of it.

What an answer holds is taken as the job says or refused, never guessed; one that fails is asked for again as a whole;
each way of paging is watched for circles, repetition and standstill, and for an end that its last answer denies.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from txojobs.errors import ApiError, ApiOperationError, IncompleteReadError
from txojobs.exact_json import encode
from txojobs.rest.answer_records import field_watch, read_answer, records_in, refuse_misspelt
from txojobs.rest.collection_overlap import Overlap
from txojobs.rest.collection_words import (
    BEHIND_THE_END,
    EXPIRED,
    FORGETS,
    NO_SUCH_PAGE,
    SAME_AGAIN,
    SAME_CURSOR,
    SMALLEST_PAGE,
)
from txojobs.rest.continuation import SoFar, goes_on
from txojobs.rest.guard import CIRCLE, REPEATS, WalkGuard, forgotten
from txojobs.rest.pages import counted
from txojobs.rest.paging import Asked, End, Got
from txojobs.rest.seam import Seam
from txojobs.rest.urls import below

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator, Mapping

    from txojobs.records import JsonValue, Record
    from txojobs.rest.answers import Answer
    from txojobs.rest.client import TxoRestAPI
    from txojobs.rest.collection_query import CollectionQuery
    from txojobs.rest.paging import Found


_PLAIN = re.compile(r'[\w."@-]+')
"""An expression that is a path, and leaves nothing out."""


class _Page(NamedTuple):
    asked: Asked
    value: JsonValue
    headers: Mapping[str, str]
    url: str
    session: str


class CollectionWalk:
    """The pages of one read, by one thread. `deadline` is a moment on the monotonic clock.

    `thorough` doubts each total that may be of one page alone, and asks for a page by offset from the last record
    before it on, which must come again: then nothing has moved in between.
    """

    by_key = False

    def __init__(
        self,
        client: TxoRestAPI,
        query: CollectionQuery,
        *,
        thorough: bool,
        deadline: float | None,
        stop: threading.Event,
    ) -> None:
        self._thorough = thorough
        self._overlap = Overlap(query, active=thorough)
        self._client = client
        self._query = query
        self._deadline = deadline
        self._stop = stop
        self._guard = WalkGuard(query.name)
        self._watch = None if query.records is None else field_watch(query.records, query.optional)
        self._seam = Seam(query.name, query.key)
        self._rows = 0
        self._came = 0
        self._total: int | None = None
        self.pages = 0
        self.requests = 0
        self.count: int | None = None
        self.at_least = False
        self.count_note: str | None = None
        self.ended_by: str | None = None

    @property
    def links(self) -> str:
        """How the service pages."""
        return "one page" if self.pages <= 1 else self._query.paging.links

    @property
    def counted_apart(self) -> int | None:
        """How much came of what the service counts, where that is not its records."""
        return None if self._query.came is None else self._came

    def records(self) -> Iterator[list[Record]]:
        """Yield the records of each page, and not more than the limit; none is empty.

        Raises:
            ApiError: a page failed after all attempts, or is none; earlier ones were already yielded.
        """
        query = self._query
        asked: Asked | End = query.first()
        while isinstance(asked, Asked):
            page = self._ask(asked)
            if self._watch is not None:
                self._watch.saw_value(page.value)
            records, record = records_in(
                page.value, query.records, optional=query.optional, name=self._page_name
            )
            self._seam.crossed(records, page.session, partial(self._once_more, asked))
            self._overlap.meets(records)
            got = self._take(page, records)
            if query.limit is not None:
                del records[query.limit - self._rows :]
            self._rows += len(records)
            if records:
                yield records
            self._guard.brought(
                records, how_to_fix="correct `paging`, or report it to the provider of the service"
            )
            if self._rows == query.limit:
                return
            asked = self._after(page, got, record)
            if isinstance(asked, End) and asked.behind and self.pages == 1 and self._may_be_cut(got.came):
                self._refuse_more(asked.behind, records)
            asked = self._overlap.sooner(asked, records)
        self.ended_by = asked.reason
        if asked.doubt and self.pages == 1 and self.count_note and query.count:
            self.count_note += f", and {asked.doubt}"
        if self._watch is not None and query.records is not None:
            refuse_misspelt(self._watch, query.records, query.name)

    def _may_be_cut(self, came: int) -> bool:
        """Whether a first page that holds as many records as the total may be cut, and the total its own number."""
        return came >= (1 if self._thorough else min(self._query.page_size or SMALLEST_PAGE, SMALLEST_PAGE))

    def _refuse_more(self, asked: Asked, first: list[Record]) -> None:
        """Ask once behind a first page that holds as many records as the total: that may be the number of the page.

        Raises:
            IncompleteReadError: more came; where the total is right but has grown, a new read has it.
        """
        try:
            page = self._ask(asked, counts=False)
        except ApiError as err:
            if err.status in NO_SUCH_PAGE:
                return
            raise
        try:
            more, _ = records_in(page.value, self._query.records, optional=self._query.optional, name="")
        except ApiOperationError:
            return  # behind the end there may be no list
        if more and more != first:  # some services give their last page again
            raise IncompleteReadError(
                f"{self._query.name}: total says {self._total:,}, as many as came on the first page, and there are "
                "more behind it",
                how_to_fix="let total lead to the number of all records, not to that of one page",
            )

    @property
    def _page_name(self) -> str:
        return f"page {max(self.pages, 1)} of {self._query.name}"

    def _ask(self, asked: Asked, *, counts: bool = True) -> _Page:
        query = self._query
        name = f"page {self.pages + 1} of {query.name}"
        body = None if query.method == "GET" else (asked.body or {})
        address = below(self._client.settings.base_url, asked.address)
        self._guard.asks(
            address,
            body=b"" if body is None else encode(dict(body)),
            page=name,
            how_to_fix=SAME_CURSOR if query.paging.links == "cursor" else CIRCLE,
        )
        try:
            value, answer = self._request(asked)
        except ApiError as err:
            err.what_went_wrong += f" ({name})"
            again = (
                forgotten(err, how_to_fix=EXPIRED) if self.pages and query.paging.links in FORGETS else err
            )
            if again is err:
                if self.pages and err.status in NO_SUCH_PAGE and query.paging.links not in FORGETS:
                    err.how_to_fix = BEHIND_THE_END
                raise
            raise again from err
        self.pages += counts
        return _Page(asked, value, answer.headers, answer.url, answer.session)

    def _request(self, asked: Asked) -> tuple[JsonValue, Answer]:
        query = self._query
        self.requests += 1
        return self._client.fetch(
            query.method,
            below(self._client.settings.base_url, asked.address),
            parse=lambda answer: (read_answer(answer, optional=query.optional), answer),
            headers=query.headers,
            json=None if query.method == "GET" else dict(asked.body or {}),
            repeatable=True,
            deadline=self._deadline,
            cancel=self._stop,
        )

    def _once_more(self, asked: Asked) -> list[Record]:
        """Return what stands on a page by now."""
        try:
            value, _ = self._request(asked)
        except ApiError as err:
            raise forgotten(err, how_to_fix=EXPIRED) from err
        return records_in(value, self._query.records, optional=self._query.optional, name=self._page_name)[0]

    def _take(self, page: _Page, records: list[Record]) -> Got:
        """Note what a page holds and tells; one that came before is an error."""
        query = self._query
        came = len(records)
        if query.came is not None:
            told = counted(query.came.evaluate(page.value))
            if told is None:
                raise ApiOperationError(
                    f"came ({query.came.text}) gives no number on {self._page_name}",
                    how_to_fix="correct the expression, for example length(groups)",
                )
            came = told
        if records:
            mark = encode([len(records), records[0], records[-1]])
            self._guard.begins(
                mark,
                page=self.pages,
                what="holds the same records as",
                how_to_fix=REPEATS if query.paging.links in FORGETS else SAME_AGAIN,
            )
        self._came += came
        got = Got(page.value, page.headers, page.url, came, self._came, self.pages, self._total)
        if query.total is not None:
            told = total_of(query.total, got)
            self._total = self._total if told is None else told
        if self.pages == 1:
            self._begin()
        return got._replace(total=self._total)

    def _begin(self) -> None:
        query = self._query
        self.count = self._total if query.count and query.limit is None else None
        if not query.count:
            self.count_note = "not asked: switched off"
        elif query.limit is not None:
            self.count_note = "not asked: limit"
        elif query.total is None:
            self.count_note = "the job does not say where the service tells its total"
        elif self._total is None:
            self.count_note = f"total ({query.total}) gives no number"

    def _after(self, page: _Page, got: Got, record: JsonValue) -> Asked | End:
        try:
            after = self._query.paging.after(page.asked, got)
            if isinstance(after, Asked) or after.told or not self._query.count:
                return after
            so_far = SoFar(got.so_far, got.pages) if self._takes_all_records() else None
            where = goes_on(got.value, got.headers, got.url, record=record, so_far=so_far)
        except ApiError as err:
            err.what_went_wrong += f" ({self._page_name})"
            raise
        if where is None:
            return after
        raise ApiOperationError(
            f"{self._page_name} would be the last ({after.reason}), but it goes on under {where}, which `paging` "
            "does not read",
            url=got.url,
            how_to_fix="correct `paging`, or let `total` lead to the number of all records, so that none is lost; "
            "when this means something else in this service, write complete: none",
        )

    def _takes_all_records(self) -> bool:
        """Whether a total that the job does not name can be held against what came: `records` leaves none out."""
        records = self._query.records
        return self._query.total is None and (records is None or _PLAIN.fullmatch(records.text) is not None)

    def count_now(self) -> int | None:
        """Return how many records the service said there are with the last page that told it."""
        return self._total


def total_of(place: Found, got: Got) -> int | None:
    """Return the total that an answer tells, None when it tells none; `items 0-24/3573` of Content-Range is 3573."""
    told = place.of(got)
    if isinstance(told, str) and place.header is not None:
        told = told.rpartition("/")[2].strip()
    return counted(told)
