"""Which step reads which: `from`, the step above, steps named by id; no cycle, no stream that nobody reads.

That the ids exist is known by then: `steps` has looked each of them up where it stands.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, TypeVar

from txojobs.errors import Problem
from txojobs.steps import templates
from txojobs.steps.base import Role
from txojobs.steps.kinds import FileName, Kind, StepRef
from txojobs.yaml_source import Mapping, Scalar, Sequence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from txojobs.job.model import Job, StepUse
    from txojobs.yaml_source import Node

K = TypeVar("K", bound=Kind)


def wire(job: Job, problems: list[Problem]) -> None:
    """Complete `reads` and `refs` of each step, by keys; note what cannot be wired."""
    before = len(problems)
    for place, use in enumerate(job.steps):
        _read(use, job.steps[place - 1] if place else None, problems)
        use.refs = tuple(ref.text for ref in kinds_in(use.sample, StepRef))
    _refuse_same_outputs(job, problems)
    _refuse_shared_watermarks(job, problems)
    if len(problems) == before:
        _refuse_cycles(job, problems)
        _refuse_unread(job, problems)


def _read(use: StepUse, above: StepUse | None, problems: list[Problem]) -> None:
    """Let a step without `from` read the one above."""
    if use.reads or not use.sample.reads_above():
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


def _refuse_same_outputs(job: Job, problems: list[Problem]) -> None:
    """Refuse a second output of one name: the run would fail at its end only."""
    first: dict[str, StepUse] = {}
    for use in job.steps:
        outputs = list(kinds_in(use.sample, FileName)) if use.cls.role is Role.SINK else []
        if isinstance(use.rejects, Scalar) and "${{" not in use.rejects.text:
            outputs.append(FileName(use.rejects.text, use.rejects.where))
        for file in outputs:
            name = file.text.replace("\\", "/").casefold()
            if name in first and not file.is_sample:
                fix = f"name it otherwise; the first is on line {first[name].where.line}"
                problems.append(
                    Problem(f"two steps write {file.text!r}", file.where, fix, length=len(file.text))
                )
            first.setdefault(name, use)


def _refuse_shared_watermarks(job: Job, problems: list[Problem]) -> None:
    """Refuse a second incremental step on one entity set that no id tells from the first."""
    first: dict[tuple[str | None, str], StepUse] = {}
    for use in job.steps:
        entry = use.options.entries.get("entity") if isinstance(use.options, Mapping) else None
        entity = entry.value.text if entry is not None and isinstance(entry.value, Scalar) else "${{"
        is_incremental = getattr(use.sample, "incremental", None) is not None
        if not is_incremental or use.id is not None or "${{" in entity:  # then the run looks
            continue
        place = (use.api.text if use.api is not None else job.api, entity)
        if place in first:
            message = f"the step on line {first[place].where.line} reads {entity} incrementally, too"
            fix = "give each of them an id, by which their watermarks are told apart"
            problems.append(Problem(message, use.where, fix, length=len(use.verb)))
        first.setdefault(place, use)


def kinds_in(value: object, kind: type[K]) -> Iterator[K]:
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


def paths_in(node: Node) -> Iterator[str]:
    """Yield the path of each `${{ }}` in a node."""
    for text in _scalars(node):
        yield from (hole.path for hole in templates.holes(text.text))


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
            counted = next(filter(None, map(_count_of, ring, [*ring[1:], use])), None)
            problems.append(
                Problem(
                    f"steps read each other in a circle: {chain}",
                    use.where if counted is None else counted.where,
                    "change one `from`" if counted is None else "leave out one `steps.<id>.count`",
                    length=1 if counted is None else max(1, len(counted.text)),
                )
            )
            return True
        found = any(visit(job.step(key), [*path, use]) for key in needs(use))
        done.add(use.key)
        return found

    for use in job.steps:
        if visit(use, []):
            return


def _count_of(use: StepUse, other: StepUse) -> Scalar | None:
    """Return the text in which a step looks at the count of another, where that is all it wants of it."""
    if other.key in (*use.reads, *use.refs) or other.key not in use.waits_for:
        return None
    texts = (text for node in use.nodes() for text in _scalars(node))
    return next((text for text in texts if f"steps.{other.id}.count" in paths_in(text)), None)


def _scalars(node: Node) -> Iterator[Scalar]:
    if isinstance(node, Scalar):
        yield node
        return
    inner = node.items if isinstance(node, Sequence) else [entry.value for entry in node.entries.values()]
    for each in inner:
        yield from _scalars(each)


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
