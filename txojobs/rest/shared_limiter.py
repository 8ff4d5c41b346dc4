"""Keep one rate among all processes of this machine: each takes its turns from one small file.

The file holds when the next request is due, on the monotonic clock, which all processes of a machine share. Who
takes a turn holds the file's lock for some microseconds. Guarantees:

- A process that is killed leaves no lock, and nothing half written: at worst its turns pass unused.
- A wall clock that is set changes nothing. After a restart of the machine, when the monotonic clock begins anew,
  the file is found to be of another time, and is not believed; nor is one that is damaged.
- No wait is endless: when the file cannot be used, or somebody sits on its lock, the log says so and this client
  goes on at the same pace by itself.
- The client's own threads never go faster than the pace, whatever the file says.

A locked file and not SQLite: a turn costs either of them some tens of microseconds, and for the file nothing is
imported (benchmarks/results/limiter.md).

Source: Python's time.monotonic ("always system-wide"); ITU-T I.371 annex A.
"""

from __future__ import annotations

import contextlib
import logging
import math
import os
import struct
import threading
import zlib
from typing import TYPE_CHECKING

from txojobs.file_lock import lock_at

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from txojobs.rest.limiter import Pace
    from txojobs.rest.timing import Limits, Timing

_log = logging.getLogger("txojobs.rest")

LOCK_PATIENCE_S = 5.0
"""How long somebody may sit on the lock, who needs it for microseconds: a stopped process."""
_POLL_S = 0.001
_LOOK_S = 0.1
"""How often a thread that waits for another one looks whether it should stop."""
_KIND = b"txL1"
_RECORD = struct.Struct("<4sddI")
"""The kind, when it was written, when the next request is due, and a checksum of all that."""
_OPEN = os.O_RDWR | os.O_CREAT
_OPEN |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


class SharedLimiter:
    """One rate, shared through the file at `path` by all that name the same one."""

    def __init__(self, pace: Pace, path: Path, timing: Timing) -> None:
        self._pace = pace
        self._path = path
        self._timing = timing
        self._lock = threading.Lock()
        self._due = float("-inf")
        self._alone = False

    def reserve(self, limits: Limits) -> float | None:
        """See Limiter.

        Raises:
            RunCancelledError, ApiTimeoutError: the limits ended the wait for the file.
        """
        with self._first(limits), self._file(limits) as descriptor:
            now = self._timing.clock()
            kept = float("-inf") if descriptor is None else self._kept(descriptor, now)
            wait_s, due = self._pace.turn(max(self._due, kept), now)
            if limits.deadline is not None and now + wait_s > limits.deadline:
                return None
            self._due = due
            if descriptor is not None:
                self._keep(descriptor, now)
            return wait_s

    @contextlib.contextmanager
    def _first(self, limits: Limits) -> Iterator[None]:
        """Be the one thread of this client that takes a turn."""
        while not self._lock.acquire(timeout=_LOOK_S):
            self._timing.pause(0.0, limits, reason="rate-limiting")
        try:
            yield
        finally:
            self._lock.release()

    @contextlib.contextmanager
    def _file(self, limits: Limits) -> Iterator[int | None]:
        """Hold the file and its lock; None when it cannot be had, now or before."""
        descriptor = None
        if not self._alone:
            try:
                descriptor = self._locked(limits)
            except OSError as err:
                self._go_alone(err.strerror or str(err))
        try:
            yield descriptor
        finally:
            if descriptor is not None:
                os.close(descriptor)

    def _locked(self, limits: Limits) -> int | None:
        patience = self._timing.clock() + LOCK_PATIENCE_S
        while True:
            descriptor = self._open()
            try:
                if lock_at(self._path, descriptor):
                    return descriptor
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)
            if self._timing.clock() > patience:
                self._go_alone(f"another process has held it for {LOCK_PATIENCE_S:.0f} s")
                return None
            self._timing.pause(_POLL_S, limits, reason="rate-limiting")

    def _open(self) -> int:
        try:
            return os.open(self._path, _OPEN, 0o600)
        except FileNotFoundError:
            self._path.parent.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._path.parent.mkdir(mode=0o700, exist_ok=True)
            return os.open(self._path, _OPEN, 0o600)

    def _kept(self, descriptor: int, now: float) -> float:
        try:
            return _read(descriptor, now)
        except OSError as err:
            self._go_alone(err.strerror or str(err))
            return float("-inf")

    def _keep(self, descriptor: int, now: float) -> None:
        try:
            os.lseek(descriptor, 0, os.SEEK_SET)
            os.write(descriptor, _record(now, self._due))
        except OSError as err:
            self._go_alone(err.strerror or str(err))

    def _go_alone(self, why: str) -> None:
        self._alone = True
        _log.warning(
            "the rate limit is not shared with other runs any more: %s cannot be used (%s)", self._path, why
        )


def _record(written_at: float, due: float) -> bytes:
    text = _RECORD.pack(_KIND, written_at, due, 0)[:-4]
    return text + zlib.crc32(text).to_bytes(4, "little")


def _read(descriptor: int, now: float) -> float:
    """Return when the next request is due; long ago when the file is new, damaged, or from before a restart."""
    text = os.read(descriptor, _RECORD.size)
    if len(text) == _RECORD.size:
        _, written_at, due, _ = _RECORD.unpack(text)
        if text == _record(written_at, due) and math.isfinite(due) and written_at <= now:
            return float(due)
    return float("-inf")
