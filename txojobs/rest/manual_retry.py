"""Repeat a function of a script when it fails, as a decorator or as a call (CONTRACT row G24).

For code around the client; the client's own requests are retried by itself. Each wait ends, after 10 minutes at
most, and at once when the work is asked to stop. An error after which nobody knows whether the service has acted
is never an invitation to act again (P3).
"""

from __future__ import annotations

import functools
import logging
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, overload

import tenacity

from txojobs.errors import (
    ApiAuthenticationError,
    ApiError,
    ApiRateLimitError,
    ApiTimeoutError,
    ApiValidationError,
    ConfigurationError,
    EntityNotFoundError,
    ForeignOriginError,
    HelpfulError,
    RunCancelledError,
    ValidationError,
)
from txojobs.interrupts import interrupts
from txojobs.rest.settings import RetrySettings
from txojobs.rest.timing import Limits, Timing

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
R = TypeVar("R")

_log = logging.getLogger("txojobs.rest")

FINAL = (
    ApiAuthenticationError,
    ApiValidationError,
    ConfigurationError,
    EntityNotFoundError,
    ForeignOriginError,
    HelpfulError,
    RunCancelledError,
    ValidationError,
)
"""Errors that would come again."""

_LONGEST_WAIT_S = RetrySettings().max_retry_after_s


def _pause(seconds: float) -> None:
    Timing().pause(seconds, Limits(cancels=interrupts()), reason="a function is repeated")


@overload
def manual_retry(
    function: None = None,
    *,
    max_retries: int = 3,
    backoff: float = 2.0,
    sleep: Callable[[float], None] = _pause,
) -> Callable[[Callable[P, R]], Callable[P, R]]: ...


@overload
def manual_retry(
    function: Callable[..., R],
    *args: Any,
    max_retries: int = 3,
    backoff: float = 2.0,
    sleep: Callable[[float], None] = _pause,
    **options: Any,
) -> R: ...


def manual_retry(
    function: Callable[..., R] | None = None,
    *args: Any,
    max_retries: int = 3,
    backoff: float = 2.0,
    sleep: Callable[[float], None] = _pause,
    **options: Any,
) -> Callable[[Callable[P, R]], Callable[P, R]] | R:
    """Repeat after 1 s, `backoff` s, `backoff` squared s, ... up to `max_retries` times.

    `@manual_retry(max_retries=5)` decorates; `manual_retry(api.get, "/items", max_retries=5)` calls at once, with
    the further arguments, and returns the result. A rate limit waits as long as the service asked, and is not
    repeated when that is more than 10 minutes; no other wait is longer either. What would come again, and a change
    that may have been carried out, is not repeated. The last error is raised unchanged.
    """

    def decorate(repeated: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(repeated)
        def call(*args: P.args, **options: P.kwargs) -> R:
            retrying = tenacity.Retrying(
                sleep=sleep,
                stop=tenacity.stop_after_attempt(max_retries + 1),
                wait=lambda state: _wait_s(state, backoff),
                retry=tenacity.retry_if_exception(_may_help),
                before_sleep=lambda state: _tell(state, max_retries),
                reraise=True,
            )
            return retrying(repeated, *args, **options)

        return call

    return decorate if function is None else decorate(function)(*args, **options)


def _may_help(err: BaseException) -> bool:
    if not isinstance(err, Exception) or isinstance(err, FINAL):
        return False
    if isinstance(err, ApiRateLimitError):
        return not err.outcome_unknown and _asked_s(err) <= _LONGEST_WAIT_S
    if isinstance(err, ApiError):
        refused = err.status is not None and 400 <= err.status < 500  # noqa: PLR2004  # RFC 9110: the request is at fault
        return not err.outcome_unknown and (not refused or isinstance(err, ApiTimeoutError))
    return True


def _asked_s(err: BaseException | None) -> float:
    return (err.retry_after or 0.0) if isinstance(err, ApiRateLimitError) else 0.0


def _wait_s(state: tenacity.RetryCallState, backoff: float) -> float:
    own = 1.0
    for _ in range(state.attempt_number - 1):
        own = min(_LONGEST_WAIT_S, own * backoff)
    return max(own, _asked_s(state.outcome.exception() if state.outcome is not None else None))


def _tell(state: tenacity.RetryCallState, max_retries: int) -> None:
    err = state.outcome.exception() if state.outcome is not None else None
    _log.warning(
        "attempt %d of %d of %s failed: %s: %s; trying again in %.1f s",
        state.attempt_number,
        max_retries + 1,
        getattr(state.fn, "__name__", "a function"),
        type(err).__name__,
        err,
        state.upcoming_sleep,
    )
