"""A change with If-Match is sent again after a lost answer, takes effect once, and its end is told or unknown."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.rest import fault_server as fault
from tests.rest.fault_server import answer, says
from txojobs.errors import (
    ApiError,
    ApiOperationError,
    ApiTimeoutError,
    ApiValidationError,
    CircuitOpenError,
    EntityNotFoundError,
)
from txojobs.rest.breaker import Outcome
from txojobs.rest.reconcile import is_conditional
from txojobs.rest.settings import BreakerSettings, RetrySettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.rest.conftest import FakeClock
    from tests.rest.fault_server import Connection, FaultServer, Step
    from txojobs.rest.client import TxoRestAPI

    Connect = Callable[..., TxoRestAPI]
    Serve = Callable[..., FaultServer]

MINE = {"If-Match": 'W/"1"'}
OK_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@dataclass
class Record:
    """A service with one record and its version; commits a change, and then answers with the next of `lose`."""

    lose: list[Step] = field(default_factory=list)
    values: dict[str, Any] | None = field(default_factory=lambda: {"no": "1", "city": "Oslo", "price": 1.5})
    version: int = 1
    commits: int = 0
    then: Callable[[Record], None] = lambda _: None
    """What someone else does after the first commit."""

    def __call__(self, connection: Connection) -> bool:
        asked = connection.request
        if self.values is None:
            return answer(404)(connection)
        if asked.method != "GET":
            if asked.headers.get("if-match") != f'W/"{self.version}"':
                return answer(412)(connection)
            self.values = None if asked.method == "DELETE" else {**self.values, **json.loads(asked.body)}
            self.version += 1
            self.commits += 1
            if self.commits == 1:
                self.then(self)
        if asked.method != "GET" and self.lose:
            return self.lose.pop(0)(connection)
        if self.values is None:
            return answer(204)(connection)
        return says({"@odata.etag": f'W/"{self.version}"', **self.values})(connection)


LOST: dict[str, Step] = {
    "closed before the answer": fault.hang_up,
    "reset before the answer": fault.reset_after(),
    "reset in the headers": fault.reset_after(b"HTTP/1.1 200 OK\r\nContent-Le"),
    "reset in the body": fault.reset_after(OK_HEAD + b"Content-Length: 100\r\n\r\n{"),
    "shorter than declared": fault.short_length,
    "chunks without an end": fault.cut_chunks,
    "gzip cut": fault.packed(b'{"a": 1}' * 50, keep=30),
    "a gateway that gave up": answer(504),
    "a gateway that broke": fault.html_login(502),
    "a fault of the service": answer(500),
    "a service that is down, or a gateway that says so": answer(503),
    "a login page": fault.html_login(),
}
"""After each of these the change may have been carried out."""


@pytest.mark.parametrize("name", LOST)
@pytest.mark.parametrize("method", ["patch", "put"])
def test_a_change_that_was_carried_out_is_a_success_although_its_answer_was_lost(
    method: str, name: str, serve: Serve, connect: Connect
) -> None:
    service = Record([LOST[name]])
    server = serve(service)
    got = getattr(connect(server), method)("/a", {"city": "Bergen", "price": 2}, headers=MINE)
    assert got["city"] == "Bergen"
    assert got["@odata.etag"] == 'W/"2"', "what stands there now, ready for the next change"
    assert service.commits == 1
    assert [request.method for request in server.requests] == [method.upper()] * 2 + ["GET"]
    assert "if-match" not in server.requests[2].headers


@pytest.mark.parametrize("name", LOST)
def test_a_record_that_was_deleted_is_a_success_although_the_answer_was_lost(
    name: str, serve: Serve, connect: Connect
) -> None:
    service = Record([LOST[name]])
    server = serve(service)
    assert connect(server).delete("/a", headers=MINE) is None
    assert service.commits == 1
    assert len(server.requests) == 2, "404 says it all"


def test_a_deletion_refused_with_412_is_looked_up(serve: Serve, connect: Connect) -> None:
    server = serve(fault.hang_up, answer(412), answer(410))
    assert connect(server).delete("/a", headers=MINE) is None
    server = serve(fault.hang_up, answer(412), says({"no": "1"}))
    with pytest.raises(ApiValidationError, match="not known") as caught:
        connect(server).delete("/a", headers=MINE)
    assert caught.value.outcome_unknown


def test_a_change_that_was_not_carried_out_is_made_by_the_second_request(
    serve: Serve, connect: Connect
) -> None:
    service = Record()
    server = serve(fault.hang_up, service)
    got = connect(server).patch("/a", {"city": "Bergen"}, headers=MINE)
    assert (got["city"], service.commits) == ("Bergen", 1)
    assert len(server.requests) == 2


def someone_else(service: Record) -> None:
    service.values = {**(service.values or {}), "city": "Trondheim"}
    service.version += 1


@pytest.mark.parametrize("method", ["patch", "put"])
def test_a_record_that_someone_else_changed_meanwhile_is_called_unknown(
    method: str, serve: Serve, connect: Connect
) -> None:
    service = Record([fault.hang_up], then=someone_else)
    with pytest.raises(
        ApiValidationError, match=r"412.*an earlier answer was lost, so it is not known"
    ) as caught:
        getattr(connect(serve(service)), method)("/a", {"city": "Bergen"}, headers=MINE)
    assert caught.value.outcome_unknown
    assert caught.value.status == 412
    assert service.values == {"no": "1", "city": "Trondheim", "price": 1.5}, (
        "nothing of theirs is overwritten"
    )


def test_a_conflict_without_a_lost_answer_is_a_plain_conflict(serve: Serve, connect: Connect) -> None:
    service = Record(version=2, values={"city": "Bergen"})
    server = serve(service)
    with pytest.raises(ApiValidationError) as caught:
        connect(server).patch("/a", {"city": "Bergen"}, headers=MINE)
    assert not caught.value.outcome_unknown
    assert "not known" not in str(caught.value)
    assert len(server.requests) == 1, "it was refused, so there is nothing to look up"
    server = serve(answer(404))
    with pytest.raises(EntityNotFoundError):
        connect(server).delete("/a", headers=MINE)


def test_a_busy_service_that_refuses_later_leaves_nothing_unknown(serve: Serve, connect: Connect) -> None:
    server = serve(answer(429), answer(412))
    with pytest.raises(ApiValidationError) as caught:
        connect(server).patch("/a", {"city": "Bergen"}, headers=MINE)
    assert not caught.value.outcome_unknown
    assert [request.method for request in server.requests] == ["PATCH", "PATCH"]


@pytest.mark.parametrize(
    ("sent", "now"),
    [
        ({"city": "Bergen", "memo": "x"}, {"city": "Bergen"}),
        ({"price": 1}, {"price": True}),
        ({"price": 0}, {"price": None}),
        ({"address": {"city": "Bergen"}}, {"address": {"city": "Oslo", "zip": "1"}}),
        ({"lines": [1, 2]}, {"lines": [2, 1]}),
        ({"customer@odata.bind": "customers(1)"}, {"customer": "1"}),
        ({}, {"city": "Bergen"}),
        ([], []),
    ],
    ids=json.dumps,
)
def test_what_cannot_be_seen_in_the_record_is_not_taken_for_done(
    sent: Any, now: Any, serve: Serve, connect: Connect
) -> None:
    server = serve(fault.hang_up, answer(412), says(now))
    with pytest.raises(ApiValidationError, match="not known"):
        connect(server).patch("/a", sent, headers=MINE)


@pytest.mark.parametrize(
    ("sent", "now"),
    [
        ({"price": 1.10}, {"price": 1.1, "other": 1}),
        ({"price": 1}, {"price": 1.0}),
        ({"memo": None}, {"memo": None}),
        ({"address": {"city": "Bergen"}}, {"address": {"city": "Bergen", "zip": "1"}}),
        ({"city": "Bergen"}, {"d": {"city": "Bergen"}}),
    ],
    ids=json.dumps,
)
def test_what_is_seen_in_the_record_is_done(sent: Any, now: Any, serve: Serve, connect: Connect) -> None:
    server = serve(fault.hang_up, answer(412), says(now))
    assert connect(server).patch("/a", sent, headers=MINE) == now


@pytest.mark.parametrize(
    "now", [answer(500), fault.hang_up, fault.html_login(), answer(403), answer(404), answer(204)]
)
def test_a_record_that_cannot_be_read_leaves_it_unknown(now: Step, serve: Serve, connect: Connect) -> None:
    server = serve(fault.hang_up, answer(412), now)
    with pytest.raises(ApiValidationError, match=r"412.*not known") as caught:
        connect(server, retry=RetrySettings(max_retries=1)).patch("/a", {"city": "x"}, headers=MINE)
    assert caught.value.outcome_unknown


@pytest.mark.parametrize(
    ("method", "headers", "yes"),
    [
        ("PATCH", {"If-Match": 'W/"1"'}, True),
        ("patch", {"if-match": '"1"'}, True),
        ("PUT", {"If-None-Match": "*"}, True),
        ("PUT", {"If-None-Match": '"1"'}, False),
        ("PATCH", {"If-Match": "*"}, False),
        ("PATCH", {"If-Match": ""}, False),
        ("PATCH", {}, False),
        ("POST", {"If-Match": '"1"'}, False),
        ("DELETE", {"If-Match": '"1"'}, True),
        ("DELETE", {}, False),
    ],
)
def test_only_a_version_makes_a_change_safe_to_repeat(
    method: str, headers: dict[str, str], *, yes: bool
) -> None:
    assert is_conditional(method, headers) is yes


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
@pytest.mark.parametrize("headers", [{}, {"If-Match": "*"}])
def test_a_change_without_a_version_is_never_sent_twice(
    headers: dict[str, str], method: str, serve: Serve, connect: Connect
) -> None:
    server = serve(fault.hang_up, says({}))
    with pytest.raises(ApiError, match="not known") as caught:
        getattr(connect(server), method)("/a", headers=headers)
    assert caught.value.outcome_unknown
    assert len(server.requests) == 1


def test_a_change_with_a_version_that_is_not_tried_again_is_unknown_too(
    serve: Serve, connect: Connect
) -> None:
    server = serve(fault.hang_up)
    with pytest.raises(ApiOperationError, match="not known") as caught:
        connect(server, retry=RetrySettings(max_retries=0)).patch("/a", {"city": "x"}, headers=MINE)
    assert caught.value.outcome_unknown


# ---- an error that comes after a lost answer does not hide it


def test_a_later_failure_does_not_hide_that_the_first_may_have_acted(
    serve: Serve, connect: Connect, clock: FakeClock
) -> None:
    ends: list[tuple[list[Step], type[ApiError], dict[str, Any]]] = [
        ([fault.hang_up, answer(503)], ApiOperationError, {"retry": RetrySettings(max_retries=1)}),
        ([fault.hang_up, answer(403)], ApiOperationError, {}),
        ([fault.hang_up, answer(400)], ApiValidationError, {}),
    ]
    for script, kind, options in ends:
        with pytest.raises(kind) as caught:
            connect(serve(*script), **options).patch("/a", {"city": "x"}, headers=MINE)
        assert caught.value.outcome_unknown, kind
    with pytest.raises(ApiTimeoutError, match="deadline") as late:
        connect(serve(fault.hang_up)).patch("/a", {"city": "x"}, headers=MINE, deadline=clock.now + 0.5)
    assert late.value.outcome_unknown


def test_a_change_with_a_version_whose_every_answer_is_lost_says_so(serve: Serve, connect: Connect) -> None:
    client = connect(serve(fault.hang_up), retry=RetrySettings(max_retries=1))
    with pytest.raises(ApiOperationError, match="not known whether the service carried it out") as caught:
        client.patch("/a", {"city": "x"}, headers=MINE)
    assert caught.value.outcome_unknown


def test_an_open_circuit_does_not_hide_that_the_first_may_have_acted(
    serve: Serve, connect: Connect, clock: FakeClock
) -> None:
    def meanwhile_another_call_fails(*_: Any) -> None:
        (gate,) = client._exchange.gates._gates.values()
        gate.breaker.ticket().settle(Outcome.FAILURE)

    client = connect(
        serve(fault.hang_up),
        breaker=BreakerSettings(failure_threshold=1),
        timing=replace(clock.timing(), wait=meanwhile_another_call_fails),
    )
    with pytest.raises(CircuitOpenError) as caught:
        client.patch("/a", {"city": "x"}, headers=MINE)
    assert caught.value.outcome_unknown


# ---- a status that came before the rest was lost


@pytest.mark.parametrize(
    "step",
    [
        fault.reset_after(b"HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{"),
        fault.raw(b"HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{"),
        fault.raw(b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
        fault.raw(b"HTTP/1.1 201 Created\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}"),
    ],
)
def test_a_change_that_was_confirmed_before_the_answer_broke_says_so(
    step: Step, serve: Serve, connect: Connect
) -> None:
    server = serve(step)
    with pytest.raises(ApiOperationError, match="the service said 201, so it was carried out") as caught:
        connect(server).post("/a", {"no": 1})
    assert caught.value.outcome_unknown
    assert caught.value.status == 201, "ok, but not verified"
    assert len(server.requests) == 1


def test_the_status_of_an_earlier_answer_is_not_that_of_a_lost_one(serve: Serve, connect: Connect) -> None:
    client = connect(serve(says({}), fault.hang_up))
    client.post("/a", {"no": 1})
    with pytest.raises(ApiOperationError, match="it is not known") as caught:
        client.post("/a", {"no": 2})
    assert caught.value.status is None


REFUSALS: dict[str, Step] = {
    "cut": fault.raw(b"HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 100\r\n\r\n{"),
    "reset": fault.reset_after(b"HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 100\r\n\r\n{"),
    "packed as nobody asked": answer(429, b"x", Retry_After="7", Content_Encoding="br"),
    "too large": answer(429, b"x" * 5000, Retry_After="7"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_counts_also_when_the_words_for_it_are_lost(
    name: str, serve: Serve, connect: Connect, clock: FakeClock
) -> None:
    server = serve(REFUSALS[name], says({"fine": True}))
    assert connect(server, max_body_bytes=1024).post("/a", {"no": 1}) == {"fine": True}
    assert clock.waits == [7], "429 and its Retry-After were understood, so even a POST was sent again"
