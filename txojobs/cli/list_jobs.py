"""`txojobs list`: the jobs of the workspace, what each is for and what it can be given."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from txojobs.cli.console import stdout
from txojobs.cli.finding import job_names, shown
from txojobs.cli.main import workspace_of
from txojobs.cli.render import clean, plural
from txojobs.job.snapshots import Snapshots

if TYPE_CHECKING:
    from pathlib import Path

    from txojobs.cli.console import Console
    from txojobs.job.model import Param
    from txojobs.workspace import Workspace


_WIDEST = 30


@click.command(
    "list",
    epilog="""\b
Examples:
  txojobs list
  txojobs list --json
""",
)
@click.option("--json", "as_json", is_flag=True, help="Print the list as JSON.")
@click.pass_context
def list_jobs(ctx: click.Context, *, as_json: bool) -> None:
    """List the jobs in jobs/ with their descriptions and params; a faulty one is marked as such."""
    workspace: Workspace = workspace_of(ctx)
    snapshots = Snapshots(workspace)
    jobs = [_facts(name, path, workspace, snapshots) for name, path in job_names(workspace).items()]
    unfinished = _unfinished(workspace)
    if as_json:
        found = {"jobs": jobs, "unfinished": unfinished}
        stdout().json(json.dumps(found, indent=2, ensure_ascii=False, default=str))
        return
    console = stdout()
    if not jobs:
        console.line("There is no job in jobs/. Begin with:  txojobs init")
    for number, job in enumerate(jobs):
        if number:
            console.line()
        _show(console, job)
    if unfinished:
        from txojobs.files.unfinished import UNFINISHED  # noqa: PLC0415  # hardly ever

        console.line()
        for path in unfinished:
            console.text(f"{console.styled('warning', 'yellow')}: {clean(UNFINISHED.format(path))}")


def _unfinished(workspace: Workspace) -> list[str]:
    """Return the outputs of runs that were stopped while publishing: the next run finishes them."""
    journal = workspace.state_dir / "publish"
    if next(journal.glob("*"), None) is None:
        return []
    from txojobs.files.unfinished import interrupted  # noqa: PLC0415  # hardly ever

    return [shown(path, workspace) for path in interrupted(journal)]


def _facts(name: str, path: Path, workspace: Workspace, snapshots: Snapshots) -> dict[str, Any]:
    """Return what there is to say of one job, as JSON values."""
    from txojobs.job.load import load_job  # noqa: PLC0415  # reading YAML takes its time

    loaded = load_job(path, shown_as=shown(path, workspace), snapshots=snapshots)
    job = loaded.job
    errors = sum(problem.severity == "error" for problem in loaded.problems)
    return {
        "name": name,
        "path": shown(path, workspace),
        "valid": job is not None,
        "errors": errors,
        "description": job.description if job else "",
        "params": [_param(param) for param in job.params.values()] if job else [],
    }


def _param(param: Param) -> dict[str, Any]:
    from txojobs.engine.plan import default_text  # noqa: PLC0415

    return {
        "name": param.name,
        "type": param.type,
        "required": param.required,
        "default": default_text(param),
        "env": param.env,
        "description": param.description,
    }


def _show(console: Console, job: dict[str, Any]) -> None:
    console.line(console.styled(clean(job["name"]), "bold"))
    if not job["valid"]:
        problems = plural(job["errors"], "error")
        console.text(f"  {console.styled('invalid', 'red')}: {problems}, see: txojobs validate {job['path']}")
        return
    if job["description"]:
        console.text(f"  {clean(job['description'])}")
    rows = [(f"-p {clean(param['name'])}=...", clean(_value(param))) for param in job["params"]]
    widths = [min(_WIDEST, max(map(len, column))) for column in zip(*rows, strict=True)]
    for param, cells in zip(job["params"], rows, strict=True):
        row = "   ".join(f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True))
        console.text(f"  {row}   {clean(param['description'])}".rstrip())


def _value(param: dict[str, Any]) -> str:
    """Return what a param is when it is not given."""
    if param["required"]:
        return "required"
    return "optional" if param["default"] is None else f"default {param['default']}"
