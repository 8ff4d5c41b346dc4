"""What `fetch` refuses of a REST collection before anything is asked, and what it asks for."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tests.rest.collecting import fetch_of
from txojobs.errors import InvalidJobError
from txojobs.job.load import load_text
from txojobs.steps.collection_check import _OF_ENTITY, _OF_URL
from txojobs.steps.fetch import Fetch
from txojobs.steps.paging_options import NEEDS, TAKES, Paging, given, paging_faults
from txojobs.steps.spec import options_of

if TYPE_CHECKING:
    from txojobs.errors import Problem

CURSOR = "{kind: cursor, cursor: c, as: after}"


def problems(options: str, severity: str = "error") -> list[Problem]:
    text = f"version: 1\nsteps:\n  - fetch: {{{options}}}\n"
    found = load_text(text, file="job.yaml", stem="job").problems
    return [problem for problem in found if problem.severity == severity]


REFUSED = [
    ("entity: A, url: /a, paging: none", "fetch takes entity or url, not both"),
    ("key: [a]", "fetch lacks entity or url"),
    ("url: /a", "fetch of a url needs paging: nothing else says how the answers go on"),
    ("entity: A, records: d", "records belongs to url, not to entity"),
    ("entity: A, paging: none", "paging belongs to url, not to entity"),
    ("entity: A, total-header: X", "total-header belongs to url, not to entity"),
    ("entity: A, method: POST", "method belongs to url, not to entity"),
    ("paging: none, select: [a]", "select belongs to entity, not to url"),
    ("paging: none, filter: a eq 1", "filter belongs to entity, not to url"),
    ("paging: none, labels: true", "labels belongs to entity, not to url"),
    ("paging: none, total: t, total-header: X", "fetch takes total or total-header, not both"),
    ("paging: none, body: {a: 1}", "body needs method: POST"),
    ("paging: none, headers: {Authorization: x}", "the header Authorization cannot be set in a job"),
    ("paging: none, page-size: 5", "page-size of a url needs size-as in paging: the name that sends it"),
    ("paging: next-url", "paging: next-url needs next or next-header"),
    ("paging: {kind: next-url, next: n, next-header: X}", "paging takes next or next-header, not both"),
    ("paging: {kind: cursor, cursor: c}", "paging: cursor needs as"),
    ("paging: {kind: cursor, as: c}", "paging: cursor needs cursor or cursor-header"),
    ("paging: {kind: offset, as: c}", "paging: offset does not say what ends the sequence"),
    ("paging: {kind: page, as: c}", "paging: page does not say what ends the sequence"),
    ("paging: {kind: offset, ends: empty-page}", "paging: offset needs as"),
    (
        "paging: {kind: offset, as: c, ends: empty-page, has-more: m}",
        "paging: has-more and ends both say what ends the sequence",
    ),
    (
        "paging: {kind: offset, as: c, ends: short-page}",
        "ends takes one of empty-page, not the text 'short-page'",
    ),
    (
        "paging: {kind: offset, as: c, ends: empty-page, start: -1}",
        "paging: start must be at least 0, not -1",
    ),
    ("paging: {kind: link-header, as: c}", "paging: link-header takes no as"),
    ("paging: {kind: cursor, cursor: c, as: a, in: body}", "paging with in: body needs method: POST"),
    (
        "method: POST, paging: {kind: cursor, cursor: c, as: a, in: body, alone: true}",
        "paging: alone is about parameters, and the cursor is sent in the body",
    ),
    ("paging: {kind: link-header, size-as: s}", "paging has size-as, and fetch no page-size to send"),
    (
        "query: {s: 1}, paging: {kind: page, as: s, ends: empty-page}",
        "paging sends s, and query sets it, too",
    ),
    (
        "url: '/a?x=1&s=1', paging: {kind: page, as: s, ends: empty-page}",
        "paging sends s, and url has it, too",
    ),
    (
        "records: 'd[?x]', paging: {kind: offset, as: s, ends: empty-page}",
        "records leaves some out by [?...], so what came cannot be counted",
    ),
    (
        "records: 'd[?x]', total: n, paging: link-header",
        "records leaves some out by [?...], so what came cannot be counted",
    ),
    ("url: '', paging: none", "the address is empty"),
    ("url: '/a/{id}', paging: none", "the address holds a brace, which is no part of one"),
    ("url: /a#b, paging: none", "the address holds a #, and what stands behind it is never sent"),
    ("url: /a b, paging: none", "the address holds a space"),
    ("url: /a/../b, paging: none", "the address leads out of the service with .."),
    ("url: '/a\\b', paging: none", "the address holds a backslash"),
    ("url: '/a?b=${{ run.id }}', paging: none", "${{ }} cannot stand behind the ? of an address"),
    ("paging: none, complete: verify", "complete: verify needs the key of the records"),
]
"""Options, and the fault in them; those without url and entity are of the url /a."""


@pytest.mark.parametrize(("options", "message"), REFUSED)
def test_what_cannot_be_asked_is_found_before_the_run_with_the_way_out(options: str, message: str) -> None:
    found = problems(
        options if "url:" in options or "entity:" in options or "key:" in options else f"url: /a, {options}"
    )
    assert [problem.message for problem in found] == [message]
    assert found[0].where is not None
    assert found[0].where.line == 3
    assert found[0].fix or " takes one of " in message


def test_a_kind_of_paging_that_there_is_not_is_answered_with_those_that_there_are() -> None:
    (problem,) = problems("url: /a, paging: links")
    assert problem.message.startswith(
        "paging takes one of link-header, next-url, cursor, offset, page, none or {kind, next, next-header, cursor,"
    )


GOOD = (
    f"url: /a, paging: {CURSOR}, key: [id]",
    "url: /a, paging: none",
    "url: 'https://api.example.com/a?b=c', paging: link-header, key: [id]",
    "url: /a, paging: none, query: {a: 1, b: [x, y], c: true, d: 1.50}",
    "url: /a, method: POST, paging: {kind: offset, as: from, in: body, ends: empty-page}, total: n, key: [id]",
    "url: /a, records: 'd[?x]', paging: link-header, key: [id]",
    "url: /a, query: {cursor: '*'}, paging: {kind: cursor, cursor: c, as: cursor}, key: [id]",
)


@pytest.mark.parametrize("options", GOOD)
def test_what_can_be_asked_is_no_problem(options: str) -> None:
    assert problems(options) == problems(options, "warning") == []


def test_a_collection_of_several_pages_without_a_key_is_warned_of() -> None:
    (problem,) = problems("url: /a, paging: link-header", "warning")
    assert problem.message.startswith("no key: ")
    assert "txojobs metadata" not in str(problem.fix)


def test_every_option_of_paging_belongs_to_a_kind_and_is_needed_only_there() -> None:
    names = {option.name for option in options_of(Paging)} - {"kind"}
    assert set().union(*TAKES.values()) == names
    for kind, groups in NEEDS.items():
        assert {name for group in groups for name in group} <= set(TAKES[kind])


def test_the_options_that_are_given_are_those_that_differ_from_their_defaults() -> None:
    assert list(given(Paging(kind="cursor", as_="a", in_="query", alone=True))) == ["as", "alone"]
    assert [fault for fault, _ in paging_faults(Paging(kind="none", as_="a"), has_total=False)] == [
        "paging: none takes no as"
    ]


def test_a_value_in_an_address_is_one_segment() -> None:
    step = fetch_of(
        {"url": "/repos/${{ params.a }}/x-${{ params.b }}.json", "paging": "none"}, a="a/b?c", b=7
    )
    assert step.request().first().address == "/repos/a%2Fb%3Fc/x-7.json"


@pytest.mark.parametrize("value", ["", ".", ".."])
def test_a_value_that_would_lead_elsewhere_is_refused(value: str) -> None:
    with pytest.raises(InvalidJobError) as caught:
        fetch_of({"url": "/repos/${{ params.a }}", "paging": "none"}, a=value)
    assert "cannot be a part of an address" in caught.value.problems[0].message


def test_values_in_a_query_keep_their_digits_and_null_is_left_out() -> None:
    query = {
        name: f"${{{{ params.{name} }}}}"
        for name in ("number", "big", "flag", "names", "none", "text", "empty")
    }
    step = fetch_of(
        {
            "url": "/a",
            "query": {**query, "day": "${{ run.today }}", "from": "x-${{ params.big }}"},
            "paging": "none",
        },
        number=Decimal("1.50"),
        big=12345678901234567890,
        flag=True,
        names=["a&b", "c"],
        none=None,
        text="1+1=2",
        empty="",
    )
    assert step.request().first().address == (
        "/a?number=1.50&big=12345678901234567890&flag=true&names=a%26b&names=c&text=1%2B1%3D2&empty=&day=2026-01-15"
        "&from=x-12345678901234567890"
    )


def test_values_in_a_body_are_json_of_their_type() -> None:
    body = {
        "a": "${{ params.a }}",
        "b": [{"c": "${{ params.b }}"}],
        "d": "x ${{ params.a }}",
        "e": None,
        "f": 1.50,
    }
    step = fetch_of(
        {"url": "/a", "method": "POST", "body": body, "paging": "none"}, a=Decimal("1.50"), b=["x", "y"]
    )
    assert step.request().body == {
        "a": Decimal("1.50"),
        "b": [{"c": ["x", "y"]}],
        "d": "x 1.50",
        "e": None,
        "f": Decimal("1.5"),
    }


def test_a_date_in_a_body_is_its_text() -> None:
    text = """
version: 1
params: {day: {type: date, default: "2026-01-15"}}
steps:
  - fetch: {url: /a, method: POST, body: {since: "${{ params.day }}"}, paging: none}
"""
    loaded = load_text(text, file="job.yaml", stem="job")
    assert loaded.problems == []
    step = fetch_of({"url": "/a", "method": "POST", "body": {"since": "${{ run.today }}"}, "paging": "none"})
    assert step.request().body == {"since": date(2026, 1, 15).isoformat()}


def test_the_smaller_limit_counts() -> None:
    options: dict[str, Any] = {"url": "/a", "paging": "none", "limit": 7}
    assert [fetch_of(options).request(limit).limit for limit in (None, 3, 9)] == [7, 3, 7]
    assert json.dumps(options)


def test_p2_every_option_of_fetch_says_whether_it_is_for_an_entity_a_url_or_both() -> None:
    both = {"optional", "page-size", "limit", "key", "complete", "on-duplicate", "headers", "query"}
    apart = [{"entity", "url"}, set(_OF_ENTITY), set(_OF_URL), both]
    assert sorted(option.name for option in options_of(Fetch)) == sorted(
        name for part in apart for name in part
    )
