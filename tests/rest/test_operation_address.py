"""The address of a long operation is shown so that one can go on from there, and nobody else can sign with it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from tests.rest.fault_server import answer, says
from txojobs.engine.report import error_facts
from txojobs.errors import ApiTimeoutError
from txojobs.redact import Redactor
from txojobs.rest.operation_address import resumable, secrets_in
from txojobs.rest.settings import TimeoutSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.rest.fault_server import FaultServer
    from txojobs.rest.client import TxoRestAPI

    Connect = Callable[..., TxoRestAPI]
    Serve = Callable[..., FaultServer]

PLAIN = [
    "id=7&api-version=2024-01-01",
    "id=3f2504e0-4f89-41d3-9a0c-0305e82c3301",
    "operation=3F2504E0-4F89-41D3-9A0C-0305E82C3301&api-version=2024-01-01-preview",
    "jobId=export_of_customers_2026-01-15",
    "since=2026-01-15T14:30:00Z&no=12345678901234567890",
    "a=1&b=&c&%24format=json",
    "st=NY&sp=1&se=south",
]
HIDDEN = {
    "id=7&sig=c4nary": "id=7&sig=***",
    "id=7&signature=c4nary&token=c4nary&key=c4nary&code=c4nary&s=c4nary": (
        "id=7&signature=***&token=***&key=***&code=***&s=***"
    ),
    "id=7&access_token=c4nary&api-key=c4nary&Password=c4nary": "id=7&access_token=***&api-key=***&Password=***",
    "id=7&X-Amz-Date=c4nary&X-Amz-Signature=c4nary&x-amz-security-token=c4nary&X-Goog-Credential=c4nary": (
        "id=7&X-Amz-Date=***&X-Amz-Signature=***&x-amz-security-token=***&X-Goog-Credential=***"
    ),
    "AWSAccessKeyId=c4nary&Expires=1767225600&Signature=c4nary": (
        "AWSAccessKeyId=***&Expires=1767225600&Signature=***"
    ),
    "Policy=c4nary&Key-Pair-Id=c4nary": "Policy=***&Key-Pair-Id=***",
    "id=7&sv=c4nary&se=c4nary&sp=c4nary&sr=c4nary&sig=c4nary": "id=7&sv=***&se=***&sp=***&sr=***&sig=***",
    "%73ig=c4nary": "%73ig=***",
    "door=c4nary-of-nobody-knows-what": "door=***",
    "id=c4nary%20of%20nobody%20knows%20what": "id=***",
    "c4nary-of-nobody-knows-what": "***",
    "to=%2Fx%3Fsig%3Dc4nary": "to=%2Fx%3Fsig%3D***",
    "id=7&sig=c4nary#c4nary": "id=7&sig=***",
    "id=7&SIG=a%2Bc4nary%3D": "id=7&SIG=***",
}


@pytest.mark.parametrize("query", PLAIN)
def test_an_address_without_a_secret_is_shown_whole(query: str) -> None:
    url = f"https://a.example/jobs?{query}"
    assert resumable(url) == url
    assert list(secrets_in(url)) == []


@pytest.mark.parametrize(("query", "shown"), HIDDEN.items())
def test_p5_what_signs_is_hidden(query: str, shown: str) -> None:
    assert resumable(f"https://a.example/jobs?{query}") == f"https://a.example/jobs?{shown}"


def test_what_only_describes_a_signature_is_hidden_and_does_not_become_a_secret_of_all_texts() -> None:
    url = "https://a.example/jobs?id=7&sv=2024-11-04&sp=r&X-Amz-Expires=300&sig=ab%2Bcd"
    assert list(secrets_in(url)) == ["ab+cd"]
    assert resumable(url) == "https://a.example/jobs?id=7&sv=***&sp=***&X-Amz-Expires=***&sig=***"


def test_an_address_stays_on_one_line_and_shows_no_user() -> None:
    assert resumable("https://me:c4nary@a.example/jobs?id=7\u202e") == "https://a.example/jobs?id=7\\u202e"


def test_the_error_and_the_report_tell_where_to_go_on(
    serve: Serve, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    place = "/jobs?id=7&api-version=2024-01-01&sig=c4nary-4711&known=n0t-f0r-you"
    redactor = Redactor()
    redactor.add("n0t-f0r-you")
    server = serve(answer(202, b"", Location=place), answer(202, b""))
    client = connect(server, redactor=redactor, timeouts=TimeoutSettings(async_max_wait_s=11))
    with caplog.at_level(logging.DEBUG, logger="txojobs"), pytest.raises(ApiTimeoutError) as caught:
        client.post("/start", {})
    told = f"{server.url}/jobs?id=7&api-version=2024-01-01&sig=***&known="
    assert f"{told}*** was not done" in str(caught.value)
    facts = redactor.clean_value(error_facts(caught.value))
    assert isinstance(facts, dict)
    assert facts["operation"] == f"{told}***"
    assert caught.value.operation_url == f"{server.url}{place}", "whole for a script that goes on"
    server.script[:] = [says({"done": True})]
    assert client.resume(caught.value.operation_url or "") == {"done": True}
    assert server.requests[-1].target == place
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("txojobs")]
    assert "c4nary" not in f"{caught.value} {caught.value.how_to_fix} {facts} {ours}"


def test_going_on_learns_the_signature_of_the_address(serve: Serve, connect: Connect) -> None:
    redactor = Redactor()
    client = connect(serve(says({"done": True})), redactor=redactor)
    client.resume("/jobs/7?id=8&sig=c4nary-4711")
    assert redactor.clean("c4nary-4711 8") == "*** 8"
