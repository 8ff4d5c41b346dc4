"""Each wait lasts as long as it should, and ends at once when it is asked to: by an event, by close, by Ctrl-C.

The waits that are ended here would last for minutes, so that they end within the patience of a test is the fact.
"""

from __future__ import annotations

import ast
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import txojobs
from tests.rest import fault_server as fault
from tests.rest import greetings
from tests.rest.fault_server import answer, says
from txojobs.errors import ApiRateLimitError, RunCancelledError
from txojobs.interrupts import interrupts, stopped_by, wait_for
from txojobs.rest.client import TxoRestAPI
from txojobs.rest.manual_retry import manual_retry
from txojobs.rest.settings import ApiSettings, RetrySettings
from txojobs.rest.timing import Timing

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.rest.fault_server import FaultServer, Step

    Serve = Callable[..., FaultServer]

PACKAGE = Path(txojobs.__file__).parent
PATIENCE_S = 60.0
LONG_S = 500.0
linux = pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse when a queue is full")
posix = pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal")


@pytest.mark.parametrize("events", [0, 1, 3])
def test_a_wait_is_never_shorter_than_asked(events: int) -> None:
    cancels = tuple(threading.Event() for _ in range(events))
    for seconds in (0.0, 0.01, 0.15):
        began = time.monotonic()
        wait_for(seconds, cancels)
        assert time.monotonic() - began >= seconds


def test_nothing_waits_without_end_in_one_go() -> None:
    """Windows lets no Ctrl-C through while a lock, an event or a thread is waited for."""
    endless = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if "demo" not in path.parts
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.Call) and not node.args and not node.keywords
        if isinstance(node.func, ast.Attribute) and node.func.attr in {"wait", "acquire", "join", "result"}
    ]
    assert endless == []


@pytest.mark.parametrize("which", [0, 1, 2])
def test_each_event_ends_a_wait(which: int) -> None:
    cancels = tuple(threading.Event() for _ in range(3))
    thread = threading.Thread(target=wait_for, args=(LONG_S, cancels), daemon=True)
    thread.start()
    cancels[which].set()
    thread.join(PATIENCE_S)
    assert not thread.is_alive()


def test_the_events_of_a_context_add_up_and_go() -> None:
    first, second = threading.Event(), threading.Event()
    with stopped_by(first):
        with stopped_by(second):
            assert interrupts() == (first, second)
        assert interrupts() == (first,)
    assert interrupts() == ()


class Announced:
    """The real wait, which tells when it has begun."""

    def __init__(self) -> None:
        self.begun = threading.Event()

    def __call__(self, seconds: float, cancels: tuple[threading.Event, ...]) -> None:
        self.begun.set()
        wait_for(seconds, cancels)


def ended(call: Callable[[], Any], wait: Announced, stop: Callable[[], None]) -> BaseException:
    """Return how a call ends in another thread that is stopped in its wait."""
    found: list[BaseException] = []

    def run() -> None:
        try:
            call()
        except BaseException as err:  # noqa: BLE001  # the fact under test
            found.append(err)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert wait.begun.wait(PATIENCE_S)
    stop()
    thread.join(PATIENCE_S)
    assert not thread.is_alive()
    return found[0]


def test_closing_a_client_ends_the_waits_of_all_threads(serve: Serve) -> None:
    wait = Announced()
    server = serve(answer(429, Retry_After=f"{LONG_S:.0f}"))
    client = TxoRestAPI(ApiSettings(base_url=server.url), timing=Timing(wait=wait))
    assert isinstance(ended(lambda: client.get("/a"), wait, client.close), RunCancelledError)
    assert len(server.requests) == 1


def test_closing_a_client_ends_the_wait_for_an_origin_that_others_were_told_to_leave_alone(
    serve: Serve,
) -> None:
    wait = Announced()
    server = serve(answer(429, Retry_After=f"{LONG_S:.0f}"))
    settings = ApiSettings(base_url=server.url, retry=RetrySettings(max_retries=0))
    client = TxoRestAPI(settings, timing=Timing(wait=wait))
    with pytest.raises(ApiRateLimitError):
        client.get("/a")
    assert isinstance(ended(lambda: client.get("/b"), wait, client.close), RunCancelledError)
    assert len(server.requests) == 1


def test_closing_a_client_ends_the_wait_for_a_long_operation(serve: Serve) -> None:
    wait = Announced()
    server = serve(answer(202, b"", Location="/jobs/1", Retry_After="200"))
    client = TxoRestAPI(ApiSettings(base_url=server.url), timing=Timing(wait=wait))
    assert isinstance(ended(lambda: client.get("/a"), wait, client.close), RunCancelledError)
    assert len(server.requests) == 1


def test_an_event_of_the_context_ends_the_waits_of_any_client(serve: Serve) -> None:
    wait, stop = Announced(), threading.Event()
    server = serve(answer(429, Retry_After=f"{LONG_S:.0f}"))
    client = TxoRestAPI(ApiSettings(base_url=server.url), timing=Timing(wait=wait))

    def work() -> None:
        with stopped_by(stop):
            client.get("/a")

    assert isinstance(ended(work, wait, stop.set), RunCancelledError)
    client.close()


def test_an_event_of_the_context_ends_a_request_and_a_repetition() -> None:
    stop = threading.Event()
    calls: list[int] = []

    def fail() -> None:
        calls.append(1)
        stop.set()
        raise LookupError

    with stopped_by(stop), pytest.raises(RunCancelledError):
        manual_retry(fail, backoff=LONG_S)
    assert len(calls) == 1


SCRIPT = """
    import sys, threading, time
    from concurrent.futures import ThreadPoolExecutor
    from txojobs.interrupts import stopped_by, wait_for
    from txojobs.rest.factory import create_rest_api
    from txojobs.rest.manual_retry import manual_retry
    from txojobs.rest.timing import Timing

    def wait(seconds, cancels):
        print(f"waiting {seconds:.0f} s", flush=True)
        wait_for(seconds, cancels)

    behaviour = {"api-timeouts": {"async-poll-interval": 500, "async-max-wait": 9000, "rest-timeout-seconds": 500}}
    config = {"global": {"api-base-url": sys.argv[1], "api-delay-seconds": 500}, "script-behavior": behaviour}
    cancel = threading.Event() if "with an event" in sys.argv else None
    api = create_rest_api(config, cancel=cancel, timing=Timing(wait=wait))
"""
ALONE = """
    api.get("/a")
    api.get("/b")
"""
REPEATED = """
    def fail():
        raise LookupError
    manual_retry(fail, sleep=lambda seconds: wait(500 * seconds, ()))
"""
READING = """
    print("waiting", flush=True)
    api.get("/a")
"""
LOOKING = """
    from txojobs.rest.client import TxoRestAPI
    from txojobs.rest.settings import ApiSettings, TimeoutSettings
    looks = []
    def clock():
        looks.append(1)
        if len(looks) == 100:
            print("waiting", flush=True)
        return time.monotonic()
    settings = ApiSettings(base_url=sys.argv[1], timeouts=TimeoutSettings(request_s=500, connect_s=500))
    api = TxoRestAPI(settings, timing=Timing(clock=clock))
    text = "x" * 50_000_000
    stop = threading.Event()
    def work():
        with stopped_by(stop):
            return api.post("/a", text)
    with ThreadPoolExecutor(4) as pool:
        try:
            futures = [pool.submit(work) for _ in range(4)]
            [future.result() for future in futures]
        except KeyboardInterrupt:
            stop.set()
            raise
"""
STOPPED = """
    stop = threading.Event()
    def work(number):
        with stopped_by(stop):
            return api.get(f"/{number}")
    with ThreadPoolExecutor(4) as pool:
        try:
            futures = [pool.submit(work, number) for number in range(4)]
            [future.result() for future in futures]
        except KeyboardInterrupt:
            stop.set()
            raise
"""
CLOSED = """
    threads = [threading.Thread(target=api.get, args=("/a",)) for _ in range(4)]
    threading.excepthook = lambda told: None
    try:
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
    finally:
        api.close()
"""
CASES: dict[str, tuple[Step, str]] = {
    "before it tries again": (answer(503, Retry_After="500"), ALONE),
    "for its turn": (says({}), ALONE),
    "for a long operation": (answer(202, b"", Location="/jobs/1"), ALONE),
    "for the headers": (fault.silence_after(), READING),
    "for the body": (fault.silence_after(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"), READING),
    "before a function is repeated": (says({}), REPEATED),
    "in threads that an event stops": (answer(503, Retry_After="500"), STOPPED),
    "in threads whose client is closed": (answer(503, Retry_After="500"), CLOSED),
}


@posix
@pytest.mark.parametrize("event", ["with an event", "without"])
@pytest.mark.parametrize(("step", "body"), CASES.values(), ids=CASES)
def test_ctrl_c_ends_a_script_that_waits(step: Step, body: str, event: str, serve: Serve) -> None:
    interrupt(body, serve(step).url, event)


@posix
@pytest.mark.parametrize("wait", [pytest.param("an address", marks=linux), "the TLS handshake", "a reader"])
def test_ctrl_c_ends_threads_that_wait_for(wait: str, serve: Serve) -> None:
    if wait == "an address":
        with fault.deaf_port() as port:
            interrupt(LOOKING, f"http://127.0.0.1:{port}")
    else:
        scheme = "https" if wait == "the TLS handshake" else "http"
        port = serve(says({}), greeting=greetings.never_speak).port
        interrupt(LOOKING, f"{scheme}://127.0.0.1:{port}")


def interrupt(body: str, url: str, *more: str) -> None:
    """Send Ctrl-C to a script as soon as it tells that it waits; it must end by that, and soon."""
    code = textwrap.dedent(SCRIPT) + textwrap.dedent(body)
    command = [sys.executable, "-c", code, url, *more]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("waiting")
            process.send_signal(signal.SIGINT)
            _, told = process.communicate(timeout=PATIENCE_S)
        finally:
            process.kill()
    assert process.returncode == -signal.SIGINT, told
    assert "KeyboardInterrupt" in told
