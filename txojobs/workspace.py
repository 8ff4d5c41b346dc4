"""A workspace: the folder that holds jobs/, config/, schemas/, data/, output/, logs/ and .txojobs/.

Nothing here creates the workspace; `folder()` and `get_path()` create single folders when they are needed.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from txojobs.errors import ConfigurationError, ValidationError

CATEGORIES = ("config", "schemas", "jobs", "data", "output", "logs", "tmp", "wsdl", "docs")
"""The folders that a script may name; each stands directly in the workspace."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"|?*]')
_MAX_NAME = 240
"""Characters of one part of a path: file systems hold 255 bytes, a temporary file adds a few."""
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?")


class Workspace:
    """One workspace folder. Holds nothing but its root; safe to share between threads."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    @classmethod
    def find(cls, start: Path | None = None) -> Workspace:
        """Return the workspace of `start` (default: the current folder).

        `TXOJOBS_WORKSPACE` decides when it is set and `start` is not given; else the nearest folder upwards
        that has `jobs/` or `config/`.

        Raises:
            ConfigurationError: there is none, or the variable names no folder.
        """
        named = os.environ.get("TXOJOBS_WORKSPACE")
        if start is None and named:
            return cls.at(Path(named))
        here = (start or Path.cwd()).resolve()
        for folder in (here, *here.parents):
            if (folder / "jobs").is_dir() or (folder / "config").is_dir():
                return cls(folder)
        raise ConfigurationError(
            f"no workspace found in {here} or above it: there is no folder jobs/ or config/",
            how_to_fix="go to your workspace, name it with --workspace DIR, or make a new one here",
            example="txojobs init",
        )

    @classmethod
    def at(cls, root: Path) -> Workspace:
        """Return the workspace at exactly `root`, which must be a folder."""
        if not root.is_dir():
            raise ConfigurationError(
                f"the workspace {root} is no folder", how_to_fix="check --workspace or TXOJOBS_WORKSPACE"
            )
        return cls(root)

    @property
    def state_dir(self) -> Path:
        """Where locks, journals and spools live: `TXOJOBS_STATE`, else `.txojobs/`. Not created here."""
        named = os.environ.get("TXOJOBS_STATE")
        return Path(named).resolve() if named else self.root / ".txojobs"

    def folder(self, category: str) -> Path:
        """Return the folder of a category, created when missing."""
        if category not in CATEGORIES:
            raise ValidationError(f"{category!r} is no folder of a workspace; known: {', '.join(CATEGORIES)}")
        folder = self.root / category
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def get_path(self, category: str, filename: str) -> Path:
        """Return the path of a file of a category; its parent folder is created.

        Raises:
            ValidationError: the name leaves the category's folder, through `..`, an absolute path, a drive or
                a symbolic link, or is one that a file system cannot hold.
        """
        return inside(self.folder(category), filename)


def inside(folder: Path, filename: str) -> Path:
    """Return `folder / filename`, made sure to stay below `folder` after links are resolved.

    Creates the parent folder. The last part itself may be a link: whoever writes replaces the link.

    Raises:
        ValidationError: see Workspace.get_path.
    """
    text = str(filename)
    parts = re.split(r"[/\\]", text)
    if not text or "\0" in text or text[0] in "/\\" or re.match(r"[A-Za-z]:", text):
        raise ValidationError(f"{text!r} is no relative file name")
    for part in parts:
        if part in ("", ".", "..") or _RESERVED.fullmatch(part) or part[-1] in ". " or len(part) > _MAX_NAME:
            raise ValidationError(f"the file name {text!r} is not allowed")
        if _FORBIDDEN.search(part):
            raise ValidationError(f"the file name {text!r} holds a character that a file system refuses")
    path = folder.joinpath(*parts)
    root = folder.resolve()
    parent = path.parent.resolve()
    if parent != root and root not in parent.parents:
        raise ValidationError(f"{text!r} leaves the folder {folder}")
    parent.mkdir(parents=True, exist_ok=True)
    return parent / path.name


def check_name(kind: str, name: str) -> str:
    """Return `name` when it can stand in file names on every system: a job, an organisation, an environment.

    Raises:
        ValidationError: it does not; `kind` is named in the message.
    """
    if not _NAME.fullmatch(name) or ".." in name or name[-1] in ". " or _RESERVED.fullmatch(name):
        raise ValidationError(
            f"{name!r} cannot be the name of {kind}",
            how_to_fix="use letters, digits, '-', '_' and '.', at most 64, beginning with a letter or digit",
        )
    return name


def shipped(relative: str) -> Path:
    """Return a file or folder that the package carries: `schemas/...`, `jobs/...`, `config/...`.

    In a wheel they stand in `txojobs/shipped/`, in a checkout at the top of the repository.
    """
    package = Path(__file__).resolve().parent
    packaged = package / "shipped" / relative
    return packaged if packaged.exists() else package.parent / relative
