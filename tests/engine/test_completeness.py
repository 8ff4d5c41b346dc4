"""Promise P2 through a whole job: every page, every record, or exit with an error and the old file untouched."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.engine.pages_server import Asked, PagesServer, Reply, as_reply, customers, page_of, record
from tests.engine.workplace import FETCH, Workplace

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

STABLE = FETCH.replace("save: customers.csv", "save: {file: customers.csv, stamp: false}")


def changed(page: int, change: Callable[[dict[str, Any]], object]) -> Callable[[Asked], Reply]:
    def script(asked: Asked) -> Reply:
        found = page_of(asked, rows=50, size=10)
        if asked.page == page:
            change(found)
        return as_reply(found)

    return script


def instead(page: int, reply: Reply) -> Callable[[Asked], Reply]:
    return lambda asked: reply if asked.page == page else as_reply(page_of(asked, rows=50, size=10))


def changed_once(
    page: int, change: Callable[[dict[str, Any]], object]
) -> Callable[[], Callable[[Asked], Reply]]:
    return lambda: first_time(page, changed(page, change))


def instead_once(page: int, reply: Reply) -> Callable[[], Callable[[Asked], Reply]]:
    return lambda: first_time(page, instead(page, reply))


def first_time(page: int, fault: Callable[[Asked], Reply]) -> Callable[[Asked], Reply]:
    """Return the script of a service that is in good order but for the first time that a page is asked for."""
    seen: list[int] = []

    def script(asked: Asked) -> Reply:
        seen.append(asked.page)
        broken = asked.page == page and seen.count(page) == 1
        return fault(asked) if broken else as_reply(page_of(asked, rows=50, size=10))

    return script


FAULTS: dict[str, tuple[Callable[[Asked], Reply], str]] = {
    "count too high": (lambda asked: as_reply(page_of(asked, rows=50, size=10, count=51)), "51"),
    "count too low": (lambda asked: as_reply(page_of(asked, rows=50, size=10, count=49)), "49"),
    "last page without a link": (changed(4, lambda page: page.pop("@odata.nextLink")), "50"),
    "a key twice": (changed(3, lambda page: page["value"][0].update(Id="C00001")), "C00001"),
    "a key is missing": (changed(3, lambda page: page["value"][0].pop("Id")), "Id"),
    "a link that repeats": (
        changed(3, lambda page: page.update({"@odata.nextLink": "Customers?page=2"})),
        "circle|already",
    ),
    "a truncated page": (
        instead(3, Reply(body=json.dumps({"value": []}).encode()[:6], cut=500)),
        "broke|complete|before",
    ),
    "half a text": (instead(3, Reply(body=b'{"value": [{"Id": "C0')), "JSON|json"),
    "500": (instead(3, Reply(500, b'{"error": {"code": "X1", "message": "out of order"}}')), "500"),
    "403": (instead(3, Reply(403, b'{"error": {"code": "Denied", "message": "not yours"}}')), "403"),
    "an error in 200": (instead(3, as_reply({"error": {"code": "X", "message": "no more"}})), "no more"),
    "no value": (instead(3, as_reply({})), "value"),
    "a login page": (
        instead(3, Reply(body=b"<html><title>Sign in</title></html>", headers={"Content-Type": "text/html"})),
        "HTML|html|login|page",
    ),
    "a foreign link": (
        changed(3, lambda page: page.update({"@odata.nextLink": "http://127.0.0.2:9/api/Customers?page=4"})),
        "127.0.0.2",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_p2_a_fault_publishes_nothing_and_leaves_the_last_file_as_it_was(tmp_path: Path, fault: str) -> None:
    work = Workplace(tmp_path)
    script, told = FAULTS[fault]
    with PagesServer(customers()) as server:
        work.config({"api-base-url": server.url})
        work.job(STABLE)
        work.good_run()
        before = work.outputs()
        server.script = script
        report = work.run()
    assert report.outcome == "failed"
    assert report.error is not None
    assert any(word in str(report.error) for word in told.split("|")), str(report.error)
    assert "Customers" in str(report.error) or fault == "a foreign link"
    assert getattr(report.error, "how_to_fix", None)
    assert getattr(report.error, "step", None) == "customers"
    assert report.outputs == []
    assert [path.name for path in report.previous] == ["acme-test-customers.csv"]
    assert work.outputs() == before
    assert not work.left_behind()


def test_p2_every_next_link_is_followed_however_short_the_pages_are(tmp_path: Path) -> None:
    work = Workplace(tmp_path)

    def script(asked: Asked) -> Reply:
        page = page_of(asked, rows=50, size=10)
        if asked.page == 3:
            page["value"], rest = page["value"][:1], page["value"][1:]
            page["@odata.nextLink"] = "Customers?page=33"
            assert rest
        if asked.page == 33:
            page = page_of(Asked(0, asked.path, {"page": "3"}, {}), rows=50, size=10)
            page["value"] = page["value"][1:]
        return as_reply(page)

    with PagesServer(script) as server:
        work.config({"api-base-url": server.url})
        work.job(FETCH)
        report = work.good_run()
        assert len(server.asked) == 6
    assert len(work.rows("customers.csv")) == 51
    fetched: Any = report.steps[0].notes["fetched"]
    assert fetched["strength"] == "counted"
    assert fetched["count"] == 50
    assert fetched["key"] == ["Id"]
    assert fetched["links"] == "opaque"


READ_AGAIN = {
    "count": changed_once(3, lambda page: page["value"].pop()),
    "key": changed_once(3, lambda page: page["value"][0].update(Id="C00001")),
    "link forgotten": instead_once(3, Reply(410, b'{"error": {"code": "Gone", "message": "too late"}}')),
}


@pytest.mark.parametrize("fault", READ_AGAIN)
def test_p2_a_source_that_was_not_read_whole_and_once_is_read_once_more(tmp_path: Path, fault: str) -> None:
    work = Workplace(tmp_path)
    with PagesServer(READ_AGAIN[fault]()) as server:
        work.config({"api-base-url": server.url})
        work.job(STABLE)
        report = work.good_run()
        pages = [asked.page for asked in server.asked if "$top" not in asked.query]
    assert pages[-5:] == [1, 2, 3, 4, 5]
    assert len(work.rows("customers.csv")) == 51
    assert [step.records for step in report.steps] == [50] * len(report.steps)
    assert [path.name for path in report.outputs] == ["acme-test-customers.csv"]
    (warning,) = report.warnings
    assert warning.startswith("all was read twice, because the first time ")
    assert not work.left_behind()


def test_p2_a_source_is_not_read_a_third_time(tmp_path: Path) -> None:
    work = Workplace(tmp_path)
    with PagesServer(changed(3, lambda page: page["value"].pop())) as server:
        work.config({"api-base-url": server.url})
        work.job(STABLE)
        report = work.run()
        firsts = [asked for asked in server.asked if asked.page == 1 and "$top" not in asked.query]
    assert report.outcome == "failed"
    assert "the service counts 50 records and 49 came: 1 missing" in str(report.error)
    assert len(firsts) == 2
    assert not work.outputs()
    assert not work.left_behind()


def test_p2_on_error_continue_goes_on_only_after_the_second_reading(tmp_path: Path) -> None:
    work = Workplace(tmp_path)
    with PagesServer(changed_once(3, lambda page: page["value"].pop())()) as server:
        work.config({"api-base-url": server.url})
        work.job(STABLE.replace("- id: customers", "- id: customers\n    on-error: continue"))
        report = work.good_run()
    assert report.outcome == "done"
    assert len(work.rows("customers.csv")) == 51


LIMITED = "  - fetch: {entity: Customers, key: [Id], limit: 15}\n  - save: customers.csv\n"


@pytest.mark.parametrize(
    ("asked", "records", "file"),
    [
        (None, 15, "acme-test-customers_"),
        (7, 7, "acme-test-customers_first-7_"),
        (40, 15, "acme-test-customers_first-40_"),
    ],
)
def test_p2_what_a_limit_cut_is_not_called_complete_and_only_a_trial_has_it_in_its_name(
    tmp_path: Path, asked: int | None, records: int, file: str
) -> None:
    work = Workplace(tmp_path)
    with PagesServer(customers()) as server:
        work.config({"api-base-url": server.url})
        work.steps(LIMITED)
        report = work.good_run(limit=asked)
        words = [] if asked is None else ["--limit", str(asked)]
        done = work.command("run", "job", "acme", "test", *words)
    assert report.outputs[0].name.startswith(file + "2")
    facts = report.as_json()["steps"][0]
    assert facts["records"] == records
    assert facts["fetched"]["strength"] == "unproven"
    assert facts["fetched"]["count-note"] == "not asked: limit"
    assert done.code == 0
    assert "the first records only: limit" in done.out
    assert "complete:" not in done.out


@pytest.mark.parametrize("limit", [50, 99])
def test_p2_a_limit_that_nothing_exceeds_proves_nothing_either(tmp_path: Path, limit: int) -> None:
    work = Workplace(tmp_path)
    with PagesServer(customers()) as server:
        work.config({"api-base-url": server.url})
        work.steps(LIMITED.replace("15", str(limit)))
        report = work.good_run()
    assert report.as_json()["steps"][0]["records"] == 50
    assert report.as_json()["steps"][0]["fetched"]["strength"] == "unproven"


def test_the_command_says_what_is_safe_and_how_to_repeat(tmp_path: Path) -> None:
    work = Workplace(tmp_path)
    with PagesServer(customers()) as server:
        work.config({"api-base-url": server.url})
        work.job(STABLE.replace("version: 1", "version: 1\nparams: {country: {default: SE}}"))
        assert work.command("run", "job", "acme", "test").code == 0
        server.script = FAULTS["403"][0]
        done = work.command("run", "job", "acme", "test", "-p", "country=N O")
    assert done.code == 1, done
    assert "jobs/job.yaml:5:5 in step customers" in done.err
    assert "Nothing was written." in done.err
    assert "The last good file is output/acme-test-customers.csv" in done.err
    assert "Details: logs/acme-test-job_" in done.err
    assert done.err.rstrip().endswith("Again: txojobs run job acme test -p 'country=N O'")
    assert "Traceback" not in done.err + done.out


def test_p2_on_error_continue_goes_on_without_what_failed_twice(tmp_path: Path) -> None:
    work = Workplace(tmp_path)
    with PagesServer(changed(3, lambda page: page["value"].pop())) as server:
        work.config({"api-base-url": server.url})
        work.job(STABLE.replace("- id: customers", "- id: customers\n    on-error: continue"))
        report = work.run()
        firsts = [asked for asked in server.asked if asked.page == 1 and "$top" not in asked.query]
    assert report.outcome == "partial"
    assert report.error is None
    assert len(firsts) == 2
    assert not work.outputs()
    assert any("customers failed, and the run went on without it" in each for each in report.warnings)


def doubled(asked: Asked) -> Reply:
    """Page 3 brings the record C00001 of page 1 again, with another balance."""
    found = page_of(asked, rows=50, size=10)
    if asked.page == 3:
        found["value"].insert(4, {"Id": "C00001", "Name": "Customer 1", "Balance": 999})
    return as_reply(found)


@pytest.mark.parametrize(("keep", "balance", "place"), [("keep-first", "1", 0), ("keep-last", "999", 23)])
def test_p2_a_record_that_comes_twice_is_kept_once_as_the_job_says(
    tmp_path: Path, keep: str, balance: str, place: int
) -> None:
    work = Workplace(tmp_path)
    with PagesServer(doubled) as server:
        work.config({"api-base-url": server.url})
        work.job(FETCH.replace("key: [Id]", f"key: [Id], on-duplicate: {keep}"))
        report = work.good_run()
    header, *rows = work.rows("customers.csv")
    assert header == "Number,Name,Balance"
    assert len(rows) == 50
    assert rows[place] == f"C00001,Customer 1,{balance}"
    fetched: Any = report.steps[0].notes["fetched"]
    assert (fetched["rows"], fetched["duplicates"], fetched["count"]) == (50, 1, 50)


@pytest.mark.parametrize(
    ("key", "told"),
    [("Balance", "read in the order of the key, no key twice"), ("Id", "the keys read twice, no key twice")],
)
def test_p2_verify_reads_in_the_order_of_the_key_through_a_whole_job(
    tmp_path: Path, key: str, told: str
) -> None:
    work = Workplace(tmp_path)

    def script(asked: Asked) -> Reply:
        condition = asked.query.get("$filter", "Balance gt 0")
        first = int(asked.query.get("$skip", "0")) or int(condition.removeprefix("Balance gt "))
        rows = [record(number) for number in range(first + 1, min(50, first + 20) + 1)]
        more = {"@odata.nextLink": f"Customers?$skip={first + 20}"} if first + 20 < 50 else {}
        return as_reply({"@odata.count": 50, **more, "value": rows})

    with PagesServer(script) as server:
        work.config({"api-base-url": server.url})
        work.job(FETCH.replace("key: [Id]", f"key: [{key}], complete: verify"))
        done = work.command("run", "job", "acme", "test")
        orders = {asked.query.get("$orderby") for asked in server.asked}
    assert done.code == 0, done
    assert f"complete: rows = $count, {told}" in done.err + done.out
    assert orders <= {key, None}
    assert len(work.rows("customers.csv")) == 51
