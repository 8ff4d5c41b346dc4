"""Time as the client sees it: the monotonic clock, interruptible waits, deadlines.

Guarantees that no wait outlives its deadline (P6) or a request to stop. A wait that would end after the
deadline is not begun.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from txojobs.errors import ApiTimeoutError, RunCancelledError
from txojobs.interrupts import wait_for

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Limits:
    """When to stop: a moment on the monotonic clock, and events that stop it earlier."""

    deadline: float | None = None
    cancels: tuple[threading.Event, ...] = ()

    def until(self, moment: float) -> Limits:
        """Return these limits with a deadline no later than `moment`."""
        return replace(self, deadline=moment if self.deadline is None else min(moment, self.deadline))

    def stopped_by(self, *events: threading.Event) -> Limits:
        """Return these limits with further events."""
        return replace(self, cancels=(*self.cancels, *events))

    def raise_if_cancelled(self) -> None:
        """Raise RunCancelledError when one of the events is set."""
        if any(event.is_set() for event in self.cancels):
            raise RunCancelledError("the run was asked to stop")


@dataclass(frozen=True, slots=True)
class Timing:
    """The clocks, the wait and the dice of one client; tests pass their own."""

    clock: Callable[[], float] = time.monotonic
    wall_clock: Callable[[], float] = time.time
    wait: Callable[[float, tuple[threading.Event, ...]], None] = wait_for
    dice: Callable[[float, float], float] = random.uniform

    def pause(self, seconds: float, limits: Limits, *, reason: str) -> None:
        """Wait, within the limits.

        Raises:
            RunCancelledError: one of the events was or became set.
            ApiTimeoutError: the deadline has passed or would pass before the wait ends.
        """
        limits.raise_if_cancelled()
        if limits.deadline is not None and self.clock() + seconds > limits.deadline:
            raise ApiTimeoutError(
                f"the deadline does not allow another wait of {seconds:.1f} s ({reason})",
                how_to_fix="allow more time with `timeout`, or run again when the service is less busy",
            )
        if seconds > 0:
            self.wait(seconds, limits.cancels)
        limits.raise_if_cancelled()
