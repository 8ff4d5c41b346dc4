"""Runs decide one after the other to publish, so that two that replace the same files never mix (promise P1).

The lock is held for the moment of the decision only: from then on the registry of the run tells the others to wait.
It is a small file in the state folder, which stays, since its removal would race with whoever waits for it; the
operating system takes the lock back when its holder dies. It holds between runs that share a state folder, as those
of a workspace do.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from txojobs.errors import FileOperationError
from txojobs.file_lock import lock
from txojobs.files.os_errors import NONE_CHANGED, explained
from txojobs.workspace import private_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

LONGEST_WAIT_S = 120.0
"""Giving names takes a moment: a run that needs longer is stopped, or its disk is. Promise P6."""
PAUSE_S = 0.05


@contextlib.contextmanager
def in_turn(
    journal_dir: Path,
    folders: Collection[Path],
    *,
    is_awaited: Callable[[], bool],
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> Iterator[None]:
    """Hold the lock of the decision when nobody has still to replace files in `folders`.

    `is_awaited` says under the lock whether somebody has. Nothing is held while waiting.

    Raises:
        FileOperationError: the turn has not come in time, or the lock cannot be made.
    """
    deadline = clock() + LONGEST_WAIT_S
    while folders:
        with _lock_of_decisions(journal_dir.with_name("locks")) as is_mine:
            if is_mine and not is_awaited():
                yield
                return
        if clock() >= deadline:
            raise FileOperationError(
                f"another run has been publishing into {min(folders)} for {LONGEST_WAIT_S:.0f} s; {NONE_CHANGED}",
                how_to_fix="wait until it has ended, or end it, then run again",
            )
        sleep(PAUSE_S)
    yield


@contextlib.contextmanager
def _lock_of_decisions(folder: Path) -> Iterator[bool]:
    path = folder / "publish.lock"  # those of jobs hold the organisation and the environment, too
    with explained(path, doing="write", safe=NONE_CHANGED):
        private_folder(folder)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    try:
        with explained(path, doing="lock", safe=NONE_CHANGED):
            is_mine = lock(descriptor)
        yield is_mine
    finally:
        os.close(descriptor)
