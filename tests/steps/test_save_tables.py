"""`save` with nested values, and into several files: from YAML to what other libraries read."""

from __future__ import annotations

import csv
import gc
import gzip
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest
from python_calamine import CalamineWorkbook

from tests.engine.workplace import Workplace
from txojobs.errors import InvalidJobError, ValidationError
from txojobs.files import xlsx_sheet
from txojobs.files.formats import FORMATS
from txojobs.records import Column, RecordStream

if TYPE_CHECKING:
    from pathlib import Path

    from tests.steps.conftest import Bench
    from txojobs.records import Record

ROWS: list[Record] = [
    {"No": "1", "Address": None, "Tags": ["x"]},
    {"No": "2", "Address": {"City": "Malmö", "Geo": {"Lat": Decimal("55.60")}}, "Tags": []},
    {"No": "3", "Address": {"Zip": "00123"}, "Tags": None},
]
FLAT: list[tuple[str, ...]] = [
    ("No", "Address.City", "Address.Geo.Lat", "Address.Zip", "Tags"),
    ("1", "", "", "", '["x"]'),
    ("2", "Malmö", "55.60", "", "[]"),
    ("3", "", "", "00123", ""),
]
DECLARED = pytest.mark.parametrize(
    "columns", [None, (Column("No"), Column("Address"), Column("Tags"))], ids=["learnt", "declared"]
)


def cells(path: Path) -> list[tuple[str, ...]]:
    """Return what a library that is not the writer reads, as text."""
    if path.suffix == ".parquet":
        table = pq.read_table(path)
        rows = [tuple(table.column_names), *zip(*table.to_pydict().values(), strict=True)]
    elif path.suffix == ".xlsx":
        from openpyxl import load_workbook  # noqa: PLC0415  # slow to import

        rows = [tuple(cell.value for cell in row) for row in load_workbook(path).worksheets[0].iter_rows()]
    else:
        mark = "," if path.suffix == ".csv" else "\t"
        with path.open(encoding="utf-8", newline="") as file:
            rows = [tuple(row) for row in csv.reader(file, delimiter=mark, strict=True)]
    return [tuple("" if cell is None else str(cell).removesuffix(".0") for cell in row) for row in rows]


@pytest.mark.parametrize("extension", [".csv", ".tsv", ".txt", ".xlsx", ".parquet"])
@DECLARED
def test_flatten_makes_columns_of_objects(bench: Bench, extension: str, columns: Any) -> None:
    assert bench.feed(f"save: {{file: a{extension}, nested: flatten}}", ROWS, columns=columns) == ROWS
    expected = FLAT
    if extension == ".xlsx":  # where it is a number
        expected = [tuple("55.6" if cell == "55.60" else cell for cell in row) for row in FLAT]
    assert cells(bench.publish()[0]) == expected


@DECLARED
def test_json_is_what_is_written_when_nothing_is_said(bench: Bench, columns: Any) -> None:
    bench.feed("save: {file: a.csv, nested: json}", ROWS, columns=columns)
    bench.feed("save: b.csv", ROWS, columns=columns)
    first, second = bench.publish()
    assert first.read_bytes() == second.read_bytes()
    assert cells(first)[2] == ("2", '{"City":"Malmö","Geo":{"Lat":55.60}}', "[]")


@DECLARED
def test_error_names_field_and_record(bench: Bench, columns: Any) -> None:
    with pytest.raises(ValidationError, match=r"record 1 for a\.csv holds a list in the field 'Tags'"):
        bench.feed("save: {file: a.csv, nested: error}", ROWS, columns=columns)
    good: list[Record] = [{"No": "1"}]
    assert bench.feed("save: {file: b.csv, nested: error}", good) == good


def test_a_clash_fails_the_job(bench: Bench) -> None:
    rows: list[Record] = [{"Address.City": "x"}, {"Address": {"City": "y"}}]
    with pytest.raises(
        ValidationError, match=r"column 'Address\.City' of a\.csv: 'Address\.City' and 'City' in"
    ):
        bench.feed("save: {file: a.csv, nested: flatten}", rows)


def test_an_empty_result_has_the_columns_that_are_known(bench: Bench) -> None:
    bench.feed("save: {file: a.csv, nested: flatten}", [], columns=(Column("No"), Column("Address")))
    assert cells(bench.publish()[0]) == [("No", "Address")]


def test_the_sheets_of_several_steps_are_flattened_too(bench: Bench) -> None:
    bench.others["one"] = RecordStream(None, iter([ROWS[:1], ROWS[1:]]))
    bench.others["two"] = RecordStream((Column("a"),), iter([[{"a": {"b": 1}}]]))
    bench.feed("save: {file: a.xlsx, nested: flatten, sheets: {One: one, Two: two}}")
    from openpyxl import load_workbook  # noqa: PLC0415

    book = load_workbook(bench.publish()[0])
    assert [cell.value for cell in book["One"][1]] == list(FLAT[0])
    assert [[cell.value for cell in row] for row in book["Two"].iter_rows()] == [["a.b"], [1]]


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (
            "{file: a.json, nested: flatten}",
            ".json holds lists and objects as they are, so that nested has no",
        ),
        ("{file: a.jsonl.gz, nested: error}", ".jsonl holds lists and objects as they are"),
        ("{file: a.yaml, nested: flatten}", ".yaml holds lists and objects as they are"),
        ("{file: a.csv, nested: xml}", "nested takes one of json, flatten, error"),
        ("{file: a.csv, split: files}", ".csv holds any number of records"),
        ("{file: a.csv, split: files, rows-per-file: 0}", "a file .csv cannot hold 0 records"),
        (
            "{file: a.xlsx, split: files, rows-per-file: 1048576}",
            "a file .xlsx cannot hold 1,048,576 records",
        ),
        ("{file: a.csv, rows-per-file: 5}", "rows-per-file is for several files or sheets"),
        ("{file: a.csv, split: sheets, rows-per-file: 5}", "only .xlsx has sheets, not .csv"),
        (
            "{file: a.xlsx, split: sheets, rows-per-file: 1048576}",
            "a file .xlsx cannot hold 1,048,576 records",
        ),
        ("{file: a.csv, split: files, rows-per-file: 5, stamp: false}", "a run with fewer files would leave"),
        ("{file: a.xlsx, split: files, sheet-per: No}", "split is for one table, not beside sheet-per"),
    ],
)
def test_what_has_no_meaning_is_refused(bench: Bench, step: str, message: str) -> None:
    with pytest.raises(InvalidJobError) as caught:
        bench.feed(f"save: {step}", ROWS)
    assert message in str(caught.value.problems)


@pytest.mark.parametrize("extension", [".json", ".jsonl", ".yaml"])
def test_json_may_be_said_of_formats_that_have_nested_values(bench: Bench, extension: str) -> None:
    bench.feed(f"save: {{file: a{extension}, nested: json}}", ROWS)
    assert "Malmö" in bench.publish()[0].read_text(encoding="utf-8")


# -- several files


FORMULAS: list[Record] = [{"a": "=1"}, {"a": "=2"}]
NUMBERS: list[Record] = [{"n": str(number)} for number in range(7)]


@pytest.mark.parametrize("extension", [".csv", ".tsv", ".xlsx", ".parquet"])
@pytest.mark.parametrize("columns", [None, (Column("n"), Column("late"))], ids=["learnt", "declared"])
def test_each_file_has_the_header_of_the_whole_and_so_many_records(
    bench: Bench, extension: str, columns: Any
) -> None:
    rows: list[Record] = [*NUMBERS, {"n": "7", "late": "x"}]
    step = f"save: {{file: a{extension}, split: files, rows-per-file: 3}}"
    assert bench.feed(step, rows, columns=columns) == rows
    paths = bench.publish()
    assert [path.name for path in paths] == [
        f"acme-test-a_{number}_2026-01-15T1430Z{extension}" for number in (1, 2, 3)
    ]
    assert [cells(path) for path in paths] == [
        [("n", "late"), ("0", ""), ("1", ""), ("2", "")],
        [("n", "late"), ("3", ""), ("4", ""), ("5", "")],
        [("n", "late"), ("6", ""), ("7", "x")],
    ]
    written = bench.notes["written"]
    assert written["files"] == [f"a_{number}{extension}" for number in (1, 2, 3)]
    assert written["rows"] == 8
    assert written["size-bytes"] == sum(path.stat().st_size for path in paths)


def test_json_lines_are_split_as_they_come(bench: Bench) -> None:
    last: Record = {"m": [1]}
    rows = [*NUMBERS, last]
    bench.feed("save: {file: sub/a.jsonl.gz, split: files, rows-per-file: 6}", rows)
    first, second = bench.publish()
    assert [path.name.partition("_2026")[0] for path in (first, second)] == ["acme-test-a_1", "acme-test-a_2"]
    assert [json.loads(line) for line in gzip.decompress(second.read_bytes()).splitlines()] == [
        {"n": "6"}, {"m": [1]},
    ]  # fmt: skip


def test_a_failure_among_the_files_lets_go_of_the_open_one(bench: Bench) -> None:
    rows: list[Record] = [*NUMBERS, {"n": "7", "more": "x"}]
    with pytest.raises(ValidationError, match=r"record 2 for a_4\.csv has a field 'more'"):
        bench.feed("save: {file: a.csv, split: files, rows-per-file: 2}", rows, columns=(Column("n"),))
    bench.outputs.abandon()
    gc.collect()  # a file that is still open would be a warning, which is an error here
    assert not list((bench.workspace.root / "output").iterdir())


def test_what_fills_the_last_file_begins_no_other(bench: Bench) -> None:
    bench.feed("save: {file: a.csv, split: files, rows-per-file: 7}", NUMBERS)
    assert len(bench.publish()) == 1


def test_an_empty_table_is_one_file_with_the_header(bench: Bench) -> None:
    bench.feed("save: {file: a.csv, split: files, rows-per-file: 7}", [], columns=(Column("n"),))
    (path,) = bench.publish()
    assert path.name.startswith("acme-test-a_1_")
    assert path.read_bytes() == b"n\r\n"


def test_flattened_records_are_split_with_one_header(bench: Bench) -> None:
    bench.feed("save: {file: a.csv, nested: flatten, split: files, rows-per-file: 2}", ROWS)
    assert [cells(path) for path in bench.publish()] == [FLAT[:3], [FLAT[0], FLAT[3]]]


@pytest.mark.parametrize("extension", [".parquet", ".parquet.gz"])
def test_the_files_of_a_parquet_table_have_the_same_types(
    bench: Bench, extension: str, tmp_path: Path
) -> None:
    rows: list[Record] = [{"a": 1}, {"a": 2}, {"a": 3}, {"a": Decimal("0.25"), "b": "x"}, {"a": None}]
    bench.feed(f"save: {{file: a{extension}, split: files, rows-per-file: 2}}", rows)
    paths = bench.publish()
    assert [path.name.partition("_2026")[0] for path in paths] == [
        f"acme-test-a_{each}" for each in (1, 2, 3)
    ]
    assert bench.notes["written"]["files"] == [f"a_{number}{extension}" for number in (1, 2, 3)]
    assert bench.notes["written"]["size-bytes"] == sum(path.stat().st_size for path in paths)
    if extension.endswith(".gz"):
        for number, path in enumerate(paths):
            plain = tmp_path / f"{number}.parquet"
            plain.write_bytes(gzip.decompress(path.read_bytes()))
            paths[number] = plain
    schemas = [pq.read_schema(path) for path in paths]
    assert schemas[0] == schemas[1] == schemas[2]
    assert str(schemas[0].field("a").type) == "decimal128(38, 2)"
    assert [pq.read_table(path).to_pylist() for path in paths] == [
        [{"a": Decimal(1), "b": None}, {"a": Decimal(2), "b": None}],
        [{"a": Decimal(3), "b": None}, {"a": Decimal("0.25"), "b": "x"}],
        [{"a": None, "b": None}],
    ]
    assert not [path for path in (bench.workspace.root / "output").iterdir() if path.name[:1] == "."]


@pytest.mark.parametrize("rows_per_file", [1, 3, 999, 1000, 1001, 5000])
def test_a_parquet_table_is_cut_where_it_should_be(bench: Bench, rows_per_file: int) -> None:
    count = 12 if rows_per_file < 10 else 2500
    rows: list[Record] = [{"n": number} for number in range(count)]
    bench.feed(f"save: {{file: a.parquet, split: files, rows-per-file: {rows_per_file}}}", rows)
    parts = [pq.read_table(path)["n"].to_pylist() for path in bench.publish()]
    assert parts == [
        list(range(count))[begin : begin + rows_per_file] for begin in range(0, count, rows_per_file)
    ]


def test_an_empty_parquet_table_is_one_file_with_its_columns(bench: Bench) -> None:
    step = "save: {file: a.parquet, split: files, rows-per-file: 7}"
    bench.feed(step, [], columns=(Column("n", "integer"),))
    (path,) = bench.publish()
    assert str(pq.read_schema(path).field("n").type) == "int64"


def test_conversions_of_all_files_are_counted_together(bench: Bench) -> None:
    bench.feed("save: {file: a.csv, split: files, rows-per-file: 1}", FORMULAS)
    assert [*bench.notes["written"]["conversions"].values()] == [2]


def test_the_limit_of_a_sheet_is_that_of_the_writer() -> None:
    assert FORMATS[".xlsx"].most_rows == xlsx_sheet.MAX_ROWS - 1


def test_without_a_number_a_workbook_is_split_where_a_sheet_ends(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xlsx_sheet, "MAX_ROWS", 5)
    monkeypatch.setitem(FORMATS, ".xlsx", FORMATS[".xlsx"]._replace(most_rows=4))
    bench.feed("save: {file: a.xlsx, split: files}", NUMBERS)
    assert [len(cells(path)) - 1 for path in bench.publish()] == [4, 3]


def test_all_files_are_published_or_none_and_told_everywhere(tmp_path: Path) -> None:
    work = Workplace(tmp_path)
    work.numbers("n.jsonl", 5)
    work.steps("  - load: data/n.jsonl\n  - save: {file: n.csv, split: files, rows-per-file: 2}\n")
    process = work.start("run", "job", "acme", "test")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "3 files" in out.decode()
    for number in (1, 2, 3):
        assert f"acme-test-n_{number}_" in out.decode()
    process = work.start("run", "job", "acme", "test", "--json")
    report = json.loads(process.communicate(timeout=60)[0])
    assert [path.rpartition("acme-test-")[2][:3] for path in report["outputs"]] == ["n_1", "n_2", "n_3"]
    before = sorted(path.name for path in (work.root / "output").iterdir())
    work.data("n.jsonl", '{"n": 1}\n{"n": 2}\n{"n": 3}\nbroken\n')
    assert work.run().outcome == "failed"
    assert sorted(path.name for path in (work.root / "output").iterdir()) == before
    assert work.left_behind() == []


@pytest.mark.parametrize("stamp", ["true", "false"])
@pytest.mark.parametrize("columns", [(Column("n"), Column("late")), None])
def test_a_workbook_goes_on_with_a_further_sheet(bench: Bench, stamp: str, columns: Any) -> None:
    rows: list[Record] = [{"n": number} for number in range(7)]
    rows[6]["late"] = "x"
    step = f"save: {{file: a.xlsx, split: sheets, rows-per-file: 3, about-sheet: true, stamp: {stamp}}}"
    assert bench.feed(step, rows, columns=columns) == rows
    (path,) = bench.publish()
    book: Any = CalamineWorkbook.from_path(path)
    assert book.sheet_names == ["Data", "Data (2)", "Data (3)", "About"]
    found = [book.get_sheet_by_index(number).to_python() for number in range(3)]
    assert [sheet[0] for sheet in found] == [["n", "late"]] * 3
    assert [row[0] for sheet in found for row in sheet[1:]] == list(range(7))
    assert [len(sheet) for sheet in found] == [4, 4, 2]
    written: Any = bench.notes["written"]
    assert (written["rows"], written["size-bytes"]) == (7, path.stat().st_size)


def test_a_table_that_is_not_too_long_has_one_sheet(bench: Bench) -> None:
    bench.feed("save: {file: a.xlsx, split: sheets}", [{"n": 1}])
    bench.feed("save: {file: b.xlsx, split: sheets}", [], columns=(Column("n"),))
    for path in bench.publish():
        book: Any = CalamineWorkbook.from_path(path)
        assert book.sheet_names == ["Data"]
        assert book.get_sheet_by_index(0).to_python()[0] == ["n"]


def test_a_source_that_fails_on_the_second_sheet_leaves_nothing(bench: Bench) -> None:
    rows: list[Record] = [{"n": 1}, {"n": 2}, {"n": 3, "other": 4}]
    with pytest.raises(ValidationError, match="'other' that is not among its columns"):
        bench.feed("save: {file: a.xlsx, split: sheets, rows-per-file: 1}", rows, columns=(Column("n"),))
    bench.outputs.abandon()
    assert [path for path in (bench.workspace.root / "output").rglob("*") if path.is_file()] == []
