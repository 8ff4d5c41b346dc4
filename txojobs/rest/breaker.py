"""Stop asking a service that is down, and try again after a while.

After `failure_threshold` failed calls in a row nothing is sent for `timeout_s` seconds, measured with the
monotonic clock; then one call is let through as a trial, for one request, while all others go on failing at
once. Its success closes the circuit, its failure opens it for as long again. A call is a logical one, with its
retries.

4xx and 429 say nothing about the health of the service and change no count: a gateway may answer so for a
service that is down. So a trial that is refused leaves the circuit half open: it does not close it, nor make
everybody wait for another period; the next call is the next trial, at once. So does a trial that was cancelled.

pybreaker is not used: it holds its lock during the call, so threads queue up behind each other; it measures
with the wall clock; and an excluded error counts as a success and closes a circuit that should stay open.
"""

from __future__ import annotations

import threading
from datetime import datetime, timezone
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

    def __init__(
        self,
        settings: BreakerSettings,
        *,
        origin: str,
        clock: Callable[[], float],
        wall_clock: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._origin = origin
        self._clock = clock
        self._wall_clock = wall_clock
        self._lock = threading.Lock()
        self._failures = 0
        self._opened_at: float | None = None
        self._since = 0.0
        """When it opened for the first time in this outage, for people."""
        self._trial: Ticket | None = None

    def ticket(self) -> Ticket:
        """Return the ticket of one logical call; it must be settled with the call's outcome."""
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
            since = self._since
        raise self._refusal(since, left)

    def _refusal(self, since: float, left: float) -> CircuitOpenError:
        opened = _utc(since)
        until = _utc(self._wall_clock() + left) if left > 0 else None
        then = (
            f"nothing is sent until {until:%H:%M:%S} UTC (for another {left:.0f} s)"
            if until is not None
            else "nothing is sent until the trial that is under way has succeeded"
        )
        error = CircuitOpenError(
            f"Circuit breaker open since {opened:%Y-%m-%d %H:%M:%S} UTC: {self._origin} failed "
            f"{self._settings.failure_threshold} times in a row, so {then}",
            how_to_fix="wait, or find out why the service fails: the log has the errors that came before",
        )
        error.since, error.until = opened, until
        return error

    def is_trial(self, ticket: Ticket) -> bool:
        """Whether a call is the one that is let through to see how the service does."""
        return self._trial is ticket

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
                if was_trial:
                    self._opened_at = self._clock()
                elif self._opened_at is None and self._failures >= self._settings.failure_threshold:
                    self._opened_at = self._clock()
                    self._since = self._wall_clock()


class Ticket:
    """One logical call's right to send."""

    def __init__(self, breaker: Breaker) -> None:
        self._breaker = breaker

    @property
    def is_trial(self) -> bool:
        """Whether it is the breaker's one try."""
        return self._breaker.is_trial(self)

    def admit(self) -> None:
        """Raise CircuitOpenError unless an attempt may be sent now."""
        self._breaker.admit(self)

    def settle(self, outcome: Outcome) -> None:
        """Tell how the call ended."""
        self._breaker.settle(self, outcome)


def _utc(timestamp: float) -> datetime:
    return datetime.fromtimestamp(timestamp, timezone.utc)
