"""From the word on the command line to the job file, and from a file to the name that marks carry."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from txojobs.errors import InvalidJobError, ValidationError
from txojobs.suggest import nearest_name

if TYPE_CHECKING:
    from txojobs.errors import Problem
    from txojobs.job.model import Job
    from txojobs.workspace import Workspace

EXTENSIONS = (".yaml", ".yml")


def job_files(workspace: Workspace) -> list[Path]:
    """Return the files of jobs/, folders below it included, sorted."""
    folder = workspace.root / "jobs"
    found = [path for path in folder.rglob("*") if path.suffix in EXTENSIONS and path.is_file()]
    return sorted(found)


def job_names(workspace: Workspace) -> dict[str, Path]:
    """Return each job's name on the command line: its path below jobs/, without the extension."""
    folder = workspace.root / "jobs"
    return {path.relative_to(folder).with_suffix("").as_posix(): path for path in job_files(workspace)}


def find_job(workspace: Workspace, word: str) -> Path:
    """Return the file of a job: a name in jobs/, or a path.

    Raises:
        ValidationError: there is none; it names the nearest.
    """
    names = job_names(workspace)
    if word in names:
        return names[word]
    path = Path(word)
    if path.suffix in EXTENSIONS and path.is_file():
        return path.resolve()
    bare = word.removeprefix("./").removeprefix("jobs/").removesuffix(".yaml").removesuffix(".yml")
    name = bare if bare in names else nearest_name(bare, names)
    if not names:
        fix = "write one, or begin with: txojobs init"
    else:
        fix = f"did you mean {name!r}?" if name else f"the jobs are: {', '.join(list(names)[:12])}"
    raise ValidationError(f"there is no job {word!r} in jobs/", how_to_fix=fix)


def load_named(workspace: Workspace, word: str) -> tuple[Job, list[Problem]]:
    """Return a job and the warnings about it.

    Raises:
        InvalidJobError: it has errors; all of them, and the warnings.
        ValidationError: there is no such job.
    """
    from txojobs.job.load import load_job  # noqa: PLC0415  # YAML: only when a job is read
    from txojobs.job.snapshots import Snapshots  # noqa: PLC0415

    path = find_job(workspace, word)
    loaded = load_job(path, shown_as=shown(path, workspace), snapshots=Snapshots(workspace))
    if loaded.job is None:
        raise InvalidJobError(f"{word} is not valid", loaded.problems)
    return loaded.job, loaded.problems


def shown(path: Path, workspace: Workspace) -> str:
    """Return the path as a person would type it: from the current folder, else from the workspace, else whole."""
    for base in (Path.cwd(), workspace.root):
        try:
            return path.resolve().relative_to(base.resolve()).as_posix()
        except ValueError:
            continue
    return str(path)
