"""Texts that are not UTF-8: read where a mark or somebody says what they are, refused with a hint elsewhere."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from txojobs.errors import FileOperationError
from txojobs.files.formats import format_of
from txojobs.files.table import ReadOptions

if TYPE_CHECKING:
    from pathlib import Path

    from txojobs.records import Record

TEXT = 'No,Name\r\n1,"Åse, Ærø"\r\n2,Žižka €\r\n'
RECORDS: list[Record] = [{"No": "1", "Name": "Åse, Ærø"}, {"No": "2", "Name": "Žižka €"}]


def read(path: Path, encoding: str | None = None) -> tuple[list[Record], dict[str, str]]:
    notes: dict[str, str] = {}
    options = ReadOptions(encoding=encoding, note=notes.__setitem__)
    stream = format_of(path.name).read(path, options=options)
    return [record for batch in stream.batches for record in batch], notes


@pytest.mark.parametrize(
    ("encoding", "noted"),
    [
        ("utf-8", {}),
        ("utf-8-sig", {}),
        ("utf-16", {"encoding": "UTF-16"}),
        ("utf-32", {"encoding": "UTF-32"}),
    ],
)
@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_a_mark_tells_the_encoding_and_the_report_says_so(
    tmp_path: Path, encoding: str, noted: dict[str, str], name: str
) -> None:
    path = tmp_path / name
    content = TEXT.encode(encoding)
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    assert read(path) == (RECORDS, noted)


@pytest.mark.parametrize("begin", [b"\xfe\xff", b"\xff\xfe"])
def test_both_orders_of_utf_16_are_known(tmp_path: Path, begin: bytes) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(begin + TEXT.encode("utf-16-be" if begin == b"\xfe\xff" else "utf-16-le"))
    assert read(path)[0] == RECORDS


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8", "utf-16-le", "UTF-8"])
def test_what_is_said_is_done(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(TEXT.encode(encoding))
    assert read(path, encoding) == (RECORDS, {})


@pytest.mark.parametrize("wanted", ["utf-8", "utf-8-sig"])
def test_a_mark_of_utf_8_is_no_part_of_the_first_heading(tmp_path: Path, wanted: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(TEXT.encode("utf-8-sig"))
    assert read(path, wanted)[0] == RECORDS


def test_a_mark_that_contradicts_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(TEXT.encode("utf-16"))
    with pytest.raises(FileOperationError, match="the mark of UTF-16, and encoding says CP1252"):
        read(path, "cp1252")


def test_text_without_a_mark_that_is_no_utf_8_is_refused_with_what_it_may_be(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    lines = "".join(f"{number},Ærø Brød og Smørrebrød på Østerbro\r\n" for number in range(50))
    path.write_bytes(("No,Name\r\n" + lines).encode("cp1252"))
    with pytest.raises(FileOperationError, match=r"a\.csv is not UTF-8 text") as caught:
        read(path)
    first, second, *_ = (caught.value.example or "").splitlines()
    assert (first, second) == ("encoding: cp1252    # Ærø", "encoding: cp1250    # Ćrř")
    assert "CSV UTF-8" in (caught.value.how_to_fix or "")


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("München", "cp1252"),
        ("Logroño", "cp1252"),
        ("Čeština", "cp1250"),
        ("Москва", "cp1251"),
        ("Åmål", "mac_roman"),
    ],
)
def test_the_readings_hold_the_right_one(tmp_path: Path, text: str, encoding: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(f"No,Name\r\n1,{text}\r\n".encode(encoding))
    with pytest.raises(FileOperationError) as caught:
        read(path)
    assert f"encoding: {encoding}    # {text}" in (caught.value.example or "").splitlines()


def test_a_workbook_by_the_name_of_a_text_is_called_one(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"PK\x03\x04\x14\x00\x00\x00\x08\x00\xff\xfe\xfd")
    with pytest.raises(FileOperationError, match="is no text, but a workbook or another zip file"):
        read(path)


def test_the_wrong_encoding_is_an_error_where_it_can_be_seen(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("No\r\n".encode("utf-16-le") + b"\x00\xd8\r\x00\n\x00")
    with pytest.raises(FileOperationError, match="not UTF-16-LE text"):
        read(path, "utf-16-le")
