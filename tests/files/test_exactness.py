"""What the service sent is what the file holds: values from JSON, through each format, to readers that are not ours.

Judges: csv, pandas and duckdb for csv and tsv; json and duckdb for json and jsonl; pyarrow and duckdb for parquet. A
value is read back equal, or as the conversion that docs/files.md tells and the summary counts.
"""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from txojobs.exact_json import decode
from txojobs.files.csv_table import GUARDED
from txojobs.files.formats import format_of, write_table
from txojobs.files.parquet_columns import OFFSET
from txojobs.files.table import UNSTORABLE, WriteOptions, WriteSummary
from txojobs.records import Column

if TYPE_CHECKING:
    from pathlib import Path

    from txojobs.records import Columns, JsonValue, Record

# -- values, as the text of JSON that a service sends


def quoted(texts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return texts.map(json.dumps)


def is_of_38_digits(number: str) -> bool:
    digits = re.sub(r"[eE].*|\D", "", number).lstrip("0")
    return len(digits) <= 38


INTEGERS = st.integers().map(str) | st.sampled_from(["9007199254740993", "-9007199254740993", "0", "-0"])
DECIMALS = st.from_regex(r"-?(0|[1-9][0-9]{0,27})\.[0-9]{1,10}", fullmatch=True).filter(is_of_38_digits)
NUMBERS = (
    INTEGERS
    | DECIMALS
    | st.from_regex(r"-?[1-9](\.[0-9]{1,20})?[eE][+-]?[0-9]", fullmatch=True)
    | st.sampled_from(["1.10", "0.1234567890123456789012345678901234567", "1E+5", "0.00"])
)
CODES = st.sampled_from(
    ["00123", "1E5", "TRUE", "NULL", "NaN", "1,5", "1.50", "-", "=1+1", "@a", "", " x ", "'"]
)
DATES = st.dates(date(1, 1, 1)).map(date.isoformat)
DATETIMES = st.sampled_from(
    ["2026-01-15T14:30:00Z", "2026-01-15T14:30:00.123456+02:00", "0001-01-01T00:00:00Z",
     "2026-07-01T00:00:00-05:30"]
)  # fmt: skip
TIMES = st.times().map(time.isoformat)
DURATIONS = st.sampled_from(["PT8H", "P1DT2H3M4.5S", "-P1D"])
GUIDS = st.uuids().map(str)
WORDS = st.sampled_from(
    ["👩🏽‍💻", "e\u0301", "\u05e9\u05dc\u05d5\u05dd \u0639\u0631\u0628\u064a", "\u202eabc", "a\tb", 'say "hi", no',
     "a\r\nb", "a\rb", "\nb", "\x00\x01\x1f", "\x7f\x85\u2028\ufeff", "\ud800", "x\udc00y", "ÅÄÖ", "a;b|c"]
) | st.text(st.characters(exclude_categories=["Cs"]), max_size=10)  # fmt: skip
LONG = {"letters": "x" * 40_000, "lines": '"\n' * 20_000, "emoji": "😀" * 40_000, "short": "x"}
"""Put in place of their names, so that an example that fails can be printed."""
NESTED = st.sampled_from(
    ['{"a":{"b":[1,1.10,null,"\\ud83d\\ude00"]}}', "[]", "{}", '[{"x":9007199254740993},true]', '{"":"="}']
)

KINDS: dict[str, tuple[st.SearchStrategy[str], str | None]] = {
    "integer": (INTEGERS, None),
    "decimal": (DECIMALS, None),
    "number": (NUMBERS, None),
    "boolean": (st.sampled_from(["true", "false"]), None),
    "code": (quoted(CODES), "text"),
    "date": (quoted(DATES), "date"),
    "datetime": (quoted(DATETIMES), "datetime"),
    "time": (quoted(TIMES), "time"),
    "duration": (quoted(DURATIONS), None),
    "guid": (quoted(GUIDS), None),
    "word": (quoted(WORDS), None),
    "long": (quoted(st.sampled_from(list(LONG))), None),
    "nested": (NESTED, None),
}
"""Each kind with the type that a snapshot of the service would tell; each has a column of its own."""
ALL: Columns = tuple(Column(name, kind) for name, (_, kind) in KINDS.items())


@st.composite
def documents(draw: st.DrawFn) -> list[str]:
    """Records as a service writes them; a field may be null or absent."""
    rows = []
    for _ in range(draw(st.integers(1, 4))):
        members = []
        for name, (values, _) in KINDS.items():
            what = draw(st.sampled_from(["value", "value", "value", "null", "absent"]))
            if what != "absent":
                members.append(f'"{name}":{"null" if what == "null" else draw(values)}')
        rows.append("{" + ",".join(members) + "}")
    return rows


def records_of(rows: list[str]) -> list[Record]:
    found: list[Record] = []
    for row in rows:
        record = decode(row.encode())
        assert isinstance(record, dict)
        if isinstance(name := record.get("long"), str):
            record["long"] = LONG[name]
        found.append(record)
    return found


def save(path: Path, records: list[Record], *, columns: Columns | None = ALL) -> WriteSummary:
    options = WriteOptions(name=path.name)
    batches = ([record] for record in records)
    return write_table(path, batches, file_format=format_of(path.name), columns=columns, options=options)


# -- text, read by three


def by_csv(path: Path, mark: str) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=mark, strict=True))


def by_pandas(path: Path, mark: str) -> list[dict[str, Any]]:
    frame = pd.read_csv(path, sep=mark, dtype=str, keep_default_na=False)
    return [dict(zip(frame.columns, row, strict=True)) for row in frame.itertuples(index=False, name=None)]


def by_duckdb(path: Path, mark: str) -> list[dict[str, Any]]:
    """Tells null and the empty text apart."""
    names = {column.name: "VARCHAR" for column in ALL}
    return ask(
        "select * from read_csv(?, delim=?, columns=?, header=true, auto_detect=false, quote='\"', escape='\"',"
        " nullstr='', allow_quoted_nulls=false, parallel=false, new_line='\\r\\n', max_line_size=4000000,"
        " buffer_size=16000000)",
        [str(path), mark, names],
    )


def ask(query: str, parameters: list[Any]) -> list[dict[str, Any]]:
    with duckdb.connect(":memory:") as connection:
        connection.execute("set TimeZone = 'UTC'")
        found = connection.execute(query, parameters)
        names = [each[0] for each in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def visible(text: str, pattern: str) -> str:
    return re.sub(pattern, lambda found: f"\\u{ord(found[0]):04X}", text)


def judge_text(cell: str, value: JsonValue, counted: Counter[str]) -> None:
    """Hold a cell of text to the value, and count the conversions that it shows."""
    if isinstance(value, str):
        stored = visible(value, "[\0\ud800-\udfff]")
        counted[UNSTORABLE] += stored != value
        if cell != stored:
            assert cell == f"'{stored}"
            assert stored[0] in "=+-@\t\r\n"
            counted[GUARDED] += 1
    elif isinstance(value, bool):
        assert cell == str(value).lower()
    elif isinstance(value, dict | list):
        assert json.loads(cell, parse_float=Decimal) == value
    else:
        assert isinstance(value, int | Decimal)
        assert re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", cell)
        assert Decimal(cell) == value


@settings(max_examples=25, deadline=None)
@given(rows=documents())
@pytest.mark.parametrize(("extension", "mark"), [(".csv", ","), (".tsv", "\t")])
def test_text_tables_are_read_equal_by_three(
    tmp_path_factory: pytest.TempPathFactory, *, extension: str, mark: str, rows: list[str]
) -> None:
    path = tmp_path_factory.mktemp("text") / f"a{extension}"
    records = records_of(rows)
    summary = save(path, records)
    counted: Counter[str] = Counter()
    first = by_csv(path, mark)
    assert len(first) == len(records)
    for cells, record in zip(first, records, strict=True):
        assert list(cells) == list(KINDS)
        for name, cell in cells.items():
            value = record.get(name)
            if value is None:
                assert cell == ""
            else:
                judge_text(cell, value, counted)
    assert +counted == Counter(summary.conversions)
    assert by_pandas(path, mark) == first
    for cells, others, record in zip(by_duckdb(path, mark), first, records, strict=True):
        expected = {name: None if record.get(name) is None else cell for name, cell in others.items()}
        assert cells == expected


# -- json, read by two


@settings(max_examples=25, deadline=None)
@given(rows=documents())
@pytest.mark.parametrize("extension", [".json", ".jsonl"])
def test_json_is_read_equal_by_two(
    tmp_path_factory: pytest.TempPathFactory, *, extension: str, rows: list[str]
) -> None:
    path = tmp_path_factory.mktemp("json") / f"a{extension}"
    records = records_of(rows)
    assert save(path, records, columns=None).conversions == {}
    text = path.read_text(encoding="utf-8")
    lines = json.loads(text, parse_float=Decimal) if extension == ".json" else [
        json.loads(line, parse_float=Decimal) for line in text.split("\n")[:-1]
    ]  # fmt: skip
    assert lines == records, "also what is absent, and in its order"
    assert [list(line) for line in lines] == [list(record) for record in records]
    if not re.search(r"\\ud[89a-f]", text):  # duckdb refuses lone surrogates
        form = "array" if extension == ".json" else "newline_delimited"
        query = "select json, json_keys(json) as names from read_json_objects(?, format=?)"
        found = ask(query, [str(path), form])
        assert [row["names"] for row in found] == [list(record) for record in records]
        assert [json.loads(row["json"], parse_float=Decimal) for row in found] == records


# -- parquet, read by two


def moment(name: str, text: str) -> Any:
    if name == "date":
        return date.fromisoformat(text)
    if name == "time":
        return time.fromisoformat(text)
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def judge_parquet(cell: Any, value: JsonValue, name: str, counted: Counter[str]) -> None:
    if name in ("date", "time", "datetime") and isinstance(value, str):
        assert cell == moment(name, value)
        counted[OFFSET] += not value.endswith("Z") and name == "datetime"
    elif isinstance(value, str):
        stored = visible(value, "[\ud800-\udfff]")
        counted[UNSTORABLE] += stored != value
        assert cell == stored
    elif isinstance(value, dict | list):
        assert json.loads(cell, parse_float=Decimal) == value
    else:
        assert cell == value
        assert isinstance(cell, bool) == isinstance(value, bool)
        assert not isinstance(cell, float)


@settings(max_examples=25, deadline=None)
@given(rows=documents())
@pytest.mark.parametrize("known", [True, False])
def test_parquet_is_read_equal_by_two(
    tmp_path_factory: pytest.TempPathFactory, *, known: bool, rows: list[str]
) -> None:
    path = tmp_path_factory.mktemp("parquet") / "a.parquet"
    records = [{name: record.get(name) for name in KINDS} for record in records_of(rows)]
    summary = save(path, records, columns=ALL if known else None)
    counted: Counter[str] = Counter()
    wide = {field.name for field in pq.read_schema(path) if str(field.type).startswith("decimal256")}
    first = pq.read_table(path).to_pylist()
    second = ask("select * from read_parquet(?)", [str(path)])
    for cells, others, record in zip(first, second, records, strict=True):
        for name, cell in cells.items():
            judge_parquet(cell, record[name], name if known else "", counted)
            if name not in wide:  # duckdb has no more than 38 digits
                judge_parquet(others[name], record[name], name if known else "", Counter())
    assert +counted == Counter(summary.conversions)
