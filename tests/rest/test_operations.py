from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.rest.fault_server import answer, says
from txojobs.errors import ApiOperationError, ApiTimeoutError, ApiValidationError
from txojobs.rest.settings import AuthSettings, TimeoutSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.rest.conftest import FakeClock
    from tests.rest.fault_server import FaultServer
    from txojobs.rest.client import TxoRestAPI

    Connect = Callable[..., TxoRestAPI]
    Serve = Callable[..., FaultServer]

WRAPPED = (
    b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nOData-Version: 4.0\r\n\r\n{"value": [{"No": "1"}]}'
)


def test_g12_polls_until_the_result_is_there(serve: Serve, connect: Connect, clock: FakeClock) -> None:
    server = serve(
        answer(202, b"", Location="/jobs/7", Retry_After="2"),
        answer(202, b"", Location="/jobs/7", Retry_After="3"),
        answer(202, b""),
        says({"done": True}),
    )
    client = connect(server, auth=AuthSettings(type="bearer", secret="t"))
    assert client.post("/long-operation", {"a": 1}) == {"done": True}
    assert [f"{request.method} {request.target}" for request in server.requests] == [
        "POST /long-operation",
        *["GET /jobs/7"] * 3,
    ]
    assert clock.waits == [2, 3, 5], "as the service asked, else async-poll-interval"
    (traffic,) = client.traffic
    assert traffic.requests == 4
    assert traffic.waits_s == {"operation": 10}
    assert all(request.headers["authorization"] == "Bearer t" for request in server.requests)


@pytest.mark.parametrize("location", ["/jobs/7", "{base}/jobs/7", "jobs/7"])
def test_finds_the_operation_by_any_kind_of_location(location: str, serve: Serve, connect: Connect) -> None:
    server = serve(answer(202, b"", Location=location), says({"done": True}))
    assert connect(server).get("/start") == {"done": True}
    assert server.requests[1].target == "/jobs/7"


def test_reads_the_result_elsewhere_once(serve: Serve, connect: Connect) -> None:
    server = serve(
        answer(202, b"", Location="/jobs/7"),
        answer(303, b"", Location="result"),
        says({"done": True}),
        answer(404),
    )
    assert connect(server).get("/start") == {"done": True}
    assert server.requests[2].target == "/jobs/result"
    assert len(server.requests) == 3


def test_unwraps_a_whole_response(serve: Serve, connect: Connect) -> None:
    server = serve(
        answer(202, b"", Location="/jobs/7"), answer(200, WRAPPED, content_type="application/http")
    )
    assert connect(server).get("/start") == {"value": [{"No": "1"}]}


def test_an_error_inside_a_whole_response_is_an_error(serve: Serve, connect: Connect) -> None:
    inner = b'HTTP/1.1 400 Bad\r\nContent-Type: application/json\r\n\r\n{"error":{"code":"X","message":"no"}}'
    server = serve(answer(202, b"", Location="/jobs/7"), answer(200, inner, content_type="application/http"))
    with pytest.raises(ApiValidationError, match="code X"):
        connect(server).post("/start", {})


@pytest.mark.parametrize(
    "inner",
    [
        b"",
        b"nonsense",
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n15",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n15",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n15",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX Y: z\r\nLink: </2>; rel=next\r\n\r\n15",
    ],
)
def test_a_wrapped_response_that_is_cut_is_an_error(inner: bytes, serve: Serve, connect: Connect) -> None:
    server = serve(answer(202, b"", Location="/jobs/7"), answer(200, inner, content_type="application/http"))
    with pytest.raises(ApiOperationError, match="cannot be read"):
        connect(server).get("/start")


def test_a_wrapped_response_keeps_a_header_that_comes_twice(serve: Serve, connect: Connect) -> None:
    inner = b"HTTP/1.1 103 E\r\n\r\nHTTP/1.1 200 OK\r\nLink: </a>\r\nLink: </b>\r\nContent-Length: 2\r\n\r\n15\r\n"
    server = serve(answer(202, b"", Location="/jobs/7"), answer(200, inner, content_type="application/http"))
    answered = connect(server).request("GET", "/start")
    assert (answered.status, answered.body, answered.headers["link"]) == (200, b"15", "</a>, </b>")


def test_the_status_of_a_401_result_is_told_in_a_header(serve: Serve, connect: Connect) -> None:
    failed = says({"error": {"code": "X", "message": "no"}}, AsyncResult="422")
    server = serve(answer(202, b"", Location="/jobs/7"), failed)
    with pytest.raises(ApiValidationError, match="422"):
        connect(server).post("/start", {})


@pytest.mark.parametrize("state", ["failed", "Failed", "Canceled", "error"])
def test_a_failure_told_with_200_is_an_error(state: str, serve: Serve, connect: Connect) -> None:
    body = {"status": state, "error": {"code": "X1", "message": "disk full"}}
    server = serve(answer(202, b"", Location="/jobs/7"), says(body))
    with pytest.raises(ApiOperationError, match="disk full") as caught:
        connect(server).post("/start", {})
    assert caught.value.code == "X1"
    assert (caught.value.url or "").endswith("/jobs/7")


def test_an_operation_without_an_address_shows_no_key_of_its_link(serve: Serve, connect: Connect) -> None:
    server = serve(answer(202))
    with pytest.raises(ApiOperationError, match="where to ask") as caught:
        connect(server).get(f"{server.url}/start?code=Zq9xW4vB7nM2kJ5h")
    assert "Zq9x" not in str(vars(caught.value))


def test_goes_on_while_a_200_says_running(serve: Serve, connect: Connect) -> None:
    server = serve(
        answer(202, b"", Location="/jobs/7"),
        says({"status": "InProgress"}),
        says({"status": "Succeeded", "rows": 3}),
    )
    assert connect(server).get("/start") == {"status": "Succeeded", "rows": 3}


def test_ends_by_its_deadline_and_names_the_operation(
    serve: Serve, connect: Connect, clock: FakeClock
) -> None:
    server = serve(answer(202, b"", Location="/jobs/7"))
    with pytest.raises(ApiTimeoutError, match="/jobs/7 was not done in 300 s") as caught:
        connect(server).post("/start", {})
    assert caught.value.url == f"{server.url}/jobs/7"
    assert caught.value.timeout_seconds == 300
    assert caught.value.outcome_unknown
    assert clock.now - 1000.0 <= 300
    assert len(server.requests) == 60


def test_at_once_is_not_hammered(serve: Serve, connect: Connect) -> None:
    server = serve(answer(202, b"", Location="/jobs/7", Retry_After="0"))
    with pytest.raises(ApiTimeoutError):
        connect(server, timeouts=TimeoutSettings(async_max_wait_s=10)).get("/start")
    assert len(server.requests) == 10


def test_an_accepted_change_without_a_place_to_ask_is_an_error(serve: Serve, connect: Connect) -> None:
    with pytest.raises(ApiOperationError, match="where to ask") as caught:
        connect(serve(answer(202))).post("/start", {})
    assert caught.value.outcome_unknown


def test_polls_are_tried_again_and_the_first_request_is_not(serve: Serve, connect: Connect) -> None:
    server = serve(answer(202, b"", Location="/jobs/7"), answer(503), says({"done": True}))
    assert connect(server).post("/start", {}) == {"done": True}
    assert [request.method for request in server.requests] == ["POST", "GET", "GET"]
