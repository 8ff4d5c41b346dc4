"""Proxies of the environment are used, never for this machine; their passwords reach them and nobody else."""

from __future__ import annotations

import base64
import logging
import sys
import traceback
from typing import TYPE_CHECKING

import pytest
import trustme

from tests.rest import fault_server as fault
from tests.rest.fault_server import answer, says, tunnel
from tests.rest.test_tls import context
from txojobs.errors import (
    ApiError,
    ApiOperationError,
    ApiTimeoutError,
    ConfigurationError,
    ForeignOriginError,
    TxoBaseError,
)
from txojobs.redact import Redactor
from txojobs.rest.client import TxoRestAPI
from txojobs.rest.settings import ApiSettings, AuthSettings, RetrySettings, TimeoutSettings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.rest.conftest import FakeClock
    from tests.rest.fault_server import FaultServer, Step

    Connect = Callable[..., TxoRestAPI]
    Serve = Callable[..., FaultServer]

VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
ONCE = RetrySettings(max_retries=0)
BEARER = AuthSettings(type="bearer", secret="t")


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Set these variables and none of the other ones about proxies."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)

    def put(**values: str) -> None:
        for name, value in values.items():
            monkeypatch.setenv(name, value)

    return put


@pytest.fixture
def ca(tmp_path: Path) -> tuple[trustme.CA, str]:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return authority, str(tmp_path / "ca.pem")


def with_password(proxy: FaultServer, password: str = "canary%401") -> str:
    return f"http://me:{password}@127.0.0.1:{proxy.port}"


PASSWORD = "Basic " + base64.b64encode(b"me:canary@1").decode()


@pytest.mark.parametrize("name", ["http_proxy", "all_proxy", "HTTP_PROXY", "ALL_PROXY"])
def test_plain_http_goes_through_the_proxy_with_its_password(
    name: str, serve: Serve, connect: Connect, environment: Callable[..., None]
) -> None:
    proxy = serve(says({"via": "proxy"}))
    environment(**{name: with_password(proxy)})
    assert connect("http://service.invalid").get("/a") == {"via": "proxy"}
    assert proxy.requests[0].target == "http://service.invalid/a"
    assert proxy.requests[0].headers["proxy-authorization"] == PASSWORD


def test_https_goes_through_a_tunnel_in_which_the_proxy_sees_nothing(
    serve: Serve, connect: Connect, environment: Callable[..., None], ca: tuple[trustme.CA, str]
) -> None:
    authority, bundle = ca
    proxy = serve(tunnel(says({"fine": True}), tls=context(authority.issue_cert("service.invalid"))))
    environment(https_proxy=with_password(proxy))
    client = connect("https://service.invalid", auth=BEARER, ca_bundle=bundle)
    assert client.get("/a?x=1") == {"fine": True}
    (outside,), (inside,) = proxy.requests, proxy.behind
    assert (outside.method, outside.target) == ("CONNECT", "service.invalid:443")
    assert outside.headers["proxy-authorization"] == PASSWORD
    assert "authorization" not in outside.headers
    assert inside.target == "/a?x=1"
    assert inside.headers["authorization"] == "Bearer t"
    assert "proxy-authorization" not in inside.headers, "the proxy's password is not the service's business"


def test_the_certificate_behind_a_tunnel_is_checked(
    serve: Serve, connect: Connect, environment: Callable[..., None], ca: tuple[trustme.CA, str]
) -> None:
    authority, bundle = ca
    proxy = serve(tunnel(says({}), tls=context(authority.issue_cert("other.invalid"))))
    environment(https_proxy=proxy.url)
    with pytest.raises(ApiOperationError, match=r"through the proxy http://127\.0\.0\.1:\d+: .*not trusted"):
        connect("https://service.invalid", auth=BEARER, ca_bundle=bundle).get("/a")
    assert not proxy.behind


@pytest.mark.parametrize("hole", ["service.invalid", ".invalid", "invalid", "other, service.invalid", "*"])
def test_no_proxy_is_respected(
    hole: str, serve: Serve, connect: Connect, environment: Callable[..., None]
) -> None:
    proxy = serve(says({}))
    environment(http_proxy=proxy.url, no_proxy=hole)
    with pytest.raises(ApiOperationError, match="host name is not known") as caught:
        connect("http://service.invalid", retry=ONCE).get("/a")
    assert "proxy http" not in str(caught.value)
    assert proxy.connections == 0


@pytest.mark.parametrize("hole", ["other.invalid", "ervice.invalid", "service.invalid:8080", ""])
def test_no_proxy_of_another_host_changes_nothing(
    hole: str, serve: Serve, connect: Connect, environment: Callable[..., None]
) -> None:
    proxy = serve(says({"via": "proxy"}))
    environment(http_proxy=proxy.url, no_proxy=hole)
    assert connect("http://service.invalid").get("/a") == {"via": "proxy"}


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_p5_this_machine_is_never_asked_through_a_proxy(
    host: str, serve: Serve, connect: Connect, environment: Callable[..., None]
) -> None:
    proxy, server = serve(says({"via": "proxy"})), serve(says({"fine": True}))
    environment(http_proxy=proxy.url, all_proxy=proxy.url)
    assert connect(f"http://{host}:{server.port}", auth=BEARER).get("/a") == {"fine": True}
    assert proxy.connections == 0, "a credential over plain http must not leave this machine"


def test_plain_http_through_a_proxy_carries_no_credential(
    serve: Serve, connect: Connect, environment: Callable[..., None]
) -> None:
    proxy = serve(says({}))
    environment(http_proxy=proxy.url)
    with pytest.raises(ForeignOriginError, match="plain http"):
        connect("http://service.invalid", auth=BEARER).get("/a")
    assert proxy.connections == 0


REFUSING: dict[str, tuple[str, Step, str, str, int]] = {
    "407 to CONNECT": (
        "https",
        answer(407),
        r"proxy refused to connect \(407",
        "user name and a password",
        1,
    ),
    "403 to CONNECT": ("https", answer(403), r"proxy refused to connect \(403", "let this host through", 1),
    "503 to CONNECT": ("https", answer(503), r"proxy refused to connect \(503", "let this host through", 4),
    "407 to a request": ("http", answer(407), "407", "user name and a password", 1),
    "closed after CONNECT": ("https", fault.hang_up, "through the proxy", "network", 4),
}


@pytest.mark.parametrize("name", REFUSING)
def test_a_proxy_that_refuses_is_named_with_a_way_out(
    name: str, serve: Serve, connect: Connect, environment: Callable[..., None]
) -> None:
    scheme, step, problem, solution, attempts = REFUSING[name]
    proxy = serve(step)
    environment(http_proxy=with_password(proxy), https_proxy=with_password(proxy))
    with pytest.raises(ApiOperationError, match=problem) as caught:
        connect(f"{scheme}://service.invalid").get("/a")
    assert solution in (caught.value.how_to_fix or "")
    assert len(proxy.requests) == attempts
    assert not caught.value.outcome_unknown


def test_a_change_that_a_proxy_did_not_pass_on_was_not_made(
    serve: Serve, connect: Connect, environment: Callable[..., None]
) -> None:
    proxy = serve(answer(503))
    environment(https_proxy=proxy.url)
    with pytest.raises(ApiOperationError) as caught:
        connect("https://service.invalid").post("/a", {})
    assert not caught.value.outcome_unknown
    assert len(proxy.requests) == 4, "so it is tried again"


@pytest.mark.parametrize("step", [fault.silence_after(), fault.drip(b"HTTP/1.1 200 OK\r\nX: ")])
def test_a_proxy_that_never_connects_ends_by_the_deadline(
    step: Step, serve: Serve, environment: Callable[..., None]
) -> None:
    environment(https_proxy=serve(step).url)
    settings = ApiSettings(
        base_url="https://service.invalid", timeouts=TimeoutSettings(request_s=0.3), retry=ONCE
    )
    client = TxoRestAPI(settings)
    with pytest.raises(ApiTimeoutError, match="through the proxy") as caught:
        client.post("/a", {})
    client.close()
    assert not caught.value.outcome_unknown


@pytest.mark.parametrize(
    ("proxy", "told"),
    [
        ("http://me:canary@127.0.0.1:{closed}", "127.0.0.1:{closed}: nothing listens there"),
        ("http://me:canary@nope.invalid:3128", "nope.invalid:3128: the host name is not known"),
        ("http://me:canary@127.0.0.1:99999", "no address of one: http://127.0.0.1:99999"),
        ("http://me:canary@[bad", "no address of one"),
        ("htp://me:canary@127.0.0.1:1", "no address of one: htp://127.0.0.1:1"),
        ("http://me:canary@", "no address of one"),
        ("http://me:can@ry:canary@127.0.0.1:99999", "no address of one: http://127.0.0.1:99999"),
        ("me:canary@127.0.0.1:{closed}", "through the proxy http://127.0.0.1:{closed}: nothing listens"),
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_p5_a_proxy_that_cannot_be_used_is_named_without_its_password(
    scheme: str, proxy: str, told: str, environment: Callable[..., None]
) -> None:
    closed = fault.closed_port()
    environment(**{f"{scheme}_proxy": proxy.format(closed=closed)})
    redactor = Redactor()
    client = TxoRestAPI(ApiSettings(base_url=f"{scheme}://service.invalid", retry=ONCE), redactor=redactor)
    with pytest.raises(TxoBaseError) as caught:
        client.get("/a")
    client.close()
    assert isinstance(caught.value, ApiError | ConfigurationError)
    assert told.format(closed=closed) in str(caught.value)
    assert "canary" not in f"{caught.value!r} {caught.value.how_to_fix} {caught.value.example}"
    assert "canary" not in redactor.clean("".join(traceback.format_exception(caught.value)))


def test_p5_the_password_of_a_proxy_is_in_no_line_of_the_log(
    serve: Serve, connect: Connect, environment: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    proxy = serve(answer(503), says({}))
    environment(http_proxy=with_password(proxy))
    redactor = Redactor()
    with caplog.at_level(logging.DEBUG, logger="txojobs"):
        connect("http://service.invalid", redactor=redactor).get("/a")
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("txojobs")]
    assert ours
    assert "canary" not in str(ours)
    for form in ("canary@1", "canary%401", PASSWORD.removeprefix("Basic ")):
        assert form not in redactor.clean(f"text {form} text")


def test_a_socks_proxy_without_its_package_is_explained(
    environment: Callable[..., None], connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "socks", None)
    environment(all_proxy="socks5://127.0.0.1:1")
    with pytest.raises(ConfigurationError, match="PySocks"):
        connect("https://service.invalid").get("/a")


def test_a_proxy_may_be_written_without_a_scheme(
    serve: Serve, connect: Connect, environment: Callable[..., None], clock: FakeClock
) -> None:
    proxy = serve(says({"via": "proxy"}))
    environment(http_proxy=f"localhost:{proxy.port}")
    assert connect("http://service.invalid").get("/a") == {"via": "proxy"}
    assert not clock.waits
