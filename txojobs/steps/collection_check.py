"""What is wrong across the options of a fetch that reads a REST collection, found before anything is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from txojobs.errors import Problem
from txojobs.steps.paging_options import as_group, paging_faults
from txojobs.steps.spec import Option, options_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from txojobs.steps.base import JobView
    from txojobs.steps.fetch import Fetch

_OF_ENTITY = (
    "select",
    "filter",
    "expand",
    "order-by",
    "search",
    "apply",
    "labels",
    "annotations",
    "companies",
    "on-company-error",
    "parallel",
    "partition",
    "incremental",
)
_OF_URL = ("method", "body", "records", "paging", "total", "total-header")


def check_side(step: Fetch, job: JobView) -> Iterator[Problem]:
    """Yield each option that belongs to the other kind of collection."""
    foreign, own, fix = (
        (_OF_URL, "entity", "delete it; OData says it by itself")
        if step.url is None
        else (_OF_ENTITY, "url", "write what the service understands into query or body")
    )
    for option in options_of(type(step)):
        if option.name in foreign and _is_given(step, option):
            other = "url" if own == "entity" else "entity"
            yield Problem(f"{option.name} belongs to {other}, not to {own}", job.at(option.name), fix)


def _is_given(step: Fetch, option: Option) -> bool:
    return bool(getattr(step, option.field) != option.default)


def check_collection(step: Fetch, job: JobView) -> Iterable[Problem]:
    """Yield what is wrong across the options of a collection."""
    if step.paging is None:
        yield Problem(
            "fetch of a url needs paging: nothing else says how the answers go on",
            job.at("url"),
            "add paging with link-header, next-url, cursor, offset or page; none when all comes in one answer",
            example="paging: link-header",
        )
        return
    if step.total is not None and step.total_header is not None:
        yield Problem(
            "fetch takes total or total-header, not both", job.at("total-header"), "delete one of them"
        )
    if step.body is not None and step.method == "GET":
        yield Problem("body needs method: POST", job.at("body"), "add method: POST, or write it into query")
    paging, has_total = as_group(step.paging), step.total is not None or step.total_header is not None
    for fault, fix in paging_faults(paging, has_total=has_total):
        yield Problem(fault, job.at("paging"), fix)
    yield from _check_sent(step, job)
    yield from _check_ties(step, job, has_total=has_total)
    text = step.records.text if step.records is not None else ""
    if "[?" in text and paging.came is None and (has_total or paging.kind in ("offset", "page")):
        yield Problem(
            "records leaves some out by [?...], so what came cannot be counted",
            job.at("records"),
            "take all records here, and leave some out with a filter step",
        )


def _check_ties(step: Fetch, job: JobView, *, has_total: bool) -> Iterator[Problem]:
    """Doubt a cursor that is a field of the last record: behind it, others with the same value are passed over."""
    paging = as_group(step.paging or "none")
    text = paging.cursor.text if paging.kind == "cursor" and paging.cursor is not None else ""
    field = text.rpartition(".")[2]
    if "[-1]" not in text or field in step.key or (has_total and step.complete != "verify"):
        return
    yield Problem(
        f"the cursor is {field!r} of the last record: records with the same value may be passed over, and nothing "
        "would tell",
        job.at("paging"),
        "take the key as the cursor where the service allows it, or name its total and write complete: count",
        severity="error" if step.complete == "verify" else "warning",
    )


def _check_sent(step: Fetch, job: JobView) -> Iterator[Problem]:
    paging = as_group(step.paging or "none")
    if paging.in_ == "body" and step.method == "GET":
        yield Problem("paging with in: body needs method: POST", job.at("paging"), "add method: POST")
    if step.page_size is not None and paging.size_as is None:
        yield Problem(
            "page-size of a url needs size-as in paging: the name that sends it",
            job.at("page-size"),
            "add size-as to paging, or write the parameter into query",
        )
    if step.page_size is None and paging.size_as is not None:
        yield Problem("paging has size-as, and fetch no page-size to send", job.at("paging"), "add page-size")
    names = [paging.size_as, paging.as_ if paging.kind in ("offset", "page") else None]
    written = step.url.text.partition("?")[2] if step.url is not None else ""
    in_url = {pair.partition("=")[0] for pair in written.split("&")}
    for name in (paging.as_, paging.size_as) if paging.in_ == "query" else ():
        if name is not None and name in in_url:
            yield Problem(
                f"paging sends {name}, and url has it, too", job.at("url"), f"take {name} out of url"
            )
    for name in names if paging.in_ == "query" else ():
        if name is not None and name in step.query:
            yield Problem(
                f"paging sends {name}, and query sets it, too", job.at("query"), f"delete {name} from query"
            )
