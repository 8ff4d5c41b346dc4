"""Through a SOCKS proxy a request is watched like any other: its deadline, its interruption, what was sent."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from tests.rest import fault_server as fault
from tests.rest.fault_server import says
from tests.rest.greetings import SocksProxy
from tests.rest.test_proxies import VARIABLES
from tests.rest.test_tls import context
from txojobs.errors import ApiOperationError, ApiTimeoutError, RunCancelledError
from txojobs.rest.client import TxoRestAPI
from txojobs.rest.settings import ApiSettings, RetrySettings, TimeoutSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    import trustme

    from tests.rest.fault_server import FaultServer, Step

    Connect = Callable[..., TxoRestAPI]
    Serve = Callable[..., FaultServer]

ONCE = RetrySettings(max_retries=0)
DRIP = fault.drip(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{")


@pytest.fixture
def through(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> Callable[..., SocksProxy]:
    """Start a SOCKS proxy that the environment names."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)

    def start(inner: Step = fault.hang_up, login: str = "", **options: object) -> SocksProxy:
        proxy = SocksProxy(inner, **options)  # type: ignore[arg-type]  # as given
        server = serve(says({}), greeting=proxy)
        monkeypatch.setenv("all_proxy", f"socks5h://{login}127.0.0.1:{server.port}")
        return proxy

    return start


def test_the_proxy_resolves_the_name_and_learns_the_password(
    through: Callable[..., SocksProxy], connect: Connect
) -> None:
    proxy = through(says({"fine": True}), login="me:secret%401@")
    assert connect("http://service.invalid").get("/a") == {"fine": True}
    assert proxy.asked_for == [("service.invalid", 80)]
    assert proxy.logins == ["me:secret@1"]
    assert proxy.requests[0].target == "/a"


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_request_ends_by_its_deadline_while_the_body_drips(
    scheme: str, through: Callable[..., SocksProxy], private_ca: tuple[trustme.CA, str]
) -> None:
    authority, bundle = private_ca
    tls = context(authority.issue_cert("service.invalid")) if scheme == "https" else None
    proxy = through(DRIP, tls=tls)
    settings = ApiSettings(
        base_url=f"{scheme}://service.invalid",
        ca_bundle=bundle,
        timeouts=TimeoutSettings(request_s=0.5),
        retry=ONCE,
    )
    with pytest.raises(ApiTimeoutError, match="no complete answer in time"):
        TxoRestAPI(settings).get("/a")
    assert len(proxy.requests) == 1


def test_a_request_is_interrupted_while_the_body_drips(
    through: Callable[..., SocksProxy], connect: Connect
) -> None:
    cancel = threading.Event()

    def stop(connection: fault.Connection) -> bool:
        cancel.set()
        return DRIP(connection)

    through(stop)
    with pytest.raises(RunCancelledError):
        connect("http://service.invalid", cancel=cancel).get("/a")


def test_a_change_that_the_proxy_did_not_pass_on_is_known_not_to_be_sent(
    through: Callable[..., SocksProxy], connect: Connect
) -> None:
    proxy = through(reply=5)
    with pytest.raises(ApiOperationError, match="through the proxy socks5h") as caught:
        connect("http://service.invalid", retry=ONCE).post("/a", {})
    assert not caught.value.outcome_unknown
    assert not proxy.requests


def test_a_change_whose_answer_was_lost_behind_the_proxy_may_have_been_carried_out(
    through: Callable[..., SocksProxy], connect: Connect
) -> None:
    proxy = through(fault.hang_up)
    with pytest.raises(ApiOperationError) as caught:
        connect("http://service.invalid").post("/a", {})
    assert caught.value.outcome_unknown
    assert len(proxy.requests) == 1
