"""A filter that keeps nothing because it compares different types says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from txojobs.job.load import load_job

if TYPE_CHECKING:
    from tests.engine.workplace import Workplace

ROWS = '{"No": "%s", "Blocked": false, "Balance": 5}\n'


@pytest.fixture
def rows(work: Workplace) -> Workplace:
    work.data("c.jsonl", "".join(ROWS % number for number in range(5000)))
    return work


def steps(predicate: str) -> str:
    return f"  - load: data/c.jsonl\n  - filter: {predicate}\n  - save: c.csv\n"


def test_the_count_the_field_and_both_types_are_named(rows: Workplace) -> None:
    rows.steps(steps("No == 123"))
    told = "filter No == 123 kept 0 of 5,000: No is text, 123 is a number; write '123', in quotes"
    assert rows.good_run().warnings == [told]
    done = rows.command("run", "job", "acme", "test")
    assert done.code == 0
    assert f"warning: {told}" in " ".join(done.out.split())


@pytest.mark.parametrize(
    "predicate",
    [
        "No == '7'",
        "No == '99999'",
        "No == 123 || Balance > 1",
        "No == 123 || No == '4999'",  # the last record, when all others have gone by
        "Balance > 100",
        "No != 5",
    ],
)
def test_what_keeps_something_or_just_finds_nothing_is_no_warning(rows: Workplace, predicate: str) -> None:
    rows.steps(steps(predicate))
    assert rows.good_run().warnings == []


def test_nothing_to_filter_is_no_warning(rows: Workplace) -> None:
    rows.steps("  - load: data/c.jsonl\n  - filter: Balance > 9\n  - filter: No == 123\n  - save: c.csv\n")
    assert rows.good_run().warnings == []


def test_a_null_in_an_order_is_found_before_the_run(rows: Workplace) -> None:
    rows.steps(steps("No == '1' && Balance > null"))
    (problem,) = load_job(rows.root / "jobs" / "job.yaml", shown_as="jobs/job.yaml").problems
    assert problem.message == "nothing is less or greater than null, so this is never true"
    assert str(problem.where) == "jobs/job.yaml:4:36"
    assert problem.length == 4
    assert problem.fix
    assert problem.fix.startswith("write == null")


def test_a_param_that_is_not_given_may_stand_in_an_order(rows: Workplace) -> None:
    text = "version: 1\nparams: {least: {type: integer}}\nsteps:\n"
    least = "${{ params.least }}"
    rows.job(
        text.replace("integer", "integer, required: false") + steps(f'"{least} == null || Balance > {least}"')
    )
    assert rows.good_run().warnings == []
    assert len(rows.rows("c.csv")) == 5001
    rows.job(text.replace("integer", "integer, required: false") + steps(f"Balance > {least}"))
    (warning,) = rows.good_run().warnings
    assert warning.endswith("kept 0 of 5,000: nothing is less or greater than null: Balance > `null`")
