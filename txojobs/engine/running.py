"""One run, from the held lock to the report: recover, pull, publish, clean up.

Nothing appears under a final name unless all went well, and whatever goes wrong ends in the report.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from txojobs.engine.about import about_run
from txojobs.engine.caveats import caveats
from txojobs.engine.chain import Chain
from txojobs.engine.kept_answers import KeptAnswers
from txojobs.engine.last_good import last_good_files
from txojobs.engine.outputs import RunOutputs
from txojobs.engine.report import document
from txojobs.engine.services import Services
from txojobs.engine.state import RunState
from txojobs.engine.unsaved import unsaved
from txojobs.engine.watermarks import Watermarks
from txojobs.errors import FileOperationError, IncompleteReadError, RunCancelledError, TxoBaseError
from txojobs.files.os_errors import as_explained

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from txojobs.config import Config
    from txojobs.engine.events import Listener
    from txojobs.engine.report import RunReport
    from txojobs.engine.request import RunRequest
    from txojobs.job.model import StepUse
    from txojobs.logs import RunLog

RUN_TIMEOUT_S = 24 * 3600.0
DRY_RUN_ROWS = 100
"""Records that a dry run reads of each source, at most: one page."""


class Run:
    """One run. Used by one thread."""

    def __init__(
        self,
        request: RunRequest,
        report: RunReport,
        *,
        config: Config,
        local_now: datetime,
        listener: Listener,
        log: RunLog,
        resume: Path | None = None,
    ) -> None:
        self.request = request
        self.report = report
        self.listener = listener
        self.run_log = log
        self.log = log.logger
        self.begun = self.request.clock()
        self.failed: set[str] = set()
        self.read_again = False
        self.answers = KeptAnswers(request, report, resume)
        self._config = config
        self.state = self._state(config, local_now)
        self.chain = Chain(self.state)

    def _state(self, config: Config, local_now: datetime) -> RunState:
        request, report = self.request, self.report
        return RunState(
            job=request.job,
            workspace=request.workspace,
            config=config,
            params=report.params,
            run_id=report.run_id,
            now=report.started,
            local_now=local_now,
            results={result.key: result for result in report.steps},
            services=Services(
                config,
                redactor=report.redactor,
                cancel=request.cancel,
                state_dir=request.workspace.state_dir,
            ),
            watermarks=Watermarks(request, params=report.params, run_id=report.run_id, now=report.started),
            outputs=RunOutputs(
                request.workspace,
                org=request.org,
                env=request.env,
                now=report.started,
                run_id=report.run_id,
                folder=request.output,
                limit=request.limit,
                dry_run=request.dry_run,
            ),
            listener=self.listener,
            log=self.log,
            cancel=request.cancel,
            clock=request.clock,
            deadline=self.begun + RUN_TIMEOUT_S,
            limit=min(request.limit or DRY_RUN_ROWS, DRY_RUN_ROWS) if request.dry_run else request.limit,
            reads_all=request.limit is None,
            spool_dir=request.workspace.state_dir / "spools",
            about=lambda use: about_run(report, request.job, use),
        )

    def go(self) -> None:
        """Run, and put whatever went wrong into the report."""
        report = self.report
        self.log.info("run %s of %s for %s-%s begins", report.run_id, report.job, report.org, report.env)
        try:
            if not self._roll_forward():
                self.listener.run_started(report)
                self._pull()
                with self.request.shield():
                    self.state.check_cancelled()
                    self._publish()
        except BaseException as err:  # noqa: BLE001  # the report holds it; whoever called decides about it
            with self.request.shield():
                self._fail(err)
        with self.request.shield():
            self._finish()

    def _roll_forward(self) -> bool:
        """Finish what crashed runs had already decided to publish; True when this is all that was left to do.

        It is when the run that should go on had come as far as that. A dry run only tells what is left.
        """
        from txojobs.files.recovery import recover  # noqa: PLC0415
        from txojobs.files.unfinished import UNFINISHED, interrupted  # noqa: PLC0415

        journal = self.state.workspace.state_dir / "publish"
        if self.request.dry_run:
            self.report.warnings += [UNFINISHED.format(path) for path in interrupted(journal)]
            return False
        finished = recover(journal)
        own = self.answers.published()
        for path in finished:
            if path not in own:
                self.report.warnings.append(
                    f"{path} was finished: an earlier run was stopped while publishing it"
                )
        if not own:
            return False
        self.report.outputs, self.report.outcome = own, "done"
        self.report.warnings.append("all had been read; only publishing was left to do")
        return True

    def _pull(self) -> None:
        """Pull every stream to its end; once more from the beginning when a source was not read whole and once."""
        try:
            self._pull_once()
        except IncompleteReadError as err:
            if self.request.cancel.is_set():
                raise
            self._start_over(err)
            self._pull_once()

    def _start_over(self, err: IncompleteReadError) -> None:
        """Let go of all that was read and written so far; nothing of it has been published."""
        self.log.warning("reading once more from the beginning: %s", err, exc_info=err)
        self.listener.waiting(f"reading once more from the beginning: {self.report.clean(str(err))}")
        self.report.warnings.append(f"all was read twice, because the first time {err}")
        self.read_again = True
        self.chain.abandon()
        self.state.services.start_over()
        self.state.start_over()
        self.failed.clear()
        self.chain = Chain(self.state)

    def _pull_once(self) -> None:
        self._settle()
        self.chain.bind_all()
        for use in self.state.job.steps:
            self._go_on(use, self.chain.prepare)
        self.answers.keep(self.state.services, self._config)
        self.report.begun = True
        for use in self.chain.ends():
            self._go_on(use, self.chain.drain)
        self.chain.close()
        self.chain.taking_part.leave_out_the_unread()

    def _settle(self) -> None:
        """Decide which steps take part; one whose `if` fails may be gone on without."""
        while True:
            try:
                self.chain.taking_part.settle()
            except TxoBaseError as err:
                self._go_on_without(err)
            else:
                return

    def _go_on(self, use: StepUse, work: Callable[[StepUse], None]) -> None:
        """Do some work of a step, unless it was given up; it may be gone on without when that fails."""
        if use.key in self.failed:
            return
        try:
            work(use)
        except TxoBaseError as err:
            self._go_on_without(err)

    def _go_on_without(self, err: TxoBaseError) -> None:
        """Note a failed step whose `on-error` is continue, and all that depends on it; raise for another."""
        key = self.state.failed_step
        job = self.state.job
        if isinstance(err, IncompleteReadError) and not self.read_again:
            raise err  # it is tried once more before anything is given up
        if key is None or job.step(key).on_error != "continue" or self.request.cancel.is_set():
            raise err
        self.log.error("step %s failed, and the run goes on without it: %s", key, err, exc_info=err)
        self.report.warnings.append(f"step {key} failed, and the run went on without it: {err}")
        self.state.failed_step = None
        waiting = [key]
        while waiting:
            each = waiting.pop()
            if each not in self.failed:
                self.failed.add(each)
                waiting += [use.key for use in job.steps if each in (*use.reads, *use.refs, *use.waits_for)]
        for each in self.failed:
            if self.state.results[each].state in ("running", "not-reached"):
                self.state.results[each].state = "failed"

    def _publish(self) -> None:
        lost = [temp for key in self.failed for temp in self.chain.temps.get(key, [])]
        self.state.outputs.discard(lost)
        self.report.would_write = self.state.outputs.planned() if self.request.dry_run else []
        self.report.outputs = self.state.outputs.commit(note=self.answers.note)
        self.report.warnings += caveats(
            self.report, self.state, failed=self.failed, taking_part=self.chain.taking_part
        )
        in_part = any(result.rejected or result.lacks for result in self.report.steps)
        kept = self._move_watermarks()
        self.report.outcome = "partial" if self.failed or in_part or not kept else "done"

    def _move_watermarks(self) -> bool:
        """Let the next run go on behind what this one has read and published; False when that cannot be kept."""

        def stays(key: str) -> str | None:
            trial = "--dry-run" if self.request.dry_run else "--limit" if self.request.limit else None
            return trial or unsaved(self.state, key, failed=self.failed)

        self.report.warnings += self.state.watermarks.warnings(self.state.results)
        try:
            self.report.warnings += self.state.watermarks.move(self.state.results, stays=stays)
        except FileOperationError as err:
            self.report.warnings.append(
                f"the watermark could not be kept, and the next run reads the same records again: {err}"
            )
            return False
        return True

    def _fail(self, err: BaseException) -> None:
        report = self.report
        err = as_explained(err)
        if isinstance(err, TxoBaseError):
            err.redact(report.clean)  # screens and callers show it as it is
        report.error = err
        stopped = isinstance(err, KeyboardInterrupt | RunCancelledError) or self.request.cancel.is_set()
        report.outcome = "interrupted" if stopped else "failed"
        report.is_kept = self.state.outputs.is_decided
        self.log.error("the run failed: %s", err, exc_info=err)
        report.previous = last_good_files(self.request, report.steps, folder=self.state.outputs.folder)

    def _finish(self) -> None:
        """Let go of everything, and keep the report; one part that fails keeps none of the others."""
        with contextlib.ExitStack() as stack:
            stack.callback(self._tell)
            stack.callback(self.answers.let_go)
            stack.callback(self.state.services.close)
            stack.callback(self.state.outputs.abandon)
            stack.callback(self.chain.abandon)
            self.report.traffic = self.state.services.traffic()
            self.report.answers_found = self.state.services.found()

    def _tell(self) -> None:
        report = self.report
        for result in report.steps:
            if result.state == "running":
                result.state = "stopped"
                self.listener.step_finished(result)
        report.warnings = [report.clean(warning) for warning in (*report.warnings, *self.state.warnings)]
        report.seconds = self.request.clock() - self.begun
        self.log.info("the run ends: %s", report.outcome)
        failure = self.run_log.failure
        if failure is not None:
            report.warnings.append(f"the log is not complete: {failure.strerror or failure}")
        if not self.request.dry_run:
            self._keep_report()
        self.listener.run_finished(report)

    def _keep_report(self) -> None:
        assert self.report.log is not None  # noqa: S101  # set with the log
        path = self.report.log.with_suffix(".json")
        try:
            path.write_bytes(document(self.report.as_json()) + b"\n")
        except OSError as err:
            self.report.warnings.append(f"the report could not be kept under logs/: {err.strerror}")
