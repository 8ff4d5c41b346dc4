"""Parquet: what the service sent is what pyarrow and duckdb read, who did not write it."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.workplace import Workplace
from txojobs.errors import FileOperationError, ValidationError
from txojobs.files import parquet_parts, parquet_writing
from txojobs.files.formats import format_of, write_table
from txojobs.files.parquet_columns import LONG, MIXED, NO_MOMENT, OFFSET
from txojobs.files.table import NOT_FINITE, UNSTORABLE, ReadOptions, WriteOptions, WriteSummary
from txojobs.records import Column

if TYPE_CHECKING:
    from collections.abc import Iterator

    from txojobs.records import Batch, Columns, JsonValue, Record

ROOT = Path(__file__).parents[2]


def write(path: Path, *batches: Any, columns: Columns | None = None, hints: Columns = ()) -> WriteSummary:
    options = WriteOptions(name=path.name, hints=hints)
    return write_table(path, batches, file_format=format_of(path.name), columns=columns, options=options)


def read(path: Path) -> list[Record]:
    stream = format_of(path.name).read(path, options=ReadOptions())
    return [record for batch in stream.batches for record in batch]


def judge(path: Path) -> list[dict[str, Any]]:
    """What pyarrow reads, apart from what our reader makes of it."""
    return list(pq.read_table(path).to_pylist())


def duck(path: Path) -> list[dict[str, Any]]:
    """What duckdb reads."""
    with duckdb.connect(":memory:") as connection:
        connection.execute("set TimeZone = 'UTC'")
        found = connection.execute("select * from read_parquet(?)", [str(path)])
        names = [each[0] for each in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def kinds(path: Path) -> list[str]:
    return [str(each) for each in pq.read_schema(path).types]


# -- every value


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ["00123", "1E5", "TRUE", "", "=1+1", "2026-01-15", "👩🏽‍💻", "é", "שלום", "\0\x1b\r\n", "x" * 40_000]
)
DIGITS_38 = st.decimals(-(10**28) + 1, 10**28 - 1, allow_nan=False, places=10)
NUMBERS = (
    st.integers()
    | st.integers(-(10**80), 10**80)
    | DIGITS_38
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.sampled_from([9007199254740993, Decimal("1E+5"), Decimal("-0.00"), Decimal("1E-40")])
)
NESTED: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=4,
)
KINDS: tuple[st.SearchStrategy[Any], ...] = (NUMBERS, DIGITS_38, st.integers(), TEXTS, st.booleans(), NESTED)
COLUMN: st.SearchStrategy[list[JsonValue]] = st.one_of(
    [st.lists(st.none() | kind, min_size=1, max_size=6) for kind in KINDS]
)


def is_same(cell: Any, value: JsonValue, *, others: set[type]) -> bool:
    """Tell whether a judge's cell is the value: itself, or the text for it where the column has to be text."""
    if value is None or isinstance(value, str) or not isinstance(cell, str):
        return bool(cell == value) and isinstance(cell, bool) == isinstance(value, bool)
    if isinstance(value, dict | list):
        return bool(json.loads(cell, parse_float=Decimal) == value)
    if isinstance(value, bool):
        return cell == str(value).lower() and bool(others)
    return Decimal(cell) == value


@settings(max_examples=60, deadline=None)
@given(columns=st.lists(COLUMN, min_size=1, max_size=3), chunk=st.sampled_from([1, 2, 1000]))
def test_any_mix_of_values_is_read_back_equal_by_two_libraries(
    tmp_path_factory: pytest.TempPathFactory, columns: list[list[JsonValue]], chunk: int
) -> None:
    path = tmp_path_factory.mktemp("parquet") / "a.parquet"
    rows = max(map(len, columns))
    records: list[Record] = [
        {f"c{number}": values[row] for number, values in enumerate(columns) if row < len(values)}
        for row in range(rows)
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parquet_writing, "BATCH_SIZE", chunk)
        patch.setattr(parquet_writing, "CHUNK_ROWS", chunk)
        summary = write(path, *([record] for record in records))
    assert summary.rows == rows
    found, ducks, own = judge(path), duck(path), read(path)
    assert len(found) == len(ducks) == len(own) == rows
    for number, values in enumerate(columns):
        name = f"c{number}"
        kinds_of = {*map(type, values)} - {type(None)}
        is_wide = pq.read_schema(path).field(name).type == pa.decimal256(76, 0) or str(
            pq.read_schema(path).field(name).type
        ).startswith("decimal256")
        for row, value in enumerate([*values, *[None] * (rows - len(values))]):
            assert is_same(found[row][name], value, others=kinds_of - {bool})
            assert is_same(own[row][name], value, others=kinds_of - {bool})
            if not is_wide:  # duckdb has no more than 38 digits
                assert is_same(ducks[row][name], value, others=kinds_of - {bool})
        texts = [
            values[row] for row, cells in enumerate(found[: len(values)]) if isinstance(cells[name], str)
        ]
        counted = [each for each in texts if isinstance(each, bool | int | Decimal)]
        assert not counted or summary.conversions.get(MIXED, 0) + summary.conversions.get(LONG, 0) > 0


@pytest.mark.parametrize(
    ("values", "kind", "conversions"),
    [
        ([2**63 - 1, -(2**63), None], "int64", {}),
        ([2**63, 1], "decimal128(38, 0)", {}),
        ([9007199254740993, Decimal("0.1")], "decimal128(38, 1)", {}),
        ([Decimal("12.340"), 7], "decimal128(38, 3)", {}),
        ([Decimal("1E+5"), Decimal("1E-3")], "decimal128(38, 3)", {}),
        ([Decimal("9" * 28 + "." + "1" * 10)], "decimal128(38, 10)", {}),
        ([Decimal("9" * 29 + "." + "1" * 10)], "decimal256(76, 10)", {}),
        ([1, Decimal("0." + "1" * 30)], "decimal128(38, 30)", {}),
        ([Decimal("0." + "1" * 76), Decimal("-0." + "9" * 76)], "decimal256(76, 76)", {}),
        ([10**76 - 1], "decimal256(76, 0)", {}),
        ([10**76, 1, None], "string", {LONG: 2}),
        ([True, None, False], "bool", {}),
        ([True, 1], "string", {MIXED: 2}),
        ([1, "x", None, True], "string", {MIXED: 2}),
        ([{"a": Decimal("1.50")}, [1]], "string", {}),
        ([None, None], "string", {}),
        ([Decimal("NaN"), Decimal("Infinity"), 1], "decimal128(38, 0)", {NOT_FINITE: 2}),
        (["x\ud800y", ""], "string", {UNSTORABLE: 1}),
    ],
)  # fmt: skip
def test_the_type_of_a_column_holds_all_of_it(
    tmp_path: Path, values: list[JsonValue], kind: str, conversions: dict[str, int]
) -> None:
    path = tmp_path / "a.parquet"
    summary = write(path, [{"x": value} for value in values])
    assert kinds(path) == [kind]
    assert summary.conversions == conversions


def test_what_cannot_be_stored_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    write(path, [{"a\udfff": "x\ud800y", "n": Decimal("sNaN"), "deep": {"\ud800": ["\udc00"]}}])
    assert judge(path) == [{"a\\uDFFF": "x\\uD800y", "n": None, "deep": '{"\\ud800":["\\udc00"]}'}]


def test_a_value_of_another_type_late_in_the_stream_loses_no_digit(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    many: Batch = [{"a": number, "b": Decimal(number).scaleb(-2), "c": True} for number in range(20_000)]
    late: Batch = [{"a": "x", "b": {"z": 1}, "c": None, "d": Decimal("1.10")}]
    summary = write(path, many, late)
    found = judge(path)
    assert found[7] == {"a": "7", "b": "0.07", "c": True, "d": None}
    assert found[19_999]["b"] == "199.99"
    assert found[20_000] == {"a": "x", "b": '{"z":1}', "c": None, "d": Decimal("1.10")}
    assert summary.conversions == {MIXED: 40_000}


def test_a_number_with_more_digits_late_in_the_stream_widens_the_column(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    write(path, [{"a": 1}] * 1000, [{"a": Decimal("0.000001")}], [{"a": 10**30}] * 1000)
    assert kinds(path) == ["decimal128(38, 6)"]
    assert [row["a"] for row in judge(path)[999:1002]] == [1, Decimal("0.000001"), 10**30]
    assert duck(path) == judge(path)
    small = Decimal("0." + "1" * 30)
    write(path, [{"a": 2**63 - 1}] * 1000, [{"a": Decimal("0.1")}] * 1000, [{"a": small}])
    assert kinds(path) == ["decimal256(76, 30)"]
    write(path, [{"a": 1234567}] * 1000, [{"a": small}])
    assert kinds(path) == ["decimal128(38, 30)"]
    assert [row["a"] for row in judge(path)[999:]] == [1234567, small]


@pytest.mark.parametrize("known", [True, False])
def test_types_come_from_what_is_known_of_the_columns(tmp_path: Path, *, known: bool) -> None:
    path = tmp_path / "a.parquet"
    columns = (
        Column("No", "text"), Column("Day", "date"), Column("At", "datetime"), Column("Time", "time"),
        Column("Sum", "decimal"), Column("Free"),
    )  # fmt: skip
    rows: Batch = [
        {"No": "00123", "Day": "2026-01-15", "At": "2026-01-15T14:30:00.5Z", "Time": "14:30:00", "Sum": 1},
        {"No": None, "Day": "0001-01-01", "At": None, "Time": "23:59:59.123456", "Free": "2026-01-15"},
    ]
    summary = write(path, rows, columns=columns if known else None, hints=columns[::-1])
    assert summary.conversions == {}
    assert str(pq.read_schema(path).field("Sum").type) == "decimal128(38, 0)"
    at = datetime(2026, 1, 15, 14, 30, 0, 500_000, timezone.utc)
    expected = [
        ("00123", date(2026, 1, 15), at, time(14, 30), Decimal(1), None),
        (None, date(1, 1, 1), None, time(23, 59, 59, 123_456), None, "2026-01-15"),
    ]
    assert [tuple(row.values()) for row in judge(path)] == expected
    assert [tuple(row.values()) for row in duck(path)] == expected
    assert [tuple(row.values()) for row in read(path)] == [
        ("00123", "2026-01-15", "2026-01-15T14:30:00.5Z", "14:30:00", 1, None),
        (None, "0001-01-01", None, "23:59:59.123456", None, "2026-01-15"),
    ]


UTC = "timestamp[us, tz=UTC]"


@pytest.mark.parametrize(
    ("texts", "kind", "back", "conversions"),
    [
        (["2026-01-15T14:30:00Z"], UTC, ["2026-01-15T14:30:00Z"], {}),
        (["2026-01-15T14:30Z"], UTC, ["2026-01-15T14:30:00Z"], {}),
        (["2026-01-15T14:30:00"], "timestamp[us]", ["2026-01-15T14:30:00"], {}),
        (["2026-01-15T14:30:00+02:00", "2026-01-15T14:30:00+00:00"], UTC,
         ["2026-01-15T12:30:00Z", "2026-01-15T14:30:00Z"], {OFFSET: 1}),
        (["2026-01-15T14:30:00.1234560000Z"], UTC, ["2026-01-15T14:30:00.123456Z"], {}),
        (["2026-01-15T14:30:00.1234567Z"], "timestamp[ns, tz=UTC]", ["2026-01-15T14:30:00.1234567Z"], {}),
        (["2026-01-15T14:30:00.123456789Z", None, "2000-01-01T00:00:00.5Z"], "timestamp[ns, tz=UTC]",
         ["2026-01-15T14:30:00.123456789Z", None, "2000-01-01T00:00:00.5Z"], {}),
        (["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"], UTC,
         ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"], {}),
        (["2026-01-15T14:30:00.1234567891Z"], "string", None, {NO_MOMENT: 1}),
        (["9999-12-31T23:59:59.9999999Z", "2026-01-15T14:30:00Z", None], "string", None, {NO_MOMENT: 2}),
        (["2026-01-15T14:30:00Z", "2026-01-15T14:30:00"], "string", None, {NO_MOMENT: 2}),
        (["0001-01-01T00:00:00+02:00"], "string", None, {NO_MOMENT: 1}),
        (["0001-01-01T00:00:00Z", "2026-01-15T14:30:00+02:00"], UTC,
         ["0001-01-01T00:00:00Z", "2026-01-15T12:30:00Z"], {OFFSET: 1}),
        (["2026-01-15T14:30:00+02:00", "9999-12-31T23:59:59-02:00"], "string", None, {NO_MOMENT: 2}),
        (["0001-01-01T00:00:00Z", "2026-01-15T14:30:00.1234567Z"], "string", None, {NO_MOMENT: 2}),
        (["0000-01-01T00:00:00Z"], "string", None, {NO_MOMENT: 1}),
        (["2026-02-30T00:00:00Z"], "string", None, {NO_MOMENT: 1}),
        (["2026-01-15T24:00:00Z"], "string", None, {NO_MOMENT: 1}),
        (["2026-01-15T23:59:60Z"], "string", None, {NO_MOMENT: 1}),
        (["2026-01-15"], "string", None, {NO_MOMENT: 1}),
        (["", "2026-01-15T14:30:00Z"], "string", None, {NO_MOMENT: 2}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("chunk", [1, 1000])
def test_a_datetime_is_kept_exactly_or_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, texts: list[str | None], kind: str,
    back: list[str | None] | None, conversions: dict[str, int], chunk: int,
) -> None:  # fmt: skip
    monkeypatch.setattr(parquet_writing, "BATCH_SIZE", chunk)
    monkeypatch.setattr(parquet_writing, "CHUNK_ROWS", chunk)
    path = tmp_path / "a.parquet"
    summary = write(path, *([{"at": text}] for text in texts), columns=(Column("at", "datetime"),))
    assert kinds(path) == [kind]
    assert summary.conversions == conversions
    assert [row["at"] for row in read(path)] == (back or texts)


@pytest.mark.parametrize("late", [5, True, {"x": 1}])
def test_dates_with_something_else_among_them_become_text(tmp_path: Path, late: Any) -> None:
    path = tmp_path / "a.parquet"
    columns = (Column("x", "date"),)
    summary = write(path, [{"x": "2026-01-15"}] * 1000, [{"x": late}] * 1000, columns=columns)
    assert kinds(path) == ["string"]
    assert [row["x"] for row in judge(path)[999:1001]] == ["2026-01-15", json.dumps(late).replace(" ", "")]
    assert summary.conversions.pop(NO_MOMENT) == 1000
    assert summary.conversions == ({} if isinstance(late, dict) else {MIXED: 1000})


@pytest.mark.parametrize(
    ("kind", "texts", "stored"),
    [
        ("date", ["2026-01-15", "9999-12-31"], "date32[day]"),
        ("date", ["2026-02-30"], "string"),
        ("date", ["0000-01-01"], "string"),
        ("date", ["2026-1-5"], "string"),
        ("time", ["00:00:00", "23:59:59.9999999"], "time64[ns]"),
        ("time", ["24:00:00"], "string"),
        ("time", ["14:30:00Z"], "string"),
        ("time", ["PT8H"], "string"),
    ],
)
def test_a_date_or_time_is_kept_exactly_or_counted(
    tmp_path: Path, kind: str, texts: list[str], stored: str
) -> None:
    path = tmp_path / "a.parquet"
    summary = write(path, [{"x": text} for text in texts], columns=(Column("x", kind),))
    assert kinds(path) == [stored]
    assert [row["x"] for row in read(path)] == texts
    assert summary.conversions == ({NO_MOMENT: len(texts)} if stored == "string" else {})


INSTANTS = st.datetimes(
    datetime(2, 1, 1), datetime(9998, 12, 31),  # noqa: DTZ001  # the zone is drawn
    timezones=st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(moments=st.lists(INSTANTS, min_size=1, max_size=5))
def test_every_instant_is_read_back_equal_by_two_libraries(
    tmp_path_factory: pytest.TempPathFactory, moments: list[datetime]
) -> None:
    path = tmp_path_factory.mktemp("parquet") / "a.parquet"
    summary = write(path, [{"x": each.isoformat()} for each in moments], columns=(Column("x", "datetime"),))
    assert [row["x"] for row in judge(path)] == moments
    assert [row["x"] for row in duck(path)] == moments
    assert summary.conversions.get(OFFSET, 0) == sum(each.utcoffset() != timedelta() for each in moments)


# -- the table


def test_an_empty_result_has_the_columns_that_are_known(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    types = ("text", "integer", "decimal", "boolean", "date", "datetime", "time", None)
    columns = tuple(Column(f"c{number}", kind, label=f"C {number}") for number, kind in enumerate(types))
    assert write(path, columns=columns) == (0, 8, {}, path.stat().st_size)
    schema = pq.read_schema(path)
    assert schema.names == [f"C {number}" for number in range(8)]
    assert [str(each) for each in schema.types] == [
        "string", "int64", "decimal128(38, 9)", "bool", "date32[day]", UTC, "time64[us]", "string",
    ]  # fmt: skip
    assert duck(path) == judge(path) == read(path) == []
    stream = format_of(path.name).read(path, options=ReadOptions())
    assert [column.type for column in stream.columns or ()] == [kind or "text" for kind in types]


def test_columns_stand_in_the_order_of_their_first_appearance(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    write(path, [{"b": 1}, {"a": 2, "b": 3}], [{"c": None}])
    assert judge(path) == [
        {"b": 1, "a": None, "c": None}, {"b": 3, "a": 2, "c": None}, {"b": None, "a": None, "c": None},
    ]  # fmt: skip


def test_row_groups_are_bounded_by_rows_and_by_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.parquet"
    monkeypatch.setattr(parquet_writing, "GROUP_ROWS", 2000)
    write(path, *([{"n": number} for number in range(begin, begin + 1000)] for begin in range(0, 9000, 1000)))
    facts = pq.read_metadata(path)
    assert max(facts.row_group(each).num_rows for each in range(facts.num_row_groups)) <= 2000
    assert [row["n"] for row in judge(path)] == list(range(9000))
    monkeypatch.setattr(parquet_writing, "GROUP_ROWS", 10**6)
    monkeypatch.setattr(parquet_writing, "GROUP_BYTES", 1_000_000)
    monkeypatch.setattr(parquet_writing, "CHUNK_BYTES", 1)
    write(path, *([{"n": f"{number:01000}"} for number in range(1000)] for _ in range(6)))
    assert pq.read_metadata(path).num_row_groups == 6


def test_several_files_are_cut_inside_of_row_groups_and_leave_nothing_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_parts, "GROUP_ROWS", 1000)
    writer = format_of("a.parquet").open_parts(
        lambda number: tmp_path / f"{number}.parquet",
        columns=None, options=WriteOptions(name="a.parquet"), rows_per_file=1500,
    )  # fmt: skip
    for begin in range(0, 4000, 1000):
        writer.write([{"n": number} for number in range(begin, begin + 1000)])
    assert writer.close().rows == 4000
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.parquet", "2.parquet", "3.parquet"]
    found = [[row["n"] for row in judge(tmp_path / f"{number}.parquet")] for number in (1, 2, 3)]
    assert found == [list(range(1500)), list(range(1500, 3000)), list(range(3000, 4000))]


def test_a_field_that_is_no_column_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match=r"record 2 for a\.parquet has a field 'b'"):
        write(tmp_path / "a.parquet", [{"a": 1}, {"b": 1}], columns=(Column("a"),))


def test_records_without_a_field_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileOperationError, match="3 records without any field"):
        write(tmp_path / "a.parquet", [{}, {}, {}])


@pytest.mark.parametrize("chunk", [1, 1000])
@pytest.mark.parametrize("value", [object(), b"x", 1.5])
def test_a_value_that_no_record_has_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, value: Any, chunk: int
) -> None:
    monkeypatch.setattr(parquet_writing, "BATCH_SIZE", chunk)
    monkeypatch.setattr(parquet_writing, "CHUNK_ROWS", chunk)
    with pytest.raises(ValidationError, match=r"record 3 .* in the field 'a'"):
        write(tmp_path / "a.parquet", [{"a": 1}], [{"a": 2}, {"a": value}])
    assert not list(tmp_path.iterdir()), "no scratch is left"


def test_rows_that_cannot_be_read_back_from_the_disk_are_an_error_and_the_only_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_writing, "GROUP_ROWS", 1000)
    monkeypatch.setattr(parquet_writing, "CHUNK_BYTES", 1)
    path = tmp_path / "a.parquet"
    staged = tmp_path / "a.parquet.scratch" / "rows"

    def batches() -> Iterator[Batch]:
        for _ in range(5):
            yield [{"n": number} for number in range(1000)]
        os.truncate(staged, staged.stat().st_size // 2)  # a group is written when that shows

    options = WriteOptions()
    with pytest.raises(FileOperationError, match="cannot write"):
        write_table(path, batches(), file_format=format_of(path.name), columns=None, options=options)
    gc.collect()  # what pyarrow says while it is collected would be a warning, which is an error here
    assert [each.name for each in tmp_path.iterdir()] == ["a.parquet"]


def test_values_of_a_subclass_are_what_they_are(tmp_path: Path) -> None:
    class Word(str):
        __slots__ = ()

    class Number(int):
        pass

    path = tmp_path / "a.parquet"
    assert write(path, [{"w": Word("x"), "n": Number(2**70)}, {"w": "y", "n": None}]).conversions == {}
    assert kinds(path) == ["string", "decimal128(38, 0)"]
    assert judge(path) == [{"w": "x", "n": 2**70}, {"w": "y", "n": None}]


def test_two_headings_that_become_one_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="two columns"):
        write(tmp_path / "a.parquet", [{"a\ud800": 1, "a\\uD800": 2}])


MEASURED = """
import resource, sys
from decimal import Decimal
from pathlib import Path
from txojobs.files.formats import format_of, write_table
from txojobs.files.table import ReadOptions, WriteOptions
path, rows = Path(sys.argv[1]), int(sys.argv[2])
def batches():
    for begin in range(0, rows, 1000):
        yield [{"No": f"{n:08}", "Sum": Decimal(n) / 100, "Name": f"{n * 2654435761 % 2**32:x}" * 3}
               for n in range(begin, begin + 1000)]
form = format_of(path.name)
write_table(path, batches(), file_format=form, columns=None, options=WriteOptions())
assert sum(map(len, form.read(path, options=ReadOptions()).batches)) == rows
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="measures with the module resource")
def test_four_times_the_rows_take_no_more_memory(tmp_path: Path) -> None:
    peaks = []
    for rows in (100_000, 400_000):
        command = [sys.executable, "-c", MEASURED, str(tmp_path / "a.parquet"), str(rows)]
        done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
        peaks.append(int(done.stdout))
    assert peaks[1] < peaks[0] * 1.15, peaks


# -- files of others


def test_a_file_of_another_program_is_read_exactly(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    at = datetime(2026, 1, 15, 14, 30, tzinfo=timezone.utc)
    table = pa.table(
        {
            "float": pa.array([0.1, float("nan"), float("inf")]),
            "small": pa.array([1, None, 255], pa.uint8()),
            "bytes": pa.array([b"\0\xff", None, b""]),
            "word": pa.array(["x", "x", None]).dictionary_encode(),
            "struct": pa.array([{"a": 1, "at": at}, None, {"a": None, "at": None}]),
            "list": pa.array([[Decimal("1.50")], [], None]),
            "zone": pa.array([at, None, None], pa.timestamp("s", "Europe/Stockholm")),
            "ms": pa.array([10, 0, 1500], pa.timestamp("ms")),
            "large": pa.array(["y", "", None], pa.large_string()),
            "none": pa.nulls(3),
        }
    )
    pq.write_table(table, path)
    found = read(path)
    assert [list(row.values()) for row in found] == [
        [Decimal("0.1"), 1, "AP8=", "x", {"a": 1, "at": "2026-01-15T14:30:00+00:00"}, [Decimal("1.50")],
         "2026-01-15T14:30:00Z", "1970-01-01T00:00:00.01", "y", None],
        [None, None, None, "x", None, [], None, "1970-01-01T00:00:00", "", None],
        [None, 255, "", None, {"a": None, "at": None}, None, None, "1970-01-01T00:00:01.5", None, None],
    ]  # fmt: skip
    assert str(found[0]["float"]) == "0.1"
    columns = format_of(path.name).read(path, options=ReadOptions()).columns or ()
    assert [column.type for column in columns] == [
        "decimal", "integer", None, "text", None, None, "datetime", "datetime", "text", None,
    ]  # fmt: skip


def test_a_file_is_read_in_batches_of_a_thousand(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"n": list(range(2500))}), path)
    batches = list(format_of(path.name).read(path, options=ReadOptions()).batches)
    assert [len(batch) for batch in batches] == [1000, 1000, 500]
    assert [row["n"] for batch in batches for row in batch] == list(range(2500))


def test_a_column_that_records_cannot_hold_is_an_error_that_names_it(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"took": pa.array([timedelta(seconds=1)])}), path)
    with pytest.raises(FileOperationError, match=r"the column 'took' is of the type duration"):
        read(path)


def test_two_columns_of_one_name_are_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.Table.from_arrays([pa.array([1]), pa.array([2])], ["a", "a"]), path)
    with pytest.raises(FileOperationError, match="two columns 'a'"):
        read(path)


@pytest.mark.parametrize("spoil", ["empty", "text", "cut", "middle"])
def test_a_file_that_is_no_whole_parquet_is_an_error(tmp_path: Path, spoil: str) -> None:
    path = tmp_path / "a.parquet"
    write(path, [{"a": f"{number * 7919}"} for number in range(5000)])
    data = path.read_bytes()
    spoilt = {
        "empty": b"", "text": b"a,b\r\n1,2\r\n", "cut": data[:-9], "middle": data[:4] + b"\xff" * 64 + data[68:],
    }  # fmt: skip
    path.write_bytes(spoilt[spoil])
    with pytest.raises(FileOperationError, match=r"a\.parquet is no whole Parquet file"):
        read(path)


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileOperationError, match="does not exist"):
        read(tmp_path / "a.parquet")


# -- in a job


JOB = """\
  - load: {file: data/n.jsonl}
  - transform:
      add:
        Sum: {value: Sum, type: decimal}
        At: {value: At, type: datetime}
  - save: {file: n.parquet, stamp: false}
"""


def test_what_a_job_saves_it_loads_and_saves_equal(tmp_path: Path) -> None:
    work = Workplace(tmp_path)
    lines = ['{"No":"00123","Sum":1.50,"At":"2026-01-15T14:30:00Z","Open":true,"Deep":{"a":[1]}}',
             '{"No":"ü😀","Sum":9007199254740993,"At":null,"Open":null,"Late":12345678901234567890}']  # fmt: skip
    work.data("n.jsonl", "\n".join(lines))
    work.steps(JOB)
    assert work.run().outcome == "done"
    first = work.root / "output" / "acme-test-n.parquet"
    (work.root / "data" / "n.parquet").write_bytes(first.read_bytes())
    work.steps("  - load: data/n.parquet\n  - save: {file: m.parquet, stamp: false}\n")
    assert work.run().outcome == "done"
    second = work.root / "output" / "acme-test-m.parquet"
    assert judge(first) == judge(second)
    assert pq.read_schema(first) == pq.read_schema(second)
    assert judge(first)[1]["Late"] == 12345678901234567890
    assert judge(first)[0]["At"] == datetime(2026, 1, 15, 14, 30, tzinfo=timezone.utc)


WITHOUT = "import sys; sys.modules['pyarrow'] = None\nfrom txojobs.__main__ import main\nsys.exit(main())\n"


@pytest.mark.parametrize("steps", [
    "  - fetch: {entity: Customers, key: [Id]}\n  - save: n.parquet\n",
    "  - fetch: {entity: Customers, key: [Id]}\n  - save: n.parquet.gz\n",
    "  - load: data/n.parquet\n  - save: n.csv\n",
])  # fmt: skip
@pytest.mark.parametrize("command", [["validate", "jobs/job.yaml"], ["run", "job", "acme", "test"]])
def test_without_the_library_a_job_is_invalid_and_says_what_installs_it(
    tmp_path: Path, steps: str, command: list[str]
) -> None:
    work = Workplace(tmp_path)
    work.config({"api-base-url": "http://127.0.0.1:9"})  # nobody answers there
    work.steps(steps)
    done = work.python(WITHOUT, *command)
    assert done.returncode == 2
    said = done.stdout + done.stderr
    assert "files with the extension .parquet need pyarrow, which is not installed" in said
    assert 'pip install "txojobs[parquet]"' in said


def test_without_the_library_a_script_is_told_what_installs_it(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "from txojobs.files.handler import TxoDataHandler\nfrom txojobs.workspace import Workspace\n"
        "from pathlib import Path\nfrom txojobs.errors import ValidationError\n"
        "try:\n    TxoDataHandler(Workspace(Path(sys.argv[1]))).save([{'a': 1}], 'output', 'a.parquet')\n"
        "except ValidationError as err:\n    print(err, err.how_to_fix)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert (
        'need pyarrow, which is not installed install it with: pip install "txojobs[parquet]"' in done.stdout
    )
    assert not list((tmp_path / "output").glob("*"))


def test_a_job_without_parquet_does_not_import_the_library(tmp_path: Path) -> None:
    work = Workplace(tmp_path)
    work.data("n.jsonl", '{"a":1}\n')
    work.steps("  - load: data/n.jsonl\n  - save: n.csv\n")
    code = (
        "import sys\nfrom txojobs.cli.main import run_command_line\ncode = run_command_line(sys.argv[1:])\n"
    )
    code += "sys.stderr.write(f'loaded {\"pyarrow\" in sys.modules}')\nsys.exit(code)\n"
    done = work.python(code, "run", "job", "acme", "test")
    assert done.returncode == 0
    assert "loaded False" in done.stderr


def test_scripts_save_and_load_it(tmp_path: Path) -> None:
    from txojobs.files.handler import TxoDataHandler  # noqa: PLC0415
    from txojobs.workspace import Workspace  # noqa: PLC0415

    handler = TxoDataHandler(Workspace(tmp_path))
    rows = [{"No": "00123", "Sum": Decimal("1.50"), "None": None}]
    handler.save(rows, "output", "a.parquet")
    assert handler.load("output", "a.parquet") == rows
