"""What a fetch reads: an entity set, in one or several companies, or a REST collection."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from txojobs.context import RunContext
from txojobs.records import Batch
from txojobs.steps.companies import read_fetch
from txojobs.steps.reading import read_collection
from txojobs.steps.selected import held_to

if TYPE_CHECKING:
    from txojobs.steps.fetch import Fetch


def pages_of(ctx: RunContext, step: "Fetch") -> Iterator[Batch]:
    """Return the pages of a fetch, held to the fields that it selects."""
    client = ctx.rest()
    if step.url is not None:
        return read_collection(ctx, client, step)
    pages = read_fetch(step, ctx, client, step.request(ctx.limit, odata=client.settings.odata))
    if step.apply:
        return pages
    return held_to(step.select, pages, columns=step.outgoing(None), optional=step.optional)
