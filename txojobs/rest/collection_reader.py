"""Read a whole REST collection, and prove what can be proven of it."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING

from txojobs.rest.collection import CollectionWalk
from txojobs.rest.collection_words import REST
from txojobs.rest.reader import Aim, CompleteReader

if TYPE_CHECKING:
    from txojobs.rest.client import TxoRestAPI
    from txojobs.rest.collection_query import CollectionQuery
    from txojobs.rest.completeness import Complete
    from txojobs.rest.key_watch import OnDuplicate


class CollectionReader(CompleteReader):
    """One read of one collection, by one thread; `stop` may be called from another.

    `deadline` is a moment on the monotonic clock.
    """

    wording = REST

    def __init__(
        self,
        client: TxoRestAPI,
        query: CollectionQuery,
        *,
        complete: Complete = "auto",
        on_duplicate: OnDuplicate = "fail",
        deadline: float | None = None,
    ) -> None:
        stop = threading.Event()
        self._new_walk = partial(
            CollectionWalk, client, query, thorough=complete == "verify", deadline=deadline, stop=stop
        )
        aim = Aim(
            name=query.name, key=query.key, limit=query.limit, complete=complete, on_duplicate=on_duplicate
        )
        super().__init__(self._new_walk(), aim, stop)

    def _second_walk(self) -> CollectionWalk:
        """Return a walk over the same collection."""
        return self._new_walk()
