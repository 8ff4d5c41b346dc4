"""What a service demands in WWW-Authenticate is read, shown escaped, and answered with the right advice."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest

from tests.rest.fault_server import FaultServer, answer, says
from tests.rest.identity_service import IdentityService, guarded
from txojobs.errors import ApiAuthenticationError, ApiOperationError
from txojobs.redact import Redactor
from txojobs.rest.challenges import Challenge, bearer_challenge
from txojobs.rest.settings import AuthSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from txojobs.rest.client import TxoRestAPI

    Connect = Callable[..., TxoRestAPI]
    Serve = Callable[..., FaultServer]

CLAIMS = {"access_token": {"nbf": {"essential": True, "value": "1604106651"}}}
ENCODED = base64.b64encode(json.dumps(CLAIMS).encode()).decode()


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("", Challenge()),
        ("Bearer", Challenge()),
        ('Basic realm="a", error="x"', Challenge()),
        ('Bearer realm="a", error="invalid_token"', Challenge(error="invalid_token")),
        ('bearer ERROR="invalid_token"', Challenge(error="invalid_token")),
        ("Bearer error=invalid_token , error_description=late", Challenge("invalid_token", "late")),
        ('Bearer error="e", error_description="it \\"really\\" is"', Challenge("e", 'it "really" is')),
        ('Bearer error="e" scope="a b"', Challenge("e", scope="a b")),
        ('Negotiate, Basic realm="x, Bearer", Bearer error="e"', Challenge("e")),
        ('Negotiate abc+/==, Bearer error="e"', Challenge("e")),
        ('Bearer realm="a", Bearer error="e"', Challenge("e")),
        ('Bearer scope="s", Basic error="x"', Challenge(scope="s")),
        (
            f'Bearer error="insufficient_claims", claims="{ENCODED}"',
            Challenge("insufficient_claims", claims=json.dumps(CLAIMS)),
        ),
        (f'Bearer error="e", claims="{ENCODED.rstrip("=")}"', Challenge("e", claims=json.dumps(CLAIMS))),
        ('Bearer error="e", claims="no base64!"', Challenge("e", claims="no base64!")),
        ('Bearer error="e", error_description="never ends', Challenge("e")),
        ('=, ,"Bearer error="e"', Challenge()),
    ],
)
def test_reads_the_first_bearer_challenge_that_gives_a_reason(header: str, found: Challenge) -> None:
    assert bearer_challenge(header) == found


def test_a_challenge_is_foreign_text() -> None:
    found = bearer_challenge(
        f'Bearer error="a\x1b[31m\u202eb", error_description="{"x" * 5000}", scope="a\tb"'
    )
    assert found.error == "a\\x1b[31m\\u202eb"
    assert len(found.description) == 300
    assert found.scope == "a b"


def test_hostile_headers_are_read_in_time() -> None:
    for part in ("a=", '"\\', "Bearer ", ",", 'a="', "a" * 50 + " "):
        bearer_challenge(part * 100_000)


def test_a_second_401_tells_the_reason_and_the_service_that_the_token_is_for(
    serve: Serve, connect: Connect, authority: IdentityService
) -> None:
    server = serve(
        answer(401, b"", WWW_Authenticate='Bearer error="invalid_token", error_description="bad audience"')
    )
    auth = AuthSettings(
        type="oauth2", secret="s3cr3t", authority=authority.url, client_id="app", scope="https://api/.default"
    )
    with pytest.raises(ApiAuthenticationError, match="reason: invalid_token: bad audience") as caught:
        connect(server, auth=auth, ca_bundle=authority.ca).get("/a")
    assert "the scope https://api/.default means this service" in (caught.value.how_to_fix or "")
    assert len(server.requests) == 2
    assert authority.tokens == 2


def test_a_token_that_the_clock_calls_alive_is_renewed_once(
    serve: Serve, connect: Connect, authority: IdentityService
) -> None:
    server = serve(guarded(lambda: "token-2"))
    auth = AuthSettings(type="oauth2", secret="s3cr3t", token_url=authority.token_url, client_id="app")
    client = connect(server, auth=auth, ca_bundle=authority.ca)
    for _ in range(3):
        assert client.get("/a") == {"fine": True}
    assert len(server.requests) == 4
    assert authority.tokens == 2


@pytest.mark.parametrize(
    ("status", "header", "said_and_fix"),
    [
        (
            403,
            'error="insufficient_scope", scope="Orders.Read"',
            ("it wants the scope Orders.Read", "the permission that the service names"),
        ),
        (
            401,
            f'error="insufficient_claims", claims="{ENCODED}"',
            ('"essential": true', "Conditional Access"),
        ),
        (401, 'error="insufficient_user_authentication"', ("insufficient_user", "a person to sign in")),
    ],
)
def test_what_no_new_token_can_give_is_explained(
    status: int, header: str, said_and_fix: tuple[str, str], serve: Serve, connect: Connect
) -> None:
    server = serve(answer(status, b"", WWW_Authenticate=f"Bearer {header}"))
    kind = ApiAuthenticationError if status == 401 else ApiOperationError
    with pytest.raises(kind) as caught:
        connect(server, auth=AuthSettings(type="bearer", secret="t0ken")).get("/a")
    said, fix = said_and_fix
    assert said in str(caught.value)
    assert fix in (caught.value.how_to_fix or "")


def test_p5_a_challenge_that_repeats_the_token_does_not_show_it(serve: Serve, connect: Connect) -> None:
    server = serve(
        answer(401, b"", WWW_Authenticate='Bearer error="invalid_token", error_description="t0ken-4711"')
    )
    with pytest.raises(ApiAuthenticationError) as caught:
        connect(server, auth=AuthSettings(type="bearer", secret="t0ken-4711"), redactor=Redactor()).get("/a")
    assert "4711" not in str(caught.value)
    assert "invalid_token: ***" in str(caught.value)


@pytest.mark.parametrize(
    ("auth", "fix"),
    [
        (AuthSettings(), "add `auth` to the configuration"),
        (AuthSettings(type="bearer", secret="t0ken", secret_home="HERE"), "put it into HERE"),
        (AuthSettings(type="api-key", secret="k3y!", secret_home="HERE"), "put the right one into HERE"),
        (
            AuthSettings(type="basic", username="me", secret="w0rd", secret_home="HERE"),
            "check `username` and HERE",
        ),
    ],
    ids=lambda each: each.type if isinstance(each, AuthSettings) else "",
)
def test_a_401_says_what_to_do_with_this_kind_of_credential(
    auth: AuthSettings, fix: str, serve: Serve, connect: Connect
) -> None:
    with pytest.raises(ApiAuthenticationError) as caught:
        connect(serve(says({}, 401)), auth=auth).get("/a")
    assert fix in (caught.value.how_to_fix or "")
