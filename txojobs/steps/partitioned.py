"""Read an entity set in ranges of a field, several at once; the records come range after range.

Each range goes to disk as it comes and is passed on in its turn. What all of them brought is compared with the count
of the whole, and keys are watched over all of them: a record whose field changes moves from one range to another.
"""

import contextvars
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from txojobs.context import RunContext
from txojobs.errors import StepError
from txojobs.records import Batch
from txojobs.rest.awaiting import outcome
from txojobs.rest.companies import joined
from txojobs.rest.completeness import ODATA, incomplete, no_count
from txojobs.rest.key_watch import KeyWatch
from txojobs.rest.odata import count_of
from txojobs.rest.ranges import bound_of, bounds_between, ranges
from txojobs.steps.reading import reader_of, request_of

if TYPE_CHECKING:
    from txojobs.rest.completeness import Proof, Strength
    from txojobs.rest.odata import ODataReader
    from txojobs.rest.query import EntityQuery
    from txojobs.state.spool import Spool
    from txojobs.steps.fetch import Fetch


def read_partitions(step: "Fetch", ctx: RunContext, client: Any, query: "EntityQuery") -> Iterator[Batch]:
    """Yield the records of each range, in the order of the ranges.

    Raises:
        IncompleteReadError: the ranges together are not what the service counts, or a key came twice.
    """
    parts = _cut(step, ctx, client, query)
    ctx.note("request", request_of(step, ctx, client, parts[0]))
    before, note = count_of(client, query, deadline=ctx.deadline()) if query.asks_for_count else (None, _OFF)
    _demand_a_proof(step, query, before, note)
    ctx.progress(before)
    watch = KeyWatch(query.key, entity=query.entity, on_duplicate=step.on_duplicate) if query.key else None
    reading = _Reading(step, ctx, client, parts)
    rows = 0
    for page in reading.pages():
        kept = watch.check(page) if watch is not None else page
        rows += len(kept)
        if kept:
            yield kept
    different = rows - (watch.doubled if watch is not None and watch.refuses else 0)
    count = before
    if before is not None and before != different:
        count, _ = count_of(client, query, deadline=ctx.deadline())
        count = before if count is None else count
    error = incomplete(
        query.entity, different=different, count=count, keys=watch, second=None, complete=step.complete
    )
    if error is not None:
        raise error
    proof = replace(joined(reading.proofs, failed=0), rows=different, count=count, count_note=note)
    strength: Strength = (
        "verified" if step.complete == "verify" else "unproven" if count is None else "counted"
    )
    doubled = 0 if watch is None else watch.doubled
    links = f"{len(parts)} ranges"
    proof = replace(proof, key=query.key, duplicates=doubled, links=links, strength=strength)
    ctx.note("fetched", proof.as_json())
    if reading.empty_dates:
        ctx.note("empty-dates", reading.empty_dates)


def _demand_a_proof(step: "Fetch", query: "EntityQuery", count: int | None, note: str | None) -> None:
    if step.complete == "count" and count is None:
        raise no_count(query.entity, note, ODATA)
    if count is None and not query.key:
        raise StepError(
            f"partition of {query.entity} needs a key or a count: {note}, and without both nobody would notice that "
            "the ranges overlap or leave something out",
            how_to_fix="add key: [...], or leave out partition",
        )


_OFF = "not asked: switched off"


def _cut(step: "Fetch", ctx: RunContext, client: Any, query: "EntityQuery") -> "list[EntityQuery]":
    wanted = step.partition
    assert wanted is not None  # noqa: S101  # whoever calls has looked
    if wanted.at:
        bounds = [bound_of(query, wanted.by, each) for each in wanted.at]
    else:
        assert wanted.parts is not None  # noqa: S101  # the check of the step sees to it
        bounds = bounds_between(client, query, wanted.by, parts=wanted.parts, deadline=ctx.deadline())
    return ranges(query, wanted.by, bounds)


class _Reading:
    """The ranges on their way: some being read, some on disk, one passed on."""

    def __init__(self, step: "Fetch", ctx: RunContext, client: Any, parts: "list[EntityQuery]") -> None:
        self._ctx = ctx
        # the key is watched over all ranges; a single one needs it only to read in its order
        keyed = step.complete == "verify"
        queries = parts if keyed else [replace(part, key=()) for part in parts]
        one_by_one = replace(step, parallel=1)
        self._readers = [reader_of(one_by_one, ctx, client, query) for query in queries]
        most = client.settings.reading.max_parallel or step.parallel
        self._at_once = min(step.parallel, most)
        self.proofs: list[Proof] = []

    @property
    def empty_dates(self) -> int:
        """How many texts stood for no date and became null."""
        return sum(reader.empty_dates for reader in self._readers)

    def pages(self) -> Iterator[Batch]:
        """Yield the pages of each range, range after range."""
        with ExitStack() as stack:
            pool = ThreadPoolExecutor(self._at_once, thread_name_prefix="ranges")
            stack.callback(pool.shutdown, cancel_futures=True)
            for reader in self._readers:
                stack.callback(reader.stop)
            coming: list[tuple[Future[None], Spool]] = []
            for reader in self._readers:
                spool = stack.enter_context(self._ctx.spool())
                context = contextvars.copy_context()  # what is logged belongs to the log of this run
                coming.append((pool.submit(context.run, _put_aside, reader, spool), spool))
            for reader, (future, spool) in zip(self._readers, coming, strict=True):
                outcome(future, self._ctx.cancel)
                self.proofs.append(reader.proof)
                yield from spool.read()
                spool.close()


def _put_aside(reader: "ODataReader", spool: "Spool") -> None:
    for page in reader.pages():
        spool.write(page)
