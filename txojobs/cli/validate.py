"""`txojobs validate [FILE ...]`: every problem of every file in one go, before it costs anything."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from txojobs.cli.checking import all_good, check_files, everything
from txojobs.cli.console import stdout
from txojobs.cli.exit_codes import DONE, INVALID
from txojobs.cli.main import workspace_of
from txojobs.cli.render import plural, show_problem
from txojobs.errors import ConfigurationError
from txojobs.yaml_slips import split_lines

if TYPE_CHECKING:
    from collections.abc import Iterable

    from txojobs.errors import Problem
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
    checked = list(files) if files else everything(workspace)
    if not checked:
        raise ConfigurationError(
            "there is nothing to check: jobs/ and config/ are empty",
            how_to_fix="write a job, or begin with",
            example="txojobs init",
        )
    found = check_files(checked, workspace)
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
        console.line(all_good(checked))


def _lines(path: Path) -> list[str]:
    try:
        return split_lines(path.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return []
