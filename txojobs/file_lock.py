"""The lock of an open file: the operating system takes it back when its holder dies, so no lock is ever stale.

It holds between processes and between two openings in one process, and goes with the descriptor. `flock` on POSIX
(flock(2)); on Windows `msvcrt.locking`, which locks bytes: one is, far behind any text, since a locked byte cannot
be read. Which errors mean "another has it" is what _locking (Microsoft C runtime) and flock(2) say.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

if sys.platform == "win32":
    import contextlib
    import errno
    import msvcrt

    _LOCK_AT = 1 << 30

    def lock(descriptor: int) -> bool:
        """Take the lock of an open file without waiting; False when somebody else has it."""
        os.lseek(descriptor, _LOCK_AT, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError as err:
            if err.errno in (errno.EACCES, errno.EDEADLK):
                return False
            raise
        return True

    def unlock(descriptor: int) -> None:
        """Give the lock back; closing the descriptor does the same."""
        os.lseek(descriptor, _LOCK_AT, os.SEEK_SET)
        with contextlib.suppress(OSError):  # closing, which follows, frees it as well
            msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def lock(descriptor: int) -> bool:
        """Take the lock of an open file without waiting; False when somebody else has it."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def unlock(descriptor: int) -> None:
        """Give the lock back; closing the descriptor does the same."""
        fcntl.flock(descriptor, fcntl.LOCK_UN)


def is_open_at(path: Path, descriptor: int) -> bool:
    """Say whether an open file still has this name: the lock of one that was removed guards nothing."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def lock_at(path: Path, descriptor: int) -> bool:
    """Take the lock of the file that was opened at `path`; False when another has it, or it is not there now."""
    return lock(descriptor) and is_open_at(path, descriptor)
