"""Follow a long operation: 202, its Location, and the final answer.

Guarantees: polls never come faster than the service asks, the wait ends by its deadline with an error that
names the operation's address, a failed operation is an error also when it is told with status 200, and the
result is read once (a second read may be a 404).

Source: RFC 9110 sections 10.2.2, 10.2.3 and 15.3.3; OData 4.01 Part 1 section 11.6 (asynchronous requests).
"""

from __future__ import annotations

import http.client
import io
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urljoin

from txojobs.errors import ApiOperationError, ApiTimeoutError, ValidationError
from txojobs.exact_json import decode
from txojobs.rest.answers import Answer, explain, failure_of, redact
from txojobs.rest.failures import AttemptError
from txojobs.rest.origin import shown
from txojobs.rest.retry_after import retry_after_s
from txojobs.rest.service_text import read_service_error
from txojobs.rest.transport import Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from txojobs.redact import Redactor
    from txojobs.rest.exchange import Exchange
    from txojobs.rest.settings import TimeoutSettings
    from txojobs.rest.timing import Limits, Timing

T = TypeVar("T")

_LEAST_POLL_S = 1.0
"""A service that says "ask again at once" is not to be hammered."""

LOCATIONS = ("Location", "Operation-Location", "Azure-AsyncOperation")
RUNNING = frozenset(
    {"running", "inprogress", "in progress", "in_progress", "notstarted", "pending", "queued", "accepted"}
)
FAILED = frozenset({"failed", "failure", "error", "canceled", "cancelled", "aborted"})


class Poller:
    """Calls that wait for the end of a long operation."""

    def __init__(
        self, exchange: Exchange, timeouts: TimeoutSettings, timing: Timing, *, redactor: Redactor
    ) -> None:
        self._exchange = exchange
        self._timeouts = timeouts
        self._timing = timing
        self._redactor = redactor

    def run(self, request: Request, *, parse: Callable[[Answer], T], limits: Limits) -> T:
        """Return what `parse` makes of the final answer.

        Raises:
            ApiTimeoutError: the operation took longer than `async-max-wait`; `url` is the operation's.
            ApiError: it failed, or a request did.
        """

        def first(answer: Answer) -> T | Answer:
            return answer if answer.status == HTTPStatus.ACCEPTED else parse(answer)

        result = self._exchange.run(request, parse=first, limits=limits)
        if not isinstance(result, Answer) or result.status != HTTPStatus.ACCEPTED:
            return result  # type: ignore[return-value]  # only a 202 is an Answer that `parse` has not seen
        final = self._wait(request, result, limits)
        try:
            return parse(final)
        except AttemptError as failure:
            redact(failure.error, self._redactor)
            raise failure.error from failure.__cause__

    def _wait(self, request: Request, accepted: Answer, limits: Limits) -> Answer:
        url = _location(accepted) or ""
        if not url:
            raise _nowhere(accepted)
        end = self._timing.clock() + self._timeouts.async_max_wait_s
        answer = accepted
        while True:
            self._pause(answer, url, end, limits)
            answer = self._exchange.run(
                Request("GET", url, _poll_headers(request)),
                parse=lambda told: told,
                limits=limits,
                accept=_is_told,
            )
            if answer.status == HTTPStatus.SEE_OTHER:
                result = _location(answer)
                if result is None:
                    raise _nowhere(answer)
                url = result
                return self._exchange.run(
                    Request("GET", url, _poll_headers(request)), parse=lambda told: told, limits=limits
                )
            if answer.status != HTTPStatus.ACCEPTED and not self._still_running(answer):
                return self._unwrapped(answer, request)
            url = _location(answer) or url

    def _pause(self, answer: Answer, url: str, end: float, limits: Limits) -> None:
        asked = retry_after_s(answer.headers, wall_clock_now=self._timing.wall_clock())
        own = self._timeouts.async_poll_interval_s
        wait_s = own if asked is None else max(asked, min(own, _LEAST_POLL_S))
        limits.raise_if_cancelled()
        if self._timing.clock() + wait_s > end:
            error = ApiTimeoutError(
                f"the long operation {shown(url)} was not done in {self._timeouts.async_max_wait_s:.0f} s",
                self._timeouts.async_max_wait_s,
                url=url,
                method="GET",
                how_to_fix="allow more time with `async-max-wait` in script-behavior.api-timeouts; the "
                "service may still finish it",
            )
            error.outcome_unknown = True
            raise error
        self._timing.pause(wait_s, limits, reason="a long operation is under way")

    def _still_running(self, answer: Answer) -> bool:
        """Whether the body of a 200 says that the operation goes on; raise when it says that it failed."""
        state = _state(answer)
        if state in FAILED:
            told = read_service_error(answer.body, answer.headers)
            reason = told.message or "no reason given"
            error = ApiOperationError(
                f"the long operation {shown(answer.url)} ended as {state}: {reason}",
                status=answer.status,
                method=answer.method,
                url=answer.url,
                code=told.code,
                correlation_id=told.correlation_id,
                how_to_fix="correct what the service names, then run again",
            )
            explain(error, told)
            redact(error, self._redactor)
            raise error
        return state in RUNNING

    def _unwrapped(self, answer: Answer, request: Request) -> Answer:
        """Return the answer that the last poll holds: wrapped as `application/http`, or the poll's own.

        OData 4.01 tells the status of the operation in the header AsyncResult.
        """
        told = answer.headers.get("AsyncResult", "")
        if answer.media_type == "application/http":
            inner = parse_wrapped(answer, method=request.method, url=request.url)
        elif told.isascii() and told.isdigit():
            inner = replace(answer, status=int(told), reason="")
        else:
            return answer
        if not HTTPStatus.OK <= inner.status < HTTPStatus.MULTIPLE_CHOICES:
            raise failure_of(inner, redactor=self._redactor).error
        return inner


def parse_wrapped(answer: Answer, *, method: str, url: str) -> Answer:
    """Return the whole HTTP response that the body of an answer holds."""
    reader = http.client.HTTPResponse(_InMemory(answer.body))  # type: ignore[arg-type]  # it only calls makefile()
    try:
        reader.begin()
        body = reader.read()
    except (http.client.HTTPException, ValueError, OSError) as err:
        raise ApiOperationError(
            f"{shown(answer.url)}: the result of the long operation cannot be read: {type(err).__name__}",
            status=answer.status,
            url=answer.url,
            how_to_fix="ask the provider of the service",
        ) from err
    from requests.structures import CaseInsensitiveDict  # noqa: PLC0415  # loaded by the transport anyway

    headers = CaseInsensitiveDict(reader.getheaders())
    return Answer(reader.status, reader.reason, headers, body, method, url)


class _InMemory:
    """Bytes that look like a socket to http.client."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, *_: object) -> io.BytesIO:
        return io.BytesIO(self._data)


def _is_told(status: int) -> bool:
    return HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES or status == HTTPStatus.SEE_OTHER


def _poll_headers(request: Request) -> dict[str, str]:
    """Return the headers of the first request that still mean something."""
    return {name: value for name, value in request.headers.items() if name.lower().startswith("accept")}


def _location(answer: Answer) -> str | None:
    for name in LOCATIONS:
        if answer.headers.get(name):
            return urljoin(answer.url, answer.headers[name])
    return None


def _state(answer: Answer) -> str:
    if "json" not in answer.media_type:
        return ""
    try:
        value = decode(answer.body)
    except ValidationError:
        return ""
    state = value.get("status") if isinstance(value, dict) else None
    return state.strip().lower() if isinstance(state, str) else ""


def _nowhere(answer: Answer) -> ApiOperationError:
    error = ApiOperationError(
        f"{answer.method} {shown(answer.url)}: the service accepted it ({answer.status}) but does not say "
        "where to ask for the result",
        status=answer.status,
        method=answer.method,
        url=answer.url,
        how_to_fix="look in the service whether it was carried out, and ask its provider for the address",
    )
    error.outcome_unknown = True
    return error
