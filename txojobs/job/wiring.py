"""Which step reads which: `from`, the step above, steps named by id; no cycle, no stream that nobody reads."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from txojobs.errors import Problem
from txojobs.steps.base import Role
from txojobs.steps.kinds import Kind, StepRef
from txojobs.suggest import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from txojobs.job.model import Job, StepUse


def wire(job: Job, problems: list[Problem]) -> None:
    """Complete `reads` and `refs` of each step, by keys; note what cannot be wired."""
    before = len(problems)
    ids = {use.id: use for use in job.steps if use.id}
    for place, use in enumerate(job.steps):
        above = job.steps[place - 1] if place else None
        _read(use, above, ids, problems)
        use.refs = tuple(_references(use, ids, problems))
        for name in use.waits_for:
            if name not in ids:
                _unknown_step(name, use, ids, problems)
    if len(problems) == before:
        _refuse_cycles(job, problems)
        _refuse_unread(job, problems)


def _read(use: StepUse, above: StepUse | None, ids: dict[str, StepUse], problems: list[Problem]) -> None:
    named = use.reads
    if use.cls.role is Role.SOURCE:
        if named:
            problems.append(Problem(f"{use.verb} is a source and reads no step", use.where, "remove `from`"))
        use.reads = ()
        return
    if named:
        use.reads = tuple(name for name in named if name in ids)
        for name in named:
            if name not in ids:
                _unknown_step(name, use, ids, problems)
            elif not use.sample.reads_above():
                problems.append(Problem(f"this {use.verb} reads its sheets only", use.where, "remove `from`"))
        return
    if not use.sample.reads_above():
        return
    if above is None:
        problems.append(
            Problem(f"{use.verb} has nothing to read", use.where, "put a source above it: fetch or load")
        )
    elif above.cls.role is not Role.SOURCE and not above.sample.reads_above():
        problems.append(
            Problem(
                f"the step above passes nothing on to {use.verb}", use.where, "say with `from:` what to read"
            )
        )
    else:
        use.reads = (above.key,)


def _references(use: StepUse, ids: dict[str, StepUse], problems: list[Problem]) -> Iterator[str]:
    for ref in kinds_in(use.sample, StepRef):
        if ref.text in ids:
            yield ref.text
            continue
        fix = nearest(ref.text, ids) or _known(ids)
        problems.append(Problem(f"there is no step {ref.text!r}", ref.where, fix, length=len(ref.text)))


def _unknown_step(name: str, use: StepUse, ids: dict[str, StepUse], problems: list[Problem]) -> None:
    fix = nearest(name, ids) or _known(ids)
    problems.append(Problem(f"there is no step {name!r}, which {use.verb} reads", use.where, fix))


def _known(ids: dict[str, StepUse]) -> str:
    return "ids in this job: " + ", ".join(ids) if ids else "give a step an `id:`"


def kinds_in(value: object, kind: type[Kind]) -> Iterator[Kind]:
    """Yield each value of a kind in a bound step, however deep it stands."""
    if isinstance(value, kind):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from kinds_in(each, kind)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from kinds_in(each, kind)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from kinds_in(getattr(value, field.name), kind)


def needs(use: StepUse) -> tuple[str, ...]:
    """Return the keys of all steps that must be there before this one: its inputs and those it counts."""
    return (*use.reads, *use.refs, *use.waits_for)


def _refuse_cycles(job: Job, problems: list[Problem]) -> None:
    done: set[str] = set()

    def visit(use: StepUse, path: list[StepUse]) -> bool:
        if use.key in done:
            return False
        if use in path:
            ring = path[path.index(use) :]
            chain = " -> ".join(f"{each.key} ({each.where})" for each in [*ring, use])
            problems.append(
                Problem(f"steps read each other in a circle: {chain}", use.where, "change one `from`")
            )
            return True
        found = any(visit(job.step(key), [*path, use]) for key in needs(use))
        done.add(use.key)
        return found

    for use in job.steps:
        if visit(use, []):
            return


def _refuse_unread(job: Job, problems: list[Problem]) -> None:
    for use in job.steps[:-1]:
        if use.cls.role in (Role.SOURCE, Role.TRANSFORM) and not job.readers(use.key):
            counted = any(use.key in other.waits_for for other in job.steps)
            if not counted:
                problems.append(
                    Problem(
                        f"nobody reads what this {use.verb} gives",
                        use.where,
                        "let a step read it with `from:`, or delete it",
                        length=len(use.verb),
                    )
                )
