"""`txojobs state show|set|reset JOB ORG ENV`: from where incremental reads go on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from txojobs.cli.complete import environments, jobs, organisations
from txojobs.cli.console import stdout
from txojobs.cli.loading import load_valid_job
from txojobs.cli.main import workspace_of
from txojobs.cli.render import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from txojobs.engine.kept_watermarks import KeptWatermarks
    from txojobs.state.watermarks import Watermark


@click.group(
    epilog="""\b
Examples:
  txojobs state show changed-customers acme prod
  txojobs state set changed-customers acme prod 2026-01-15T00:00:00Z
  txojobs state reset changed-customers acme prod -p country=NO
"""
)
def state() -> None:
    """Show or change from where the incremental reads of a job go on."""


def _of_job(command: Callable[..., None]) -> Callable[..., None]:
    for argument in (
        click.argument("env", shell_complete=environments),
        click.argument("org", shell_complete=organisations),
        click.argument("job", shell_complete=jobs),
    ):
        command = argument(command)
    return command


def _of_watermark(command: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.option(
            "-p", "--param", "pairs", multiple=True, metavar="NAME=VALUE", help="A param of the runs."
        ),
        click.option("--step", metavar="ID", help="The step, where several are incremental."),
    ):
        command = option(command)
    return command


@state.command(
    epilog="""\b
Examples:
  txojobs state show changed-customers acme prod
  txojobs state show changed-customers acme prod --json
"""
)
@_of_job
@click.option("--json", "in_json", is_flag=True, help="Print it as JSON.")
@click.pass_context
def show(ctx: click.Context, job: str, org: str, env: str, *, in_json: bool) -> None:
    """Show the watermarks of a job, one for each step and set of params."""
    found = _kept(ctx, job, org, env).all()
    if in_json:
        stdout().json(json.dumps([_facts(each) for each in found], indent=2, ensure_ascii=False))
        return
    console = stdout()
    if not found:
        console.line(f"no watermark of {clean(job)} for {clean(f'{org}-{env}')}: the next run reads all")
    for mark in found:
        console.line(f"{clean(_name(mark))}: {clean(mark.by)} {clean(mark.value)}")
        console.line(f"  {clean(f'{mark.run_id}, {mark.set_at}')}")


@state.command(
    name="set",
    epilog="""\b
Examples:
  txojobs state set changed-customers acme prod 2026-01-15T00:00:00Z
  txojobs state set changed-customers acme prod 2026-01-15 --step customers -p country=NO
""",
)
@_of_job
@click.argument("value")
@_of_watermark
@click.pass_context
def set_(
    ctx: click.Context, job: str, org: str, env: str, *, value: str, step: str | None, pairs: tuple[str, ...]
) -> None:
    """Let the next run read what has changed since VALUE: a moment, a date or a number, as the service writes it.

    It counts for runs with the same params: give those that are not left at their defaults.
    """
    before, new = _kept(ctx, job, org, env).set(value, step=step, params=_params(ctx, pairs))
    was = f", before {before.value}" if before is not None else ""
    stdout().line(clean(f"{_name(new)}: {new.by} {new.value}{was}"))


@state.command(
    epilog="""\b
Examples:
  txojobs state reset changed-customers acme prod
  txojobs state reset changed-customers acme prod --step customers -p country=NO
"""
)
@_of_job
@_of_watermark
@click.pass_context
def reset(
    ctx: click.Context, job: str, org: str, env: str, *, step: str | None, pairs: tuple[str, ...]
) -> None:
    """Forget the watermarks of a job, so that its next run reads all; or only those of a step, or of params."""
    gone = _kept(ctx, job, org, env).reset(step=step, params=_params(ctx, pairs))
    console = stdout()
    if not gone:
        console.line("there is no such watermark; nothing was changed")
    for mark in gone:
        console.line(clean(f"{_name(mark)}: forgotten, it was {mark.value}; the next run reads all"))


def _kept(ctx: click.Context, job: str, org: str, env: str) -> KeptWatermarks:
    from txojobs.engine.kept_watermarks import KeptWatermarks  # noqa: PLC0415  # sqlite3

    workspace: Any = workspace_of(ctx)
    return KeptWatermarks(load_valid_job(workspace, job), workspace, org=org, env=env)


def _params(ctx: click.Context, pairs: Iterable[str]) -> dict[str, str]:
    params: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise click.UsageError(f"-p takes NAME=VALUE, not {pair!r}", ctx)
        params[name.strip()] = value
    return params


def _name(mark: Watermark) -> str:
    """Return what a watermark is of: step, entity set, api where it is named, and params."""
    from txojobs.engine.kept_watermarks import params_of  # noqa: PLC0415

    step, entity, api = mark.key.step, mark.key.entity, mark.key.api
    params = "".join(f" {name}={value}" for name, value in params_of(mark).items())
    place = "" if api == "default" else f" of {api}"
    return f"{f'{step}, ' if step else ''}{entity}{place}{params}"


def _facts(mark: Watermark) -> dict[str, Any]:
    from txojobs.engine.kept_watermarks import params_of  # noqa: PLC0415

    key = mark.key
    return {
        "step": key.step or None,
        "api": key.api,
        "entity": key.entity,
        "params": params_of(mark),
        "by": mark.by,
        "value": mark.value,
        "reading-seconds": mark.reading_s,
        "run-id": mark.run_id,
        "set-at": mark.set_at,
    }
