from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from tests.rest.conftest import FakeClock
from tests.rest.fault_server import answer, says
from txojobs.errors import ApiError, ApiOperationError, ApiRateLimitError, CircuitOpenError
from txojobs.rest.breaker import Breaker, Outcome
from txojobs.rest.settings import BreakerSettings, RetrySettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.rest.fault_server import FaultServer
    from txojobs.rest.client import TxoRestAPI

    Connect = Callable[..., TxoRestAPI]
    Serve = Callable[..., FaultServer]

ONCE = RetrySettings(max_retries=0)


def breaker(clock: FakeClock) -> Breaker:
    return Breaker(BreakerSettings(), origin="https://a", clock=clock)


def fail(circuit: Breaker, times: int) -> None:
    for _ in range(times):
        ticket = circuit.ticket()
        ticket.admit()
        ticket.settle(Outcome.FAILURE)


def test_opens_after_five_failures_in_a_row_and_closes_after_one_success() -> None:
    clock = FakeClock()
    circuit = breaker(clock)
    fail(circuit, 5)
    with pytest.raises(CircuitOpenError, match=r"^Circuit breaker open.*in 60 s"):
        circuit.ticket().admit()
    clock.now += 60
    trial = circuit.ticket()
    trial.admit()
    with pytest.raises(CircuitOpenError, match="trial"):
        circuit.ticket().admit()
    trial.settle(Outcome.SUCCESS)
    fail(circuit, 4)
    circuit.ticket().admit()


def test_a_failed_trial_opens_it_for_another_minute() -> None:
    clock = FakeClock()
    circuit = breaker(clock)
    fail(circuit, 5)
    clock.now += 61
    fail(circuit, 1)
    clock.now += 59
    with pytest.raises(CircuitOpenError):
        circuit.ticket().admit()
    clock.now += 1
    circuit.ticket().admit()


def test_a_neutral_trial_neither_closes_nor_blocks_it() -> None:
    clock = FakeClock()
    circuit = breaker(clock)
    fail(circuit, 5)
    clock.now += 60
    trial = circuit.ticket()
    trial.admit()
    trial.settle(Outcome.NEUTRAL)
    assert circuit.is_open
    circuit.ticket().admit()


def test_a_call_that_began_before_it_opened_does_not_close_it() -> None:
    circuit = breaker(FakeClock())
    early = circuit.ticket()
    early.admit()
    fail(circuit, 5)
    early.settle(Outcome.SUCCESS)
    with pytest.raises(CircuitOpenError):
        circuit.ticket().admit()


def test_a_success_in_between_starts_the_count_anew() -> None:
    circuit = breaker(FakeClock())
    fail(circuit, 4)
    circuit.ticket().settle(Outcome.SUCCESS)
    fail(circuit, 4)
    circuit.ticket().admit()


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


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 429])
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
