"""Reading in ranges of a field: the same records as at once, in a fixed order, proven over all ranges."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.engine.workplace import Workplace
from tests.rest.fault_server import FaultServer, answer
from tests.rest.range_service import RangeService
from txojobs.engine.about import proof_in_words
from txojobs.errors import ApiError, ApiOperationError, IncompleteReadError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.rest.fault_server import Connection

RECORDS = [{"No": number, "Due": None if number % 7 == 0 else number * 10 % 97} for number in range(1, 41)]


@pytest.fixture
def work(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path)


def job(work: Workplace, url: str, options: str, **service: Any) -> None:
    work.config({"api-base-url": url, **service})
    work.steps(f"  - fetch: {{entity: C, key: [No], {options}}}\n  - save: c.jsonl\n")


def numbers(work: Workplace) -> list[int]:
    return [json.loads(line)["No"] for line in work.rows("c.jsonl")]


def test_so_many_ranges_are_read_at_once_and_come_in_their_order(work: Workplace) -> None:
    service = RangeService(RECORDS, gather=4)
    with service.serve() as server:
        job(work, server.url, "partition: {by: No, parts: 4}, parallel: 4")
        report = work.good_run()
    assert numbers(work) == list(range(1, 41))
    assert service.most == 4
    facts = report.as_json()["steps"][0]["fetched"]
    assert (facts["strength"], facts["rows"], facts["count"], facts["links"]) == (
        "counted",
        40,
        40,
        "4 ranges",
    )
    assert work.left_behind() == []


def test_the_configuration_says_how_many_at_the_most(work: Workplace) -> None:
    service = RangeService(RECORDS)
    with service.serve() as server:
        job(work, server.url, "partition: {by: No, parts: 8}, parallel: 8", reading={"max-parallel": 1})
        work.good_run()
    assert service.most == 1


def test_records_without_a_value_are_in_the_first_range(work: Workplace) -> None:
    service = RangeService(RECORDS)
    with service.serve() as server:
        job(work, server.url, "partition: {by: Due, at: [30, 60]}, parallel: 2")
        work.good_run()
    assert sorted(numbers(work)) == list(range(1, 41))
    wanted = ["(Due lt 30 or Due eq null)", "Due ge 30 and Due lt 60", "Due ge 60"]
    assert sorted(service.filters) == wanted  # two at once come in any order


@pytest.mark.parametrize("times", [1, 2])
def test_p2_a_record_that_moves_to_a_range_already_read_is_missed_and_found_missing(
    times: int, work: Workplace
) -> None:
    records = [dict(record) for record in RECORDS]
    service = RangeService(records)
    moved: list[Any] = []

    def move(_: int) -> None:
        if len(moved) < times and service.filters.count("Due ge 30 and Due lt 60") > len(moved):
            moving = next(each for each in records if (each["Due"] or 0) >= 60)
            moving["Due"] = 1  # the first range has been read by now
            moved.append(moving["No"])

    service.after = move
    with service.serve() as server:
        job(work, server.url, "partition: {by: Due, at: [30, 60]}")
        report = work.run()
    assert len(moved) == times
    if times == 1:  # the second reading is whole
        assert sorted(numbers(work)) == list(range(1, 41))
        assert any("all was read twice" in warning for warning in report.warnings)
    else:
        assert isinstance(report.error, IncompleteReadError)
        assert "counts 40 records and 39 came: 1 missing" in str(report.error)
        assert not work.outputs()


def test_p2_a_key_in_two_ranges_is_found(work: Workplace) -> None:
    doubled: list[dict[str, Any]] = [*RECORDS, {"No": 1, "Due": 96}]
    with RangeService(doubled).serve() as server:
        job(work, server.url, "partition: {by: Due, at: [30, 60]}, parallel: 3")
        report = work.run()
    assert isinstance(report.error, IncompleteReadError)
    assert "1 record came twice (No=1)" in str(report.error)
    assert not work.outputs()


def test_without_a_count_nothing_is_claimed_and_a_demanded_one_is_missed_before_the_read(
    work: Workplace,
) -> None:
    with RangeService(RECORDS, counts=False).serve() as server:
        job(work, server.url, "partition: {by: No, parts: 4}")
        report = work.good_run()
        assert report.as_json()["steps"][0]["fetched"]["strength"] == "unproven"
        job(work, server.url, "partition: {by: No, parts: 4}, complete: count")
        report = work.run()
    assert isinstance(report.error, ApiOperationError)
    assert "complete: count" in str(report.error)


def test_p2_without_key_and_count_nothing_would_be_noticed_so_it_is_refused(work: Workplace) -> None:
    with RangeService(RECORDS, counts=False).serve() as server:
        work.config({"api-base-url": server.url})
        work.steps("  - fetch: {entity: C, partition: {by: No, parts: 4}}\n  - save: c.jsonl\n")
        report = work.run()
    assert "needs a key or a count" in str(report.error)
    assert not work.outputs()


def test_dates_that_are_none_are_counted_over_all_ranges(work: Workplace) -> None:
    records = [{"No": number, "Due": 1, "At": "0001-01-01"} for number in range(1, 9)]
    with RangeService(records).serve() as server:
        job(work, server.url, "partition: {by: No, parts: 2}", reading={"null-dates": ["0001-01-01"]})
        report = work.good_run()
    assert report.as_json()["steps"][0]["empty-dates"] == 8


def test_verify_in_ranges_of_the_key(work: Workplace) -> None:
    with RangeService(RECORDS).serve() as server:
        job(work, server.url, "partition: {by: No, parts: 3}, complete: verify, parallel: 2")
        report = work.good_run()
    proof = report.as_json()["steps"][0]["fetched"]
    assert proof["strength"] == "verified"
    assert proof_in_words(proof) == "complete: rows = $count, read in 3 ranges of the key, no key twice"
    assert numbers(work) == list(range(1, 41))


def test_an_empty_set_has_no_ranges(work: Workplace) -> None:
    with RangeService([]).serve() as server:
        job(work, server.url, "partition: {by: No, parts: 4}")
        assert work.good_run().outcome == "done"


def test_a_range_that_fails_fails_the_run_and_leaves_nothing(work: Workplace) -> None:
    step = RangeService(RECORDS)._step

    def broken(connection: Connection) -> bool:
        return answer(403)(connection) if "ge%2020" in connection.request.target else step(connection)

    with FaultServer([broken]) as server:
        job(work, server.url, "partition: {by: No, parts: 4}, parallel: 4")
        report = work.run()
    assert isinstance(report.error, ApiError)
    assert report.error.status == 403
    assert work.left_behind() == []


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ("partition: {by: No}", "partition takes parts or at"),
        ("partition: {by: No, parts: 3, at: [1]}", "partition takes parts or at"),
        ("partition: {by: No, parts: 1}", "parts must be at least 2"),
        ("partition: {by: No, at: [3, 1]}", "each larger than the one before it"),
        ("partition: {by: No, at: [3, A]}", "all texts or all numbers"),
        ("partition: {by: No, parts: 3}, order-by: [Due]", "order-by begins with Due"),
        ("partition: {by: Due, parts: 3}, complete: verify", "needs a partition by a field of the key"),
        ("partition: {by: No, parts: 3}, on-duplicate: keep-last", "cannot be had with this on-duplicate"),
        ("partition: {by: No, parts: 3}, companies: all", "cannot be had with this companies"),
        ("parallel: 0", "parallel must be at least 1"),
    ],
)
def test_validate_finds_what_does_not_go_together(options: str, problem: str, work: Workplace) -> None:
    work.steps(f"  - fetch: {{entity: C, key: [No], {options}}}\n  - save: c.csv\n")
    done = work.command("validate")
    assert done.code == 2
    assert problem in " ".join(done.out.replace("\n", " ").split())
