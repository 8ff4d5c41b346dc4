"""Values of any kind in address, query, body and cursor of a collection arrive as they are, and change no more."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.rest.collecting import fetch_of
from tests.rest.fault_server import Connection, FaultServer, answer, says
from txojobs.exact_json import decode, encode
from txojobs.rest.client import TxoRestAPI
from txojobs.rest.collection_reader import CollectionReader
from txojobs.rest.settings import ApiSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)
HOSTILE = (
    "a/b", "../../admin", "..%2f", "%2e%2e", "a?x=1", "a#b", "a&b=c", "a+b c", "a;b", "http://evil.example", "//evil",
    "\\evil", "\r\nX-Evil: 1", "\x00", "ö", "\U0001f600", "'", '"', "{}", "${x}", "%", "%zz", "a=b", ":", "@", "*",
)  # fmt: skip
NUMBERS = st.one_of(st.integers(-(10**30), 10**30), st.decimals(-(10**9), 10**9, allow_nan=False, places=4))


@pytest.fixture(scope="module")
def echo() -> Iterator[tuple[FaultServer, TxoRestAPI]]:
    """A server that answers each request with one record, and a client for it."""
    with FaultServer([says([{"id": 1}])]) as server:
        settings = ApiSettings(base_url=f"{server.url}/base")
        client = TxoRestAPI(settings)
        yield server, client
        client.close()


QUIET = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def send(echo: tuple[FaultServer, TxoRestAPI], options: dict[str, Any], **params: object) -> Any:
    """Return the one request that a read makes."""
    server, client = echo
    server.requests.clear()
    query = fetch_of({"paging": "none", **options}, **params).request()
    assert [row for page in CollectionReader(client, query).pages() for row in page] == [{"id": 1}]
    (request,) = server.requests
    return request


def with_examples(test: Any) -> Any:
    for word in HOSTILE:
        test = example(value=word)(test)
    return test


@QUIET
@given(value=TEXT)
@with_examples
def test_a_value_in_an_address_stays_one_segment(echo: tuple[FaultServer, TxoRestAPI], value: str) -> None:
    if value in (".", ".."):
        return
    target = send(echo, {"url": "/orders/${{ params.value }}/lines"}, value=value).target
    assert target.isascii()
    parts = target.split("/")
    assert parts[:3] + parts[4:] == ["", "base", "orders", "lines"]
    assert unquote(parts[3]) == value


@QUIET
@given(value=TEXT)
@with_examples
def test_a_value_in_a_query_stays_one_value(echo: tuple[FaultServer, TxoRestAPI], value: str) -> None:
    query = {"page[size]": 1, "it": "${{ params.value }}", "a b&c=ö": "named", "behind": "${{ params.both }}"}
    target = send(echo, {"url": "/orders", "query": query}, value=value, both=[value, "x"]).target
    assert "+" not in target
    assert urlsplit(target).path == "/base/orders"
    assert parse_qsl(target.partition("?")[2], keep_blank_values=True) == [
        ("page[size]", "1"),
        ("it", value),
        ("a b&c=ö", "named"),
        ("behind", value),
        ("behind", "x"),
    ]


@QUIET
@given(value=st.one_of(TEXT, NUMBERS, st.booleans(), st.lists(TEXT, max_size=3)))
@with_examples
def test_a_value_in_a_body_is_the_json_of_it(echo: tuple[FaultServer, TxoRestAPI], value: object) -> None:
    body = {"filter": {"it": "${{ params.value }}"}, "size": 5}
    request = send(echo, {"url": "/orders", "method": "POST", "body": body}, value=value)
    assert request.target == "/base/orders"
    sent: Any = decode(request.body)
    expected: Any = {"filter": {"it": value}, "size": 5}
    assert encode(sent) == encode(expected)


@QUIET
@given(value=TEXT)
@with_examples
def test_a_cursor_comes_back_as_the_service_gave_it(value: str) -> None:
    if not value.strip():
        return
    seen: list[str] = []

    def step(connection: Connection) -> bool:
        seen.append(connection.request.target)
        cursor = value if len(seen) == 1 else None
        body = json.dumps({"d": [{"id": len(seen)}], "c": cursor}).encode()
        return answer(200, body, content_type="application/json")(connection)

    with FaultServer([step]) as server:
        client = TxoRestAPI(ApiSettings(base_url=server.url))
        paging = {"kind": "cursor", "cursor": "c", "as": "after", "alone": False}
        step_ = fetch_of({"url": "/items", "query": {"n": 1}, "records": "d", "paging": paging})
        assert len([row for page in CollectionReader(client, step_.request()).pages() for row in page]) == 2
        client.close()
    assert parse_qsl(seen[1].partition("?")[2], keep_blank_values=True) == [("n", "1"), ("after", value)]
