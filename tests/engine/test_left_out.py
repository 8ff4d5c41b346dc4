"""What a run leaves out is said: the file that is missing, the step that is the cause, and each step in its line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.engine.workplace import Workplace
    from txojobs.engine.report import RunReport

TWO = "  - {id: a, load: data/a.jsonl}\n  - {%s, id: c, load: data/a.jsonl}\n"
BOOK = TWO + "  - save: {file: h.xlsx, sheets: {A: a, C: c}}\n"
IF = "c is switched off (its `if` is false)"


@pytest.fixture
def loaded(work: Workplace) -> Workplace:
    work.numbers("a.jsonl", 3)
    return work


def left_out(report: RunReport) -> dict[str, str]:
    """Return why each step was left out, from the report's JSON."""
    return {step["id"]: step["left-out"] for step in report.as_json()["steps"] if step["state"] == "left-out"}


@pytest.mark.parametrize(("off", "why"), [("if: false", "its `if` is false"), ("disabled: true", "disabled")])
def test_a_workbook_without_one_of_its_sheets_is_named_with_the_cause(
    loaded: Workplace, off: str, why: str
) -> None:
    loaded.steps(BOOK % off)
    report = loaded.good_run()
    assert report.outcome == "done"
    assert report.warnings == [f"h.xlsx was not written, because c is switched off ({why})"]
    assert left_out(report) == {
        "a": "no step that takes part reads it",
        "c": why,
        "save-3": f"because c is switched off ({why})",
    }
    assert loaded.outputs() == {}


def test_what_is_left_out_is_on_the_screen(loaded: Workplace) -> None:
    loaded.steps(BOOK % "if: false")
    done = loaded.command("run", "job", "acme", "test")
    assert done.code == 0
    assert f"warning: h.xlsx was not written, because {IF}" in done.out
    lines = [line.split() for line in done.out.splitlines() if line.endswith("left out")]
    assert sorted(lines) == [
        ["load", "data/a.jsonl", "left", "out"],
        ["load", "data/a.jsonl", "left", "out"],
        ["save", "h.xlsx", "left", "out"],
    ]


def test_a_file_of_several_sources_one_of_which_is_off_is_named(loaded: Workplace) -> None:
    loaded.steps(TWO % "if: false" + "  - {from: [a, c], filter: n > 0}\n  - save: both.csv\n")
    report = loaded.good_run()
    assert report.warnings == [f"both.csv was not written, because {IF}"]
    assert list(left_out(report)) == ["a", "c", "filter-3", "save-4"]
    assert "n.csv" not in loaded.outputs()


def test_an_older_file_that_is_left_standing_is_named_too(loaded: Workplace) -> None:
    both = "  - {from: [a, c], save: {file: both.csv, stamp: false}}\n"
    loaded.steps(TWO % "if: true" + both)
    loaded.good_run()
    loaded.steps(TWO % "if: false" + both)
    (warning,) = loaded.good_run().warnings
    assert warning == f"both.csv was not written, because {IF}; output/acme-test-both.csv is from before"


def test_a_file_whose_name_has_a_value_is_named_as_the_job_names_it(loaded: Workplace) -> None:
    loaded.steps(TWO % "if: false" + "  - {from: [a, c], save: 'on-${{ run.today }}.csv'}\n")
    (warning,) = loaded.good_run().warnings
    assert warning.startswith("on-${{ run.today }}.csv was not written")


def test_a_source_that_its_count_switches_off_is_named_too(loaded: Workplace) -> None:
    loaded.steps(
        "  - {id: a, load: data/a.jsonl}\n  - save: a.csv\n"
        "  - {id: c, if: '${{ steps.a.count }} > 5', load: data/a.jsonl}\n  - save: c.csv\n"
    )
    report = loaded.good_run()
    assert report.warnings == [f"c.csv was not written, because {IF}"]
    assert set(loaded.outputs()) == {"a.csv"}


def test_a_sink_that_is_itself_switched_off_is_no_warning_beside_others(loaded: Workplace) -> None:
    loaded.steps("  - load: data/a.jsonl\n  - save: a.csv\n  - {if: false, save: b.csv}\n")
    report = loaded.good_run()
    assert report.warnings == []
    assert left_out(report) == {"save-3": "its `if` is false"}


@pytest.mark.parametrize(
    ("steps", "why"),
    [
        ("  - load: data/a.jsonl\n", "the job has no save step"),
        ("  - load: data/a.jsonl\n  - {if: false, save: b.csv}\n", "every save step is left out"),
    ],
)
def test_a_run_that_had_no_file_to_write_says_so(loaded: Workplace, steps: str, why: str) -> None:
    loaded.steps(steps)
    assert loaded.good_run().warnings == [f"nothing was written: {why}"]
    assert loaded.good_run(dry_run=True).warnings == [f"nothing would be written: {why}"]
    done = loaded.command("run", "job", "acme", "test")
    assert done.code == 0
    assert f"warning: nothing was written: {why}" in done.out
