from __future__ import annotations

import ssl
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from tests.rest.fault_server import FaultServer
from tests.rest.identity_service import IdentityService
from txojobs.rest.client import TxoRestAPI
from txojobs.rest.settings import ApiSettings
from txojobs.rest.timing import Timing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.rest.fault_server import Step


class FakeClock:
    """Time that passes only in waits, and by `tick` each time someone looks."""

    def __init__(self, *, tick: float = 0.0) -> None:
        self.now = 1000.0
        self.tick = tick
        self.waits: list[float] = []
        self._lock = threading.Lock()

    def __call__(self) -> float:
        with self._lock:
            self.now += self.tick
            return self.now

    def wait(self, seconds: float, cancels: tuple[threading.Event, ...] = ()) -> None:
        if not any(event.is_set() for event in cancels):
            with self._lock:
                self.now += seconds
                self.waits.append(seconds)

    def timing(self, dice: Callable[[float, float], float] = lambda low, _: low) -> Timing:
        return Timing(clock=self, wall_clock=lambda: 1_700_000_000.0, wait=self.wait, dice=dice)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def serve() -> Iterator[Callable[..., FaultServer]]:
    """Start servers that end with the test."""
    with ExitStack() as stack:

        def start(*script: Step, **options: Any) -> FaultServer:
            return stack.enter_context(FaultServer(list(script), **options))

        yield start


@pytest.fixture(scope="session")
def private_ca(tmp_path_factory: pytest.TempPathFactory) -> tuple[trustme.CA, str]:
    """A private authority, and the file with its certificate."""
    made = trustme.CA()
    path = str(tmp_path_factory.mktemp("ca") / "ca.pem")
    made.cert_pem.write_to_path(path)
    return made, path


@pytest.fixture
def authority(serve: Callable[..., FaultServer], private_ca: tuple[trustme.CA, str]) -> IdentityService:
    """An identity service whose answers the test decides."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    private_ca[0].issue_cert("127.0.0.1").configure_cert(context)
    return IdentityService(serve, context, private_ca[1])


@pytest.fixture
def connect(clock: FakeClock) -> Iterator[Callable[..., TxoRestAPI]]:
    """Make clients on the fake clock, without jitter, that are closed with the test."""
    made: list[TxoRestAPI] = []

    def make(base: str | FaultServer, *, timing: Timing | None = None, **options: Any) -> TxoRestAPI:
        url = base if isinstance(base, str) else base.url
        client_options = {
            name: options.pop(name)
            for name in ("redactor", "cancel", "numbers", "outages")
            if name in options
        }
        settings = ApiSettings(base_url=url, **options)
        client = TxoRestAPI(settings, timing=timing or clock.timing(), **client_options)
        made.append(client)
        return client

    yield make
    for client in made:
        client.close()
