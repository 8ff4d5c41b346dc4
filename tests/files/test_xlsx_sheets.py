"""Workbooks with a sheet per value, and with one that tells where the others come from."""

from __future__ import annotations

import hashlib
import zipfile
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from txojobs.errors import FileOperationError, ValidationError
from txojobs.files import xlsx_per_value
from txojobs.files.formats import format_of, write_table
from txojobs.files.table import WriteOptions, WriteSummary
from txojobs.files.xlsx import open_workbook
from txojobs.files.xlsx_cells import LONG_NUMBER
from txojobs.files.xlsx_names import check_sheet_name, sheet_name_for
from txojobs.files.xlsx_per_value import RENAMED
from txojobs.records import Column

if TYPE_CHECKING:
    from pathlib import Path

    from txojobs.records import Batch, Columns, JsonValue, Record

KNOWN = (Column("No"), Column("Country"))


def write(path: Path, *batches: Batch, columns: Columns | None = None, **options: Any) -> WriteSummary:
    return write_table(
        path,
        batches,
        file_format=format_of("x.xlsx"),
        columns=columns,
        options=WriteOptions(sheet_per="Country", **options),
    )


def sheets(path: Path) -> dict[str, list[list[Any]]]:
    book = CalamineWorkbook.from_path(path)
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def at(*countries: JsonValue) -> list[Record]:
    return [{"No": number, "Country": country} for number, country in enumerate(countries, 1)]


@pytest.mark.parametrize("columns", [KNOWN, None])
def test_each_value_has_a_sheet_in_the_order_in_which_they_come(
    tmp_path: Path, columns: Columns | None
) -> None:
    path = tmp_path / "a.xlsx"
    summary = write(path, at("NO", "SE", "NO"), [{"No": 9, "Country": "DK"}], columns=columns)
    head = ["No", "Country"]
    assert sheets(path) == {
        "NO": [head, [1, "NO"], [3, "NO"]],
        "SE": [head, [2, "SE"]],
        "DK": [head, [9, "DK"]],
    }
    assert summary == (4, 2, {}, path.stat().st_size)
    assert [each.name for each in tmp_path.iterdir()] == ["a.xlsx"]


def test_all_sheets_have_all_columns_also_those_that_come_late(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    write(path, at("NO", "SE"), [{"Country": "SE", "Late": "x"}])
    assert [rows[0] for rows in sheets(path).values()] == [["No", "Country", "Late"]] * 2
    assert sheets(path)["SE"][2] == ["", "SE", "x"]


def test_values_that_cannot_name_a_sheet_get_one_and_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    values = ["a/b", "a:b", "A-B", "", None, 5, Decimal("1.50"), True, "history", "'x'", "y" * 40, "y" * 31]
    summary = write(path, at(*values), columns=KNOWN)
    assert list(sheets(path)) == [
        *("a-b", "a-b (2)", "A-B (3)", "(empty)", "5", "1.50", "true"),
        *("history_", "x", "y" * 31, "y" * 27 + " (2)"),
    ]
    assert len(sheets(path)["(empty)"]) == 3
    assert summary.conversions == {RENAMED: 7}


@given(st.lists(st.text(st.characters(codec=None, exclude_categories=()), max_size=40), max_size=6))
def test_any_texts_become_names_that_excel_allows_and_that_differ(texts: list[str]) -> None:
    taken: list[str] = []
    for text in texts:
        name = sheet_name_for(text, taken=taken)
        check_sheet_name(name, taken=taken)
        taken.append(name)


def test_no_record_gives_a_workbook_with_the_headings(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    assert write(path, columns=KNOWN).rows == 0
    assert sheets(path) == {"Data": [["No", "Country"]]}


@pytest.mark.parametrize("columns", [(Column("No"), Column("Contry")), None])
def test_a_field_that_is_not_there_is_an_error_and_leaves_no_scratch(
    tmp_path: Path, columns: Columns | None
) -> None:
    with pytest.raises(ValidationError, match=r"no record for a\.xlsx has a field 'Country'") as caught:
        write(tmp_path / "a.xlsx", [{"No": 1, "Contry": "NO"}], columns=columns)
    assert caught.value.how_to_fix == "did you mean 'Contry'?"
    assert not (tmp_path / "a.xlsx.scratch").exists()


def test_a_structure_has_no_sheet(tmp_path: Path) -> None:
    with pytest.raises(FileOperationError, match=r"record 2 has a structure in 'Country'") as caught:
        write(tmp_path / "a.xlsx", at("NO", {"Code": "NO"}), columns=KNOWN)
    assert "nested: flatten" in (caught.value.how_to_fix or "")


def test_a_field_inside_of_a_structure_needs_a_column_of_its_own(tmp_path: Path) -> None:
    options = WriteOptions(sheet_per="Address.City")
    with pytest.raises(ValidationError) as caught:
        write_table(
            tmp_path / "a.xlsx",
            [[{"Address": {"City": "x"}}]],
            file_format=format_of("x.xlsx"),
            columns=None,
            options=options,
        )
    assert caught.value.how_to_fix == "write nested: flatten below save"


@pytest.mark.parametrize("columns", [KNOWN, None])
def test_too_many_values_are_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, columns: Columns | None
) -> None:
    monkeypatch.setattr(xlsx_per_value, "MAX_SHEETS", 3)
    write(tmp_path / "a.xlsx", at("a", "b", "c", "a"), columns=columns)
    with pytest.raises(FileOperationError, match="'Country' has more than 3 values") as caught:
        write(tmp_path / "a.xlsx", at("a", "b", "c", "d"), columns=columns)
    assert "filter" in (caught.value.how_to_fix or "")


def test_many_records_keep_their_order(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    records: list[Record] = [{"No": number, "Country": f"C{number % 3}"} for number in range(5000)]
    write(path, *(records[start : start + 700] for start in range(0, 5000, 700)))
    assert {name: [row[0] for row in rows[1:]] for name, rows in sheets(path).items()} == {
        f"C{rest}": list(range(rest, 5000, 3)) for rest in range(3)
    }


def test_a_last_sheet_tells_what_is_known_and_what_the_others_hold(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    seen: list[str] = []

    def about() -> list[tuple[str, JsonValue]]:
        seen.append("asked")
        return [("Job", "=export"), ("Number", 5)]

    summary = write(path, at("About", 10**20 + 1), columns=KNOWN, about=about)
    assert seen == ["asked"]
    assert summary.rows == 2
    book: Any = openpyxl.load_workbook(path)
    assert book.sheetnames == ["About (2)", str(10**20 + 1), "About"]
    facts = dict(book["About"].iter_rows(values_only=True))
    with zipfile.ZipFile(path) as archive:
        hashes = [
            hashlib.sha256(archive.read(f"xl/worksheets/sheet{number}.xml")).hexdigest() for number in (1, 2)
        ]
    assert facts == {
        "What": "Value",
        "Job": "=export",
        "Number": 5,
        "Records on sheet About (2)": 1,
        f"Records on sheet {10**20 + 1}": 1,
        f"On sheet {10**20 + 1}, {LONG_NUMBER}": 1,
        "SHA-256 of xl/worksheets/sheet1.xml (sheet About (2))": hashes[0],
        f"SHA-256 of xl/worksheets/sheet2.xml (sheet {10**20 + 1})": hashes[1],
    }
    assert book["About"]["B2"].data_type == "s"


def test_a_workbook_of_one_table_or_several_sheets_tells_the_same(tmp_path: Path) -> None:
    options = WriteOptions(about=lambda: [("Job", "x")])
    path = tmp_path / "one.xlsx"
    write_table(path, [at("NO")], file_format=format_of("x.xlsx"), columns=None, options=options)
    assert [row[0] for row in sheets(path)["About"]] == [
        "What", "Job", "Records on sheet Data", "SHA-256 of xl/worksheets/sheet1.xml (sheet Data)",
    ]  # fmt: skip
    book = open_workbook(tmp_path / "two.xlsx", options=options)
    for name in ("A", "B"):
        book.sheet(name, columns=KNOWN).write(at("NO"))
    book.close()
    assert list(sheets(tmp_path / "two.xlsx")) == ["A", "B", "About"]
