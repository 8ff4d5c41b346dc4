"""One run at a time: a lock that the operating system takes back when its holder dies (promise P7).

There is no stale lock: killed, crashed or switched off, the holder has lost it. It holds between processes and
between threads of one process, for each acquisition opens the file anew. The file says who holds the lock and is
never deleted: a second process could hold the old file while a third one makes a new one. So lock files stay, a small
one for each job, organisation and environment.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, NamedTuple

from txojobs.errors import FileOperationError, JobLockedError
from txojobs.file_lock import is_open_at, lock, unlock
from txojobs.redact import escape_foreign
from txojobs.workspace import inside, private_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LONGEST_WAIT_S = 24 * 60 * 60.0
"""How long `wait=True` waits: promise P6, every wait ends."""

FIRST_POLL_S = 0.05
LAST_POLL_S = 2.0

_MAX_TEXT = 4096
"""Characters of a command that are kept; JSON may need six bytes for one."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock; `since` is ISO 8601 in UTC, `command` what was typed, or what runs."""

    pid: int
    host: str
    since: str
    command: str


@contextlib.contextmanager
def run_lock(
    folder: Path,
    name: str,
    *,
    owner: str,
    to_wait: str | None = None,
    wait: bool | float = False,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
    now: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
) -> Iterator[Holder]:
    """Hold the lock `name` in `folder` (created when missing) and yield what others see of its holder.

    `owner` is the command, told to whoever comes second; `to_wait` is the one that waits, if there is one, told
    here when somebody else came first. `wait` is False, True, or the seconds to wait at most; what `sleep` raises
    ends the wait. Nothing is shown meanwhile.

    Raises:
        JobLockedError: another process or thread holds it, or still does after the wait.
        FileOperationError: the folder cannot be written, or its file system knows no locks.
    """
    limit_s = (LONGEST_WAIT_S if wait else 0.0) if isinstance(wait, bool) else wait
    with _file_errors(folder):
        private_folder(folder)
        path = inside(folder, f"{name}.lock")
    descriptor = _acquire(path, limit_s=limit_s, to_wait=to_wait, clock=clock, sleep=sleep)
    try:
        holder = Holder(os.getpid(), _host(), now().isoformat(timespec="seconds"), owner[:_MAX_TEXT])
        with _file_errors(folder):
            _write(descriptor, json.dumps(asdict(holder)).encode("ascii"))
        yield holder
    finally:
        with contextlib.suppress(OSError):  # the text is for people; the lock goes with the descriptor
            _write(descriptor, b"")
        unlock(descriptor)
        os.close(descriptor)


def _acquire(
    path: Path,
    *,
    limit_s: float,
    to_wait: str | None,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> int:
    deadline = clock() + limit_s
    pause_s = FIRST_POLL_S
    while True:
        with _file_errors(path.parent):
            descriptor = _try(path)
        if descriptor is not None:
            return descriptor
        left_s = deadline - clock()
        if left_s <= 0:
            raise _locked(path, to_wait)
        sleep(min(pause_s, left_s))
        pause_s = min(pause_s * 2, LAST_POLL_S)


def _try(path: Path) -> int | None:
    """Return a descriptor that holds the lock, or None when somebody else does."""
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    while True:
        descriptor = os.open(path, flags, 0o600)
        try:
            if not lock(descriptor):
                os.close(descriptor)
                return None
            if is_open_at(path, descriptor):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # somebody removed the folder in between: this lock guards nothing


def _write(descriptor: int, text: bytes) -> None:
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.ftruncate(descriptor, 0)
    os.write(descriptor, text)


def _locked(path: Path, to_wait: str | None) -> JobLockedError:
    holder = read_holder(path)
    who = "another process" if holder is None else f"process {holder.pid} on {escape_foreign(holder.host)}"
    told = (
        "" if holder is None else f" since {escape_foreign(holder.since)}: {escape_foreign(holder.command)}"
    )
    return JobLockedError(
        f"this job already runs: {who} holds the lock {path.name}{told}",
        how_to_fix="wait until it has ended"
        + (", or let this run wait for it" if to_wait else ", then try again"),
        example=to_wait,
    )


def read_holder(path: Path) -> Holder | None:
    """Return whom the lock file at `path` names; None when it names nobody, or cannot be read just now."""
    try:
        with path.open("rb") as file:
            facts = json.loads(file.read(8 * _MAX_TEXT))
        return Holder(int(facts["pid"]), str(facts["host"]), str(facts["since"]), str(facts["command"]))
    except (OSError, ValueError, TypeError, KeyError):
        return None


class LockState(NamedTuple):
    """A lock as others see it; a `holder` that does not hold it any more has died without a word."""

    name: str
    holder: Holder | None
    is_held: bool


def lock_states(folder: Path) -> list[LockState]:
    """Return the locks of a folder, held and left, by name; none where the folder cannot be read."""
    found = []
    with contextlib.suppress(OSError):
        for path in sorted(folder.glob("*.lock")):
            with contextlib.suppress(FileNotFoundError):
                holder = read_holder(
                    path
                )  # whoever holds it says so: a lock without a word is not even tried
                found.append(LockState(path.stem, holder, holder is not None and _is_held(path)))
    return found


def _is_held(path: Path) -> bool:
    descriptor = os.open(path, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0))
    try:
        if not lock(descriptor):
            return True
        unlock(descriptor)
        return False
    finally:
        os.close(descriptor)


def _host() -> str:
    if sys.platform == "win32":
        return os.environ.get("COMPUTERNAME", "this machine")
    return os.uname().nodename


@contextlib.contextmanager
def _file_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as err:
        raise FileOperationError(
            f"the lock in {folder} cannot be taken: {err.strerror or err}",
            how_to_fix="check that you may write in that folder, or move the state to a local disk",
            example="TXOJOBS_STATE=/var/lib/txojobs txojobs run ...",
        ) from err
