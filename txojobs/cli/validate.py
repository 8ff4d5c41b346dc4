"""`txojobs validate [FILE ...]`: every problem of every file in one go, before it costs anything."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from txojobs.cli.console import stdout
from txojobs.cli.exit_codes import DONE, INVALID
from txojobs.cli.finding import EXTENSIONS, job_files, job_names, shown
from txojobs.cli.main import workspace_of
from txojobs.cli.render import plural, show_problem
from txojobs.errors import ConfigurationError, Mark, Problem
from txojobs.job.snapshots import Snapshots

if TYPE_CHECKING:
    from collections.abc import Iterable

    from txojobs.job.model import Job
    from txojobs.workspace import Workspace

FORMATS = ("text", "json", "github", "sarif")


@click.command(
    epilog="""\b
Examples:
  txojobs validate
  txojobs validate jobs/export-customers.yaml config/acme-prod-config.json
  txojobs validate --format github
"""
)
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE]...")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", help="How to print problems.")
@click.option("--strict", is_flag=True, help="Count warnings as errors.")
@click.pass_context
def validate(ctx: click.Context, files: tuple[Path, ...], *, form: str, strict: bool) -> int:
    """Check jobs and configuration files; everything in jobs/ and config/ when no file is named.

    Asks no service. Problems go to standard output. Ends with 0 when there is no error, else with 2.
    """
    workspace = workspace_of(ctx) if not files else _workspace_or_none(ctx)
    checked = list(files) if files else _everything(workspace)
    if not checked:
        raise ConfigurationError(
            "there is nothing to check: jobs/ and config/ are empty",
            how_to_fix="write a job, or begin with",
            example="txojobs init",
        )
    snapshots = Snapshots(workspace) if workspace is not None else None
    jobs: dict[Path, Job] = {}
    found = [(path, check_file(path, workspace, snapshots, jobs)) for path in checked]
    if jobs and workspace is not None:
        _compare(found, jobs, workspace)
    problems = [problem for _, each in found for problem in each]
    faulty = sum(1 for _, each in found if each)
    if form == "text":
        _print_text(found, checked=len(checked), faulty=faulty)
    else:
        from txojobs.cli.reporters import as_github, as_json, as_sarif  # noqa: PLC0415  # machines only

        write = {"json": as_json, "github": as_github, "sarif": as_sarif}[form]
        stdout().line(write(problems, checked=len(checked)))
    bad = any(problem.severity == "error" or strict for problem in problems)
    return INVALID if bad else DONE


def _workspace_or_none(ctx: click.Context) -> Workspace | None:
    """Return the workspace when there is one: files that are named need none."""
    try:
        workspace: Workspace = workspace_of(ctx)
    except ConfigurationError:
        return None
    return workspace


def _everything(workspace: Workspace | None) -> list[Path]:
    if workspace is None:
        return []
    config = workspace.root / "config"
    return job_files(workspace) + sorted(path for path in config.glob("*.json") if path.is_file())


def _compare(found: list[tuple[Path, list[Problem]]], jobs: dict[Path, Job], workspace: Workspace) -> None:
    """Add what comes to light between the jobs that were checked and all those of the workspace."""
    from txojobs.job.advice import shared_files, stable_files  # noqa: PLC0415
    from txojobs.job.load import load_job  # noqa: PLC0415

    if not any(stable_files(job) for job in jobs.values()):
        return
    everyone = dict(jobs)
    for path in job_files(workspace):
        if path.resolve() not in everyone:
            other = load_job(path, shown_as=shown(path, workspace)).job
            if other is not None:
                everyone[path.resolve()] = other
    for number, (path, problems) in enumerate(found):
        mine = path.resolve()
        if mine in jobs:
            others = [job for each, job in everyone.items() if each != mine]
            found[number] = (path, _sorted([*problems, *shared_files(jobs[mine], others)]))


def _sorted(problems: list[Problem]) -> list[Problem]:
    return sorted(problems, key=lambda problem: problem.where or Mark("", 0, 0))


def check_file(
    path: Path, workspace: Workspace | None, snapshots: Snapshots | None, jobs: dict[Path, Job]
) -> list[Problem]:
    """Return the problems of one file: a job by its extension .yaml or .yml, a configuration by .json.

    A job without errors is put into `jobs`, by its path with links resolved.
    """
    name = shown(path, workspace) if workspace is not None else str(path)
    if path.suffix in EXTENSIONS:
        from txojobs.job.advice import advice  # noqa: PLC0415
        from txojobs.job.load import load_job  # noqa: PLC0415

        loaded = load_job(path, shown_as=name, snapshots=snapshots)
        if loaded.job is None:
            return loaded.problems
        jobs[path.resolve()] = loaded.job
        return _sorted([*loaded.problems, *advice(loaded.job)])
    if path.suffix == ".json":
        from txojobs.config import check_config_file  # noqa: PLC0415

        root = workspace.root if workspace is not None else None
        return check_config_file(path, workspace_root=root)
    fix = None
    if workspace is not None and (job := job_names(workspace).get(name)) is not None:
        fix = f"did you mean {shown(job, workspace)}?"
    return [Problem(f"{name} is neither a job (.yaml) nor a configuration (.json)", None, fix)]


def _print_text(found: Iterable[tuple[Path, list[Problem]]], *, checked: int, faulty: int) -> None:
    console = stdout()
    errors = warnings = 0
    for path, problems in found:
        lines: list[str] | None = None
        for problem in problems:
            if lines is None:
                lines = _lines(path)
            show_problem(console, problem, lines)
            errors += problem.severity == "error"
            warnings += problem.severity != "error"
    if errors or warnings:
        counts = [plural(errors, "error")] if errors else []
        counts += [plural(warnings, "warning")] if warnings else []
        console.line(f"{' and '.join(counts)} in {faulty:,} of {plural(checked, 'file')}")
    else:
        console.line(f"{plural(checked, 'file')} checked, no problem")


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
