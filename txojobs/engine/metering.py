"""One measured stream: counts, own time, the deadline, and the tag that says in which step an error arose."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from txojobs.errors import ApiTimeoutError, TxoBaseError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from txojobs.engine.state import RunState
    from txojobs.job.model import StepUse
    from txojobs.records import Batch


class Meter:
    """Wraps the stream of one step. `busy_s` includes the steps it reads; own time is what they leave over."""

    def __init__(self, state: RunState, use: StepUse, *, inputs: list[Meter]) -> None:
        self.state = state
        self.use = use
        self.inputs = inputs
        self.result = state.results[use.key]
        self.busy_s = 0.0
        self.ended = False
        self.deadline: Callable[[], float] | None = None

    def measured(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        """Yield the batches on."""
        listener, result = self.state.listener, self.result
        shown = result.state != "skipped"
        if shown:
            result.state = "running"
            listener.step_started(result)
        while True:
            begun = time.monotonic()
            try:
                with self.tagged():
                    self._check_deadline(begun)
                    batch = next(batches, None)
            finally:
                self.busy_s += time.monotonic() - begun
                result.seconds = max(0.0, self.busy_s - sum(each.busy_s for each in self.inputs))
            if batch is None:
                break
            if shown:
                result.records += len(batch)
                listener.step_moved(result)
            yield batch
        self.ended = True
        if shown:
            result.state = "done"
            listener.step_finished(result)

    @contextlib.contextmanager
    def tagged(self) -> Iterator[None]:
        """Put the step's id and mark on an error that carries none yet."""
        try:
            yield
        except BaseException as err:
            if self.state.failed_step is None:
                self.state.failed_step = self.use.key
                if self.result.state != "skipped":
                    self.result.state = "failed"
                    self.state.listener.step_finished(self.result)
            if isinstance(err, TxoBaseError) and err.step is None:
                err.step = self.use.key
                err.where = err.where if err.where is not None and err.where.line else self.use.where
            raise

    def _check_deadline(self, now: float) -> None:
        self.state.check_cancelled()
        if self.deadline is not None and now > self.deadline():
            raise ApiTimeoutError(
                f"{self.use.verb} took longer than it may",
                how_to_fix="read less at a time, or give the step more time",
                example="timeout: 2h",
            )
