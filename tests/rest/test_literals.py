from __future__ import annotations

import datetime as dt
import subprocess
import sys
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.rest.fault_server import FaultServer, page
from txojobs.errors import ValidationError
from txojobs.rest.client import TxoRestAPI
from txojobs.rest.conditions import build_odata_filter
from txojobs.rest.literals import (
    Date,
    DateTime,
    Guid,
    encode_query,
    key_predicate,
    odata_literal,
    property_name,
    segment,
)
from txojobs.rest.settings import ApiSettings
from txojobs.rest.urls import below, build_url, verbatim, with_query

if TYPE_CHECKING:
    from collections.abc import Iterator

GUID = "0f8fad5b-d9cb-469f-a165-70867728950e"
UTC = dt.timezone.utc

V4: list[tuple[Any, str]] = [
    ("SE", "'SE'"),
    ("O'Neil", "'O''Neil'"),
    ("' or 1 eq 1 or 'a' eq '", "''' or 1 eq 1 or ''a'' eq '''"),
    ("", "''"),
    (0, "0"),
    (-(2**63), "-9223372036854775808"),
    (Decimal("1.10"), "1.10"),
    (Decimal("1E+3"), "1000"),
    (Decimal("-0.00000001"), "-0.00000001"),
    (True, "true"),
    (False, "false"),
    (None, "null"),
    (dt.date(2026, 1, 15), "2026-01-15"),
    (dt.datetime(2026, 1, 15, 14, 30, tzinfo=UTC), "2026-01-15T14:30:00Z"),
    (dt.datetime(2026, 1, 15, 14, 30, tzinfo=dt.timezone(dt.timedelta(hours=1))), "2026-01-15T13:30:00Z"),
    (Date("2026-01-15"), "2026-01-15"),
    (DateTime("2026-01-15T14:30:00.5+01:00"), "2026-01-15T14:30:00.5+01:00"),
    (UUID(GUID), GUID),
    (Guid(GUID), GUID),
    (["a", 1, None], "('a',1,null)"),
    (("a'b",), "('a''b')"),
]
V2: list[tuple[Any, str]] = [
    ("O'Neil", "'O''Neil'"),
    (5, "5"),
    (2**40, "1099511627776L"),
    (Decimal("1.10"), "1.10M"),
    (Guid(GUID), f"guid'{GUID}'"),
    (Date("2026-01-15"), "datetime'2026-01-15T00:00:00'"),
    (DateTime("2026-01-15T14:30:00"), "datetime'2026-01-15T14:30:00'"),
    (DateTime("2026-01-15T14:30:00Z"), "datetimeoffset'2026-01-15T14:30:00Z'"),
    (True, "true"),
    (None, "null"),
]
NOT_SENDABLE: list[tuple[Any, str]] = [
    (Guid("' or 1 eq 1"), "v4"),
    (Guid(GUID + "\n"), "v4"),
    (Date("2026-13-01"), "v4"),
    (Date("2026-01-15 or 1"), "v4"),
    (Date("2026-02-30"), "v4"),
    (DateTime("2025-02-29T10:00:00Z"), "v4"),
    (DateTime("2025-02-29T10:00:00"), "v2"),
    (DateTime("2026-01-15T14:30:00"), "v4"),
    (DateTime("now()"), "v4"),
    (dt.datetime(2026, 1, 15), "v4"),  # noqa: DTZ001  # a naive one is what is refused
    (Decimal("NaN"), "v4"),
    (Decimal("Infinity"), "v4"),
    ([], "v4"),
    (["a"], "v2"),
    ({"a": 1}, "v4"),
    (1.5, "v4"),
    (b"x", "v4"),
    ("\ud800", "v4"),
    ("a", "v5"),
]


@pytest.mark.parametrize(("value", "text"), V4)
def test_v4_literals(value: Any, text: str) -> None:
    assert odata_literal(value) == text


@pytest.mark.parametrize(("value", "text"), V2)
def test_v2_literals(value: Any, text: str) -> None:
    assert odata_literal(value, dialect="v2") == text


@pytest.mark.parametrize(("value", "dialect"), NOT_SENDABLE)
def test_what_no_literal_can_hold_is_refused(value: Any, dialect: str) -> None:
    with pytest.raises(ValidationError):
        odata_literal(value, dialect=dialect)


@pytest.fixture(scope="module")
def service() -> Iterator[tuple[FaultServer, TxoRestAPI]]:
    with FaultServer([page()]) as server:
        client = TxoRestAPI(ApiSettings(base_url=server.url))
        yield server, client
        client.close()


HOSTILE = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(
    [
        "' or 1 eq 1 or 'a' eq '",
        "%27",
        "&$top=1",
        "#",
        "+",
        "%2B",
        "a b",
        "😀",
        "\r\nX: 1",
        "\0",
        ";",
        "../..",
        "%00",
    ]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(value=HOSTILE)
def test_a_server_decodes_exactly_the_filter_that_was_meant(
    value: str, service: tuple[FaultServer, TxoRestAPI]
) -> None:
    server, client = service
    meant = f"Name eq {odata_literal(value)}"
    client.get("Customers", params={"$filter": meant, "$top": None, "x": value})
    query = urlsplit(server.requests[-1].target).query
    assert "+" not in query
    pairs = [part.partition("=") for part in query.split("&")]
    assert [(unquote(name), unquote(text)) for name, _, text in pairs] == [("$filter", meant), ("x", value)]
    literal = meant.removeprefix("Name eq ")
    assert literal[1:-1].replace("''", "'") == value


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(value=HOSTILE)
def test_a_value_in_a_path_stays_one_segment(value: str, service: tuple[FaultServer, TxoRestAPI]) -> None:
    server, client = service
    if value in ("", ".", ".."):
        with pytest.raises(ValidationError):
            segment(value)
        return
    client.get(f"items/{segment(value)}/end")
    parts = server.requests[-1].target.split("/")
    assert [unquote(part) for part in parts] == ["", "items", value, "end"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(value=HOSTILE)
def test_a_key_stays_one_key(value: str, service: tuple[FaultServer, TxoRestAPI]) -> None:
    server, client = service
    client.get(f"Customers{key_predicate({'No': value, 'Line': 1})}")
    assert unquote(server.requests[-1].target) == f"/Customers(No={odata_literal(value)},Line=1)"
    assert server.requests[-1].target.count("/") == 1


def test_key_predicates() -> None:
    assert key_predicate("A 1") == "('A%201')"
    assert key_predicate(Guid(GUID)) == f"({GUID})"
    assert key_predicate(Guid(GUID), dialect="v2") == f"(guid'{GUID}')"
    for wrong in ({}, {"a b": 1}, {"a'": 1}):
        with pytest.raises(ValidationError):
            key_predicate(wrong)


@pytest.mark.parametrize("name", ["", "a b", "a'", "a/b", "1a", "a,b", "a eq 1", "x" * 200])
def test_names_of_fields_are_identifiers(name: str) -> None:
    with pytest.raises(ValidationError):
        property_name(name)
    assert property_name("Größe_2") == "Größe_2"


@pytest.mark.parametrize(
    "value", ["../../admin", "a/b?x=1#", "http://evil", "ü/ö", "x" * 5000, ".", "..", "", "%2e%2e"]
)
def test_g23_build_url_encodes_every_part(value: str) -> None:
    if value in ("", ".", ".."):
        with pytest.raises(ValidationError):
            build_url("https://a", "v2", value)
        return
    url = build_url("https://a/", "v2", value, 7, query_params={"q": value, "n": 1, "none": None})
    assert url.startswith("https://a/v2/")
    parts = urlsplit(url)
    assert [unquote(part) for part in parts.path.split("/")] == ["", "v2", value, "7"]
    assert parse_qsl(parts.query) == [("q", value), ("n", "1")]


def test_a_query_joins_what_is_there() -> None:
    assert with_query("https://a/b?x=1%2B#f", {"y": "a b"}) == "https://a/b?x=1%2B&y=a%20b#f"
    assert with_query("https://a/b", {}) == "https://a/b"
    assert (
        encode_query({"$filter": "a eq 'b'", "flag": True, "@p": "1"})
        == "$filter=a%20eq%20'b'&flag=true&@p=1"
    )


def test_relative_addresses_stand_below_the_base() -> None:
    base = "https://a/v2"
    assert below(base, "/x") == below(base, "x") == "https://a/v2/x"
    assert below(base, "x?y=../z") == "https://a/v2/x?y=../z"
    assert below(base, "https://a/other") == "https://a/other"
    assert below(base, "") == base
    for wrong in ("../x", "x/../../y", "%2e%2E/x"):
        with pytest.raises(ValidationError):
            below(base, wrong)


CONDITIONS: list[tuple[object, str]] = [
    ("Electronics", "F eq 'Electronics'"),  # holds `le`
    ("eq 'Active'", "F eq 'Active'"),
    ("gt 2024-01-01", "F gt 2024-01-01"),
    ("ge 100", "F ge 100"),
    ("le 2024-01-01T00:00:00Z", "F le 2024-01-01T00:00:00Z"),
    ("in ('a','b')", "F in ('a','b')"),
    ("eq O'Neil", "F eq 'eq O''Neil'"),
    ("eq 'x' or 1 eq 1", "F eq 'eq ''x'' or 1 eq 1'"),
    ("greater than love", "F eq 'greater than love'"),
    ("ne null", "F ne null"),
    (100, "F eq 100"),
    (1.5, "F eq 1.5"),
    (None, "F eq null"),
    (True, "F eq true"),
    (["a", "b"], "F in ('a','b')"),
]


@pytest.mark.parametrize(("condition", "text"), CONDITIONS)
def test_g23_a_text_is_a_condition_only_as_a_whole(condition: object, text: str) -> None:
    assert build_odata_filter({"F": condition}) == text


def test_g23_conditions_are_joined_and_names_checked() -> None:
    assert build_odata_filter({"a/b": 1, "c": "x"}) == "a/b eq 1 and c eq 'x'"
    assert build_odata_filter({}) == ""
    with pytest.raises(ValidationError):
        build_odata_filter({"1 eq 1 or a": 1})


def test_literals_are_light_to_import() -> None:
    code = "import sys, txojobs.rest.literals; print({'requests', 'msgspec'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("https://H/a%2fb?x=%3d&y=~%7e", "https://h/a%2fb?x=%3d&y=~%7e"),
        (" https://H:443?x=%3d#end", "https://h/?x=%3d"),
        ("https://H", "https://h/"),
        ("https://H/a b|c%?é=[1]\t", "https://h/a%20b%7Cc%25?%C3%A9=%5B1%5D%09"),
        ("https://H/x?u=http://y/a/../b", "https://h/x?u=http://y/a/../b"),
        ("https://H/a/../b?%3d", "as prepared"),
        ("https://H/a/%2E./b", "as prepared"),
    ],
)
def test_an_address_is_sent_as_it_came_but_for_what_none_may_hold(url: str, sent: str) -> None:
    prepared = "as prepared" if sent == "as prepared" else "https://h/something?else"
    assert verbatim(url, prepared=prepared) == sent
