from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from txojobs.errors import FileOperationError, ValidationError
from txojobs.files.formats import format_of, write_table
from txojobs.files.table import NOT_FINITE, ReadOptions, WriteOptions, WriteSummary
from txojobs.records import Column

if TYPE_CHECKING:
    from pathlib import Path

    from txojobs.records import Batch, Columns, JsonValue, Record


def write(path: Path, *batches: Batch, columns: Columns | None = None) -> WriteSummary:
    file_format = format_of(path.name)
    return write_table(path, batches, file_format=file_format, columns=columns, options=WriteOptions())


def read(path: Path) -> list[Record]:
    stream = format_of(path.name).read(path, options=ReadOptions())
    return [record for batch in stream.batches for record in batch]


def judge(path: Path) -> Any:
    """What the standard library reads."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        return json.loads(text, parse_float=Decimal)
    return [json.loads(line, parse_float=Decimal) for line in text.split("\n")[:-1]]


BOTH = pytest.mark.parametrize("extension", [".json", ".jsonl"])


def test_an_array_has_one_record_per_line(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    summary = write(path, [{"a": 1}, {"a": Decimal("2.50")}], [{"b": None}])
    assert path.read_bytes() == b'[\n{"a":1},\n{"a":2.50},\n{"b":null}\n]\n'
    assert summary == (3, 2, {}, path.stat().st_size)


def test_lines_have_one_record_each(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    write(path, [{"a": 1}, {"a": Decimal("2.50")}], [{"b": "x\ny"}])
    assert path.read_bytes() == b'{"a":1}\n{"a":2.50}\n{"b":"x\\ny"}\n'


@pytest.mark.parametrize(("extension", "content"), [(".json", b"[]\n"), (".jsonl", b"")])
def test_an_empty_result(tmp_path: Path, extension: str, content: bytes) -> None:
    path = tmp_path / f"a{extension}"
    assert write(path).rows == 0
    assert path.read_bytes() == content
    assert read(path) == []


@BOTH
def test_numbers_keep_every_digit(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"a{extension}"
    record: Record = {"n": 9007199254740993, "d": Decimal("12.340"), "big": 10**30, "e": Decimal("1E+5")}
    write(path, [record])
    assert judge(path) == read(path) == [record]
    assert str(read(path)[0]["d"]) == "12.340"


@BOTH
def test_a_number_that_is_none_becomes_null_and_is_counted(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"a{extension}"
    summary = write(path, [{"n": Decimal("NaN"), "x": [{"y": Decimal("-Infinity")}]}])
    assert judge(path) == [{"n": None, "x": [{"y": None}]}]
    assert summary.conversions == {NOT_FINITE: 2}


@BOTH
def test_a_field_that_is_no_column_is_an_error(tmp_path: Path, extension: str) -> None:
    with pytest.raises(ValidationError, match=r"record 1 .* has a field 'c'"):
        write(tmp_path / f"a{extension}", [{"c": 2}], columns=(Column("a"),))


@BOTH
def test_a_value_that_is_no_json_is_an_error(tmp_path: Path, extension: str) -> None:
    with pytest.raises(ValidationError, match=r"record 1 .* no JSON"):
        write(tmp_path / f"a{extension}", [{"a": object()}])  # type: ignore[dict-item]  # that is the fault


TEXTS = st.text(st.characters(codec=None, exclude_categories=()), max_size=8)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | TEXTS
    | st.sampled_from(["NaN", "Infinity", "\ud800", "\u2028", "=1"])
)
VALUES: st.SearchStrategy[JsonValue] = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=15, deadline=None)
@given(batches=st.lists(st.lists(st.dictionaries(TEXTS, VALUES), min_size=1), max_size=3))
@BOTH
def test_every_value_is_read_back_equal(
    tmp_path_factory: pytest.TempPathFactory, *, extension: str, batches: list[Batch]
) -> None:
    path = tmp_path_factory.mktemp("json") / f"a{extension}"
    summary = write(path, *batches)
    assert judge(path) == read(path) == [record for batch in batches for record in batch]
    assert summary.conversions == {}


def test_reads_in_batches_of_a_thousand(tmp_path: Path) -> None:
    for name in ("a.json", "a.jsonl"):
        path = tmp_path / name
        write(path, [{"a": number} for number in range(2500)])
        stream = format_of(name).read(path, options=ReadOptions())
        assert [len(batch) for batch in stream.batches] == [1000, 1000, 500]


@pytest.mark.parametrize(
    "content",
    [
        b'\xef\xbb\xbf [{"a": 1.10}, {"a": "\\ud800"}]',
        b'{"count": 2, "value": [{"a": 1.10}, {"a": "\\ud800"}], "next": null}',
    ],
)
def test_reads_an_array_or_the_one_array_of_an_object(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)
    assert read(path) == [{"a": Decimal("1.10")}, {"a": "\ud800"}]
    path.write_bytes(content.replace(b"\\ud800", b"x"))
    assert read(path) == [{"a": Decimal("1.10")}, {"a": "x"}]


def test_empty_lines_and_a_byte_order_mark_are_no_records(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"a":1}\r\n\n  \n{"a":2}')
    assert read(path) == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.json", b"[\n{},\n{", r"line 3: not valid JSON"),
        ("a.json", b'[\n{"a":1},\n{"a" 2}\n]', r"line 3: not valid JSON"),
        ("a.json", b"", r"line 1: not valid JSON"),
        ("a.json", b"12", r"holds no list"),
        ("a.json", b'{"a": [], "b": [{}]}', r"holds 2 lists of records instead of one: a, b"),
        ("a.json", b'{"a": 1}', r"holds no list of records"),
        ("a.json", b"[{}, 7]", r"record 2: a record is an object"),
        ("a.json", b'[{"a": 1e99999}]', r"record 1: the number 1e99999"),
        ("a.json", b'[{"a": NaN}]', r"NaN is not a JSON number"),
        ("a.json", b"[" * 100_000, r"nests too deeply"),
        ("a.jsonl", b'{"a":1}\n{"a":', r"line 2: not valid JSON"),
        ("a.jsonl", b'{"a":1}\n[]\n', r"line 2: a record is an object"),
        ("a.jsonl", b'{"a":"\xff"}\n', r"line 1: not valid JSON"),
    ],
)
def test_a_broken_file_is_an_error_that_says_where(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(FileOperationError, match=message) as caught:
        read(path)
    assert caught.value.how_to_fix


@pytest.mark.parametrize("extra", ["", ', "n": "\\ud800"'])
def test_p2_a_saved_page_that_goes_on_elsewhere_is_no_whole_list(tmp_path: Path, extra: str) -> None:
    path = tmp_path / "page.json"
    path.write_text('{"value": [{"a": 1}], "@odata.nextLink": "x"' + extra + "}", encoding="utf-8")
    with pytest.raises(FileOperationError, match=r"one page of a longer list"):
        list(format_of("page.json").read(path, options=ReadOptions()).batches)
