"""Say in plain words why the system refused a file, what is safe and what to do.

The one place that knows error numbers; everything in this folder raises through it.
"""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from txojobs.errors import FileOperationError

if TYPE_CHECKING:
    from collections.abc import Iterator

UNCHANGED = "the file that was there before is unchanged"
"""Said of a path only where a file is there."""
NONE_CHANGED = "no output was changed"
"""Said where another path than an output's own was refused."""
STATE_ELSEWHERE = "TXOJOBS_STATE=/var/lib/txojobs txojobs run ..."
"""The example where it is the state folder that cannot be written: it may lie on another disk than the outputs."""

_FULL = ("the disk is full", "free some space on the disk of {folder}, then run again")
_DENIED = (
    "permission is missing",
    "ask for the right to write in {folder}, or close the program that has the file open",
)
_REASONS: dict[int, tuple[str, str]] = {
    errno.ENOSPC: _FULL,
    getattr(errno, "EDQUOT", errno.ENOSPC): (
        "the disk quota is used up",
        "free some of your space on the disk of {folder}, or ask for more, then run again",
    ),
    errno.EFBIG: (
        "the file is larger than this disk or this session allows",
        "use a disk without a limit of 4 GB a file, raise `ulimit -f`, or split the export",
    ),
    errno.EACCES: _DENIED,
    errno.EPERM: _DENIED,
    errno.EROFS: ("the disk is read-only", "make {folder} writable, or use another workspace"),
    errno.ENAMETOOLONG: ("the name is too long", "choose a shorter file name"),
    errno.ENOENT: ("the file or its folder does not exist", "check the name and the folder {folder}"),
    errno.ENOTDIR: ("a part of its path is a file, not a folder", "check the folder {folder}"),
    errno.EISDIR: ("a folder has this name", "remove or rename the folder, or choose another file name"),
    errno.ELOOP: ("it is a symbolic link", "remove the link {path}, or choose another file name"),
    errno.EMFILE: ("too many files are open", "close other programs, or raise `ulimit -n`, then run again"),
    errno.EIO: ("the disk reported a fault", "check the disk of {folder}, then run again"),
}
_LOOKING = ("read", "look into")
_SHARING = {32, 33}
"""Windows: ERROR_SHARING_VIOLATION and ERROR_LOCK_VIOLATION."""
_IN_USE = ("it is open in another program", "close the file (Excel?), then run again")


def file_error(
    err: OSError, path: Path, *, doing: str, safe: str | None = None, example: str | None = None
) -> FileOperationError:
    """Return the error to raise for `err` at `path`; `doing` is a verb: "write", "read", "publish"."""
    if getattr(err, "winerror", None) in _SHARING:
        reason, fix = _IN_USE
    else:
        reason, fix = _REASONS.get(
            err.errno or 0,
            (err.strerror or "the system refused it", "check the folder {folder}, then run again"),
        )
        if (reason, fix) == _DENIED and doing in _LOOKING:
            fix = "ask for the right to read {path}"
    ending = f"; {safe}" if safe and (safe != UNCHANGED or os.path.lexists(path)) else ""
    return FileOperationError(
        f"cannot {doing} {path}: {reason}{ending}",
        how_to_fix=fix.format(folder=path.parent, path=path),
        example=example,
    )


def as_explained(err: BaseException) -> BaseException:
    """Return what to raise for something that may not be looked at and that nobody has explained; else the error."""
    if isinstance(err, PermissionError) and err.filename is not None:
        return file_error(err, Path(os.fsdecode(err.filename)), doing="look into")
    return err


@contextmanager
def explained(
    path: Path, *, doing: str, safe: str | None = None, example: str | None = None
) -> Iterator[None]:
    """Turn each OSError of the block into a FileOperationError about `path`; also that its name cannot be written."""
    try:
        yield
    except UnicodeEncodeError as err:
        raise FileOperationError(
            f"cannot {doing} {path}: file names are in {err.encoding} here, which lacks {err.object[err.start]!r}",
            how_to_fix="set the locale to one in UTF-8, or choose a file name without that character",
            example="LC_ALL=C.UTF-8 txojobs run ...",
        ) from err
    except OSError as err:
        raise file_error(err, path, doing=doing, safe=safe, example=example) from err
