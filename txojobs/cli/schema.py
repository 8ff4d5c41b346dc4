"""`txojobs schema`: the JSON Schema of jobs, and the pages that are made from the same source."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import click

from txojobs.cli.console import stderr, stdout
from txojobs.cli.exit_codes import DONE, FAILED
from txojobs.cli.finding import shown
from txojobs.cli.main import workspace_of

if TYPE_CHECKING:
    from pathlib import Path

    from txojobs.workspace import Workspace


@click.command(
    epilog="""\b
Examples:
  txojobs schema > schemas/job-schema.json
  txojobs schema --write
  txojobs schema --check

\b
The first line of a job binds the schema, so that an editor completes and checks it:
  # yaml-language-server: $schema=../schemas/job-schema.json
"""
)
@click.option(
    "--write",
    is_flag=True,
    help="Write schemas/job-schema.json, and docs/steps.md and docs/expressions.md when there.",
)
@click.option("--check", is_flag=True, help="End with 1 when one of these files is not up to date.")
@click.pass_context
def schema(ctx: click.Context, *, write: bool, check: bool) -> int:
    """Print the JSON Schema of jobs, or write the files that are generated."""
    if write and check:
        raise click.UsageError("--write and --check exclude each other", ctx)
    if not write and not check:
        stdout().json(schema_text().rstrip("\n"))
        return DONE
    workspace: Workspace = workspace_of(ctx)
    wanted = {
        name: text
        for name, text in generated().items()
        if not name.startswith("docs/") or (workspace.root / name).exists()
    }
    stale = [name for name, text in wanted.items() if _read(workspace.root / name) != text]
    if check:
        for name in stale:
            stderr().line(f"{name} is not up to date")
        if stale:
            stderr().line("Write it anew:  txojobs schema --write")
        return FAILED if stale else DONE
    for name in stale:
        _write(workspace.root / name, wanted[name])
        stdout().line(shown(workspace.root / name, workspace))
    if not stale:
        stdout().line("everything is up to date")
    return DONE


def schema_text() -> str:
    """Return schemas/job-schema.json."""
    from txojobs.job.schema import job_schema  # noqa: PLC0415  # every step is imported for it

    return json.dumps(job_schema(), indent=2, ensure_ascii=False) + "\n"


def generated() -> dict[str, str]:
    """Return the text of each generated file, by its name in the workspace.

    The pages are made anew where somebody keeps them: a workspace of jobs has none.
    """
    from txojobs.expressions import describe  # noqa: PLC0415
    from txojobs.job.schema import COMMON_KEYS, FILE  # noqa: PLC0415
    from txojobs.steps.describe import steps_markdown  # noqa: PLC0415

    common = {name: sub["description"] for name, sub in COMMON_KEYS.items()}
    return {
        FILE: schema_text(),
        "docs/steps.md": steps_markdown(common),
        "docs/expressions.md": describe(),
    }


def _read(path: Path) -> str | None:
    """Return a file's text, line ends as git may have changed them made plain; None when there is none."""
    from txojobs.files.os_errors import explained  # noqa: PLC0415

    with explained(path, doing="read"):
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else None


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    from txojobs.files.os_errors import UNCHANGED, explained  # noqa: PLC0415

    temp = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with explained(path, doing="write", safe=UNCHANGED):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            temp.write_text(text, encoding="utf-8", newline="\n")
            temp.replace(path)
        finally:
            temp.unlink(missing_ok=True)
