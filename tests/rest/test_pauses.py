"""A service that asks to be left alone is left alone by all threads, and no wait for it is endless."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

import pytest

from tests.rest.fault_server import answer, says
from txojobs.errors import ApiError, ApiOperationError, ApiRateLimitError
from txojobs.rest.origin import origin_of
from txojobs.rest.outages import Outages
from txojobs.rest.settings import BreakerSettings, LimiterSettings, RetrySettings
from txojobs.rest.timing import Limits

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.rest.conftest import FakeClock
    from tests.rest.fault_server import Connection, FaultServer, Step
    from txojobs.rest.client import TxoRestAPI

    Connect = Callable[..., TxoRestAPI]
    Serve = Callable[..., FaultServer]

GOOD = says({"fine": True})


def test_a_throttled_origin_pauses_for_all_threads(serve: Serve, connect: Connect, clock: FakeClock) -> None:
    server = serve(answer(429, Retry_After="30"), GOOD)
    client = connect(server)
    arrived: list[float] = []

    def wait(seconds: float, cancels: tuple[threading.Event, ...]) -> None:
        if not arrived:  # the first thread waits for its retry; meanwhile another one asks
            arrived.append(seconds)
            other = threading.Thread(target=client.get, args=("/b",))
            other.start()
            other.join(10)
        else:
            clock.wait(seconds, cancels)
            arrived.append(seconds)

    object.__setattr__(client._timing, "wait", wait)
    client.get("/a")
    assert arrived == [30, 30]
    assert client.traffic[0].waits_s == {"throttled": 30, "retry": 30}


def test_the_origin_pauses_also_when_a_call_gives_up(
    serve: Serve, connect: Connect, clock: FakeClock
) -> None:
    client = connect(serve(answer(429, Retry_After="30"), GOOD), retry=RetrySettings(max_retries=0))
    with pytest.raises(ApiRateLimitError):
        client.get("/a")
    client.get("/b")
    assert clock.waits == [30]


@pytest.mark.parametrize(
    "step",
    [
        answer(503, Retry_After="30"),
        answer(429, Retry_After="30"),
        answer(403, Retry_After="30"),
        answer(413, Retry_After="30"),
    ],
)
def test_the_origin_pauses_whatever_becomes_of_the_call_that_was_told(
    step: Step, serve: Serve, connect: Connect, clock: FakeClock
) -> None:
    server = serve(step, GOOD)
    client = connect(server, retry=RetrySettings(max_retries=0))
    with pytest.raises(ApiError):
        client.post("/a", {})
    assert not clock.waits
    client.get("/b")
    assert clock.waits == [30]


def test_the_origin_pauses_when_it_is_throttled_without_a_word(
    serve: Serve, connect: Connect, clock: FakeClock
) -> None:
    client = connect(serve(answer(429), GOOD), retry=RetrySettings(max_retries=0))
    with pytest.raises(ApiRateLimitError):
        client.get("/a")
    client.get("/b")
    assert clock.waits == [4]


def test_a_pause_of_one_origin_is_none_of_another(serve: Serve, connect: Connect, clock: FakeClock) -> None:
    busy, other = serve(answer(429, Retry_After="30")), serve(GOOD)
    client = connect(busy, retry=RetrySettings(max_retries=0), trusted_origins=(other.url,))
    with pytest.raises(ApiRateLimitError):
        client.get("/a")
    client.get(f"{other.url}/b")
    assert not clock.waits


def test_clients_of_one_run_leave_an_origin_alone_together(
    serve: Serve, connect: Connect, clock: FakeClock
) -> None:
    server, known = serve(answer(429, Retry_After="30"), GOOD), Outages()
    throttled = connect(f"{server.url}/one", outages=known, retry=RetrySettings(max_retries=0))
    other, stranger = connect(f"{server.url}/two", outages=known), connect(server)
    with pytest.raises(ApiRateLimitError):
        throttled.get("a")
    stranger.get("/c")
    assert not clock.waits, "it knows nothing of them"
    other.get("b")
    assert clock.waits == [30]


def test_clients_of_one_run_share_the_budget_of_retries(serve: Serve, connect: Connect) -> None:
    server, known = serve(answer(503)), Outages()
    off = BreakerSettings(enabled=False)
    one, two = (connect(server, outages=known, breaker=off) for _ in range(2))
    for client in (one, two) * 20:
        with pytest.raises(ApiOperationError):
            client.get("/a")
    assert len(server.requests) == 40 + 35, "500 tokens pay for 35 retries of 14"


def test_the_longest_pause_that_was_asked_for_counts(
    serve: Serve, connect: Connect, clock: FakeClock
) -> None:
    first_asked, go_on = threading.Event(), threading.Event()

    def late(connection: Connection) -> bool:
        first_asked.set()
        go_on.wait(30)
        return answer(429, Retry_After="5")(connection)

    server = serve(late, answer(429, Retry_After="30"), GOOD)
    client = connect(server, retry=RetrySettings(max_retries=0))

    def refused() -> None:
        with pytest.raises(ApiRateLimitError):
            client.get("/a")

    thread = threading.Thread(target=refused)
    thread.start()
    assert first_asked.wait(30)
    refused()
    go_on.set()
    thread.join(30)
    client.get("/b")
    assert clock.waits == [30]


def test_nobody_asks_while_a_service_wants_to_be_left_alone_for_too_long(
    serve: Serve, connect: Connect, clock: FakeClock
) -> None:
    server = serve(answer(429, Retry_After="3600"), GOOD)
    client = connect(server)
    for _ in range(2):
        with pytest.raises(ApiRateLimitError) as caught:
            client.get("/a")
        assert caught.value.retry_after == 3600
    assert len(server.requests) == 1
    assert not clock.waits
    clock.now += 3600
    client.get("/a")


def test_a_pause_that_others_prolong_again_and_again_ends(
    serve: Serve, connect: Connect, clock: FakeClock
) -> None:
    server = serve(answer(429, Retry_After="400"), GOOD)
    client = connect(server, retry=RetrySettings(max_retries=0))
    with pytest.raises(ApiRateLimitError):
        client.get("/a")
    gate = client._exchange.gates.of(origin_of(server.url))

    def wait(seconds: float, cancels: tuple[threading.Event, ...]) -> None:
        clock.wait(seconds, cancels)
        gate.pause(400)  # what another thread was told meanwhile

    object.__setattr__(client._timing, "wait", wait)
    with pytest.raises(ApiRateLimitError, match="left alone for another 400 s, so nothing was sent"):
        client.get("/b")
    assert clock.waits == [400]
    assert len(server.requests) == 1


def test_the_log_says_why_another_thread_waits(
    serve: Serve, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    server = serve(answer(429, Retry_After="30"), GOOD)
    client = connect(server, retry=RetrySettings(max_retries=0))
    with pytest.raises(ApiRateLimitError):
        client.get("/a")
    with caplog.at_level(logging.INFO, logger="txojobs.rest"):
        client.get("/b")
    assert [record.getMessage() for record in caplog.records] == [
        f"waiting 30.0 s: {server.url} asked to be left alone"
    ]


def test_a_pause_and_a_limiter_work_together(serve: Serve, connect: Connect, clock: FakeClock) -> None:
    server = serve(answer(429, Retry_After="5"), GOOD)
    client = connect(server, limiter=LimiterSettings(calls_per_second=1))
    client.get("/a")
    assert clock.now == pytest.approx(1005.0)


def test_nothing_is_sent_that_waited_for_its_turn_when_the_service_was_to_be_left_alone(
    serve: Serve, connect: Connect, clock: FakeClock
) -> None:
    server = serve(GOOD)
    client = connect(server, limiter=LimiterSettings(calls_per_second=0.1))
    client.get("/a")
    gate = client._exchange.gates.of(origin_of(server.url))

    def wait(seconds: float, cancels: tuple[threading.Event, ...]) -> None:
        clock.wait(seconds, cancels)
        if seconds == 10:
            gate.pause(30)  # what another thread was told meanwhile

    object.__setattr__(client._timing, "wait", wait)
    client.get("/b")
    assert clock.waits == [10, 30]
    assert len(server.requests) == 2


def test_who_waits_for_a_turn_and_is_told_to_wait_again_and_again_ends(
    serve: Serve, connect: Connect, clock: FakeClock
) -> None:
    server = serve(GOOD)
    client = connect(server, limiter=LimiterSettings(calls_per_second=0.1))
    client.get("/a")
    gate = client._exchange.gates.of(origin_of(server.url))
    turns = gate._limiter
    assert turns is not None

    def wait(seconds: float, cancels: tuple[threading.Event, ...]) -> None:
        clock.wait(seconds, cancels)
        if seconds == 10:
            gate.pause(400)
        else:
            turns.reserve(Limits())  # another thread goes first

    object.__setattr__(client._timing, "wait", wait)
    with pytest.raises(ApiRateLimitError, match="left alone for another 400 s"):
        client.get("/b")
    assert clock.waits == [10, 400, 10]
    assert len(server.requests) == 1
