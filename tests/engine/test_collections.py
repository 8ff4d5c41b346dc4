"""REST collections through a whole job: what is published, what the report says, what a fault leaves behind."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.engine.pages_server import PagesServer, Reply, as_reply
from tests.engine.workplace import Workplace

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.engine.pages_server import Asked

JOB = """\
version: 1
steps:
  - id: projects
    fetch:
      url: /projects
      records: values
      total: total
      paging: {kind: offset, as: startAt, size-as: maxResults}
      page-size: 10
      key: [id]
  - save: {file: projects.csv, stamp: false}
"""


def projects(rows: int, *, missing: int = 0) -> Callable[[Asked], Reply]:
    """Return the script of a service that has `rows` projects, and keeps `missing` of them for itself."""

    def script(asked: Asked) -> Reply:
        first, size = int(asked.query["startAt"]), int(asked.query["maxResults"])
        there = range(first, min(first + size, rows - missing))
        return as_reply({"total": rows, "values": [{"id": each} for each in there]})

    return script


def test_a_collection_is_read_published_and_reported(tmp_path: Path) -> None:
    work = Workplace(tmp_path)
    work.job(JOB)
    with PagesServer(projects(25)) as server:
        work.config({"api-base-url": server.url})
        report = work.good_run()
    assert work.rows("projects.csv") == ["id", *map(str, range(25))]
    notes: dict[str, Any] = report.steps[0].notes
    assert report.steps[0].title == "/projects"
    assert notes["request"] == "GET /projects?maxResults=10&startAt=0"
    fetched = notes["fetched"]
    assert {
        name: fetched[name] for name in ("strength", "rows", "count", "counted-by", "links", "ended-by")
    } == {
        "strength": "counted",
        "rows": 25,
        "count": 25,
        "counted-by": "total",
        "links": "offset",
        "ended-by": "the total",
    }
    assert not report.warnings


def test_p2_a_collection_that_is_not_whole_is_read_once_more_and_then_publishes_nothing(
    tmp_path: Path,
) -> None:
    work = Workplace(tmp_path)
    work.job(JOB)
    with PagesServer(projects(25, missing=1)) as server:
        work.config({"api-base-url": server.url})
        report = work.run()
    assert [asked.query["startAt"] for asked in server.asked] == ["0", "10", "20", "24"] * 2
    assert report.outcome == "failed"
    assert "the service counts 25 records and 24 came: 1 missing" in str(report.error)
    assert work.outputs() == {}


def test_a_dry_run_asks_for_the_first_page_only(tmp_path: Path) -> None:
    work = Workplace(tmp_path)
    work.job(JOB.replace("page-size: 10", "page-size: 100"))
    with PagesServer(projects(2500)) as server:
        work.config({"api-base-url": server.url})
        report = work.good_run(dry_run=True)
        assert len(server.asked) == 1
        limited = work.good_run(limit=250)
        assert len(server.asked) == 4
    assert (report.steps[0].records, limited.steps[0].records) == (100, 250)


def test_a_read_that_nothing_proves_is_told_as_such(tmp_path: Path) -> None:
    work = Workplace(tmp_path)
    work.steps("  - fetch: {url: /all, paging: none}\n  - save: {file: all.jsonl, stamp: false}\n")
    with PagesServer(lambda _: Reply(body=json.dumps([{"id": "1"}]).encode())) as server:
        work.config({"api-base-url": server.url})
        report = work.good_run()
    assert report.warnings == [
        "/all: nothing proves that all records came: the job does not say where the service tells its total"
    ]
