"""From the word on the command line to the job file, and from a file to the name that marks carry."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from txojobs.errors import InvalidJobError, ValidationError
from txojobs.suggest import nearest_name

if TYPE_CHECKING:
    from txojobs.errors import Problem
    from txojobs.job.model import Job
    from txojobs.workspace import Workspace

EXTENSIONS = (".yaml", ".yml")


def job_files(workspace: Workspace, *, sound: bool = True) -> list[Path]:
    """Return the files of jobs/, folders below it included, sorted; no hidden ones.

    Unless only `sound` ones are wanted, so are folders and links to nowhere that have the name of a job.
    """
    folder = workspace.root / "jobs"
    must_be_readable(folder)
    found = [path for path in folder.rglob("*") if path.suffix in EXTENSIONS and not is_hidden(path, folder)]
    return sorted(path for path in found if not sound or path.is_file())


def must_be_readable(folder: Path) -> None:
    """Make sure that a folder which is there can be looked into: else nothing would be found in it, and no fault.

    Raises:
        FileOperationError: it cannot.
    """
    try:
        with os.scandir(folder):
            return
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as err:
        from txojobs.files.os_errors import file_error  # noqa: PLC0415  # hardly ever

        raise file_error(err, folder, doing="look into") from err


def is_hidden(path: Path, folder: Path) -> bool:
    """Tell whether a file below a folder is none of the user's: `._a.yaml` of macOS, `.#a.yaml` of an editor."""
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def twin_of(path: Path) -> Path | None:
    """Return the job file that has the same name on the command line, with the other extension."""
    if path.suffix not in EXTENSIONS:
        return None
    other = path.with_suffix(next(each for each in EXTENSIONS if each != path.suffix))
    return other if other.is_file() else None


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
        if (twin := twin_of(names[word])) is not None:
            both = " and ".join(shown(path, workspace) for path in sorted((names[word], twin)))
            raise ValidationError(
                f"two jobs are called {word!r}: {both}", how_to_fix="rename one of them, or delete it"
            )
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
    whole = (
        path.parent.resolve() / path.name if path.is_symlink() else path.resolve()
    )  # a link by its own name
    for base in (Path.cwd(), workspace.root):
        try:
            return whole.relative_to(base.resolve()).as_posix()
        except ValueError:
            continue
    return str(path)
