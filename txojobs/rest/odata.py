"""Read all records of an OData entity set, page by page, and prove that none is missing.

Guarantees: the next link is followed as it came until there is none, however short or empty a page is; what came
is compared with the service's count; a key that comes twice is found. With `complete: verify` the records are read
in the order of their key and the count must agree, or their keys are read a second time, in another way where there
is one, so that no change meanwhile goes unnoticed. Holds one page, and one entry for each record when a key is
declared.

Source: OData 4.01 Part 1 sections 11.2.6.5 (count) and 11.2.6.7 (server-driven paging).
"""

from __future__ import annotations

import threading
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from txojobs.errors import ApiError
from txojobs.rest.completeness import ODATA
from txojobs.rest.reader import Aim, CompleteReader
from txojobs.rest.walk import REFUSED, PageWalk

if TYPE_CHECKING:
    from txojobs.records import JsonValue
    from txojobs.rest.client import TxoRestAPI
    from txojobs.rest.completeness import Complete
    from txojobs.rest.key_watch import OnDuplicate
    from txojobs.rest.query import EntityQuery


class ODataReader(CompleteReader):
    """One read of one entity set, by one thread; `stop` may be called from another.

    `deadline` is a moment on the monotonic clock. Up to `parallel` pages are asked for at once, where the service's
    links tell positions and its configuration allows it.
    """

    wording = ODATA
    _walk: PageWalk

    def __init__(
        self,
        client: TxoRestAPI,
        query: EntityQuery,
        *,
        complete: Complete = "auto",
        on_duplicate: OnDuplicate = "fail",
        parallel: int = 1,
        deadline: float | None = None,
    ) -> None:
        stop = threading.Event()
        self._query = query = query.as_configured(client.settings.reading)
        parallel = min(parallel, client.settings.reading.max_parallel or parallel)
        verify = complete == "verify"
        self._new_walk = partial(
            PageWalk,
            client,
            by_key=verify,
            parallel=parallel,
            overlapping=verify,
            deadline=deadline,
            stop=stop,
        )
        aim = Aim(
            name=query.entity, key=query.key, limit=query.limit, complete=complete, on_duplicate=on_duplicate
        )
        super().__init__(self._new_walk(query), aim, stop)

    @property
    def empty_dates(self) -> int:
        """How many texts stood for no date and became null."""
        return self._walk.empty_dates

    def _second_walk(self) -> PageWalk:
        """Return a walk over the keys alone, in their own order."""
        query = self._query
        keys_only = replace(
            query, select=query.key, expand={}, order_by=query.key, adds_to_order=(), count=False
        )
        by_key = not (self._walk.text_key or self._walk.by_key)
        return self._new_walk(keys_only, by_key=by_key, parallel=1)


def largest_of(
    client: TxoRestAPI, query: EntityQuery, by: str, *, deadline: float | None
) -> tuple[JsonValue, bool]:
    """Return the largest value of a field by the service's own order, and whether it could be asked for it.

    Raises:
        ApiError: it cannot be reached, or not read.
    """
    query = replace(
        query.as_configured(client.settings.reading), select=(), expand={}, key=(), adds_to_order=()
    )
    walk = PageWalk(client, query, deadline=deadline, stop=threading.Event())
    try:
        found = walk.first_by(f"{by} desc")
    except ApiError as err:
        if err.status not in REFUSED:
            raise
        return None, False
    return (None if found is None else found.get(by)), True


def count_of(
    client: TxoRestAPI, query: EntityQuery, *, deadline: float | None
) -> tuple[int | None, str | None]:
    """Return how many records a service says there are, or None and why that tells nothing."""
    query = query.as_configured(client.settings.reading)
    count = PageWalk(client, query, deadline=deadline, stop=threading.Event()).count_now()
    if count is None:
        return None, "the service does not tell its count"
    if query.counts_up_to is not None and count >= query.counts_up_to:
        return None, f"the service counts up to {query.counts_up_to:,} only"
    return count, None
