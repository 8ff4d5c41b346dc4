"""Run a job: configuration, params, lock and log, then the run itself; the answer is a report."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import tempfile
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from txojobs.engine.events import Listener
from txojobs.engine.old_logs import days_to_keep, remove_old_logs
from txojobs.engine.report import RunReport, StepResult, title_of
from txojobs.engine.request import RunRequest
from txojobs.engine.resume import earlier_run, folder_of, must_be_unchanged
from txojobs.errors import ConfigurationError, FileOperationError, RunCancelledError
from txojobs.interrupts import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from txojobs.config import Config
    from txojobs.engine.resume import Earlier
    from txojobs.errors import Problem
    from txojobs.job.model import StepUse
    from txojobs.logs import RunLog

__all__ = ["RunRequest", "execute"]


def execute(request: RunRequest, listener: Listener | None = None) -> RunReport:
    """Run the job and return its report; an error that arose on the way is in it, and nothing was published.

    Raises:
        ConfigurationError, InvalidJobError, ValidationError: found before anything was requested.
        JobLockedError: another run of the same job, organisation and environment goes on.
        FileOperationError: the lock cannot be taken.
        RunCancelledError: `cancel` was set while waiting for the lock.
    """
    from txojobs.config import load_config  # noqa: PLC0415  # jsonschema and json: only for a run

    request, earlier = _asked(request)
    now = datetime.now(timezone.utc) if earlier is None else earlier.started
    local_now = now.astimezone(_zone(request.job.timezone))
    config = load_config(request.workspace, request.org, request.env, environ=request.environ)
    days = days_to_keep(request.environ)
    run_id = None if earlier is None else earlier.run_id
    report = _report(request, config, now=now, local_now=local_now, run_id=run_id)
    if earlier is not None:
        must_be_unchanged(earlier, report, config, request=request)
        report.resumed = True
    listener = listener or Listener()
    with _locked(request, report, listener):
        if earlier is not None:
            _asked(request, expected=earlier)  # another run may have ended while this one waited for the lock
        try:
            log = _open_log(request, report, days=days)
        except FileOperationError as err:
            report.error = err
            return report
        _go(request, report, log, config=config, local_now=local_now, listener=listener)
    return report


def _go(
    request: RunRequest,
    report: RunReport,
    log: RunLog,
    *,
    config: Config,
    local_now: datetime,
    listener: Listener,
) -> None:
    from txojobs.engine.running import Run  # noqa: PLC0415  # steps and files: only when all else is right

    folder = None if request.dry_run else folder_of(request, request.identity)
    try:
        with log:
            run = Run(
                request, report, config=config, local_now=local_now, listener=listener, log=log, resume=folder
            )
            run.go()
    finally:
        if request.dry_run:  # it writes nothing, no log either
            shutil.rmtree(log.path.parent, ignore_errors=True)


def _asked(request: RunRequest, *, expected: Earlier | None = None) -> tuple[RunRequest, Earlier | None]:
    """Return what is to be run, with params and limits of the run that is to go on.

    Raises:
        ConfigurationError: there is no such run, or another than `expected`.
    """
    if not request.resume:
        return request, None
    earlier = earlier_run(folder_of(request, request.identity), request)
    if expected is not None and earlier.run_id != expected.run_id:
        raise ConfigurationError(
            "meanwhile another run of this job has begun and ended",
            how_to_fix="look at its report, then decide",
        )
    output = request.output or (None if earlier.output is None else Path(earlier.output))
    return replace(
        request, params=earlier.given, limit=earlier.limit, full=earlier.full, output=output
    ), earlier


def _report(
    request: RunRequest, config: Config, *, now: datetime, local_now: datetime, run_id: str | None
) -> RunReport:
    from txojobs.job.params import param_values  # noqa: PLC0415  # only for a run
    from txojobs.job.scope import Scope, run_facts  # noqa: PLC0415
    from txojobs.redact import Redactor  # noqa: PLC0415

    redactor = Redactor()
    for secret in config.secret_values():
        redactor.add(secret)
    run_id = run_id or f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
    scope = Scope(params={}, config=config, run=run_facts(run_id, local_now), counts={})
    return RunReport(
        run_id=run_id,
        job=request.job.name,
        org=request.org,
        env=request.env,
        started=now,
        params=param_values(request.job, request.params, environ=request.environ, scope=scope),
        steps=[_result(use) for use in request.job.steps],
        warnings=[_told(problem) for problem in config.warnings],
        dry_run=request.dry_run,
        limit=request.limit,
        redactor=redactor,
    )


def _told(problem: Problem) -> str:
    """Return a problem of the configuration that does not keep the run from starting, on one line."""
    where = f"{problem.where.file}: " if problem.where else ""
    return f"{where}{problem.message}" + (f"; {problem.fix}" if problem.fix else "")


def _zone(name: str) -> Any:
    if name == "UTC":
        return timezone.utc
    from zoneinfo import ZoneInfo  # noqa: PLC0415  # few jobs name one

    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError) as err:
        raise ConfigurationError(
            f"this system has no data for the time zone {name!r}",
            how_to_fix="install the package tzdata into the Python that runs txojobs, or use `timezone: UTC`",
            example="pip install tzdata",
        ) from err


def _result(use: StepUse) -> StepResult:
    """Return the result of a step that has not run; a title with `${{ }}` is known when the step is bound."""
    entries: Any = getattr(use.options, "entries", {})
    nodes = [use.options, *(entries[name].value for name in ("entity", "url", "file") if name in entries)]
    known = not any("${{" in getattr(node, "text", "") for node in nodes)
    return StepResult(
        key=use.key, verb=use.verb, title=title_of(use.sample) if known else "", where=str(use.where)
    )


@contextlib.contextmanager
def _locked(request: RunRequest, report: RunReport, listener: Listener) -> Iterator[None]:
    """Hold the lock of the job, organisation and environment (P7); a dry run needs none."""
    if request.dry_run:
        yield
        return
    from txojobs.state.lock import run_lock  # noqa: PLC0415

    told = False

    def sleep(seconds: float) -> None:
        nonlocal told
        if not told:
            told = True
            listener.waiting("another run of this job goes on; waiting until it has ended")
        wait_for(seconds, (request.cancel,))
        if request.cancel.is_set():
            raise RunCancelledError("interrupted while waiting for the other run")

    with run_lock(
        request.workspace.state_dir / "locks",
        f"{request.identity}.{request.org}.{request.env}",
        owner=request.command,
        to_wait=None if request.to_wait is None else report.clean(request.to_wait),
        wait=request.wait,
        sleep=sleep,
    ):
        yield


def _open_log(request: RunRequest, report: RunReport, *, days: int) -> RunLog:
    """Open a log of this run alone, since one minute may see several; remove those older than `days`.

    Raises:
        FileOperationError: logs/ cannot be made or written.
    """
    from txojobs.files.names import numbered  # noqa: PLC0415
    from txojobs.files.os_errors import explained  # noqa: PLC0415
    from txojobs.logs import start_logging  # noqa: PLC0415  # logging: only for a run

    def started(path: Path) -> RunLog:
        return start_logging(path, redactor=report.redactor, console=request.console, traffic=request.debug)

    if request.dry_run:
        return started(Path(tempfile.mkdtemp()) / "log")
    folder = request.workspace.root / "logs"
    name = f"{request.org}-{request.env}-{request.identity}_{report.started:%Y-%m-%dT%H%MZ}.log"
    with explained(folder, doing="write into"):
        path = _claimed(request.workspace.folder("logs") / name, numbered)
    remove_old_logs(folder, now=report.started, days=days)
    log = started(path)
    report.log = path
    return log


def _claimed(path: Path, numbered: Callable[[Path, int], Path]) -> Path:
    """Make the first file of these names that is free, also when another run looks for one at the same time."""
    number = 1
    while True:
        found = numbered(path, number)
        with contextlib.suppress(FileExistsError):
            if not found.with_suffix(".json").exists():
                found.touch(mode=0o600, exist_ok=False)
                return found
        number += 1
