"""What the options of `fetch` ask of a service: conditions, related records, and which options exclude others."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any, Literal

from txojobs.errors import Problem, ValidationError
from txojobs.records import Column, Columns
from txojobs.steps.base import JobView
from txojobs.steps.collection import parameters
from txojobs.steps.collection_check import check_collection, check_side
from txojobs.steps.incremental import check_incremental
from txojobs.steps.paging_options import as_group
from txojobs.steps.partition_options import check_partition
from txojobs.steps.related import by_path, conditions, expansions, twice
from txojobs.steps.selected import named_paths
from txojobs.steps.spec import Doc
from txojobs.suggest import nearest

if TYPE_CHECKING:
    from txojobs.metadata.described import Described
    from txojobs.steps.fetch import Fetch


COMPANY_FIELDS = ("_company", "_company_id")
WantedCompanies = Annotated[
    Literal["all"] | tuple[str, ...] | None,
    Doc(
        "Read the entity in several companies of Business Central, one after the other: `all`, or names or ids. Each "
        "record then tells its `_company` and `_company_id`.",
        example="[CRONUS International Ltd., My Company]",
    ),
]
Parallel = Annotated[
    int,
    Doc(
        "How many pages are asked for at once, where the service's links tell positions, or how many ranges of "
        "`partition`. The records and their order are the same as without.",
        example="4",
    ),
]


OnCompanyError = Annotated[
    Literal["fail", "continue"],
    Doc(
        "What to do when a company cannot be read. continue: go on without it; the report tells the state of each, "
        "and the run ends in part (exit code 3)."
    ),
]


def key_of_fetch(step: "Fetch", described: "Described | None") -> tuple[str, ...]:
    """Return the key that the job names, else the one that the snapshot tells, where it can be read unseen."""
    if step.key or described is None or step.complete == "none" or step.limit or step.apply:
        return step.key
    key = described.key
    comes_along = not step.select or "*" in step.select or {*key} <= {*step.select}
    return key if comes_along or columns_of_fetch(step, None) is not None else ()


def entity_query(
    step: "Fetch", limit: int | None, *, odata: str, described: "Described | None" = None
) -> Any:
    """Return the query that a fetch sends; `limit` is `--limit`.

    Where the key comes from the snapshot, its fields are read, too, and what was not selected is dropped later.
    """
    from txojobs.rest.query import EntityQuery  # noqa: PLC0415

    limits = [each for each in (step.limit, limit) if each is not None]
    ordered = {each.split()[0] for each in step.order_by if each.strip()}
    own = {"$search": step.search, "$apply": step.apply.in_dialect(odata) if step.apply else None}
    key = key_of_fetch(step, described)
    everything = not step.select or "*" in step.select
    unread = () if everything else tuple(name for name in key if name not in step.select)
    return EntityQuery(
        entity=step.entity.in_dialect(odata) if step.entity is not None else "",
        select=(*step.select, *unread),
        filter=conditions(step.filter, odata=odata),
        expand=expansions(step.expand, odata=odata),
        order_by=step.order_by,
        adds_to_order=() if step.complete == "none" else tuple(name for name in key if name not in ordered),
        page_size=step.page_size,
        limit=min(limits) if limits else None,
        key=key,
        count=step.complete != "none",
        headers=step.headers,
        extra={**{name: value for name, value in own.items() if value}, **parameters(step.query)},
        keep_annotations=step.annotations,
        labels=step.labels,
        odata=odata,
        types=described.types if described is not None else {},
        structures=described.structures(by_path(step.expand)) if described is not None else frozenset(),
    )


def columns_of_fetch(step: "Fetch", described: Columns | None) -> Columns | None:
    """Return the selected fields and what is expanded; None when the service decides what comes.

    `described` are the fields that the service has, where that is known: all of them come when none is selected, and
    each tells its type.
    """
    if step.labels or step.annotations or step.apply:
        return None
    fields = {column.name: column for column in described or ()}
    names = step.select
    # `*` is all fields, and a name with a dot is a type that only some records are of
    if not names or any("*" in name or "." in name for name in names):
        if described is None or names:
            return None
        names = tuple(fields)
    names = (
        *(COMPANY_FIELDS if step.companies else ()),
        *names,
        *(each.split("(")[0] for each in step.expand),
    )
    return tuple(
        fields.get(name, Column(name)) for name in dict.fromkeys(each.split("/")[0] for each in names)
    )


_OWN = {
    "$select": "select",
    "$filter": "filter",
    "$expand": "expand",
    "$orderby": "order-by",
    "$top": "limit",
    "$skip": "limit",
    "$skiptoken": "page-size",
    "$count": "complete",
    "$inlinecount": "complete",
    "$search": "search",
    "$apply": "apply",
}
"""Query parameters that an option of fetch writes."""


_IN_A_COMPANY = r"(?i)/?compan(y|ies)\("


def _way_out(path: str, job: JobView) -> Iterable[Problem]:
    """Refuse a path that climbs out of the service, as the client would once it is asked."""
    if not any(sign in path.lower() for sign in ("..", "\\", "%2e")):
        return
    from txojobs.rest.urls import below  # noqa: PLC0415  # hardly a path needs the look

    try:
        below("https://localhost", path)
    except ValidationError as err:
        yield Problem(err.what_went_wrong, job.at("entity"), err.how_to_fix)


def check_entity(entity: str, job: JobView) -> Iterable[Problem]:
    """Refuse a way out of the service, and a query: it would not be known here, and the count would be wrong."""
    yield from _way_out(entity, job)
    _, question, query = entity.partition("?")
    if not question:
        return
    names = [part.partition("=")[0].strip().lower() for part in query.split("&")]
    own = [_OWN[name] for name in names if name in _OWN]
    fix = (
        f"write {' and '.join(dict.fromkeys(own))} below fetch"
        if own
        else "write it below fetch as query: {...}"
    )
    yield Problem("entity takes no query, and this one has a ?", job.at("entity"), fix)


def check_fetch(step: "Fetch", job: JobView) -> Iterable[Problem]:
    """Yield what is wrong across the options of a fetch."""
    yield from check_entity(step.entity.text if step.entity else "", job)
    for option in ("page-size", "limit", "parallel"):
        number = getattr(step, option.replace("-", "_"))
        if number is not None and number < 1:
            message = f"{option} must be at least 1, not {number}"
            yield Problem(message, job.at(option), "write 1 or more, or leave it out")
    for name in step.key if step.select else ():
        if name not in step.select:
            yield Problem(
                f"key names {name!r}, which select does not read", job.at("key"), f"add {name} to select"
            )
    if not key_of_fetch(step, job.described):
        yield from _without_key(step, job)
    if step.limit is not None and step.complete in ("count", "verify"):
        message = f"complete: {step.complete} cannot be had with a limit, which leaves records out"
        yield Problem(message, job.at("complete"), "delete one of the two")
    yield from _check_names(step, job)
    yield from _check_passed_on(step, job)
    yield from check_partition(step, job)
    yield from _check_companies(step, job)
    yield from check_incremental(step, job, key=key_of_fetch(step, job.described))
    yield from check_side(step, job)
    if step.url is not None:
        yield from check_collection(step, job)


def _without_key(step: "Fetch", job: JobView) -> Iterable[Problem]:
    """Refuse what needs a key, and warn where completeness is claimed that only a key could prove."""
    needing = {"complete": step.complete == "verify", "on-duplicate": step.on_duplicate != "fail"}
    for option in (option for option, needs in needing.items() if needs):
        message = f"{option}: {getattr(step, option.replace('-', '_'))} needs the key of the records"
        yield Problem(message, job.at(option), "add key: [...]")
    if step.complete == "none" or step.limit or step.apply or any(needing.values()):
        return
    if step.url is not None and as_group(step.paging or "none").kind == "none":
        return  # of one answer no record moves to another page
    yield Problem(
        "no key: one record that is lost while another comes twice is not noticed",
        job.at(step.verb),
        "name the fields that make a record unique"
        + (" (`txojobs metadata ORG ENV ENTITY` shows them)" if step.url is None else "")
        + ", or write complete: none",
        severity="warning",
        length=len(step.verb),
        example="key: [CustomerNo]",
    )


def _check_names(step: "Fetch", job: JobView) -> Iterable[Problem]:
    """Refuse what is expanded twice or to nothing; warn of an optional name that allows nothing."""
    for path in twice(step.expand):
        message = f"expand names {path!r} twice, once as a path and once inside of another"
        yield Problem(message, job.at("expand"), "write its options in one place")
    for path, each in by_path(step.expand).items():
        if each.limit is not None and each.limit < 1:
            message = f"limit of {path} must be at least 1, not {each.limit}"
            yield Problem(message, job.at("expand"), "write 1 or more, or leave it out")
    if step.url is not None or not (step.select or step.expand):
        return
    paths = [path for path, _ in named_paths(step.select, by_path(step.expand))]
    named = {"/".join(path[:length]) for path in paths for length in range(1, len(path) + 1)}
    for name in step.optional:
        if name not in named:
            message = f"optional names {name!r}, which neither select nor expand does, and has no effect"
            yield Problem(
                message, job.at("optional"), nearest(name, named) or "remove it", severity="warning"
            )


def _check_companies(step: "Fetch", job: JobView) -> Iterable[Problem]:
    if step.on_company_error != "fail" and not step.companies:
        yield Problem(
            "on-company-error has no effect without companies", job.at("on-company-error"), "delete it"
        )
    if step.companies and step.entity is not None and re.match(_IN_A_COMPANY, step.entity.text):
        yield Problem(
            "entity names a company already",
            job.at("entity"),
            "delete it there: companies puts each before the entity",
        )


def _check_passed_on(step: "Fetch", job: JobView) -> Iterable[Problem]:
    for name in step.query if step.url is None else ():
        if name.lower() in _OWN:
            yield Problem(
                f"{name} does not belong into query", job.at("query"), f"use {_OWN[name.lower()]} of fetch"
            )
        elif (full := f"${name.lower()}") in _OWN:  # V2 and V3 may have a parameter of this name
            message = f"{name} in query is the same as {full} for OData V4, and is refused there"
            yield Problem(message, job.at("query"), f"use {_OWN[full]} of fetch", severity="warning")
    for name in step.headers:
        if name.lower() in ("authorization", "cookie", "host", "content-length"):
            yield Problem(
                f"the header {name} cannot be set in a job",
                job.at("headers"),
                "credentials belong into the configuration",
            )
