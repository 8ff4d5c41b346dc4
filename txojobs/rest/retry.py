"""Decide whether, and after which wait, a failed attempt is made again.

Guarantees: what may have changed something is never sent twice (P3) unless the caller said that this does no
harm; a wait is never shorter than the service asked for, and the whole origin waits; who is throttled (429) is tried
until it has waited as long as one may be asked to, for the service did not fail; the retries of one origin have a
budget, so that an outage is not answered with a storm. tenacity runs the loop; what it would do by
itself (retry for ever, at once, on any error) is all set here.

Source: RFC 9110 sections 9.2.2 and 10.2.3, RFC 6585 section 4; the budget follows the retry quota of
botocore's standard mode.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, TypeVar

import tenacity

from txojobs.errors import ApiError
from txojobs.rest.answers import SLOW, SMALLER
from txojobs.rest.failures import AttemptError, Cause

if TYPE_CHECKING:
    from collections.abc import Callable

    from txojobs.rest.breaker import Ticket
    from txojobs.rest.gate import Gate
    from txojobs.rest.settings import RetrySettings
    from txojobs.rest.timing import Limits, Timing
    from txojobs.rest.transport import Request

T = TypeVar("T")

_log = logging.getLogger("txojobs.rest")

_FIRST_WAIT_S = 1.0
_FIRST_THROTTLED_WAIT_S = 5.0
_BELIEVED_S = 1.0
"""A throttled service that names so many seconds knows when there is room again: nobody waits longer than that."""
LONGEST_OWN_WAIT_S = 60.0
"""A wait that the service did not ask for ends here, before jitter."""
_OFTEN_SLOW = 2

ANY_METHOD = frozenset({Cause.NOT_SENT, Cause.THROTTLED})
"""Nothing was processed, so even a POST may be sent again."""
SAFE_ONLY = frozenset({Cause.LOST, Cause.SERVER, Cause.UNREADABLE})
"""Something may have been processed: only what does no harm twice is asked again."""


class RetryLoop:
    """The attempts of one logical call; used once, by one thread."""

    def __init__(
        self,
        settings: RetrySettings,
        timing: Timing,
        gate: Gate,
        request: Request,
        *,
        ticket: Ticket,
        limits: Limits,
    ) -> None:
        self._settings = settings
        self._timing = timing
        self._gate = gate
        self._request = request
        self._ticket = ticket
        self._limits = limits
        self._wait_s = 0.0
        self._throttled = 0
        """How many attempts the service did not take."""
        self._throttled_s = 0.0
        self._paid = 0
        self._slow_answers = 0
        self._acted = False
        """Whether an attempt may have changed something."""
        self._reason = ""

    def run(self, attempt: Callable[[], T]) -> T:
        """Return what an attempt returns.

        Raises:
            AttemptError: the last one.
            TxoBaseError: a wait between two attempts could not be made, or was ended.
        """
        retrying = tenacity.Retrying(
            sleep=self._sleep,
            stop=self._is_last,
            wait=lambda _: self._wait_s,
            retry=self._may_help,
            before_sleep=self._tell,
            reraise=True,
        )
        try:
            result = retrying(attempt)
        except AttemptError as failure:
            self._advise(failure.error)
            raise
        except ApiError as error:  # no further attempt was allowed: what an earlier one did stays unknown
            error.outcome_unknown |= self._acted
            self._advise(error)
            raise
        self._gate.budget.refund(self._paid)
        return result

    def _advise(self, error: ApiError) -> None:
        """Add to the last error what the attempts have shown together."""
        if self._slow_answers >= _OFTEN_SLOW:
            error.how_to_fix = SMALLER

    def _may_help(self, state: tenacity.RetryCallState) -> bool:
        failure = state.outcome.exception() if state.outcome is not None else None
        if not isinstance(failure, AttemptError):
            return False
        self._note(failure, state.attempt_number)
        if (failure.retry_after or 0) > self._settings.max_retry_after_s:
            failure.error.how_to_fix = (
                f"the service asks to be left alone for {failure.retry_after:,.0f} s; run again after that"
            )
            return False
        return failure.cause in ANY_METHOD or (self._request.is_safe and failure.cause in SAFE_ONLY)

    def _note(self, failure: AttemptError, attempt: int) -> None:
        """Remember what a failure says about the call, and let the others wait also when this call gives up."""
        failure.error.outcome_unknown |= self._acted
        self._acted |= failure.may_have_acted and not self._request.changes_nothing
        if failure.status in SLOW and self._request.method == "GET":
            self._slow_answers += 1
        throttled = failure.cause is Cause.THROTTLED
        self._throttled += throttled
        taken = attempt - self._throttled
        self._wait_s = self._next_wait_s(failure, self._throttled if throttled else taken)
        if throttled or failure.retry_after is not None:
            self._gate.pause(self._wait_s)
        which = f"attempt {attempt}" if throttled else f"attempt {taken} of {self._allowed(failure) + 1}"
        self._reason = f"{which} failed: {failure.error}"

    def _next_wait_s(self, failure: AttemptError, times: int) -> float:
        """Return how long to wait after a failure that came for the `times`th time."""
        settings = self._settings
        throttled = failure.cause is Cause.THROTTLED
        own = _FIRST_THROTTLED_WAIT_S if throttled else _FIRST_WAIT_S
        for _ in range(times - 1):
            own = min(LONGEST_OWN_WAIT_S, own * settings.backoff_factor)
        if failure.retry_after is None:
            return own * self._timing.dice(settings.jitter_min, settings.jitter_max)
        asked = failure.retry_after * self._timing.dice(1.0, max(1.0, settings.jitter_max))
        if times == 1 or (throttled and failure.retry_after >= _BELIEVED_S):
            return asked
        return max(asked, own)  # a service that says "at once" again and again is still not to be hammered

    def _allowed(self, failure: AttemptError) -> int:
        """Return how many retries a failure of this kind is worth."""
        if failure.hurts_the_breaker and self._ticket.is_trial:
            return 0  # the breaker's one try is one request, not a row of them
        allowed = self._settings.max_retries
        return min(allowed, 1) if failure.cause is Cause.UNREADABLE else allowed

    def _is_last(self, state: tenacity.RetryCallState) -> bool:
        failure = _failure(state)
        throttled = failure.cause is Cause.THROTTLED
        if throttled:
            waits_too_long = self._throttled_s + self._wait_s > self._settings.max_retry_after_s
            is_last = waits_too_long or not self._settings.max_retries
        else:
            is_last = state.attempt_number - self._throttled > self._allowed(failure)
        if is_last:
            return True
        paid = self._gate.budget.take(throttled=throttled)
        self._paid += paid
        self._throttled_s += self._wait_s if throttled else 0.0
        if not paid:
            _log.warning(
                "no retry: too many requests to %s failed already; %s", self._gate.origin, self._reason
            )
            return True
        return False

    def _tell(self, state: tenacity.RetryCallState) -> None:
        failure = _failure(state)
        asked = ", as the service asked" if failure.retry_after is not None else ""
        hint = f"; {SMALLER}" if failure.status in SLOW and self._slow_answers == _OFTEN_SLOW else ""
        _log.warning("%s; trying again in %.1f s%s%s", self._reason, self._wait_s, asked, hint)

    def _sleep(self, seconds: float) -> None:
        self._gate.wait(seconds, self._limits, cause="retry", reason=self._reason)
        self._gate.traffic.count_retry()


def _failure(state: tenacity.RetryCallState) -> AttemptError:
    err = state.outcome.exception() if state.outcome is not None else None
    if not isinstance(err, AttemptError):  # pragma: no cover  # tenacity asks only after a AttemptError
        raise TypeError("the retry loop was asked about something that did not fail")
    return err
