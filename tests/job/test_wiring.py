"""Which step reads which, and every wiring that would lose records or never end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from txojobs.errors import Mark, Problem
from txojobs.job.load import load_text

if TYPE_CHECKING:
    from txojobs.job.model import Job


def load(steps: str) -> tuple[Job | None, list[Problem]]:
    return load_text(f"version: 1\nsteps:\n{steps}", file="f", stem="s")


def wired(steps: str) -> list[tuple[str, ...]]:
    job, problems = load(steps)
    assert job is not None, problems
    assert problems == []
    return [use.reads for use in job.steps]


def problem_of(steps: str) -> Problem:
    job, problems = load(steps)
    assert job is None
    assert len(problems) == 1, problems
    return problems[0]


A = "  - {id: a, load: a.csv}\n"
B = "  - {id: b, load: b.csv}\n"


def test_a_step_reads_the_step_above() -> None:
    assert wired("  - load: a.csv\n  - filter: X\n  - save: a.csv\n") == [(), ("load-1",), ("filter-2",)]


def test_from_reads_another_step() -> None:
    assert wired(A + "  - save: a.csv\n  - {from: a, filter: X}\n") == [(), ("a",), ("a",)]


def test_from_a_list_reads_one_after_the_other() -> None:
    assert wired(A + B + "  - {from: [b, a], save: a.csv}\n")[-1] == ("b", "a")


def test_from_may_name_a_step_below() -> None:
    assert wired("  - {from: a, save: x.csv}\n" + A)[0] == ("a",)


def test_save_passes_records_on() -> None:
    assert wired(A + "  - save: a.csv\n  - save: b.csv\n")[-1] == ("save-2",)


def test_a_source_reads_nothing_and_from_there_is_an_error() -> None:
    problem = problem_of(A + "  - {from: a, load: b.csv}\n")
    assert problem.message == "this load is a source and reads no step"
    assert problem.where == Mark("f", 4, 6)


def test_only_explicit_ids_can_be_referenced() -> None:
    problem = problem_of("  - load: a.csv\n  - {from: load-1, filter: X}\n")
    assert problem.message == "there is no step 'load-1'"
    assert problem.fix == "give a step an `id:`"
    assert problem.where == Mark("f", 4, 12)


def test_an_unknown_id_is_an_error_with_the_nearest() -> None:
    problem = problem_of("  - {id: customers, load: a.csv}\n  - {from: [customers, custmers], save: a.csv}\n")
    assert problem.fix == "did you mean 'customers'?"
    assert problem.where == Mark("f", 4, 24)
    assert problem.length == len("custmers")


def test_an_unknown_id_is_told_together_with_other_faults() -> None:
    job, problems = load(A + "  - {from: b, filter: X}\n  - filter: 'A =='\n")
    assert job is None
    assert [problem.where and problem.where.line for problem in problems] == [4, 5]


def test_an_id_stands_once() -> None:
    problem = problem_of(A + "  - {id: a, filter: X}\n")
    assert problem.message == "the id 'a' is taken"
    assert problem.fix == "the first is on line 3"
    assert problem.where == Mark("f", 4, 10)


@pytest.mark.parametrize("name", ["filter-2", "filter-2+", "save-3"])
def test_an_id_that_looks_like_a_key_of_ours_takes_nothing_over(name: str) -> None:
    if "+" in name:
        assert "id takes a name" in problem_of(f"  - {{id: {name}, load: a.csv}}\n").message
        return
    reads = wired(f"  - {{id: {name}, load: a.csv}}\n  - filter: X\n  - save: a.csv\n")
    job, _ = load(f"  - {{id: {name}, load: a.csv}}\n  - filter: X\n  - save: a.csv\n")
    assert job is not None
    keys = [use.key for use in job.steps]
    assert len(set(keys)) == 3
    assert reads == [(), (keys[0],), (keys[1],)]


def test_the_first_step_needs_something_to_read() -> None:
    problem = problem_of("  - filter: X\n")
    assert problem.message == "filter has nothing to read"
    assert problem.where == Mark("f", 3, 5)


def test_a_stream_that_nobody_reads_is_an_error() -> None:
    problem = problem_of("  - load: a.csv\n" + B + "  - save: a.csv\n")
    assert problem.message == "nobody reads what this load gives"
    assert problem.where == Mark("f", 3, 5)
    assert problem_of(A + "  - filter: X\n  - {from: a, save: a.csv}\n").where == Mark("f", 4, 5)


def test_a_sink_in_the_middle_need_not_be_read() -> None:
    assert len(wired(A + "  - save: a.csv\n  - {from: a, save: b.csv}\n")) == 3


def test_a_step_that_is_only_counted_is_read() -> None:
    assert wired(A + B + "  - {if: '${{ steps.a.count }} > 0', save: b.csv}\n")[-1] != ()


def test_a_circle_shows_the_mark_of_each() -> None:
    steps = (
        "  - {id: a, from: c, filter: X}\n  - {id: b, from: a, filter: X}\n  - {id: c, from: b, filter: X}\n"
    )
    problem = problem_of(steps)
    for mark in ("a (f:3:22)", "b (f:4:22)", "c (f:5:22)"):
        assert mark in problem.message
    assert problem.fix == "change one `from`"


@pytest.mark.parametrize(
    "step", ["{id: a, from: a, filter: X}", "{id: a, filter: 'X > ${{ steps.a.count }}'}"]
)
def test_a_step_that_reads_or_counts_itself_is_a_circle(step: str) -> None:
    assert "in a circle" in problem_of("  - load: a.csv\n" * ("from" not in step) + f"  - {step}\n").message


def test_a_circle_through_a_count_is_marked_at_the_count() -> None:
    steps = "  - {id: a, load: 'a-${{ steps.b.count }}.csv'}\n  - {id: b, filter: X}\n"
    problem = problem_of(steps)
    assert "in a circle" in problem.message
    assert problem.where == Mark("f", 3, 19)
    assert problem.fix == "leave out one `steps.<id>.count`"


@pytest.mark.parametrize(
    "step",
    [
        "filter: X > ${{ steps.a.count }}",
        "{if: '${{ steps.a.count }} > 0', filter: X}",
        "{rejects: 'bad-${{ steps.a.count }}.csv', filter: X}",
        "{api: 'x${{ steps.a.count }}', filter: X}",
        "transform: {columns: {N: {const: '${{ steps.a.count }}'}}}",
    ],
)
def test_a_step_waits_for_what_it_counts(step: str) -> None:
    job, problems = load(A + "  - save: x.csv\n  - load: b.csv\n" + f"  - {step}\n")
    assert job is not None, problems
    assert job.steps[-1].waits_for == ("a",)


def test_a_count_of_an_unknown_step_is_an_error() -> None:
    problem = problem_of(A + "  - filter: X > ${{ steps.b.count }}\n")
    assert problem.where == Mark("f", 4, 17)


# -- a workbook of several steps --------------------------------------------------------------------------------

BOOK = "save: {file: x.xlsx, sheets: {One: a, Two: b}}"


def test_sheets_read_their_steps() -> None:
    job, problems = load(A + B + f"  - {BOOK}\n")
    assert job is not None, problems
    assert job.steps[-1].reads == ()
    assert job.steps[-1].refs == ("a", "b")
    assert [use.key for use in job.readers("a")] == ["save-3"]


def test_sheets_of_an_unknown_step_are_an_error() -> None:
    problem = problem_of(A + "  - save: {file: x.xlsx, sheets: {One: a, Two: aa}}\n")
    assert problem.where == Mark("f", 4, 48)
    assert problem.fix == "did you mean 'a'?" or "ids in this job: a" in str(problem.fix)


def test_sheets_and_from_are_an_error() -> None:
    problem = problem_of(A + B + f"  - from: a\n    {BOOK}\n")
    assert problem.message == "this save reads its sheets only"
    assert problem.where == Mark("f", 5, 5)


def test_sheets_pass_nothing_on() -> None:
    problem = problem_of(A + B + f"  - {BOOK}\n  - filter: X\n")
    assert problem.message == "the step above passes nothing on to filter"


def test_a_circle_through_sheets_is_found() -> None:
    problem = problem_of(
        "  - {id: a, from: b, filter: X}\n  - {id: b, save: {file: x.xlsx, sheets: {A: a}}}\n"
    )
    assert "in a circle" in problem.message


def test_no_value_stands_in_the_id_of_a_sheet() -> None:
    text = A + "  - save: {file: x.xlsx, sheets: {One: '${{ run.id }}'}}\n"
    assert "cannot stand in the id of a step" in problem_of(text).message


# -- outputs ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("second", ["x.csv", "X.CSV", "sub\\x.csv"])
def test_two_outputs_of_one_name_are_an_error(second: str) -> None:
    first = "sub/x.csv" if "sub" in second else "x.csv"
    problem = problem_of(A + f"  - save: {first}\n  - save: {second}\n")
    assert problem.message == f"two steps write {second!r}"
    assert problem.where == Mark("f", 5, 11)
    assert problem.fix == "name it otherwise; the first is on line 4"


def test_outputs_whose_names_are_not_known_yet_are_no_error() -> None:
    params = "params:\n  p: {type: string}\nsteps:\n"
    text = (
        params
        + A
        + "  - save: '${{ params.p }}-a.csv'\n  - save: '${{ params.p }}-b.csv'\n  - save: '${{ params.p }}-a.csv'\n"
    )
    assert load_text("version: 1\n" + text, file="f", stem="s").job is not None


# -- names of fields --------------------------------------------------------------------------------------------

FETCH = "  - {id: a, fetch: {entity: C, select: [Name, Amount, Address/City], key: [Name]}}\n"


@pytest.mark.parametrize(
    ("step", "name", "fix", "column"),
    [
        ("filter: Amout > 0", "Amout", "did you mean 'Amount'?", 13),
        ("filter: Name == Open", "Open", "did you mean the text 'Open'?", 13),
        ("filter: Adress.City == 'x'", "Adress", "did you mean 'Address'?", 13),
        ("filter: zzz == 1", "zzz", "the fields are: Address, Amount, Name", 13),
        ("query: 'sort_by(@, &Amout)'", "Amout", "did you mean 'Amount'?", 12),
        ("transform: {columns: {X: Amout}}", "Amout", "did you mean 'Amount'?", 30),
        ("transform: {add: {X: {value: Amout}}}", "Amout", "did you mean 'Amount'?", 34),
        ("transform: {drop: [Amout]}", "Amout", "did you mean 'Amount'?", 5),
        ("transform: {rename: {X: Amout}}", "Amout", "did you mean 'Amount'?", 5),
        (
            "transform: {rename: {Name: Customer}}",
            "Customer",
            "rename takes `new name: old name`, and here 'Name' would be the new one",
            5,
        ),
        ("transform: {types: {Amout: decimal}}", "Amout", "did you mean 'Amount'?", 5),
        ("transform: {rename: {Sum: Amount}, columns: {X: Amount}}", "Amount", None, 53),
        ("transform: {drop: [Amount], columns: {X: Amount}}", "Amount", None, 46),
        ("unnest: Amout", "Amout", "did you mean 'Amount'?", 5),
    ],
)
def test_a_field_that_cannot_be_there_is_found_before_the_run(
    step: str, name: str, fix: str | None, column: int
) -> None:
    problem = problem_of(FETCH + f"  - {step}\n")
    assert problem.message == f"{name!r} is none of the fields that come in here"
    assert fix is None or problem.fix == fix
    assert problem.where == Mark("f", 4, column)


@pytest.mark.parametrize(
    "steps",
    [
        FETCH + "  - filter: {where: Email == 'x', optional: [Email]}\n",
        FETCH + "  - transform: {add: {T: Amount}, columns: {X: T, Y: Name}}\n",
        FETCH + "  - transform: {rename: {T: Amount}}\n  - filter: T > 0\n",
        FETCH + "  - transform: {columns: {X: Name}}\n  - filter: X == 'a'\n",
        FETCH + "  - query: '[].{N: Name}'\n  - filter: N == 'a'\n",
        "  - fetch: {entity: C}\n  - filter: Anything > 0\n",
        "  - fetch: {entity: C, select: ['*']}\n  - filter: Anything > 0\n",
        "  - fetch: {entity: C, select: [A], expand: [Lines($select=X)]}\n  - unnest: Lines\n",
        "  - load: a.csv\n  - filter: Anything > 0\n",
        FETCH + "  - {id: b, load: b.csv}\n  - {from: [a, b], filter: Anything > 0}\n",
        FETCH
        + "  - {id: b, fetch: {entity: D, select: [Other]}}\n  - {from: [a, b], filter: Other > Amount}\n",
        FETCH + "  - filter: '@ != null'\n",
    ],
)
def test_a_field_that_may_be_there_is_no_error(steps: str) -> None:
    job, problems = load(steps)
    assert job is not None, problems


def test_the_columns_of_two_inputs_are_those_of_both() -> None:
    steps = (
        FETCH + "  - {id: b, fetch: {entity: D, select: [Other, Name]}}\n  - {from: [a, b], save: x.csv}\n"
    )
    job, _ = load(steps)
    assert job is not None
    assert [column.name for column in job.steps[-1].columns or ()] == ["Name", "Amount", "Address", "Other"]
