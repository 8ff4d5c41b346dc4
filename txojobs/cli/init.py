"""`txojobs init [DIR]`: a workspace in which the first run works at once. It never touches a file that is there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from txojobs.cli.console import stdout

if TYPE_CHECKING:
    from txojobs.cli.console import Console

SHIPPED = (
    "jobs/export-customers.yaml",
    "config/demo-test-config.json",
    "config/example.json",
    "schemas/job-schema.json",
    "schemas/org-env-config-schema.json",
)
FOLDERS = ("data", "output", "logs")

GITIGNORE = """\
# secrets never enter the repository
config/*-config-secrets.json
# what a run writes
output/
logs/
tmp/
.txojobs/
"""
PRE_COMMIT = """\
repos:
  - repo: local
    hooks:
      - id: txojobs-validate
        name: check jobs and configuration
        entry: txojobs validate
        language: system
        files: ^(jobs/.*\\.ya?ml|config/[^/]*\\.json)$
"""
SETTINGS = {
    "yaml.schemas": {"./schemas/job-schema.json": ["jobs/**/*.yaml", "jobs/**/*.yml"]},
    "json.schemas": [{"fileMatch": ["/config/*-config.json"], "url": "./schemas/org-env-config-schema.json"}],
}


@click.command(
    epilog="""\b
Examples:
  txojobs init
  txojobs init exports
"""
)
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(file_okay=False, path_type=Path))
@click.pass_context
def init(ctx: click.Context, folder: Path | None) -> None:
    """Make a workspace in DIR, or here: a job, its configuration, schemas for your editor.

    A file that is there already is kept as it is.
    """
    named = ctx.find_root().obj
    root = folder or (Path(named) if named else Path())
    console = stdout()
    for name, text in files().items():
        wrote = write_new(root / name, text)
        console.line(f"{'wrote' if wrote else 'kept':<8}{(root / name).as_posix()}")
    for name in FOLDERS:
        if _make(root / name):
            console.line(f"made    {(root / name).as_posix()}/")
    _tell_what_git_takes(console, root / ".gitignore")
    if _is_empty(root / "data"):
        write_new(root / "data" / ".gitkeep", "")  # git knows no empty folder; output/ and logs/ it ignores
    console.line()
    if root.resolve() != Path.cwd():
        console.line(f"Try it:  cd {_quoted(root)}")
        console.line("         txojobs run export-customers demo test")
    else:
        console.line("Try it:  txojobs run export-customers demo test")
    console.line("A job of your own:  txojobs new items demo test --from Items")


def _tell_what_git_takes(console: Console, path: Path) -> None:
    """Name the lines that a .gitignore of somebody else lacks: secrets are not ignored by themselves."""
    try:
        there = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # a link that leads nowhere, for one: then git ignores nothing
        there = []
    ignored = {line.strip().strip("/") for line in there}
    wanted = [line for line in GITIGNORE.splitlines() if not line.startswith("#")]
    missing = [line for line in wanted if line.strip("/") not in ignored]
    if missing:
        console.line()
        warning = console.styled("warning", "yellow")
        console.text(
            f"{warning}: {path.as_posix()} was kept, and git takes what it does not name; add to it:"
        )
        for line in missing:
            console.line(f"  {line}")


def files() -> dict[str, str]:
    """Return the text of each file of a new workspace."""
    from txojobs.workspace import shipped  # noqa: PLC0415

    return {
        **{name: shipped(name).read_text(encoding="utf-8") for name in SHIPPED},
        ".gitignore": GITIGNORE,
        ".pre-commit-config.yaml": PRE_COMMIT,
        ".vscode/settings.json": json.dumps(SETTINGS, indent=2) + "\n",
    }


def write_new(path: Path, text: str) -> bool:
    """Write a file that is not there, whole or not at all; return False and leave alone one that is."""
    from txojobs.files.os_errors import explained  # noqa: PLC0415

    with explained(path, doing="write"):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            file = path.open("x", encoding="utf-8", newline="\n")
        except FileExistsError:  # a link that leads nowhere counts, too
            return False
        try:
            with file:
                file.write(text)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
    return True


def _make(folder: Path) -> bool:
    """Make a folder; return False when it is there."""
    from txojobs.files.os_errors import explained  # noqa: PLC0415

    if folder.is_dir():
        return False
    with explained(folder, doing="make"):
        folder.mkdir(parents=True)
    return True


def _is_empty(folder: Path) -> bool:
    from txojobs.files.os_errors import explained  # noqa: PLC0415

    with explained(folder, doing="read"):
        return next(folder.iterdir(), None) is None


def _quoted(path: Path) -> str:
    """Return a path as it can be typed, in quotes where it has a space."""
    text = str(path)
    return f'"{text}"' if " " in text else text
