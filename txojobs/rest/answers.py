"""One complete answer, and the one exact error that each refused one becomes.

`STATUS_ERRORS` and `FIXES` are the literal tables behind it: status -> class, status -> what a person can do.

Source: RFC 9110 section 15; CONTRACT row G17.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from txojobs.errors import (
    ApiAuthenticationError,
    ApiError,
    ApiOperationError,
    ApiRateLimitError,
    ApiTimeoutError,
    ApiValidationError,
    EntityNotFoundError,
)
from txojobs.rest.challenges import REMEDIES as CHALLENGE_REMEDIES
from txojobs.rest.challenges import bearer_challenge
from txojobs.rest.failures import PROXY_LOGIN, AttemptError, Cause, leaves_unknown
from txojobs.rest.origin import shown
from txojobs.rest.service_text import ServiceError, clean_text, read_service_error

if TYPE_CHECKING:
    from collections.abc import Mapping

    from txojobs.redact import Redactor
    from txojobs.rest.watch import Peer


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer: status, headers (names in any case) and the decoded body."""

    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes
    method: str
    url: str
    length_known: bool = True
    """False when neither a length nor chunks nor gzip tell whether the body is whole."""
    peer: Peer | None = None
    """Who sent it, when it came over a connection of its own."""
    session: str = ""
    """The process of the run that was given it, where answers are kept for others; else empty."""

    @property
    def media_type(self) -> str:
        """The type without parameters, in lower case: `application/json`."""
        return self.headers.get("Content-Type", "").split(";", 1)[0].strip().lower()


STATUS_ERRORS: dict[int, type[ApiError]] = {
    400: ApiValidationError,
    401: ApiAuthenticationError,
    404: EntityNotFoundError,
    408: ApiTimeoutError,
    409: ApiValidationError,
    412: ApiValidationError,
    422: ApiValidationError,
    429: ApiRateLimitError,
}

CAUSES: dict[int, Cause] = {
    408: Cause.SERVER,
    429: Cause.THROTTLED,
    500: Cause.SERVER,
    502: Cause.SERVER,
    503: Cause.SERVER,
    504: Cause.SERVER,
}
"""The statuses after which asking again may help; every other one is final."""

SLOW = frozenset({408, 504})
"""The service, or a gateway before it, ran out of time."""

_ASKING = ("GET", "HEAD", "OPTIONS")
_CHALLENGED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
"""RFC 6750 section 3.1: both say in WWW-Authenticate what is wrong with a token."""

SMALLER = "ask for less at a time: a smaller `page-size` or fewer fields in `select`"
_LONGEST_REASON = 80
_LOOK = "look in the service whether it was carried out before you send it again"

FIXES: dict[int, str] = {
    400: "check names and values in select, filter, order-by and body against the service's description",
    401: "check the credential: is the secret right and still valid, and is it the one for this service?",
    403: "give this application or user permission on what it asks for, or ask your administrator",
    404: "check the name of the entity and `base-url`: company, version and upper and lower case count",
    405: "the service does not allow this on this address; check the address and the method",
    407: PROXY_LOGIN,
    408: SMALLER,
    409: "the record was changed or exists already; read it again and decide",
    410: "the link has expired; start the export again from the beginning",
    412: "the record was changed by someone else since it was read; read it again",
    413: "send or ask for less at a time: a smaller `page-size` or `batch-size`",
    422: "correct the values that the service names",
    428: "the service wants to know which version of the record is changed; send its ETag as If-Match",
    429: "ask less often: enable `rate-limiting` in script-behavior and lower `calls-per-second`",
    431: "ask for less in one address: fewer fields in `select` or a shorter filter",
    500: "the fault is the service's: try again later, and give its support the id named here",
    501: "the service does not know this option; leave it out",
    502: "a gateway before the service failed: try again later",
    503: "the service is down or overloaded: try again later",
    504: SMALLER,
}


def failure_of(
    answer: Answer,
    *,
    redactor: Redactor,
    retry_after: float | None = None,
    remedy: str = "",
    changes_nothing: bool = False,
) -> AttemptError:
    """Return the failure that an answer other than 2xx stands for; `remedy` is what helps against a 401.

    `changes_nothing` says that the request only asked, whatever its method.
    """
    told = read_service_error(answer.body, answer.headers)
    status = answer.status
    if 300 <= status < 400:  # noqa: PLR2004  # RFC 9110: the redirects
        return AttemptError(_redirected(answer), Cause.REFUSED)
    unknown = leaves_unknown(status) and not changes_nothing and answer.method not in _ASKING
    error = _error(answer, told, retry_after)
    if unknown:
        error.how_to_fix = _LOOK
    if status == HTTPStatus.UNAUTHORIZED and remedy:
        error.how_to_fix = remedy
    explain(error, told)
    if status in _CHALLENGED:
        _add_challenge(error, answer)
    redact(error, redactor)
    cause = CAUSES.get(status, Cause.REFUSED)
    if status == HTTPStatus.TOO_MANY_REQUESTS and told.request_too_large:
        cause = Cause.REFUSED
        error.how_to_fix = FIXES[413]
    error.outcome_unknown = unknown
    return AttemptError(error, cause, retry_after=retry_after, status=status)


def redact(error: ApiError, redactor: Redactor) -> None:
    """Take the secrets out of what a service said: some repeat the credential that they refuse."""
    error.what_went_wrong = redactor.clean(error.what_went_wrong)
    error.args = (error.what_went_wrong,)
    error.code = error.code and redactor.clean(error.code)
    error.correlation_id = error.correlation_id and redactor.clean(error.correlation_id)


def explain(error: ApiError, told: ServiceError) -> None:
    """Put what is known about the service's code into the error: Solution and Example."""
    if not told.codes:
        return
    from txojobs.rest.advice import advice_for  # noqa: PLC0415  # a good run needs no advice

    advice = advice_for(told.codes)
    if advice is not None:
        error.how_to_fix, error.example = advice


def _error(answer: Answer, told: ServiceError, retry_after: float | None) -> ApiError:
    status = answer.status
    facts: dict[str, Any] = {
        "status": status,
        "method": answer.method,
        "url": answer.url,
        "code": told.code,
        "correlation_id": told.correlation_id,
        "how_to_fix": FIXES.get(status, FIXES[500] if status >= 500 else FIXES[400]),  # noqa: PLR2004  # RFC 9110: 5xx
    }
    kind = STATUS_ERRORS.get(status, ApiOperationError)
    what = f"{answer.method} {shown(answer.url)} {_status_line(answer, told)}"
    if kind is EntityNotFoundError:
        error: ApiError = EntityNotFoundError(*_entity(answer.url), **facts)
        error.what_went_wrong = f"{error.what_went_wrong}: {what}"
        return error
    if kind is ApiRateLimitError:
        return ApiRateLimitError(f"Rate limit exceeded: {what}", retry_after, **facts)
    return kind(f"the service refused {what}" if status < 500 else f"the service failed on {what}", **facts)  # noqa: PLR2004


def _add_challenge(error: ApiError, answer: Answer) -> None:
    """Add why a token was refused, in the service's words, and what to do when it wants more than a token."""
    challenge = bearer_challenge(answer.headers.get("WWW-Authenticate", ""))
    if challenge.message:
        error.what_went_wrong += f"; reason: {challenge.message}"
    if challenge.error in CHALLENGE_REMEDIES:
        error.how_to_fix, error.example = CHALLENGE_REMEDIES[challenge.error], None


def _status_line(answer: Answer, told: ServiceError) -> str:
    reason = clean_text(answer.reason, limit=_LONGEST_REASON) or _phrase(answer.status)
    parts = [f"{answer.status} {reason}".strip()]
    if told.code and told.code != str(answer.status):
        parts.append(f"code {told.code}")
    if told.correlation_id:
        parts.append(f"id {told.correlation_id}")
    return f"({', '.join(parts)})" + (f": {told.message}" if told.message else "")


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else ""


def _entity(url: str) -> tuple[str, str | None]:
    """Return the name and the key that the last segment of an address names."""
    last = shown(url).rstrip("/").rpartition("/")[2] or "the address"
    match = re.fullmatch(r"([^()]+)\((.+)\)", last)
    return (match[1], match[2].strip("'")) if match else (last, None)


def _redirected(answer: Answer) -> ApiOperationError:
    target = answer.headers.get("Location", "")
    where = f" to {shown(target)}" if target else ""
    return ApiOperationError(
        f"{answer.method} {shown(answer.url)} was redirected{where} ({answer.status}); it was not followed",
        status=answer.status,
        method=answer.method,
        url=answer.url,
        how_to_fix="use the final address as `base-url`; a redirect to a login page means that the "
        "credential was not accepted",
    )
