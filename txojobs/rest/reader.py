"""Read all pages of a walk, and prove that no record is missing and none came twice.

Shared by every kind of collection. What came is compared with the service's count, a key that comes twice is found,
and with `complete: verify` the keys are read a second time where nothing else proves them. Holds one page, and one
entry for each record when a key is declared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from txojobs.errors import ApiOperationError
from txojobs.rest.completeness import Proof, incomplete, no_count
from txojobs.rest.key_watch import KeyWatch, SecondReading

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator

    from txojobs.records import Record
    from txojobs.rest.completeness import Complete, Wording
    from txojobs.rest.key_watch import OnDuplicate


class Walk(Protocol):
    """The pages of one read.

    `count` is what the service said of the number of records, `at_least` whether there may be more than that,
    `count_note` why it is not compared.
    """

    count: int | None
    at_least: bool
    count_note: str | None
    pages: int
    requests: int
    ended_by: str | None

    @property
    def links(self) -> str:
        """How the service pages, in a word or two."""
        ...

    @property
    def by_key(self) -> bool:
        """Whether each page was asked for by the key of the last record."""
        ...

    @property
    def counted_apart(self) -> int | None:
        """How much came of what the service counts, where that is not its records."""
        ...

    def records(self) -> Iterator[list[Record]]:
        """Yield the records of each page; none is empty."""
        ...

    def count_now(self) -> int | None:
        """Return how many records the service says there are by now."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """What is wanted of a read: `name` is what is read, `limit` the most records, None for all."""

    name: str
    key: tuple[str, ...]
    limit: int | None
    complete: Complete
    on_duplicate: OnDuplicate


class CompleteReader:
    """One read of one collection, by one thread; `stop` may be called from another."""

    wording: Wording

    def __init__(self, walk: Walk, aim: Aim, stop: threading.Event) -> None:
        self._walk = walk
        self._aim = aim
        self._stop = stop
        self._keys = KeyWatch(aim.key, entity=aim.name, on_duplicate=aim.on_duplicate) if aim.key else None
        self._rows = 0
        self._proof: Proof | None = None

    @property
    def count(self) -> int | None:
        """How many records the service says there are; None before the first page or when it does not say."""
        return None if self._walk.at_least else self._walk.count

    @property
    def proof(self) -> Proof:
        """What is known about completeness, once all pages were read.

        Raises:
            ApiOperationError: they were not, so nothing is proven.
        """
        if self._proof is None:
            raise ApiOperationError(f"{self._aim.name} was not read to its end, so nothing is proven")
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
        aim = self._aim
        if aim.complete == "count" and self._walk.count_note is not None and aim.limit is None:
            raise no_count(aim.name, self._walk.count_note, self.wording)

    def _prove(self) -> Proof:
        walk, keys, aim = self._walk, self._keys, self._aim
        self._refuse_uncounted()
        replaced = keys.doubled if keys is not None and (keys.refuses or self.superseded) else 0
        rows = self._rows - replaced
        different = rows if walk.counted_apart is None else walk.counted_apart
        count = self._count_for(different)
        # a service that passes over the order, and not over `gt`, loses records that only another witness knows of
        proven_by_key = walk.by_key and count is not None and count == different
        second = self._second_reading() if aim.complete == "verify" and not proven_by_key else None
        error = incomplete(
            aim.name,
            different=different,
            count=count,
            keys=keys,
            second=second,
            complete=aim.complete,
            wording=self.wording,
        )
        if error is not None:
            raise error
        verified = aim.complete == "verify" and aim.limit is None
        return Proof(
            rows=rows,
            pages=walk.pages,
            requests=walk.requests,
            count=walk.count if count is None else count,
            count_note=walk.count_note,
            counted_by=self.wording.count,
            key=aim.key,
            duplicates=keys.doubled if keys is not None else 0,
            links=walk.links,
            ended_by=walk.ended_by,
            second_reading=second is not None,
            strength="verified" if verified else "unproven" if count is None else "counted",
        )

    def _count_for(self, different: int) -> int | None:
        """Return the count that what came is compared with; None where there is nothing to compare."""
        walk = self._walk
        compared = walk.count_note is None or (walk.at_least and different < (walk.count or 0))
        count = walk.count if compared else None
        if count is None or count == different:
            return count
        at_the_end = walk.count_now()  # records may have come or gone meanwhile
        return count if at_the_end is None else at_the_end

    def _second_reading(self) -> SecondReading | None:
        """Read the keys once more and compare them; None when the first reading was one answer."""
        if self._keys is None or self._aim.limit is not None or self._walk.pages <= 1:
            return None
        found = SecondReading(self._keys)
        walk = self._second_walk()
        for records in walk.records():
            found.check(records)
        self._walk.requests += walk.requests
        return found

    def _second_walk(self) -> Walk:
        """Return a new walk over the same records, which must hold their keys."""
        raise NotImplementedError
