from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from txojobs.errors import FileOperationError, ValidationError
from txojobs.files.csv_table import GUARDED, ONLY_NULL, CsvWriter
from txojobs.files.formats import format_of, write_table
from txojobs.files.table import NOT_FINITE, UNSTORABLE, ReadOptions, WriteOptions, WriteSummary
from txojobs.records import Column
from txojobs.steps.csv_options import DIALECTS

if TYPE_CHECKING:
    from pathlib import Path

    from txojobs.records import Batch, Columns, Record

CSV = format_of("x.csv")


def write(
    path: Path, *batches: Batch, columns: Columns | None = None, options: WriteOptions | None = None
) -> WriteSummary:
    return write_table(path, batches, file_format=CSV, columns=columns, options=options or WriteOptions())


def read(path: Path, options: ReadOptions | None = None) -> list[Record]:
    stream = CSV.read(path, options=options or ReadOptions())
    return [record for batch in stream.batches for record in batch]


def by_csv(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file, strict=True))


def by_pandas(path: Path) -> list[list[Any]]:
    frame = pd.read_csv(path, dtype=str, keep_default_na=False, lineterminator=None)
    return [list(frame.columns), *frame.to_numpy().tolist()]


def columns(*names: str) -> Columns:
    return tuple(map(Column, names))


def test_writes_rfc_4180(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    summary = write(path, [{"No": "00123", "Text": 'say "hi", now\r\nor never', "Ok": True, "N": None}])
    assert path.read_bytes() == b'No,Text,Ok,N\r\n00123,"say ""hi"", now\r\nor never",true,\r\n'
    assert summary == (1, 4, {}, path.stat().st_size)


def test_null_and_empty_text_differ_and_both_read_as_empty(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    write(path, [{"a": None, "b": "", "c": "x"}])
    assert path.read_bytes() == b'a,b,c\r\n,"",x\r\n'
    assert by_csv(path) == by_pandas(path) == [["a", "b", "c"], ["", "", "x"]]
    assert read(path) == [{"a": "", "b": "", "c": "x"}]


@pytest.mark.parametrize("known", [True, False])
def test_a_null_in_the_only_column_is_no_empty_line(tmp_path: Path, *, known: bool) -> None:
    path = tmp_path / "a.csv"
    summary = write(path, [{"a": None}, {"a": ""}, {"a": "x"}], columns=columns("a") if known else None)
    assert by_csv(path) == by_pandas(path) == [["a"], [""], [""], ["x"]]
    assert summary.conversions == {ONLY_NULL: 1}


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (Decimal("12.50"), "12.50"),
        (Decimal("1E+5"), "100000"),
        (Decimal("1E-9"), "0.000000001"),
        (Decimal("0.1234567890123456789012345678"), "0.1234567890123456789012345678"),
        (Decimal("-0.0"), "-0.0"),
        (9007199254740993, "9007199254740993"),
        (10**40, "1" + "0" * 40),
        (-5, "-5"),
    ],
)
def test_numbers_keep_all_digits(tmp_path: Path, number: int | Decimal, text: str) -> None:
    path = tmp_path / "a.csv"
    write(path, [{"n": number, "x": 1}])
    assert by_csv(path)[1] == [text, "1"]
    assert Decimal(text) == number


def test_an_exponent_beyond_all_reason_stays_an_exponent(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    write(path, [{"n": Decimal("1E+999999"), "x": 1}])
    assert Decimal(by_csv(path)[1][0]) == Decimal("1E+999999")


def test_a_number_that_is_none_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    summary = write(path, [{"n": Decimal("NaN"), "x": {"deep": [Decimal("Infinity")]}}])
    assert by_csv(path)[1] == ["", '{"deep":[null]}']
    assert summary.conversions == {NOT_FINITE: 2}


def test_nested_values_are_compact_json(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    write(path, [{"Address": {"City": "Göteborg", "No": Decimal("1.10")}, "Tags": ["a", None, False]}])
    assert by_csv(path)[1] == ['{"City":"Göteborg","No":1.10}', '["a",null,false]']


FORMULAS = [
    "=1+1",
    "=cmd|' /C calc'!A0",
    "+A1",
    "-A1+A2",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    '=HYPERLINK("x")',
]
HARMLESS = [
    "-5",
    "+47 22 33 44 55",
    "-1.234,50",
    "(5)",
    "+1-2/3",
    "-",
    " =1",
    "a=1",
    "'=1",
    "\uff1d1",
    "",
    "1E5",
]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_text_like_a_formula_is_prefixed_and_counted(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.csv"
    summary = write(path, [{text: text, "x": "y"}])
    assert by_csv(path) == [["'" + text, "x"], ["'" + text, "y"]]
    assert summary.conversions == {GUARDED: 2}


@pytest.mark.parametrize("text", FORMULAS)
def test_the_guard_can_be_switched_off(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.csv"
    summary = write(path, [{text: text, "x": "y"}], options=WriteOptions(formula_guard=False))
    assert by_csv(path) == [[text, "x"], [text, "y"]]
    assert summary.conversions == {}


@pytest.mark.parametrize("text", HARMLESS)
def test_other_texts_stay(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.csv"
    summary = write(path, [{"a": text, "x": "y"}])
    assert by_csv(path) == by_pandas(path) == [["a", "x"], [text, "y"]]
    assert summary.conversions == {}


def test_columns_that_come_late_are_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    first: Batch = [{"a": "1"}, {"a": 'x\r\n"y"'}]
    summary = write(path, first, [{"a": "2", "b": "3"}], [{"a": "4"}], [{"=c": "5", "b": "6"}], [{"a": "7"}])
    assert by_csv(path) == [
        ["a", "b", "'=c"],
        ["1", "", ""],
        ['x\r\n"y"', "", ""],
        ["2", "3", ""],
        ["4", "", ""],
        ["", "6", "5"],
        ["7", "", ""],
    ]
    assert summary == (6, 3, {GUARDED: 1}, path.stat().st_size)
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.csv"]


def test_columns_may_come_after_records_without_fields(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    write(path, [{}, {}], [{"a": None}], [{"b": "1", "c": "2"}])
    assert by_csv(path) == [["a", "b", "c"], ["", "", ""], ["", "", ""], ["", "", ""], ["", "1", "2"]]


def test_records_without_any_field_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileOperationError, match="2 records without any field"):
        write(tmp_path / "a.csv", [{}, {}])


def test_a_field_that_is_no_column_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match=r"record 2 .*out\.csv has a field 'c'"):
        write(
            tmp_path / "temp", [{"a": 1}, {"a": 1, "c": 2}], columns=columns("a", "b"),
            options=WriteOptions(name="out.csv"),
        )  # fmt: skip


def test_an_empty_result_has_the_headers_that_are_known(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    assert write(path, columns=(Column("a"), Column("b", label="Bee"))).rows == 0
    assert path.read_bytes() == b"a,Bee\r\n"
    assert CSV.read(path, options=ReadOptions()).columns == columns("a", "Bee")
    assert write(path).columns == 0
    assert path.read_bytes() == b""
    assert read(path) == []


@pytest.mark.parametrize("names", [("a", "a"), ("a", "")])
def test_headings_must_differ(tmp_path: Path, names: tuple[str, str]) -> None:
    with pytest.raises(ValidationError, match="column"):
        write(tmp_path / "a.csv", columns=columns(*names))


def test_a_value_that_records_do_not_have_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match=r"record 1 .* holds a bytes in the field 'a'"):
        write(tmp_path / "a.csv", [{"a": b"x"}])  # type: ignore[dict-item]  # that is the fault


def test_a_byte_order_mark_and_another_delimiter(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    write(path, [{"a": "1;2", "b": "3,4"}], [{"c": "x"}], options=WriteOptions(bom=True, delimiter=";"))
    assert path.read_bytes() == b'\xef\xbb\xbfa;b;c\r\n"1;2";3,4;\r\n;;x\r\n'
    assert read(path, ReadOptions(delimiter=";"))[0] == {"a": "1;2", "b": "3,4", "c": ""}
    with pytest.raises(ValidationError, match="cannot separate"):
        write(path, options=WriteOptions(delimiter="x"))


def test_a_heading_that_begins_with_a_byte_order_mark_survives(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    write(path, [{"\ufeffa": "\ufeff"}])
    assert read(path) == [{"\ufeffa": "\ufeff"}]


TEXTS = st.text(st.characters(codec=None, exclude_categories=()), max_size=12) | st.sampled_from(
    [*FORMULAS, *HARMLESS, "\0", "\ud800", '"', ",", "\r", "\n", "\r\n", " ", "\u2028", "NA", "null", "🐍"]
)
VALUES = st.none() | st.booleans() | st.integers() | st.decimals() | TEXTS | st.lists(TEXTS, max_size=2)


def expected(value: object) -> str:
    if value is None or (isinstance(value, Decimal) and not value.is_finite()):
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


@settings(max_examples=60, deadline=None)
@given(
    batches=st.lists(
        st.lists(st.dictionaries(st.sampled_from(["a", "b", "=c", "d"]), VALUES, min_size=1), min_size=1),
        min_size=1,
        max_size=4,
    ),
    known=st.booleans(),
)
def test_every_value_is_read_back_equal_or_counted(
    tmp_path_factory: pytest.TempPathFactory, *, batches: list[Batch], known: bool
) -> None:
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    names = list(dict.fromkeys(name for batch in batches for record in batch for name in record))
    summary = write(path, *batches, columns=columns(*names) if known else None)
    header, *rows = by_csv(path)
    records = [record for batch in batches for record in batch]
    assert header == ["'=c" if name == "=c" else name for name in names]
    assert len(rows) == len(records) == summary.rows
    changed = {"=c"} & set(names) != set()
    total = int(changed)
    for record, row in zip(records, rows, strict=True):
        for name, cell in zip(names, row, strict=True):
            value = record.get(name)
            if isinstance(value, int | Decimal) and not isinstance(value, bool) and cell:
                assert Decimal(cell) == value
            elif not isinstance(value, list) and cell != expected(value):
                total += 1
    counted = summary.conversions.get(GUARDED, 0) + summary.conversions.get(UNSTORABLE, 0)
    assert total <= counted
    assert [list(record.values()) for record in read(path)] == rows


def test_reads_cells_as_text_with_their_zeros(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"\xef\xbb\xbfNo,N\n00123,1E5\n\nTRUE,1.10")
    assert read(path) == [{"No": "00123", "N": "1E5"}, {"No": "TRUE", "N": "1.10"}]


def test_reads_in_batches_of_a_thousand(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a\n" + "x\n" * 2500, encoding="utf-8")
    stream = CSV.read(path, options=ReadOptions())
    assert [len(batch) for batch in stream.batches] == [1000, 1000, 500]


def test_reads_a_cell_of_a_megabyte(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    write(path, [{"a": "x" * 2**20}])
    assert read(path) == [{"a": "x" * 2**20}]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'a,b\n1,2\n"x\ny",3\n4\n', r"line 5: 1 cells where the header has 2"),
        (b"a,b\n1,2,3\n", r"line 2: 3 cells where the header has 2"),
        (b"a,a\n", r"line 1: column 2 repeats the heading 'a'"),
        (b"a,,c\n", r"line 1: column 2 has no heading"),
        (b"a,b\n1,\xe5\n", r"not UTF-8"),
        (b'a,b\n1,2\n3,"x" y\n', r"line 3: .*expected after"),
        (b'a,b\n1,"2\n', r"line 2: unexpected end"),
        (b"a;b\n1;2\n", r"seem to be separated by ';'"),
    ],
)
def test_a_broken_file_is_an_error_with_its_line(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(FileOperationError, match=message) as caught:
        read(path)
    assert caught.value.how_to_fix
    assert caught.value.where is not None
    assert caught.value.where.file == str(path)


def test_a_missing_file_is_an_error_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(FileOperationError, match=r"cannot read .*none\.csv: the file or its folder does not"):
        read(tmp_path / "none.csv")


# -- dialects


@pytest.mark.parametrize(
    ("dialect", "expected"),
    [
        ("rfc4180", b'No,Amount,Note\r\n1,2.50,"a,b"\r\n2,,"x\ny"\r\n'),
        ("excel", b'\xef\xbb\xbfNo,Amount,Note\r\n1,2.50,"a,b"\r\n2,,"x\ny"\r\n'),
        ("excel-eu", b'\xef\xbb\xbfNo;Amount;Note\r\n1;2,50;a,b\r\n2;;"x\ny"\r\n'),
        ("unix", b'No,Amount,Note\n1,2.50,"a,b"\n2,,"x\ny"\n'),
    ],
)
def test_a_dialect_decides_of_marks_and_ends(tmp_path: Path, dialect: str, expected: bytes) -> None:
    path = tmp_path / "a.csv"
    rows: Batch = [
        {"No": 1, "Amount": Decimal("2.50"), "Note": "a,b"},
        {"No": 2, "Amount": None, "Note": "x\ny"},
    ]
    options = WriteOptions(**DIALECTS[dialect])
    write_table(path, [rows], file_format=CSV, columns=None, options=options)
    assert path.read_bytes() == expected


@pytest.mark.parametrize("dialect", DIALECTS)
def test_late_columns_and_lone_nulls_keep_the_dialect(tmp_path: Path, dialect: str) -> None:
    options = WriteOptions(**DIALECTS[dialect])
    late, lone = tmp_path / "late.csv", tmp_path / "lone.csv"
    write_table(late, [[{"a": 1}], [{"b": Decimal("0.5")}]], file_format=CSV, columns=None, options=options)
    write_table(lone, [[{}, {"a": None}], [{"a": 1}]], file_format=CSV, columns=None, options=options)
    mark = options.delimiter
    for path, cells in ((late, [["a", "b"], ["1", ""], ["", "0.5"]]), (lone, [["a"], [""], [""], ["1"]])):
        text = path.read_bytes().decode("utf-8-sig")
        assert text.count(options.line_end) == text.count("\n")
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True))
        assert [[cell.replace(options.decimal_mark, ".") for cell in row] for row in rows] == cells


def test_a_number_that_holds_the_mark_between_cells_is_quoted(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    options = WriteOptions(decimal_mark=",")
    write_table(path, [[{"a": Decimal("1.5"), "b": 2}]], file_format=CSV, columns=None, options=options)
    assert path.read_bytes() == b'a,b\r\n"1,5",2\r\n'


def test_excel_eu_is_read_by_pandas_with_its_numbers(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    rows: Batch = [{"No": "00123", "Amount": Decimal("1234.50")}, {"No": "2", "Amount": Decimal("-0.25")}]
    options = WriteOptions(**DIALECTS["excel-eu"])
    write_table(path, [rows], file_format=CSV, columns=None, options=options)
    frame = pd.read_csv(path, sep=";", decimal=",", encoding="utf-8-sig", dtype={"No": str})
    assert frame.to_dict("records") == [{"No": "00123", "Amount": 1234.5}, {"No": "2", "Amount": -0.25}]


AT_ONCE = (
    VALUES
    | st.sampled_from(
        [
            "\x1e",
            "\x1f",
            "a\x1fb",
            "a\x1eb",
            "",
            "-5",
            "-",
            "-5.1.2",
            "-a",
            "+1",
            " a",
            "a ",
            "E+",
            "1E-5",
            "\ufeffa",
        ]
    )
    | st.sampled_from(
        [Decimal("1E+3"), Decimal("-1E-9"), Decimal("NaN"), Decimal("-Infinity"), Decimal("-0.5")]
    )
    | st.sampled_from([True, -5, [1], {"a": "=1"}, "SE", "a,b", "a;b", 'say "x"', "a\nb", "\0"])
)


def one_by_one(writer: CsvWriter) -> Any:
    return lambda batch, names: [writer._line(record, names, row) for row, record in enumerate(batch, 1)]


@example(rows=[["a\x1fb", "x", 1]], dialect="unix", guard=True)
@example(rows=[["a\x1eb", None, 1]], dialect="unix", guard=True)
@settings(max_examples=120, deadline=None)
@given(
    rows=st.lists(
        st.tuples(AT_ONCE, st.just("x"), st.sampled_from([1, None, "y"])).flatmap(st.permutations),
        min_size=1,
        max_size=4,
    ),
    dialect=st.sampled_from(sorted(DIALECTS)),
    guard=st.booleans(),
)
def test_what_is_looked_at_together_is_what_each_cell_alone_would_be(
    tmp_path_factory: pytest.TempPathFactory,
    *,
    rows: list[list[Any]],
    dialect: str,
    guard: bool,
) -> None:
    options = WriteOptions(formula_guard=guard, **DIALECTS[dialect])
    folder = tmp_path_factory.mktemp("csv")
    batch: Batch = [dict(zip("abc", row, strict=True)) for row in rows]
    found = []
    for name in ("together", "alone"):
        writer = CsvWriter(folder / name, columns=columns("a", "b", "c"), options=options)
        if name == "alone":
            writer._lines = one_by_one(writer)  # type: ignore[method-assign]  # the long way
        writer.write(batch)
        summary = writer.close()
        found.append(((folder / name).read_bytes(), summary.conversions))
    assert found[0] == found[1]


def test_a_record_with_another_field_in_place_of_one_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="'c' that is not among its columns"):
        write(tmp_path / "a.csv", [{"a": 1, "c": 2}], columns=columns("a", "b"))
