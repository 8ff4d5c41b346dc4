"""A workbook of ours is one that others write: the same cells as XlsxWriter's, in a package that others open."""

from __future__ import annotations

import csv
import io
import os
import shutil
import subprocess
import sys
import zipfile
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import openpyxl
import openpyxl.utils.datetime as of_openpyxl
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from tests.files.test_xlsx import TEXTS
from txojobs.errors import FileOperationError, ValidationError
from txojobs.files import xlsx_package
from txojobs.files.formats import format_of, write_table
from txojobs.files.table import Tally, WriteOptions
from txojobs.files.xlsx import open_workbook
from txojobs.files.xlsx_cells import Cells
from txojobs.files.xlsx_package import Part, pack
from txojobs.files.xlsx_parts import Styles
from txojobs.files.xlsx_rows import Rows, letters, serial
from txojobs.records import Column

if TYPE_CHECKING:
    from txojobs.records import JsonValue, Record

COLUMNS = (
    Column("No", type="text", label="Customer's no. <1>"),
    Column("Due", type="decimal", format="#,##0.00"),
    Column("Paid", type="decimal", format='0.0 "pieces <&>"'),
    Column("Day", type="date"),
    Column("At", type="datetime"),
    Column("Any"),
    Column("Ok"),
)
RECORDS: list[Record] = [
    {
        "No": "00123",
        "Due": Decimal("12.50"),
        "Paid": 3,
        "Day": "2024-02-29",
        "At": "2024-02-29T10:11:12.5",
        "Ok": True,
    },
    {
        "No": " a&b <c>\n_x000D_ ",
        "Due": Decimal("-0.1"),
        "Day": "1999-12-31",
        "At": "2026-01-15T14:30:00",
        "Ok": False,
    },
    {"Any": 123456789012},
    {"Any": "", "No": "ÅÄÖ 😀"},
    {"Any": Decimal("0.000000123456789"), "Due": Decimal("1E+3")},
]


def by_openpyxl(path: Path) -> dict[str, Any]:
    """Return all that a person sees of the first sheet."""
    sheet: Any = openpyxl.load_workbook(path).worksheets[0]
    return {
        "cells": [
            [(cell.value, cell.data_type, cell.number_format, cell.font.b, cell.font.sz) for cell in row]
            for row in sheet.iter_rows()
        ],
        "widths": {name: each.width for name, each in sheet.column_dimensions.items()},
        "frozen": sheet.freeze_panes,
        "filter": sheet.auto_filter.ref,
        "title": sheet.title,
        "selected": sheet.sheet_view.tabSelected,
    }


def by_xlsxwriter(path: Path) -> None:
    """Write what we write, cell by cell, with another library."""
    book = xlsxwriter.Workbook(path, {"constant_memory": True, "strings_to_formulas": False})
    sheet = book.add_worksheet("Open 'orders' & <x>")
    formats: dict[str, Any] = {}

    def styled(code: str | None) -> Any:
        return formats.setdefault(code, book.add_format({"num_format": code})) if code else None

    codes = ["@", "#,##0.00", '0.0 "pieces <&>"', "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss", None, None]
    bold = book.add_format({"bold": True})
    for index, (column, code) in enumerate(zip(COLUMNS, codes, strict=True)):
        sheet.set_column(index, index, WIDTHS[index], styled(code))
        sheet.write_string(0, index, column.label or column.name, bold)
    for row, record in enumerate(RECORDS, 1):
        for index, (column, code) in enumerate(zip(COLUMNS, codes, strict=True)):
            value: Any = record.get(column.name)
            if value is None:
                continue
            if column.type == "date":
                sheet.write_datetime(row, index, date.fromisoformat(value), styled(code))
            elif column.type == "datetime":
                moment = datetime.fromisoformat(f"{value}00" if value.endswith(".5") else value)
                fine = styled("yyyy-mm-dd hh:mm:ss.000") if moment.microsecond else styled(code)
                sheet.write_datetime(row, index, moment, fine)
            elif isinstance(value, bool):
                sheet.write_boolean(row, index, value)
            elif isinstance(value, str):
                sheet.write_string(row, index, value, styled(code or "@"))
            else:
                sheet.write_number(
                    row, index, value, styled(code or ("0" if value == 123456789012 else None))
                )
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, len(RECORDS), len(COLUMNS) - 1)
    book.close()


WIDTHS = [23, 8, 9, 12, 28, 15, 8]


def test_the_workbook_is_the_one_that_xlsxwriter_writes(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours.xlsx", tmp_path / "theirs.xlsx"
    name = "Open 'orders' & <x>"
    write_table(
        ours, [RECORDS], file_format=format_of("x.xlsx"), columns=COLUMNS, options=WriteOptions(sheet=name)
    )
    by_xlsxwriter(theirs)
    assert by_openpyxl(ours) == by_openpyxl(theirs)
    (filtered,) = names(ours)
    assert filtered == names(theirs)[0] == ("_xlnm._FilterDatabase", "'Open ''orders'' & <x>'!$A$1:$G$6", "1")
    read = [CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python() for path in (ours, theirs)]
    assert read[0] == read[1]


def test_a_format_of_ones_own_holds_for_fractions_of_seconds_too(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    columns = (Column("At", type="datetime", format="yyyy"), Column("Day", type="datetime"))
    moment = "2026-01-15T14:30:00.25"
    write_table(
        path, [[{"At": moment, "Day": moment}]],
        file_format=format_of("x.xlsx"), columns=columns, options=WriteOptions(),
    )  # fmt: skip
    sheet: Any = openpyxl.load_workbook(path).worksheets[0]
    assert [cell.number_format for cell in sheet[2]] == ["yyyy", "yyyy-mm-dd hh:mm:ss.000"]


def test_the_properties_tell_the_time_in_utc(tmp_path: Path) -> None:
    zone = timezone(timedelta(hours=2))
    options = WriteOptions(created=datetime(2026, 1, 15, 16, 30, tzinfo=zone))
    open_workbook(tmp_path / "a.xlsx", options=options).close()
    with zipfile.ZipFile(tmp_path / "a.xlsx") as archive:
        assert b">2026-01-15T14:30:00Z<" in archive.read("docProps/core.xml")


def names(path: Path) -> list[tuple[str | None, str | None, str | None]]:
    with zipfile.ZipFile(path) as archive:
        book = ET.fromstring(archive.read("xl/workbook.xml"))
    found = book.iter("{http://schemas.openxmlformats.org/spreadsheetml/2006/main}definedName")
    return [(each.get("name"), each.text, each.get("hidden")) for each in found]


KINDS = st.sampled_from([None, "text", "integer", "decimal", "boolean", "date", "datetime", "time"])
VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals()
    | TEXTS
    | st.dates().map(str)
    | st.datetimes().map(datetime.isoformat)
    | st.sampled_from(
        [
            Decimal(10) ** 11,
            Decimal("123456789012.345"),
            Decimal("1234567890123.456"),
            Decimal("123456789.0123456"),
            Decimal("99999999.9999999"),
            10**11,
            -(10**11),
        ]
    )
    | st.lists(st.integers())
)


@settings(max_examples=200, deadline=None)
@given(value=VALUES, kind=KINDS, code=st.sampled_from([None, "0.00"]))
def test_what_is_written_at_once_is_what_the_long_way_writes(
    value: JsonValue, kind: str | None, code: str | None
) -> None:
    rows, tallies = [], []
    for look in (False, True):
        tally = Tally()
        column = Column("a", type=kind, format=code)
        layout = Rows((column,), Cells(Path("a.xlsx"), sheet="Data", tally=tally), Styles())
        rows.append(layout.looked_at([value], 7)[0] if look else layout.xml([value], 7))
        tallies.append(tally.counts)
    assert rows[0] == rows[1]
    assert tallies[0] == tallies[1]
    ET.fromstring(rows[0])


@pytest.mark.parametrize(
    ("index", "name"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA"), (16383, "XFD")]
)
def test_columns_have_the_letters_of_excel(index: int, name: str) -> None:
    assert letters(index) == name
    assert openpyxl.utils.get_column_letter(index + 1) == name


@given(st.datetimes(min_value=datetime(1900, 3, 1), max_value=datetime(9999, 12, 31)))  # noqa: DTZ001
def test_a_moment_is_the_number_that_a_reader_knows(moment: datetime) -> None:
    moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    assert of_openpyxl.from_excel(float(serial(moment))) == moment
    assert of_openpyxl.from_excel(float(serial(moment.date()))).date() == moment.date()


def packed(parts: dict[str, bytes]) -> bytes:
    made = []
    for name, content in parts.items():
        part = Part(name, io.BytesIO())
        part.write(content[:5])
        part.write(content[5:])
        part.finish()
        made.append(part)
    target = io.BytesIO()
    pack(target, made)
    return target.getvalue()


@pytest.mark.parametrize("limit", [1, 60, 150, 300, 0xFFFF_FFFF])
def test_a_package_is_read_by_others_also_where_its_numbers_need_eight_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    monkeypatch.setattr(xlsx_package, "_LIMIT", limit)
    parts = {"a.xml": b"", "b.xml": b"x" * 200, "c/d.xml": os.urandom(180), "e.xml": b"end"}
    path = tmp_path / "a.zip"
    path.write_bytes(packed(parts))
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == parts
        needed = {each.filename: each.extract_version for each in archive.infolist()}
    assert (set(needed.values()) == {20}) == (limit == 0xFFFF_FFFF)
    if tar := shutil.which("bsdtar"):
        done = subprocess.run([tar, "-tf", str(path)], capture_output=True, text=True, check=True)
        assert done.stdout.split() == list(parts)


def test_both_headers_of_a_part_tell_the_same_version() -> None:
    """Excel calls a package damaged otherwise."""
    data = packed({"a.xml": b"content"})
    local, central = data.index(b"PK\3\4"), data.index(b"PK\1\2")
    assert data[local + 4 : local + 30] == data[central + 6 : central + 32]


def test_beyond_the_first_thousand_rows_nothing_is_different(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    records: list[Record] = [
        {"n": number, "t": f"row {number}", "d": Decimal(number) / 4} for number in range(3500)
    ]
    batches = [records[start : start + 700] for start in range(0, 3500, 700)]
    summary = write_table(
        path, batches, file_format=format_of("x.xlsx"), columns=None, options=WriteOptions()
    )
    assert (summary.rows, summary.columns) == (3500, 3)
    rows = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    assert rows == [["n", "t", "d"], *([number, f"row {number}", number / 4] for number in range(3500))]


def test_a_cell_that_is_too_long_behind_the_first_thousand_is_an_error(tmp_path: Path) -> None:
    records: list[Record] = [{"t": "x" * (32_768 if number == 1500 else 1)} for number in range(1501)]
    with pytest.raises(FileOperationError, match="record 1,501 has 32,768 characters"):
        write_table(
            tmp_path / "a.xlsx",
            [records],
            file_format=format_of("x.xlsx"),
            columns=(Column("t"),),
            options=WriteOptions(),
        )
    assert [path.name for path in tmp_path.iterdir()] == ["a.xlsx"]  # no scratch


OFFICE = shutil.which("soffice") or shutil.which("libreoffice")


@pytest.mark.skipif(OFFICE is None, reason="LibreOffice is not installed")
@pytest.mark.timeout(300)
def test_libreoffice_opens_it_and_shows_what_was_written(tmp_path: Path) -> None:
    assert OFFICE is not None
    path = tmp_path / "a.xlsx"
    book = open_workbook(path, options=WriteOptions())
    first = book.sheet("First", columns=COLUMNS)
    first.write(RECORDS)
    second = book.sheet("Second & more", columns=None)
    second.write([{"n": number, "t": f"=row({number})"} for number in range(1500)])
    book.close()
    profile = (tmp_path / "profile").as_uri()
    command = [OFFICE, f"-env:UserInstallation={profile}", "--headless", "--convert-to"]
    each_sheet = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1"
    subprocess.run(
        [*command, each_sheet, "--outdir", str(tmp_path), str(path)],
        check=True, capture_output=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    with (tmp_path / "a-First.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0][0] == "Customer's no. <1>"
    assert [row[0] for row in rows[1:]] == ["00123", " a&b <c>\n_x000D_ ", "", "ÅÄÖ 😀", ""]
    assert rows[1][1:5] == ["12.5", "3", "2024-02-29", "2024-02-29 10:11:12.500"]
    assert [row[6] for row in rows[1:3]] == ["TRUE", "FALSE"]
    with (tmp_path / "a-Second & more.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[1:] == [[str(number), f"=row({number})"] for number in range(1500)]


@pytest.mark.skipif(sys.platform == "win32", reason="counts what /proc knows")
def test_the_files_behind_the_sheets_are_closed(tmp_path: Path) -> None:
    opened = Path("/proc/self/fd")
    if not opened.is_dir():
        pytest.skip("no /proc here")
    before = len(list(opened.iterdir()))
    for end in ("close", "abort"):
        book = open_workbook(tmp_path / f"{end}.xlsx", options=WriteOptions())
        for number in range(3):
            book.sheet(f"S{number}", columns=None if number else COLUMNS).write([{"No": "x"}])
        with pytest.raises(ValidationError):
            book.sheet("Twice", columns=(Column("a"), Column("a")))
        getattr(book, end)()
        assert end == "abort" or len(openpyxl.load_workbook(tmp_path / "close.xlsx").sheetnames) == 3
        assert len(list(opened.iterdir())) == before
