"""How a service is told who asks is checked before the run: the kind, what belongs to it, what it lacks."""

from __future__ import annotations

import json
from typing import Any

import pytest

from txojobs.config import check_config_text


def found(auth: Any, **more: Any) -> list[tuple[str, str | None, str | None]]:
    text = json.dumps({"global": {"auth": auth, **more}})
    return [(problem.message, problem.fix, problem.example) for problem in check_config_text(text)]


@pytest.mark.parametrize(
    "auth",
    [
        {"type": "none"},
        {"type": "bearer"},
        {"type": "api-key", "name": "code", "in": "query"},
        {"type": "api-key", "name": "host", "in": "query"},
        {"type": "api-key", "name": "Authorization"},
        {"type": "basic", "username": "me@example.com"},
        {"type": "oauth2", "tenant-id": "t", "client-id": "c", "oauth-scope": "s"},
        {"type": "oauth2", "authority": "https://login.example/realm", "description": "their own"},
        {"type": "oauth2", "oidc-issuer": "https://login.example", "client-authentication": "post"},
        {"type": "oauth2", "token-url": "https://login.example/t?x=1", "token-parameters": {"audience": "a"}},
        {"type": "oauth2", "certificate": "config/key.pem", "token-cache": "file"},
    ],
)
def test_each_kind_passes_with_what_belongs_to_it(auth: dict[str, Any]) -> None:
    assert found(auth) == []


@pytest.mark.parametrize(
    ("auth", "message", "fix"),
    [
        ({}, "global.auth has no 'type'", "add 'type'"),
        ({"type": "oauth"}, "global.auth.type cannot be 'oauth'", "did you mean 'oauth2'?"),
        ({"type": "basic"}, "global.auth has no 'username'", "add 'username'"),
        (
            {"type": "basic", "username": "me:too"},
            "global.auth.username must hold no colon",
            "leave it out",
        ),
        (
            {"type": "api-key", "name": "Transfer-Encoding"},
            "global.auth.name is a header by which HTTP tells how a request is to be read",
            "name the header that the service wants",
        ),
        (
            {"type": "bearer", "name": "X-Key"},
            "global.auth.name is for type api-key, not bearer",
            "remove it",
        ),
        ({"type": "oauth2", "scope": "s"}, "global.auth has no key 'scope'", "did you mean 'oauth-scope'?"),
        ({"type": "api-key", "header": "X"}, "global.auth has no key 'header'", "remove it; known here"),
        ({"type": "oauth2", "authority": "http://login"}, "global.auth.authority must be an address", None),
        (
            {"type": "oauth2", "oidc-issuer": "http://login"},
            "global.auth.oidc-issuer must be an address",
            None,
        ),
        ({"type": "oauth2", "token-url": "http://login/t"}, "global.auth.token-url must be an address", None),
        (
            {"type": "bearer", "token-cache": "file"},
            "global.auth.token-cache is for type oauth2, not bearer",
            "remove it",
        ),
        (
            {"type": "oauth2", "oidc-issuer": "https://a", "authority": "https://b/c"},
            "global.auth.authority is not looked at beside 'oidc-issuer': tokens come from one place",
            "keep one",
        ),
        (
            {"type": "oauth2", "tenant-id": "t", "token-url": "https://a/token"},
            "global.auth.tenant-id is not looked at beside 'token-url'",
            "keep one",
        ),
        (
            {"type": "oauth2", "client-authentication": "post"},
            "global.auth.client-authentication is for 'token-url' and 'oidc-issuer', not 'tenant-id'",
            "remove it",
        ),
        (
            {"type": "oauth2", "authority": "https://a/b", "token-parameters": {"audience": "x"}},
            "global.auth.token-parameters is for 'token-url' and 'oidc-issuer', not 'authority'",
            "remove it",
        ),
        (
            {"type": "oauth2", "token-url": "https://a", "certificate": "k", "client-authentication": "post"},
            "global.auth.client-authentication is not looked at beside 'certificate'",
            "remove it",
        ),
        (
            {"type": "oauth2", "token-url": "https://a", "token-parameters": {"scope": "x"}},
            "global.auth.token-parameters.scope is said by txojobs itself",
            "remove it",
        ),
        (
            {"type": "oauth2", "token-url": "https://a", "token-parameters": {"audience": 7}},
            "global.auth.token-parameters.audience must be a text",
            "write it in quotes",
        ),
    ],
)
def test_what_is_wrong_or_never_looked_at_is_named(
    auth: dict[str, Any], message: str, fix: str | None
) -> None:
    ((said, advice, _),) = found(auth)
    assert said.startswith(message)
    assert (advice or "").startswith(fix or "")


def test_a_kind_that_stands_alone_is_shown_how_to_stand() -> None:
    ((said, _, example),) = found("api-key")
    assert said == "global.auth must be an object {...}, not a text"
    assert example == '"auth": {"type": "api-key"}'


def test_p5_a_password_in_auth_is_refused() -> None:
    messages = [message for message, *_ in found({"type": "basic", "username": "me", "password": "hunter2"})]
    assert "global.auth.password holds a secret, in a file that is made to be shared" in messages
    assert "hunter2" not in repr(messages)


def test_p5_a_secret_among_the_parameters_is_refused() -> None:
    auth = {"type": "oauth2", "token-url": "https://a", "token-parameters": {"user_password": "hunter2"}}
    messages = [message for message, *_ in found(auth)]
    assert (
        "global.auth.token-parameters.user_password holds a secret, in a file that is made to be shared"
        in messages
    )
    assert "hunter2" not in repr(messages)


def test_the_service_called_default_is_global() -> None:
    (problem,) = check_config_text('{"apis": {"default": {"base-url": "https://a"}}}')
    assert (problem.message, problem.fix) == (
        "the service called default is described in global",
        "move it there",
    )


@pytest.mark.parametrize(("shared", "passes"), [({"max-factor": 2}, True), ({}, False)])
def test_a_jitter_is_judged_together_with_that_of_all_services(
    shared: dict[str, float], *, passes: bool
) -> None:
    text = json.dumps({"global": {"jitter": {"min-factor": 1.5}}, "script-behavior": {"jitter": shared}})
    assert (check_config_text(text) == []) is passes
