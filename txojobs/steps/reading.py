"""Pull the pages of a collection for a step: the next one is on its way while this one is worked on."""

from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from txojobs.context import RunContext
from txojobs.parallel import prefetch
from txojobs.records import Batch
from txojobs.rest.odata import ODataReader
from txojobs.rest.reader import CompleteReader
from txojobs.rest.urls import below

if TYPE_CHECKING:
    from txojobs.rest.key_watch import OnDuplicate
    from txojobs.rest.query import EntityQuery
    from txojobs.steps.fetch import Fetch


def request_of(step: "Fetch", ctx: RunContext, client: Any, query: "EntityQuery") -> str:
    """Return the first request in words: of a dry run, that of the run that it tries."""
    counted = query.count and step.limit is None and ctx.reads_all
    return f"GET {unquote(below(client.settings.base_url, query.url(with_count=counted)))}"


def reader_of(step: "Fetch", ctx: RunContext, client: Any, query: "EntityQuery") -> ODataReader:
    """Return the reader of a query, as the fetch wants it read."""
    return ODataReader(
        client,
        query,
        complete=step.complete,
        on_duplicate=step.on_duplicate,
        parallel=step.parallel,
        deadline=ctx.deadline(),
    )


def read_entities(step: "Fetch", ctx: RunContext, client: Any, query: "EntityQuery") -> Iterator[Batch]:
    """Yield the records, page by page; what is proven of them goes into the report behind the last one.

    To keep the last of several records with one key, all of them go to disk first.
    """
    ctx.note("request", request_of(step, ctx, client, query))
    reader = reader_of(step, ctx, client, query)
    yield from different(ctx, reader, on_duplicate=step.on_duplicate)
    ctx.note("fetched", reader.proof.as_json())
    if reader.empty_dates:
        ctx.note("empty-dates", reader.empty_dates)


def read_collection(ctx: RunContext, client: Any, step: "Fetch") -> Iterator[Batch]:
    """Yield the records of a REST collection in the same way."""
    from txojobs.rest.collection_reader import CollectionReader  # noqa: PLC0415  # a job of entity sets does not need it

    query = step.request(ctx.limit)
    ctx.note("request", f"{query.method} {unquote(below(client.settings.base_url, query.first().address))}")
    reader = CollectionReader(
        client, query, complete=step.complete, on_duplicate=step.on_duplicate, deadline=ctx.deadline()
    )
    yield from different(ctx, reader, on_duplicate=step.on_duplicate)
    ctx.note("fetched", reader.proof.as_json())


def different(ctx: RunContext, reader: CompleteReader, *, on_duplicate: "OnDuplicate") -> Iterator[Batch]:
    """Yield the pages of a reader without the records that a later one replaces."""
    pages = _told(ctx, reader)
    if on_duplicate == "keep-last":
        with closing(ctx.spool()) as spool:
            for page in pages:
                spool.write(page)
            yield from _without(spool.read(), reader.superseded)
    else:
        yield from pages


def _told(ctx: RunContext, reader: CompleteReader) -> Iterator[Batch]:
    """Yield the pages, and tell how many records are expected with the first."""
    told = False
    for page in prefetch(reader.pages(), cancel=ctx.cancel, on_abandon=reader.stop):
        if not told:
            ctx.progress(reader.count)
            told = True
        yield page


def _without(pages: Iterator[Batch], positions: set[int]) -> Iterator[Batch]:
    """Yield the pages without the records at some positions, counted from 0 over all of them."""
    first = 0
    for page in pages:
        kept = [record for position, record in enumerate(page, first) if position not in positions]
        first += len(page)
        if kept:
            yield kept
