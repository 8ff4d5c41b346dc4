"""The gate of one origin: what all threads pass before each attempt, and where traffic is counted.

In this order: the breaker, the pause that the service asked for, the limiter; then pause and breaker once more,
for much may have changed while others went first.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from txojobs.errors import ApiRateLimitError, ApiTimeoutError
from txojobs.rest.breaker import Breaker
from txojobs.rest.limiter import limiter_for
from txojobs.rest.retry import LONGEST_OWN_WAIT_S

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from txojobs.records import JsonValue
    from txojobs.rest.breaker import Ticket
    from txojobs.rest.limiter import Limiter
    from txojobs.rest.origin import Origin
    from txojobs.rest.outages import Outage, Outages
    from txojobs.rest.settings import ApiSettings
    from txojobs.rest.timing import Limits, Timing

_log = logging.getLogger("txojobs.rest")

_LEAST_COUNTED_S = 0.001
_LEAST_TOLD_S = 1.0
_LATE_S = 1.0
"""How late a request may leave after its turn: on a machine that is overloaded, not one that was suspended."""


@dataclass(frozen=True, slots=True)
class TrafficSnapshot:
    """What went to and came from one origin so far; `waits_s` is seconds by cause."""

    origin: str
    requests: int = 0
    retries: int = 0
    bytes_received: int = 0
    waits_s: Mapping[str, float] = field(default_factory=dict)

    def as_json(self) -> dict[str, JsonValue]:
        """Return the counts for a run report."""
        return {
            "origin": self.origin,
            "requests": self.requests,
            "retries": self.retries,
            "bytes-received": self.bytes_received,
            "waits-seconds": {cause: Decimal(f"{seconds:.3f}") for cause, seconds in self.waits_s.items()},
        }


def merged(snapshots: Iterable[TrafficSnapshot]) -> tuple[TrafficSnapshot, ...]:
    """Return one snapshot for each origin, in the order in which the origins come."""
    found: dict[str, TrafficSnapshot] = {}
    for each in snapshots:
        sum_ = found.get(each.origin, TrafficSnapshot(each.origin))
        waits = {
            cause: sum_.waits_s.get(cause, 0.0) + each.waits_s.get(cause, 0.0)
            for cause in (*sum_.waits_s, *each.waits_s)
        }
        found[each.origin] = TrafficSnapshot(
            each.origin,
            sum_.requests + each.requests,
            sum_.retries + each.retries,
            sum_.bytes_received + each.bytes_received,
            waits,
        )
    return tuple(found.values())


class Traffic:
    """Counts for the report; safe to share between threads."""

    def __init__(self, origin: str) -> None:
        self._origin = origin
        self._lock = threading.Lock()
        self._requests = 0
        self._retries = 0
        self._bytes = 0
        self._waits: dict[str, float] = {}

    def count_request(self) -> None:
        """One request is about to leave."""
        with self._lock:
            self._requests += 1

    def count_retry(self) -> None:
        """A call is about to be attempted again."""
        with self._lock:
            self._retries += 1

    def count_bytes(self, size: int) -> None:
        """A body of `size` decoded bytes came."""
        with self._lock:
            self._bytes += size

    def count_wait(self, cause: str, seconds: float) -> None:
        """Nothing was done for `seconds`."""
        with self._lock:
            self._waits[cause] = self._waits.get(cause, 0.0) + seconds

    def snapshot(self) -> TrafficSnapshot:
        """Return the counts of this moment."""
        with self._lock:
            return TrafficSnapshot(
                self._origin, self._requests, self._retries, self._bytes, dict(self._waits)
            )


class Gate:
    """One origin, as all threads of a client see it."""

    def __init__(self, origin: Origin, settings: ApiSettings, timing: Timing, outage: Outage) -> None:
        self.origin = origin
        self._timing = timing
        self.breaker = Breaker(
            settings.breaker, origin=str(origin), clock=timing.clock, wall_clock=timing.wall_clock
        )
        self.budget = outage.budget
        self._outage = outage
        self.traffic = Traffic(str(origin))
        self._limiter = limiter_for(origin, settings, timing)
        longest = max(settings.retry.max_retry_after_s, LONGEST_OWN_WAIT_S)
        self._longest_pause_s = longest * max(1.0, settings.retry.jitter_max)

    def pause(self, seconds: float) -> None:
        """Let nobody through for `seconds` from now."""
        self._outage.pause(self._timing.clock() + seconds)

    def enter(self, ticket: Ticket, limits: Limits) -> None:
        """Wait until a request may leave, and count it.

        Raises:
            CircuitOpenError, ApiRateLimitError, RunCancelledError, ApiTimeoutError: it may not leave, or not
                in time.
        """
        ticket.admit()
        limits.raise_if_cancelled()
        paused_s = self._sit_out_the_pause(limits)
        if self._limiter is not None:
            self._take_turn(self._limiter, limits)
            while pause_s := self._sit_out_the_pause(limits, after_s=paused_s):  # others were told meanwhile
                paused_s += pause_s
                self._take_turn(self._limiter, limits)
        ticket.admit()
        self.traffic.count_request()

    def _sit_out_the_pause(self, limits: Limits, *, after_s: float = 0.0) -> float:
        """Wait until the service may be asked again, however often others prolong it, but not for ever.

        `after_s` is how long this request has waited so before; returns how long it did now.
        """
        began = now = self._timing.clock()
        end = began + self._longest_pause_s - after_s
        while (left := self._outage.quiet_until - now) > 0:
            if now + left > end:
                raise ApiRateLimitError(
                    f"{self.origin} asked to be left alone for another {left:,.0f} s, so nothing was sent",
                    left,
                    how_to_fix="run again after that",
                )
            if left >= _LEAST_TOLD_S:
                _log.info("waiting %.1f s: %s asked to be left alone", left, self.origin)
            self.wait(left, limits, cause="throttled", reason="the service asked to wait")
            now = self._timing.clock()
        return now - began

    def _take_turn(self, limiter: Limiter, limits: Limits) -> None:
        """Wait for a turn; one that was slept through counts no more, or all that slept would leave at once."""
        late_s = _LATE_S + 1
        while late_s > _LATE_S:
            seconds = limiter.reserve(limits)
            if seconds is None:
                raise ApiTimeoutError(
                    "the deadline does not allow another request at the configured rate",
                    how_to_fix="allow more time with `timeout`, or raise `calls-per-second`",
                )
            if seconds <= 0:
                return
            due = self._timing.clock() + seconds
            self.wait(seconds, limits, cause="rate limit", reason="rate-limiting")
            late_s = self._timing.clock() - due

    def wait(self, seconds: float, limits: Limits, *, cause: str, reason: str) -> None:
        """Wait, within the limits, and count the time."""
        self._timing.pause(seconds, limits, reason=reason)
        if seconds > _LEAST_COUNTED_S:
            self.traffic.count_wait(cause, seconds)


class Gates:
    """The gate of each origin that a client talks to."""

    def __init__(self, settings: ApiSettings, timing: Timing, outages: Outages) -> None:
        self._settings = settings
        self._timing = timing
        self._outages = outages
        self._lock = threading.Lock()
        self._gates: dict[Origin, Gate] = {}

    def of(self, origin: Origin) -> Gate:
        """Return the one gate of an origin."""
        with self._lock:
            gate = self._gates.get(origin)
            if gate is None:
                outage = self._outages.at(origin)
                gate = self._gates[origin] = Gate(origin, self._settings, self._timing, outage)
            return gate

    def snapshot(self) -> tuple[TrafficSnapshot, ...]:
        """Return the counts of each origin."""
        with self._lock:
            gates = list(self._gates.values())
        return tuple(gate.traffic.snapshot() for gate in gates)
