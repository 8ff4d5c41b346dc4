from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rest.conftest import FakeClock
from tests.rest.fault_server import says
from txojobs.errors import ApiTimeoutError
from txojobs.rest.limiter import OwnLimiter, Pace
from txojobs.rest.origin import origin_of
from txojobs.rest.settings import LimiterSettings
from txojobs.rest.timing import Limits

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.rest.fault_server import FaultServer
    from txojobs.rest.client import TxoRestAPI

    Connect = Callable[..., TxoRestAPI]
    Serve = Callable[..., FaultServer]


@given(
    rate=st.floats(0.5, 100),
    burst=st.integers(1, 20),
    gaps=st.lists(st.floats(0, 1), min_size=1, max_size=200),
)
def test_never_lets_more_through_than_burst_and_rate(rate: float, burst: int, gaps: list[float]) -> None:
    clock = FakeClock()
    limiter = OwnLimiter(Pace.of(calls_per_second=rate, burst_size=burst), clock=clock)
    left: list[float] = []
    for gap in gaps:
        clock.now += gap
        wait = limiter.reserve(Limits())
        assert wait is not None
        left.append(clock.now + wait)
    assert left == sorted(left), "first come, first served"
    for index, moment in enumerate(left):
        within = [other for other in left[: index + 1] if other > moment - 1.0 + 1e-6]
        assert len(within) <= burst + rate + 1


def test_reaches_the_configured_rate() -> None:
    clock = FakeClock()
    limiter = OwnLimiter(Pace.of(calls_per_second=10, burst_size=1), clock=clock)
    for _ in range(101):
        clock.wait(limiter.reserve(Limits()) or 0.0)
    assert clock.now - 1000.0 == pytest.approx(10.0)


def test_a_burst_goes_at_once_and_is_earned_again() -> None:
    clock = FakeClock()
    limiter = OwnLimiter(Pace.of(calls_per_second=2, burst_size=3), clock=clock)
    assert [limiter.reserve(Limits()) for _ in range(4)] == [0, 0, 0, 0.5]
    clock.now += 100
    assert [limiter.reserve(Limits()) for _ in range(4)] == [0, 0, 0, 0.5]


def test_a_moment_that_comes_too_late_is_not_taken() -> None:
    clock = FakeClock()
    limiter = OwnLimiter(Pace.of(calls_per_second=1, burst_size=1), clock=clock)
    limiter.reserve(Limits())
    assert limiter.reserve(Limits(deadline=clock.now + 0.5)) is None
    assert limiter.reserve(Limits()) == 1


def test_eight_threads_share_one_rate() -> None:
    clock = FakeClock()
    limiter = OwnLimiter(Pace.of(calls_per_second=10, burst_size=1), clock=clock)
    waits: list[float] = []

    def ask() -> None:
        waits.extend(limiter.reserve(Limits()) or 0.0 for _ in range(100))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert sorted(waits) == pytest.approx([index * 0.1 for index in range(800)])


def test_the_client_keeps_the_rate_without_being_asked(
    serve: Serve, connect: Connect, clock: FakeClock
) -> None:
    server = serve(says({}))
    client = connect(server, limiter=LimiterSettings(calls_per_second=4))
    for _ in range(9):
        client.get("/a")
    assert clock.now - 1000.0 == pytest.approx(2.0)
    assert client.traffic[0].waits_s["rate limit"] == pytest.approx(2.0)


def test_turns_that_were_slept_through_are_not_made_up_for_all_at_once(
    serve: Serve, connect: Connect, clock: FakeClock
) -> None:
    server = serve(says({}))
    client = connect(server, limiter=LimiterSettings(calls_per_second=1))
    client.get("/a")
    turns = client._exchange.gates.of(origin_of(server.url))._limiter
    assert turns is not None

    def wait(seconds: float, cancels: tuple[threading.Event, ...]) -> None:
        clock.wait(seconds, cancels)
        if len(clock.waits) == 1:
            clock.now += 3600  # the machine was suspended
            turns.reserve(Limits())  # and another thread woke up first

    object.__setattr__(client._timing, "wait", wait)
    client.get("/b")
    assert clock.waits == [1, 1]


def test_fails_at_once_when_the_rate_cannot_keep_the_deadline(
    serve: Serve, connect: Connect, clock: FakeClock
) -> None:
    server = serve(says({}))
    client = connect(server, limiter=LimiterSettings(calls_per_second=0.1))
    client.get("/a")
    with pytest.raises(ApiTimeoutError, match="configured rate"):
        client.get("/a", deadline=clock.now + 5)
    assert len(server.requests) == 1
    assert not clock.waits
