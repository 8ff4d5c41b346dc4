"""A change that a gateway refuses for lack of a CSRF token is sent once more with one, bound to its session."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tests.rest import fault_server as fault
from tests.rest.fault_server import answer, says
from txojobs.errors import ApiOperationError
from txojobs.redact import Redactor
from txojobs.rest.settings import AuthSettings, LimiterSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.rest.conftest import FakeClock
    from tests.rest.fault_server import Connection, FaultServer
    from txojobs.rest.client import TxoRestAPI

    Connect = Callable[..., TxoRestAPI]
    Serve = Callable[..., FaultServer]

REQUIRED = answer(403, b"CSRF token validation failed", x_csrf_token="Required")


@dataclass
class Gateway:
    """A gateway whose tokens belong to a session (a cookie) and hold for that many changes."""

    holds: int = 1000
    sessions: dict[str, tuple[str, int]] = field(default_factory=dict)
    changes: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, connection: Connection) -> bool:
        asked = connection.request
        session = asked.headers.get("cookie", "").partition("SAP_SESSION=")[2]
        with self.lock:
            if asked.method == "GET":
                if asked.headers.get("x-csrf-token") != "Fetch" or asked.target != "/odata/":
                    return says({})(connection)
                name = f"s{len(self.sessions)}"
                self.sessions[name] = (f"canary-{name}", self.holds)
                cookie = f"SAP_SESSION={name}; Path=/; HttpOnly"
                return says({}, x_csrf_token=f"canary-{name}", Set_Cookie=cookie)(connection)
            token, left = self.sessions.get(session, ("", 0))
            if not token or asked.headers.get("x-csrf-token") != token or not left:
                return REQUIRED(connection)
            self.sessions[session] = (token, left - 1)
            self.changes.append(asked.body.decode())
        return says({"fine": True}, 201)(connection)


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


def asked(server: FaultServer) -> list[str]:
    return [f"{request.method} {request.target}" for request in server.requests]


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_a_change_fetches_the_token_that_it_lacks(
    method: str, gateway: Gateway, serve: Serve, connect: Connect
) -> None:
    server = serve(gateway)
    client = connect(f"{server.url}/odata", auth=AuthSettings(type="bearer", secret="t"))
    assert getattr(client, method)("Orders") == {"fine": True}
    change = f"{method.upper()} /odata/Orders"
    assert asked(server) == [change, "GET /odata/", change]
    assert len(gateway.changes) == 1
    assert all(request.headers["authorization"] == "Bearer t" for request in server.requests)


def test_the_token_serves_the_changes_that_follow(gateway: Gateway, serve: Serve, connect: Connect) -> None:
    server = serve(gateway)
    client = connect(f"{server.url}/odata")
    for number in range(3):
        client.post("Orders", number)
    assert gateway.changes == ["0", "1", "2"]
    assert len(server.requests) == 5


def test_a_token_that_has_expired_is_fetched_anew(serve: Serve, connect: Connect) -> None:
    gateway = Gateway(holds=1)
    server = serve(gateway)
    client = connect(f"{server.url}/odata")
    client.post("Orders", 1)
    client.post("Orders", 2)
    assert gateway.changes == ["1", "2"]
    assert len(gateway.sessions) == 2


def test_eight_threads_have_tokens_of_their_own_sessions(
    gateway: Gateway, serve: Serve, connect: Connect
) -> None:
    client = connect(f"{serve(gateway).url}/odata")
    threads = [
        threading.Thread(target=lambda n=n: [client.post("Orders", f"{n}.{i}") for i in range(5)])
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(gateway.changes) == sorted(f'"{n}.{i}"' for n in range(8) for i in range(5))


def test_a_token_that_does_not_help_is_fetched_once(serve: Serve, connect: Connect) -> None:
    server = serve(REQUIRED, says({}, x_csrf_token="t"), REQUIRED)
    with pytest.raises(ApiOperationError, match="403") as caught:
        connect(server).post("/a", {})
    assert len(server.requests) == 3
    assert not caught.value.outcome_unknown


@pytest.mark.parametrize("root", [says({}), answer(404, x_csrf_token="t"), answer(401, x_csrf_token="t")])
def test_a_root_without_a_token_leaves_the_refusal(root: Any, serve: Serve, connect: Connect) -> None:
    server = serve(REQUIRED, root)
    with pytest.raises(ApiOperationError, match=r"POST.*403"):
        connect(server).post("/a", {})
    assert len(server.requests) == 2


def test_a_plain_403_and_a_refused_read_fetch_nothing(serve: Serve, connect: Connect) -> None:
    server = serve(answer(403))
    with pytest.raises(ApiOperationError):
        connect(server).post("/a", {})
    assert len(server.requests) == 1
    server = serve(REQUIRED)
    with pytest.raises(ApiOperationError):
        connect(server).get("/a")
    assert len(server.requests) == 1


def test_the_token_of_one_origin_is_not_fetched_for_another(serve: Serve, connect: Connect) -> None:
    other, base = serve(REQUIRED), serve(says({}, x_csrf_token="t"))
    with pytest.raises(ApiOperationError, match="403"):
        connect(base, trusted_origins=(other.url,)).post(f"{other.url}/a", {})
    assert (len(other.requests), base.connections) == (1, 0)


def test_a_token_that_is_lost_on_its_way_leaves_the_change_unmade(serve: Serve, connect: Connect) -> None:
    server = serve(REQUIRED, fault.hang_up)
    with pytest.raises(ApiOperationError, match="GET") as caught:
        connect(server).post("/a", {})
    assert not caught.value.outcome_unknown
    assert len(server.requests) == 2


def test_each_request_keeps_the_rate(serve: Serve, connect: Connect, clock: FakeClock) -> None:
    server = serve(Gateway())
    client = connect(f"{server.url}/odata", limiter=LimiterSettings(calls_per_second=1))
    client.post("Orders", 1)
    assert clock.now == pytest.approx(1002)
    assert client.traffic[0].requests == 3


def test_p5_the_token_is_a_secret(
    gateway: Gateway, serve: Serve, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    redactor = Redactor()
    client = connect(f"{serve(gateway).url}/odata", redactor=redactor)
    with caplog.at_level(logging.DEBUG, logger="txojobs"):
        client.post("Orders", 1)
    assert "canary" not in str([record.getMessage() for record in caplog.records if "txojobs" in record.name])
    assert redactor.clean("token canary-s0") == "token ***"
