"""What `incremental` of a fetch takes, and what it cannot be combined with."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from txojobs.errors import Problem
from txojobs.steps.base import JobView
from txojobs.steps.duration import Duration
from txojobs.steps.spec import Doc

if TYPE_CHECKING:
    from txojobs.steps.fetch import Fetch


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Incremental:
    """By what, and from how long before the last run on."""

    by: Annotated[
        str,
        Doc(
            "The field that grows with each change of a record: when it was changed last, or a number.",
            example="lastModifiedDateTime",
        ),
    ]
    lookback: Annotated[
        int | Duration | None,
        Doc(
            "Read again what changed so shortly before: services store some changes late. Of numbers, an amount.",
            example="10m",
        ),
    ] = None


WantedChanges = Annotated[
    Incremental | None,
    Doc(
        "Read what changed since the last run alone: see [incremental.md](incremental.md).",
        example="{by: lastModifiedDateTime, lookback: 10m}",
    ),
]


def check_incremental(step: "Fetch", job: JobView, *, key: tuple[str, ...]) -> Iterable[Problem]:
    """Yield what keeps a fetch from being incremental; `key` is that of its records."""
    wanted = step.incremental
    if wanted is None:
        return
    where = job.at("incremental")
    if not wanted.by.isidentifier():
        yield Problem(
            f"incremental: by takes the name of a field, not {wanted.by!r}",
            where,
            example="{by: lastModifiedDateTime}",
        )
    elif step.select and wanted.by not in step.select:
        message = f"incremental goes by {wanted.by!r}, which select does not read"
        yield Problem(message, job.at("select"), f"add {wanted.by} to select")
    if wanted.lookback is not None and not key:
        message = "incremental with lookback reads some records again, and only their key tells which"
        yield Problem(message, where, "add key: [...]")
    for option in ("limit", "apply"):
        if getattr(step, option) is not None:
            message = f"incremental cannot be had with {option}, which leaves out what changed"
            yield Problem(message, job.at(option), "delete one of the two")
    if step.companies:
        yield Problem(
            "incremental cannot be had with companies: one that is new, or was not read, has changes of its own",
            job.at("companies"),
            "name one company in entity, by a param: each value of a param has a watermark of its own",
            example="entity: companies(guid${{ params.company }})/customers",
        )
