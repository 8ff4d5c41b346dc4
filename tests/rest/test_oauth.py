from __future__ import annotations

import json
import ssl
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest
import trustme

from tests.rest.fault_server import FaultServer, answer, says
from txojobs.errors import (
    ApiAuthenticationError,
    ApiOperationError,
    ConfigurationError,
    ForeignOriginError,
    HelpfulError,
)
from txojobs.redact import Redactor
from txojobs.rest.factory import acquire_token
from txojobs.rest.settings import AuthSettings, RetrySettings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.rest.conftest import FakeClock
    from tests.rest.fault_server import Connection, Step
    from txojobs.rest.client import TxoRestAPI

    Connect = Callable[..., TxoRestAPI]
    Serve = Callable[..., FaultServer]


class Authority:
    """An OpenID provider on loopback that hands out numbered tokens."""

    def __init__(self, serve: Serve, tls: ssl.SSLContext) -> None:
        self.tokens = 0
        self.forms: list[dict[str, list[str]]] = []
        self.before: list[Step] = []
        self.lock = threading.Lock()
        self.token_endpoint = "{base}/tenant/oauth2/v2.0/token"
        self.server = serve(self.step, tls=tls, host="127.0.0.1")

    @property
    def url(self) -> str:
        return f"{self.server.url}/tenant"

    def step(self, connection: Connection) -> bool:
        if connection.request.target.endswith("/.well-known/openid-configuration"):
            base = connection.base
            return says(
                {
                    "issuer": f"{base}/tenant/v2.0",
                    "authorization_endpoint": f"{base}/tenant/oauth2/v2.0/authorize",
                    "token_endpoint": self.token_endpoint.replace("{base}", base),
                }
            )(connection)
        with self.lock:
            self.forms.append(parse_qs(connection.request.body.decode()))
            if self.before:
                return self.before.pop(0)(connection)
            self.tokens += 1
            token = f"token-{self.tokens}"
        return says({"token_type": "Bearer", "expires_in": 3600, "access_token": token})(connection)


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> tuple[trustme.CA, Path]:
    made = trustme.CA()
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    made.cert_pem.write_to_path(str(path))
    return made, path


@pytest.fixture
def authority(serve: Serve, ca: tuple[trustme.CA, Path]) -> Authority:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca[0].issue_cert("127.0.0.1").configure_cert(context)
    return Authority(serve, context)


@pytest.fixture
def oauth(authority: Authority, ca: tuple[trustme.CA, Path], connect: Connect) -> Callable[..., TxoRestAPI]:
    def make(server: FaultServer, *, fallback: str = "", **options: Any) -> TxoRestAPI:
        auth = AuthSettings(
            type="oauth2",
            secret="cl1ent-s3cret",
            fallback_token=fallback,
            authority=authority.url,
            client_id="app",
            scope="https://api/.default",
        )
        return connect(server, auth=auth, ca_bundle=str(ca[1]), **options)

    return make


def guarded(server_token: Callable[[], str]) -> Step:
    """Accept one token only."""

    def step(connection: Connection) -> bool:
        good = connection.request.headers.get("authorization") == f"Bearer {server_token()}"
        return (says({"fine": True}) if good else answer(401))(connection)

    return step


def test_g16_gets_one_token_for_many_requests(
    serve: Serve, oauth: Callable[..., TxoRestAPI], authority: Authority
) -> None:
    redactor = Redactor()
    client = oauth(serve(guarded(lambda: "token-1")), redactor=redactor)
    for _ in range(5):
        assert client.get("/a") == {"fine": True}
    assert authority.tokens == 1
    (form,) = authority.forms
    assert form["grant_type"] == ["client_credentials"]
    assert form["scope"] == ["https://api/.default"]
    assert form["client_secret"] == ["cl1ent-s3cret"]
    assert redactor.clean("token-1 cl1ent-s3cret") == "*** ***"


def test_g16_eight_threads_on_a_cold_cache_make_one_token_request(
    serve: Serve, oauth: Callable[..., TxoRestAPI], authority: Authority
) -> None:
    client = oauth(serve(guarded(lambda: "token-1")))
    results = in_threads(8, lambda: client.get("/a"))
    assert results == [{"fine": True}] * 8
    assert authority.tokens == 1


def test_g16_eight_threads_with_an_expired_token_make_one_token_request(
    serve: Serve, oauth: Callable[..., TxoRestAPI], authority: Authority
) -> None:
    accepted = ["token-1"]
    server = serve(guarded(lambda: accepted[0]))
    client = oauth(server)
    client.get("/a")
    accepted[0] = "token-2"
    results = in_threads(8, lambda: client.get("/a"))
    assert results == [{"fine": True}] * 8
    assert authority.tokens == 2


def test_a_change_refused_with_401_is_sent_again_with_a_new_token(
    serve: Serve, oauth: Callable[..., TxoRestAPI], authority: Authority
) -> None:
    server = serve(guarded(lambda: "token-2"))
    assert oauth(server).post("/a", {}) == {"fine": True}
    assert [request.method for request in server.requests] == ["POST", "POST"]
    assert authority.tokens == 2


def test_a_second_401_is_final(serve: Serve, oauth: Callable[..., TxoRestAPI], authority: Authority) -> None:
    server = serve(answer(401))
    with pytest.raises(ApiAuthenticationError):
        oauth(server).get("/a")
    assert len(server.requests) == 2
    assert authority.tokens == 2


REFUSALS = {
    "AADSTS7000215: Invalid client secret provided.": "copy its value",
    "AADSTS7000222: The provided client secret keys are expired.": "has expired",
    "AADSTS700016: Application with identifier 'app' was not found": "client-id",
    "AADSTS500011: The resource principal was not found": "oauth-scope",
    "something new": "client-id",
}


@pytest.mark.parametrize("description", REFUSALS)
def test_g29_a_refusal_of_the_authority_says_what_to_do(
    description: str, serve: Serve, oauth: Callable[..., TxoRestAPI], authority: Authority
) -> None:
    authority.before = [says({"error": "invalid_client", "error_description": description}, 401)] * 9
    server = serve(says({}))
    with pytest.raises(HelpfulError, match="Failed to acquire authentication token") as caught:
        oauth(server).get("/a")
    assert REFUSALS[description] in (caught.value.how_to_fix or "")
    assert "az-token" in (caught.value.how_to_fix or "")
    assert "cl1ent" not in f"{caught.value} {caught.value.how_to_fix}"
    assert server.connections == 0


def test_g16_falls_back_to_the_token_of_the_secrets_file(
    serve: Serve, oauth: Callable[..., TxoRestAPI], authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    authority.before = [says({"error": "invalid_client"}, 401)] * 9
    assert oauth(serve(guarded(lambda: "az")), fallback="az").get("/a") == {"fine": True}
    assert "using the one of the secrets file" in caplog.text


def test_an_authority_that_is_busy_is_asked_again(
    serve: Serve, oauth: Callable[..., TxoRestAPI], authority: Authority, clock: FakeClock
) -> None:
    authority.before = [answer(503), answer(500)]
    assert oauth(serve(guarded(lambda: "token-1"))).get("/a") == {"fine": True}
    assert clock.waits == [0.8, 1.6]


def test_an_authority_that_is_down_is_an_error(
    serve: Serve, oauth: Callable[..., TxoRestAPI], authority: Authority
) -> None:
    authority.before = [answer(503)] * 99
    client = oauth(serve(says({})), retry=RetrySettings(max_retries=1))
    for _ in range(2):
        with pytest.raises(ApiOperationError, match="503"):
            client.get("/a")
    assert len(authority.forms) == 4, "msal must not answer from its memory of the first failure"


def test_the_secret_goes_to_no_other_authority(
    serve: Serve, oauth: Callable[..., TxoRestAPI], authority: Authority
) -> None:
    evil = serve(says({"access_token": "x"}))
    authority.token_endpoint = f"{evil.url}/token"
    with pytest.raises((ForeignOriginError, ConfigurationError, HelpfulError)):
        oauth(serve(says({}))).get("/a")
    assert evil.connections == 0


def test_the_token_is_not_sent_elsewhere(
    serve: Serve, oauth: Callable[..., TxoRestAPI], authority: Authority
) -> None:
    evil = serve(says({}))
    with pytest.raises(ForeignOriginError):
        oauth(serve(says({}))).get(f"{evil.url}/a")
    assert evil.connections == 0
    assert authority.tokens == 0


def test_acquire_token_for_the_guides_scripts(authority: Authority, ca: tuple[trustme.CA, Path]) -> None:
    config = {
        "global": {
            "api-base-url": "https://api.example.com",
            "client-id": "app",
            "oauth-scope": "https://api/.default",
            "auth": {"type": "oauth2", "authority": authority.url},
            "ca-bundle": str(ca[1]),
        },
        "_client_secret": "s",
    }
    assert acquire_token(config) == "token-1"
    assert acquire_token({"global": {"api-base-url": "https://a"}, "_az_token": "Bearer z"}) == "z"
    with pytest.raises(HelpfulError, match="Failed to acquire authentication token"):
        acquire_token({"global": {"api-base-url": "https://a"}})


def in_threads(count: int, call: Callable[[], Any]) -> list[Any]:
    results: list[Any] = []
    start = threading.Barrier(count)

    def run() -> None:
        start.wait(10)
        try:
            results.append(call())
        except Exception as err:  # noqa: BLE001  # shown by the assertion on the results
            results.append(json.dumps(str(err)))

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return results
