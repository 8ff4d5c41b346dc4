"""Each status is one class, one cause, and asked again or not; each spelling of Retry-After is one wait."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.rest.fault_server import answer, raw, says
from txojobs.errors import (
    ApiAuthenticationError,
    ApiError,
    ApiOperationError,
    ApiRateLimitError,
    ApiTimeoutError,
    ApiValidationError,
    EntityNotFoundError,
)
from txojobs.redact import Redactor
from txojobs.rest.answers import Answer, failure_of
from txojobs.rest.failures import Cause
from txojobs.rest.settings import RetrySettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.rest.conftest import FakeClock
    from tests.rest.fault_server import FaultServer
    from txojobs.rest.client import TxoRestAPI

    Connect = Callable[..., TxoRestAPI]
    Serve = Callable[..., FaultServer]


class Row(NamedTuple):
    """What a status means: for a GET and for a POST, whether it is sent again; whether a POST may have acted."""

    kind: type[ApiError]
    cause: Cause = Cause.REFUSED
    get_again: bool = False
    post_again: bool = False
    unknown: bool = False


SERVER = Row(ApiOperationError, Cause.SERVER, get_again=True, unknown=True)
TABLE: dict[int, Row] = {status: Row(ApiOperationError, unknown=status >= 500) for status in range(400, 600)}
TABLE |= {
    400: Row(ApiValidationError),
    401: Row(ApiAuthenticationError),
    404: Row(EntityNotFoundError),
    408: Row(ApiTimeoutError, Cause.SERVER, get_again=True, unknown=True),
    409: Row(ApiValidationError),
    412: Row(ApiValidationError),
    422: Row(ApiValidationError),
    429: Row(ApiRateLimitError, Cause.THROTTLED, get_again=True, post_again=True),
    500: SERVER,
    501: Row(ApiOperationError),
    502: SERVER,
    503: SERVER,
    504: SERVER,
    505: Row(ApiOperationError),
    511: Row(ApiOperationError),
}


@pytest.mark.parametrize("status", TABLE)
def test_g17_every_status_has_its_class_its_cause_and_its_attempts(
    status: int, serve: Serve, connect: Connect
) -> None:
    row = TABLE[status]
    given = Answer(status, "", {}, b"", "GET", "https://a.example/x")
    assert failure_of(given, redactor=Redactor()).cause is row.cause
    for method, again in (("get", row.get_again), ("post", row.post_again)):
        server = serve(answer(status))
        with pytest.raises(ApiError) as caught:
            getattr(connect(server, retry=RetrySettings(max_retries=2)), method)("/x")
        assert type(caught.value) is row.kind
        assert caught.value.status == status
        assert str(status) in str(caught.value)
        assert caught.value.how_to_fix
        unknown = method == "post" and row.unknown
        assert caught.value.outcome_unknown is unknown
        assert ("before you send it again" in caught.value.how_to_fix) is unknown
        # who is throttled is tried until it has waited for ten minutes in all
        assert len(server.requests) == (16 if row.cause is Cause.THROTTLED else 3 if again else 1)


def test_a_query_by_post_that_failed_is_not_to_be_looked_up(serve: Serve, connect: Connect) -> None:
    client = connect(serve(answer(500)), retry=RetrySettings(max_retries=0))
    with pytest.raises(ApiOperationError) as caught:
        client.fetch("POST", "/query", parse=lambda told: told, json={}, repeatable=True)
    assert not caught.value.outcome_unknown
    assert "try again later" in (caught.value.how_to_fix or "")


def test_the_words_of_a_status_line_are_escaped_and_shortened(serve: Serve, connect: Connect) -> None:
    words = b"\x1b[2J\x9b31m" + b"x" * 30_000
    server = serve(raw(b"HTTP/1.1 403 " + words + b"\r\nContent-Length: 0\r\n\r\n"))
    with pytest.raises(ApiOperationError, match=r"403 \\x1b\[2J\\x9b31mxxx+\.\.\.") as caught:
        connect(server).get("/x")
    assert len(str(caught.value)) < 300


def test_the_words_of_what_is_no_answer_are_escaped(serve: Serve, connect: Connect) -> None:
    server = serve(raw(b"\x1b[2J\x9b31m\r\n"))
    with pytest.raises(ApiOperationError, match=r"\\x1b\[2J\\x9b31m\)") as caught:
        connect(server, retry=RetrySettings(max_retries=0)).get("/x")
    assert str(caught.value).isprintable()


DATE = "Sun, 06 Nov 1994 08:49:37 GMT"
SPELLINGS: dict[str, tuple[dict[str, Any], float]] = {
    "seconds": ({"Retry_After": "120"}, 120),
    "zero": ({"Retry_After": "0"}, 0),
    "with blanks": ({"Retry_After": "  7  "}, 7),
    "a fraction": ({"Retry_After": "1.5"}, 1.5),
    "a date to come": ({"Retry_After": "Sun, 06 Nov 1994 08:50:37 GMT", "Date": DATE}, 60),
    "a date that has passed": ({"Retry_After": "Sun, 06 Nov 1994 08:40:37 GMT", "Date": DATE}, 0),
    "a date of RFC 850": ({"Retry_After": "Sunday, 06-Nov-94 08:50:37 GMT", "Date": DATE}, 60),
    "a date of asctime": ({"Retry_After": "Sun Nov  6 08:50:37 1994", "Date": DATE}, 60),
    "both of asctime": ({"Retry_After": "Sun Nov  6 08:50:37 1994", "Date": "Sun Nov  6 08:49:37 1994"}, 60),
    "a service whose clock is years behind": (
        {"Retry_After": "Sun, 06 Nov 1994 08:49:47 GMT", "Date": DATE},
        10,
    ),
    "a service whose clock is years ahead": (
        {"Retry_After": "Sat, 06 Nov 2094 08:49:47 GMT", "Date": "Sat, 06 Nov 2094 08:49:37 GMT"},
        10,
    ),
    "twice, as a service and a gateway say it": ({"Retry_After": "60, 120"}, 120),
    "twice, of which one is none": ({"Retry_After": "-1 ,7,, soon"}, 7),
    "a date and seconds": ({"Retry_After": "Sun, 06 Nov 1994 08:50:37 GMT, 7", "Date": DATE}, 60),
    "two dates": (
        {"Retry_After": "Sun, 06 Nov 1994 08:49:47 GMT,Sunday, 06-Nov-94 08:50:37 GMT", "Date": DATE},
        60,
    ),
    "asctime and seconds": ({"Retry_After": "Sun Nov  6 08:50:37 1994, 80", "Date": DATE}, 80),
    "milliseconds of Azure": ({"retry_after_ms": "1500"}, 1.5),
    "milliseconds of Azure beside seconds": ({"x_ms_retry_after_ms": "2500", "Retry_After": "2"}, 2.5),
    "a date, and no date of the answer": ({"Retry_After": "Tue, 14 Nov 2023 22:14:20 GMT"}, 60),
}
NO_WORD = ["-1", "", "soon", "1e3", "0x10", "-1, soon", "120s", "Sun, 99 Nov 1994 08:50:37 GMT", "∞"]
"""What is no Retry-After is as if nothing was said: 5 s, the first pause after a 429."""


@pytest.mark.parametrize("name", SPELLINGS)
@pytest.mark.parametrize("status", [429, 503])
def test_waits_as_long_as_the_service_asks_in_every_spelling(
    status: int, name: str, serve: Serve, connect: Connect, clock: FakeClock
) -> None:
    headers, seconds = SPELLINGS[name]
    server = serve(answer(status, **headers), says({"fine": True}))
    assert connect(server).get("/x") == {"fine": True}
    assert clock.waits == ([seconds] if seconds else [])
    assert len(server.requests) == 2


@pytest.mark.parametrize("text", NO_WORD)
def test_what_is_no_retry_after_is_as_if_nothing_was_said(
    text: str, serve: Serve, connect: Connect, clock: FakeClock
) -> None:
    sent = text.encode("utf-8").decode("latin-1")
    assert connect(serve(answer(429, Retry_After=sent), says({}))).get("/x") == {}
    assert clock.waits == [5 * 0.8]


TOO_LONG: dict[str, dict[str, Any]] = {
    "99,999,999 s": {"Retry_After": "99999999"},
    "601 s": {"Retry_After": "601"},
    "86,400 s": {"Retry_After": "Mon, 07 Nov 1994 08:49:37 GMT", "Date": DATE},
}


@pytest.mark.parametrize("told", TOO_LONG)
@pytest.mark.parametrize("status", [429, 503])
def test_a_service_that_asks_for_too_long_is_given_up_at_once(
    status: int, told: str, serve: Serve, connect: Connect, clock: FakeClock
) -> None:
    server = serve(answer(status, **TOO_LONG[told]))
    with pytest.raises(ApiError) as caught:
        connect(server).get("/x")
    assert told in (caught.value.how_to_fix or "")
    assert not clock.waits
    assert len(server.requests) == 1


def test_the_log_says_what_a_service_asked_for(
    serve: Serve, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, logger="txojobs.rest"):
        connect(serve(answer(503, Retry_After="1.5"), says({}))).get("/x")
    assert "again in 1.5 s, as the service asked" in caplog.text
