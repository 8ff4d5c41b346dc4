"""Make one logical call: the gate, the credential, the attempts, and reading the answer, in this order.

`parse` runs inside the attempt, so an answer that cannot be read is asked for again like one that did not
arrive. A 401 renews the credential once; a redirect is followed only for GET, with 307 or 308, to the same
origins that the api may talk to anyway.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeVar

from txojobs.rest.answers import failure_of, redact
from txojobs.rest.breaker import Outcome
from txojobs.rest.causes import CleanCauses
from txojobs.rest.failures import AttemptError
from txojobs.rest.gate import Gates, merged
from txojobs.rest.origin import resolved
from txojobs.rest.outages import Outages
from txojobs.rest.retry import RetryLoop
from txojobs.rest.retry_after import retry_after_s
from txojobs.rest.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Callable

    from txojobs.redact import Redactor
    from txojobs.rest.answers import Answer
    from txojobs.rest.auth import Credential
    from txojobs.rest.breaker import Ticket
    from txojobs.rest.gate import Gate, TrafficSnapshot
    from txojobs.rest.origin import OriginGuard
    from txojobs.rest.settings import ApiSettings
    from txojobs.rest.timing import Limits, Timing
    from txojobs.rest.transport import Request, Signature

T = TypeVar("T")

_MAX_REDIRECTS = 5
_SUCCESS = range(200, 300)
_FOLLOWED = (307, 308)


class Exchange:
    """All calls to one api go through here; safe to share between threads."""

    def __init__(
        self,
        settings: ApiSettings,
        guard: OriginGuard,
        timing: Timing,
        *,
        redactor: Redactor,
        credential: Credential,
        outages: Outages | None = None,
    ) -> None:
        self._settings = settings
        self._timing = timing
        self._redactor = redactor
        self._credential = credential
        self._transport = Transport(settings, guard, timing, redactor=redactor)
        self._closed = threading.Event()
        self.gates = Gates(settings, timing, outages or Outages())

    def run(
        self,
        request: Request,
        *,
        parse: Callable[[Answer], T],
        limits: Limits,
        accept: Callable[[int], bool] = _SUCCESS.__contains__,
    ) -> T:
        """Return what `parse` makes of the answer.

        `parse` may raise AttemptError for an answer that is none. `accept` names the statuses that reach it.

        Raises:
            ApiError: after all attempts; the one of the last.
        """
        with CleanCauses(self._redactor):
            return self._answered(request, parse, limits, accept)

    def _answered(
        self,
        request: Request,
        parse: Callable[[Answer], T],
        limits: Limits,
        accept: Callable[[int], bool],
    ) -> T:
        origin = self._transport.origin(request, credential=self._credential.is_secret)
        gate = self.gates.of(origin)
        ticket = gate.breaker.ticket()
        outcome = Outcome.NEUTRAL
        try:
            waits = self._waits(limits)
            loop = RetryLoop(self._settings.retry, self._timing, gate, request, ticket=ticket, limits=waits)
            result = loop.run(lambda: parse(self._attempt(request, gate, ticket, limits, accept)))
            outcome = Outcome.SUCCESS
        except AttemptError as failure:
            if failure.hurts_the_breaker:
                outcome = Outcome.FAILURE
            redact(failure.error, self._redactor)
            raise failure.error from failure.__cause__
        finally:
            ticket.settle(outcome)
        return result

    def _attempt(
        self, request: Request, gate: Gate, ticket: Ticket, limits: Limits, accept: Callable[[int], bool]
    ) -> Answer:
        asked = request
        for _ in range(_MAX_REDIRECTS + 1):
            answer = self._signed(asked, gate, ticket, limits)
            if accept(answer.status):
                return answer
            location = answer.headers.get("Location")
            if answer.status not in _FOLLOWED or request.method != "GET" or not location:
                break
            asked = replace(request, url=resolved(asked.url, location))
            gate = self.gates.of(self._transport.origin(asked, credential=self._credential.is_secret))
        wait_s = retry_after_s(answer.headers, wall_clock_now=self._timing.wall_clock())
        raise failure_of(
            answer,
            redactor=self._redactor,
            retry_after=wait_s,
            remedy=self._credential.remedy,
            changes_nothing=request.changes_nothing,
        )

    def _signed(self, request: Request, gate: Gate, ticket: Ticket, limits: Limits) -> Answer:
        answer, signature = self._sent(request, gate, ticket, limits)
        if answer.status == HTTPStatus.UNAUTHORIZED and self._credential.renew(signature, limits):
            answer, _ = self._sent(request, gate, ticket, limits)
        return answer

    def _sent(self, request: Request, gate: Gate, ticket: Ticket, limits: Limits) -> tuple[Answer, Signature]:
        waits = self._waits(limits)
        gate.enter(ticket, waits)
        signature = self._credential.sign(waits)
        answer = self._transport.send(request, signature, limits, again=lambda: gate.enter(ticket, waits))
        gate.traffic.count_bytes(len(answer.body))
        return answer, signature

    def wait(self, seconds: float, request: Request, limits: Limits, *, cause: str, reason: str) -> None:
        """Wait between two requests of a call, before `request`, and count the time for its origin."""
        origin = self._transport.origin(request, credential=self._credential.is_secret)
        self.gates.of(origin).wait(seconds, self._waits(limits), cause=cause, reason=reason)

    def _waits(self, limits: Limits) -> Limits:
        """Return the limits of a wait between two requests of a call: closing ends it, too."""
        return limits.stopped_by(self._closed)

    @property
    def traffic(self) -> tuple[TrafficSnapshot, ...]:
        """What was asked so far, for each origin; what was asked for the credential among it."""
        return merged((*self.gates.snapshot(), *self._credential.traffic))

    def close(self) -> None:
        """End each wait, in all threads, and close all connections; a request under way may still end."""
        self._closed.set()
        self._credential.close()
        self._transport.close()
