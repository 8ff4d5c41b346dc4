"""The circuit breaker as callers of the client meet it, on real sockets."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from tests.rest import fault_server as fault
from tests.rest.conftest import FakeClock
from tests.rest.fault_server import answer, says
from txojobs.errors import (
    ApiError,
    ApiOperationError,
    ApiRateLimitError,
    ApiTimeoutError,
    CircuitOpenError,
    RunCancelledError,
)
from txojobs.rest.breaker import Outcome
from txojobs.rest.origin import origin_of
from txojobs.rest.settings import BreakerSettings, LimiterSettings, RetrySettings
from txojobs.rest.timing import Limits

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.rest.fault_server import Connection, FaultServer, Step
    from txojobs.rest.client import TxoRestAPI

    Connect = Callable[..., TxoRestAPI]
    Serve = Callable[..., FaultServer]

ONCE = RetrySettings(max_retries=0)

ENDINGS: dict[str, BaseException] = {
    "cancelled": RunCancelledError("the run was asked to stop"),
    "Ctrl-C": KeyboardInterrupt(),
    "a bug": ZeroDivisionError(),
}


def test_counts_calls_and_not_their_retries(serve: Serve, connect: Connect) -> None:
    server = serve(answer(503))
    client = connect(server, retry=RetrySettings(max_retries=2))
    for _ in range(4):
        with pytest.raises(ApiOperationError, match="503"):
            client.get("/a")
    assert len(server.requests) == 12
    with pytest.raises(ApiOperationError, match="503"):
        client.get("/a")
    with pytest.raises(CircuitOpenError):
        client.get("/a")
    assert len(server.requests) == 15, "the real error is shown five times, then nothing is sent"


@pytest.mark.parametrize("step", [fault.hang_up, fault.reset_after(), fault.short_length, answer(503)])
def test_opens_when_no_answer_comes(step: Step, serve: Serve, connect: Connect) -> None:
    server = serve(step)
    client = connect(server, retry=ONCE)
    for _ in range(5):
        with pytest.raises(ApiOperationError):
            client.get("/a")
    with pytest.raises(CircuitOpenError):
        client.get("/a")
    assert len(server.requests) == 5


def test_opens_when_nothing_listens(connect: Connect) -> None:
    client = connect(f"http://127.0.0.1:{fault.closed_port()}", retry=ONCE)
    for _ in range(5):
        with pytest.raises(ApiOperationError, match="refused"):
            client.get("/a")
    with pytest.raises(CircuitOpenError):
        client.get("/a")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 412, 413, 418, 422, 429])
def test_a_refusal_is_no_failure(status: int, serve: Serve, connect: Connect) -> None:
    server = serve(answer(status))
    client = connect(server, retry=ONCE)
    for _ in range(10):
        with pytest.raises(ApiError) as caught:
            client.get("/a")
        assert not isinstance(caught.value, CircuitOpenError)


def test_a_refusal_as_trial_does_not_close_it(serve: Serve, connect: Connect, clock: FakeClock) -> None:
    server = serve(*[answer(500)] * 5, answer(429), answer(500), says({}))
    client = connect(server, retry=ONCE)
    for _ in range(5):
        with pytest.raises(ApiOperationError):
            client.get("/a")
    clock.now += 60
    with pytest.raises(ApiRateLimitError):
        client.get("/a")
    with pytest.raises(ApiOperationError, match="500"):
        client.get("/a")
    with pytest.raises(CircuitOpenError):
        client.get("/a")


def open_circuit(client: TxoRestAPI) -> None:
    for _ in range(5):
        with pytest.raises(ApiOperationError, match="500"):
            client.get("/a")


@pytest.mark.parametrize("status", [400, 401, 404, 429])
def test_a_refused_trial_leaves_it_half_open(
    status: int, serve: Serve, connect: Connect, clock: FakeClock
) -> None:
    server = serve(*[answer(500)] * 5, answer(status), says({}))
    client = connect(server, retry=ONCE)
    open_circuit(client)
    clock.now += 60
    with pytest.raises(ApiError):
        client.get("/a")
    assert client.get("/a") == {}, "the next call is the next trial, at once"
    assert client.get("/a") == {}


def test_the_trial_is_one_request(serve: Serve, connect: Connect, clock: FakeClock) -> None:
    server = serve(answer(500))
    client = connect(server, retry=RetrySettings(max_retries=3))
    open_circuit(client)
    assert len(server.requests) == 20
    clock.now += 60
    with pytest.raises(ApiOperationError, match="500"):
        client.get("/a")
    assert len(server.requests) == 21
    with pytest.raises(CircuitOpenError):
        client.get("/a")
    assert len(server.requests) == 21


def test_a_trial_that_is_throttled_is_tried_again(serve: Serve, connect: Connect, clock: FakeClock) -> None:
    server = serve(*[answer(500)] * 5, answer(429, Retry_After="3"), says({"fine": True}))
    client = connect(server, retry=ONCE)
    open_circuit(client)
    clock.now += 60
    patient = RetrySettings(max_retries=1)
    object.__setattr__(client.settings, "retry", patient)
    assert client.get("/a") == {"fine": True}
    assert client.get("/a") == {"fine": True}


def test_one_thread_tries_while_all_others_fail_at_once(
    serve: Serve, connect: Connect, clock: FakeClock
) -> None:
    arrived, go_on = threading.Event(), threading.Event()

    def trial(connection: Connection) -> bool:
        arrived.set()
        go_on.wait(30)
        return says({"fine": True})(connection)

    server = serve(*[answer(500)] * 5, trial, says({"fine": True}))
    client = connect(server, retry=ONCE)
    open_circuit(client)
    clock.now += 60
    told: list[object] = []

    def ask() -> None:
        try:
            told.append(client.get("/a"))
        except CircuitOpenError as err:
            told.append(err)
            if len(told) == 15:
                go_on.set()

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    assert arrived.wait(30)
    for thread in threads:
        thread.join(30)
    assert len(server.requests) == 6, "exactly one request was sent"
    assert [type(each) for each in told] == [CircuitOpenError] * 15 + [dict]
    assert client.get("/a") == {"fine": True}, "one success has closed it"
    assert client.get("/a") == {"fine": True}


@pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS)
def test_a_trial_that_never_ends_its_call_frees_the_way_for_the_next(
    ending: BaseException, serve: Serve, connect: Connect, clock: FakeClock
) -> None:
    server = serve(*[answer(500)] * 5, says({}))
    client = connect(server, retry=ONCE)
    open_circuit(client)
    clock.now += 60

    def parse(_: object) -> None:
        raise ending

    with pytest.raises(type(ending)):
        client.fetch("GET", "/a", parse=parse)
    assert client.get("/a") == {}


def test_a_trial_that_may_not_wait_for_its_turn_frees_the_way_for_the_next(
    serve: Serve, connect: Connect, clock: FakeClock
) -> None:
    server = serve(*[answer(500)] * 5, says({}))
    client = connect(server, retry=ONCE, limiter=LimiterSettings(calls_per_second=0.01))
    open_circuit(client)
    clock.now += 60
    with pytest.raises(ApiTimeoutError, match="configured rate"):
        client.get("/a", deadline=clock.now + 1)
    assert client.get("/a") == {}


def test_a_call_that_waited_for_its_turn_is_not_sent_when_it_has_opened_meanwhile(
    serve: Serve, connect: Connect
) -> None:
    clock = FakeClock()
    server = serve(answer(500))
    client = connect(
        server,
        timing=clock.timing(),
        retry=ONCE,
        limiter=LimiterSettings(calls_per_second=1),
        breaker=BreakerSettings(failure_threshold=1),
    )
    gate = client._exchange.gates.of(origin_of(server.url))

    def wait(seconds: float, cancels: tuple[threading.Event, ...]) -> None:
        clock.wait(seconds, cancels)
        gate.breaker.ticket().settle(Outcome.FAILURE)  # what another thread met meanwhile

    object.__setattr__(client._timing, "wait", wait)
    gate._limiter.reserve(Limits())  # type: ignore[union-attr]  # configured above
    with pytest.raises(CircuitOpenError):
        client.get("/a")
    assert not server.requests


def test_can_be_switched_off(serve: Serve, connect: Connect) -> None:
    server = serve(answer(500))
    client = connect(server, retry=ONCE, breaker=BreakerSettings(enabled=False))
    for _ in range(10):
        with pytest.raises(ApiOperationError, match="500"):
            client.get("/a")


def test_is_one_for_each_origin(serve: Serve, connect: Connect) -> None:
    bad, good = serve(answer(500)), serve(says({}))
    client = connect(bad, retry=ONCE, trusted_origins=(good.url,))
    for _ in range(6):
        with pytest.raises(ApiOperationError):
            client.get("/a")
    assert client.get(f"{good.url}/a") == {}


def test_does_not_queue_calls_behind_each_other(serve: Serve, connect: Connect) -> None:
    together = threading.Barrier(4)

    def meet(connection: object) -> bool:
        together.wait(10)  # only four requests at the same moment pass this
        return says({})(connection)  # type: ignore[arg-type]  # handed on as it came

    server = serve(meet)
    client = connect(server)
    threads = [threading.Thread(target=client.get, args=("/a",)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(server.requests) == 4
    assert not together.broken
