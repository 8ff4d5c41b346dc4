"""Look at a workspace without asking anybody: versions, secrets, git, folders, and what earlier runs left behind."""

from __future__ import annotations

import os
import platform
import tempfile
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from txojobs.checkup import Check
from txojobs.config.key_files import key_file_breaches
from txojobs.config.secret_files import SECRETS_SUFFIX, SUFFIX, file_breaches, git_breaches, git_ignores
from txojobs.files.unfinished import unfinished
from txojobs.state.lock import lock_states

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from txojobs.checkup import State
    from txojobs.config.explain import Breach
    from txojobs.workspace import Workspace

LIBRARIES = ("requests", "urllib3", "msal", "openpyxl", "ruamel.yaml", "jmespath", "msgspec")
_PRIVATE = (f"config/*{SECRETS_SUFFIX}", "logs/", "output/", ".txojobs/")


def workspace_checks(workspace: Workspace) -> Iterator[Check]:
    """Yield a line for each thing that holds for every organisation."""
    yield _versions()
    yield _permissions(workspace)
    yield _git(workspace)
    for name, folder in (
        ("output", workspace.root / "output"),
        ("logs", workspace.root / "logs"),
        ("state", workspace.state_dir),
    ):
        yield _writable(name, folder)
    yield _locks(workspace.state_dir / "locks")
    yield _publications(workspace.state_dir / "publish")


def asked_for(workspace: Workspace, api: str) -> set[str]:
    """Return how the jobs of the workspace ask a service: by "entity", by "url", both or not at all."""
    from txojobs.job.load import load_job  # noqa: PLC0415  # YAML

    found = set()
    for path in sorted((workspace.root / "jobs").rglob("*.y*ml")):
        job = load_job(path, shown_as=path.name).job
        for use in job.steps if job is not None else ():
            of = use.api.text if use.api is not None else (job.api if job is not None else None) or "default"
            if use.verb == "fetch" and of == api:
                found.add("url" if getattr(use.sample, "url", None) is not None else "entity")
    return found


def _versions() -> Check:
    found = [
        f"txojobs {_version('txojobs')}",
        f"Python {platform.python_version()}",
        platform.platform(terse=True),
    ]
    return Check("versions", "ok", ", ".join([*found, *(f"{name} {_version(name)}" for name in LIBRARIES)]))


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "(not installed)"


def _permissions(workspace: Workspace) -> Check:
    """Look who can read secrets files and private keys."""
    secret = sorted((workspace.root / "config").glob(f"*{SECRETS_SUFFIX}"))
    found = [(path, breach) for path in secret for breach in file_breaches(path)]
    found += _of_keys(workspace, ask_git=False)
    if not found:
        told = (
            "only you can read the secrets files"
            if os.name != "nt"
            else "the folder decides who reads secrets"
        )
        return Check("permissions", "ok", told if secret else "there are no secrets files")
    path, breach = found[0]
    return Check("permissions", "warning", f"{path.name}: {breach.message}", breach.fix)


def _of_keys(workspace: Workspace, *, ask_git: bool) -> list[tuple[Path, Breach]]:
    from txojobs.config.json_text import read_json  # noqa: PLC0415  # only where it is asked for

    found = []
    for path in sorted((workspace.root / "config").glob(f"*{SUFFIX}")):
        try:
            value = read_json(path.read_bytes(), path.name).value
        except OSError:
            continue
        found += [(path, each) for each in key_file_breaches(value, workspace.root, ask_git=ask_git)]
    return found


def _git(workspace: Workspace) -> Check:
    """Look whether git tracks what is secret, and whether it would take it the next time."""
    for path in sorted((workspace.root / "config").glob(f"*{SECRETS_SUFFIX}")):
        for breach in git_breaches(path):
            state: State = "failed" if breach.severity == "error" else "warning"
            return Check("git", state, f"{path.name}: {breach.message}", breach.fix, breach.example)
    for path, breach in _of_keys(workspace, ask_git=True):
        if breach.severity == "error":
            return Check("git", "failed", f"{path.name}: {breach.message}", breach.fix, breach.example)
    paths = [
        workspace.root / (name.replace("*", "a-b") + ("x" if name.endswith("/") else "")) for name in _PRIVATE
    ]
    ignored = {name: git_ignores(path) for name, path in zip(_PRIVATE, paths, strict=True)}
    if None in ignored.values():
        return Check("git", "ok", "there is no git repository here, or no git")
    open_ = [name for name, is_ignored in ignored.items() if not is_ignored]
    if not open_:
        return Check("git", "ok", "git ignores secrets, logs, outputs and state")
    return Check(
        "git",
        "warning",
        f"git does not ignore {', '.join(open_)}: the next `git add` may take it",
        "add these lines to .gitignore",
        "\n".join(open_),
    )


def _writable(name: str, folder: Path) -> Check:
    """Try to write where a run would; a folder that a run would make is not made."""
    there = next(each for each in (folder, *folder.parents) if each.is_dir())
    try:
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(b"x" * 4096)
            file.flush()
    except OSError as err:
        return Check(
            name,
            "failed",
            f"{folder} cannot be written: {err.strerror or err}",
            "let the user who runs txojobs write there, or free some space on the disk"
            + ("; TXOJOBS_STATE names another folder" if name == "state" else ""),
        )
    return Check(name, "ok", f"{folder} can be written")


def _locks(folder: Path) -> Check:
    """Tell which runs go on, and which ended without a word: their locks went with them."""
    running, dead = [], []
    for name, holder, is_held in lock_states(folder):
        who = f"{name} (process {holder.pid} on {holder.host} since {holder.since})" if holder else name
        if is_held:
            running.append(who)
        elif holder is not None:
            dead.append(who)
    if dead:
        return Check(
            "runs",
            "warning",
            f"a run ended without cleaning up, killed or switched off: {', '.join(dead)}",
            "nothing needs to be removed: the next run of the job takes the lock over",
        )
    told = f"now running: {', '.join(running)}" if running else "none is running, none was killed"
    return Check("runs", "ok", told)


def _publications(folder: Path) -> Check:
    """Tell what earlier runs did not live to publish, or to clean up."""
    found = unfinished(folder)
    if found.damaged:
        return Check(
            "publications",
            "warning",
            f"outputs of an earlier run could not be published: {found.damaged[0]} lists them",
            "run the job again, then remove that file",
        )
    if found.committed or found.begun:
        what = "is complete and waits to be published" if found.committed else "left temporary files behind"
        return Check(
            "publications",
            "warning",
            f"a run that was killed {what}: {(found.committed or found.begun)[0].stem}",
            "the next run of any job in this workspace finishes it",
        )
    return Check("publications", "ok", "nothing is left of earlier runs")


def snapshot_check(path: Path, *, shown_as: str, saved_by: str, now: datetime | None = None) -> Check:
    """Return how old the snapshot of a service is; `saved_by` is the command that saves it."""
    if not path.is_file():
        fix = (
            "keep what an OData service offers, so that validate knows its fields; jobs with `url` need none"
        )
        return Check("snapshot", "warning", f"there is no {shown_as}", fix, saved_by)
    from txojobs.errors import ValidationError  # noqa: PLC0415
    from txojobs.metadata.csdl import read_snapshot  # noqa: PLC0415  # the XML parser

    try:
        service = read_snapshot(path, shown_as=shown_as)
    except ValidationError as err:
        return Check("snapshot", "failed", str(err), err.how_to_fix, err.example)
    age = (now or datetime.now(timezone.utc)) - datetime.fromtimestamp(path.stat().st_mtime, timezone.utc)
    days = "today" if age.days < 1 else f"{age.days} days ago"
    return Check("snapshot", "ok", f"{shown_as}, saved {days}: {len(service.entity_sets)} entity sets")
