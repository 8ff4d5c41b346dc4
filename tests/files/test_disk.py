from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from txojobs.files import disk
from txojobs.files.table import open_new

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_is_created_only_where_nothing_is(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"precious")
    with pytest.raises(FileExistsError):
        disk.create(tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == b"precious"


@pytest.mark.skipif(sys.platform == "win32", reason="symbolic links need rights on Windows")
def test_no_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "target").write_bytes(b"precious")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    (tmp_path / "dangling").symlink_to(tmp_path / "none")
    for name in ("link", "dangling"):
        for opening in (disk.create, disk.open_existing, open_new):
            with pytest.raises(OSError, match=r"exist|symbolic"):
                opening(tmp_path / name)
    assert (tmp_path / "target").read_bytes() == b"precious"
    assert not (tmp_path / "none").exists()
