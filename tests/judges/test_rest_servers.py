"""Jobs that read REST collections from servers that are not ours, in each way in which these page."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

import pytest

from tests.engine.workplace import Workplace
from tests.judges.hostile import WORDS
from tests.judges.node import JUDGES, need, serving
from tests.judges.reading import differences
from txojobs.exact_json import decode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.judges.reading import Rows, Trade
    from txojobs.engine.report import RunReport

SET = "Customers"
SIZE = 70


@pytest.fixture(scope="module")
def servers(trade: Trade, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    folder = JUDGES / "rest"
    need(folder)
    records = tmp_path_factory.mktemp("judge") / "records.json"
    records.write_text(json.dumps(trade.flat), encoding="utf-8")
    with serving(folder, records=str(records)) as facts:
        yield facts


def run(root: Path, url: str, fetch: dict[str, Any], **params: str) -> RunReport:
    work = Workplace(root)
    work.config({"api-base-url": url})
    declared = {name: {"type": "string"} for name in params}
    steps = [{"fetch": fetch}, {"save": {"file": "rows.jsonl", "stamp": False}}]
    work.job(json.dumps({"version": 1, "params": declared, "steps": steps}))
    return work.run(params=params)


def rows_of(report: RunReport) -> Rows:
    if report.error is not None:
        raise report.error
    (path,) = report.outputs
    return [cast("dict[str, Any]", decode(line)) for line in path.read_bytes().split(b"\n") if line]


def proof(report: RunReport) -> dict[str, Any]:
    return cast("dict[str, Any]", report.steps[0].notes["fetched"])


TOTAL = {"total-header": "X-Total-Count"}
OLDER: dict[str, dict[str, Any]] = {
    "link header": {"paging": "link-header", "query": {"_page": 1, "_limit": SIZE}, **TOTAL},
    "offset and total": {
        "paging": {"kind": "offset", "as": "_start", "size-as": "_limit"},
        "page-size": SIZE,
        **TOTAL,
    },
    "offset to the empty page": {
        "paging": {"kind": "offset", "as": "_start", "size-as": "_limit", "ends": "empty-page"},
        "page-size": SIZE,
        **TOTAL,
    },
    "page and total": {
        "paging": {"kind": "page", "as": "_page", "size-as": "_limit"},
        "page-size": SIZE,
        **TOTAL,
    },
    "page to the empty page": {
        "paging": {"kind": "page", "as": "_page", "size-as": "_limit", "ends": "empty-page"},
        "page-size": SIZE,
    },
    "all at once": {"paging": "none"},
}
ENDS = {
    "link header": "no link",
    "offset and total": "the total",
    "offset to the empty page": "an empty page",
    "page and total": "the total",
    "page to the empty page": "an empty page",
    "all at once": "one answer",
}


@pytest.mark.parametrize("way", OLDER)
def test_the_older_server_is_read_whole_in_each_way(
    way: str, servers: dict[str, Any], trade: Trade, tmp_path: Path
) -> None:
    report = run(tmp_path, servers["url"], {"url": SET, "key": ["CustomerNo"], **OLDER[way]})
    assert differences(rows_of(report), trade.flat[SET]) == []
    pages = -(-len(trade.flat[SET]) // SIZE)
    told = proof(report)
    assert told["ended-by"] == ENDS[way]
    assert told["strength"] == ("counted" if "total-header" in OLDER[way] else "unproven")
    assert told["requests"] == (1 if way == "all at once" else pages + ("empty" in way))


NEWER: dict[str, dict[str, Any]] = {
    "pages": {"kind": "page", "as": "_page", "size-as": "_per_page", "total-pages": "pages"},
    "total": {"kind": "page", "as": "_page", "size-as": "_per_page"},
    "cursor": {"kind": "cursor", "cursor": "next", "as": "_page", "size-as": "_per_page"},
}


@pytest.mark.parametrize("way", NEWER)
def test_the_newer_server_is_read_whole_in_each_way(
    way: str, servers: dict[str, Any], trade: Trade, tmp_path: Path
) -> None:
    fetch = {
        "url": SET,
        "records": "data",
        "total": "items",
        "paging": NEWER[way],
        "page-size": SIZE,
        "query": {"_page": 1} if way == "cursor" else {},
        "key": ["CustomerNo"],
        "complete": "verify" if way == "cursor" else "count",
    }
    report = run(tmp_path, servers["newer_url"], fetch)
    assert differences(rows_of(report), trade.flat[SET]) == []
    assert proof(report)["strength"] == ("verified" if way == "cursor" else "counted")
    assert proof(report)["second-reading"] is (way == "cursor")


def test_p2_a_server_that_gives_its_last_page_again_is_told_apart_from_more_pages(
    servers: dict[str, Any], tmp_path: Path
) -> None:
    paging = {"kind": "page", "as": "_page", "size-as": "_per_page", "ends": "empty-page"}
    report = run(
        tmp_path, servers["newer_url"], {"url": SET, "records": "data", "paging": paging, "page-size": SIZE}
    )
    assert "the service repeats itself" in str(report.error)
    assert "total-pages" in str(getattr(report.error, "how_to_fix", ""))
    assert not report.outputs


@pytest.mark.parametrize(
    ("fetch", "told"),
    [
        ({"paging": "none", "query": {"_page": 1, "_limit": SIZE}}, "it goes on under the header Link"),
        (
            {"paging": {"kind": "offset", "as": "_strat", "size-as": "_limit"}, "page-size": SIZE, **TOTAL},
            "the service repeats itself",
        ),
    ],
)
def test_p2_a_mistake_in_the_job_does_not_shorten_the_file(
    fetch: dict[str, Any], told: str, servers: dict[str, Any], tmp_path: Path
) -> None:
    report = run(tmp_path, servers["url"], {"url": SET, **fetch})
    assert told in str(report.error)
    assert not report.outputs


@pytest.mark.parametrize("word", WORDS)
def test_values_in_a_query_find_exactly_what_they_say(
    word: str, servers: dict[str, Any], tmp_path: Path
) -> None:
    fetch = {"url": "Words", "query": {"Text": "${{ params.word }}"}, "paging": "none"}
    assert [row["Text"] for row in rows_of(run(tmp_path, servers["url"], fetch, word=word))] == [word]
