"""What steps make known of their columns reaches the spreadsheet, however the columns came about."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest

if TYPE_CHECKING:
    from tests.engine.workplace import Workplace

ROWS = (
    '{"n": 1, "day": "2026-01-15", "long": 1.2345678901234567890123456789012345678}\n{"n": 2, "day": null}\n'
)
LOAD = "  - {id: all, load: data/n.jsonl}\n"
SAVE = "  - save: {file: n.xlsx, stamp: false}\n"
MADE = "Third: {value: 'div(n, 3)', type: decimal, format: '0.00'}, Day: {value: day, type: date}"


def saved(work: Workplace, steps: str) -> tuple[dict[str, tuple[Any, str]], dict[str, int]]:
    """Return value and number format of each cell of the first record, and what was converted."""
    work.data("n.jsonl", ROWS)
    work.steps(LOAD + steps + SAVE)
    report = work.good_run()
    sheet = openpyxl.load_workbook(work.root / "output" / "acme-test-n.xlsx").worksheets[0]
    written: Any = report.steps[-1].notes["written"]
    row = {
        str(head.value): (cell.value, cell.number_format)
        for head, cell in zip(sheet[1], sheet[2], strict=True)
    }
    return row, written["conversions"]


@pytest.mark.parametrize(
    "steps",
    [
        f"  - transform: {{columns: {{{MADE}}}}}\n",
        f"  - transform: {{add: {{{MADE}}}}}\n",
        f"  - transform: {{add: {{{MADE}}}}}\n  - filter: n > 0\n  - transform: {{drop: [n]}}\n",
        f"  - transform: {{add: {{{MADE}}}}}\n  - {{if: 1 > 2, filter: n}}\n  - transform: {{rename: {{x: n}}}}\n",
        f"  - {{id: two, transform: {{add: {{{MADE}}}}}}}\n  - {{from: [two, all], filter: n < 9}}\n",
    ],
    ids=["columns", "add", "then filter", "then rename", "joined"],
)
def test_type_and_format_of_a_column_hold_also_where_the_others_are_not_known(
    work: Workplace, steps: str
) -> None:
    row, conversions = saved(work, steps)
    assert row["Third"] == (0.333333333333333, "0.00")
    assert row["Day"][1] == "yyyy-mm-dd"
    assert row["Day"][0].isoformat() == "2026-01-15T00:00:00"
    assert conversions["quotients rounded to 15 digits"] >= 2


def test_a_number_that_was_sent_keeps_its_digits_beside_a_quotient(work: Workplace) -> None:
    row, _ = saved(work, "  - transform: {add: {Third: 'div(n, 3)', Same: long}}\n")
    assert isinstance(row["Third"][0], float)
    assert row["long"][0] == row["Same"][0] == "1.2345678901234567890123456789012345678"


@pytest.mark.parametrize(
    "steps",
    [
        "  - query: '{Mean: avg([].n), Third: div(sum([].n), 7)} | [@, @]'\n",
        "  - query: '[].{Mean: add(div(n, 7), 1), Third: coalesce(null, avg([n, 0.1, 0.33]))}'\n",
        (
            "  - transform: {add: {Third: 'div(n, 7)'}}\n"
            "  - transform: {columns: {Mean: 'mul(Third, 2)', Third: Third}}\n"
        ),
    ],
)
def test_a_mean_is_a_number_too(work: Workplace, steps: str) -> None:
    row, _ = saved(work, steps)
    assert isinstance(row["Mean"][0], float)
    assert isinstance(row["Third"][0], float)


def test_csv_and_json_keep_all_digits_of_a_quotient(work: Workplace) -> None:
    work.data("n.jsonl", ROWS)
    work.steps(LOAD + "  - transform: {columns: {Third: 'div(n, 3)'}}\n  - save: n.csv\n  - save: n.json\n")
    work.good_run()
    third = str(Decimal("0." + 38 * "3"))
    assert work.rows("n.csv")[1] == third
    assert third in work.outputs()["n.json"]


def test_types_of_a_file_without_columns_make_dates(work: Workplace) -> None:
    row, _ = saved(work, "  - transform: {types: {day: date}}\n")
    assert row["day"][1] == "yyyy-mm-dd"
    work.steps("  - load: {file: data/n.jsonl, types: {day: date}}\n" + SAVE)
    work.good_run()
    sheet = openpyxl.load_workbook(work.root / "output" / "acme-test-n.xlsx").worksheets[0]
    assert sheet["B2"].number_format == "yyyy-mm-dd"


def test_each_sheet_of_a_workbook_knows_what_its_step_has_made(work: Workplace) -> None:
    work.data("n.jsonl", ROWS)
    made = LOAD + f"  - {{id: some, transform: {{add: {{{MADE}}}}}}}\n"
    work.steps(made + "  - save: {file: n.xlsx, stamp: false, sheets: {All: all, Some: some}}\n")
    work.good_run()
    book = openpyxl.load_workbook(work.root / "output" / "acme-test-n.xlsx")
    assert book["All"]["B2"].value == "2026-01-15"
    assert [cell.number_format for cell in book["Some"][2]][-2:] == ["0.00", "yyyy-mm-dd"]
