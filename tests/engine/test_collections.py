"""REST collections through a whole job: what is published, what the report says, what a fault leaves behind."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

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
    assert notes["request"] == f"GET {server.url}/projects?maxResults=10&startAt=0"
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


@pytest.mark.parametrize("way", ["link-header", "cursor in a header", "next-url"])
def test_p4_a_read_that_failed_goes_on_with_the_pages_that_came(way: str, tmp_path: Path) -> None:
    paging = {
        "link-header": "link-header",
        "cursor in a header": "{kind: cursor, cursor-header: X-Next, as: page}",
        "next-url": "{kind: next-url, next: next}",
    }[way]
    work = Workplace(tmp_path)
    fetch = f"{{url: /all, records: d, paging: {paging}, key: [id], total: n}}"
    work.steps(f"  - fetch: {fetch}\n  - save: {{file: all.csv, stamp: false}}\n")
    broken = {3}

    def script(asked: Asked) -> Reply:
        if asked.page in broken:
            return Reply(500, b'{"message": "out of order"}')
        body: dict[str, Any] = {"d": [{"id": asked.page}], "n": 4}
        headers = {}
        if asked.page < 4:
            following = f"{asked.path}?page={asked.page + 1}"
            if way == "link-header":
                headers["Link"] = f'<{following}>; rel="next"'
            elif way == "next-url":
                body["next"] = following
            else:
                headers["X-Next"] = str(asked.page + 1)
        return Reply(body=json.dumps(body).encode(), headers=headers)

    with PagesServer(script) as server:
        work.config({"api-base-url": server.url})
        assert work.command("run", "job", "acme", "test").code == 1
        broken.clear()
        server.asked.clear()
        done = work.command("run", "job", "acme", "test", "--resume")
        assert done.code == 0, done
        assert [asked.page for asked in server.asked] == [
            3,
            2,
            4,
        ]  # page 2 shows that nothing has come or gone
    assert work.rows("all.csv") == ["id", "1", "2", "3", "4"]
