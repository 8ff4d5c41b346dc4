"""How records flow from step to step: once, whole, in order, and nowhere else."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING

import pytest

from tests.engine.pages_server import Asked, PagesServer, Reply, as_reply, customers, page_of
from tests.engine.workplace import FETCH, Workplace, third_party
from txojobs.engine.events import Listener
from txojobs.errors import ApiTimeoutError, StepError
from txojobs.state.spool import Spool

if TYPE_CHECKING:
    from txojobs.engine.report import RunReport, StepResult

HEAD = third_party(
    "Head",
    """
    import itertools
    return RecordStream(records.columns, itertools.islice(records.batches, self.batches))
    """,
    option="batches: int = 1",
)
SLAM = third_party(
    "Slam",
    """
    def batches():
        yield next(records.batches)
        records.batches.close()
    return RecordStream(records.columns, batches())
    """,
)
EXPLODE = third_party(
    "Explode",
    """
    def batches():
        seen = 0
        for batch in records.batches:
            seen += len(batch)
            if seen >= self.at:
                raise RuntimeError("a step of somebody else has a bug")
            yield batch
    return RecordStream(records.columns, batches())
    """,
    option="at: int = 1",
)


@pytest.fixture
def plugged(work: Workplace, monkeypatch: pytest.MonkeyPatch) -> Workplace:
    monkeypatch.syspath_prepend(
        str(work.plugin(HEAD + SLAM + EXPLODE, head="Head", slam="Slam", explode="Explode"))
    )
    monkeypatch.delitem(__import__("sys").modules, "shop_steps", raising=False)
    return work


@pytest.fixture
def spooled(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of records of each spool that is closed."""
    counts: list[int] = []
    real = Spool.close

    def close(self: Spool) -> None:
        counts.append(self.count)
        real(self)

    monkeypatch.setattr(Spool, "close", close)
    return counts


def results(report: RunReport) -> dict[str, tuple[str, int]]:
    return {step.key: (step.state, step.records) for step in report.steps}


def test_a_straight_line_is_never_spooled(work: Workplace, spooled: list[int]) -> None:
    work.numbers("n.jsonl", 2500)
    work.steps("  - load: data/n.jsonl\n  - filter: n > `5`\n  - save: one.csv\n  - save: two.jsonl\n")
    report = work.good_run()
    assert spooled == []
    assert [step.records for step in report.steps] == [2500, 2495, 2495, 2495]
    assert len(work.rows("one.csv")) == 2496
    assert len(work.rows("two.jsonl")) == 2495
    assert not work.left_behind()


def test_a_stream_with_two_readers_is_spooled_once_and_read_from_its_source_once(
    work: Workplace, spooled: list[int]
) -> None:
    with PagesServer(customers(rows=30)) as server:
        work.config({"api-base-url": server.url})
        work.steps(
            "  - id: all\n    fetch: Customers\n"
            "  - {from: all, filter: Balance > `10`}\n  - save: high.jsonl\n"
            "  - {from: all, filter: Balance <= `10`}\n  - save: low.jsonl\n"
        )
        work.good_run()
        assert len(server.asked) == 3
    assert spooled == [30]
    assert len(work.rows("high.jsonl")) == 20
    assert len(work.rows("low.jsonl")) == 10
    assert not work.left_behind()


def test_from_a_list_reads_one_after_the_other(work: Workplace) -> None:
    work.numbers("a.jsonl", 2)
    work.numbers("b.jsonl", 3)
    work.steps(
        "  - {id: a, load: data/a.jsonl}\n  - {id: b, load: data/b.jsonl}\n"
        "  - {from: [b, a], save: both.jsonl}\n"
    )
    work.good_run()
    assert [json.loads(row)["n"] for row in work.rows("both.jsonl")] == [1, 2, 3, 1, 2]


def test_the_same_step_can_be_read_twice_by_one(work: Workplace, spooled: list[int]) -> None:
    work.numbers("a.jsonl", 3)
    work.steps("  - {id: a, load: data/a.jsonl}\n  - {from: [a, a], save: twice.jsonl}\n")
    work.good_run()
    assert len(work.rows("twice.jsonl")) == 6
    assert spooled == [3]


def test_a_count_is_known_before_the_step_that_names_it_begins(work: Workplace) -> None:
    work.numbers("a.jsonl", 7)
    work.numbers("b.jsonl", 10)
    work.steps(
        "  - {id: b, load: data/b.jsonl}\n"
        "  - filter: n > ${{ steps.a.count }}\n"
        "  - save: more.jsonl\n"
        "  - {id: a, load: data/a.jsonl}\n"
        "  - save: a.jsonl\n"
    )
    work.good_run()
    assert len(work.rows("more.jsonl")) == 3
    assert len(work.rows("a.jsonl")) == 7


def test_a_step_that_is_counted_while_it_is_read_loses_no_record(work: Workplace) -> None:
    work.numbers("a.jsonl", 7)
    work.steps(
        "  - {id: a, load: data/a.jsonl}\n"
        "  - {id: b, load: data/a.jsonl}\n"
        "  - {id: c, from: b, filter: 'n >= ${{ steps.a.count }}'}\n"
        "  - {from: [a, c], save: both.jsonl}\n"
    )
    work.good_run()
    assert [json.loads(row)["n"] for row in work.rows("both.jsonl")] == [1, 2, 3, 4, 5, 6, 7, 7]


def test_a_source_that_its_count_switches_off_takes_its_readers_with_it(work: Workplace) -> None:
    work.numbers("a.jsonl", 3)
    work.steps(
        "  - {id: a, load: data/a.jsonl}\n"
        "  - save: a.jsonl\n"
        "  - {id: b, if: '${{ steps.a.count }} > `5`', load: data/a.jsonl}\n"
        "  - save: b.jsonl\n"
    )
    report = work.good_run()
    assert set(work.outputs()) == {"a.jsonl"}
    assert [step.state for step in report.steps] == ["done", "done", "left-out", "left-out"]


def test_several_sinks_in_a_row_and_sheets_are_all_written(work: Workplace) -> None:
    work.numbers("a.jsonl", 3)
    work.steps(
        "  - {id: a, load: data/a.jsonl}\n  - {id: saved, save: a.csv}\n"
        "  - {id: big, filter: n > `1`}\n  - save: big.csv\n"
        "  - save: {file: book.xlsx, sheets: {All: saved, Big: big}}\n"
    )
    work.good_run()
    assert set(work.outputs()) == {"a.csv", "big.csv", "book.xlsx"}
    assert len(work.rows("a.csv")) == 4
    assert len(work.rows("big.csv")) == 3


def test_a_sink_is_written_whole_when_its_reader_stops_early(plugged: Workplace) -> None:
    plugged.numbers("n.jsonl", 3500)
    plugged.steps("  - load: data/n.jsonl\n  - save: all.jsonl\n  - head: {}\n  - save: first.jsonl\n")
    plugged.good_run()
    assert len(plugged.rows("all.jsonl")) == 3500
    assert len(plugged.rows("first.jsonl")) == 1000


def test_a_sink_is_written_although_the_workbook_that_reads_it_is_switched_off(work: Workplace) -> None:
    work.numbers("n.jsonl", 3)
    work.steps(
        "  - load: data/n.jsonl\n  - {id: m, save: all.jsonl}\n"
        "  - {if: false, save: {file: book.xlsx, sheets: {A: m}}}\n"
    )
    work.good_run()
    assert set(work.outputs()) == {"all.jsonl"}
    assert len(work.rows("all.jsonl")) == 3


def test_a_sink_whose_reader_closes_it_fails_instead_of_publishing_a_part(plugged: Workplace) -> None:
    plugged.numbers("n.jsonl", 3500)
    plugged.steps("  - load: data/n.jsonl\n  - save: all.jsonl\n  - slam: {}\n  - save: first.jsonl\n")
    report = plugged.run()
    assert isinstance(report.error, StepError)
    assert not plugged.outputs()
    assert not plugged.left_behind()


@pytest.mark.parametrize("off", ["disabled: true", "if: false", "if: ${{ params.no }}"])
def test_what_is_switched_off(work: Workplace, off: str) -> None:
    work.numbers("a.jsonl", 3)
    params = "params: {no: {type: boolean, default: false}}\n"
    transform = f"  - load: data/a.jsonl\n  - {off}\n    filter: n > `1`\n  - save: t.jsonl\n"
    sink = f"  - load: data/a.jsonl\n  - {off}\n    save: s.jsonl\n  - save: u.jsonl\n"
    source = f"  - id: x\n    {off}\n    load: data/a.jsonl\n  - save: v.jsonl\n"
    both = "  - {id: y, load: data/a.jsonl}\n  - {from: [x, y], save: w.jsonl}\n"
    work.job(f"version: 1\n{params}steps:\n{transform}{sink}{source}{both}")
    report = work.good_run()
    assert {name: len(text.splitlines()) for name, text in work.outputs().items()} == {
        "t.jsonl": 3,
        "u.jsonl": 3,
    }
    assert report.outcome == "done"
    assert [step.key for step in report.steps if step.state == "left-out"] == [
        "filter-2",
        "save-5",
        "x",
        "save-8",
        "y",  # nobody else reads it
        "save-10",  # a part of what it reads is left out: a shortened file would look like a whole one
    ]


BROKEN = "  - {id: bad, load: {file: data/bad.csv, types: {n: integer}}}\n"


def test_without_a_step_that_may_fail_only_what_does_not_depend_on_it_is_published(work: Workplace) -> None:
    work.numbers("a.jsonl", 3)
    work.data("bad.csv", "n\n" + "1\n" * 1500 + "x\n")
    work.steps(
        "  - {id: good, load: data/a.jsonl}\n  - save: good.jsonl\n"
        + BROKEN.replace("{id: bad", "{on-error: continue, id: bad")
        + "  - save: bad.jsonl\n"
        "  - {from: [good, bad], save: both.jsonl}\n"
        "  - {from: good, if: '${{ steps.bad.count }} > `0`', save: counted.jsonl}\n"
        "  - {from: good, filter: n > `2`}\n  - save: last.jsonl\n"
    )
    report = work.run()
    assert report.error is None
    assert report.outcome == "partial"
    assert set(work.outputs()) == {"good.jsonl", "last.jsonl"}
    assert len(work.rows("last.jsonl")) == 1
    assert results(report)["bad"][0] == "failed"
    assert any("column 'n'" in warning for warning in report.warnings)
    assert not work.left_behind()


def test_a_sink_before_a_step_that_may_fail_is_published_whole(work: Workplace) -> None:
    work.data("n.csv", "n\n" + "1\n" * 1500 + "x\n" * 1500)
    work.steps(
        "  - load: data/n.csv\n  - save: before.jsonl\n  - save: {file: also.jsonl}\n"
        "  - {on-error: continue, transform: {types: {n: integer}}}\n  - save: after.jsonl\n"
    )
    report = work.run()
    assert report.outcome == "partial"
    assert {name: len(text.splitlines()) for name, text in work.outputs().items()} == {
        "before.jsonl": 3000,
        "also.jsonl": 3000,
    }
    assert [step.state for step in report.steps] == ["done", "done", "done", "failed", "failed"]


def test_a_step_that_two_read_and_that_may_fail_gives_neither_a_part(work: Workplace) -> None:
    work.data("n.csv", "n\n" + "1\n" * 2500 + "x\n")
    work.steps(
        "  - {id: a, on-error: continue, load: {file: data/n.csv, types: {n: integer}}}\n"
        "  - {from: a, save: one.jsonl}\n  - {from: a, save: two.jsonl}\n"
    )
    report = work.run()
    assert report.outcome == "partial"
    assert not work.outputs()
    assert not work.left_behind()


def test_an_error_of_a_step_that_may_not_fail_is_not_forgiven_by_one_that_reads_it(work: Workplace) -> None:
    work.data("bad.csv", "n\nx\n")
    work.steps(BROKEN + "  - {on-error: continue, filter: n > `1`}\n  - save: out.jsonl\n")
    report = work.run()
    assert isinstance(report.error, StepError)
    assert report.error.step == "bad"
    assert str(report.error.where) == "jobs/job.yaml:3:15"


class Opened(Listener):
    """Counts the threads while a run goes on, to know that there was something to clean up."""

    def __init__(self) -> None:
        self.threads = 0

    def step_moved(self, step: StepResult) -> None:
        del step
        self.threads = max(self.threads, threading.active_count())


@pytest.mark.parametrize("at", [1, 15, 50])
def test_a_bug_in_a_step_leaves_nothing_behind(plugged: Workplace, at: int) -> None:
    with PagesServer(customers(rows=50)) as server:
        plugged.config({"api-base-url": server.url})
        plugged.steps(
            "  - {id: a, fetch: Customers}\n  - {id: s, save: a.csv}\n  - save: b.xlsx\n"
            f"  - explode: {{at: {at}}}\n  - save: c.json\n  - {{from: a, save: d.jsonl}}\n"
        )
        before = threading.active_count()
        listener = Opened()
        report = plugged.run(listener=listener)
        assert isinstance(report.error, RuntimeError)
        assert report.outcome == "failed"
        assert listener.threads > before
        ours = [thread for thread in threading.enumerate() if thread.name == "prefetch"]
        assert not ours
    assert not plugged.outputs()
    assert not plugged.left_behind()
    assert all(step.state in ("done", "failed", "stopped", "not-reached") for step in report.steps)


def test_a_step_that_takes_too_long_ends_the_run(work: Workplace) -> None:
    with PagesServer(customers()) as server:
        server.hold(3)
        work.config({"api-base-url": server.url})
        work.job(FETCH.replace("  - id: customers\n", "  - id: customers\n    timeout: 300ms\n"))
        report = work.run()
        assert isinstance(report.error, ApiTimeoutError)
        assert report.error.step == "customers"
    assert not work.outputs()
    assert not work.left_behind()


def test_a_step_that_reads_on_and_gives_nothing_is_ended_too(work: Workplace) -> None:
    late_s = 0.0

    def script(asked: Asked) -> Reply:
        nonlocal late_s
        late_s = 3600.0 if asked.number == 4 else late_s
        return customers(rows=50)(asked)

    with PagesServer(script) as server:
        work.config({"api-base-url": server.url})
        work.job(FETCH.replace("- filter: Balance > 0", "- {timeout: 30m, filter: Balance < 0}"))
        report = work.run(clock=lambda: time.monotonic() + late_s)
        assert isinstance(report.error, ApiTimeoutError)
        assert report.error.step == "filter-2"


def test_rejected_records_are_put_aside_with_reason_and_position(work: Workplace) -> None:
    work.data("n.csv", "n,name\n1,a\nx,b\n3,c\n=y,d\n")
    work.steps(
        "  - {rejects: bad.csv, load: {file: data/n.csv, types: {n: integer}}}\n  - save: good.jsonl\n"
    )
    report = work.run()
    assert report.error is None
    assert report.outcome == "partial"
    assert report.steps[0].rejected == 2
    assert len(work.rows("good.jsonl")) == 2
    header, first, second = work.rows("bad.csv")
    assert header.split(",")[:2] == ["reject-reason", "reject-position"]
    assert ",2," in first
    assert "is not a number" in first
    assert ",4," in second


def test_without_a_rejects_file_a_bad_record_fails_the_run_and_is_named(work: Workplace) -> None:
    work.data("n.csv", "n\n" + "1\n" * 1234 + "x\n")
    work.steps("  - load: {file: data/n.csv, types: {n: integer}}\n  - save: good.jsonl\n")
    report = work.run()
    assert "record 1,235" in str(report.error)
    assert not work.outputs()


@pytest.mark.parametrize(
    ("file", "content"), [("x.json", "[]"), ("x.csv", "Number,Name,Balance"), ("x.jsonl", "")]
)
def test_an_empty_result_is_written_with_its_columns(work: Workplace, file: str, content: str) -> None:
    with PagesServer(customers(rows=0)) as server:
        work.config({"api-base-url": server.url})
        work.job(FETCH.replace("customers.csv", file))
        report = work.good_run()
    assert work.outputs()[file].strip() == content
    assert report.outcome == "done"


def test_the_next_page_is_on_its_way_while_this_one_is_worked_on(work: Workplace) -> None:
    """The first batch is not let through before the server has seen the second request."""

    class Slow(Listener):
        def step_moved(self, step: StepResult) -> None:
            if step.verb == "fetch" and step.records == 10:
                server.wait_for(2, timeout_s=20)
                server.note("page 1 is worked on")

    with PagesServer(customers(rows=30)) as server:
        work.config({"api-base-url": server.url})
        work.job(FETCH)
        report = work.run(listener=Slow())
        assert report.error is None, report.error
        assert server.events.index("request 2") < server.events.index("page 1 is worked on")


def test_own_time_leaves_out_the_steps_below(work: Workplace) -> None:
    def slowly(asked: Asked) -> Reply:
        if asked.page == 2:
            threading.Event().wait(0.4)
        return as_reply(page_of(asked, rows=20, size=10))

    with PagesServer(slowly) as server:
        work.config({"api-base-url": server.url})
        work.job(FETCH)
        report = work.good_run()
    fetch, *others = report.steps
    assert fetch.seconds > 0.3
    assert all(step.seconds < 0.2 for step in others)
