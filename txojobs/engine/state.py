"""What the parts of one run share: the job, its values, its results, where it writes, when it must end."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from txojobs.context import RunContext
from txojobs.engine.needs import base_url
from txojobs.errors import MissingKeyError, RunCancelledError, TxoBaseError
from txojobs.job.bind import bind_text
from txojobs.job.scope import Scope, run_facts
from txojobs.job.wiring import kinds_in, needs
from txojobs.state.spool import Spool
from txojobs.steps.kinds import FileName

if TYPE_CHECKING:
    import logging
    import threading
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from txojobs.context import Outputs
    from txojobs.engine.events import Listener
    from txojobs.engine.outputs import RunOutputs
    from txojobs.engine.report import StepResult
    from txojobs.engine.services import Services
    from txojobs.engine.watermarks import Watermarks
    from txojobs.job.model import Job, StepUse
    from txojobs.records import JsonValue, Record, RecordStream
    from txojobs.steps.base import Step
    from txojobs.workspace import Workspace

BATCH_SIZE = 1000


@dataclass(slots=True, kw_only=True)
class RunState:
    """One run. `deadline` is on `clock`, which is monotonic."""

    job: Job
    workspace: Workspace
    config: dict[str, Any]
    params: dict[str, object]
    run_id: str
    now: datetime
    local_now: datetime
    results: dict[str, StepResult]
    services: Services
    watermarks: Watermarks
    outputs: RunOutputs
    listener: Listener
    log: logging.Logger
    cancel: threading.Event
    clock: Callable[[], float]
    deadline: float
    limit: int | None
    reads_all: bool
    spool_dir: Path
    about: Callable[[StepUse], list[tuple[str, JsonValue]]]
    """What is known of the run and of what a step reads, for people; see engine/about.py."""
    failed_step: str | None = None
    warnings: list[str] = field(default_factory=list)

    def start_over(self) -> None:
        """Forget what the steps have done so far: their counts, notes and outputs."""
        for result in self.results.values():
            result.start_over()
        self.outputs.start_over()
        self.failed_step = None

    def scope(self) -> Scope:
        """Return the values that `${{ }}` sees now; counts of steps that have finished among them."""
        counts = {use.id: self.results[use.key].records for use in self.job.steps if use.id}
        return Scope(
            params=self.params,
            config=self.config,
            run=run_facts(self.run_id, self.local_now),
            counts=counts,
        )

    def in_order(self) -> list[StepUse]:
        """Return the steps so that each stands after those it needs."""
        order: dict[str, StepUse] = {}

        def visit(use: StepUse) -> None:
            for key in needs(use):
                found = next((each for each in self.job.steps if key in (each.key, each.id)), None)
                if found is not None and found.key not in order:
                    visit(found)
            order.setdefault(use.key, use)

        for use in self.job.steps:
            visit(use)
        return list(order.values())

    def api_of(self, use: StepUse) -> str:
        """Return the name of the service that a step asks."""
        return bind_text(str, use.api, self.scope()) if use.api is not None else self.job.api or "default"

    def client(self, use: StepUse) -> Any:
        """Return the client of a step; an api that is not configured is marked where the job names it."""
        try:
            return self.services.recorded(self.api_of(use), step=use.key)
        except MissingKeyError as err:
            err.where = err.where or (use.api.where if use.api is not None else self.job.api_where)
            raise

    def tell_changed_names(self, step: Step) -> None:
        """Warn of each value that could not stand in the name of a file as it is."""
        for name in kinds_in(step, FileName):
            for value, part in name.changed():
                self.warn(
                    f"the file name {name.text} has {part!r} for {value!r}, which cannot stand in one as it is"
                )

    def warn(self, sentence: str) -> None:
        """Add a sentence to the warnings of the run; what is told twice is said once."""
        if sentence not in self.warnings:
            self.warnings.append(sentence)

    def check_cancelled(self) -> None:
        """Raise RunCancelledError when the run was asked to stop."""
        if self.cancel.is_set():
            raise RunCancelledError("the run was interrupted")

    @contextlib.contextmanager
    def tagged(self, use: StepUse) -> Iterator[None]:
        """Note in which step an error arose, and put id and mark of the step on one that carries none yet."""
        try:
            yield
        except BaseException as err:
            result = self.results[use.key]
            if self.failed_step is None:
                self.failed_step = use.key
                if result.state != "left-out":
                    stopped = isinstance(err, KeyboardInterrupt | RunCancelledError)
                    result.state = "stopped" if stopped else "failed"
                    self.listener.step_finished(result)
            if isinstance(err, TxoBaseError) and err.step is None:
                err.step = use.key
                err.where = err.where if err.where is not None and err.where.line else use.where
            raise

    def context(
        self,
        use: StepUse,
        *,
        outputs: Outputs,
        read: Callable[[str], RecordStream],
        reject: Callable[[Record, int, TxoBaseError], None],
        deadline: Callable[[], float],
    ) -> RunContext:
        """Return what one step may touch."""
        result = self.results[use.key]
        api = self.api_of(use)

        def lack(what: str) -> None:
            result.lacks.append(what)
            self.log.error("step %s goes on without a part: %s", use.key, what)

        return RunContext(
            workspace=self.workspace,
            config=self.config,
            rest=lambda: self.client(use),
            outputs=outputs,
            read=lambda name: read(next(each.key for each in self.job.steps if each.id == name)),
            spool=lambda: Spool(self.spool_dir),
            reject=reject,
            note=result.notes.__setitem__,
            lack=lack,
            progress=result.expects,
            described=use.described,
            warn=self.warn,
            watermark=self.watermarks.asked_by(use, api=api, address=base_url(self.config, api)),
            log=self.log,
            cancel=self.cancel,
            deadline=deadline,
            now=self.now,
            batch_size=BATCH_SIZE,
            limit=self.limit,
            reads_all=self.reads_all,
            facts=lambda: self.about(use),
        )
