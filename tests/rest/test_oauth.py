from __future__ import annotations

import socket
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.rest.fault_server import FaultServer, answer, says
from tests.rest.identity_service import IdentityService, guarded, in_threads
from txojobs.errors import (
    ApiAuthenticationError,
    ApiOperationError,
    ForeignOriginError,
    HelpfulError,
)
from txojobs.redact import Redactor
from txojobs.rest.factory import acquire_token
from txojobs.rest.settings import AuthSettings, RetrySettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.rest.conftest import FakeClock
    from txojobs.rest.client import TxoRestAPI

    Connect = Callable[..., TxoRestAPI]
    Serve = Callable[..., FaultServer]


@pytest.fixture
def oauth(authority: IdentityService, connect: Connect) -> Callable[..., TxoRestAPI]:
    def make(server: FaultServer, *, fallback: str = "", **options: Any) -> TxoRestAPI:
        auth = AuthSettings(
            type="oauth2",
            secret="cl1ent-s3cret",
            fallback_token=fallback,
            authority=authority.url,
            client_id="app",
            scope="https://api/.default",
        )
        return connect(server, auth=auth, ca_bundle=authority.ca, **options)

    return make


def test_g16_gets_one_token_for_many_requests(
    serve: Serve, oauth: Callable[..., TxoRestAPI], authority: IdentityService
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


def test_the_traffic_tells_what_the_authority_was_asked(
    serve: Serve, oauth: Callable[..., TxoRestAPI], authority: IdentityService
) -> None:
    authority.before.append(answer(503, b"", Retry_After="7"))
    server = serve(guarded(lambda: "token-1"))
    client = oauth(server)
    client.get("/a")
    found = {each.origin: each for each in client.traffic}
    assert set(found) == {server.url, authority.server.url}
    assert found[server.url].requests == 1
    assert found[server.url].bytes_received == 14
    theirs = found[authority.server.url]
    assert (theirs.requests, theirs.retries) == (3, 1)  # the directory of addresses, and the token twice
    assert theirs.bytes_received > 100
    assert theirs.waits_s == {"retry": 7}


def test_an_unknown_host_is_blamed_on_the_key_that_names_it(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(says({}))
    look_up = socket.getaddrinfo

    def without_a_network(host: Any, *others: Any, **named: Any) -> Any:
        if host == "127.0.0.1":
            return look_up(host, *others, **named)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", without_a_network)
    auth = AuthSettings(type="oauth2", secret="cl1ent-s3cret", client_id="app", scope="x")
    for source, said in (
        (
            replace(auth, authority="https://login.microsoftonline.com/tenant"),
            "check the network, and whether a VPN",
        ),
        (replace(auth, authority="https://login.example.com/tenant"), "check the spelling of `authority`"),
        (replace(auth, token_url="https://login.example.com/token"), "check the spelling of `token-url`"),
    ):
        with pytest.raises(HelpfulError, match="host name is not known") as caught:
            connect(server, auth=source).get("/a")
        assert str(caught.value.how_to_fix).startswith(said)


def test_g16_eight_threads_on_a_cold_cache_make_one_token_request(
    serve: Serve, oauth: Callable[..., TxoRestAPI], authority: IdentityService
) -> None:
    client = oauth(serve(guarded(lambda: "token-1")))
    results = in_threads(8, lambda: client.get("/a"))
    assert results == [{"fine": True}] * 8
    assert authority.tokens == 1


def test_g16_eight_threads_with_an_expired_token_make_one_token_request(
    serve: Serve, oauth: Callable[..., TxoRestAPI], authority: IdentityService
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
    serve: Serve, oauth: Callable[..., TxoRestAPI], authority: IdentityService
) -> None:
    server = serve(guarded(lambda: "token-2"))
    assert oauth(server).post("/a", {}) == {"fine": True}
    assert [request.method for request in server.requests] == ["POST", "POST"]
    assert authority.tokens == 2


def test_a_second_401_is_final(
    serve: Serve, oauth: Callable[..., TxoRestAPI], authority: IdentityService
) -> None:
    server = serve(answer(401))
    with pytest.raises(ApiAuthenticationError):
        oauth(server).get("/a")
    assert len(server.requests) == 2
    assert authority.tokens == 2


def test_g29_a_refusal_of_the_authority_says_what_to_do(
    serve: Serve, oauth: Callable[..., TxoRestAPI], authority: IdentityService
) -> None:
    description = "AADSTS7000215: Invalid client secret provided for app 'app'."
    authority.before = [says({"error": "invalid_client", "error_description": description}, 401)] * 9
    server = serve(says({}))
    with pytest.raises(HelpfulError, match="Failed to acquire authentication token") as caught:
        oauth(server).get("/a")
    assert "the client secret is wrong" in str(caught.value)
    assert description in str(caught.value)
    assert "copy its value" in (caught.value.how_to_fix or "")
    assert "az-token" in (caught.value.how_to_fix or "")
    assert "cl1ent" not in f"{caught.value} {caught.value.how_to_fix}"
    assert server.connections == 0


def test_g16_falls_back_to_the_token_of_the_secrets_file(
    serve: Serve,
    oauth: Callable[..., TxoRestAPI],
    authority: IdentityService,
    caplog: pytest.LogCaptureFixture,
) -> None:
    authority.before = [says({"error": "invalid_client"}, 401)] * 9
    assert oauth(serve(guarded(lambda: "az")), fallback="az").get("/a") == {"fine": True}
    assert "using the token of the secrets file" in caplog.text


def test_an_authority_that_is_busy_is_asked_again(
    serve: Serve, oauth: Callable[..., TxoRestAPI], authority: IdentityService, clock: FakeClock
) -> None:
    authority.before = [answer(503), answer(500)]
    assert oauth(serve(guarded(lambda: "token-1"))).get("/a") == {"fine": True}
    assert clock.waits == [0.8, 1.6]


def test_an_authority_that_is_down_is_an_error(
    serve: Serve, oauth: Callable[..., TxoRestAPI], authority: IdentityService
) -> None:
    authority.before = [answer(503)] * 99
    client = oauth(serve(says({})), retry=RetrySettings(max_retries=1))
    for _ in range(2):
        with pytest.raises(HelpfulError, match="503") as caught:
            client.get("/a")
        assert isinstance(caught.value.__cause__, ApiOperationError)
        assert "the identity service's" in (caught.value.how_to_fix or "")
    assert len(authority.forms) == 4, "msal must not answer from its memory of the first failure"


def test_the_secret_goes_to_no_other_authority(
    serve: Serve, oauth: Callable[..., TxoRestAPI], authority: IdentityService
) -> None:
    evil = serve(says({"access_token": "x"}))
    authority.token_endpoint = f"https://127.0.0.1:{evil.port}/a/token"
    with pytest.raises(HelpfulError, match="nothing was sent there") as caught:
        oauth(serve(says({}))).get("/a")
    assert isinstance(caught.value.__cause__, ForeignOriginError)
    assert "`token-url`" in (caught.value.how_to_fix or "")
    assert "trusted-origins" not in (caught.value.how_to_fix or "")
    assert evil.connections == 0


def test_the_token_is_not_sent_elsewhere(
    serve: Serve, oauth: Callable[..., TxoRestAPI], authority: IdentityService
) -> None:
    evil = serve(says({}))
    with pytest.raises(ForeignOriginError):
        oauth(serve(says({}))).get(f"{evil.url}/a")
    assert evil.connections == 0
    assert authority.tokens == 0


def test_acquire_token_for_the_guides_scripts(authority: IdentityService) -> None:
    config = {
        "global": {
            "api-base-url": "https://api.example.com",
            "client-id": "app",
            "oauth-scope": "https://api/.default",
            "auth": {"type": "oauth2", "authority": authority.url},
            "ca-bundle": authority.ca,
        },
        "_client_secret": "s",
    }
    assert acquire_token(config) == "token-1"
    assert acquire_token({"global": {"api-base-url": "https://a"}, "_az_token": "Bearer z"}) == "z"
    with pytest.raises(HelpfulError, match="Failed to acquire authentication token"):
        acquire_token({"global": {"api-base-url": "https://a"}})
