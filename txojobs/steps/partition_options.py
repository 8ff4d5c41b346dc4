"""The option `partition` of fetch: ranges of a field that are read apart from each other."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated

from txojobs.errors import Problem
from txojobs.steps.base import JobView
from txojobs.steps.spec import Doc

if TYPE_CHECKING:
    from txojobs.steps.fetch import Fetch


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Partition:
    """Ranges of a field that are read apart from each other."""

    by: Annotated[str, Doc("The field: a number, a date, or a text with `at`.", example="PostingDate")]
    parts: Annotated[
        int | None,
        Doc("So many ranges of the same width, from the smallest value to the largest.", example="8"),
    ] = None
    at: Annotated[
        tuple[str | Decimal, ...],
        Doc(
            "The values at which a range begins, ascending; what is smaller or has no value is the first range.",
            example="[2024-01-01, 2025-01-01]",
        ),
    ] = ()


PartitionBy = Annotated[
    Partition | None,
    Doc(
        "Read the records in ranges of a field, `parallel` of them at once, also where the service's links are "
        "opaque; the records come range after range.",
        example="{by: EntryNo, parts: 8}",
    ),
]


def check_partition(step: "Fetch", job: JobView) -> Iterable[Problem]:
    """Yield what is wrong across the options of a partition, and what cannot be had with one."""
    wanted, where = step.partition, job.at("partition")
    if wanted is None:
        return
    if bool(wanted.at) == (wanted.parts is not None):
        yield Problem("partition takes parts or at, one of them", where, example="{by: EntryNo, parts: 8}")
    if wanted.parts is not None and wanted.parts < 2:  # noqa: PLR2004
        fix = "write 2 or more, or leave partition out"
        yield Problem(f"parts must be at least 2, not {wanted.parts}", where, fix)
    kinds = {isinstance(each, str) for each in wanted.at}
    if len(kinds) > 1 or any(low >= high for low, high in pairwise(wanted.at)):  # type: ignore[operator]
        yield Problem(
            "the values of at must be all texts or all numbers, each larger than the one before it",
            where,
            example="{by: EntryNo, at: [1000, 2000, 3000]}",
        )
    first = step.order_by[0].removesuffix(" asc").strip() if step.order_by else wanted.by
    if first != wanted.by:
        yield Problem(
            f"the records come in ranges of {wanted.by}, and order-by begins with {first}",
            job.at("order-by"),
            f"begin order-by with {wanted.by}, or leave it out",
        )
    excluded = {
        "companies": bool(step.companies),
        "apply": step.apply is not None,
        "on-duplicate": step.on_duplicate == "keep-last",
    }
    for option in (option for option, given in excluded.items() if given):
        yield Problem(f"partition cannot be had with this {option}", job.at(option), "delete one of the two")
    key = step.key or (job.described.key if job.described is not None else ())
    if step.complete == "verify" and wanted.by not in key:
        yield Problem(
            f"complete: verify needs a partition by a field of the key: a record whose {wanted.by} changes while "
            "it is read moves from one range to another",
            where,
            "write complete: count, or take a field of the key",
        )
