"""Decide whether, and after which wait, a failed attempt is made again.

Guarantees: what may have changed something is never sent twice (P3); a wait is never shorter than the
service asked for; the retries of one origin have a budget, so that an outage is not answered with a storm.
tenacity runs the loop; what it would do by itself (retry for ever, at once, on any error) is all set here.

Source: RFC 9110 section 9.2.2; the budget follows the retry quota of botocore's standard mode.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import tenacity

from txojobs.errors import ApiError
from txojobs.rest.failures import AttemptError, Cause

if TYPE_CHECKING:
    from collections.abc import Callable

    from txojobs.rest.gate import Gate
    from txojobs.rest.settings import RetrySettings
    from txojobs.rest.timing import Limits, Timing
    from txojobs.rest.transport import Request

T = TypeVar("T")

_log = logging.getLogger("txojobs.rest")

_FIRST_WAIT_S = 1.0
_FIRST_THROTTLED_WAIT_S = 5.0
_LONGEST_WAIT_S = 60.0

ANY_METHOD = frozenset({Cause.NOT_SENT, Cause.THROTTLED})
"""Nothing was processed, so even a POST may be sent again."""
SAFE_ONLY = frozenset({Cause.LOST, Cause.SERVER, Cause.UNREADABLE})
"""Something may have been processed: only what changes nothing is asked again."""


class RetryBudget:
    """Tokens that retries cost and successes give back; shared by the threads of one client."""

    CAPACITY = 500
    COST = 14
    COST_THROTTLED = 5

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left = self.CAPACITY

    def take(self, *, throttled: bool) -> bool:
        """Pay for one retry; False when the budget is spent."""
        cost = self.COST_THROTTLED if throttled else self.COST
        with self._lock:
            if cost > self._left:
                return False
            self._left -= cost
            return True

    def refund(self) -> None:
        """Give one token back for a call that succeeded."""
        with self._lock:
            self._left = min(self.CAPACITY, self._left + 1)


@dataclass(frozen=True, slots=True)
class RetryLoop:
    """The attempts of one logical call."""

    settings: RetrySettings
    timing: Timing
    gate: Gate
    request: Request
    limits: Limits

    def run(self, attempt: Callable[[], T]) -> T:
        """Return what an attempt returns, or raise the last AttemptError."""
        retrying = tenacity.Retrying(
            sleep=self._sleep,
            stop=self._is_last,
            wait=self._wait_s,
            retry=tenacity.retry_if_exception(self._may_help),
            before_sleep=self._tell,
            reraise=True,
        )
        acted = False

        def once() -> T:
            nonlocal acted
            try:
                return attempt()
            except AttemptError as failure:
                failure.error.outcome_unknown |= acted
                acted |= failure.may_have_acted and not self.request.changes_nothing
                raise

        try:
            result = retrying(once)
        except ApiError as error:  # no further attempt was allowed: what an earlier one did stays unknown
            error.outcome_unknown |= acted
            raise
        self.gate.budget.refund()
        return result

    def _may_help(self, err: BaseException) -> bool:
        if not isinstance(err, AttemptError):
            return False
        if (err.retry_after or 0) > self.settings.max_retry_after_s:
            err.error.how_to_fix = (
                f"the service asks to be left alone for {err.retry_after:,.0f} s; run again after that"
            )
            return False
        return err.cause in ANY_METHOD or (self.request.is_safe and err.cause in SAFE_ONLY)

    def _is_last(self, state: tenacity.RetryCallState) -> bool:
        failure = _failure(state)
        allowed = self.settings.max_retries
        if failure.cause is Cause.UNREADABLE:
            allowed = min(allowed, 1)
        if state.attempt_number > allowed:
            if failure.retry_after:  # this call gives up, but the others must leave the service alone
                self.gate.pause(failure.retry_after)
            return True
        if not self.gate.budget.take(throttled=failure.cause is Cause.THROTTLED):
            _log.warning("no retry: too many requests to %s failed already", self.gate.origin)
            return True
        return False

    def _wait_s(self, state: tenacity.RetryCallState) -> float:
        failure, settings = _failure(state), self.settings
        first = _FIRST_THROTTLED_WAIT_S if failure.cause is Cause.THROTTLED else _FIRST_WAIT_S
        own = min(_LONGEST_WAIT_S, first * settings.backoff_factor ** (state.attempt_number - 1))
        if failure.retry_after is None:
            return own * self.timing.dice(settings.jitter_min, settings.jitter_max)
        asked = failure.retry_after * self.timing.dice(1.0, max(1.0, settings.jitter_max))
        # a service that says "at once" again and again is still not to be hammered
        return asked if state.attempt_number == 1 else max(asked, own)

    def _tell(self, state: tenacity.RetryCallState) -> None:
        failure, wait_s = _failure(state), state.upcoming_sleep
        if failure.cause is Cause.THROTTLED or failure.retry_after is not None:
            self.gate.pause(wait_s)
        _log.warning(
            "attempt %d of %d failed: %s; trying again in %.1f s%s",
            state.attempt_number,
            self.settings.max_retries + 1,
            failure.error.what_went_wrong,
            wait_s,
            ", as the service asked" if failure.retry_after is not None else "",
        )

    def _sleep(self, seconds: float) -> None:
        self.gate.wait(seconds, self.limits, cause="retry", reason="a failed request is tried again")
        self.gate.traffic.count_retry()


def _failure(state: tenacity.RetryCallState) -> AttemptError:
    err = state.outcome.exception() if state.outcome is not None else None
    if not isinstance(err, AttemptError):  # pragma: no cover  # tenacity asks only after a AttemptError
        raise TypeError("the retry loop was asked about something that did not fail")
    return err
