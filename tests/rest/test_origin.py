"""A credential goes to its own origin only: the foreign server must not see one connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.rest.fault_server import answer, page, redirect, says
from txojobs.errors import ApiError, ConfigurationError, ForeignOriginError, TxoBaseError
from txojobs.rest.odata import ODataReader
from txojobs.rest.origin import Origin, OriginGuard, is_link_local, origin_of
from txojobs.rest.query import EntityQuery
from txojobs.rest.settings import AuthSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.rest.fault_server import FaultServer
    from txojobs.rest.client import TxoRestAPI

    Connect = Callable[..., TxoRestAPI]
    Serve = Callable[..., FaultServer]

CREDENTIALS = {
    "bearer": AuthSettings(type="bearer", secret="canary"),
    "api key": AuthSettings(type="api-key", secret="canary"),
    "api key in the query": AuthSettings(type="api-key", secret="canary", key_in="query", key_name="code"),
    "basic": AuthSettings(type="basic", username="me", secret="canary"),
    "none": AuthSettings(),
}


def evil_links(good: FaultServer, evil: FaultServer) -> dict[str, str]:
    """Every way to spell another origin; {evil} listens on 127.0.0.1, too."""
    at = f"127.0.0.1:{evil.port}"
    return {
        "absolute": f"http://{at}/x",
        "without a scheme": f"//{at}/x",
        "good as a user name": f"http://127.0.0.1:{good.port}@{at}/x",
        "good as user and password": f"http://a:b@{at}/x",
        "a backslash": f"http://{at}\\@127.0.0.1:{good.port}/x",
        "a backslash the other way": f"http://127.0.0.1:{good.port}\\@{at}/x",
        "a leading tab": f"\thttp://{at}/x",
        "a leading space": f" http://{at}/x",
        "another name of the host": f"http://localhost:{evil.port}/x",
        "a number for the host": f"http://2130706433:{evil.port}/x",
        "a short address": f"http://127.1:{evil.port}/x",
        "upper case scheme": f"HTTP://{at}/x",
        "two slashes in the path": f"/\\{at}/x",
        "fragment first": f"http://{at}#@127.0.0.1:{good.port}/x",
        "another scheme": f"https://127.0.0.1:{good.port}/x",
        "a file": "file:///etc/passwd",
    }


SPELLINGS = list(evil_links(*(type("S", (), {"port": 1})() for _ in range(2))))


@pytest.mark.parametrize("credential", CREDENTIALS.values(), ids=CREDENTIALS)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_next_link_to_another_origin_gets_no_connection(
    spelling: str, credential: AuthSettings, serve: Serve, connect: Connect
) -> None:
    evil = serve(says({"value": []}))
    good = serve(answer(404))
    link = evil_links(good, evil)[spelling]
    good.script[:] = [page({"No": "1"}, next_link=link), answer(404)]
    with pytest.raises(TxoBaseError) as caught:
        list(ODataReader(connect(good, auth=credential), EntityQuery(entity="Customers")).pages())
    assert evil.connections == 0
    assert isinstance(caught.value, ForeignOriginError)
    assert "canary" not in str(caught.value)


def test_without_the_guard_the_same_link_is_followed(serve: Serve, connect: Connect) -> None:
    evil = serve(page({"No": "2"}))
    good = serve(page({"No": "1"}, next_link=f"{evil.url}/x"))
    client = connect(good, auth=CREDENTIALS["bearer"], trusted_origins=(evil.url,))
    rows = [row for rows in ODataReader(client, EntityQuery(entity="C")).pages() for row in rows]
    assert rows == [{"No": "1"}, {"No": "2"}], "so the tests above show the guard and nothing else"
    assert evil.requests[0].headers["authorization"] == "Bearer canary"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("credential", CREDENTIALS.values(), ids=CREDENTIALS)
def test_a_redirect_to_another_origin_gets_no_connection(
    status: int, credential: AuthSettings, serve: Serve, connect: Connect
) -> None:
    evil = serve(says({}))
    good = serve(redirect(status, f"{evil.url}/x"))
    client = connect(good, auth=credential)
    with pytest.raises(ApiError):
        client.get("/thing")
    with pytest.raises(ApiError):
        client.post("/thing", {"secret": "body"})
    assert evil.connections == 0


def test_the_place_of_a_long_operation_is_checked(serve: Serve, connect: Connect) -> None:
    evil = serve(says({}))
    good = serve(answer(202, b"", Location=f"{evil.url}/jobs/1"))
    with pytest.raises(ForeignOriginError):
        connect(good, auth=CREDENTIALS["bearer"]).post("/thing", {})
    assert evil.connections == 0


def test_a_context_url_of_another_origin_is_not_followed(serve: Serve, connect: Connect) -> None:
    evil = serve(page())
    good = serve(page({"No": "1"}, next_link="C?$skiptoken=1", odata_context=f"{evil.url}/$metadata#C"))
    with pytest.raises(ForeignOriginError, match="points to"):
        list(ODataReader(connect(good), EntityQuery(entity="C")).pages())
    assert evil.connections == 0


def test_a_cookie_stays_with_its_origin(serve: Serve, connect: Connect) -> None:
    other = serve(says({}))
    good = serve(says({}, Set_Cookie="session=canary; Path=/"))
    client = connect(good, trusted_origins=(other.url,))
    client.get("/a")
    client.get("/b")
    client.get(f"{other.url}/c")
    assert good.requests[1].headers["cookie"] == "session=canary"
    assert "cookie" not in other.requests[0].headers, "a cookie jar would send it to any port of the host"


def test_netrc_never_replaces_a_token(
    serve: Serve, connect: Connect, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, line in (("netrc", "machine 127.0.0.1"), (".netrc", "default"), ("_netrc", "default")):
        (tmp_path / name).write_text(f"{line} login someone password else\n")
        (tmp_path / name).chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    for with_variable in (True, False):
        monkeypatch.delenv("NETRC", raising=False)
        if with_variable:
            monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
        server = serve(redirect(307, "/b"), says({}))
        connect(server, auth=CREDENTIALS["bearer"]).get("/a")
        connect(server).get("/c")
        assert [request.headers.get("authorization") for request in server.requests] == [
            *["Bearer canary"] * 2,
            None,
        ]


def test_a_proxy_of_the_environment_is_used(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve(says({"via": "proxy"}))
    monkeypatch.setenv("http_proxy", proxy.url)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert connect("http://service.invalid").get("/a") == {"via": "proxy"}
    assert proxy.requests[0].target == "http://service.invalid/a"


@pytest.mark.parametrize("credential", [kind for kind in CREDENTIALS if kind != "none"])
@pytest.mark.parametrize(
    "host",
    [
        "10.0.0.1",
        "service.invalid",
        "192.168.1.1",
        "127.0.0.1.evil.invalid",
        "localhost.evil.invalid",
        "0.0.0.0",
    ],
)
def test_p5_plain_http_carries_no_credential(host: str, credential: str, connect: Connect) -> None:
    client = connect(f"http://{host}:9", auth=CREDENTIALS[credential])
    for ask in (client.get, client.post):
        with pytest.raises(ForeignOriginError, match="plain http") as caught:
            ask("/a")
        assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/a", {"Authorization": "Bearer canary"}),
        ("/a", {"x-api-key": "canary"}),
        ("/a", {"Cookie": "sid=canary"}),
        ("/a?api_key=canary", {}),
        ("/a?b=c&access%5Ftoken=canary", {}),
    ],
)
def test_p5_nor_one_that_the_caller_writes_himself(
    path: str, headers: dict[str, str], connect: Connect, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve(says({}))
    monkeypatch.setenv("http_proxy", proxy.url)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    client = connect("http://service.invalid")
    with pytest.raises(ForeignOriginError, match="plain http"):
        client.get(path, headers=headers)
    assert not proxy.requests
    client.get("/a?code=SE&key=7", headers={"Accept-Language": "sv"})
    assert len(proxy.requests) == 1


def test_a_name_that_leads_to_a_link_local_address_gets_nothing(
    connect: Connect, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No test may take such an address, so this one plays that it is: the name is judged where it has led."""
    server = serve(says({}))
    monkeypatch.setattr("txojobs.rest.sockets.is_link_local", lambda host: host == "127.0.0.1")
    with pytest.raises(ForeignOriginError, match="localhost leads to a link-local address"):
        connect(f"http://localhost:{server.port}").get("/a")
    assert not server.requests


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_plain_http_carries_a_credential_on_this_machine(host: str, serve: Serve, connect: Connect) -> None:
    server = serve(says({}))
    connect(f"http://{host}:{server.port}", auth=CREDENTIALS["bearer"]).get("/a")
    assert server.requests[0].headers["authorization"] == "Bearer canary"


def test_p5_trust_does_not_make_plain_http_safe(connect: Connect) -> None:
    client = connect(
        "https://service.invalid",
        auth=CREDENTIALS["bearer"],
        trusted_origins=("http://service.invalid",),
    )
    with pytest.raises(ForeignOriginError, match="plain http"):
        client.get("http://service.invalid/a")


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "2852039166",
        "0xa9fea9fe",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "[::ffff:169.254.169.254]",
    ],
)
def test_a_link_local_address_is_refused(host: str) -> None:
    assert is_link_local(host.strip("[]"))
    with pytest.raises((ConfigurationError, ForeignOriginError)):
        OriginGuard(f"http://{host}/latest")


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("https://API.example.com/x", True),
        ("https://api.example.com:443/x", True),
        ("HTTPS://api.example.com", True),
        ("https://api.example.com./x", False),
        ("https://api.example.com:444/x", False),
        ("http://api.example.com/x", False),
        ("https://api.example.com.evil.test/x", False),
        ("https://evil.test/api.example.com", False),
        ("https://аpi.example.com/x", False),  # a Cyrillic a  # noqa: RUF001
    ],
)
def test_compares_scheme_host_and_port(url: str, *, same: bool) -> None:
    guard = OriginGuard("https://api.example.com/v2")
    if same:
        assert guard.check(url, credential=True) == Origin("https", "api.example.com", 443)
        return
    with pytest.raises(ForeignOriginError, match=r"api\.example\.com|refused"):
        guard.check(url, credential=True)


@pytest.mark.parametrize(
    "url", ["https://a@b/x", "https://a:b@c/x", "ftp://a/x", "https:///x", "//a", "https://[::1/x"]
)
def test_refuses_what_is_no_plain_address(url: str) -> None:
    with pytest.raises(ForeignOriginError):
        origin_of(url)


def test_a_relative_address_cannot_climb_out(serve: Serve, connect: Connect) -> None:
    server = serve(says({}))
    client = connect(f"{server.url}/v2")
    for url in ("../admin", "/a/../../admin", "a/%2e%2e/b", "a\\..\\b"):
        with pytest.raises(TxoBaseError):
            client.get(url)
    client.get("endpoint")
    client.get("/endpoint")
    client.get(f"{server.url}/elsewhere")
    assert [request.target for request in server.requests] == ["/v2/endpoint", "/v2/endpoint", "/elsewhere"]
