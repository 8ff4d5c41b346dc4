"""The system calls of publishing, one function each, so that a fault of each can be tried.

Source: POSIX open, fsync, link, rename; on Windows `os.rename` never replaces, and a folder cannot be synced.
"""

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

NO_HARD_LINKS = frozenset(
    {errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP, getattr(errno, "ENOTSUP", errno.EOPNOTSUPP), errno.EMLINK}
)
"""What link() answers where the file system has none: FAT, some network shares."""
_NO_FOLDER_SYNC = frozenset({errno.EINVAL, errno.EBADF, errno.ENOTSUP, errno.EACCES})
_SAFE = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


def create(path: Path, *, mode: int = 0o666) -> int:
    """Create a file that must not exist, not even as a link; return its open descriptor."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | _SAFE, mode)


def open_existing(path: Path) -> int:
    """Open a file for reading and appending; a link is refused."""
    return os.open(path, os.O_RDWR | os.O_APPEND | _SAFE)


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of `data`, in as many calls as the system takes."""
    while data:
        data = data[os.write(descriptor, data) :]


def sync(descriptor: int) -> None:
    """Wait until the disk has what was written."""
    os.fsync(descriptor)


def sync_folder(folder: Path) -> None:
    """Wait until the disk has the names of a folder, where the system can say so."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    try:
        os.fsync(descriptor)
    except OSError as err:
        if err.errno not in _NO_FOLDER_SYNC:
            raise
    finally:
        os.close(descriptor)


def link(old: Path, new: Path) -> None:
    """Give a file a second name, which must be free."""
    os.link(old, new)


def rename(old: Path, new: Path) -> None:
    """Rename; on Windows the new name must be free."""
    os.rename(old, new)  # noqa: PTH104  # every system call of publishing goes through os


def replace(old: Path, new: Path) -> None:
    """Rename over what has the new name; a link there is replaced itself, not what it names."""
    os.replace(old, new)  # noqa: PTH105  # every system call of publishing goes through os


def remove(path: Path) -> None:
    """Remove a name, if it is there."""
    try:
        os.unlink(path)  # noqa: PTH108  # every system call of publishing goes through os
    except FileNotFoundError:
        return
