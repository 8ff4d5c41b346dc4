"""A large snapshot is read from XML once; whatever else changes, nobody is told anything old."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from tests.metadata.documents import V4, large_document
from txojobs.errors import ValidationError
from txojobs.metadata.csdl import parse
from txojobs.state.metadata_cache import SMALL, service_in

if TYPE_CHECKING:
    from pathlib import Path

    from txojobs.metadata.model import Service


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    path = tmp_path / "default.metadata.xml"
    path.write_bytes(large_document())
    assert path.stat().st_size > SMALL
    return path


def read(snapshot: Path) -> Service:
    return service_in(snapshot, shown_as="x.xml", state_dir=snapshot.parent / "state")


def kept(snapshot: Path) -> Path:
    return snapshot.parent / "state" / "metadata" / "default.metadata.json"


def test_the_second_reading_needs_no_xml_and_says_the_same(
    snapshot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = read(snapshot)
    assert first == parse([large_document()])
    assert [path.name for path in kept(snapshot).parent.iterdir()] == ["default.metadata.json"]
    monkeypatch.delitem(sys.modules, "txojobs.metadata.csdl")
    assert read(snapshot) == first
    assert "txojobs.metadata.csdl" not in sys.modules


def test_a_snapshot_with_other_bytes_of_the_same_size_and_time_is_read_anew(snapshot: Path) -> None:
    read(snapshot)
    times = snapshot.stat()
    snapshot.write_bytes(large_document().replace(b"Things7", b"Thangs7"))
    os.utime(snapshot, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert "Thangs7" in read(snapshot).entity_sets
    assert "Thangs7" in read(snapshot).entity_sets


def test_a_small_snapshot_leaves_nothing_behind(snapshot: Path) -> None:
    snapshot.write_bytes(V4.read_bytes())
    assert read(snapshot) == parse([V4.read_bytes()])
    assert not kept(snapshot).parent.exists()


@pytest.mark.parametrize("content", [b"", b"[1]\n{}", b"\xff\xfe", b'[1,"0","x",2,0]\n{}'])
def test_a_damaged_file_is_made_anew(snapshot: Path, content: bytes) -> None:
    first = read(snapshot)
    whole = kept(snapshot).read_bytes()
    kept(snapshot).write_bytes(content)
    assert read(snapshot) == first
    assert kept(snapshot).read_bytes() == whole


def test_a_state_folder_that_cannot_be_written_costs_time_alone(snapshot: Path) -> None:
    (snapshot.parent / "state").write_text("a file stands in its place")
    assert read(snapshot) == parse([large_document()])


def test_a_snapshot_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match=r"x\.xml cannot be read"):
        service_in(tmp_path / "none.xml", shown_as="x.xml", state_dir=tmp_path)


def test_a_damaged_large_snapshot_is_told_each_time(snapshot: Path) -> None:
    snapshot.write_bytes(large_document()[:-20])
    for _ in range(2):
        with pytest.raises(ValidationError, match="no well-formed XML"):
            read(snapshot)
    assert not kept(snapshot).exists()
