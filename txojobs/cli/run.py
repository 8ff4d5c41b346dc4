"""`txojobs run JOB ORG ENV`."""

from __future__ import annotations

import contextlib
import gc
import json
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from txojobs.cli.console import Console, stderr, stdout
from txojobs.cli.exit_codes import Terminated, run_code
from txojobs.cli.finding import find_job, shown
from txojobs.cli.main import source_lines, workspace_of
from txojobs.cli.render import show_error, show_problem

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


class RunCommand(click.Command):
    """A command whose help also lists the params of the job that is named."""

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help, then the job's params."""
        super().format_help_text(ctx, formatter)
        word = next((each for each in sys.argv[2:] if not each.startswith("-")), None)
        if word is None or word == "run":
            return
        job = _load(workspace_of(ctx), word)
        rows = []
        for param in job.params.values():
            default = "required" if param.required else f"default {getattr(param.default, 'text', '')}"
            facts = [param.type, default, *([f"from {param.env}"] if param.env else [])]
            rows.append((f"-p {param.name}=...", f"{param.description} ({', '.join(facts)})".strip()))
        with formatter.section(f"Params of {job.name}"):
            formatter.write_dl(rows or [("(none)", "")])


@click.command(
    cls=RunCommand,
    epilog=EXAMPLE,
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
)
@click.argument("job", metavar="JOB")
@click.argument("org", required=False)
@click.argument("env", required=False)
@click.option("-p", "--param", "pairs", multiple=True, metavar="NAME=VALUE", help="A param of the job.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most N records of each source.")
@click.option(
    "--dry-run", is_flag=True, help="Check everything, read one page of each source, write nothing."
)
@click.option(
    "--output", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="Write there."
)
@click.option("--debug", is_flag=True, help="Show the log on the screen, too.")
@click.option("--quiet", "-q", is_flag=True, help="Show nothing but errors.")
@click.option("--json", "as_json", is_flag=True, help="Print the run report as JSON on standard output.")
@click.option("--wait", is_flag=True, help="Wait for another run of the same job instead of giving up.")
@click.pass_context
def run(ctx: click.Context, /, job: str, org: str | None, env: str | None, **options: Any) -> int:
    """Run a job for an organisation and environment.

    JOB is the name of a job in jobs/, or a path. Its params are given with -p NAME=VALUE, or as --NAME VALUE.
    """
    from txojobs.engine.run import RunRequest, execute  # noqa: PLC0415

    gc.enable()  # it rests while a command starts
    workspace = workspace_of(ctx)
    loaded = _load(workspace, job)
    org, env, extra = _places(ctx, org, env)
    params = {**_extra_params(ctx, loaded, extra), **_pairs(ctx, options["pairs"])}
    screen = stderr() if options["as_json"] else stdout()
    cancel = threading.Event()
    request = RunRequest(
        job=loaded,
        workspace=workspace,
        org=org,
        env=env,
        params=params,
        limit=options["limit"],
        dry_run=options["dry_run"],
        output=options["output"],
        wait=options["wait"],
        cancel=cancel,
        console=sys.stderr if options["debug"] else None,
        command=f"txojobs run {loaded.name} {org} {env}",
    )
    with _signals(cancel), _shown(screen, quiet=options["quiet"]) as listener:
        report = execute(request, listener)
    if options["as_json"]:
        click.echo(json.dumps(_clean_report(report, workspace), indent=2, ensure_ascii=False, default=str))
    if not options["quiet"] or report.error is not None:
        _summary(screen if report.error is None else stderr(), report, workspace, loaded)
    return run_code(report.outcome, report.error)


def _load(workspace: Workspace, word: str) -> Job:
    """Return the job, or raise with every problem of it."""
    from txojobs.errors import InvalidJobError  # noqa: PLC0415
    from txojobs.job.load import load_job  # noqa: PLC0415

    path = find_job(workspace, word)
    loaded = load_job(path, shown_as=shown(path, workspace))
    if loaded.job is None:
        raise InvalidJobError(f"{word} is not valid", loaded.problems)
    for problem in loaded.problems:
        show_problem(stderr(), problem, source_lines(problem.where.file) if problem.where else ())
    return loaded.job


def _places(ctx: click.Context, org: str | None, env: str | None) -> tuple[str, str, list[str]]:
    """Return org, env and what is left of the arguments: `--name value` of a job's param among them."""
    words = [word for word in (org, env) if word is not None] + list(ctx.args)
    places: list[str] = []
    extra: list[str] = []
    for word in words:
        is_value = bool(extra) and extra[-1].startswith("--") and "=" not in extra[-1]
        if word.startswith("-") or is_value:
            extra.append(word)
        else:
            places.append(word)
    if len(places) < 2:  # noqa: PLR2004  # the two
        missing = "ORG and ENV" if not places else "ENV"
        raise click.UsageError(f"say for which {missing}: txojobs run JOB ORG ENV, like `acme prod`", ctx)
    if len(places) > 2:  # noqa: PLR2004  # the two
        raise click.UsageError(
            f"{places[2]!r} is one argument too many; params are given with -p NAME=VALUE", ctx
        )
    return places[0], places[1], extra


def _extra_params(ctx: click.Context, job: Job, extra: list[str]) -> dict[str, str]:
    """Return params given as `--name value` or `--name=value`; an unknown option is a usage error."""
    from txojobs.suggest import nearest  # noqa: PLC0415

    params: dict[str, str] = {}
    words = iter(extra)
    for word in words:
        name, equals, value = word.removeprefix("--").partition("=")
        if not word.startswith("--") or name not in job.params:
            known = [f"--{each}" for each in job.params] + [
                each for o in ctx.command.params for each in o.opts
            ]
            hint = nearest(word.split("=")[0], known) or f"see txojobs run {job.name} --help"
            raise click.UsageError(f"there is no option {word.split('=')[0]}: {hint}", ctx)
        if not equals:
            value = next(words, "")
            if value == "":
                raise click.UsageError(f"{word} needs a value", ctx)
        params[name] = value
    return params


def _pairs(ctx: click.Context, pairs: tuple[str, ...]) -> dict[str, str]:
    params = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise click.UsageError(f"-p takes NAME=VALUE, not {pair!r}", ctx)
        params[name.strip()] = value
    return params


@contextlib.contextmanager
def _signals(cancel: threading.Event) -> Iterator[None]:
    """End in good order at the first Ctrl-C or SIGTERM, and at once at the second."""
    asked: list[int] = []

    def stop(number: int, frame: object) -> None:
        del frame
        cancel.set()
        if asked:
            os._exit(128 + number)
        asked.append(number)
        raise Terminated if number == signal.SIGTERM else KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _shown(screen: Console, *, quiet: bool) -> Iterator[Any]:
    """Yield the listener that suits the screen, fed with what the client waits for."""
    from txojobs.cli.progress import LiveProgress, PlainProgress, WaitWatch  # noqa: PLC0415
    from txojobs.engine.events import Listener  # noqa: PLC0415

    if quiet:
        yield Listener()
        return
    listener = (
        LiveProgress(screen) if screen.is_terminal and not os.environ.get("CI") else PlainProgress(screen)
    )
    watch = WaitWatch(listener.waiting)
    log = logging.getLogger("txojobs.rest")
    log.addHandler(watch)
    try:
        yield listener
    finally:
        log.removeHandler(watch)


def _summary(console: Console, report: RunReport, workspace: Workspace, job: Job) -> None:
    console.line()
    for warning in report.warnings:
        console.line(f"{console.styled('warning', 'yellow')}: {warning}")
    if report.error is not None:
        _failure(console, report, workspace, job)
        return
    for name in report.would_write:
        console.line(f"would write {shown(Path(name), workspace)}")
    for path in report.outputs:
        console.line(shown(path, workspace))
    ending = {"partial": "finished in part"}.get(report.outcome, "done")
    console.line(f"{ending} in {report.seconds:.1f} s")


def _failure(console: Console, report: RunReport, workspace: Workspace, job: Job) -> None:
    error = report.error
    if isinstance(error, KeyboardInterrupt):
        console.line("interrupted")
    elif error is not None:
        show_error(console, _speaking(error), source=source_lines)
    console.line()
    console.line("Nothing was written.")
    for path in report.previous:
        console.line(f"The last good file is {shown(path, workspace)}")
    if report.log is not None:
        console.line(f"Details: {shown(report.log, workspace)}")
    del job


def _speaking(error: BaseException) -> BaseException:
    """Return the error as a person should see it: a bug of ours says that it is one."""
    from txojobs.errors import TxoBaseError  # noqa: PLC0415

    if isinstance(error, TxoBaseError):
        return error
    return TxoBaseError(
        f"txojobs has a bug: {type(error).__name__}",
        how_to_fix="please report it with the log file named below",
    )


def _clean_report(report: RunReport, workspace: Workspace) -> Any:
    """Return the report as it stands under logs/, where secrets are hidden; a dry run keeps none."""
    if report.log is not None:
        path = report.log.with_suffix(".json")
        with contextlib.suppress(OSError, ValueError):
            kept = json.loads(path.read_text(encoding="utf-8"))
            if kept.get("run-id") == report.run_id:
                return kept
    del workspace
    return report.as_json()
