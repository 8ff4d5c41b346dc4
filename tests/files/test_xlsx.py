from __future__ import annotations

import re
import zipfile
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from txojobs.errors import FileOperationError, ValidationError
from txojobs.files import xlsx_sheet
from txojobs.files.formats import format_of, write_table
from txojobs.files.table import NOT_FINITE, UNSTORABLE, ReadOptions, WriteOptions, WriteSummary
from txojobs.files.xlsx import open_workbook
from txojobs.files.xlsx_cells import LINE_ENDS, LONG_NUMBER, NO_DATE, QUOTIENT, ZONED
from txojobs.files.xlsx_range import Part
from txojobs.records import Column

if TYPE_CHECKING:
    from pathlib import Path

    from txojobs.records import Batch, Columns, JsonValue, Record

XLSX = format_of("x.xlsx")


def write(
    path: Path, *batches: Batch, columns: Columns | None = None, options: WriteOptions | None = None
) -> WriteSummary:
    return write_table(path, batches, file_format=XLSX, columns=columns, options=options or WriteOptions())


def read(path: Path, options: ReadOptions | None = None) -> list[Record]:
    stream = XLSX.read(path, options=options or ReadOptions())
    return [record for batch in stream.batches for record in batch]


def by_openpyxl(path: Path) -> list[list[Any]]:
    book = openpyxl.load_workbook(path)
    return [[cell.value for cell in row] for row in book.worksheets[0].iter_rows()]


def by_calamine(path: Path, sheet: int = 0) -> list[list[Any]]:
    return CalamineWorkbook.from_path(path).get_sheet_by_index(sheet).to_python(skip_empty_area=False)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def one(path: Path, value: JsonValue, column: Column | None = None) -> tuple[Any, dict[str, int]]:
    """Write one value into one cell; return what openpyxl finds there, and the conversions."""
    column = column or Column("a")
    summary = write(path, [{column.name: value}], columns=(column,))
    return openpyxl.load_workbook(path).worksheets[0]["A2"].value, summary.conversions


def test_writes_text_numbers_booleans_and_nested_values(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    record: Record = {
        "No": "00123",
        "N": 5,
        "D": Decimal("12.50"),
        "Ok": True,
        "Null": None,
        "Sub": {"a": [1]},
    }
    summary = write(path, [record])
    assert by_openpyxl(path) == [list(record), ["00123", 5, 12.5, True, None, '{"a":[1]}']]
    assert by_calamine(path) == [list(record), ["00123", 5, 12.5, True, "", '{"a":[1]}']]
    assert summary == (1, 6, {}, path.stat().st_size)


@pytest.mark.parametrize(
    "text", ["00123", "1E5", "TRUE", "2026-01-15", "=1+1", "{=1}", "http://x.no", "@a", "-5"]
)
@pytest.mark.parametrize("kind", [None, "text"])
def test_text_stays_text_in_cells_and_headings(tmp_path: Path, text: str, kind: str | None) -> None:
    path = tmp_path / "a.xlsx"
    summary = write(path, [{text: text}], columns=(Column(text, type=kind),))
    sheet = openpyxl.load_workbook(path).worksheets[0]
    for cell in (sheet["A1"], sheet["A2"]):
        assert cell.value == text
        assert cell.data_type in ("s", "inlineStr")
        assert cell.hyperlink is None
    assert by_calamine(path) == [[text], [text]]
    assert summary.conversions == {}
    with zipfile.ZipFile(path) as archive:
        assert b"<f" not in archive.read("xl/worksheets/sheet1.xml")


def test_text_that_looks_like_the_writers_own_markup_stays_text(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    texts = ["<r><t>x</t></r>", "<r>&</r>", "<r></r>", "<b>&amp;</b>"]
    write(path, [{text: text for text in texts}])
    assert by_openpyxl(path) == by_calamine(path) == [texts, texts]


def test_text_that_looks_like_an_escape_of_the_format_stays_text(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    texts = ["_x000D_", "_x005F_x000D_", "a_x0041_x0042_b", "_xGGGG_", "_x00_"]
    write(path, [dict(zip("abcde", texts, strict=True))])
    assert by_calamine(path)[1] == texts
    assert list(read(path)[0].values()) == texts


@pytest.mark.parametrize(
    ("number", "cell"),
    [
        (999999999999999, 999999999999999),
        (1000000000000001, "1000000000000001"),
        (10**20, 10**20),
        (-(10**15), -(10**15)),
        (Decimal("9.95"), 9.95),
        (Decimal("0.123456789012345"), 0.123456789012345),
        (Decimal("0.1234567890123456"), "0.1234567890123456"),
        (Decimal("123456789012.45600"), 123456789012.456),
        (Decimal("1E+5"), 100000),
        (Decimal("0E-30"), 0),
        (Decimal("1E+400"), "1" + "0" * 400),
        (Decimal("1E-310"), "0." + "0" * 309 + "1"),
        (9007199254740993, "9007199254740993"),
    ],
)
def test_a_number_is_exact_or_becomes_text_and_is_counted(
    tmp_path: Path, number: int | Decimal, cell: float | str
) -> None:
    found, conversions = one(tmp_path / "a.xlsx", number)
    assert found == cell
    assert conversions == ({LONG_NUMBER: 1} if isinstance(cell, str) else {})
    back = read(tmp_path / "a.xlsx")[0]["a"]
    assert Decimal(str(back)) == number


@pytest.mark.parametrize(
    ("number", "cell"),
    [
        (Decimal("176.35714285714285714285714285714285714"), 176.357142857143),
        (Decimal("-0.0014285714285714285714285714285714285714"), -0.00142857142857143),
        (Decimal("0.66666666666666666666666666666667"), 0.666666666666667),  # after a subtraction
        (Decimal("6172839450617283945.25"), "6172839450617283945.25"),  # it ends: nothing was cut off
        (6172839450617283945, "6172839450617283945"),
        (Decimal("0.125"), 0.125),
    ],
)
def test_a_quotient_is_a_number_that_a_spreadsheet_adds_up(
    tmp_path: Path, number: int | Decimal, cell: float | str
) -> None:
    found, conversions = one(tmp_path / "a.xlsx", number, Column("a", "decimal", "0.00", is_quotient=True))
    assert found == cell
    kind = QUOTIENT if isinstance(cell, float) else LONG_NUMBER
    assert conversions == ({} if number == Decimal("0.125") else {kind: 1})
    text, _ = one(tmp_path / "b.xlsx", number, Column("a", "text", is_quotient=True))
    assert text == str(number)
    sent, _ = one(tmp_path / "c.xlsx", number, Column("a", "decimal", "0.00"))
    assert Decimal(str(sent)) == number


def test_what_is_known_of_some_columns_counts_where_the_others_are_not_known(tmp_path: Path) -> None:
    hints = (Column("when", "date"), Column("share", "decimal", "0.0%"), Column("never", "text"))
    row: Record = {"no": "1", "when": "2026-01-15", "share": Decimal("0.5")}
    write(tmp_path / "a.xlsx", [row], options=WriteOptions(hints=hints))
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx").worksheets[0]
    assert [cell.value for cell in sheet[1]] == ["no", "when", "share"]
    assert [cell.value for cell in sheet[2]] == ["1", at("2026-01-15T00:00:00"), 0.5]
    assert [cell.number_format for cell in sheet[2]] == ["@", "yyyy-mm-dd", "0.0%"]


def test_a_number_that_is_none_is_empty_and_counted(tmp_path: Path) -> None:
    for columns in (None, (Column("a"), Column("b"))):
        path = tmp_path / "a.xlsx"
        summary = write(path, [{"a": Decimal("NaN"), "b": "x"}], columns=columns)
        assert by_openpyxl(path)[1] == [None, "x"]
        assert summary.conversions == {NOT_FINITE: 1}


@pytest.mark.parametrize(
    ("kind", "value", "cell"),
    [
        ("text", 5, "5"),
        ("text", Decimal("1.10"), "1.10"),
        ("text", 9007199254740993, "9007199254740993"),
        ("text", True, "true"),
        ("text", None, None),
        ("integer", "12", 12),
        ("integer", "012", "012"),
        ("decimal", "-12.50", -12.5),
        ("decimal", "12,50", "12,50"),
        ("boolean", False, False),
        ("time", "08:55:50", "08:55:50"),
    ],
)
def test_the_type_of_a_column_makes_the_cell(tmp_path: Path, kind: str, value: JsonValue, cell: Any) -> None:
    found, conversions = one(tmp_path / "a.xlsx", value, Column("a", type=kind))
    assert (found, type(found)) == (cell, type(cell))
    assert conversions == {}


@pytest.mark.parametrize(
    ("kind", "text", "moment", "counted"),
    [
        ("date", "2026-01-15", at("2026-01-15"), None),
        ("date", "1900-03-01", at("1900-03-01"), None),
        ("date", "9999-12-31", at("9999-12-31"), None),
        ("date", "1900-02-28", "1900-02-28", NO_DATE),
        ("date", "0001-01-01", "0001-01-01", NO_DATE),
        ("date", "2026-02-30", "2026-02-30", NO_DATE),
        ("date", "15.01.2026", "15.01.2026", NO_DATE),
        ("date", "2026-01-15T00:00:00", "2026-01-15T00:00:00", NO_DATE),
        ("datetime", "2026-01-15T14:30:05", at("2026-01-15T14:30:05"), None),
        ("datetime", "2026-01-15 14:30", at("2026-01-15T14:30"), None),
        ("datetime", "2026-01-15", at("2026-01-15"), None),
        ("datetime", "2026-01-15T14:30:05.1230000Z", at("2026-01-15T14:30:05.123000"), ZONED),
        ("datetime", "2026-01-15T00:30:00+02:00", at("2026-01-14T22:30"), ZONED),
        ("datetime", "2026-01-15T23:30:00-0130", at("2026-01-16T01:00"), ZONED),
        ("datetime", "2026-01-15T14:30:05.1234567Z", "2026-01-15T14:30:05.1234567Z", NO_DATE),
        ("datetime", "0001-01-01T00:00:00+01:00", "0001-01-01T00:00:00+01:00", NO_DATE),
        ("datetime", "9999-12-31T23:59:59-01:00", "9999-12-31T23:59:59-01:00", NO_DATE),
        ("datetime", "2026-01-15T24:00:00", "2026-01-15T24:00:00", NO_DATE),
        ("datetime", "٢٠٢٦-01-15T14:30", "٢٠٢٦-01-15T14:30", NO_DATE),
    ],
)
def test_iso_dates_become_real_dates_where_a_worksheet_has_them(
    tmp_path: Path, kind: str, text: str, moment: datetime | str, counted: str | None
) -> None:
    found, conversions = one(tmp_path / "a.xlsx", text, Column("a", type=kind))
    assert found == moment
    assert conversions == ({counted: 1} if counted else {})


def test_dates_come_back_as_iso_text(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    columns = (Column("d", type="date"), Column("t", type="datetime"))
    write(
        path,
        [{"d": "2026-01-15", "t": "2026-01-15T14:30:05"}],
        [{"t": "2026-01-15T00:00:00"}],
        columns=columns,
    )
    assert read(path) == [
        {"d": "2026-01-15", "t": "2026-01-15T14:30:05"},
        {"d": None, "t": "2026-01-15T00:00:00"},
    ]
    assert by_calamine(path)[1] == [date(2026, 1, 15), at("2026-01-15T14:30:05")]


def test_formats_labels_and_looks(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    columns = (
        Column("b", type="decimal", format="#,##0.00", label="Balance"),
        Column("d", type="date", format="dd.mm.yyyy"),
        Column("n"),
        Column("t", type="text"),
    )
    write(
        path, [{"b": Decimal("1234.5"), "d": "2026-01-15", "n": 123456789012, "t": "x" * 40}], columns=columns
    )
    sheet = openpyxl.load_workbook(path).worksheets[0]
    assert [cell.value for cell in sheet[1]] == ["Balance", "d", "n", "t"]
    assert all(cell.font.b for cell in sheet[1])
    assert [cell.number_format for cell in sheet[2]] == ["#,##0.00", "dd.mm.yyyy", "0", "@"]
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:D2"
    assert sheet.column_dimensions["D"].width > 40
    assert sheet.column_dimensions["B"].width < 20


def test_columns_that_come_late_are_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    summary = write(path, [{"a": "1"}], [{"b": Decimal("2.0"), "a": None}], [{"c": "\ud800"}])
    assert by_openpyxl(path) == [["a", "b", "c"], ["1", None, None], [None, 2, None], [None, None, "\\uD800"]]
    assert (summary.rows, summary.columns, summary.conversions) == (3, 3, {UNSTORABLE: 1})
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.xlsx"]


def test_records_without_any_field_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileOperationError, match="without any field"):
        write(tmp_path / "a.xlsx", [{}])


def test_a_field_that_is_no_column_is_an_error_and_leaves_no_scratch(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match=r"record 1 for out\.xlsx has a field 'c'"):
        write(tmp_path / "t", [{"c": 2}], columns=(Column("a"),), options=WriteOptions(name="out.xlsx"))
    assert [entry.name for entry in tmp_path.iterdir()] == ["t"]


def test_an_empty_result_has_the_headers_that_are_known(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    assert write(path, columns=(Column("a"), Column("b"))).rows == 0
    assert by_openpyxl(path) == [["a", "b"]]
    assert XLSX.read(path, options=ReadOptions()).columns == (Column("a"), Column("b"))
    assert write(path).columns == 0
    assert by_calamine(path) == []
    assert read(path) == []


def test_control_characters_become_visible_and_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    summary = write(path, [{"a": "x\0\x1b\x0b\ud83d\ufffe\uffffy", "b": "one\r\ntwo\rthree", "c": "\t \n"}])
    expected = ["x\\u0000\\u001B\\u000B\\uD83D\\uFFFE\\uFFFFy", "one\ntwo\nthree", "\t \n"]
    assert by_openpyxl(path)[1] == by_calamine(path)[1] == expected
    assert summary.conversions == {UNSTORABLE: 1, LINE_ENDS: 1}


def test_a_cell_that_is_too_long_is_an_error_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    write(path, [{"a": "x" * 32_767, "b": "🐍" * 16_383}])
    assert by_openpyxl(path)[1] == ["x" * 32_767, "🐍" * 16_383]
    for text in ("x" * 32_768, "🐍" * 16_384, "\0" * 6000):
        with pytest.raises(
            FileOperationError, match=r"sheet 'Data': the field 'b' of record 2 has"
        ) as caught:
            write(path, [{"a": 1}, {"b": text}])
        assert ".csv" in (caught.value.how_to_fix or "")


def test_too_many_columns_are_an_error(tmp_path: Path) -> None:
    record: Record = {f"c{number}": number for number in range(16_385)}
    with pytest.raises(FileOperationError, match="16,385 columns do not fit") as caught:
        write(tmp_path / "a.xlsx", [record])
    assert ".csv" in (caught.value.how_to_fix or "")
    record.popitem()
    assert write(tmp_path / "a.xlsx", [record]).columns == 16_384


@pytest.mark.parametrize("columns", [None, (Column("a"),)], ids=["unknown", "known"])
def test_too_many_rows_are_an_error_before_the_file_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, columns: Columns | None
) -> None:
    assert xlsx_sheet.MAX_ROWS == 1_048_576
    monkeypatch.setattr(xlsx_sheet, "MAX_ROWS", 1_501)
    writer = XLSX.open_writer(tmp_path / "a.xlsx", columns=columns, options=WriteOptions())
    batch: Batch = [{"a": None}] * 1_500
    writer.write(batch)
    with pytest.raises(FileOperationError, match="record 1,501 does not fit") as caught:
        writer.write([{"a": 1}])
    writer.abort()
    writer.abort()
    assert ".csv" in (caught.value.how_to_fix or "")


def test_several_sheets_may_be_written_side_by_side(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    book = open_workbook(path, options=WriteOptions())
    known = book.sheet("Orders & <lines>", columns=(Column("no"),))
    learnt = book.sheet("Ökonomi", columns=None)
    for number in range(3):
        known.write([{"no": number}])
        learnt.write([{f"c{number}": "x"}])
    assert known.close().rows == 3
    assert book.close() == path.stat().st_size
    assert learnt.close().columns == 3
    assert openpyxl.load_workbook(path).sheetnames == ["Orders & <lines>", "Ökonomi"]
    assert by_calamine(path, 0) == [["no"], [0], [1], [2]]
    assert by_calamine(path, 1) == [["c0", "c1", "c2"], ["x", "", ""], ["", "x", ""], ["", "", "x"]]
    assert read(path, ReadOptions(sheet="Ökonomi"))[2] == {"c0": None, "c1": None, "c2": "x"}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "empty"),
        ("x" * 32, "longer than 31"),
        ("🐍" * 16, "longer than 31"),
        ("a/b", "/ is not allowed"),
        ("a[b", "is not allowed"),
        ("'a", "apostrophe"),
        ("a'", "apostrophe"),
        ("history", "keeps this name"),
        ("ORDERS", "already has a sheet 'Orders'"),
        ("a\0", "cannot store"),
    ],
)
def test_a_sheet_name_that_excel_refuses_is_an_error_with_the_reason(
    tmp_path: Path, name: str, reason: str
) -> None:
    book = open_workbook(tmp_path / "a.xlsx", options=WriteOptions())
    book.sheet("Orders", columns=None)
    with pytest.raises(ValidationError, match=re.escape(reason)):
        book.sheet(name, columns=None)
    book.abort()


def test_equal_input_gives_equal_bytes_and_names_nobody(tmp_path: Path) -> None:
    created = datetime(2026, 1, 15, 14, 30, tzinfo=timezone.utc)
    for name in ("a", "b"):
        write(tmp_path / name, [{"a": 1, "b": "x"}], options=WriteOptions(created=created))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    with zipfile.ZipFile(tmp_path / "a") as archive:
        core = archive.read("docProps/core.xml").decode()
    assert "2026-01-15T14:30:00Z" in core
    assert "<dc:creator></dc:creator>" in core


TEXTS = st.text(st.characters(codec=None, exclude_categories=()), max_size=12) | st.sampled_from(
    [
        "=1",
        "00123",
        "\r\n",
        "\ud800",
        "\ufffe",
        "_x000D_",
        "_x005F_x000D_",
        "<r>&</r>",
        "a<b",
        " a ",
        "\x7f",
        "\x85",
        "]]>",
        "&#65;",
    ]
)
VALUES = (
    st.none() | st.booleans() | st.integers() | st.decimals(allow_nan=False, allow_infinity=False) | TEXTS
)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.dictionaries(st.sampled_from("abc"), VALUES, min_size=1), min_size=1, max_size=4),
    known=st.booleans(),
    sampled=st.sampled_from([0, 2, 1000]),
)
def test_every_value_is_read_back_equal_or_counted(
    tmp_path_factory: pytest.TempPathFactory, *, rows: Batch, known: bool, sampled: int
) -> None:
    path = tmp_path_factory.mktemp("xlsx") / "a.xlsx"
    names = list(dict.fromkeys(name for row in rows for name in row))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("txojobs.files.xlsx_sheet.SAMPLE_ROWS", sampled)
        summary = write(path, rows, columns=tuple(map(Column, names)) if known else None)
    assert summary.rows == len(rows)
    changed = 0
    found = read(path)
    judge = by_calamine(path)
    for number, row in enumerate(rows):
        for index, name in enumerate(names):
            value = row.get(name)
            cell = found[number][name] if number < len(found) else None
            if isinstance(value, int | Decimal) and not isinstance(value, bool):
                assert Decimal(str(cell)) == value
                changed += isinstance(cell, str)
            elif isinstance(value, str):
                changed += (cell or "") != value
                assert (cell or "") == judge[number + 1][index]
            else:
                assert cell is value
    assert changed <= sum(summary.conversions.values())


def test_reads_what_excel_writes(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["No", "Sum", "When", "Ok", None])
    sheet.append(["00123", 12.5, at("2026-01-15"), True])
    sheet.append([None, None, None, None])
    sheet.append(["line_x000D_", 3.0, at("2026-01-15T14:30"), None])
    sheet.append([None, None, None, None])
    sheet["C2"].number_format = "dd.mm.yyyy"
    book.save(path)
    assert read(path) == [
        {"No": "00123", "Sum": Decimal("12.5"), "When": "2026-01-15", "Ok": True},
        {"No": None, "Sum": None, "When": None, "Ok": None},
        {"No": "line\r", "Sum": 3, "When": "2026-01-15T14:30:00", "Ok": None},
    ]


def test_reads_in_batches_of_a_thousand(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    write(path, [{"a": number} for number in range(2500)])
    stream = XLSX.read(path, options=ReadOptions())
    assert [len(batch) for batch in stream.batches] == [1000, 1000, 500]


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ([["a", "a"]], "cell B1 repeats the heading 'a'"),
        ([["a", None, "c"]], "cell B1 has no heading"),
        ([["a"], [1], [1, 2]], "cell B3 has no heading above it"),
    ],
)
def test_headings_are_checked(tmp_path: Path, cells: list[list[Any]], message: str) -> None:
    path = tmp_path / "a.xlsx"
    book = openpyxl.Workbook()
    for row in cells:
        book.worksheets[0].append(row)
    book.save(path)
    with pytest.raises(FileOperationError, match=re.escape(message)):
        read(path)


def test_a_file_that_is_no_workbook_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"PK\x03\x04 no")
    with pytest.raises(FileOperationError, match="no Excel workbook"):
        read(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", "x")
    with pytest.raises(FileOperationError, match="no Excel workbook"):
        read(path)
    write(path, [{"a": 1}])
    with pytest.raises(FileOperationError, match="no sheet 'Other'; its sheets are: Data"):
        read(path, ReadOptions(sheet="Other"))


def test_a_formula_without_a_result_is_an_error_and_not_an_empty_cell(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    book = openpyxl.Workbook()
    book.worksheets[0].append(["a", "b"])
    book.worksheets[0].append([1, "=A2+1"])
    book.save(path)
    with pytest.raises(FileOperationError, match="the formula in cell B2 was never calculated"):
        read(path)


def test_a_formula_gives_its_last_result(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["a", "b", "c"])
        sheet.write_formula(1, 0, "=1+1", None, 2)
        sheet.write_formula(1, 1, '=IF(TRUE,"","x")', None, "")
        sheet.write_formula(1, 2, '="x"&1', None, "x1")
    change_sheet(path, b'<c r="B2">', b'<c r="B2" t="str">')  # as Excel writes an empty text
    assert read(path) == [{"a": 2, "b": None, "c": "x1"}]


@pytest.mark.parametrize("error", ["#N/A", "#DIV/0!"])
def test_an_error_in_a_cell_is_refused(tmp_path: Path, error: str) -> None:
    path = tmp_path / "a.xlsx"
    book = openpyxl.Workbook()
    book.worksheets[0].append(["a"])
    book.worksheets[0].append([error])
    book.save(path)
    with pytest.raises(FileOperationError, match=re.escape(f"cell A2 holds the error {error}")):
        read(path)


def change_sheet(path: Path, old: bytes, new: bytes) -> None:
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    assert old in parts["xl/worksheets/sheet1.xml"]
    parts["xl/worksheets/sheet1.xml"] = parts["xl/worksheets/sheet1.xml"].replace(old, new)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


@pytest.mark.parametrize("formula", [False, True])
def test_a_part_of_a_sheet_is_a_table_of_its_own(tmp_path: Path, *, formula: bool) -> None:
    path = tmp_path / "a.xlsx"
    book: Any = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet["A1"] = "Report of the year"
    rows: list[list[Any]] = [["No", "Name"], [1, "a"], [2, "b"], [None, None], ["Total", 3]]
    for row, values in enumerate(rows, 3):
        for column, value in enumerate(values, 2):
            sheet.cell(row, column, value)
    book.save(path)
    if formula:
        change_sheet(path, b'<c r="B4" t="n"><v>1</v></c>', b'<c r="B4"><f>0+1</f><v>1</v></c>')
    wanted: list[Record] = [{"No": 1, "Name": "a"}, {"No": 2, "Name": "b"}]
    assert read(path, ReadOptions(cells="B3:C5")) == wanted
    assert read(path, ReadOptions(cells="$b$3:$c$6")) == wanted
    assert read(path, ReadOptions(cells="B3:C")) == [
        *wanted,
        {"No": None, "Name": None},
        {"No": "Total", "Name": 3},
    ]
    assert read(path, ReadOptions(cells="C3"))[1] == {"Name": "b"}
    with pytest.raises(FileOperationError, match=r"cell B3 has no heading above it") as caught:
        read(path)
    assert "range: B3:F" in (caught.value.how_to_fix or "")
    for empty in ("A10:C20", "B6:C9", "G1"):
        with pytest.raises(
            FileOperationError, match=f"no heading stands in the first row of the range {empty}"
        ):
            read(path, ReadOptions(cells=empty))
    with pytest.raises(FileOperationError, match=r"cell A3 has no heading"):
        read(path, ReadOptions(cells="A3:C7"))
    sheet["D5"] = "x"
    book.save(path)
    with pytest.raises(FileOperationError, match=r"cell D5 has no heading above it"):
        read(path, ReadOptions(cells="B3"))


@pytest.mark.parametrize(
    "cells", ["", "B", "3", "B3:A9", "B3:C2", "B0", "B3:C9:D", "ABCD1", "B3:3", "XFE1", "A1:XFE2", "A1048577"]
)
def test_what_is_no_part_of_a_sheet_is_refused(cells: str) -> None:
    with pytest.raises(ValidationError, match="is no part of a sheet"):
        Part.of(cells)


def test_a_workbook_that_unpacks_to_far_too_much_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    write(path, [{"a": 1}])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/image1.bin", bytes(80 << 20))
    with pytest.raises(FileOperationError, match="unpacks to far more than a workbook would"):
        read(path)
