"""What a token request says, to whom it goes, and that nothing of msal's own memory stands between."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

from tests.rest.fault_server import FaultServer, answer, html_login, says
from tests.rest.identity_service import IdentityService, anyone
from txojobs.errors import ConfigurationError, ForeignOriginError, HelpfulError
from txojobs.redact import Redactor
from txojobs.rest.settings import AuthSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from txojobs.rest.client import TxoRestAPI

    Connect = Callable[..., TxoRestAPI]
    Serve = Callable[..., FaultServer]
    Client = Callable[..., TxoRestAPI]

SECRET = "s3cret/+ :%ä"


@pytest.fixture
def client(serve: Serve, connect: Connect, authority: IdentityService) -> Client:
    """Make clients of an API that accepts everybody, with OAuth at the identity service."""

    def make(redactor: Redactor | None = None, trusted: tuple[str, ...] = (), **auth: Any) -> TxoRestAPI:
        settings = AuthSettings(type="oauth2", **{"secret": SECRET, "client_id": "the app", **auth})
        options = {} if redactor is None else {"redactor": redactor}
        return connect(
            serve(anyone), auth=settings, ca_bundle=authority.ca, trusted_origins=trusted, **options
        )

    return make


def test_a_token_url_is_asked_with_the_secret_in_the_header(
    client: Client, authority: IdentityService
) -> None:
    redactor = Redactor()
    client(token_url=f"{authority.token_url}?tenant=1", redactor=redactor).get("/a")
    (request,) = authority.requests
    assert request.target.endswith("/token?tenant=1")
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert authority.forms == [{"grant_type": ["client_credentials"]}]
    pair = request.headers["authorization"].removeprefix("Basic ")
    # RFC 6749 section 2.3.1: each is form-encoded before they are joined
    assert base64.b64decode(pair) == b"the+app:s3cret%2F%2B+%3A%25%C3%A4"
    assert redactor.clean(f"{pair} s3cret%2F%2B+%3A%25%C3%A4") == "*** ***"


def test_the_secret_may_travel_in_the_form_with_further_parameters(
    client: Client, authority: IdentityService
) -> None:
    parameters = (("audience", "https://api.example.com"), ("x-empty", "a&b=c"))
    client(
        token_url=authority.token_url, client_authentication="post", scope="a b", parameters=parameters
    ).get("/a")
    assert authority.forms == [
        {
            "grant_type": ["client_credentials"],
            "audience": ["https://api.example.com"],
            "x-empty": ["a&b=c"],
            "scope": ["a b"],
            "client_id": ["the app"],
            "client_secret": [SECRET],
        }
    ]
    assert "authorization" not in authority.requests[0].headers


@pytest.mark.parametrize("slash", ["", "/"])
def test_an_issuer_is_asked_for_its_token_url_once(
    slash: str, client: Client, authority: IdentityService
) -> None:
    authority.expires_in = 0
    api = client(issuer=f"{authority.url}/v2.0{slash}")
    for _ in range(3):
        api.get("/a")
    discovered = [each for each in authority.server.requests if "well-known" in each.target]
    assert [each.target for each in discovered] == ["/tenant/v2.0/.well-known/openid-configuration"]
    assert authority.tokens == 3


WRONG_DOCUMENTS: dict[str, tuple[dict[str, str], str]] = {
    "another issuer": (
        {"issuer": "https://login.example.com"},
        "that of the issuer 'https://login.example.com'",
    ),
    "no issuer": ({"issuer": ""}, "that of the issuer"),
    "no token endpoint": ({"token_endpoint": ""}, "names no token_endpoint"),
}


@pytest.mark.parametrize("name", WRONG_DOCUMENTS)
def test_a_document_of_another_issuer_is_not_trusted(
    name: str, client: Client, authority: IdentityService
) -> None:
    changed, said = WRONG_DOCUMENTS[name]
    for key, value in changed.items():
        setattr(authority, key, value)
    with pytest.raises(HelpfulError, match="is no OpenID issuer that can be used") as caught:
        client(issuer=f"{authority.url}/v2.0").get("/a")
    assert said in str(caught.value)
    assert "`oidc-issuer`" in (caught.value.how_to_fix or "")
    assert authority.forms == []


@pytest.mark.parametrize("status", [400, 404])
def test_an_issuer_without_a_document_is_named(
    status: int, client: Client, authority: IdentityService
) -> None:
    authority.discovery = [says({"error": "not here"}, status)]
    with pytest.raises(HelpfulError, match=f"it answered {status}"):
        client(issuer=f"{authority.url}/v2.0").get("/a")


@pytest.mark.parametrize("source", ["issuer", "authority"])
def test_p5_the_secret_goes_to_no_token_endpoint_elsewhere(
    source: str, serve: Serve, client: Client, authority: IdentityService
) -> None:
    evil = serve(says({"access_token": "x"}))
    authority.token_endpoint = f"https://127.0.0.1:{evil.port}/a/token"
    address = f"{authority.url}/v2.0" if source == "issuer" else authority.url
    # what the API may link to is not where its secret may go
    api = client(**{source: address, "scope": "s"}, trusted=(f"https://127.0.0.1:{evil.port}",))
    with pytest.raises(HelpfulError, match="nothing was sent there") as caught:
        api.get("/a")
    assert isinstance(caught.value.__cause__, ForeignOriginError)
    assert "`token-url`" in (caught.value.how_to_fix or "")
    assert evil.connections == 0


def test_p5_a_redirect_takes_the_secret_nowhere(
    serve: Serve, client: Client, authority: IdentityService
) -> None:
    evil = serve(says({"access_token": "x"}))
    for status in (301, 302, 307, 308):
        authority.before = [answer(status, b"", Location=f"{evil.url}/token")]
        with pytest.raises(HelpfulError, match="was redirected"):
            client(token_url=authority.token_url).get("/a")
    assert evil.connections == 0


@pytest.mark.parametrize("source", ["authority", "token_url"])
def test_a_refusal_is_not_remembered(source: str, client: Client, authority: IdentityService) -> None:
    authority.before = [says({"error": "invalid_scope"}, 400)] * 2
    api = client(**{source: getattr(authority, "url" if source == "authority" else source)}, scope="s")
    for _ in range(2):
        with pytest.raises(HelpfulError, match="invalid_scope"):
            api.get("/a")
    assert api.get("/a") == {"fine": True}
    assert len(authority.forms) == 3


def test_a_region_of_the_environment_moves_no_authority(
    client: Client, authority: IdentityService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MSAL_FORCE_REGION", "westeurope")
    monkeypatch.setenv("REGION_NAME", "westeurope")
    assert client(authority=authority.url, scope="s").get("/a") == {"fine": True}


def test_a_tenant_that_does_not_exist_is_explained(client: Client, authority: IdentityService) -> None:
    said = "AADSTS90002: Tenant 'tenant' not found."
    authority.discovery = [says({"error": "invalid_tenant", "error_description": said}, 400)]
    with pytest.raises(HelpfulError, match="there is no such tenant") as caught:
        client(authority=authority.url, scope="s").get("/a")
    assert said in str(caught.value)
    assert "`tenant-id`" in (caught.value.how_to_fix or "")


@pytest.mark.parametrize("status", [200, 201, 202, 203])
@pytest.mark.parametrize("document", [{}, {"issuer": "x"}, {"token_endpoint": "/token"}])
def test_a_document_that_msal_cannot_use_is_a_wrong_authority(
    document: dict[str, str], status: int, client: Client, authority: IdentityService
) -> None:
    authority.discovery = [says(document, status)]
    with pytest.raises(ConfigurationError, match="cannot be used") as caught:
        client(authority=authority.url, scope="s").get("/a")
    assert "ends in the tenant" in (caught.value.how_to_fix or "")


@pytest.mark.parametrize("source", ["authority", "issuer", "token_url"])
def test_a_login_page_in_place_of_an_answer_is_told(
    source: str, client: Client, authority: IdentityService
) -> None:
    authority.discovery = [html_login()] * 9
    authority.before = [html_login()] * 9
    addresses = {
        "authority": authority.url,
        "issuer": f"{authority.url}/v2.0",
        "token_url": authority.token_url,
    }
    with pytest.raises(HelpfulError, match="a web page titled 'Sign in to your account'") as caught:
        client(**{source: addresses[source]}, scope="s").get("/a")
    assert "is the address of the identity service" in (caught.value.how_to_fix or "")
