"""A change is sent again only when nothing can have happened, or when the caller declares that this does no harm."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.rest import fault_server as fault
from tests.rest.conftest import FakeClock
from tests.rest.fault_server import answer, says
from txojobs.errors import ApiError, ApiOperationError, ApiTimeoutError, CircuitOpenError, EntityNotFoundError
from txojobs.rest.settings import BreakerSettings, RetrySettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.rest.fault_server import FaultServer, Step
    from txojobs.rest.client import TxoRestAPI

    Connect = Callable[..., TxoRestAPI]
    Serve = Callable[..., FaultServer]

GOOD = says({"fine": True})
LOST: dict[str, Step] = {
    "closed": fault.hang_up,
    "reset": fault.reset_after(),
    "cut": fault.short_length,
    "500": answer(500),
    "503": answer(503),
    "504": answer(504),
}


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("step", LOST.values(), ids=LOST)
def test_is_sent_again_only_when_the_caller_says_so(
    step: Step, method: str, serve: Serve, connect: Connect
) -> None:
    server = serve(step, GOOD)
    with pytest.raises(ApiError):
        connect(server).request(method, "/orders", json={"a": 1})
    assert len(server.requests) == 1
    server = serve(step, GOOD)
    answered = connect(server).request(method, "/orders", json={"a": 1}, idempotent=True)
    assert answered.status == 200
    assert [request.body for request in server.requests] == [b'{"a":1}'] * 2


def test_each_method_of_the_client_takes_the_declaration(serve: Serve, connect: Connect) -> None:
    server = serve(answer(503), GOOD)
    client = connect(server)
    calls: list[Callable[[], Any]] = [
        lambda: client.post("/a", {}, idempotent=True),
        lambda: client.put("/a", {}, idempotent=True),
        lambda: client.patch("/a", {}, idempotent=True),
        lambda: client.delete("/a", idempotent=True),
        lambda: client.fetch("POST", "/a", parse=lambda told: told.status, idempotent=True),
    ]
    for call in calls:
        server.requests.clear()
        server.script[:] = [answer(503), GOOD]
        call()
        assert len(server.requests) == 2


def test_all_attempts_carry_one_key_that_no_other_call_has(serve: Serve, connect: Connect) -> None:
    server = serve(answer(503), fault.hang_up, GOOD)
    client = connect(server)
    client.post("/orders", {"a": 1}, idempotent=True)
    client.post("/orders", {"a": 1}, idempotent=True)
    first, second, third, other = [request.headers["idempotency-key"] for request in server.requests]
    assert first == second == third
    assert other != first
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", first)


def test_the_callers_own_key_stays(serve: Serve, connect: Connect) -> None:
    server = serve(answer(503), GOOD)
    headers = {"idempotency-KEY": "order-17"}
    connect(server).post("/orders", {}, headers=headers, idempotent=True)
    assert [request.headers["idempotency-key"] for request in server.requests] == ["order-17"] * 2


@pytest.mark.parametrize(("method", "idempotent"), [("POST", False), ("PUT", True), ("DELETE", True)])
def test_no_key_where_none_is_needed(
    method: str, serve: Serve, connect: Connect, *, idempotent: bool
) -> None:
    server = serve(GOOD)
    connect(server).request(method, "/orders", json={}, idempotent=idempotent)
    assert "idempotency-key" not in server.requests[0].headers


ENDS: dict[str, Step] = {
    "not found, for the first attempt deleted it": answer(404),
    "conflict, for the first attempt made it": answer(409),
    "throttled": answer(429),
    "refused": answer(400),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_an_earlier_attempt_that_was_lost_is_not_forgotten(end: Step, serve: Serve, connect: Connect) -> None:
    client = connect(serve(fault.hang_up, end), retry=RetrySettings(max_retries=1))
    with pytest.raises(ApiError) as caught:
        client.post("/orders/1", {}, idempotent=True)
    assert caught.value.outcome_unknown
    with pytest.raises(ApiError) as known:
        connect(serve(end), retry=RetrySettings(max_retries=1)).post("/orders/1", {}, idempotent=True)
    assert not known.value.outcome_unknown


@pytest.mark.parametrize("step", [fault.packed(b"{}" * 50, keep=15), fault.short_length, fault.hang_up])
def test_a_declared_change_whose_answer_never_came_may_have_been_carried_out(
    step: Step, serve: Serve, connect: Connect
) -> None:
    with pytest.raises(ApiError) as caught:
        connect(serve(step), retry=RetrySettings(max_retries=1)).post("/orders", {}, idempotent=True)
    assert caught.value.outcome_unknown


def test_nor_when_the_wait_for_the_next_attempt_cannot_be_made(serve: Serve, connect: Connect) -> None:
    clock = FakeClock()
    client = connect(serve(fault.hang_up), timing=clock.timing())
    with pytest.raises(ApiTimeoutError, match="another wait") as caught:
        client.post("/orders", {}, idempotent=True, deadline=clock.now + 0.5)
    assert caught.value.outcome_unknown


def test_nor_when_the_circuit_opens_meanwhile(serve: Serve, connect: Connect) -> None:
    server = serve(fault.hang_up, answer(503))
    client = connect(server, retry=RetrySettings(max_retries=1), breaker=BreakerSettings(failure_threshold=1))
    clock = FakeClock()

    def wait(*_: object) -> None:
        object.__setattr__(client._timing, "wait", clock.wait)
        with pytest.raises(ApiOperationError, match="503"):
            client.put("/other", {})

    object.__setattr__(client._timing, "wait", wait)
    with pytest.raises(CircuitOpenError) as caught:
        client.post("/orders", {}, idempotent=True)
    assert caught.value.outcome_unknown


def test_a_change_that_was_refused_before_it_was_carried_out_is_known(serve: Serve, connect: Connect) -> None:
    with pytest.raises(EntityNotFoundError) as caught:
        connect(serve(answer(429), answer(404))).delete("/orders/1", idempotent=True)
    assert not caught.value.outcome_unknown
