"""Give a finished file a final name that nobody else has, without ever replacing a file.

Where the system has hard links, link() decides who is first, on Windows rename() does. On file systems
without either (FAT, some network shares) a claim file beside the name decides between runs of txojobs; a
foreign program could slip in between looking and renaming, which takes microseconds.
"""

from __future__ import annotations

import errno
import hashlib
import os
from itertools import count
from typing import TYPE_CHECKING

from txojobs.file_lock import lock_at
from txojobs.files import disk
from txojobs.files.names import numbered

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path


def free_name(final: Path, *, taken: Collection[Path] = ()) -> Path:
    """Return `final`, or with `-2`, `-3`, ... the first name that nothing has now and that is not `taken`."""
    for number in count(1):
        name = numbered(final, number)
        if name not in taken and not os.path.lexists(name):
            break
    return name


def place(temp: Path, *, name: Path, another: Callable[[], Path]) -> Path:
    """Move `temp` to `name`, or to the next one of `another` when it is taken; return the name it has now.

    Finishes what an earlier call with the same `name` began before a crash.
    """
    while True:
        try:
            _take(temp, name)
        except FileExistsError:
            if not _is_same_file(temp, name):
                name = another()
                continue
            disk.remove(temp)  # linked by an earlier call
        return name


def drop_claim(name: Path) -> None:
    """Remove the claim that a dead run left on a name; that of a live run is locked and stays."""
    claim = _claim(name)
    try:
        descriptor = disk.open_existing(claim)
    except FileNotFoundError:
        return
    try:
        if lock_at(claim, descriptor):
            disk.remove(claim)
    finally:
        os.close(descriptor)


def _take(temp: Path, name: Path) -> None:
    if os.name == "nt":
        disk.rename(temp, name)
        return
    try:
        disk.link(temp, name)
    except OSError as err:
        if err.errno not in disk.NO_HARD_LINKS:
            raise
        _take_by_claim(temp, name)
    else:
        disk.remove(temp)


def _take_by_claim(temp: Path, name: Path) -> None:
    drop_claim(name)
    claim = _claim(name)
    descriptor = disk.create(claim)
    mine = False
    try:
        mine = lock_at(claim, descriptor)
        if not mine or os.path.lexists(name):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(name))
        disk.rename(temp, name)
    finally:
        try:
            if mine:
                disk.remove(claim)
        finally:
            os.close(descriptor)


def _claim(name: Path) -> Path:
    digest = hashlib.sha256(os.fsencode(name.name)).hexdigest()[:16]
    return name.with_name(f".{digest}.claim")


def _is_same_file(temp: Path, name: Path) -> bool:
    try:
        return os.path.samestat(temp.stat(follow_symlinks=False), name.stat(follow_symlinks=False))
    except FileNotFoundError:
        return False
