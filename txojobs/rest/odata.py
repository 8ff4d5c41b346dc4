"""Read all records of an OData entity set, page by page, and prove that none is missing.

Guarantees: the next link is followed as it came until there is none, however short or empty a page is; what came
is compared with the service's count; a key that comes twice is found. With `complete: verify` the records are read
in the order of their key, or their keys a second time, so that no change meanwhile goes unnoticed. (An order of text
proves it only with the count that the service tells.) Holds one page, and one entry for each record when a key is
declared.

Source: OData 4.01 Part 1 sections 11.2.6.5 (count) and 11.2.6.7 (server-driven paging).
"""

from __future__ import annotations

import threading
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from txojobs.errors import ApiOperationError
from txojobs.rest.completeness import KeyWatch, Proof, SecondReading, incomplete, no_count
from txojobs.rest.walk import PageWalk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from txojobs.records import Record
    from txojobs.rest.client import TxoRestAPI
    from txojobs.rest.completeness import Complete, OnDuplicate
    from txojobs.rest.query import EntityQuery


class ODataReader:
    """One read of one entity set, by one thread; `stop` may be called from another.

    `deadline` is a moment on the monotonic clock.
    """

    def __init__(
        self,
        client: TxoRestAPI,
        query: EntityQuery,
        *,
        complete: Complete = "auto",
        on_duplicate: OnDuplicate = "fail",
        deadline: float | None = None,
    ) -> None:
        self._query = query
        self._complete: Complete = complete
        self._stop = threading.Event()
        self._new_walk = partial(
            PageWalk, client, by_key=complete == "verify", deadline=deadline, stop=self._stop
        )
        self._walk = self._new_walk(query)
        self._keys = (
            KeyWatch(query.key, entity=query.entity, on_duplicate=on_duplicate) if query.key else None
        )
        self._rows = 0
        self._proof: Proof | None = None

    @property
    def count(self) -> int | None:
        """How many records the service says there are; None before the first page or when it does not say."""
        return self._walk.count

    @property
    def proof(self) -> Proof:
        """What is known about completeness, once all pages were read.

        Raises:
            ApiOperationError: they were not, so nothing is proven.
        """
        if self._proof is None:
            raise ApiOperationError(f"{self._query.entity} was not read to its end, so nothing is proven")
        return self._proof

    @property
    def superseded(self) -> set[int]:
        """The positions, from 0, of records that a later one with the same key replaces (`keep-last`)."""
        return self._keys.superseded if self._keys is not None else set()

    def stop(self) -> None:
        """End every wait of this read soon, with RunCancelledError; for a reader nobody listens to."""
        self._stop.set()

    def pages(self) -> Iterator[list[Record]]:
        """Yield the records page by page, in the service's order; a page is never empty.

        Raises:
            IncompleteReadError: at the end, when completeness is disproved.
            ApiError: a page failed after all attempts. Earlier pages were already yielded.
        """
        for records in self._walk.records():
            self._refuse_uncounted()
            kept = self._keys.check(records) if self._keys is not None else records
            self._rows += len(kept)
            if kept:
                yield kept
        self._proof = self._prove()

    def _refuse_uncounted(self) -> None:
        if self._complete == "count" and self._walk.count_note is not None and self._query.limit is None:
            raise no_count(self._query.entity, self._walk.count_note)

    def _prove(self) -> Proof:
        walk, keys = self._walk, self._keys
        self._refuse_uncounted()
        count = walk.count if walk.count_note is None else None
        replaced = keys.doubled if keys is not None and (keys.refuses or self.superseded) else 0
        different = self._rows - replaced
        if count is not None and count != different:
            at_the_end = walk.count_now()  # records may have come or gone meanwhile
            count = count if at_the_end is None else at_the_end
        # in the order of text, records may have been skipped that the service sorts elsewhere than it compares them
        proven_by_key = walk.by_key and (count == different or not walk.text_key)
        second = self._second_reading() if self._complete == "verify" and not proven_by_key else None
        error = incomplete(
            self._query.entity,
            different=different,
            count=count,
            keys=keys,
            second=second,
            by_text=walk.by_key and walk.text_key,
        )
        if error is not None:
            raise error
        verified = self._complete == "verify" and self._query.limit is None
        return Proof(
            rows=different,
            pages=walk.pages,
            requests=walk.requests,
            count=walk.count if count is None else count,
            count_note=walk.count_note,
            key=self._query.key,
            duplicates=keys.doubled if keys is not None else 0,
            links=walk.links,
            second_reading=second is not None,
            strength="verified" if verified else "unproven" if count is None else "counted",
        )

    def _second_reading(self) -> SecondReading | None:
        """Read the keys alone, in their own order, and compare them; None when the first reading was one answer."""
        query = self._query
        if self._keys is None or query.limit is not None or self._walk.pages <= 1:
            return None
        found = SecondReading(self._keys)
        keys_only = replace(
            query, select=query.key, expand={}, order_by=query.key, adds_to_order=(), count=False
        )
        walk = self._new_walk(keys_only, by_key=not self._walk.text_key)
        for records in walk.records():
            found.check(records)
        self._walk.requests += walk.requests
        return found
