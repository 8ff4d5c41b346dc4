"""What a run tells while it goes on: progress, log and tests listen.

Calls come from the thread that runs the job, in order; a listener must return at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from txojobs.engine.report import RunReport, StepResult


class Listener:
    """Hears nothing; override what is of interest."""

    def waiting(self, text: str) -> None:
        """Say what is waited for; `text` may be foreign."""

    def run_started(self, report: RunReport) -> None:
        """The job is checked, the lock is held; no request was made yet."""

    def step_started(self, step: StepResult) -> None:
        """The first record of a step was asked for."""

    def step_moved(self, step: StepResult) -> None:
        """A batch has left the step; its `records` has grown."""

    def step_finished(self, step: StepResult) -> None:
        """The step has given its last record, has failed or was left out."""

    def run_finished(self, report: RunReport) -> None:
        """All is published, or nothing is."""
