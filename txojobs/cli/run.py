"""`txojobs run JOB ORG ENV`."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import sys
import threading
from typing import TYPE_CHECKING, Any

import click

from txojobs.cli.arguments import Folder, RunCommand, at_least_one, places_of, values_of
from txojobs.cli.complete import environments, jobs, organisations
from txojobs.cli.complete import params as job_params
from txojobs.cli.console import Console, stderr, stdout
from txojobs.cli.exit_codes import run_code
from txojobs.cli.loading import load_valid_job
from txojobs.cli.main import source_lines, workspace_of
from txojobs.cli.signals import Signals
from txojobs.cli.summary import print_json, print_refusal, show_summary
from txojobs.cli.typed import as_typed, typed, with_options
from txojobs.errors import RunCancelledError, TxoBaseError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from txojobs.engine.report import RunReport
    from txojobs.job.model import Job
    from txojobs.workspace import Workspace

EXAMPLE = """\b
Examples:
  txojobs run export-customers demo test
  txojobs run export-customers acme prod -p country=NO --limit 10
  txojobs run export-customers acme prod --dry-run
"""


@click.command(
    cls=RunCommand,
    epilog=EXAMPLE,
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
)
@click.argument("job", metavar="JOB", shell_complete=jobs)
@click.argument("org", required=False, shell_complete=organisations)
@click.argument("env", required=False, shell_complete=environments)
@click.option(
    "-p",
    "--param",
    "pairs",
    multiple=True,
    metavar="NAME=VALUE",
    shell_complete=job_params,
    help="A param of the job.",
)
@click.option("--limit", type=at_least_one, metavar="N", help="At most N records of each source.")
@click.option(
    "--full", is_flag=True, help="Let incremental steps read all, not what changed since the last run."
)
@click.option(
    "--dry-run", is_flag=True, help="Check everything, read one page of each source, write nothing."
)
@click.option("--output", type=Folder(), metavar="DIR", help="Write there.")
@click.option("--debug", is_flag=True, help="Show the log on the screen, with each request and answer.")
@click.option("--quiet", "-q", is_flag=True, help="Show nothing but errors.")
@click.option("--json", "as_json", is_flag=True, help="Print the run report as JSON on standard output.")
@click.option("--wait", is_flag=True, help="Wait for another run of the same job instead of giving up.")
@click.option(
    "--resume", is_flag=True, help="Go on with the last run that was not finished: same params, same clock."
)
@click.pass_context
def run(ctx: click.Context, /, job: str, org: str | None, env: str | None, **options: Any) -> int:
    """Run a job for an organisation and environment.

    JOB is the name of a job in jobs/, or a path. Its params are given with -p NAME=VALUE, or as --NAME VALUE.
    """
    gc.enable()  # it rests while a command starts
    screen = stderr() if options["as_json"] else stdout(goes_on=True)
    cancel = threading.Event()
    with Signals(cancel, farewell=screen.restore) as signals:
        try:
            workspace, loaded, places, params = _arguments(ctx, job, org, env, options)
            words = typed(ctx, "run", job, places)
            again = with_options(words, params, options)
            with _shown(screen, options) as listener:
                report = _execute(
                    signals,
                    cancel,
                    listener,
                    workspace,
                    again=again,
                    command=words,
                    job=loaded,
                    places=places,
                    params=params,
                    options=options,
                )
        except (TxoBaseError, KeyboardInterrupt, click.UsageError) as err:
            if options["as_json"]:
                print_refusal(err, job=job)
            if isinstance(err, RunCancelledError) and signals.number is not None:
                err.signal_number = signals.number
            raise
        if options["as_json"]:
            print_json(report.as_json())
        if not options["quiet"] or report.error is not None:
            _summarise(screen, report, workspace, again=again, words=words)
        if screen.failure is not None and report.error is None and not options["as_json"]:
            raise screen.failure
        return run_code(report.outcome, report.error, signal_number=signals.number, begun=report.begun)


def _summarise(
    screen: Console, report: RunReport, workspace: Workspace, *, again: list[str], words: list[str]
) -> None:
    """Show how the run ended, a failure on standard error."""
    console = screen if report.error is None else stderr()
    going_on = as_typed([*words, "--resume"]) if report.can_resume else None
    show_summary(console, report, workspace, source=source_lines, again=as_typed(again), going_on=going_on)


def _arguments(
    ctx: click.Context, job: str, org: str | None, env: str | None, options: dict[str, Any]
) -> tuple[Workspace, Job, tuple[str, str], dict[str, str]]:
    workspace: Workspace = workspace_of(ctx)
    loaded = load_valid_job(workspace, job, quiet=options["quiet"])
    *places, extra = places_of(ctx, org, env)
    params = values_of(ctx, loaded, extra, options["pairs"])
    if options["full"] and not any(getattr(use.sample, "incremental", None) for use in loaded.steps):
        raise click.UsageError(
            f"--full: no step of {loaded.name} is incremental, so it reads all anyway", ctx
        )
    return workspace, loaded, (places[0], places[1]), params


def _execute(
    signals: Signals,
    cancel: threading.Event,
    listener: Any,
    workspace: Workspace,
    *,
    again: list[str],
    command: list[str],
    job: Job,
    places: tuple[str, str],
    params: dict[str, str],
    options: dict[str, Any],
) -> RunReport:
    from txojobs.engine.run import RunRequest, execute  # noqa: PLC0415  # only when everything is understood

    org, env = places
    going_on = ["--resume"] if options["resume"] else []
    request = RunRequest(
        job=job,
        workspace=workspace,
        org=org,
        env=env,
        params=params,
        limit=options["limit"],
        dry_run=options["dry_run"],
        full=options["full"],
        output=options["output"],
        wait=options["wait"],
        resume=options["resume"],
        cancel=cancel,
        shield=signals.shield,
        console=sys.stderr if options["debug"] else None,
        debug=options["debug"],
        command=as_typed(command),
        to_wait=as_typed([*again, *going_on, "--wait"]),
    )
    return execute(request, listener)


@contextlib.contextmanager
def _shown(screen: Console, options: dict[str, Any]) -> Iterator[Any]:
    """Yield the listener that suits the screen, fed with what the client waits for."""
    from txojobs.cli.progress import LiveProgress, PlainProgress, WaitWatch  # noqa: PLC0415
    from txojobs.engine.events import Listener  # noqa: PLC0415

    if options["quiet"]:
        yield Listener()
        return
    live = screen.is_live and not os.environ.get("CI") and not options["debug"]
    listener = LiveProgress(screen) if live else PlainProgress(screen)
    watch = WaitWatch(listener.waiting)
    log = logging.getLogger("txojobs.rest")
    log.addHandler(watch)
    try:
        yield listener
    finally:
        log.removeHandler(watch)
        listener.stop()
