"""What can go wrong on the way to the result of a long operation, and what an error keeps to go on from there."""

from __future__ import annotations

import logging
import threading
import traceback
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.rest import fault_server as fault
from tests.rest.conftest import FakeClock
from tests.rest.fault_server import answer, says
from tests.rest.reading import read
from txojobs.errors import (
    ApiError,
    ApiOperationError,
    ApiTimeoutError,
    ApiValidationError,
    ConfigurationError,
    EntityNotFoundError,
    ForeignOriginError,
    RunCancelledError,
    TxoBaseError,
)
from txojobs.rest.factory import create_rest_api
from txojobs.rest.settings import OperationSettings, RetrySettings, TimeoutSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.rest.fault_server import FaultServer, Step
    from txojobs.rest.client import TxoRestAPI

    Connect = Callable[..., TxoRestAPI]
    Serve = Callable[..., FaultServer]

ACCEPTED = answer(202, b"", Location="/jobs/7")
DONE = says({"done": True})


def state(word: str, status: int = 200, **more: Any) -> Step:
    return says({"status": word, **more}, status)


# ---- the words of the service


def test_words_and_field_are_those_of_the_configuration(serve: Serve, connect: Connect) -> None:
    def told(word: str) -> Step:
        return says({"properties": {"provisioningState": word}})

    words = OperationSettings(
        status_field="properties.provisioningState",
        running=("Wird bearbeitet",),
        failed=("fehlgeschlagen",),
        succeeded=("fertig",),
    )
    server = serve(ACCEPTED, told("wird_bearbeitet"), told("Wird-Bearbeitet"), told("FERTIG"))
    assert connect(server, operations=words).post("/start", {}) == {
        "properties": {"provisioningState": "FERTIG"}
    }
    assert len(server.requests) == 4
    with pytest.raises(ApiOperationError, match="ended as Fehlgeschlagen"):
        connect(serve(ACCEPTED, told("Fehlgeschlagen")), operations=words).post("/start", {})


def test_a_word_that_is_not_listed_is_an_error_when_success_is(serve: Serve, connect: Connect) -> None:
    words = OperationSettings(succeeded=("done",))
    client = connect(serve(ACCEPTED, state("ver\x1b[2Jwaist")), operations=words)
    with pytest.raises(ApiOperationError, match="not known: ver") as caught:
        client.post("/start", {})
    assert str(caught.value).isprintable()
    assert "async-operations" in (caught.value.how_to_fix or "")
    assert caught.value.outcome_unknown


@pytest.mark.parametrize("result", [{"status": "paid", "no": 1}, {"no": 1}, {"status": 5}, [], "text"])
def test_a_result_may_have_a_state_of_its_own(result: Any, serve: Serve, connect: Connect) -> None:
    assert connect(serve(ACCEPTED, says(result))).get("/start") == result


def test_the_words_of_one_api_are_not_those_of_another(serve: Serve, clock: FakeClock) -> None:
    server = serve(ACCEPTED, state("working"), state("working"))
    config = {
        "global": {"api-base-url": server.url},
        "apis": {"desk": {"base-url": server.url, "async-operations": {"failed": ["working"]}}},
        "script-behavior": {"async-operations": {"running": ["working"], "status-field": "status"}},
    }
    for api, kind in (("desk", ApiOperationError), ("default", ApiTimeoutError)):
        server.script[:] = [ACCEPTED, state("working")]
        client = create_rest_api(config, api=api, timing=clock.timing())
        with pytest.raises(kind):
            client.post("/start", {})
        client.close()


@pytest.mark.parametrize("words", ["failed", ["failed", 5], [""], {"a": 1}])
def test_words_that_are_no_list_of_texts_are_named(words: Any) -> None:
    config = {
        "global": {"api-base-url": "https://a.example"},
        "script-behavior": {"async-operations": {"failed": words}},
    }
    with pytest.raises(ConfigurationError, match=r"async-operations\.failed must be a list of texts"):
        create_rest_api(config)


def test_a_failure_told_with_202_is_an_error_at_once(serve: Serve, connect: Connect) -> None:
    server = serve(ACCEPTED, state("Failed", 202, error={"code": "X1", "message": "disk full"}))
    with pytest.raises(ApiOperationError, match="ended as Failed: disk full") as caught:
        connect(server).post("/start", {})
    assert len(server.requests) == 2
    assert not caught.value.outcome_unknown, "the service said how it ended"


def test_the_header_asyncresult_ends_it_whatever_the_body_says(serve: Serve, connect: Connect) -> None:
    server = serve(ACCEPTED, says({"status": "pending"}, AsyncResult="200"))
    assert connect(server).get("/start") == {"status": "pending"}


def test_what_a_303_leads_to_is_the_result_whatever_its_state(serve: Serve, connect: Connect) -> None:
    server = serve(ACCEPTED, answer(303, b"", Location="/orders/9"), says({"status": "pending"}))
    assert connect(server).post("/start", {}) == {"status": "pending"}
    assert [request.target for request in server.requests] == ["/start", "/jobs/7", "/orders/9"]


# ---- the time of an operation


OVERDUE: dict[str, tuple[Step, str]] = {
    "the poll is silent": (fault.silence_after(), ""),
    "the poll drips": (fault.drip(b"HTTP/1.1 200 OK\r\nX: "), ""),
    "the poll fails": (answer(503), "503"),
    "the poll fails and asks for a long wait": (answer(503, Retry_After="80"), "503"),
    "too many polls": (answer(429, Retry_After="80"), "429"),
}


@pytest.mark.parametrize("retries", [0, 5])
@pytest.mark.parametrize(("step", "told"), OVERDUE.values(), ids=OVERDUE)
def test_p6_an_operation_ends_in_its_time_whatever_its_polls_do(
    step: Step, told: str, retries: int, serve: Serve, connect: Connect
) -> None:
    clock = FakeClock(tick=2.0 if not told else 0.0)
    client = connect(
        serve(ACCEPTED, answer(202, b""), step),
        timing=clock.timing(),
        retry=RetrySettings(max_retries=retries),
        timeouts=TimeoutSettings(request_s=600, async_max_wait_s=30),
    )
    begun = clock.now
    with pytest.raises(ApiError) as caught:
        client.post("/start", {})
    assert clock.now - begun < 120
    error = caught.value
    assert str(error.operation_url).endswith("/jobs/7")
    assert error.outcome_unknown
    assert told in str(error)
    if retries or not told:
        assert isinstance(error, ApiTimeoutError)
        assert "/jobs/7 was not done in 30 s" in str(error)
        assert "`async-max-wait`" in str(error.how_to_fix)
        assert "may still finish it" in str(error.how_to_fix)


def test_a_poll_that_times_out_by_itself_before_the_operation_does_says_so(
    serve: Serve, connect: Connect
) -> None:
    client = connect(
        serve(ACCEPTED, fault.silence_after()),
        timing=FakeClock(tick=2.0).timing(),
        retry=RetrySettings(max_retries=0),
        timeouts=TimeoutSettings(request_s=30, async_max_wait_s=6000),
    )
    with pytest.raises(ApiTimeoutError, match=r"^GET \S+: no complete answer within 30 s$") as caught:
        client.post("/start", {})
    assert str(caught.value.operation_url).endswith("/jobs/7")


def test_a_poll_that_the_time_of_the_call_ends_does_not_blame_the_operation(
    serve: Serve, connect: Connect, clock: FakeClock
) -> None:
    client = connect(serve(ACCEPTED, answer(503, Retry_After="40")))
    with pytest.raises(ApiTimeoutError, match=r"^the deadline does not allow") as caught:
        client.post("/start", {}, deadline=clock.now + 30)
    assert "`timeout`" in str(caught.value.how_to_fix)
    assert str(caught.value.operation_url).endswith("/jobs/7")


# ---- ways without an end


def test_addresses_that_alternate_for_ever_end_by_the_deadline(
    serve: Serve, connect: Connect, clock: FakeClock
) -> None:
    server = serve(
        fault.by_target(
            {
                "/start": answer(202, b"", Location="/jobs/A"),
                "/jobs/A": answer(202, b"", Location="/jobs/B"),
                "/jobs/B": answer(202, b"", Location="/jobs/A"),
            }
        )
    )
    with pytest.raises(ApiTimeoutError, match="300 s"):
        connect(server).post("/start", {})
    assert clock.now - 1000.0 <= 300
    assert [request.target for request in server.requests[1:4]] == ["/jobs/A", "/jobs/B", "/jobs/A"]
    assert len(server.requests) == 60, "one each five seconds"


def test_addresses_that_send_to_each_other_end_at_once(
    serve: Serve, connect: Connect, clock: FakeClock
) -> None:
    steps = {
        "/start": ACCEPTED,
        "/jobs/7": answer(303, b"", Location="/jobs/8"),
        "/jobs/8": answer(303, b"", Location="/jobs/7"),
    }
    server = serve(fault.by_target(steps))
    with pytest.raises(ApiOperationError, match="from one address to the next"):
        connect(server).post("/start", {})
    assert [request.target for request in server.requests] == ["/start", "/jobs/7", "/jobs/8"]
    assert clock.waits == [5]


def test_a_way_of_too_many_addresses_ends(serve: Serve, connect: Connect) -> None:
    steps = {f"/jobs/{n}": answer(303, b"", Location=f"/jobs/{n + 1}") for n in range(50)}
    server = serve(fault.by_target({"/start": answer(202, b"", Location="/jobs/0"), **steps}))
    with pytest.raises(ApiOperationError, match="from one address to the next"):
        connect(server).get("/start")
    assert len(server.requests) == 7


def test_a_result_that_is_not_ready_is_polled_where_it_is(serve: Serve, connect: Connect) -> None:
    steps = {"/start": ACCEPTED, "/jobs/7": answer(303, b"", Location="/result")}
    server = serve(fault.by_target(steps))
    server.script[:] = [ACCEPTED, steps["/jobs/7"], answer(202, b""), DONE]
    assert connect(server).post("/start", {}) == {"done": True}
    assert [request.target for request in server.requests] == ["/start", "/jobs/7", "/result", "/result"]


@pytest.mark.parametrize(("status", "place"), [(202, ""), (303, "")])
def test_an_answer_without_a_place_is_an_error(
    status: int, place: str, serve: Serve, connect: Connect
) -> None:
    script = [ACCEPTED, answer(303, b"", Location=place)] if status == 303 else [answer(202, b"")]
    with pytest.raises(ApiOperationError, match="where to ask") as caught:
        connect(serve(*script)).post("/start", {})
    assert caught.value.outcome_unknown


# ---- what an error keeps


INNER = b'HTTP/1.1 400 Bad\r\nContent-Type: application/json\r\n\r\n{"error":{"code":"X","message":"no"}}'
ENDS: dict[str, tuple[list[Step], type[TxoBaseError], bool]] = {
    "it takes too long": ([ACCEPTED], ApiTimeoutError, True),
    "it failed": ([ACCEPTED, state("failed")], ApiOperationError, False),
    "it failed inside": (
        [ACCEPTED, answer(200, INNER, content_type="application/http")],
        ApiValidationError,
        False,
    ),
    "it failed in a header": ([ACCEPTED, says({}, AsyncResult="422")], ApiValidationError, False),
    "it is forgotten": ([ACCEPTED, answer(404)], EntityNotFoundError, True),
    "it cannot be asked": ([ACCEPTED, answer(500)], ApiOperationError, True),
    "it goes elsewhere": (
        [ACCEPTED, answer(202, b"", Location="//127.0.0.2:9/x"), DONE],
        ForeignOriginError,
        True,
    ),
    "the result is no result": ([ACCEPTED, fault.html_login()], ApiOperationError, True),
    "the wrapped result is cut": (
        [
            ACCEPTED,
            answer(200, b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", content_type="application/http"),
        ],
        ApiOperationError,
        True,
    ),
    "it goes nowhere": ([ACCEPTED, answer(202, b"", Location="http://[::1")], ForeignOriginError, True),
}


@pytest.mark.parametrize("name", ENDS)
def test_every_error_on_the_way_keeps_the_operation(name: str, serve: Serve, connect: Connect) -> None:
    script, kind, unknown = ENDS[name]
    server = serve(*script)
    with pytest.raises(TxoBaseError) as caught:
        connect(server, retry=RetrySettings(max_retries=0)).post("/start", {})
    assert type(caught.value) is kind
    last = "http://127.0.0.2:9/x" if name == "it goes elsewhere" else f"{server.url}/jobs/7"
    assert caught.value.operation_url == last
    assert isinstance(caught.value, ApiError)
    assert caught.value.outcome_unknown is unknown


def test_a_run_that_is_stopped_keeps_the_operation(serve: Serve, connect: Connect, clock: FakeClock) -> None:
    cancel = threading.Event()
    timing = replace(clock.timing(), wait=lambda *_: cancel.set())
    server = serve(ACCEPTED)
    with pytest.raises(RunCancelledError) as caught:
        connect(server, cancel=cancel, timing=timing).post("/start", {})
    assert caught.value.operation_url == f"{server.url}/jobs/7"


def test_a_call_whose_own_time_is_over_keeps_the_operation(
    serve: Serve, connect: Connect, clock: FakeClock
) -> None:
    server = serve(ACCEPTED)
    with pytest.raises(ApiTimeoutError, match="deadline") as caught:
        connect(server).post("/start", {}, deadline=clock.now + 12)
    assert caught.value.operation_url == f"{server.url}/jobs/7"
    assert caught.value.outcome_unknown
    assert clock.now <= 1012


def test_an_error_before_it_was_accepted_has_no_operation(serve: Serve, connect: Connect) -> None:
    with pytest.raises(ApiValidationError) as caught:
        connect(serve(answer(400))).post("/start", {})
    assert caught.value.operation_url is None


def test_goes_on_from_the_operation_of_an_error(serve: Serve, connect: Connect) -> None:
    server = serve(answer(202, b"", Location="/jobs/7?sig=abc%2Bd"), answer(202, b""))
    client = connect(server, timeouts=TimeoutSettings(async_max_wait_s=11))
    with pytest.raises(ApiTimeoutError) as caught:
        client.post("/start", {})
    server.script[:] = [answer(202, b""), state("running"), DONE]
    server.requests.clear()
    assert client.resume(caught.value.operation_url or "") == {"done": True}
    assert [f"{request.method} {request.target}" for request in server.requests] == [
        "GET /jobs/7?sig=abc%2Bd"
    ] * 3
    with pytest.raises(ForeignOriginError):
        client.resume("https://evil.example/jobs/7")


SIGNED = "/jobs/7?api-version=2026-01-31&sig=canary-1&x=canary-2-abcdefghij"


@pytest.mark.parametrize(
    "script",
    [[], [answer(404)], [answer(500)], [fault.hang_up], [state("failed")], [fault.html_login()]],
)
def test_p5_the_signature_of_an_operation_is_kept_and_never_shown(
    script: list[Step], serve: Serve, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    accepted = answer(202, b"", Location=SIGNED)
    server = serve(accepted, *(script or [accepted]))
    client = connect(server, retry=RetrySettings(max_retries=1))
    with caplog.at_level(logging.DEBUG, logger="txojobs"), pytest.raises(ApiError) as caught:
        client.post("/start", {})
    error = caught.value
    assert error.operation_url == f"{server.url}{SIGNED}"
    assert server.requests[-1].target == SIGNED
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("txojobs")]
    assert "canary" not in f"{error} {error!r} {error.how_to_fix} {error.example} {ours}"


def test_p5_no_traceback_shows_a_signature_that_the_libraries_own_errors_name(
    serve: Serve, connect: Connect
) -> None:
    other = f"http://127.0.0.1:{fault.closed_port()}"
    client = connect(
        serve(answer(202, b"", Location=f"{other}{SIGNED}")),
        trusted_origins=(other,),
        retry=RetrySettings(max_retries=0),
    )
    with pytest.raises(ApiOperationError, match="refused") as caught:
        client.post("/start", {})
    told = "".join(traceback.format_exception(caught.value))
    assert "canary" not in told
    assert "/jobs/7?***" in told, "where it was asked is still told"
    assert "MaxRetryError" in told


def test_a_page_that_takes_long_is_waited_for(serve: Serve, connect: Connect) -> None:
    rows = {"value": [{"No": "1"}], "@odata.nextLink": "Customers?$skiptoken=1"}
    server = serve(ACCEPTED, answer(202, b""), says(rows), says({"value": [{"No": "2"}]}))
    got, _ = read(connect(server))
    assert got == [{"No": "1"}, {"No": "2"}]
    assert [request.target for request in server.requests[1:3]] == ["/jobs/7", "/jobs/7"]
