"""One measured stream: counts, own time, the deadline, and the tag that says in which step an error arose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from txojobs.errors import ApiTimeoutError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from txojobs.engine.state import RunState
    from txojobs.job.model import StepUse
    from txojobs.records import Batch


class Meter:
    """Wraps the stream of one step. `busy_s` includes the steps it reads; own time is what they leave over.

    `inputs` are the steps whose streams flow straight into this one; what comes from disk takes no time of theirs.
    """

    def __init__(self, state: RunState, use: StepUse) -> None:
        self.state = state
        self.use = use
        self.inputs: list[Meter] = []
        self.result = state.results[use.key]
        self.busy_s = 0.0
        self.ended = False
        self.deadline: Callable[[], float] | None = None

    def measured(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        """Yield the batches on; whoever gives up this stream closes the one below it."""
        listener, result = self.state.listener, self.result
        shown = result.state != "left-out"
        if shown:
            result.state = "running"
            listener.step_started(result)
        try:
            while (batch := self._next(batches)) is not None:
                if shown:
                    result.records += len(batch)
                    listener.step_moved(result)
                yield batch
        finally:
            close = getattr(batches, "close", None)
            if close is not None:
                close()
        self.ended = True
        if shown:
            result.state = "done"
            listener.step_finished(result)

    def _next(self, batches: Iterator[Batch]) -> Batch | None:
        begun = self.state.clock()
        try:
            with self.state.tagged(self.use):
                self.check()
                return next(batches, None)
        finally:
            self.busy_s += self.state.clock() - begun
            self.result.seconds = max(0.0, self.busy_s - sum(each.busy_s for each in self.inputs))

    def bounded(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        """Yield what the step reads, and look at its deadline each time: it may read long and give nothing."""
        for batch in batches:
            self.check()
            yield batch

    def check(self) -> None:
        """Raise when the run was cancelled, or the step has taken longer than it may."""
        self.state.check_cancelled()
        if self.deadline is not None and self.state.clock() > self.deadline():
            raise ApiTimeoutError(
                f"{self.use.verb} took longer than it may",
                how_to_fix="read less at a time, or give the step more time",
                example="timeout: 2h",
            )
