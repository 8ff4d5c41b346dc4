"""Why there is no token, in the service's words and in ours, and where the secret is renewed."""

from __future__ import annotations

import json
import re
import socket
from typing import TYPE_CHECKING, Any

import pytest

from tests.rest.conftest import FakeClock
from tests.rest.fault_server import (
    FaultServer,
    answer,
    closed_port,
    hang_up,
    html_login,
    says,
    silence_after,
)
from tests.rest.identity_service import IdentityService, anyone
from txojobs.config import load_config
from txojobs.errors import ApiTimeoutError, HelpfulError
from txojobs.redact import Redactor
from txojobs.rest.factory import create_rest_api
from txojobs.rest.settings import AuthSettings, RetrySettings, TimeoutSettings
from txojobs.rest.token_refusals import REFUSALS, refusal
from txojobs.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from txojobs.rest.client import TxoRestAPI

    Connect = Callable[..., TxoRestAPI]
    Serve = Callable[..., FaultServer]

AUTH = AuthSettings(
    type="oauth2", secret="s3cret-4711", token_url="https://login.example.com/token", secret_home="HERE"
)


@pytest.mark.parametrize("code", REFUSALS)
def test_each_known_code_has_problem_and_solution(code: str) -> None:
    told = {"error": "invalid_client", "error_description": f"{code}: Something. Trace ID: 1"}
    if not code.startswith("AADSTS"):
        told = {"error": code}
    error = refusal(told, AUTH)
    known = REFUSALS[code]
    assert error.what_went_wrong.startswith("Failed to acquire authentication token: ")
    assert known.problem.replace("{key}", "client secret") in error.what_went_wrong
    assert (
        f"login.example.com says: {'invalid_client: ' if 'AADSTS' in code else ''}{code}"
        in error.what_went_wrong
    )
    assert error.how_to_fix
    assert not re.search(r"[{}]", error.how_to_fix)
    assert "az-token" in error.how_to_fix
    assert error.example == known.example or code == "invalid_client"


@pytest.mark.parametrize("code", ["AADSTS7000222", "AADSTS7000215", "invalid_client"])
def test_what_is_wrong_with_a_secret_says_where_it_is_renewed(code: str) -> None:
    error = refusal({"error": code, "error_description": code}, AUTH)
    assert "into HERE" in (error.how_to_fix or "")


@pytest.mark.parametrize(
    ("way", "said"),
    [
        ({"token_url": "https://a/t"}, True),
        ({"issuer": "https://a"}, True),
        ({"token_url": "https://a/t", "client_authentication": "post"}, False),
        ({"token_url": "https://a/t", "certificate": "key.pem"}, False),
        ({"authority": "https://a/t"}, False),
    ],
)
def test_that_the_secret_may_travel_the_wrong_way_is_said_where_it_may(
    way: dict[str, Any], *, said: bool
) -> None:
    error = refusal({"error": "invalid_client"}, AuthSettings(type="oauth2", **way))
    assert ("in the form" in (error.how_to_fix or "")) is said
    assert (error.example == '"client-authentication": "post"') is said


def test_a_longer_code_is_not_taken_for_a_shorter_one() -> None:
    error = refusal({"error": "invalid_client", "error_description": "AADSTS70002229: new"}, AUTH)
    assert "expired" not in error.what_went_wrong


def test_an_unknown_code_shows_the_services_own_words_escaped() -> None:
    said = "AADSTS999999: \x1b[31mred\x1b[0m \u202eevil\r\nsecond line " + "x" * 5000
    error = refusal({"error": "brand_new", "error_description": said}, AUTH)
    assert "brand_new: AADSTS999999: \\x1b[31mred\\x1b[0m \\u202eevil second line" in error.what_went_wrong
    assert len(error.what_went_wrong) < 500
    assert "check `client-id`" in (error.how_to_fix or "")


@pytest.mark.parametrize("told", [{}, {"error": 7}, {"error": {"code": "x"}}, {"error_description": None}])
def test_an_answer_of_any_shape_is_an_error(told: dict[str, Any]) -> None:
    assert "it gave no reason" in refusal(told, AUTH).what_went_wrong


def workspace_of(path: Path, authority: IdentityService, api: FaultServer, **more: Any) -> Workspace:
    (path / "config").mkdir(exist_ok=True)
    auth = {"type": "oauth2", "authority": authority.url, "client-id": "app", "oauth-scope": "s", **more}
    service = {"auth": auth, "ca-bundle": authority.ca}
    config = {
        "global": {"api-base-url": api.url, **service},
        "apis": {"help-desk": {"base-url": api.url, **service}},
    }
    (path / "config" / "acme-prod-config.json").write_text(json.dumps(config))
    return Workspace(path)


@pytest.mark.parametrize("api", ["default", "help-desk"])
@pytest.mark.parametrize("by_variable", [False, True])
def test_g29_an_expired_secret_names_the_file_or_the_variable_to_renew(
    tmp_path: Path, authority: IdentityService, serve: Serve, api: str, *, by_variable: bool
) -> None:
    said = "AADSTS7000222: The provided client secret keys for app 'app' are expired."
    authority.before = [says({"error": "invalid_client", "error_description": said}, 401)]
    workspace = workspace_of(tmp_path, authority, serve(anyone))
    name = "client-secret" if api == "default" else "help-desk-client-secret"
    variable = f"TXO_ACME_PROD_{name.upper().replace('-', '_')}"
    secrets = tmp_path / "config" / "acme-prod-config-secrets.json"
    secrets.write_text(json.dumps({} if by_variable else {name: "s3cret-4711"}))
    secrets.chmod(0o600)
    environ = {variable: "s3cret-4711"} if by_variable else {}
    client = create_rest_api(load_config(workspace, "acme", "prod", environ=environ), api=api)
    with pytest.raises(HelpfulError, match="the client secret has expired") as caught:
        client.get("/a")
    client.close()
    wanted = (
        f"put its value into the variable {variable}, which is set and wins over the secrets file"
        if by_variable
        else f"put its value into `{name}` in config/acme-prod-config-secrets.json, or the variable {variable}"
    )
    assert wanted in (caught.value.how_to_fix or "")
    assert caught.value.example == '"client-secret": "..."'


def test_p5_a_service_that_repeats_the_secret_does_not_get_it_shown(
    serve: Serve, connect: Connect, authority: IdentityService
) -> None:
    authority.before = [says({"error": "invalid_client", "error_description": "no: s3cret-4711"}, 401)]
    auth = AuthSettings(type="oauth2", secret="s3cret-4711", token_url=authority.token_url, client_id="app")
    client = connect(serve(anyone), auth=auth, ca_bundle=authority.ca, redactor=Redactor())
    with pytest.raises(HelpfulError, match="invalid_client: no: ") as caught:
        client.get("/a")
    assert "4711" not in f"{caught.value} {caught.value.how_to_fix}"


FAULTS: dict[str, tuple[Any, str, str]] = {
    "5xx": (answer(503), "503", "the fault is the identity service's"),
    "5xx page": (html_login(502), "a web page titled", "the fault is the identity service's"),
    "4xx page": (html_login(403), "a web page titled", "is the address of the identity service"),
    "429": (answer(429), "Rate limit exceeded", "`token-cache: file`"),
    "silence": (silence_after(), "no complete answer", "`rest-timeout-seconds`"),
    "hang up": (hang_up, "broke before the answer was complete", "check the network"),
    "no JSON": (
        answer(200, b"token=1"),
        "did not answer with JSON",
        "is the address of the identity service",
    ),
    "a list": (answer(200, b"[]"), "did not answer with JSON", "is the address of the identity service"),
    "nothing": (answer(200), "an empty answer", "is the address of the identity service"),
    "deep": (
        answer(200, b"[" * 100_000),
        "did not answer with JSON",
        "is the address of the identity service",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_an_identity_service_that_gives_no_answer_is_explained(
    fault: str, serve: Serve, connect: Connect, authority: IdentityService
) -> None:
    step, said, fix = FAULTS[fault]
    authority.before = [step] * 40
    auth = AuthSettings(type="oauth2", secret="s3cret-4711", token_url=authority.token_url, client_id="app")
    client = connect(
        serve(anyone),
        auth=auth,
        ca_bundle=authority.ca,
        retry=RetrySettings(max_retries=1),
        timing=FakeClock(tick=5.0 if fault == "silence" else 0.0).timing(),
    )
    with pytest.raises(HelpfulError, match="Failed to acquire authentication token: ") as caught:
        client.get("/a")
    assert said in str(caught.value)
    assert fix in (caught.value.how_to_fix or "")
    assert "base-url" not in (caught.value.how_to_fix or "")
    assert "page-size" not in (caught.value.how_to_fix or "")
    assert "whether the service carried it out" not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "setting"), [("token-url", "token_url"), ("oidc-issuer", "issuer"), ("authority", "authority")]
)
def test_an_address_that_nobody_answers_names_its_own_key(key: str, setting: str, connect: Connect) -> None:
    auth = AuthSettings(
        type="oauth2", secret="s3cret-4711", client_id="app", scope="s",
        **{setting: f"https://127.0.0.1:{closed_port()}/tenant"},  # type: ignore[arg-type]  # one of three
    )  # fmt: skip
    with pytest.raises(HelpfulError, match="connection was refused") as caught:
        connect("https://unused", auth=auth).get("/a")
    assert f"check host and port of `{key}`" in (caught.value.how_to_fix or "")


def test_the_deadline_of_the_run_is_not_the_fault_of_the_identity_service(
    serve: Serve, connect: Connect, authority: IdentityService, clock: FakeClock
) -> None:
    authority.before = [answer(503)] * 9
    auth = AuthSettings(type="oauth2", secret="s3cret-4711", token_url=authority.token_url, client_id="app")
    client = connect(serve(anyone), auth=auth, ca_bundle=authority.ca)
    with pytest.raises(ApiTimeoutError, match="the deadline does not allow another wait") as caught:
        client.get("/a", deadline=clock.now + 1.0)
    assert "`timeout`" in (caught.value.how_to_fix or "")


def test_https_to_a_plain_port_of_an_identity_service_is_explained(connect: Connect) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        auth = AuthSettings(
            type="oauth2",
            secret="s3cret-4711",
            client_id="app",
            token_url=f"https://127.0.0.1:{listener.getsockname()[1]}/token",
        )
        client = connect(
            "https://unused",
            auth=auth,
            retry=RetrySettings(max_retries=0),
            timeouts=TimeoutSettings(request_s=60),
            timing=FakeClock(tick=5.0).timing(),
        )
        with pytest.raises(HelpfulError, match="no connection in time"):
            client.get("/a")
