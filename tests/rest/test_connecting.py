"""Whatever a request waits for, it ends by its deadline, and at once when it is asked to stop.

The clocks here are turned by those who look at them, and the waits would last for minutes: where nobody looks,
nothing ends but the patience of a test.
"""

from __future__ import annotations

import socket
import ssl
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from tests.rest import fault_server as fault
from tests.rest import greetings
from tests.rest.conftest import FakeClock
from tests.rest.fault_server import says
from txojobs.errors import ApiTimeoutError, RunCancelledError
from txojobs.redact import Redactor
from txojobs.rest.client import TxoRestAPI
from txojobs.rest.connection_checks import ConnectionChecks
from txojobs.rest.settings import ApiSettings, RetrySettings, TimeoutSettings
from txojobs.rest.timing import Timing
from txojobs.rest.watch import Watch, in_background

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import trustme

    from tests.rest.fault_server import FaultServer, Greeting

    Serve = Callable[..., FaultServer]

PATIENCE_S = 60.0
LONG = TimeoutSettings(request_s=9000, connect_s=6000)
LARGE = "x" * 50_000_000
"""More than the system takes before somebody reads."""
linux = pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse when a queue is full")


class StoppingClock(FakeClock):
    """Time stands still; who looks for the ninth time is asked to stop."""

    def __init__(self) -> None:
        super().__init__()
        self.looks = 0
        self.cancel = threading.Event()

    def __call__(self) -> float:
        self.looks += 1
        if self.looks == 9:
            self.cancel.set()
        return self.now


class Names:
    """A resolver: what it knows, and one name whose addresses nobody ever tells."""

    def __init__(self, known: dict[str, list[tuple[str, int]]]) -> None:
        self.known = known
        self.over = threading.Event()
        self.asked: list[tuple[Any, threading.Thread]] = []
        self._look_up = socket.getaddrinfo

    def __call__(self, host: Any, *others: Any, **named: Any) -> Any:
        self.asked.append((host, threading.current_thread()))
        if host == "silent.test":
            self.over.wait(PATIENCE_S * 2)
            raise socket.gaierror(socket.EAI_AGAIN, "too late")
        if host not in self.known:
            return self._look_up(host, *others, **named)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", place) for place in self.known[host]]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[Names]:
    resolver = Names({})
    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    yield resolver
    resolver.over.set()


@pytest.fixture
def deaf() -> Iterator[int]:
    with fault.deaf_port() as port:
        yield port


@pytest.fixture
def context(private_ca: tuple[trustme.CA, str]) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    private_ca[0].issue_cert("127.0.0.1").configure_cert(made)
    return made


@pytest.fixture
def places(
    request: pytest.FixtureRequest, serve: Serve, context: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], str]:
    """Return the address at which a request waits for something that never comes."""

    def port(greeting: Greeting) -> int:
        return int(serve(says({}), greeting=greeting).port)

    def proxy(scheme: str) -> str:
        monkeypatch.setenv("HTTPS_PROXY", f"{scheme}://127.0.0.1:{port(greetings.never_speak)}")
        return "https://service.invalid"

    def proxy_of_tls(port: int) -> str:
        monkeypatch.setenv("HTTPS_PROXY", serve(fault.through(port), tls=context).url)
        return "https://service.invalid"

    ways: dict[str, Callable[[], str]] = {
        "the name": lambda: "http://silent.test:9",
        "an address": lambda: f"http://127.0.0.1:{request.getfixturevalue('deaf')}",
        "the handshake": lambda: f"https://127.0.0.1:{port(greetings.never_speak)}",
        "the end of the handshake": lambda: f"https://127.0.0.1:{port(greetings.drip_handshake)}",
        "a SOCKS proxy": lambda: proxy("socks5h"),
        "a proxy": lambda: proxy("http"),
        "a proxy's handshake": lambda: proxy("https"),
        "a handshake behind a proxy of TLS": lambda: proxy_of_tls(port(greetings.never_speak)),
        "a reader": lambda: f"http://127.0.0.1:{port(greetings.never_speak)}",
        "a reader of TLS": lambda: f"https://127.0.0.1:{port(greetings.secure_and_deaf(context))}",
        "an answer": lambda: serve(fault.silence_after()).url,
    }
    return lambda name: ways[name]()


WAITS = [
    "the name",
    pytest.param("an address", marks=linux),
    "the handshake",
    "the end of the handshake",
    "a SOCKS proxy",
    "a proxy",
    "a proxy's handshake",
    "a handshake behind a proxy of TLS",
    "a reader",
    "a reader of TLS",
    "an answer",
]


def ended(client: TxoRestAPI) -> BaseException:
    """Return how a large request of a client ends."""
    found: list[BaseException] = []

    def run() -> None:
        try:
            client.post("/a", LARGE)
        except BaseException as err:  # noqa: BLE001  # the fact under test
            found.append(err)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(PATIENCE_S)
    assert not thread.is_alive(), "it waits on"
    client.close()
    return found[0]


def client_of(url: str, clock: FakeClock, ca: str, cancel: threading.Event | None = None) -> TxoRestAPI:
    settings = ApiSettings(base_url=url, ca_bundle=ca, timeouts=LONG, retry=RetrySettings(max_retries=0))
    return TxoRestAPI(settings, timing=clock.timing(), cancel=cancel)


@pytest.mark.usefixtures("names")
@pytest.mark.parametrize("wait", WAITS)
def test_p6_a_request_ends_by_its_deadline_whatever_it_waits_for(
    wait: str, places: Callable[[str], str], private_ca: tuple[trustme.CA, str]
) -> None:
    clock = FakeClock(tick=800.0)
    begun = clock.now
    error = ended(client_of(places(wait), clock, private_ca[1]))
    assert isinstance(error, ApiTimeoutError)
    assert error.outcome_unknown is (wait in {"a reader", "a reader of TLS", "an answer"})
    assert clock.now - begun < 2 * LONG.request_s


@pytest.mark.usefixtures("names")
@pytest.mark.parametrize("wait", WAITS)
def test_a_request_stops_at_once_whatever_it_waits_for(
    wait: str, places: Callable[[str], str], private_ca: tuple[trustme.CA, str]
) -> None:
    clock = StoppingClock()
    error = ended(client_of(places(wait), clock, private_ca[1], clock.cancel))
    assert isinstance(error, RunCancelledError)


@linux
def test_p6_many_dead_addresses_share_the_time_of_one(names: Names, deaf: int) -> None:
    names.known["many.test"] = [("127.0.0.1", deaf)] * 6
    clock = FakeClock(tick=400.0)
    begun = clock.now
    error = ended(client_of("http://many.test", clock, ""))
    assert isinstance(error, ApiTimeoutError)
    assert clock.now - begun < 2 * LONG.connect_s


@linux
def test_an_address_that_never_answers_leaves_the_next_one_its_time(
    names: Names, deaf: int, serve: Serve
) -> None:
    server = serve(says({"fine": True}))
    names.known["two.test"] = [("127.0.0.1", deaf), ("127.0.0.1", server.port)]
    client = client_of("http://two.test", FakeClock(tick=400.0), "")
    assert client.get("/a") == {"fine": True}
    client.close()


def test_a_service_is_reached_through_a_proxy_of_tls(
    serve: Serve, private_ca: tuple[trustme.CA, str], context: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    private_ca[0].issue_cert("service.invalid").configure_cert(inner)
    service = serve(says({"fine": True}), tls=inner)
    proxy = serve(fault.through(service.port), tls=context)
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    client = client_of("https://service.invalid", FakeClock(), private_ca[1])
    assert client.post("/a", "x" * 1_000_000) == {"fine": True}
    assert client.get("/b") == {"fine": True}
    client.close()
    assert [request.method for request in proxy.requests] == ["CONNECT"]
    assert [request.method for request in service.requests] == ["POST", "GET"]


def test_a_refused_address_leaves_the_turn_to_the_next_one(names: Names, serve: Serve) -> None:
    server = serve(says({"fine": True}))
    names.known["two.test"] = [("127.0.0.1", fault.closed_port()), ("127.0.0.1", server.port)]
    client = client_of("http://two.test", FakeClock(), "")
    assert client.get("/a") == {"fine": True}
    client.close()


def test_only_a_name_is_looked_up_in_another_thread_and_once_for_a_connection(
    names: Names, serve: Serve
) -> None:
    server = serve(says({}))
    names.known["one.test"] = [("127.0.0.1", server.port)]
    here = threading.current_thread()
    for url in (server.url, "http://one.test"):
        client = client_of(url, FakeClock(), "")
        client.get("/a")
        client.get("/b")
        client.close()
    assert [(host, thread is here) for host, thread in names.asked] == [
        ("127.0.0.1", True),
        ("one.test", False),
    ]


@pytest.mark.usefixtures("names")
@pytest.mark.parametrize(
    ("wait", "failed"), [("the name", "name"), pytest.param("an address", "connection", marks=linux)]
)
def test_p6_what_doctor_waits_for_ends(wait: str, failed: str, places: Callable[[str], str]) -> None:
    settings = ApiSettings(base_url=places(wait), timeouts=LONG)
    clock = FakeClock(tick=400.0)
    begun = clock.now
    checks = {
        check.name: check for check in ConnectionChecks(settings, timing=clock.timing(), redactor=Redactor())
    }
    assert checks[failed].state == "failed"
    assert "no connection in time" in checks[failed].told
    assert clock.now - begun < 2 * LONG.connect_s


def test_p6_doctor_waits_once_for_a_port_that_gives_no_secure_connection(serve: Serve) -> None:
    server = serve(says({}), greeting=greetings.never_speak)
    settings = ApiSettings(
        base_url=f"https://127.0.0.1:{server.port}", timeouts=TimeoutSettings(connect_s=0.3)
    )
    found = ConnectionChecks(settings, timing=Timing(), redactor=Redactor())
    checks = {check.name: check for check in found}
    assert "gave no secure connection (TLS)" in checks["tls"].told
    assert server.connections == 2, "to see that the port answers, and to speak TLS"


def test_what_comes_too_late_is_closed() -> None:
    cancel, over, closed = threading.Event(), threading.Event(), threading.Event()
    watch = Watch(lambda: 0.0)
    watch.begin(deadline=9.0, cancels=(cancel,))

    def work() -> socket.socket:
        cancel.set()
        over.wait(PATIENCE_S)
        return socket.socket()

    def discard(sock: socket.socket) -> None:
        sock.close()
        closed.set()

    with pytest.raises(RunCancelledError):
        in_background(work, watch, discard=discard)
    over.set()
    assert closed.wait(PATIENCE_S)
