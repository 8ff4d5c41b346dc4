"""Stop asking a service that is down, and try again after a while.

After `failure_threshold` failed calls in a row nothing is sent for `timeout_s` seconds; then one call is
let through as a trial: its success closes the circuit, its failure opens it again. A call is a logical one,
with its retries. 4xx and 429 say nothing about the service's health and change no count.

pybreaker is not used: it holds its lock during the call, so threads queue up behind each other; it measures
with the wall clock; and an excluded error counts as a success and closes a circuit that should stay open.
"""

from __future__ import annotations

import threading
from enum import Enum
from typing import TYPE_CHECKING

from txojobs.errors import CircuitOpenError

if TYPE_CHECKING:
    from collections.abc import Callable

    from txojobs.rest.settings import BreakerSettings


class Outcome(Enum):
    """What a call says about the health of the service."""

    SUCCESS = "success"
    FAILURE = "failure"
    NEUTRAL = "neutral"


class Breaker:
    """The circuit of one origin; safe to share between threads, never locked during a call."""

    def __init__(self, settings: BreakerSettings, *, origin: str, clock: Callable[[], float]) -> None:
        self._settings = settings
        self._origin = origin
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._opened_at: float | None = None
        self._trial: Ticket | None = None

    @property
    def is_open(self) -> bool:
        """Whether calls are being refused, but for a trial."""
        return self._opened_at is not None

    def ticket(self) -> Ticket:
        """Return the ticket of one logical call; it must be closed with the call's outcome."""
        return Ticket(self)

    def admit(self, ticket: Ticket) -> None:
        """Let an attempt pass, or raise CircuitOpenError."""
        if not self._settings.enabled:
            return
        with self._lock:
            if self._opened_at is None or self._trial is ticket:
                return
            left = self._opened_at + self._settings.timeout_s - self._clock()
            if left <= 0 and self._trial is None:
                self._trial = ticket
                return
        after = f"in {left:.0f} s" if left > 0 else "as soon as the trial that is under way has succeeded"
        raise CircuitOpenError(
            f"Circuit breaker open: {self._origin} failed {self._settings.failure_threshold} times in a row, "
            f"so nothing was sent; it will be tried again {after}",
            how_to_fix="wait, or find out why the service fails: the log has the errors that came before",
        )

    def settle(self, ticket: Ticket, outcome: Outcome) -> None:
        """Note how a logical call ended."""
        with self._lock:
            was_trial = self._trial is ticket
            if was_trial:
                self._trial = None
            if outcome is Outcome.SUCCESS:
                self._failures = 0
                if was_trial:
                    self._opened_at = None
            elif outcome is Outcome.FAILURE:
                self._failures += 1
                if was_trial or (
                    self._opened_at is None and self._failures >= self._settings.failure_threshold
                ):
                    self._opened_at = self._clock()


class Ticket:
    """One logical call's right to send."""

    def __init__(self, breaker: Breaker) -> None:
        self._breaker = breaker

    def admit(self) -> None:
        """Raise CircuitOpenError unless an attempt may be sent now."""
        self._breaker.admit(self)

    def settle(self, outcome: Outcome) -> None:
        """Tell how the call ended."""
        self._breaker.settle(self, outcome)
