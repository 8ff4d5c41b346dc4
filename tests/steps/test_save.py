"""`save` writes by extension, publishes with the run, and passes the records on."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from txojobs.errors import InvalidJobError, Mark, StepError, TxoBaseError
from txojobs.job.load import load_text
from txojobs.records import Column, RecordStream

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.steps.conftest import Bench
    from txojobs.records import Batch, Record

ROWS: list[Record] = [
    {"No": "007", "Amount": Decimal("1.10"), "Big": 9007199254740993},
    {"No": "=1+1", "Amount": None, "Big": 0},
    {"No": "ü😀", "Amount": Decimal("-0.5"), "Big": -1},
]


def read_sheets(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    from openpyxl import load_workbook  # noqa: PLC0415  # slow to import

    book = load_workbook(path)
    return {
        sheet.title: [tuple(cell.value for cell in row) for row in sheet.iter_rows()]
        for sheet in book.worksheets
    }


def stream(rows: Sequence[Record]) -> RecordStream:
    batches: list[Batch] = [[row] for row in rows]
    return RecordStream(None, iter(batches))


def test_nothing_is_there_before_the_run_has_succeeded(bench: Bench) -> None:
    bench.feed("save: a.csv", ROWS)
    assert not list((bench.workspace.root / "output").glob("acme*"))
    (path,) = bench.publish()
    assert path == bench.workspace.root / "output" / "acme-test-a_2026-01-15T1430Z.csv"


def test_the_records_go_on_unchanged_with_their_columns(bench: Bench) -> None:
    columns = (Column("No"), Column("Amount"), Column("Big"))
    assert bench.feed("save: a.csv", ROWS, columns=columns) == ROWS
    assert bench.columns == columns


def test_csv(bench: Bench) -> None:
    bench.feed("save: a.csv", ROWS)
    text = bench.publish()[0].read_text(encoding="utf-8-sig")
    assert text.splitlines() == ["No,Amount,Big", "007,1.10,9007199254740993", "'=1+1,,0", "ü😀,-0.5,-1"]
    assert bench.notes["written"]["rows"] == 3
    assert sum(bench.notes["written"]["conversions"].values()) == 1


def test_csv_without_guard(bench: Bench) -> None:
    bench.feed("save: {file: a.csv, formula-guard: false}", ROWS)
    assert "\n=1+1," in bench.publish()[0].read_text(encoding="utf-8-sig")


def test_json(bench: Bench) -> None:
    bench.feed("save: a.json", ROWS)
    found = json.loads(bench.publish()[0].read_text(encoding="utf-8"), parse_float=Decimal)
    assert found == ROWS
    assert str(found[0]["Amount"]) == "1.10"


def test_jsonl(bench: Bench) -> None:
    bench.feed("save: a.jsonl", ROWS)
    lines = bench.publish()[0].read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["No"] for line in lines] == ["007", "=1+1", "ü😀"]


def test_xlsx(bench: Bench) -> None:
    bench.feed("save: a.xlsx", ROWS)
    (rows,) = read_sheets(bench.publish()[0]).values()
    assert rows[0] == ("No", "Amount", "Big")
    assert rows[1] == ("007", 1.1, "9007199254740993")
    assert rows[2] == ("=1+1", None, 0)


def test_two_saves_one_after_the_other_write_the_same(bench: Bench) -> None:
    out = bench.feed("save: a.jsonl", bench.feed("save: sub/b.jsonl", ROWS))
    assert out == ROWS
    one, two = bench.publish()
    assert one.read_bytes() == two.read_bytes()
    assert {one.parent.name, two.parent.name} == {"output", "sub"}


def test_stamp_false_replaces_the_same_file(bench: Bench) -> None:
    bench.data("output/acme-test-a.csv", "old")
    bench.feed("save: {file: a.csv, stamp: false}", ROWS[:1])
    (path,) = bench.publish()
    assert path.name == "acme-test-a.csv"
    assert path.read_text(encoding="utf-8-sig").startswith("No,")


def test_a_stamped_name_that_is_taken_gets_a_number(bench: Bench) -> None:
    bench.data("output/acme-test-a_2026-01-15T1430Z.csv", "old")
    bench.feed("save: a.csv", ROWS[:1])
    (path,) = bench.publish()
    assert path.name == "acme-test-a_2026-01-15T1430Z-2.csv"


# -- when there is nothing --------------------------------------------------------------------------------------


def test_when_empty_write_writes_the_header(bench: Bench) -> None:
    assert bench.feed("save: a.csv", [], columns=(Column("No"), Column("X"))) == []
    assert bench.publish()[0].read_text(encoding="utf-8-sig").strip() == "No,X"


def test_when_empty_skip_writes_nothing(bench: Bench) -> None:
    bench.data("output/acme-test-a.csv", "old")
    assert bench.feed("save: {file: a.csv, stamp: false, when-empty: skip}", []) == []
    assert bench.publish() == []
    assert (bench.workspace.root / "output" / "acme-test-a.csv").read_text() == "old"
    assert bench.notes == {"not-written": "a.csv"}


def test_when_empty_fail_fails(bench: Bench) -> None:
    with pytest.raises(StepError, match=r"no record for a\.csv") as caught:
        bench.feed("save: {file: a.csv, when-empty: fail}", [])
    assert caught.value.where == Mark("f", 4, 18)


@pytest.mark.parametrize("when", ["skip", "fail"])
def test_when_empty_looks_at_what_there_is(bench: Bench, when: str) -> None:
    bench.feed(f"save: {{file: a.csv, when-empty: {when}}}", ROWS)
    assert len(bench.publish()) == 1


# -- sheets -----------------------------------------------------------------------------------------------------


def test_a_workbook_of_several_steps(bench: Bench) -> None:
    bench.others = {"one": stream(ROWS[:2]), "none": stream([]), "two": stream([{"X": "y"}])}
    out = bench.feed("save: {file: a.xlsx, sheets: {First: one, Empty: none, Last: two}}")
    assert out == []
    sheets = read_sheets(bench.publish()[0])
    assert list(sheets) == ["First", "Empty", "Last"]
    assert len(sheets["First"]) == 3
    assert sheets["Last"] == [("X",), ("y",)]
    assert bench.notes["written"]["rows"] == 3


def test_the_conversions_of_all_sheets_are_counted_together(bench: Bench) -> None:
    bench.others = {"one": stream(ROWS), "two": stream(ROWS)}
    bench.feed("save: {file: a.xlsx, sheets: {First: one, Last: two}}")
    both = bench.notes["written"]["conversions"]
    bench.others = {}
    bench.feed("save: b.xlsx", ROWS)
    single = bench.notes["written"]["conversions"]
    assert single
    assert both == {kind: 2 * times for kind, times in single.items()}


def test_an_empty_sheet_has_its_header(bench: Bench) -> None:
    bench.others = {"none": RecordStream((Column("A"),), iter(())), "one": stream([{"X": 1}])}
    bench.feed("save: {file: a.xlsx, sheets: {Empty: none, One: one}}")
    assert read_sheets(bench.publish()[0])["Empty"] == [("A",)]


@pytest.mark.parametrize(("when", "files"), [("write", 1), ("skip", 0)])
def test_a_workbook_without_any_record(bench: Bench, when: str, files: int) -> None:
    bench.others = {"none": RecordStream((Column("A"),), iter(()))}
    bench.feed(f"save: {{file: a.xlsx, sheets: {{E: none}}, when-empty: {when}}}")
    assert len(bench.publish()) == files
    assert list(bench.notes) == (["written"] if files else ["not-written"])


def test_a_workbook_without_any_record_may_fail(bench: Bench) -> None:
    bench.others = {"none": stream([])}
    with pytest.raises(StepError, match=r"no record for a\.xlsx"):
        bench.feed("save: {file: a.xlsx, sheets: {E: none}, when-empty: fail}")
    assert bench.publish() == []


# -- before the run ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "message", "column"),
    [
        ("save: a.foo", "'.foo' are not supported", 11),
        ("save: a", "has no extension", 11),
        ("save: ../a.csv", "is not allowed", 11),
        ("save: /a.csv", "is no relative file name", 11),
        ("save: 'a?.csv'", "a file system refuses", 11),
        ("save: aux.csv", "is not allowed", 11),
        ("save: {file: a.xlsx, formula-guard: false}", "only .csv, .tsv, .txt need a formula-guard", 26),
        ("save: {file: a.tsv, dialect: excel}", "only .csv has a dialect, not .tsv", 25),
        ("save: {file: a.csv, dialect: excel-us}", "dialect takes one of rfc4180, excel, excel-eu, unix", 34),
        ("save: {file: a.csv, when-empty: no}", "when-empty takes one of write, skip, fail", 37),
        ("save: {file: a.csv, stamp: nope}", "stamp takes true or false, not the text 'nope'", 32),
        ("save: {file: a.csv, staamp: false}", "save has no option 'staamp'", 25),
        ("save: {stamp: false}", "save lacks 'file'", 5),
    ],
)
def test_what_cannot_be_written_is_found_before_the_run(
    bench: Bench, step: str, message: str, column: int
) -> None:
    with pytest.raises(InvalidJobError) as caught:
        bench.feed(step, ROWS)
    (problem,) = [each for each in caught.value.problems if each.severity == "error"]
    assert message in problem.message
    assert problem.where == Mark("f", 4, column)


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ("save: {file: a.csv, sheets: {One: one}}", "only .xlsx has sheets, not .csv"),
        ("save: {file: a.xlsx.gz, sheets: {A: one}}", "cannot be compressed; it is, inside"),
        ("save: {file: a.xlsx, sheets: {About: one}, about-sheet: true}", "already has a sheet 'About'"),
        ("save: {file: a.xlsx, sheets: {A: one}, sheet-per: X}", "sheets of several steps, or one per value"),
        ("save: {file: a.csv, sheet-per: Country}", "only .xlsx has sheets, not .csv"),
        ("save: {file: a.jsonl.gz, about-sheet: true}", "only .xlsx has sheets, not .jsonl"),
        ("save: {file: a.xlsx.gz, about-sheet: true}", "cannot be compressed; it is, inside"),
        ("save: {file: a.xlsx, sheets: {'a/b': one}}", "a sheet cannot be named 'a/b'"),
        ("save: {file: a.xlsx, sheets: {A: one, a: one}}", "the workbook already has a sheet 'A'"),
        (f"save: {{file: a.xlsx, sheets: {{{'x' * 32}: one}}}}", "longer than 31 characters"),
    ],
)
def test_sheets_are_checked_before_the_run(bench: Bench, step: str, message: str) -> None:
    bench.others = {"one": stream([])}
    with pytest.raises(InvalidJobError) as caught:
        bench.feed(step)
    assert message in caught.value.problems[0].message


def test_a_column_that_flatten_makes_may_name_the_sheets(bench: Bench) -> None:
    columns = "  - transform: {columns: {No: No, Address: Address}}\n"
    steps = (
        f"  - load: in.json\n{columns}  - save: {{file: a.xlsx, sheet-per: Address.City, nested: flatten}}\n"
    )
    assert load_text(f"version: 1\nsteps:\n{steps}", file="f", stem="job").problems == []
    rows: list[Record] = [{"No": 1, "Address": {"City": "Oslo"}}, {"No": 2, "Address": {"City": "Bergen"}}]
    bench.feed("save: {file: a.xlsx, sheet-per: Address.City, nested: flatten}", rows)
    assert list(read_sheets(bench.publish()[0])) == ["Oslo", "Bergen"]


def test_a_field_that_no_record_can_have_is_found_before_the_run(bench: Bench) -> None:
    steps = "  - load: in.json\n  - transform: {columns: {Country: C}}\n  - save: {file: a.xlsx, sheet-per: Contry}\n"
    (problem,) = load_text(f"version: 1\nsteps:\n{steps}", file="f", stem="job").problems
    assert problem.message == "'Contry' is none of the fields that come in here"
    assert problem.fix == "did you mean 'Country'?"
    assert bench.others == {}


def test_a_source_that_fails_leaves_no_file(bench: Bench) -> None:
    def broken() -> Any:
        yield ROWS
        raise StepError("the source has failed")

    bench.others = {"one": RecordStream(None, broken())}
    with pytest.raises(StepError, match="the source has failed"):
        bench.feed("save: {file: a.xlsx, sheets: {One: one}}")
    bench.outputs.abandon()
    assert [path for path in (bench.workspace.root / "output").rglob("*") if path.is_file()] == []


def test_a_record_with_a_field_that_was_not_announced_is_an_error(bench: Bench) -> None:
    with pytest.raises(TxoBaseError, match="has a field 'B'"):
        bench.feed("save: a.csv", [{"A": 1}, {"A": 1, "B": 2}], columns=(Column("A"),))
