"""A workspace: the folder that holds jobs/, config/, schemas/, data/, output/, logs/ and .txojobs/.

Nothing here creates the workspace; `folder()` and `get_path()` create single folders when they are needed.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from txojobs.errors import ConfigurationError, FileOperationError, ValidationError

CATEGORIES = ("config", "schemas", "jobs", "data", "output", "logs", "tmp", "wsdl", "docs")
"""The folders that a script may name; each stands directly in the workspace."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"|?*]')
_HALF_A_CHARACTER = "[\ud800-\udfff]"
"""Slow to compile, so only for a name that is not plain ASCII."""
_MAX_NAME_BYTES = 240
"""Of one part of a path: file systems hold 255, a temporary file adds a few."""
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³]) *(\..*)?")


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
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as err:
            raise FileOperationError(
                f"the folder {folder} cannot be made: {err.strerror}",
                how_to_fix="rename what stands in its place, or allow writing to the workspace",
            ) from err
        return folder

    def get_path(self, category: str, filename: str) -> Path:
        """Return the path of a file of a category; its parent folder is created.

        Raises:
            ValidationError: the name leaves the category's folder, through `..`, an absolute path, a drive or
                a symbolic link, or is one that a file system cannot hold.
        """
        return inside(self.folder(category), filename)


def private_folder(folder: Path) -> None:
    """Make a folder, and each one above it that is missing, that nobody else may look into; one that is there stays.

    `Path.mkdir` gives its mode to the last folder alone.

    Raises:
        OSError: it cannot be made.
    """
    if not folder.parent.is_dir():
        private_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)


def path_parts(filename: str) -> list[str]:
    """Return the parts of a relative file name, each of which every file system takes; touches no file.

    Raises:
        ValidationError: it is empty or absolute, names a drive, holds `..`, a reserved name, a character that
            some system refuses, or a part that is too long.
    """
    text = str(filename)
    if not text or text[0] in "/\\" or re.match(r"[A-Za-z]:([/\\]|$)", text):
        raise ValidationError(
            f"{text!r} is no relative file name", how_to_fix="write it without a drive or a / in front"
        )
    parts = re.split(r"[/\\]", text)
    for part in parts:
        if fault := _fault_of(part):
            raise ValidationError(f"the file name {text[:200]!r} {fault[0]}", how_to_fix=fault[1])
    return parts


def _fault_of(part: str) -> tuple[str, str] | None:
    """Return what is wrong with one part of a path, to be read behind the whole, and how to mend it."""
    if found := _FORBIDDEN.search(part) or (not part.isascii() and re.search(_HALF_A_CHARACTER, part)):
        return (
            f"holds {found[0]!r}, which a file system refuses",
            'leave out < > : " | ? * and signs that nobody sees',
        )
    if part == "..":
        return (
            "is not allowed: it leaves its folder",
            "write it without ../; a folder below is fine, like data/a.csv",
        )
    if part in ("", "."):
        return "is not allowed: a part of it is empty", "write each folder once, with one / behind it"
    if part[-1] in ". ":
        return (
            f"is not allowed: {part!r} ends with a point or a space",
            "remove it; Windows cannot hold such a name",
        )
    if _RESERVED.fullmatch(part):
        return f"is not allowed: Windows keeps the name {part!r} for itself", "choose another name"
    if len(part.encode()) > _MAX_NAME_BYTES:
        return "is too long", f"choose one of at most {_MAX_NAME_BYTES} bytes"
    return None


def inside(folder: Path, filename: str, *, create: bool = True) -> Path:
    """Return `folder / filename`, made sure to stay below `folder` after links are resolved.

    Creates the parent folder, unless `create` is off. The last part itself may be a link: whoever writes
    replaces the link.

    Raises:
        ValidationError: see Workspace.get_path.
        FileOperationError: the parent folder cannot be made.
    """
    path = folder.joinpath(*path_parts(filename))
    try:
        root = folder.resolve()
        parent = path.parent.resolve()
        if parent != root and root not in parent.parents:
            raise ValidationError(
                f"{filename!r} leaves the folder {folder}", how_to_fix="a link on the way points elsewhere"
            )
        if create:
            parent.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError) as err:  # the latter for links in a circle, up to Python 3.12
        reason = getattr(err, "strerror", None) or "links in a circle"
        raise FileOperationError(f"the folder {path.parent} cannot be used: {reason}") from err
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
