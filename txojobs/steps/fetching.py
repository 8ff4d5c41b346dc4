"""What a fetch reads: an entity set, in one or several companies, or a REST collection."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from txojobs.context import RunContext
from txojobs.errors import StepError
from txojobs.records import Batch
from txojobs.steps.as_described import AsDescribed, described_for
from txojobs.steps.changed_since import ChangedSince
from txojobs.steps.companies import read_in_companies
from txojobs.steps.odata_options import COMPANY_FIELDS
from txojobs.steps.partitioned import read_partitions
from txojobs.steps.reading import read_collection, read_entities
from txojobs.steps.selected import held_to

if TYPE_CHECKING:
    from txojobs.steps.fetch import Fetch


def pages_of(ctx: RunContext, step: "Fetch") -> Iterator[Batch]:
    """Return the pages of a fetch, held to the fields that it selects."""
    client = ctx.rest()
    if step.url is not None:
        return read_collection(ctx, client, step)
    odata, name = client.settings.odata, step.entity.text if step.entity is not None else ""
    described = described_for(ctx, name, odata=odata)
    query = step.request(ctx.limit, odata=odata, described=described)
    changed = ChangedSince(step, ctx, odata=odata) if step.incremental is not None else None
    if changed is not None:
        ctx, query = changed.hearing(ctx), changed.asked(query)
    if step.companies == ():
        raise StepError(
            "companies names no company, and the entity is not to be read outside of any",
            how_to_fix="name one, or write `companies: all`; leave it out where the entity is in no company",
        )
    if step.companies:
        pages = read_in_companies(step, ctx, client, query)
    elif step.partition is not None and query.limit is None:  # some records need no ranges
        pages = read_partitions(step, ctx, client, query)
    else:
        pages = read_entities(step, ctx, client, query)
    if step.apply:
        return pages
    if described is not None:
        told = AsDescribed(described, name=name, tell=ctx.warn)
        pages = told.typed(
            pages, all_fields=not (step.select or step.labels), ours=COMPANY_FIELDS if step.companies else ()
        )
    held = held_to(
        step.select, pages, expand=step.expand, columns=step.outgoing(None), optional=step.optional
    )
    return held if changed is None else changed.watched(held, client, query)
