"""Space requests evenly, first come first served, without a thread or a queue.

Guarantees that never more than `burst + rate * t` requests leave in t seconds, over all threads that share
the limiter, and that the order of asking is the order of leaving. The generic cell rate algorithm needs one
number: when the next request would be due in a steady stream.

Source: ITU-T I.371 annex A (GCRA, virtual scheduling).
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from txojobs.rest.origin import Origin
    from txojobs.rest.settings import ApiSettings
    from txojobs.rest.timing import Limits, Timing


class Limiter(Protocol):
    """Who goes when, at one origin; safe to share between threads."""

    def reserve(self, limits: Limits) -> float | None:
        """Take the next free moment and return how many seconds it is away.

        Returns None, and takes nothing, when that moment is later than the deadline.
        """


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast requests may follow each other; a moment is seconds on the monotonic clock."""

    interval_s: float
    tolerance_s: float
    """How much earlier than in a steady stream a request may leave: that makes the burst."""

    @classmethod
    def of(cls, *, calls_per_second: float, burst_size: int) -> Pace:
        """Return the pace of so many calls a second, and so many at once after a pause."""
        interval_s = 1.0 / calls_per_second
        return cls(interval_s, interval_s * (burst_size - 1))

    def turn(self, due: float, now: float) -> tuple[float, float]:
        """Return how many seconds the next turn is away, and when the one after it is due."""
        due = max(due, now)
        return max(0.0, due - self.tolerance_s - now), due + self.interval_s


class OwnLimiter:
    """One rate, shared by the threads of one client."""

    def __init__(self, pace: Pace, *, clock: Callable[[], float]) -> None:
        self._pace = pace
        self._clock = clock
        self._lock = threading.Lock()
        self._due = float("-inf")

    def reserve(self, limits: Limits) -> float | None:
        """See Limiter."""
        with self._lock:
            now = self._clock()
            wait_s, due = self._pace.turn(self._due, now)
            if limits.deadline is not None and now + wait_s > limits.deadline:
                return None
            self._due = due
            return wait_s


def limiter_for(origin: Origin, settings: ApiSettings, timing: Timing) -> Limiter | None:
    """Return what spaces the requests of a client to one origin, None when nothing does."""
    rate = settings.limiter.calls_per_second
    if not rate:
        return None
    pace = Pace.of(calls_per_second=rate, burst_size=settings.limiter.burst_size)
    if not settings.limiter.shared:
        return OwnLimiter(pace, clock=timing.clock)
    from txojobs.rest.shared_limiter import SharedLimiter  # noqa: PLC0415  # few share a rate

    return SharedLimiter(pace, _shared_file(origin, settings), timing)


def _shared_file(origin: Origin, settings: ApiSettings) -> Path:
    """Return the file of all that ask one service as one application or user: that is whom services count."""
    import hashlib  # noqa: PLC0415

    from txojobs.workspace import Workspace  # noqa: PLC0415

    auth = settings.auth
    asked_as = (str(origin), auth.type, auth.tokens_from, auth.client_id, auth.username)
    name = hashlib.sha256(repr(asked_as).encode()).hexdigest()[:32]
    return (settings.state_dir or Workspace.find().state_dir) / "limits" / f"{name}.due"
