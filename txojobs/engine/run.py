"""Run a job: lock, recover, bind, pull, publish, report. Nothing appears under a final name unless all went well."""

from __future__ import annotations

import contextlib
import os
import secrets
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from txojobs.engine.events import Listener
from txojobs.engine.report import RunReport, StepResult
from txojobs.errors import RunCancelledError, TxoBaseError

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from typing import TextIO

    from txojobs.engine.chain import Chain
    from txojobs.engine.state import RunState
    from txojobs.job.model import Job
    from txojobs.redact import Redactor
    from txojobs.workspace import Workspace

RUN_TIMEOUT_S = 24 * 3600.0
DRY_RUN_ROWS = 100
"""Records that a dry run reads of each source, at most: one page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """What is to be run, and how. `params` holds texts from a command line, or values."""

    job: Job
    workspace: Workspace
    org: str
    env: str
    params: Mapping[str, object] = field(default_factory=dict)
    limit: int | None = None
    dry_run: bool = False
    output: Path | None = None
    wait: bool = False
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    cancel: threading.Event = field(default_factory=threading.Event)
    console: TextIO | None = None
    """Where log lines from INFO on go, beside the log file; None for nowhere."""
    command: str = "txojobs"


def execute(request: RunRequest, listener: Listener | None = None) -> RunReport:
    """Run the job and return its report; an error that arose on the way is in it, and nothing was published.

    Raises:
        ConfigurationError, InvalidJobError, ValidationError: found before anything was requested.
        JobLockedError: another run of the same job, organisation and environment goes on.
    """
    from txojobs.config import load_config  # noqa: PLC0415  # jsonschema and json: only for a run
    from txojobs.job.params import param_values  # noqa: PLC0415
    from txojobs.job.scope import Scope, run_facts  # noqa: PLC0415
    from txojobs.redact import Redactor  # noqa: PLC0415

    job = request.job
    now = datetime.now(timezone.utc)
    local_now = now.astimezone(_zone(job.timezone))
    run_id = f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
    config = load_config(request.workspace, request.org, request.env, environ=request.environ)
    redactor = Redactor()
    for secret in config.secret_values():
        redactor.add(secret)
    scope = Scope(params={}, config=config, run=run_facts(run_id, local_now), counts={})
    params = param_values(job, request.params, environ=request.environ, scope=scope)
    report = RunReport(
        run_id=run_id,
        job=job.name,
        org=request.org,
        env=request.env,
        started=now,
        params=params,
        steps=[_result(use) for use in job.steps],
        dry_run=request.dry_run,
        limit=request.limit,
    )
    with _locked(request), _logged(request, report, redactor) as log:
        return _Run(
            request,
            report,
            config=config,
            redactor=redactor,
            local_now=local_now,
            listener=listener or Listener(),
            log=log,
        ).go()


def _zone(name: str) -> Any:
    if name == "UTC":
        return timezone.utc
    from zoneinfo import ZoneInfo  # noqa: PLC0415  # few jobs name one

    return ZoneInfo(name)


def _result(use: Any) -> StepResult:
    title = getattr(getattr(use.sample, "entity", None) or getattr(use.sample, "file", None), "text", "")
    title = title if "${{" not in getattr(use.options, "text", "") else ""
    return StepResult(key=use.key, verb=use.verb, title=title, where=str(use.where))


@contextlib.contextmanager
def _locked(request: RunRequest) -> Iterator[None]:
    """Hold the lock of the job, organisation and environment (P7); a dry run needs none."""
    if request.dry_run:
        yield
        return
    from txojobs.state.lock import run_lock  # noqa: PLC0415

    name = f"{request.job.name}.{request.org}.{request.env}"

    def sleep(seconds: float) -> None:
        if request.cancel.wait(seconds):
            raise RunCancelledError("interrupted while waiting for the other run")

    with run_lock(
        request.workspace.state_dir / "locks", name, owner=request.command, wait=request.wait, sleep=sleep
    ):
        yield


@contextlib.contextmanager
def _logged(request: RunRequest, report: RunReport, redactor: Redactor) -> Iterator[logging.Logger]:
    from txojobs.logs import start_logging  # noqa: PLC0415  # logging: only for a run

    stamp = f"{report.started:%Y-%m-%dT%H%MZ}"
    folder = request.workspace.folder("logs")
    path = folder / f"{request.org}-{request.env}-{request.job.name}_{stamp}.log"
    with start_logging(path, redactor=redactor, console=request.console) as run_log:
        report.log = path
        yield run_log.logger


class _Run:
    """One run, once the lock is held."""

    def __init__(
        self,
        request: RunRequest,
        report: RunReport,
        *,
        config: dict[str, Any],
        redactor: Redactor,
        local_now: datetime,
        listener: Listener,
        log: logging.Logger,
    ) -> None:
        self.request = request
        self.report = report
        self.redactor = redactor
        self.listener = listener
        self.log = log
        self.begun = time.monotonic()
        self.failed: set[str] = set()
        self.state = self._state(config, local_now)

    def _state(self, config: dict[str, Any], local_now: datetime) -> RunState:
        from txojobs.engine.outputs import RunOutputs  # noqa: PLC0415
        from txojobs.engine.services import Services  # noqa: PLC0415
        from txojobs.engine.state import RunState  # noqa: PLC0415

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
            services=Services(config, redactor=self.redactor, cancel=request.cancel),
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
            deadline=self.begun + RUN_TIMEOUT_S,
            limit=DRY_RUN_ROWS if request.dry_run else request.limit,
            spool_dir=request.workspace.state_dir / "spools",
        )

    def go(self) -> RunReport:
        """Run, and put whatever went wrong into the report."""
        from txojobs.engine.chain import Chain  # noqa: PLC0415

        self.log.info(
            "run %s of %s for %s-%s begins",
            self.report.run_id,
            self.report.job,
            self.report.org,
            self.report.env,
        )
        chain = Chain(self.state)
        try:
            self._roll_forward()
            self.listener.run_started(self.report)
            self._pull(chain)
            self._publish(chain)
        except BaseException as err:  # noqa: BLE001  # the report holds it; whoever called decides about it
            self._fail(err)
            chain.abandon()
            self.state.outputs.abandon()
        finally:
            self.report.traffic = self.state.services.traffic()
            self.state.services.close()
            chain.abandon()
            self._finish()
        return self.report

    def _roll_forward(self) -> None:
        """Finish what a crashed run had already decided to publish."""
        from txojobs.files.publish import recover  # noqa: PLC0415

        if not self.request.dry_run:
            for path in recover(self.state.workspace.state_dir / "publish"):
                self.report.warnings.append(
                    f"{path} was finished: an earlier run was stopped while publishing it"
                )

    def _pull(self, chain: Chain) -> None:
        chain.settle()
        for use in chain.ends():
            try:
                chain.drain(use)
            except TxoBaseError as err:
                self._go_on_without(err)
        chain.drain_sinks(self.failed)
        chain.close()

    def _go_on_without(self, err: TxoBaseError) -> None:
        """Note a failed step whose `on-error` is continue, and all that depends on it; raise for another."""
        key = self.state.failed_step
        job = self.state.job
        if key is None or job.step(key).on_error != "continue" or isinstance(err, RunCancelledError):
            raise err
        self.log.error("step %s failed, and the run goes on without it: %s", key, err, exc_info=err)
        self.report.warnings.append(f"step {key} failed, and the run went on without it: {err}")
        self.state.failed_step = None
        waiting = [key]
        while waiting:
            each = waiting.pop()
            if each not in self.failed:
                self.failed.add(each)
                waiting += [use.key for use in job.readers(each)]
        for each in self.failed:
            if self.state.results[each].state in ("running", "not-reached"):
                self.state.results[each].state = "failed"

    def _publish(self, chain: Chain) -> None:
        lost = [temp for key in self.failed for temp in chain.temps.get(key, [])]
        self.state.outputs.discard(lost)
        self.report.would_write = self.state.outputs.planned() if self.request.dry_run else []
        self.report.outputs = self.state.outputs.commit()
        rejected = any(result.rejected for result in self.report.steps)
        self.report.outcome = "partial" if self.failed or rejected else "done"

    def _fail(self, err: BaseException) -> None:
        self.report.error = err
        stopped = isinstance(err, KeyboardInterrupt | RunCancelledError)
        self.report.outcome = "interrupted" if stopped else "failed"
        self.log.error("the run failed: %s", err, exc_info=err)
        names = [result.title for result in self.report.steps if result.verb == "save" and result.title]
        found = [self.state.outputs.previous(name) for name in names]
        self.report.previous = [path for path in found if path is not None]

    def _finish(self) -> None:
        report = self.report
        report.warnings += self.state.warnings
        report.seconds = time.monotonic() - self.begun
        self.log.info("the run ends: %s", report.outcome)
        if not self.request.dry_run:
            self._keep_report()
        self.listener.run_finished(report)

    def _keep_report(self) -> None:
        import json  # noqa: PLC0415

        assert self.report.log is not None  # noqa: S101  # set with the log
        path = self.report.log.with_suffix(".json")
        clean = self.redactor.clean_value(self.report.as_json())
        text = json.dumps(clean, indent=2, ensure_ascii=False, default=str)
        try:
            path.write_text(text + "\n", encoding="utf-8", errors="backslashreplace")
        except OSError as err:
            self.report.warnings.append(f"the report could not be kept under logs/: {err.strerror}")
