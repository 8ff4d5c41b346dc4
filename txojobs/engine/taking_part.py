"""Which steps of a run take part, and why the others do not.

A source that is switched off takes with it all that depends on it: a file from a part of its sources would look like
a whole one. A transform that is switched off lets the records pass, a sink is not written. What no step reads any
more is not read at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from txojobs.job.bind import bind_condition
from txojobs.steps.base import Role

if TYPE_CHECKING:
    from collections.abc import Callable

    from txojobs.engine.state import RunState
    from txojobs.job.model import StepUse

NOBODY_READS_IT = "no step that takes part reads it"


class TakingPart:
    """The decision for each step of one run. `finish` runs a step to its end, so that its count is known."""

    def __init__(self, state: RunState, *, finish: Callable[[str], None]) -> None:
        self._state = state
        self._finish = finish
        self._decided: set[str] = set()
        self._gone: dict[str, str] = {}
        """Each step whose readers are left out with it: the reason that its readers give."""

    def is_gone(self, key: str) -> bool:
        """Tell whether a step gives nothing, and takes its readers with it."""
        return key in self._gone

    def readers(self, key: str) -> int:
        """Return how often the steps that take part read this one."""
        return sum(not self.is_gone(use.key) for use in self._state.job.readers(key))

    def settle(self) -> None:
        """Decide for each step, but for those that look at a count, and what reads them: when they are opened."""
        later: set[str] = set()
        for use in self._state.in_order():
            looks_at_count = use.waits_for and use.condition is not None and not use.disabled
            if looks_at_count or later.intersection((*use.reads, *use.refs)):
                later.add(use.key)
            else:
                self.decide(use)

    def decide(self, use: StepUse) -> None:
        """Decide once whether a step takes part; the steps that it reads come first."""
        if use.key in self._decided:
            return
        inputs = [*use.reads, *use.refs]
        for key in inputs:
            self.decide(self._state.job.step(key))
        cause = next((self._gone[key] for key in inputs if key in self._gone), None)
        if cause is not None:
            self._gone[use.key] = cause
            self._leave_out(use, f"because {cause}")
        else:
            if use.condition is not None and not use.disabled:
                for name in use.waits_for:
                    self._finish(name)
            self._decided.add(use.key)  # also when its `if` fails: it is not asked twice
            if not self._is_on(use):
                self._switch_off(use)
        self._decided.add(use.key)

    def _is_on(self, use: StepUse) -> bool:
        if use.disabled or use.condition is None:
            return not use.disabled
        with self._state.tagged(use):
            return bind_condition(use.condition, self._state.scope())

    def _switch_off(self, use: StepUse) -> None:
        why = "disabled" if use.disabled else "its `if` is false"
        if use.cls.role is Role.SOURCE:
            self._gone[use.key] = f"{use.key} is switched off ({why})"
        self._leave_out(use, why)

    def _leave_out(self, use: StepUse, why: str) -> None:
        result = self._state.results[use.key]
        result.state, result.why_left_out = "left-out", why
        self._state.listener.step_finished(result)

    def leave_out_the_unread(self) -> None:
        """Name the steps that the run has not needed; asked when it has pulled all that it had to."""
        for use in self._state.job.steps:
            if self._state.results[use.key].state == "not-reached":
                self._leave_out(use, NOBODY_READS_IT)

    def lost_outputs(self) -> list[tuple[StepUse, str]]:
        """Return each sink that something else has left out, and what that was."""
        return [
            (use, self._gone[use.key])
            for use in self._state.job.steps
            if use.cls.role is Role.SINK and use.key in self._gone
        ]
