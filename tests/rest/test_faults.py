"""Each fault of the server becomes one complete answer or one exact error; nothing half-read gets through."""

from __future__ import annotations

import contextlib
import gzip
import threading
from typing import TYPE_CHECKING, Any

import pytest

from tests.rest import fault_server as fault
from tests.rest.conftest import FakeClock
from tests.rest.fault_server import answer, says
from tests.rest.faults import FINAL_BODIES, GOOD, OK_HEAD, PASSING, SILENT
from txojobs.errors import ApiError, ApiOperationError, ApiTimeoutError, RunCancelledError
from txojobs.rest.gate import TrafficSnapshot, merged
from txojobs.rest.settings import LimiterSettings, RetrySettings, TimeoutSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.rest.fault_server import FaultServer, Step
    from txojobs.rest.client import TxoRestAPI

    Connect = Callable[..., TxoRestAPI]
    Serve = Callable[..., FaultServer]


@pytest.mark.parametrize("step", PASSING.values(), ids=PASSING)
def test_asks_again_after_a_fault_that_may_pass(step: Step, serve: Serve, connect: Connect) -> None:
    server = serve(step, GOOD)
    assert connect(server).get("/thing") == {"fine": True}
    assert len(server.requests) == 2


EARLY = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n"
INTERIM = {
    "100": [b"HTTP/1.1 100 Continue\r\n"],
    "102": [b"HTTP/1.1 102 Processing\r\n"],
    "103": [EARLY],
    "several": [EARLY, b"HTTP/1.1 102 Processing\r\n", EARLY],
    "one that nobody knows": [b"HTTP/1.1 199 Soon\r\nX: y\r\n"],
}


@pytest.mark.parametrize("apart", [True, False], ids=["apart", "together"])
@pytest.mark.parametrize("heads", INTERIM.values(), ids=INTERIM)
def test_an_interim_answer_is_none_and_no_request_gets_the_answer_of_another(
    heads: list[bytes], *, apart: bool, serve: Serve, connect: Connect
) -> None:
    def step(connection: fault.Connection) -> bool:
        target = connection.request.target
        return fault.after_interim(*heads, step=says({"for": target}), apart=apart)(connection)

    server = serve(step)
    client = connect(server)
    for number in range(5):
        assert client.get(f"/thing/{number}") == {"for": f"/thing/{number}"}
        assert client.post(f"/order/{number}", {"a": 1}) == {"for": f"/order/{number}"}
    assert len(server.requests) == 10


@pytest.mark.parametrize("step", PASSING.values(), ids=PASSING)
def test_gives_up_with_one_exact_error(step: Step, serve: Serve, connect: Connect) -> None:
    server = serve(step)
    with pytest.raises(ApiError) as caught:
        connect(server, retry=RetrySettings(max_retries=1, max_retry_after_s=5.0)).get("/thing")
    assert len(server.requests) == 2
    assert "/thing" in str(caught.value)
    assert caught.value.how_to_fix


@pytest.mark.parametrize("step", PASSING.values(), ids=PASSING)
def test_never_sends_a_change_twice_unless_nothing_can_have_happened(
    step: Step, serve: Serve, connect: Connect, request: pytest.FixtureRequest
) -> None:
    server = serve(step, GOOD)
    client = connect(server)
    name = request.node.callspec.id
    if name == "429":  # the service says that it did not act
        assert client.post("/thing", {"a": 1}) == {"fine": True}
        return
    if name == "empty 200":
        assert client.post("/thing", {"a": 1}) is None
    else:
        with pytest.raises(ApiError) as caught:
            client.post("/thing", {"a": 1})
        assert caught.value.outcome_unknown
    assert len(server.requests) == 1


@pytest.mark.parametrize(("step", "text"), FINAL_BODIES.values(), ids=FINAL_BODIES)
def test_refuses_a_body_that_is_too_large_at_once(
    step: Step, text: str, serve: Serve, connect: Connect
) -> None:
    server = serve(step)
    with pytest.raises(ApiOperationError, match=text):
        connect(server, max_body_bytes=1024).get("/thing")
    assert len(server.requests) == 1


def test_refuses_a_gzip_bomb_below_the_size_limit(serve: Serve, connect: Connect) -> None:
    server = serve(fault.packed(b" " * 20_000_000, declare=True))
    with pytest.raises(ApiOperationError, match="100 to 1"):
        connect(server).get("/thing")


def test_reads_gzip_of_several_members_and_chunks(serve: Serve, connect: Connect) -> None:
    import gzip  # noqa: PLC0415

    body = gzip.compress(b'{"a":') + gzip.compress(b"1.50}")
    server = serve(
        answer(200, body, Content_Encoding="gzip", content_type="application/json"),
        fault.chunked(b'{"a"', b":1.50}", Content_Type="application/json"),
    )
    client = connect(server, numbers="decimal")
    assert str(client.get("/a")["a"]) == "1.50"
    assert str(client.get("/b")["a"]) == "1.50"


@pytest.mark.parametrize("step", SILENT.values(), ids=SILENT)
def test_a_request_ends_by_its_deadline(step: Step, serve: Serve, connect: Connect) -> None:
    server = serve(step)
    clock = FakeClock(tick=5.0)
    client = connect(server, timing=clock.timing(), retry=RetrySettings(max_retries=0))
    started = clock.now
    with pytest.raises(ApiTimeoutError, match="60 s") as caught:
        client.get("/thing")
    assert caught.value.timeout_seconds == pytest.approx(60, abs=10)
    assert clock.now - started < 120


def test_the_deadline_holds_on_the_real_clock(serve: Serve) -> None:
    from txojobs.rest.client import TxoRestAPI  # noqa: PLC0415
    from txojobs.rest.settings import ApiSettings  # noqa: PLC0415

    server = serve(fault.drip(OK_HEAD + b"Content-Length: 100000\r\n\r\n{"))
    settings = ApiSettings(
        base_url=server.url,
        timeouts=TimeoutSettings(request_s=0.3),
        retry=RetrySettings(max_retries=0),
    )
    with pytest.raises(ApiTimeoutError, match="in time"):
        TxoRestAPI(settings).get("/thing")


def test_stops_in_the_middle_of_a_request_when_asked(serve: Serve, connect: Connect) -> None:
    cancel = threading.Event()

    def stop(connection: fault.Connection) -> bool:
        cancel.set()
        return fault.silence_after()(connection)

    server = serve(stop)
    with pytest.raises(RunCancelledError):
        connect(server, cancel=cancel).get("/thing")


def test_a_connection_that_was_reset_while_idle_is_tried_again(serve: Serve, connect: Connect) -> None:
    server = serve(fault.reset_after_answer, GOOD)
    client = connect(server)
    assert client.get("/thing") == {"fine": True}
    assert client.get("/thing") == {"fine": True}
    assert server.connections == 2


def test_nothing_is_sent_over_a_connection_whose_last_answer_was_cut(serve: Serve, connect: Connect) -> None:
    used: list[object] = []

    def cut(connection: fault.Connection) -> bool:
        used.append(connection.sock)
        return answer(200, gzip.compress(b"{}" * 50)[:15], Content_Encoding="gzip")(connection)

    def gone(connection: fault.Connection) -> bool:
        return fault.hang_up(connection) if connection.sock in used else says({"fine": True})(connection)

    client = connect(serve(cut, gone), retry=RetrySettings(max_retries=0))
    with pytest.raises(ApiOperationError, match="gzip"):
        client.get("/thing")
    assert client.post("/thing", {}) == {"fine": True}, "over the old one it would be lost"


def test_names_the_host_when_nothing_listens(connect: Connect, clock: FakeClock) -> None:
    port = fault.closed_port()
    with pytest.raises(ApiOperationError, match=f"127.0.0.1:{port}.*refused") as caught:
        connect(f"http://127.0.0.1:{port}").post("/thing", {})
    assert caught.value.outcome_unknown is False
    assert clock.waits == [0.8, 1.6, 3.2], "nothing was sent, so even a POST is tried again"


def test_names_a_host_that_is_not_known(connect: Connect) -> None:
    client = connect("https://nope.invalid", retry=RetrySettings(max_retries=0))
    with pytest.raises(ApiOperationError, match=r"nope\.invalid.*host name is not known"):
        client.get("/thing")


REDIRECTS = [
    (status, method) for status in (301, 302, 303, 307, 308) for method in ("GET", "POST", "PATCH", "DELETE")
]


@pytest.mark.parametrize(("status", "method"), REDIRECTS)
def test_follows_a_redirect_only_where_nothing_can_change(
    status: int, method: str, serve: Serve, connect: Connect
) -> None:
    server = serve(fault.redirect(status, "/there?x=1"), GOOD)
    client: Any = connect(server)
    if method == "GET" and status in (307, 308):
        assert client.get("/here") == {"fine": True}
        assert [request.target for request in server.requests] == ["/here", "/there?x=1"]
        return
    with pytest.raises(ApiOperationError, match="redirected"):
        getattr(client, method.lower())("/here")
    assert len(server.requests) == 1


def test_a_redirect_to_a_trusted_origin_is_paced_and_counted_there(serve: Serve, connect: Connect) -> None:
    there = serve(GOOD)
    here = serve(fault.redirect(307, f"{there.url}/there"))
    client = connect(here, trusted_origins=(there.url,), limiter=LimiterSettings(calls_per_second=1.0))
    client.get(f"{there.url}/first")
    assert client.get("/here") == {"fine": True}
    counted = {each.origin: (each.requests, each.waits_s) for each in client.traffic}
    assert counted == {there.url: (2, {"rate limit": 1.0}), here.url: (1, {})}


def test_redirects_in_a_circle_end(serve: Serve, connect: Connect) -> None:
    server = serve(fault.redirect(307, "/here"))
    with pytest.raises(ApiOperationError, match="redirected"):
        connect(server).get("/here")
    assert len(server.requests) == 6


def test_a_body_behind_a_redirect_is_bounded(serve: Serve, connect: Connect) -> None:
    def step(connection: fault.Connection) -> bool:
        connection.sock.sendall(b"HTTP/1.1 302 Found\r\nLocation: /x\r\nTransfer-Encoding: chunked\r\n\r\n")
        while not connection.closing.is_set():
            connection.sock.sendall(b"10000\r\n" + b" " * 65536 + b"\r\n")
        return False

    with pytest.raises(ApiOperationError, match="longer than"):
        connect(serve(step), max_body_bytes=100_000).get("/here")


def test_a_large_body_may_take_its_time_on_a_used_connection(serve: Serve, connect: Connect) -> None:
    def answer_and_rest(connection: fault.Connection) -> bool:
        again = GOOD(connection)
        connection.closing.wait(0.6)  # nothing is read meanwhile
        return again

    server = serve(answer_and_rest, GOOD)
    client = connect(server, timeouts=TimeoutSettings(connect_s=0.2))
    client.get("/thing")
    assert client.post("/thing", {"text": "x" * 30_000_000}) == {"fine": True}
    assert server.connections == 1


def test_head_has_headers_only(serve: Serve, connect: Connect) -> None:
    def step(connection: fault.Connection) -> bool:
        connection.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\nETag: W/1\r\n\r\n")
        return True

    server = serve(step)
    client = connect(server, max_body_bytes=100)
    for _ in range(2):
        answered = client.request("HEAD", "/thing")
        assert (answered.status, answered.body, answered.headers["etag"]) == (200, b"", "W/1")
    assert server.connections == 1


@pytest.mark.parametrize("head", ["204 No Content", "304 Not Modified"])
@pytest.mark.parametrize("declared", [b"Content-Length: 2", b"Transfer-Encoding: chunked"])
def test_a_body_that_is_declared_where_none_may_be_is_not_taken_for_the_next_answer(
    head: str, declared: bytes, serve: Serve, connect: Connect
) -> None:
    def step(connection: fault.Connection) -> bool:
        if connection.request.target != "/bare":
            return says({"for": connection.request.target})(connection)
        connection.sock.sendall(f"HTTP/1.1 {head}\r\n".encode() + declared + b"\r\n\r\n")
        return True

    server = serve(step)
    client = connect(server)
    with contextlib.suppress(ApiOperationError):  # nobody has asked whether anything was modified
        client.get("/bare")
    assert client.post("/thing", {}) == {"for": "/thing"}
    assert server.connections == 2, "what was declared may still come on the first one"


def test_an_answer_without_a_body_costs_no_connection(serve: Serve, connect: Connect) -> None:
    server = serve(answer(204, b"", Content_Length="0"))
    client = connect(server)
    assert [client.get("/thing"), client.get("/thing")] == [None, None]
    assert server.connections == 1


def test_uses_one_connection_for_many_requests(serve: Serve, connect: Connect) -> None:
    server = serve(GOOD)
    client = connect(server)
    for _ in range(5):
        client.get("/thing")
    assert server.connections == 1


def test_uses_a_new_connection_for_a_change_after_a_rest(
    serve: Serve, connect: Connect, clock: FakeClock
) -> None:
    server = serve(GOOD)
    client = connect(server)
    client.get("/thing")
    clock.now += 60
    client.post("/thing", {})
    assert server.connections == 2, "the old one may just be closed by the service"


def test_counts_traffic_for_the_report(serve: Serve, connect: Connect) -> None:
    server = serve(answer(503), says({"fine": True}))
    client = connect(server)
    client.get("/thing")
    (traffic,) = client.traffic
    assert (traffic.requests, traffic.retries, traffic.bytes_received) == (2, 1, 14)
    assert traffic.origin == server.url
    assert traffic.waits_s == {"retry": 0.8}


def test_counts_of_one_origin_are_added_up() -> None:
    one = TrafficSnapshot("https://a", 2, 1, 30, {"retry": 1.5})
    two = TrafficSnapshot("https://a", 3, 0, 12, {"retry": 0.5, "throttled": 4.0})
    other = TrafficSnapshot("https://b", 1)
    added = TrafficSnapshot("https://a", 5, 1, 42, {"retry": 2.0, "throttled": 4.0})
    assert merged([one, other, two]) == (added, other)
    assert merged([]) == ()
