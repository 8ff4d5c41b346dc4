"""Space requests evenly, first come first served, without a thread or a queue.

Guarantees that never more than `burst + rate * t` requests leave in t seconds, over all threads that share
the limiter, and that the order of asking is the order of leaving. The generic cell rate algorithm needs one
number: when the next request would be due in a steady stream.

Source: ITU-T I.371 annex A (GCRA, virtual scheduling).
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Limiter:
    """One rate, shared by the threads of one client."""

    def __init__(self, *, calls_per_second: float, burst_size: int, clock: Callable[[], float]) -> None:
        self._interval_s = 1.0 / calls_per_second
        self._tolerance_s = self._interval_s * (burst_size - 1)
        self._clock = clock
        self._lock = threading.Lock()
        self._due = float("-inf")

    def reserve(self, *, no_later_than: float | None = None) -> float | None:
        """Take the next free moment and return how many seconds it is away.

        Returns None, and takes nothing, when that moment is later than `no_later_than` on the clock.
        """
        with self._lock:
            now = self._clock()
            due = max(self._due, now)
            wait_s = max(0.0, due - self._tolerance_s - now)
            if no_later_than is not None and now + wait_s > no_later_than:
                return None
            self._due = due + self._interval_s
            return wait_s
