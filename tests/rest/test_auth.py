from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from tests.rest.fault_server import FaultServer, answer, says
from txojobs.errors import (
    ApiAuthenticationError,
    HelpfulError,
)
from txojobs.redact import Redactor
from txojobs.rest.settings import AuthSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from txojobs.rest.client import TxoRestAPI

    Connect = Callable[..., TxoRestAPI]
    Serve = Callable[..., FaultServer]


def test_each_kind_of_credential_is_sent(serve: Serve, connect: Connect) -> None:
    server = serve(says({}))
    for auth in (
        AuthSettings(type="bearer", secret="t"),
        AuthSettings(type="api-key", secret="k"),
        AuthSettings(type="api-key", secret="k", key_name="Ocp-Apim-Subscription-Key"),
        AuthSettings(type="api-key", secret="k &1", key_name="code", key_in="query"),
        AuthSettings(type="basic", username="me", secret="pä:ss"),
    ):
        connect(server, auth=auth).get("/a")
    sent = server.requests
    assert sent[0].headers["authorization"] == "Bearer t"
    assert sent[1].headers["x-api-key"] == "k"
    assert sent[2].headers["ocp-apim-subscription-key"] == "k"
    assert sent[3].target == "/a?code=k%20%261"
    pair = base64.b64decode(sent[4].headers["authorization"].removeprefix("Basic "))
    assert pair.decode() == "me:pä:ss"


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("/a?page=2&code=k%20%2F%261", "/a?page=2&code=k%20%2F%261"),
        ("/a?code=k%20%2f%261&page=2", "/a?code=k%20%2f%261&page=2"),
        ("/a?code=k+/%261", "/a?code=k+/%261"),
        ("/a?page=2#part", "/a?page=2&code=k%20%2F%261"),
        ("/a?", "/a?code=k%20%2F%261"),
        ("/a?xcode=k%20%2F%261", "/a?xcode=k%20%2F%261&code=k%20%2F%261"),
    ],
)
def test_a_key_is_sent_once_also_when_a_link_brings_it_along(
    link: str, target: str, serve: Serve, connect: Connect
) -> None:
    server = serve(says({}))
    auth = AuthSettings(type="api-key", secret="k /&1", key_name="code", key_in="query")
    connect(server, auth=auth).get(f"{server.url}{link}")
    assert [request.target for request in server.requests] == [target]


def test_the_redactor_learns_every_form_of_a_secret(connect: Connect) -> None:
    redactor = Redactor()
    connect("https://a", auth=AuthSettings(type="basic", username="me", secret="pa&s"), redactor=redactor)
    pair = base64.b64encode(b"me:pa&s").decode()
    assert redactor.clean(f"pa&s pa%26s {pair}") == "*** *** ***"


@pytest.mark.parametrize("secret", ["a\r\nX: 1", "a\nb", "Łódź"])
def test_a_secret_that_no_header_carries_is_named_and_not_shown(secret: str, connect: Connect) -> None:
    with pytest.raises(HelpfulError, match="token") as caught:
        connect("https://a", auth=AuthSettings(type="bearer", secret=secret))
    assert secret not in str(caught.value)


def test_a_401_with_a_fixed_credential_is_final(serve: Serve, connect: Connect) -> None:
    server = serve(answer(401))
    with pytest.raises(ApiAuthenticationError):
        connect(server, auth=AuthSettings(type="bearer", secret="t")).get("/a")
    assert len(server.requests) == 1
