from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

import pytest

from tests.rest import fault_server as fault
from tests.rest.conftest import FakeClock
from tests.rest.fault_server import answer, says
from txojobs.errors import (
    ApiError,
    ApiOperationError,
    ApiRateLimitError,
    ApiTimeoutError,
    RunCancelledError,
)
from txojobs.rest.factory import create_rest_api
from txojobs.rest.retry_after import retry_after_s
from txojobs.rest.settings import BreakerSettings, RetrySettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.rest.fault_server import FaultServer
    from txojobs.rest.client import TxoRestAPI

    Connect = Callable[..., TxoRestAPI]
    Serve = Callable[..., FaultServer]

GOOD = says({"fine": True})


def test_waits_longer_each_time_within_the_jitter(serve: Serve, connect: Connect, clock: FakeClock) -> None:
    client = connect(serve(answer(503)), retry=RetrySettings(max_retries=8))
    with pytest.raises(ApiOperationError):
        client.get("/a")
    assert clock.waits == pytest.approx([0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 48, 48])
    clock.waits.clear()
    client = connect(
        serve(answer(503)), retry=RetrySettings(max_retries=2), timing=clock.timing(lambda _, high: high)
    )
    with pytest.raises(ApiOperationError):
        client.get("/a")
    assert clock.waits == pytest.approx([1.2, 2.4])


def test_attempts_backoff_and_jitter_are_those_of_the_configuration(serve: Serve, clock: FakeClock) -> None:
    server = serve(answer(503))
    behaviour = {
        "retry-strategy": {"max-retries": 4, "backoff-factor": 3},
        "jitter": {"min-factor": 0.5, "max-factor": 1.5},
    }
    config = {"global": {"api-base-url": server.url}, "script-behavior": behaviour}
    drawn: list[tuple[float, float]] = []

    def dice(low: float, high: float) -> float:
        drawn.append((low, high))
        return low

    api = create_rest_api(config, timing=clock.timing(dice))
    with pytest.raises(ApiOperationError):
        api.get("/a")
    api.close()
    assert len(server.requests) == 5
    assert clock.waits == [0.5, 1.5, 4.5, 13.5]
    assert drawn[:4] == [(0.5, 1.5)] * 4


def test_a_wait_of_our_own_never_grows_beyond_a_minute(
    serve: Serve, connect: Connect, clock: FakeClock
) -> None:
    client = connect(serve(answer(503)), retry=RetrySettings(max_retries=4, backoff_factor=1e200))
    with pytest.raises(ApiOperationError):
        client.get("/a")
    assert clock.waits == pytest.approx([0.8, 48, 48, 48])


def test_waits_at_least_as_long_as_the_service_asked(
    serve: Serve, connect: Connect, clock: FakeClock
) -> None:
    server = serve(answer(429, Retry_After="7"), answer(503, Retry_After="9"), GOOD)
    connect(server).get("/a")
    assert clock.waits == [7, 9]
    clock.waits.clear()
    server = serve(answer(429, Retry_After="10"), GOOD)
    connect(server, timing=clock.timing(lambda _, high: high)).get("/a")
    assert clock.waits == [12], "jitter only adds"
    clock.waits.clear()
    server = serve(answer(429, Retry_After="10"), GOOD)
    shortens = RetrySettings(jitter_min=0.1, jitter_max=0.5)
    connect(server, timing=clock.timing(lambda _, high: high), retry=shortens).get("/a")
    assert clock.waits == [10], "not even where the configuration only shortens"


def test_backs_off_from_five_seconds_when_throttled_without_a_word(
    serve: Serve, connect: Connect, clock: FakeClock
) -> None:
    connect(serve(answer(429), answer(429), GOOD)).get("/a")
    assert clock.waits == [4, 8]


def test_who_is_throttled_is_tried_until_it_has_waited_as_long_as_one_may_be_asked_to(
    serve: Serve, connect: Connect, clock: FakeClock
) -> None:
    second = answer(429, Retry_After="2")
    server = serve(*[second] * 30, answer(503), second, GOOD)
    assert connect(server, retry=RetrySettings(max_retries=1)).post("/a", {}, idempotent=True) == {
        "fine": True
    }
    assert clock.waits == [2] * 30 + [0.8, 2], "what the service did not take is no attempt of ours"
    clock.waits.clear()
    server = serve(second)
    with pytest.raises(ApiRateLimitError):
        connect(server, retry=RetrySettings(max_retries=1, max_retry_after_s=21.0)).get("/a")
    assert clock.waits == [2] * 10
    with pytest.raises(ApiRateLimitError):
        connect(server, retry=RetrySettings(max_retries=0)).get("/a")
    assert len(server.requests) == 12, "whoever allows no retry gets none"


def test_threads_that_share_a_quota_all_come_through(
    serve: Serve, connect: Connect, clock: FakeClock
) -> None:
    """Each second has room for three; sixteen threads want in, and the pauses are those that the service asks for."""
    lock, taken = threading.Lock(), dict[int, int]()

    def quota(connection: fault.Connection) -> bool:
        with lock:
            second = int(clock.now)
            taken[second] = taken.get(second, 0) + 1
            step = GOOD if taken[second] <= 3 else answer(429, Retry_After="1")
        return step(connection)

    client = connect(serve(quota))
    done: list[object] = []
    threads = [threading.Thread(target=lambda: done.append(client.get("/a"))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert done == [{"fine": True}] * 16
    assert max(clock.waits) < 4, "a pause of our own would begin there"


def test_a_call_that_comes_through_gives_back_what_its_retries_have_cost(
    serve: Serve, connect: Connect
) -> None:
    server = serve(*[answer(503), answer(503), GOOD] * 40)
    client = connect(server)
    for _ in range(40):
        assert client.get("/a") == {"fine": True}


def test_at_once_again_and_again_is_not_hammered(serve: Serve, connect: Connect, clock: FakeClock) -> None:
    zero = answer(429, Retry_After="0")
    connect(serve(zero, zero, zero, GOOD)).get("/a")
    assert clock.waits == [10, 20]


def test_gives_up_when_the_service_asks_for_too_long(
    serve: Serve, connect: Connect, clock: FakeClock
) -> None:
    server = serve(answer(429, Retry_After="99999999"))
    with pytest.raises(ApiRateLimitError, match="Rate limit exceeded") as caught:
        connect(server).get("/a")
    assert caught.value.retry_after == 99999999
    assert not clock.waits
    assert len(server.requests) == 1


def test_gives_up_on_a_request_that_is_too_large(serve: Serve, connect: Connect) -> None:
    server = serve(says({"error": {"code": "BatchTooLarge", "message": "max 100"}}, 429))
    with pytest.raises(ApiRateLimitError) as caught:
        connect(server).get("/a")
    assert len(server.requests) == 1
    assert "page-size" in (caught.value.how_to_fix or "")


DATE = "Sun, 06 Nov 1994 08:49:37 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "120"}, 120),
        ({"Retry-After": " 120 "}, 120),
        ({"Retry-After": "0"}, 0),
        ({"Retry-After": "1.5"}, 1.5),
        ({"Retry-After": "99999999"}, 99999999),
        ({"Retry-After": "Sun, 06 Nov 1994 08:50:37 GMT", "Date": DATE}, 60),
        ({"Retry-After": "Sun, 06 Nov 1994 08:40:37 GMT", "Date": DATE}, 0),
        ({"Retry-After": "Sunday, 06-Nov-94 08:50:37 GMT", "Date": DATE}, 60),
        ({"Retry-After": "Tue, 14 Nov 2023 22:14:20 GMT"}, 60),  # no Date: the wall clock
        ({"Retry-After": "Tue, 14 Nov 2023 22:14:20 GMT", "Date": "nonsense"}, 60),
        ({"Retry-After": "-1"}, None),
        ({"Retry-After": ""}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "١٢"}, None),  # digits, but not ASCII
        ({"Retry-After": "1e9"}, None),
        ({"Retry-After": "Sun, 99 Nov 1994 08:50:37 GMT"}, None),
        ({"Retry-After": "Sun, 06 Nov 1994 08:50:37"}, None),
        ({}, None),
    ],
)
def test_reads_every_spelling_of_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_s(headers, wall_clock_now=1_700_000_000.0) == seconds


def test_a_wait_ends_when_the_run_is_asked_to_stop(serve: Serve, connect: Connect) -> None:
    cancel = threading.Event()
    clock = FakeClock()
    timing = clock.timing()
    object.__setattr__(timing, "wait", lambda *_: cancel.set())
    server = serve(answer(503))
    with pytest.raises(RunCancelledError):
        connect(server, timing=timing, cancel=cancel).get("/a")
    assert len(server.requests) == 1


def test_a_wait_that_outlives_the_deadline_is_not_begun(
    serve: Serve, connect: Connect, clock: FakeClock
) -> None:
    server = serve(answer(429, Retry_After="60"))
    with pytest.raises(ApiTimeoutError, match=r"another wait of 60\.0 s .*attempt 1 failed: .*429"):
        connect(server).get("/a", deadline=clock.now + 59)
    assert not clock.waits


@pytest.mark.parametrize("breaker", [True, False])
@pytest.mark.parametrize("status", [503, 429])
def test_an_outage_is_not_answered_with_a_storm(
    status: int, *, breaker: bool, serve: Serve, connect: Connect
) -> None:
    server = serve(answer(status))
    client = connect(server, retry=RetrySettings(max_retries=5), breaker=BreakerSettings(enabled=breaker))
    failed: list[ApiError] = []

    def send(records: range) -> None:
        for record in records:
            with pytest.raises(ApiError) as caught:
                client.get(f"/records/{record}")
            failed.append(caught.value)

    threads = [threading.Thread(target=send, args=(range(each, 1000, 8),)) for each in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(100)
    assert len(failed) == 1000
    assert len(server.requests) < 1.2 * 1000


def test_the_budget_of_retries_is_one_for_each_origin_and_is_earned_back(
    serve: Serve, connect: Connect
) -> None:
    down, good = serve(answer(503)), serve(answer(503), GOOD)
    client = connect(down, breaker=BreakerSettings(enabled=False), trusted_origins=(good.url,))
    for _ in range(13):
        with pytest.raises(ApiOperationError):
            client.get("/a")
    assert len(down.requests) == 13 + 35, "500 tokens pay for 35 retries of 14"
    assert client.get(f"{good.url}/a") == {"fine": True}, "the other origin has its own"
    down.script[:] = [GOOD] * 3 + [answer(503), GOOD]
    for _ in range(3):
        client.get("/a")
    with pytest.raises(ApiOperationError, match="503"):
        client.get("/a")  # 10 tokens were left, 3 were earned
    down.script[:] = [GOOD, answer(503), GOOD]
    client.get("/a")
    assert client.get("/a") == {"fine": True}


def test_the_log_says_which_attempt_why_and_how_long(
    serve: Serve, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, logger="txojobs.rest"):
        connect(serve(answer(429, Retry_After="7"), GOOD)).get("/a", params={"code": "SECRET"})
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith("attempt 1 failed: Rate limit exceeded: GET http")
    assert "429" in line
    assert "again in 7.0 s, as the service asked" in line
    assert "SECRET" not in line


def test_the_log_does_not_promise_attempts_that_will_not_be_made(
    serve: Serve, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, logger="txojobs.rest"), pytest.raises(ApiError):
        connect(serve(fault.html_login())).get("/a")
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith("attempt 1 of 2 failed: ")


@pytest.mark.parametrize("status", [408, 504])
def test_two_answers_that_took_too_long_suggest_a_smaller_page(
    status: int, serve: Serve, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, logger="txojobs.rest"):
        connect(serve(answer(status), answer(status), answer(503), GOOD)).get("/a")
    hints = ["page-size" in record.getMessage() for record in caplog.records]
    assert hints == [False, True, False], "said once, also when the third attempt succeeds"
    client = connect(serve(answer(504), answer(408), answer(503)), retry=RetrySettings(max_retries=2))
    with pytest.raises(ApiOperationError, match="503") as caught:
        client.get("/a")
    assert "smaller `page-size`" in (caught.value.how_to_fix or "")


@pytest.mark.parametrize("status", [408, 504])
def test_a_change_that_took_too_long_is_not_told_to_ask_for_smaller_pages(
    status: int, serve: Serve, connect: Connect
) -> None:
    client = connect(serve(answer(status)))
    for options in ({}, {"idempotent": True}):
        with pytest.raises(ApiError) as caught:
            client.post("/a", {}, **options)
        assert "page-size" not in (caught.value.how_to_fix or "")
        assert "carried out" in (caught.value.how_to_fix or "")


def test_interrupts_pass_through(serve: Serve, connect: Connect) -> None:
    clock = FakeClock()

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    timing = clock.timing()
    object.__setattr__(timing, "wait", interrupt)
    with pytest.raises(KeyboardInterrupt):
        connect(serve(answer(503)), timing=timing).get("/a")


def test_parse_errors_of_pages_count_as_a_failed_attempt(serve: Serve, connect: Connect) -> None:
    server = serve(fault.html_login())
    with pytest.raises(ApiError, match="Sign in to your account"):
        connect(server).get("/a")
    assert len(server.requests) == 2, "asked once more, not three times"
