"""How long a token is used: one request for each lifetime, however short that is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.rest.fault_server import FaultServer, answer, says
from tests.rest.identity_service import IdentityService, anyone
from txojobs.errors import HelpfulError
from txojobs.redact import Redactor
from txojobs.rest.settings import AuthSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.rest.conftest import FakeClock
    from txojobs.rest.client import TxoRestAPI

    Connect = Callable[..., TxoRestAPI]
    Serve = Callable[..., FaultServer]

SOURCES = ("authority", "token_url")


@pytest.fixture
def client(serve: Serve, connect: Connect, authority: IdentityService) -> Callable[..., TxoRestAPI]:
    def make(source: str = "token_url", fallback: str = "", **options: Any) -> TxoRestAPI:
        address = authority.url if source == "authority" else authority.token_url
        auth = AuthSettings(
            type="oauth2",
            secret="cl1ent-s3cret",
            client_id="app",
            scope="https://api/.default",
            fallback_token=fallback,
            **{source: address},  # type: ignore[arg-type]  # one of the two
        )
        return connect(serve(anyone), auth=auth, ca_bundle=authority.ca, **options)

    return make


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(
    "life",
    [(3600, 3300), (3000, 2700), (600, 540), (60, 54), (10, 9), (2, 1.8), ("3600", 3300), (90000, 89700)],
)
def test_a_token_is_renewed_shortly_before_its_end(
    source: str,
    life: tuple[object, float],
    client: Callable[..., TxoRestAPI],
    authority: IdentityService,
    clock: FakeClock,
) -> None:
    authority.expires_in, used_s = life
    api = client(source)
    for share in (0.0, 0.3, 0.6, 0.99):
        clock.now = 1000.0 + share * used_s
        api.get("/a")
    assert authority.tokens == 1
    clock.now = 1000.0 + 1.01 * used_s
    api.get("/a")
    api.get("/a")
    assert authority.tokens == 2


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(
    "expires_in", [None, "soon", True, float("nan"), float("inf"), float("-inf"), 10**400, [1]]
)
def test_a_token_without_a_lifetime_is_used_until_it_is_refused(
    source: str,
    expires_in: object,
    client: Callable[..., TxoRestAPI],
    authority: IdentityService,
    clock: FakeClock,
) -> None:
    authority.expires_in = expires_in
    api = client(source)
    for _ in range(3):
        api.get("/a")
        clock.now += 1e7
    assert authority.tokens == 1


@pytest.mark.parametrize("expires_in", [0, -5, "-1"])
def test_a_token_that_is_born_dead_is_used_for_one_request(
    expires_in: object, client: Callable[..., TxoRestAPI], authority: IdentityService
) -> None:
    authority.expires_in = expires_in
    api = client()
    for _ in range(3):
        assert api.get("/a") == {"fine": True}
    assert authority.tokens == 3


def test_a_token_that_still_lives_is_used_when_no_new_one_can_be_had(
    client: Callable[..., TxoRestAPI],
    authority: IdentityService,
    clock: FakeClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    api = client()
    api.get("/a")
    clock.now += 3400
    authority.before = [says({"error": "invalid_client"}, 401)] * 2
    for _ in range(5):
        assert api.get("/a") == {"fine": True}
    assert len(authority.forms) == 2, "it is not asked again for each request"
    assert "going on with the token that is still valid" in caplog.text
    clock.now += 31
    api.get("/a")
    assert len(authority.forms) == 3
    clock.now += 200
    authority.before = [says({"error": "invalid_client"}, 401)]
    with pytest.raises(HelpfulError, match="invalid_client"):
        api.get("/a")


def test_a_refused_token_is_not_used_again_when_no_new_one_can_be_had(
    serve: Serve, connect: Connect, authority: IdentityService
) -> None:
    server = serve(says({"fine": True}), answer(401))
    auth = AuthSettings(type="oauth2", secret="cl1ent-s3cret", client_id="app", token_url=authority.token_url)
    api = connect(server, auth=auth, ca_bundle=authority.ca)
    api.get("/a")
    authority.before = [says({"error": "access_denied"}, 403)] * 9
    with pytest.raises(HelpfulError, match="access_denied"):
        api.get("/a")
    assert len(server.requests) == 2


@pytest.mark.parametrize("source", SOURCES)
def test_p5_every_token_of_an_answer_is_known_to_the_redactor(
    source: str, client: Callable[..., TxoRestAPI], authority: IdentityService
) -> None:
    authority.more = {"refresh_token": "refr3sh-me", "id_token": "who-1-am"}
    redactor = Redactor()
    client(source, redactor=redactor).get("/a")
    assert redactor.clean("token-1 refr3sh-me who-1-am cl1ent-s3cret") == "*** *** *** ***"


def test_a_token_that_is_no_bearer_is_refused(
    client: Callable[..., TxoRestAPI], authority: IdentityService
) -> None:
    authority.more = {"token_type": "DPoP"}
    with pytest.raises(HelpfulError, match="of type 'DPoP'"):
        client().get("/a")


@pytest.mark.parametrize("content", [{}, {"access_token": 7}, {"access_token": ""}])
def test_an_answer_without_a_token_is_an_error(
    content: dict[str, object], client: Callable[..., TxoRestAPI], authority: IdentityService
) -> None:
    authority.before = [says(content)]
    with pytest.raises(HelpfulError, match="gave no reason"):
        client().get("/a")
