"""What is allowed in a job and yet hardly meant: told by `txojobs validate` as warnings.

A run tells of what it has not written by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from txojobs.errors import Problem
from txojobs.job.wiring import kinds_in, paths_in
from txojobs.steps.base import Role
from txojobs.steps.kinds import FileName

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from txojobs.job.model import Job, StepUse


def advice(job: Job) -> Iterator[Problem]:
    """Yield a warning when nothing is written, and for each param that nothing uses or that need not be required."""
    if not any(use.cls.role in (Role.SINK, Role.WRITER) for use in job.steps):
        last = job.steps[-1]
        yield Problem(
            "this job writes nothing: it has no save step",
            last.where,
            f"add `- save: {job.name}.xlsx` below it",
            severity="warning",
            length=len(last.verb),
        )
    yield from replaced_changes(job)
    used = {path for use in job.steps for node in use.nodes() for path in paths_in(node)}
    for name, param in job.params.items():
        if f"params.{name}" not in used:
            yield Problem(
                f"no step uses the param {name!r}",
                param.where,
                f"write ${{{{ params.{name} }}}} where it belongs, or delete it",
                severity="warning",
                length=len(name),
            )
        if param.required and param.default is not None:
            yield Problem(
                f"the param {name!r} has a default, so `required` has no effect",
                param.where,
                "delete the default, or `required`",
                severity="warning",
                length=len(name),
            )


REPLACED = (
    "each run replaces this file by what has changed since the run before: changes that nobody has taken from it by "
    "then are lost"
)


def replaced_changes(job: Job) -> Iterator[Problem]:
    """Yield a warning for each file that every run replaces by what has changed since the run before."""
    for use in replacing(job):
        fix = "leave out `stamp: false`, so that each run has a file of its own"
        yield Problem(REPLACED, use.where, fix, severity="warning", length=len(use.verb))


def replacing(job: Job) -> Iterator[StepUse]:
    """Yield each sink with a stable name that an incremental fetch feeds."""
    for use in job.steps:
        if use.cls.role is not Role.SINK or getattr(use.sample, "stamp", True) or use.disabled:
            continue
        if any(getattr(source.sample, "incremental", None) for source in _sources_of(job, use)):
            yield use


def _sources_of(job: Job, use: StepUse) -> Iterator[StepUse]:
    """Yield each step that a step depends on."""
    waiting, seen = [use], {use.key}
    while waiting:
        each = waiting.pop()
        for key in (*each.reads, *each.refs):
            if key not in seen:
                seen.add(key)
                waiting.append(job.step(key))
                yield job.step(key)


def shared_files(job: Job, others: Iterable[Job]) -> Iterator[Problem]:
    """Yield a warning for each file with a stable name that another job writes, too."""
    mine = stable_files(job)
    for other in others if mine else ():
        for name in mine.keys() & stable_files(other).keys():
            file = mine[name]
            yield Problem(
                f"{other.path} writes {file.text!r}, too: the job that runs last replaces the file of the other",
                file.where,
                "name one of them otherwise, or leave out `stamp: false`",
                severity="warning",
                length=len(file.text),
            )


def stable_files(job: Job) -> dict[str, FileName]:
    """Return each file whose name is known and the same in each run, by its name as file systems compare it."""
    sinks = [use.sample for use in job.steps if use.cls.role is Role.SINK and not use.disabled]
    files = (file for each in sinks if not getattr(each, "stamp", True) for file in kinds_in(each, FileName))
    return {file.text.replace("\\", "/").casefold(): file for file in files if not file.is_sample}
