from __future__ import annotations

import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from tests.rest.conftest import FakeClock
from tests.rest.fault_server import says
from txojobs.rest.origin import Origin
from txojobs.rest.sessions import MAX_SESSIONS, SessionPool

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.rest.fault_server import Connection, FaultServer
    from txojobs.rest.client import TxoRestAPI

    Connect = Callable[..., TxoRestAPI]
    Serve = Callable[..., FaultServer]


def origin(number: int) -> Origin:
    return Origin("https", f"host{number}.invalid", 443)


def pool() -> SessionPool:
    return SessionPool(ca_bundle=None, clock=FakeClock())


def test_g13_keeps_at_most_fifty_and_drops_the_least_recently_used() -> None:
    sessions = pool()
    for number in range(MAX_SESSIONS):
        with sessions.lend(origin(number)):
            pass
    with sessions.lend(origin(0)) as first:
        kept = first
    with sessions.lend(origin(99)):
        pass
    assert len(sessions) == MAX_SESSIONS
    with sessions.lend(origin(0)) as again:
        assert again is kept
    with sessions.lend(origin(1)) as other:
        assert other is not kept
    sessions.close()
    assert len(sessions) == 0


def test_g13_never_closes_one_in_use() -> None:
    sessions = pool()
    closed: list[object] = []
    with sessions.lend(origin(0)) as busy:
        busy.close = lambda: closed.append(busy)  # type: ignore[method-assign]  # the fact under test
        for number in range(1, MAX_SESSIONS + 10):
            with sessions.lend(origin(number)):
                pass
        assert len(sessions) <= MAX_SESSIONS
        sessions.close()
        assert not closed
    assert closed == [busy], "what is lent is closed when it comes back"


def test_two_threads_never_share_a_session() -> None:
    sessions = pool()
    with sessions.lend(origin(0)) as first, sessions.lend(origin(0)) as second:
        assert first is not second
    with sessions.lend(origin(0)) as again:
        assert again in (first, second)
    sessions.close()


def test_threads_that_come_and_go_do_not_pile_up_connections(serve: Serve, connect: Connect) -> None:
    server = serve(says({}))
    client = connect(server)
    for _ in range(20):
        thread = threading.Thread(target=client.get, args=("/a",))
        thread.start()
        thread.join(10)
    assert server.connections == 1


_FORKING = """
import os, sys
from txojobs.rest.client import TxoRestAPI
from txojobs.rest.settings import ApiSettings

client = TxoRestAPI(ApiSettings(base_url=sys.argv[1]))
client.get("/before")
child = os.fork()
client.get("/child" if child == 0 else "/parent")
client.get("/child" if child == 0 else "/parent")
if child:
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on Windows")
def test_a_fork_dials_a_connection_of_its_own(serve: Serve) -> None:
    """Two processes on one connection read each other's answers."""
    asked_on: dict[str, set[int]] = {}

    def note(connection: Connection) -> bool:
        asked_on.setdefault(connection.request.target, set()).add(connection.sock.getpeername()[1])
        return says({})(connection)

    script = [sys.executable, "-c", _FORKING, serve(note).url]
    ended = subprocess.run(script, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert asked_on["/before"] == asked_on["/parent"], "the parent keeps its own"
    assert len(asked_on["/child"]) == 1
    assert asked_on["/child"].isdisjoint(asked_on["/parent"])


ODD_AGES = ["Max-Age", "max-age ; Path=/", "Path=/;MAX-AGE", "Max-Age=", "Max-Age=x", 'Max-Age="60"; Path=/']


@pytest.mark.parametrize("odd", [*ODD_AGES, "Expires", "Max-Age=60", "Max-Age = 60 ; Path=/"])
def test_a_badly_written_cookie_is_kept_and_no_traceback_is_shown(
    odd: str, serve: Serve, connect: Connect
) -> None:
    def step(connection: Connection) -> bool:
        head = (
            f"HTTP/1.1 200 OK\r\nSet-Cookie: sid=1; {odd}\r\nSet-Cookie: other=2\r\nContent-Length: 2\r\n\r\n"
        )
        connection.sock.sendall(head.encode() + b"{}")
        return True

    server = serve(step)
    client = connect(server)
    client.get("/a")
    client.get("/b")
    assert sorted(server.requests[1].headers["cookie"].split("; ")) == ["other=2", "sid=1"]
