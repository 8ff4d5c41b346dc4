"""Incremental fetches: each run reads what changed since the last one, and no record is ever lost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.invoking import invoke
from tests.engine.changing_service import ChangingService
from txojobs.errors import FileOperationError, StepError
from txojobs.state.store import NAME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.engine.workplace import Workplace
    from txojobs.engine.report import RunReport

JOB = """\
version: 1
params:
  region: {default: all}
steps:
  - id: customers
    fetch: {entity: Customers, key: [Id], incremental: {by: Changed}}
  - save: {file: changed.jsonl, stamp: false}
"""
DAY = "2026-01-15T10:00:0"


def record(key: str, changed: object, **fields: Any) -> dict[str, Any]:
    return {"Id": key, "Changed": changed, **fields}


@pytest.fixture
def service() -> Iterator[ChangingService]:
    found = ChangingService(record("a", f"{DAY}1Z"), record("b", f"{DAY}2Z"), record("c", f"{DAY}3Z"))
    with found.server:
        yield found


@pytest.fixture
def work(work: Workplace, service: ChangingService) -> Workplace:
    work.config({"api-base-url": service.server.url})
    work.job(JOB)
    return work


def fetched(work: Workplace) -> str:
    """Return the keys of the records in the output, in its order."""
    return "".join(json.loads(line)["Id"] for line in work.rows("changed.jsonl"))


def facts(report: RunReport, step: int = 0) -> Any:
    return report.as_json()["steps"][step]["incremental"]


def test_the_first_run_reads_all_and_says_that_there_is_no_watermark(
    work: Workplace, service: ChangingService
) -> None:
    report = work.good_run()
    assert fetched(work) == "abc"
    assert service.filters == [None]
    assert facts(report) == {
        "by": "Changed",
        "watermark-before": None,
        "watermark-after": f"{DAY}3Z",
        "since": None,
        "reads-all-because": "no watermark",
        "rows-new": 3,
        "rows-without-value": 0,
        "stays-because": None,
    }


def test_the_next_run_reads_what_has_changed_since(work: Workplace, service: ChangingService) -> None:
    work.good_run()
    service.change("a", f"{DAY}7Z")
    service.change("d", f"{DAY}5Z")
    report = work.good_run()
    assert service.filters[-1] == f"Changed ge {DAY}3Z"
    assert fetched(work) == "acd", "c has the very value of the watermark: others may have come with it"
    assert facts(report)["rows-new"] == 2
    assert (facts(report)["watermark-before"], facts(report)["watermark-after"]) == (f"{DAY}3Z", f"{DAY}7Z")
    work.good_run()
    assert service.filters[-1] == f"Changed ge {DAY}7Z"
    assert fetched(work) == "a"


def test_what_changed_within_the_lookback_is_read_again(work: Workplace, service: ChangingService) -> None:
    """A record that the service stored late: its time lies before the watermark."""
    work.job(JOB.replace("by: Changed", "by: Changed, lookback: 2s"))
    work.good_run()
    service.change("late", f"{DAY}2Z")
    report = work.good_run()
    assert service.filters[-1] == f"Changed ge {DAY}1Z"
    assert "late" in fetched(work)
    assert facts(report)["watermark-after"] == f"{DAY}3Z", "it does not go back"
    assert facts(report)["rows-new"] == 0
    service.records = [each for each in service.records if each["Id"] == "late"]
    assert facts(work.good_run())["watermark-after"] == f"{DAY}3Z", "also when the newest record is deleted"


@pytest.mark.parametrize("filter_", ["Country eq 'SE'", "[Country eq 'SE', Region eq 'x']"])
def test_the_filter_of_the_job_holds_as_well(work: Workplace, service: ChangingService, filter_: str) -> None:
    for each in service.records:
        each |= {"Country": "SE", "Region": "x"}
    work.job(JOB.replace("key: [Id],", f"key: [Id], filter: {filter_},"))
    work.good_run()
    service.change("d", f"{DAY}9Z", Country="NO", Region="x")
    service.change("e", f"{DAY}8Z", Country="SE", Region="x")
    report = work.good_run()
    assert str(service.filters[-1]).endswith(f") and Changed ge {DAY}3Z")
    assert fetched(work) == "ce"
    assert facts(report)["watermark-after"] == f"{DAY}8Z"


def test_the_greatest_moment_is_found_across_offsets(work: Workplace, service: ChangingService) -> None:
    service.records = [
        record("a", "2026-01-15T12:00:00+05:00"),
        record("b", "2026-01-15T09:30:00.0000001-01:00"),
        record("c", "2026-01-15T10:30:00Z"),
    ]
    report = work.good_run()
    assert facts(report)["watermark-after"] == "2026-01-15T09:30:00.0000001-01:00"
    work.good_run()
    assert service.filters[-1] == "Changed ge 2026-01-15T10:30:00.0000001Z"


def test_whole_numbers_are_a_cursor(work: Workplace, service: ChangingService) -> None:
    big = 9007199254740993
    service.records = [record("a", 9), record("b", big), record("c", 10)]
    work.job(JOB.replace("by: Changed", "by: Changed, lookback: 2"))
    assert facts(work.good_run())["watermark-after"] == str(big)
    service.change("d", big - 1)
    work.good_run()
    assert service.filters[-1] == f"Changed ge {big - 2}"
    assert fetched(work) == "bd"


@pytest.mark.parametrize("sorts", [True, False], ids=["sorts", "does not sort"])
def test_p2_a_number_that_changed_behind_a_read_is_read_by_the_next_run(
    work: Workplace, service: ChangingService, *, sorts: bool
) -> None:
    """Record a gets a number behind its page, and z a larger one that is still read: the watermark stays below."""
    service.records = [record(name, number) for number, name in enumerate("abcdz", 1)]
    service.size = 2
    service.refuses_to_sort = not sorts

    def change() -> None:
        service.between = lambda: None
        service.change("a", 6, Name="new")
        service.change("z", 7, Name="new")

    service.between = change
    first = work.good_run()
    assert facts(first)["watermark-after"] == ("5" if sorts else "7")
    assert any("give incremental a lookback" in warning for warning in first.warnings) is not sorts
    work.good_run()
    assert fetched(work) == ("az" if sorts else "z")


def test_dates_are_a_cursor(work: Workplace, service: ChangingService) -> None:
    service.records = [record("a", "2026-01-15"), record("b", "2026-02-01")]
    work.job(JOB.replace("by: Changed", "by: Changed, lookback: 1h"))
    work.good_run()
    work.good_run()
    assert service.filters[-1] == "Changed ge 2026-01-31"


def test_a_service_of_v2_is_asked_with_its_own_literal(work: Workplace) -> None:
    service = ChangingService(
        record("a", "/Date(1768471200123)/"), record("b", "/Date(1768471201000)/"), v2=True
    )
    with service.server:
        work.config({"api-base-url": service.server.url, "odata": "v2"})
        work.job(JOB.replace("by: Changed", "by: Changed, lookback: 500ms"))
        report = work.good_run()
        assert facts(report)["watermark-after"] == "2026-01-15T10:00:01"
        service.change("c", "/Date(1768471200600)/")
        work.good_run()
    assert service.filters[-1] == "Changed ge datetime'2026-01-15T10:00:00.5'"
    assert fetched(work) == "bc"


@pytest.mark.parametrize(
    "value",
    [
        "C0001",
        "8f2c1e52-2d3c-4a5b-9e0f-0123456789ab",
        "12",
        "2026-01-15T10:00:00",
        "2026-02-30",
        True,
        {"a": 1},
        1.5,
    ],
)
def test_what_has_no_order_that_is_ours_too_is_refused(
    work: Workplace, service: ChangingService, value: object
) -> None:
    service.records = [record("a", value)]
    report = work.run()
    assert isinstance(report.error, StepError)
    assert "is no moment, date or whole number" in str(report.error)
    assert not work.outputs()


def test_values_of_two_kinds_are_refused(work: Workplace, service: ChangingService) -> None:
    service.change("d", "2026-01-15")
    report = work.run()
    assert "have no common order" in str(report.error)


def test_a_field_whose_values_are_of_another_kind_than_the_watermark_is_refused(
    work: Workplace, service: ChangingService
) -> None:
    work.good_run()
    service.records = [record("a", "2027-01-15")]
    report = work.run()
    assert "the watermark is a moment" in str(report.error)
    assert work.run(full=True).error is None


def test_a_record_without_the_field_is_an_error_that_names_what_was_meant(work: Workplace) -> None:
    work.job(JOB.replace("by: Changed", "by: Chnged"))
    report = work.run()
    assert "no field 'Chnged'" in str(report.error)
    assert "Changed" in str(getattr(report.error, "how_to_fix", ""))


def test_records_without_a_value_come_with_a_full_read_and_are_told(
    work: Workplace, service: ChangingService
) -> None:
    service.change("d", None)
    report = work.good_run()
    assert fetched(work) == "abcd"
    assert facts(report)["rows-without-value"] == 1
    assert any("1 record has no Changed" in warning for warning in report.warnings)
    report = work.good_run()
    assert fetched(work) == "c"
    assert facts(report)["rows-without-value"] == 0


def test_a_set_without_any_value_is_read_in_full_each_time(work: Workplace, service: ChangingService) -> None:
    service.records = [record("a", None)]
    for _ in range(2):
        assert facts(work.good_run())["reads-all-because"] == "no watermark"
        assert fetched(work) == "a"


def test_an_empty_answer_leaves_the_watermark_where_it_was(work: Workplace, service: ChangingService) -> None:
    work.good_run()
    service.records = []
    report = work.good_run()
    assert facts(report)["watermark-after"] == f"{DAY}3Z"
    work.good_run()
    assert service.filters[-1] == f"Changed ge {DAY}3Z"


def test_full_reads_all_and_moves_the_watermark_also_back(work: Workplace, service: ChangingService) -> None:
    work.good_run()
    service.records = [record("a", f"{DAY}1Z")]
    report = work.good_run(full=True)
    assert service.filters[-1] is None
    assert facts(report)["reads-all-because"] == "--full"
    assert facts(report)["watermark-before"] == f"{DAY}3Z"
    work.good_run()
    assert service.filters[-1] == f"Changed ge {DAY}1Z"


@pytest.mark.parametrize("options", [{"limit": 2}, {"dry_run": True}, {"limit": 2, "full": True}])
def test_a_trial_never_moves_the_watermark(
    work: Workplace, service: ChangingService, options: dict[str, Any]
) -> None:
    work.good_run(**options)
    assert facts(work.good_run())["reads-all-because"] == "no watermark"
    service.change("d", f"{DAY}9Z")
    report = work.good_run(**options)
    assert facts(report)["watermark-after"] == f"{DAY}3Z"
    assert facts(report)["stays-because"] in ("--limit", "--dry-run")
    work.good_run()
    assert service.filters[-1] == f"Changed ge {DAY}3Z"
    assert "d" in fetched(work)


def test_a_dry_run_makes_no_state_file(work: Workplace) -> None:
    work.good_run(dry_run=True)
    assert not (work.root / ".txojobs" / NAME).exists()


def test_params_tell_watermarks_apart(work: Workplace, service: ChangingService) -> None:
    work.good_run(params={"region": "north"})
    service.change("d", f"{DAY}9Z")
    assert facts(work.good_run(params={"region": "south"}))["reads-all-because"] == "no watermark"
    service.change("e", f"{DAY}5Z")
    work.good_run(params={"region": "north"})
    assert service.filters[-1] == f"Changed ge {DAY}3Z"
    work.good_run(params={"region": "south"})
    assert service.filters[-1] == f"Changed ge {DAY}9Z"


def test_environments_tell_watermarks_apart(work: Workplace, service: ChangingService) -> None:
    work.config({"api-base-url": service.server.url}, env="prod")
    work.good_run()
    assert facts(work.good_run(env="prod"))["reads-all-because"] == "no watermark"


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ("key: [Id],", "key: [Id], filter: Country eq 'SE',", "filter"),
        ("key: [Id],", "key: [Id], select: [Id, Changed],", "select"),
        ("key: [Id],", "key: [Id, Changed],", "key"),
        ("key: [Id],", "key: [Id], query: {mode: all},", "query"),
        ("by: Changed", "by: Other", "by"),
    ],
)
def test_another_question_reads_all_once_and_says_what_has_changed(
    work: Workplace, service: ChangingService, old: str, new: str, part: str
) -> None:
    for each in service.records:
        each |= {"Other": each["Changed"], "Country": "SE"}
    work.good_run()
    work.job(JOB.replace(old, new))
    report = work.good_run()
    assert fetched(work) == "abc"
    assert facts(report)["reads-all-because"] == f"changed: {part}"
    assert any(f"changed since: {part}" in warning for warning in report.warnings)
    report = work.good_run()
    assert fetched(work) == "c"
    assert facts(report)["reads-all-because"] is None


def test_another_address_of_the_service_reads_all(work: Workplace, service: ChangingService) -> None:
    work.good_run()
    work.config({"api-base-url": service.server.url + "/"})
    assert facts(work.good_run())["reads-all-because"] is None, "it is the same"
    work.config({"api-base-url": service.server.url.replace("/api", "/api/v2")})
    assert facts(work.good_run())["reads-all-because"] == "changed: address"


def test_a_question_that_is_taken_back_before_it_was_answered_finds_its_watermark(
    work: Workplace, service: ChangingService
) -> None:
    work.good_run()
    work.job(JOB.replace("key: [Id],", "key: [Id], filter: Changed ge 2020-01-01T00:00:00Z,"))
    work.good_run(limit=1)
    work.job(JOB)
    work.good_run()
    assert service.filters[-1] == f"Changed ge {DAY}3Z"


BRANCHES = """\
version: 1
steps:
  - id: customers
    fetch: {entity: Customers, key: [Id], incremental: {by: Changed}}
  - save: {file: changed.jsonl, stamp: false}
  - id: typed
    from: customers
    transform: {types: {Due: decimal}}
  - save: {file: typed.jsonl, stamp: false}
"""


def with_dues(service: ChangingService, *, bad: str) -> None:
    for each in service.records:
        each["Due"] = "1.10"
    service.change(bad, f"{DAY}4Z", Due="much")


def test_a_failed_run_leaves_the_watermark_where_it_was(work: Workplace, service: ChangingService) -> None:
    work.job(BRANCHES)
    with_dues(service, bad="x")
    assert work.run().error is not None
    service.change("x", f"{DAY}4Z", Due="2")
    assert facts(work.good_run())["reads-all-because"] == "no watermark"
    assert fetched(work) == "abcx"


def test_records_that_were_put_aside_come_again_until_they_are_good(
    work: Workplace, service: ChangingService
) -> None:
    work.job(BRANCHES.replace("{types: {Due: decimal}}", "{types: {Due: decimal}}\n    rejects: bad.jsonl"))
    with_dues(service, bad="x")
    report = work.good_run()
    assert report.outcome == "partial"
    assert facts(report)["watermark-after"] is None
    assert facts(report)["stays-because"] == "1 record was put aside"
    assert any(
        "the watermark stays unset, because 1 record was put aside" in each for each in report.warnings
    )
    assert work.good_run().outcome == "partial"
    assert service.filters == [None, None]
    service.change("x", f"{DAY}4Z", Due="2")  # mended without a new time of change
    assert work.good_run().outcome == "done"
    work.good_run()
    assert service.filters[-1] == f"Changed ge {DAY}4Z"


def test_a_step_behind_the_fetch_that_the_run_went_on_without_keeps_the_watermark(
    work: Workplace, service: ChangingService
) -> None:
    work.job(BRANCHES.replace("{types: {Due: decimal}}", "{types: {Due: decimal}}\n    on-error: continue"))
    with_dues(service, bad="x")
    report = work.good_run()
    assert report.outcome == "partial"
    assert fetched(work) == "abcx", "one branch is written"
    assert facts(report)["stays-because"] == "step typed failed"
    service.change("x", f"{DAY}4Z", Due="2")
    work.good_run()
    assert len(work.rows("typed.jsonl")) == 4, "what the other branch lacked comes again"


TWO = """\
version: 1
steps:
  - id: customers
    fetch: {entity: Customers, key: [Id], incremental: {by: Changed}}
  - save: {file: changed.jsonl, stamp: false}
  - id: others
    fetch: {entity: Customers, key: [Id], filter: Due eq '1', incremental: {by: Changed}}
    on-error: continue
  - transform: {types: {Due: decimal}}
  - save: {file: others.jsonl, stamp: false}
"""


def test_two_fetches_of_one_job_each_have_their_own(work: Workplace, service: ChangingService) -> None:
    for each in service.records:
        each["Due"] = "1"
    service.change("d", f"{DAY}9Z", Due="2")
    work.job(TWO)
    report = work.good_run()
    assert facts(report, 0)["watermark-after"] == f"{DAY}9Z"
    assert facts(report, 2)["watermark-after"] == f"{DAY}3Z"
    work.good_run()
    assert set(service.filters[-2:]) == {f"Changed ge {DAY}9Z", f"(Due eq '1') and Changed ge {DAY}3Z"}


def test_only_the_fetch_whose_records_are_missing_stays(work: Workplace, service: ChangingService) -> None:
    for each in service.records:
        each["Due"] = "1"
    work.job(TWO.replace("transform: {types: {Due: decimal}}", "filter: No > 1\n    on-error: continue"))
    report = work.good_run()
    assert report.outcome == "partial"
    assert facts(report, 0)["watermark-after"] == f"{DAY}3Z"
    work.job(TWO)
    report = work.good_run()
    assert facts(report, 0)["reads-all-because"] is None
    assert facts(report, 2)["reads-all-because"] == "no watermark"


CONDITIONS = """\
version: 1
params: {wanted: {type: boolean, default: true}}
steps:
  - id: customers
    fetch: {entity: Customers, key: [Id], incremental: {by: Changed}}
  - save: {file: changed.jsonl, stamp: false}
  - {from: customers, save: {file: other.jsonl, stamp: false}, CONDITION}
"""


@pytest.mark.parametrize(
    ("condition", "stays"),
    [
        ("if: '${{ steps.customers.count }} > 100'", "step save-3 was left out"),
        ("if: \"${{ run.today }} == 'never'\"", "step save-3 was left out"),
        ("if: '${{ params.wanted }}'", None),
        ("disabled: true", None),
    ],
)
def test_a_save_that_may_be_there_at_the_next_run_keeps_the_watermark(
    work: Workplace, condition: str, stays: str | None
) -> None:
    work.job(CONDITIONS.replace("CONDITION", condition))
    report = work.good_run(params={"wanted": "false"})
    assert facts(report)["stays-because"] == stays
    assert facts(report)["watermark-after"] == (None if stays else f"{DAY}3Z")


def test_nothing_is_missing_in_a_save_that_is_left_out_when_nothing_came(
    work: Workplace, service: ChangingService
) -> None:
    work.job(CONDITIONS.replace("CONDITION", "if: '${{ steps.customers.count }} > 0'"))
    work.good_run()
    service.records = []
    report = work.good_run()
    assert facts(report)["stays-because"] is None
    assert report.outcome == "done"


def test_a_job_that_saves_nothing_keeps_the_watermark(work: Workplace) -> None:
    work.steps("  - fetch: {entity: Customers, key: [Id], incremental: {by: Changed}}\n")
    assert facts(work.good_run())["stays-because"] == "no step saves what was read"


@pytest.mark.parametrize("complete", ["auto", "count", "verify"])
def test_an_incremental_read_is_proven_like_any_other(
    work: Workplace, service: ChangingService, complete: str
) -> None:
    service.size = 1
    work.job(JOB.replace("key: [Id],", f"key: [Id], complete: {complete},"))
    work.good_run()
    service.change("d", f"{DAY}9Z")
    proof: Any = work.good_run().as_json()["steps"][0]["fetched"]
    assert proof["strength"] == ("verified" if complete == "verify" else "counted")
    assert proof["rows"] == proof["count"]
    assert "d" in fetched(work)


def test_a_service_that_does_not_count_what_changed_fails_with_complete_count(
    work: Workplace, service: ChangingService
) -> None:
    work.job(JOB.replace("key: [Id],", "key: [Id], complete: count,"))
    work.good_run()
    service.refuses_to_count = True
    assert "complete: count" in str(work.run().error)


def test_what_changes_behind_a_read_of_several_pages_comes_with_the_next_one(
    work: Workplace, service: ChangingService
) -> None:
    """`a` is read, then changes; `c` changes a little later and is read after that: its time would hide it."""
    work.good_run()
    service.size = 1
    for key in "abc":
        service.change(key, f"{DAY}5.000Z", Note="old")

    def change() -> None:
        service.between = lambda: None
        service.change("a", f"{DAY}7.100Z", Note="new")
        service.change("c", f"{DAY}7.200Z", Note="new")

    service.between = change
    report = work.good_run()
    assert facts(report)["watermark-after"] == f"{DAY}7.200Z"
    assert json.loads(work.rows("changed.jsonl")[0])["Note"] == "old"
    service.size = 100
    work.good_run()
    assert json.loads(work.rows("changed.jsonl")[0]) == record("a", f"{DAY}7.100Z", Note="new")
    work.good_run()
    assert service.filters[-1] == f"Changed ge {DAY}7.200Z", "one page shows one moment"


def test_a_page_without_records_is_a_page(work: Workplace, service: ChangingService) -> None:
    """While the page is empty, `a` has not changed; it does before `c` does, which is on the next page."""
    work.good_run()
    service.change("c", f"{DAY}5.000Z")
    service.records = [each for each in service.records if each["Id"] != "b"]

    def change() -> None:
        service.between = lambda: None
        service.change("a", f"{DAY}7.100Z")
        service.change("c", f"{DAY}7.200Z")

    service.empty_up_to, service.between = "a", change
    report = work.good_run()
    assert fetched(work) == "c"
    assert facts(report)["watermark-after"] == f"{DAY}7.200Z"
    service.empty_up_to = None
    work.good_run()
    assert fetched(work) == "ac"


def test_a_read_in_ranges_finds_what_changed(work: Workplace, service: ChangingService) -> None:
    work.job(JOB.replace("key: [Id],", "key: [Id], partition: {by: Number, at: [2]}, parallel: 2,"))
    for number, each in enumerate(service.records, 1):
        each["Number"] = number
    work.good_run()
    service.change("a", f"{DAY}7Z")
    service.change("c", f"{DAY}6Z")
    report = work.good_run()
    assert {"a", "c"} <= set(fetched(work)), "b is read again: each range shows another moment"
    assert facts(report)["watermark-after"] == f"{DAY}7Z"
    assert facts(report)["rows-new"] == 2


def test_a_read_that_begins_anew_takes_the_watermark_of_the_second_reading(
    work: Workplace, service: ChangingService
) -> None:
    service.size = 2

    def insert() -> None:
        service.between = lambda: None
        service.change("0", f"{DAY}9Z")  # it moves b to the next page, where it comes twice

    service.between = insert
    report = work.good_run()
    assert any("all was read twice" in each for each in report.warnings)
    assert fetched(work) == "0abc"
    assert facts(report)["watermark-after"] == f"{DAY}9Z"


@pytest.mark.parametrize("content", [b"", b"Dear customer, " * 999])
def test_a_damaged_state_is_told_before_anything_is_requested(
    work: Workplace, service: ChangingService, content: bytes
) -> None:
    state = work.root / ".txojobs"
    state.mkdir()
    (state / NAME).write_bytes(content)
    report = work.run()
    assert isinstance(report.error, FileOperationError)
    assert "is damaged" in str(report.error)
    assert not service.filters
    assert (state / NAME).read_bytes() == content
    assert work.run(dry_run=True).error is not None


def test_outputs_stand_and_the_run_is_partial_when_the_watermark_cannot_be_kept(
    work: Workplace, service: ChangingService
) -> None:
    work.good_run()
    service.change("d", f"{DAY}9Z")
    state = work.root / ".txojobs" / NAME

    def break_it() -> None:
        state.write_bytes(b"no database" * 1000)

    before = state.read_bytes()
    service.size = 1
    service.between = break_it
    report = work.good_run()
    assert report.outcome == "partial"
    assert any("the watermark could not be kept" in each for each in report.warnings)
    assert fetched(work) == "cd"
    assert facts(report)["watermark-after"] == f"{DAY}3Z"
    state.write_bytes(before)
    service.between = lambda: None
    work.good_run()
    assert fetched(work) == "cd"


def test_two_steps_without_an_id_that_would_share_a_watermark_are_refused(work: Workplace) -> None:
    """Which entity they read, params tell: only the run can know that it is one."""
    work.job(
        "version: 1\nparams: {one: {default: Customers}, two: {default: Customers}}\nsteps:\n"
        "  - fetch: {entity: '${{ params.one }}', key: [Id], incremental: {by: Changed}}\n"
        "  - save: {file: one.jsonl}\n"
        "  - fetch: {entity: '${{ params.two }}', key: [Id], filter: Id eq 'a', incremental: {by: Changed}}\n"
        "  - save: {file: two.jsonl}\n"
    )
    assert "their watermarks are one" in str(work.run().error)


def test_a_secret_among_the_params_is_not_kept(work: Workplace) -> None:
    work.job(JOB.replace("region: {default: all}", "api-key: {default: ''}"))
    work.good_run(params={"api-key": "hunter2hunter2"})
    assert b"hunter2" not in (work.root / ".txojobs" / NAME).read_bytes()
    assert facts(work.good_run(params={"api-key": "other"}))["reads-all-because"] == "no watermark"
    assert facts(work.good_run(params={"api-key": "hunter2hunter2"}))["reads-all-because"] is None


def test_a_value_ahead_of_the_clock_moves_no_watermark_and_is_told(
    work: Workplace, service: ChangingService
) -> None:
    service.records.append(record("z", "9999-12-31T00:00:00Z"))
    report = work.good_run()
    assert facts(report)["watermark-after"] == f"{DAY}3Z"
    assert any("1 of the values of Changed lie ahead of the clock" in each for each in report.warnings)
    service.records.append(record("d", f"{DAY}4Z"))
    work.good_run()
    assert fetched(work) == "cdz"


def test_a_watermark_ahead_of_the_clock_is_told_with_each_run(
    work: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "txojobs.engine.kept_watermarks.is_ahead", lambda *_: False
    )  # as an earlier version did
    assert (
        invoke("-w", str(work.root), "state", "set", "job", "acme", "test", "2099-01-01T00:00:00Z").code == 0
    )
    report = work.good_run()
    assert any("2099-01-01T00:00:00Z lies ahead of the clock" in each for each in report.warnings)


def test_a_file_that_the_next_run_replaces_by_changes_alone_is_told_with_each_run(work: Workplace) -> None:
    assert any("changed.jsonl: each run replaces this file" in each for each in work.good_run().warnings)
    work.job(JOB.replace("{file: changed.jsonl, stamp: false}", "changed.jsonl"))
    assert not any("replaces this file" in each for each in work.good_run().warnings)
