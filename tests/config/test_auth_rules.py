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
        {"type": "basic", "username": "me"},
        {"type": "oauth2", "tenant-id": "t", "client-id": "c", "oauth-scope": "s"},
        {"type": "oauth2", "authority": "https://login.example/realm", "description": "their own"},
    ],
)
def test_each_kind_passes_with_what_belongs_to_it(auth: dict[str, str]) -> None:
    assert found(auth) == []


@pytest.mark.parametrize(
    ("auth", "message", "fix"),
    [
        ({}, "global.auth has no 'type'", "add 'type'"),
        ({"type": "oauth"}, "global.auth.type cannot be 'oauth'", "did you mean 'oauth2'?"),
        ({"type": "basic"}, "global.auth has no 'username'", "add 'username'"),
        (
            {"type": "bearer", "name": "X-Key"},
            "global.auth.name is for type api-key, not bearer",
            "remove it",
        ),
        ({"type": "oauth2", "scope": "s"}, "global.auth has no key 'scope'", "did you mean 'oauth-scope'?"),
        ({"type": "api-key", "header": "X"}, "global.auth has no key 'header'", "remove it; known here"),
        ({"type": "oauth2", "authority": "http://login"}, "global.auth.authority must be an address", None),
    ],
)
def test_what_is_wrong_or_never_looked_at_is_named(
    auth: dict[str, str], message: str, fix: str | None
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
