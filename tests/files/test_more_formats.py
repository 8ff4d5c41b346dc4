"""Tables of tabs, YAML, and any table with `.gz`: read back by readers that are not ours, and by our own."""

from __future__ import annotations

import csv
import gzip
import io
import subprocess
import sys
import zlib
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from txojobs.errors import FileOperationError, Mark
from txojobs.files import compressed, yaml_list
from txojobs.files.formats import FORMATS, format_of, write_table
from txojobs.files.handler import TxoDataHandler
from txojobs.files.table import UNSTORABLE, ReadOptions, WriteOptions, WriteSummary
from txojobs.records import Column
from txojobs.workspace import Workspace

if TYPE_CHECKING:
    from txojobs.records import Batch, Columns, Record

ROWS: Batch = [
    {"No": "00123", "Name": 'He said "hi"', "Balance": Decimal("1234567890123456789.10"), "Open": True},
    {"No": "1E5", "Name": "tab\there", "Balance": None, "Open": False},
    {"No": "NO", "Name": "=1+1", "Balance": 9007199254740993, "Open": None},
]


def write(path: Path, *batches: Batch, columns: Columns | None = None) -> WriteSummary:
    found = format_of(path.name)
    return write_table(
        path, batches, file_format=found, columns=columns, options=WriteOptions(name=path.name)
    )


def read(path: Path) -> list[Record]:
    stream = format_of(path.name).read(path, options=ReadOptions())
    return [record for batch in stream.batches for record in batch]


# -- tabs


@pytest.mark.parametrize("extension", [".tsv", ".txt"])
def test_a_table_of_tabs_is_read_by_the_standard_library(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"a{extension}"
    write(path, ROWS)
    text = path.read_bytes().decode()
    assert text.splitlines()[0] == "No\tName\tBalance\tOpen"
    found = list(csv.DictReader(io.StringIO(text, newline=""), delimiter="\t", strict=True))
    assert [row["No"] for row in found] == ["00123", "1E5", "NO"]
    assert [row["Name"] for row in found] == ['He said "hi"', "tab\there", "'=1+1"]
    assert [row["Balance"] for row in found] == ["1234567890123456789.10", "", "9007199254740993"]
    assert [list(row.values()) for row in read(path)] == [list(row.values()) for row in found]


# -- YAML


def test_yaml_is_a_block_for_each_record(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    record: Record = {
        "No": "00123",
        "on": None,
        "Address": {"City": "Malmö", "Lines": ["a: b", "# c"], "Empty": {}, "None": []},
        "Nested": [[1, 2], {"x": [True]}],
        "a key": Decimal("1.50"),
    }
    assert write(path, [record], [{"No": "2"}]).rows == 2
    assert path.read_text(encoding="utf-8") == (
        '- "No": "00123"\n  "on": null\n  Address:\n    City: "Malmö"\n    Lines:\n      - "a: b"\n      - "# c"\n'
        '    Empty: {}\n    None: []\n  Nested:\n    - - 1\n      - 2\n    - x:\n        - true\n  "a key": 1.50\n'
        '- "No": "2"\n'
    )
    assert read(path) == [record, {"No": "2"}]
    assert str(read(path)[0]["a key"]) == "1.50"


@pytest.mark.parametrize("batches", [(), ([],)])
def test_an_empty_list_is_one(tmp_path: Path, batches: tuple[Batch, ...]) -> None:
    path = tmp_path / "a.yaml"
    write(path, *batches)
    assert path.read_bytes() == b"[]\n"
    assert read(path) == judge(path) == []


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
LARGE = 10**20
NUMBER = st.integers(-LARGE, LARGE) | st.decimals(
    allow_nan=False, allow_infinity=False, places=5, min_value=-LARGE, max_value=LARGE
)
VALUE = st.recursive(
    st.none() | st.booleans() | NUMBER | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


def judge(path: Path) -> Any:
    """What ruamel.yaml makes of a file, which is not the writer: a fraction is a float there."""
    return YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))


def with_floats(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: with_floats(member) for name, member in value.items()}
    if isinstance(value, list):
        return [with_floats(member) for member in value]
    return float(value) if isinstance(value, Decimal) else value


@settings(max_examples=25, deadline=None)
@given(rows=st.lists(st.dictionaries(TEXT, VALUE, min_size=1, max_size=4), max_size=4))
def test_every_value_in_yaml_is_read_back_equal_by_another_library(
    tmp_path_factory: pytest.TempPathFactory, rows: Batch
) -> None:
    path = tmp_path_factory.mktemp("yaml") / "a.yaml"
    write(path, rows)
    assert read(path) == rows
    assert judge(path) == with_floats(rows)


def test_what_yaml_cannot_hold_becomes_visible_and_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    assert write(path, [{"a": "x\ud800y", "b": "\0\x85\u2028"}]).conversions == {UNSTORABLE: 1}
    assert read(path) == judge(path) == [{"a": "x\\uD800y", "b": "\0\x85\u2028"}]


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("- a: 1\n  a: 2\n", "the key 'a' twice", 2),
        ("a: 1\n", "holds no list of records", 1),
        ("- a: 1\n- 5\n", "holds no list of records", 1),
        ("- [a: 1\n", "is not YAML", None),
        ("- {? [a] : 1}\n", "a key that is no text", 1),
    ],
)
def test_a_yaml_file_that_is_no_table_is_an_error(
    tmp_path: Path, text: str, message: str, line: int | None
) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FileOperationError, match=message) as caught:
        read(path)
    assert line is None or (caught.value.where or Mark("", 0, 0)).line == line


def test_a_yaml_bomb_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.yaml"
    lines = ["- a: &a0 [1, 1]"] + [f"  b{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 40)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    monkeypatch.setattr(yaml_list, "MAX_VALUES", 50_000)
    with pytest.raises(FileOperationError, match="too many values"):
        read(path)
    monkeypatch.setattr(yaml_list, "MAX_BYTES", 10)
    with pytest.raises(FileOperationError, match="larger than 10 bytes"):
        read(path)


# -- compressed


@pytest.mark.parametrize("extension", FORMATS)
def test_each_format_may_be_compressed(tmp_path: Path, extension: str) -> None:
    plain, packed = tmp_path / f"a{extension}", tmp_path / f"b{extension}.gz"
    rows = [{"No": row["No"], "Name": row["Name"]} for row in ROWS]
    columns = (Column("No"), Column("Name"))
    expected = write(plain, rows, columns=columns)
    summary = write(packed, rows, columns=columns)
    done = subprocess.run(["gzip", "-dc", packed], check=True, capture_output=True)
    assert done.stdout == plain.read_bytes()
    assert summary == expected._replace(size_bytes=packed.stat().st_size)
    assert read(packed) == read(plain)
    assert packed.read_bytes()[3:9] == bytes(6), "neither a name nor a time"
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([plain.name, packed.name])


def test_late_columns_of_a_compressed_csv_are_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    write(path, [{"a": "1"}], [{"b": "2"}])
    assert gzip.decompress(path.read_bytes()) == b"a,b\r\n1,\r\n,2\r\n"


@pytest.mark.parametrize(
    "spoil", [lambda data: data[:-5], lambda _: b"no gzip", lambda data: data[:-8] + bytes(8)],
    ids=["cut", "none", "checksum"],
)  # fmt: skip
def test_a_file_that_is_no_whole_gzip_is_an_error(tmp_path: Path, spoil: Any) -> None:
    path = tmp_path / "a.csv.gz"
    write(path, ROWS)
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(FileOperationError, match=r"a\.csv\.gz is no whole gzip file"):
        read(path)


def test_a_gzip_bomb_is_an_error_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compressed, "MOST_BYTES", 5_000_000)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "unpacked"))
    (tmp_path / "unpacked").mkdir()
    monkeypatch.setattr("tempfile.tempdir", None)
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"a\r\n" + b" " * 8_000_000))
    with pytest.raises(FileOperationError, match="unpacks to far more than a table would"):
        read(path)
    assert not list((tmp_path / "unpacked").iterdir())


def test_what_is_unpacked_is_removed_when_it_was_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "unpacked"))
    (tmp_path / "unpacked").mkdir()
    path = tmp_path / "a.jsonl.gz"
    write(path, [{"n": number} for number in range(2500)])
    batches = iter(format_of(path.name).read(path, options=ReadOptions()).batches)
    next(batches)
    assert list((tmp_path / "unpacked").iterdir())
    assert sum(len(batch) for batch in batches) == 1500
    assert not list((tmp_path / "unpacked").iterdir())


# -- other packages


def test_another_package_may_bring_a_format(tmp_path: Path) -> None:
    site = tmp_path / "site"
    (site / "lines-1.0.dist-info").mkdir(parents=True)
    (site / "lines-1.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: lines\nVersion: 1.0\n"
    )
    (site / "lines-1.0.dist-info" / "entry_points.txt").write_text(
        "[txojobs.formats]\nlines = lines_format\n"
    )
    (site / "lines_format.py").write_text(
        "from txojobs.files.json_lines import open_writer, read\n", encoding="utf-8"
    )
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path\n"
        "from txojobs.files.formats import format_of, write_table\n"
        "from txojobs.files.table import WriteOptions\n"
        "path = Path(sys.argv[2]) / 'a.lines'\n"
        "write_table(path, [[{'a': 1}]], file_format=format_of(path.name), columns=None, options=WriteOptions())\n"
        "print(path.read_text())\n"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code, site, tmp_path],
        check=True,
        capture_output=True,
        text=True,
        cwd=root,
    )
    assert done.stdout.strip() == '{"a":1}'


# -- scripts


def test_scripts_save_and_load_them(tmp_path: Path) -> None:
    handler = TxoDataHandler(Workspace(tmp_path))
    rows = [{"No": "1", "Name": "Ä"}]
    for name in ("a.tsv", "a.csv.gz", "a.jsonl.gz"):
        handler.save(rows, "output", name)
        assert handler.load("output", name) == rows
    handler.save("plain text", "output", "note.txt")
    assert handler.load("output", "note.txt") == "plain text"
    handler.save(rows, "output", "a.yaml")
    assert handler.load("output", "a.yaml") == '- "No": "1"\n  Name: "Ä"\n'
    assert (
        zlib.decompress((tmp_path / "output" / "a.csv.gz").read_bytes(), 31) == "No,Name\r\n1,Ä\r\n".encode()
    )


# -- what is said of them


def test_the_page_about_files_says_of_each_format_what_it_holds() -> None:
    text = (Path(__file__).parents[2] / "docs" / "files.md").read_text(encoding="utf-8")
    told = {
        cells[1].strip(" `"): (cells[3].strip(), cells[4].strip())
        for cells in (line.split("|") for line in text.splitlines() if line.startswith("| `."))
    }
    assert told == {extension: (each.writing, each.reading) for extension, each in FORMATS.items()}
