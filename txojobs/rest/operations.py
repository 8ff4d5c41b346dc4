"""Follow a long operation: 202, its Location, and the final answer.

Guarantees: polls never come faster than the service asks, the wait ends by its deadline, also when the service
sends from one address to the next for ever; a failed operation is an error also when it is told with status
200, the result is read once (a second read may be a 404), and every error on the way carries the operation's
address, so that one can go on from there.

Source: RFC 9110 sections 10.2.2, 10.2.3 and 15.3.3; OData 4.01 Part 1 section 11.6 (asynchronous requests).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeVar

from txojobs.errors import ApiError, ApiOperationError, ApiTimeoutError, TxoBaseError
from txojobs.rest.answers import Answer, explain, failure_of, redact
from txojobs.rest.causes import CleanCauses
from txojobs.rest.failures import AttemptError
from txojobs.rest.operation_address import resumable, secrets_in
from txojobs.rest.operation_state import Progress, progress_of
from txojobs.rest.origin import resolved, shown
from txojobs.rest.retry_after import retry_after_s
from txojobs.rest.service_text import read_service_error
from txojobs.rest.transport import Request
from txojobs.rest.wrapped import parse_wrapped

if TYPE_CHECKING:
    from collections.abc import Callable

    from txojobs.redact import Redactor
    from txojobs.rest.exchange import Exchange
    from txojobs.rest.settings import ApiSettings
    from txojobs.rest.timing import Limits, Timing

T = TypeVar("T")

_LEAST_POLL_S = 1.0
"""A service that says "ask again at once" is not to be hammered."""

_MAX_HOPS = 5

LOCATIONS = ("Location", "Operation-Location", "Azure-AsyncOperation")


@dataclass(slots=True)
class _Operation:
    """A long operation: the request that began it, where it is told about, and whether its end was told."""

    request: Request
    url: str
    end_told: bool = False

    def mark(self, error: TxoBaseError) -> None:
        """Put into an error where to go on, and that nobody knows how the operation ends."""
        error.operation_url = self.url
        if isinstance(error, ApiError) and error.url:
            error.url = shown(error.url)
        if isinstance(error, ApiError) and not self.request.changes_nothing and not self.end_told:
            error.outcome_unknown = True


class Poller:
    """Calls that wait for the end of a long operation."""

    def __init__(
        self, exchange: Exchange, settings: ApiSettings, timing: Timing, *, redactor: Redactor
    ) -> None:
        self._exchange = exchange
        self._timeouts = settings.timeouts
        self._words = settings.operations
        self._timing = timing
        self._redactor = redactor

    def run(self, request: Request, *, parse: Callable[[Answer], T], limits: Limits) -> T:
        """Return what `parse` makes of the final answer.

        Raises:
            ApiTimeoutError: the operation took longer than `async-max-wait`.
            ApiError: it failed, or a request did. Once it was accepted, `operation_url` is set.
        """

        def first(answer: Answer) -> T | Answer:
            return answer if answer.status == HTTPStatus.ACCEPTED else parse(answer)

        result = self._exchange.run(request, parse=first, limits=limits)
        if not isinstance(result, Answer) or result.status != HTTPStatus.ACCEPTED:
            return result  # type: ignore[return-value]  # only a 202 is an Answer that `parse` has not seen
        url = self._location(result)
        if url is None:
            raise _nowhere(result)
        return self._follow(_Operation(request, url), result, parse, limits)

    def resume(self, url: str, *, parse: Callable[[Answer], T], limits: Limits) -> T:
        """Go on waiting for an operation that an earlier call began; see `run`."""
        for secret in secrets_in(url):
            self._redactor.add(secret)
        return self._follow(_Operation(Request("GET", url), url), None, parse, limits)

    def _follow(
        self, operation: _Operation, accepted: Answer | None, parse: Callable[[Answer], T], limits: Limits
    ) -> T:
        with CleanCauses(self._redactor):
            try:
                return parse(self._final(operation, accepted, limits))
            except AttemptError as failure:
                redact(failure.error, self._redactor)
                operation.mark(failure.error)
                raise failure.error from failure.__cause__
            except TxoBaseError as error:
                operation.mark(error)
                raise

    def _final(self, operation: _Operation, answer: Answer | None, limits: Limits) -> Answer:
        end = self._timing.clock() + self._timeouts.async_max_wait_s
        while True:
            if answer is not None:
                self._pause(answer, operation, end, limits)
            answer, is_result = self._poll_until(end, operation, limits)
            goes_on = answer.status == HTTPStatus.ACCEPTED
            if not is_result and "AsyncResult" not in answer.headers:
                goes_on = self._goes_on(answer, operation) or goes_on
            if not goes_on:
                return self._unwrapped(answer, operation)
            operation.url = self._location(answer) or operation.url

    def _poll_until(self, end: float, operation: _Operation, limits: Limits) -> tuple[Answer, bool]:
        """Ask how it is, with all attempts and waits that this takes, but no longer than the operation may last."""
        try:
            return self._poll(operation, limits.until(end))
        except ApiTimeoutError as error:
            if limits.deadline is not None and limits.deadline <= end:
                raise  # the caller's own time was over first
            waits_too_long = error.timeout_seconds is None and error.status is None  # no request timed out
            if not waits_too_long and self._timing.clock() < end:
                raise
            raise self._not_done(operation, error) from error

    def _not_done(self, operation: _Operation, last: ApiTimeoutError | None = None) -> ApiTimeoutError:
        longest_s = self._timeouts.async_max_wait_s
        why = f"; {last}" if last is not None else ""
        error = ApiTimeoutError(
            f"the long operation {resumable(operation.url)} was not done in {longest_s:.0f} s{why}",
            longest_s,
            url=operation.url,
            method="GET",
            how_to_fix="allow more time with `async-max-wait` in script-behavior.api-timeouts; the "
            "service may still finish it",
        )
        redact(error, self._redactor)
        return error

    def _poll(self, operation: _Operation, limits: Limits) -> tuple[Answer, bool]:
        """Ask once how it is; return the answer, and whether it is the result that a 303 led to."""
        url, seen = operation.url, set[str]()
        headers = _poll_headers(operation.request)
        while url not in seen and len(seen) <= _MAX_HOPS:
            seen.add(url)
            answer = self._exchange.run(
                Request("GET", url, headers), parse=lambda told: told, limits=limits, accept=_is_told
            )
            if answer.status == HTTPStatus.ACCEPTED:
                operation.url = url
            if answer.status != HTTPStatus.SEE_OTHER:
                return answer, len(seen) > 1
            location = self._location(answer)
            if location is None:
                raise _nowhere(answer)
            url = location
        raise ApiOperationError(
            f"the long operation {resumable(operation.url)} sends from one address to the next and never answers",
            method="GET",
            url=url,
            how_to_fix="ask the provider of the service",
        )

    def _location(self, answer: Answer) -> str | None:
        """Return where an answer sends us; a signature in it is a secret from now on."""
        link = next((answer.headers[name] for name in LOCATIONS if answer.headers.get(name)), None)
        if link is None:
            return None
        url = resolved(answer.url, link)
        for secret in secrets_in(url):
            self._redactor.add(secret)
        return url

    def _pause(self, answer: Answer, operation: _Operation, end: float, limits: Limits) -> None:
        asked = retry_after_s(answer.headers, wall_clock_now=self._timing.wall_clock())
        own = self._timeouts.async_poll_interval_s
        wait_s = own if asked is None else max(asked, min(own, _LEAST_POLL_S))
        limits.raise_if_cancelled()
        if self._timing.clock() + wait_s >= end:
            raise self._not_done(operation)
        poll = Request("GET", operation.url)
        self._exchange.wait(wait_s, poll, limits, cause="operation", reason="a long operation is under way")

    def _goes_on(self, answer: Answer, operation: _Operation) -> bool:
        """Whether a body says that the operation goes on; raise when it says that it failed."""
        progress, word = progress_of(answer, self._words)
        if progress is Progress.RUNNING:
            return True
        if progress is Progress.DONE:
            return False
        told = read_service_error(answer.body, answer.headers)
        facts = {"status": answer.status, "method": answer.method, "url": answer.url}
        if progress is Progress.UNKNOWN:
            error = ApiOperationError(
                f"the long operation {resumable(answer.url)} is in a state that is not known: {word}",
                how_to_fix="add it to `succeeded`, `failed` or `running` in script-behavior.async-operations",
                **facts,  # type: ignore[arg-type]  # the facts of ApiError
            )
        else:
            operation.end_told = True
            error = ApiOperationError(
                f"the long operation {resumable(answer.url)} ended as {word}: {told.message or 'no reason given'}",
                code=told.code,
                correlation_id=told.correlation_id,
                how_to_fix="correct what the service names, then run again",
                **facts,  # type: ignore[arg-type]  # the facts of ApiError
            )
            explain(error, told)
        redact(error, self._redactor)
        raise error

    def _unwrapped(self, answer: Answer, operation: _Operation) -> Answer:
        """Return the answer that the last poll holds: wrapped as `application/http`, or the poll's own.

        OData 4.01 tells the status of the operation in the header AsyncResult.
        """
        told = answer.headers.get("AsyncResult", "")
        if answer.media_type == "application/http":
            request = operation.request
            answer = parse_wrapped(answer, method=request.method, url=request.url)
        elif told.isascii() and told.isdigit():
            answer = replace(answer, status=int(told), reason="")
        if not HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
            operation.end_told = True
            raise failure_of(answer, redactor=self._redactor)
        return answer


def _is_told(status: int) -> bool:
    return HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES or status == HTTPStatus.SEE_OTHER


def _poll_headers(request: Request) -> dict[str, str]:
    """Return the headers of the first request that still mean something."""
    return {name: value for name, value in request.headers.items() if name.lower().startswith("accept")}


def _nowhere(answer: Answer) -> ApiOperationError:
    error = ApiOperationError(
        f"{answer.method} {shown(answer.url)}: the service accepted it ({answer.status}) but does not say "
        "where to ask for the result",
        status=answer.status,
        method=answer.method,
        url=shown(answer.url),
        how_to_fix="look in the service whether it was carried out, and ask its provider for the address",
    )
    error.outcome_unknown = True
    return error
