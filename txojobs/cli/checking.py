"""What `txojobs validate` does before it prints. Needs no command line: pre-commit asks often, and waits."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from txojobs.cli.finding import (
    EXTENSIONS,
    is_hidden,
    job_files,
    job_names,
    must_be_readable,
    shown,
    twin_of,
)
from txojobs.cli.render import plural
from txojobs.errors import ConfigurationError, Mark, Problem
from txojobs.job.snapshots import Snapshots
from txojobs.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from txojobs.job.model import Job


def check_files(files: Sequence[Path], workspace: Workspace | None) -> list[tuple[Path, list[Problem]]]:
    """Return the problems of each file, and of the jobs among each other."""
    snapshots = Snapshots(workspace) if workspace is not None else None
    jobs: dict[Path, Job] = {}
    found = [(path, check_file(path, workspace, snapshots, jobs)) for path in files]
    if jobs and workspace is not None:
        _compare(found, jobs, workspace)
    return found


def all_good(files: int) -> str:
    """Return what is said of a number of files without a problem."""
    return f"{plural(files, 'file')} checked, no problem"


def good_files(names: Sequence[str]) -> str | None:
    """Return what is said of good files, named as on the command line; None when one has a problem."""
    try:
        workspace = Workspace.find()
    except ConfigurationError:  # files that are named need none
        workspace = None
    found = check_files([Path(name) for name in names], workspace)
    return None if any(problems for _, problems in found) else all_good(len(found))


def everything(workspace: Workspace | None) -> list[Path]:
    """Return the jobs and the configuration files of a workspace."""
    if workspace is None:
        return []
    config = workspace.root / "config"
    must_be_readable(config)
    configurations = [path for path in config.glob("*.json") if not is_hidden(path, config)]
    return job_files(workspace, sound=False) + sorted(configurations)


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

        if workspace is not None and (twin := twin_of(path)) is not None and _is_named(path, workspace):
            message = f"{shown(twin, workspace)} has the same name on the command line"
            return [Problem(message, Mark(name, 1, 1), "rename one of them, or delete it")]
        loaded = load_job(path, shown_as=name, snapshots=snapshots)
        if loaded.job is None:
            return loaded.problems
        jobs[path.resolve()] = loaded.job
        return _sorted([*loaded.problems, *advice(loaded.job)])
    if path.suffix == ".json":
        from txojobs.config import check_config_file  # noqa: PLC0415

        root = workspace.root if workspace is not None else None
        return check_config_file(path, workspace_root=root)
    fix = "name a file that ends in .yaml, .yml or .json"
    if workspace is not None and (job := job_names(workspace).get(name)) is not None:
        fix = f"did you mean {shown(job, workspace)}?"
    return [Problem(f"{name} is neither a job (.yaml) nor a configuration (.json)", None, fix)]


def _is_named(path: Path, workspace: Workspace) -> bool:
    """Tell whether a job is called by its name: one outside of jobs/ is called by its path."""
    return (workspace.root / "jobs").resolve() in path.resolve().parents
