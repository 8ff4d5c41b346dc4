"""`load` reads what `save` can write, from the workspace and nowhere else."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from txojobs.errors import FileOperationError, InvalidJobError, Mark, StepError, TxoBaseError, ValidationError
from txojobs.records import Column

if TYPE_CHECKING:
    from tests.steps.conftest import Bench

CSV = "No,Amount,Day\n007,1.10,2026-01-15\n008,,\n"


def message_of(bench: Bench, step: str) -> str:
    with pytest.raises(InvalidJobError) as caught:
        bench.feed(step)
    return caught.value.problems[0].message


def test_cells_of_csv_are_text(bench: Bench) -> None:
    bench.data("data/a.csv", CSV)
    assert bench.feed("load: data/a.csv") == [
        {"No": "007", "Amount": "1.10", "Day": "2026-01-15"},
        {"No": "008", "Amount": "", "Day": ""},
    ]
    assert bench.columns == (Column("No"), Column("Amount"), Column("Day"))


def test_types_convert_exactly_and_an_empty_cell_is_null(bench: Bench) -> None:
    bench.data("a.csv", CSV)
    out = bench.feed("load: {file: a.csv, types: {Amount: decimal, Day: date, No: text}}")
    assert out == [
        {"No": "007", "Amount": Decimal("1.10"), "Day": "2026-01-15"},
        {"No": "008", "Amount": None, "Day": None},
    ]
    assert str(out[0]["Amount"]) == "1.10"
    assert bench.columns == (Column("No", "text"), Column("Amount", "decimal"), Column("Day", "date"))


@pytest.mark.parametrize(
    "text", ['[{"A": 1.10}, {"A": 9007199254740993}]', '[\n{"A":1.10},\n{"A":9007199254740993}\n]']
)
def test_json_keeps_its_digits(bench: Bench, text: str) -> None:
    bench.data("a.json", text)
    assert [str(each["A"]) for each in bench.feed("load: a.json")] == ["1.10", "9007199254740993"]


def test_jsonl_is_read_line_by_line(bench: Bench) -> None:
    bench.data("a.jsonl", '{"A":1}\n{"A":"007"}\n')
    assert bench.feed("load: a.jsonl") == [{"A": 1}, {"A": "007"}]


def test_xlsx_is_read_by_sheet(bench: Bench) -> None:
    from openpyxl import Workbook  # noqa: PLC0415  # slow to import

    book = Workbook()
    book.active.append(["A"])  # type: ignore[union-attr]  # a new workbook has one
    book.active.append(["007"])  # type: ignore[union-attr]
    book.create_sheet("Two").append(["B"])
    book["Two"].append([2])
    book.save(bench.workspace.root / "a.xlsx")
    assert bench.feed("load: a.xlsx") == [{"A": "007"}]
    assert bench.feed("load: {file: a.xlsx, sheet: Two}") == [{"B": 2}]
    with pytest.raises(FileOperationError, match="Three"):
        bench.feed("load: {file: a.xlsx, sheet: Three}")


def test_a_csv_with_semicolons_says_so(bench: Bench) -> None:
    bench.data("a.csv", "A;B\n1;2\n")
    with pytest.raises(FileOperationError, match="separated by ';'"):
        bench.feed("load: a.csv")
    assert bench.feed('load: {file: a.csv, delimiter: ";"}') == [{"A": "1", "B": "2"}]


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ("load: a.foo", "'.foo' are not supported"),
        ("load: a", "has no extension"),
        ("load: ../a.csv", "is not allowed"),
        ("load: /etc/a.csv", "is no relative file name"),
        ("load: C:\\a.csv", "is no relative file name"),
        ("load: nul.csv", "is not allowed"),
        ("load: {file: a.csv, sheet: X}", "only .xlsx has a sheet"),
        ("load: {file: a.json, delimiter: ';'}", "only .csv has a delimiter"),
        ("load: {file: a.csv, delimiter: ';;'}", "delimiter is one character"),
        ("load: {file: a.csv, delimiter: '\\t'}", "delimiter is one character"),
        ("load: {file: a.csv, types: {A: money}}", "A takes one of text, integer, decimal"),
    ],
)
def test_what_cannot_be_read_is_found_before_the_run(bench: Bench, step: str, message: str) -> None:
    assert message in message_of(bench, step)


def test_a_missing_file_lists_what_is_there_and_makes_no_folder(bench: Bench) -> None:
    bench.data("data/targets.csv", CSV)
    with pytest.raises(ValidationError, match=r"data/target\.csv is not in the workspace") as caught:
        bench.feed("load: data/target.csv")
    assert caught.value.how_to_fix == "did you mean 'data/targets.csv'?"
    assert caught.value.where == Mark("f", 3, 11)
    with pytest.raises(ValidationError) as caught:
        bench.feed("load: dat/target.csv")
    assert caught.value.how_to_fix == "put the file into dat"
    assert not (bench.workspace.root / "dat").exists()
    with pytest.raises(ValidationError) as caught:
        bench.feed("load: target.csv")
    assert caught.value.how_to_fix == "put the file into the workspace"


def test_a_file_beside_the_folders_is_named_as_it_is_written(bench: Bench) -> None:
    bench.data("targets.csv", CSV)
    with pytest.raises(ValidationError) as caught:
        bench.feed("load: target.csv")
    assert caught.value.how_to_fix == "did you mean 'targets.csv'?"


def test_a_folder_that_is_called_like_a_file_is_there_and_no_file(bench: Bench) -> None:
    bench.data("data/dir.csv/targets.csv", CSV)
    with pytest.raises(ValidationError, match=r"data/dir\.csv is no file"):
        bench.feed("load: data/dir.csv")


def test_a_linked_folder_that_leads_out_is_refused(bench: Bench) -> None:
    outside = bench.workspace.root.parent / f"{bench.workspace.root.name}-outside"
    outside.mkdir()
    (outside / "a.csv").write_text(CSV)
    (bench.workspace.root / "data").symlink_to(outside)
    with pytest.raises(ValidationError, match="leaves the folder"):
        bench.feed("load: data/a.csv")


def test_a_value_of_the_wrong_type_names_record_column_and_value(bench: Bench) -> None:
    bench.data("a.csv", "A\n1\nx\n3\n")
    with pytest.raises(StepError, match="record 2: column 'A': 'x' is not a number"):
        bench.feed("load: {file: a.csv, types: {A: decimal}}")
    out = bench.feed("load: {file: a.csv, types: {A: integer}}", rejects="bad.csv")
    assert out == [{"A": 1}, {"A": 3}]
    assert bench.result.rejected == 1


def test_types_of_a_column_that_is_not_there_is_an_error(bench: Bench) -> None:
    bench.data("a.csv", CSV)
    with pytest.raises(StepError, match=r"a\.csv has no column 'Amout', which types names") as caught:
        bench.feed("load: {file: a.csv, types: {Amout: decimal}}")
    assert caught.value.how_to_fix == "did you mean 'Amount'?"
    assert len(bench.feed("load: {file: a.csv, types: {Amout: decimal}, optional: [Amout]}")) == 2


def test_a_limit_reads_no_more(bench: Bench) -> None:
    bench.data("a.csv", "A\n" + "1\n" * 5000)
    assert len(bench.feed("load: a.csv", batch_size=5000, limit=1500)) == 1500


def test_a_file_that_is_none_of_its_format_is_an_error(bench: Bench) -> None:
    for name, content in (
        ("a.json", "{"),
        ("a.jsonl", "{}\nx\n"),
        ("a.xlsx", "no zip"),
        ("a.csv", 'A\n"x\n'),
    ):
        bench.data(name, content)
        with pytest.raises(TxoBaseError):
            bench.feed(f"load: {name}")


def test_what_is_saved_for_excel_in_europe_is_loaded_with_the_same_word(bench: Bench) -> None:
    rows: list[Any] = [
        {"No": "007", "Amount": Decimal("1234.50"), "Text": "a;b"},
        {"No": "008", "Amount": Decimal("-0.01"), "Text": "1,5"},
        {"No": "009", "Amount": None, "Text": "=1"},
    ]
    bench.feed("save: {file: a.csv, dialect: excel-eu, formula-guard: false}", rows)
    bench.data("b.csv", bench.publish()[0].read_bytes().decode("utf-8"))
    assert bench.feed("load: {file: b.csv, dialect: excel-eu, types: {Amount: decimal}}") == rows
    with pytest.raises(StepError, match="Amount"):
        bench.feed("load: {file: b.csv, delimiter: ';', types: {Amount: decimal}}")


def test_an_encoding_is_done_as_it_is_said_and_one_that_was_found_is_told(bench: Bench) -> None:
    path = bench.workspace.root / "a.csv"
    path.write_bytes("No,Name\n1,Ærø\n".encode("cp1252"))
    assert bench.feed("load: {file: a.csv, encoding: cp1252}") == [{"No": "1", "Name": "Ærø"}]
    assert "encoding" not in bench.notes
    path.write_bytes("No,Name\n1,Ærø\n".encode("utf-16"))
    assert bench.feed("load: a.csv") == [{"No": "1", "Name": "Ærø"}]
    assert bench.notes["encoding"] == "UTF-16"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("file: a.xlsx, encoding: cp1252", "only .csv, .tsv, .txt have an encoding, not .xlsx"),
        ("file: a.csv, range: B3", "only .xlsx has a range, not .csv"),
        ("file: a.xlsx, range: '3:9'", "'3:9' is no part of a sheet"),
        ("file: a.jsonl, dialect: excel-eu", "only .csv has a dialect, not .jsonl"),
        ("file: a.csv, encoding: utf-7x", "there is no encoding 'utf-7x'"),
        ("file: a.csv, encoding: base64", "there is no encoding 'base64'"),
        ("file: a.csv, dialect: excel-us", "dialect takes one of rfc4180, excel, excel-eu, unix"),
    ],
)
def test_an_option_that_means_nothing_for_the_file_is_refused(
    bench: Bench, options: str, message: str
) -> None:
    assert message in message_of(bench, f"load: {{{options}}}")


def test_a_part_of_a_sheet_is_loaded(bench: Bench) -> None:
    from openpyxl import Workbook  # noqa: PLC0415  # slow to import

    book: Any = Workbook()
    book.active["A1"] = "Targets"
    rows: list[list[Any]] = [["No", "Target"], [1, 10], ["Total", 10]]
    for row, values in enumerate(rows, 3):
        for column, value in enumerate(values, 2):
            book.active.cell(row, column, value)
    book.save(bench.workspace.root / "a.xlsx")
    assert bench.feed("load: {file: a.xlsx, range: B3:C4}") == [{"No": 1, "Target": 10}]


def test_a_misspelt_column_is_found_without_a_single_record(bench: Bench) -> None:
    bench.data("a.csv", "Land,Ziel\n")
    with pytest.raises(StepError, match="has no column 'Zeil'") as caught:
        bench.feed("load: {file: a.csv, types: {Zeil: decimal}}")
    assert caught.value.how_to_fix == "did you mean 'Ziel'?"
    assert bench.feed("load: {file: a.csv, types: {Zeil: decimal}, optional: [Zeil]}") == []


def test_a_decimal_comma_leads_to_the_dialect_that_reads_it(bench: Bench) -> None:
    bench.data("a.csv", "Land;Ziel\nNO;1,5\n")
    with pytest.raises(StepError, match="'1,5' has a decimal comma") as caught:
        bench.feed("load: {file: a.csv, delimiter: ';', types: {Ziel: decimal}}")
    assert caught.value.example == "dialect: excel-eu    # below load"
    found = bench.feed("load: {file: a.csv, dialect: excel-eu, types: {Ziel: decimal}}")
    assert found == [{"Land": "NO", "Ziel": Decimal("1.5")}]
