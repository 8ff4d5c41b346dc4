"""Whether what a source has read went into the outputs of the run, all of it; if not, its watermark must stay.

Records are in no output when a step that they flow through failed, when they were put aside, when no step saves them,
or when a save was left out for a reason that may be gone at the next run. A save that is switched off by `disabled`,
by a param or by the configuration is left out on purpose, each time, and keeps nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from txojobs.job.wiring import paths_in
from txojobs.steps.base import Role

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from txojobs.engine.state import RunState
    from txojobs.job.model import Job, StepUse

_LEFT_OUT = "left-out"
_SAME_EACH_TIME = ("params", "config")
"""What an `if` may look at and come to the same answer at the next run of the same watermark."""


def unsaved(state: RunState, key: str, *, failed: Collection[str]) -> str | None:
    """Return why records of a source are in no output, None when all of them are."""
    reached = list(_behind(state.job, key))
    lost = [use.key for use in reached if use.key in failed]
    if lost:
        return f"step {lost[0]} failed"
    lacking = [what for use in reached for what in state.results[use.key].lacks]
    if lacking:
        return lacking[0]
    aside = sum(state.results[use.key].rejected for use in reached)
    if aside:
        return f"{aside:,} record{' was' if aside == 1 else 's were'} put aside"
    if not state.results[key].records:
        return None
    sinks = [use for use in reached if use.cls.role in (Role.SINK, Role.WRITER)]
    for use in sinks:
        if state.results[use.key].state == _LEFT_OUT and _may_come_back(state, use):
            return f"step {use.key} was left out"
    if all(state.results[use.key].state == _LEFT_OUT for use in sinks):
        return "no step saves what was read"
    return None


def _behind(job: Job, key: str) -> Iterator[StepUse]:
    """Yield a step and all that its records flow through."""
    waiting, seen = [key], {key}
    while waiting:
        each = waiting.pop()
        yield job.step(each)
        for use in job.readers(each):
            if use.key not in seen:
                seen.add(use.key)
                waiting.append(use.key)


def _may_come_back(state: RunState, sink: StepUse) -> bool:
    """Tell whether a sink that is left out may be there at the next run: something else than values decides."""
    waiting, seen = [sink.key], {sink.key}
    while waiting:
        use = state.job.step(waiting.pop())
        if use.condition is not None and not use.disabled and state.results[use.key].state == _LEFT_OUT:
            roots = {path.split(".")[0] for path in paths_in(use.condition)}
            if roots.difference(_SAME_EACH_TIME):
                return True
        inputs = [key for key in (*use.reads, *use.refs) if key not in seen]
        seen.update(inputs)
        waiting += inputs
    return False
