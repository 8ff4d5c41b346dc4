"""What a run that succeeded has to say of its result: files that are not there, and reads that nothing proves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from txojobs.job.advice import REPLACED, replacing
from txojobs.steps.base import Role

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from txojobs.engine.report import RunReport, StepResult
    from txojobs.engine.state import RunState
    from txojobs.engine.taking_part import TakingPart
    from txojobs.job.model import StepUse


def caveats(
    report: RunReport, state: RunState, *, failed: Collection[str], taking_part: TakingPart
) -> Iterator[str]:
    """Yield a sentence for each file that was not written, with what stands in its place, and each unproven read."""
    lost = [(use, cause) for use, cause in taking_part.lost_outputs() if use.key not in failed]
    for use, cause in lost:
        result = state.results[use.key]
        yield f"{result.title or _file_of(use)} was not written, because {cause}{_left_standing(result, state)}"
    for result in report.steps:
        yield from result.lacks
        left = _left_standing(result, state)
        if result.key in failed and result.verb == "save":
            yield f"{result.title} was not written{left}"
        elif "not-written" in result.notes and left and not report.dry_run:
            yield f"save {result.title}: nothing was written{left}"
        yield from _of_loading(result)
        fetched: Any = result.notes.get("fetched")
        if (
            fetched
            and fetched["strength"] == "unproven"
            and not fetched["count-note"].startswith("not asked")
        ):
            yield f"{result.title}: nothing proves that all records came: {fetched['count-note']}"
        if fetched and fetched.get("links") == "opaque" and _wanted_several(state.job.step(result.key)):
            yield f"{result.title}: {_ONE_BY_ONE}"
    for use in replacing(state.job):
        if state.results[use.key].state == "done":
            yield f"{state.results[use.key].title}: {REPLACED}"
    if not lost:
        yield from _of_nothing(report, state)


_ONE_BY_ONE = (
    "parallel had no effect, because the links of the service tell no positions; `partition` reads several ranges "
    "at once"
)


def _wanted_several(use: StepUse) -> bool:
    fetch: Any = use.sample
    return getattr(fetch, "parallel", 1) > 1 and fetch.partition is None


def _of_loading(result: StepResult) -> Iterator[str]:
    """Yield what may be wrong with a file that was read as it is."""
    if "no-heading" in result.notes:
        yield f"{result.title} is empty: not even a heading stands in it"
    if "one-column" in result.notes:
        yield f"{result.title} has one column, {result.notes['one-column']!r}: is its delimiter another one?"
    blank: Any = result.notes.get("blank-rows", 0)
    if blank:
        rows = "1 blank row, which is a record" if blank == 1 else f"{blank:,} blank rows, which are records"
        yield f"{result.title} has {rows} without a value; a filter leaves out what is not meant"


def _of_nothing(report: RunReport, state: RunState) -> Iterator[str]:
    """Yield a sentence when the job had no file to write at all; a step that wrote none has said so itself."""
    if report.outputs or report.would_write:
        return
    sinks = [use for use in state.job.steps if use.cls.role in (Role.SINK, Role.WRITER)]
    written = "nothing would be written" if report.dry_run else "nothing was written"
    if not sinks:
        yield f"{written}: the job has no save step"
    elif all(state.results[use.key].state == "left-out" for use in sinks):
        yield f"{written}: every {sinks[0].verb} step is left out"


def _file_of(use: StepUse) -> str:
    """Return the name of a sink's file as the job has it, with its `${{ }}`: the sink was never bound."""
    node: Any = use.options
    entries = getattr(node, "entries", {})
    return getattr(entries["file"].value if "file" in entries else node, "text", "") or use.key


def _left_standing(result: StepResult, state: RunState) -> str:
    """Return the end of the sentence about a file that was not written, when an older one has its name."""
    path = state.outputs.standing(result.title) if result.verb == "save" and result.title else None
    if path is None:
        return ""
    root = state.workspace.root
    shown = path.relative_to(root).as_posix() if path.is_relative_to(root) else path
    return f"; {shown} is from before"
