"""`txojobs show JOB [ORG ENV]`: what a job would do, told before it does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from txojobs.cli.complete import environments, jobs, organisations
from txojobs.cli.complete import params as job_params
from txojobs.cli.console import stdout
from txojobs.cli.loading import load_valid_job
from txojobs.cli.main import workspace_of
from txojobs.cli.render import clean

if TYPE_CHECKING:
    from txojobs.cli.console import Console
    from txojobs.engine.explain import PlannedStep
    from txojobs.engine.plan import Plan

_TITLE = 13


@click.command(
    epilog="""\b
Examples:
  txojobs show export-customers
  txojobs show export-customers demo test
  txojobs show export-customers demo test -p country=NO
"""
)
@click.argument("job", shell_complete=jobs)
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
@click.pass_context
def show(ctx: click.Context, job: str, org: str | None, env: str | None, pairs: tuple[str, ...]) -> None:
    """Show what a job does, without running it: its steps, params, files, and what it needs.

    With ORG and ENV it shows the addresses that would be asked, and which secrets are there.
    """
    from txojobs.engine.plan import make_plan  # noqa: PLC0415  # the steps and their expressions

    if org is not None and env is None:
        raise click.UsageError("say for which ENV, too: txojobs show JOB ORG ENV, like `acme prod`", ctx)
    workspace = workspace_of(ctx)
    loaded = load_valid_job(workspace, job)
    place = (org, env) if org is not None and env is not None else None
    plan = make_plan(loaded, workspace, place=place, given=_given(ctx, pairs))
    _show(stdout(), plan)


def _given(ctx: click.Context, pairs: tuple[str, ...]) -> dict[str, object]:
    params: dict[str, object] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise click.UsageError(f"-p takes NAME=VALUE, not {pair!r}", ctx)
        params[name.strip()] = value
    return params


def _show(console: Console, plan: Plan) -> None:
    if plan.description:
        console.text(clean(plan.description))
        console.line()
    width = max(len(_name(step)) for step in plan.steps) + 3
    for number, step in enumerate(plan.steps):
        if step.from_above:
            console.line("    |")
        elif number:
            console.line()
        reads = f"reads {', '.join(step.reads)}" if step.reads and not step.from_above else None
        lines = [*step.lines, *([reads] if reads else [])]
        console.text(f"  {clean(_name(step)):<{width}}{clean(lines[0]) if lines else ''}".rstrip())
        margin = "    |" if _goes_on(plan, number) else "     "
        for line in lines[1:]:
            console.text(f"{margin:<{width + 2}}{clean(line)}")
    console.line()
    _params(console, plan)
    needs = [f"{need.name}{_found(found=need.found)}" for need in plan.needs]
    _section(console, "needs", needs)
    _section(console, "metadata", list(plan.checked_by))
    _section(console, "memory", [plan.memory])
    for warning in plan.warnings:
        console.text(f"{console.styled('warning', 'yellow')}: {clean(warning)}")


def _name(step: PlannedStep) -> str:
    return f"{step.verb} {step.id}" if step.id else step.verb


def _goes_on(plan: Plan, number: int) -> bool:
    return number + 1 < len(plan.steps) and plan.steps[number + 1].from_above


def _params(console: Console, plan: Plan) -> None:
    if not plan.params:
        return
    sources = {param.name: "" if param.source == "none" else f"({param.source})" for param in plan.params}
    widths = [
        max(map(len, column))
        for column in zip(
            *((param.name, param.value, sources[param.name]) for param in plan.params), strict=True
        )
    ]
    rows = []
    for param in plan.params:
        cells = (param.name, param.value, sources[param.name])
        row = "  ".join(f"{clean(cell):<{size}}" for cell, size in zip(cells, widths, strict=True))
        rows.append(f"{row}  {clean(param.description)}".rstrip())
    _section(console, "parameters", rows)


def _found(*, found: bool | None) -> str:
    return "" if found is None else " (found)" if found else " (missing)"


def _section(console: Console, title: str, lines: list[str]) -> None:
    for number, line in enumerate(lines):
        console.text(f"{title if not number else '':<{_TITLE}}{clean(line)}")
