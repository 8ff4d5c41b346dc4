"""state.db: made whole and private, brought up to date, never made anew, and busy for a while at most."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from txojobs.errors import FileOperationError
from txojobs.state import store
from txojobs.state.store import MIGRATIONS, NAME, changing, opened
from txojobs.state.watermarks import Watermark, WatermarkKey, find, of_job, put, remove

if TYPE_CHECKING:
    from pathlib import Path

KEY = WatermarkKey("job", "acme", "prod", "default", "Customers", "", "{}")
MARK = Watermark(
    key=KEY,
    by="Changed",
    value="2026-01-15T14:30:00.1234567Z",
    reading_s=3,
    question={"filter": "ab12"},
    run_id="r1",
    set_at="2026-01-15T15:00:00+00:00",
)
SECOND = "CREATE TABLE run (id TEXT PRIMARY KEY, job TEXT NOT NULL); CREATE INDEX run_job ON run (job)"
posix = pytest.mark.skipif(sys.platform == "win32", reason="modes of POSIX")


def made(folder: Path) -> Path:
    with opened(folder) as connection:
        assert connection is not None
        put(connection, [MARK])
    return folder / NAME


def refusal(folder: Path) -> FileOperationError:
    with pytest.raises(FileOperationError) as caught, opened(folder):
        pass
    assert caught.value.how_to_fix
    assert caught.value.example
    return caught.value


def test_what_is_put_there_is_found_again_to_the_last_digit(tmp_path: Path) -> None:
    made(tmp_path)
    with opened(tmp_path) as connection:
        assert connection is not None
        assert find(connection, KEY) == MARK
        assert find(connection, KEY._replace(params='{"country":"NO"}')) is None


@pytest.mark.parametrize("name", WatermarkKey._fields)
def test_each_part_of_the_key_tells_watermarks_apart(tmp_path: Path, name: str) -> None:
    made(tmp_path)
    other = Watermark(key=KEY._replace(**{name: "other"}), by="Changed", value="9")
    with opened(tmp_path) as connection:
        assert connection is not None
        put(connection, [other])
        assert find(connection, KEY) == MARK
        assert find(connection, other.key) == other
        remove(connection, [other.key])
        assert find(connection, KEY) == MARK
        assert of_job(connection, "job", "acme", "prod") == [MARK]


def test_several_watermarks_are_put_together_or_not_at_all(tmp_path: Path) -> None:
    made(tmp_path)
    bad = Watermark(key=KEY._replace(entity="Items"), by="Changed", value=None)  # type: ignore[arg-type]  # refused by the table
    newer = Watermark(key=KEY, by="Changed", value="2027-01-01T00:00:00Z")
    with opened(tmp_path) as connection:
        assert connection is not None
        with pytest.raises(sqlite3.IntegrityError):
            put(connection, [newer, bad])
    with opened(tmp_path) as connection:
        assert connection is not None
        assert of_job(connection, "job", "acme", "prod") == [MARK]


def test_nothing_is_made_where_nothing_is_to_be_written(tmp_path: Path) -> None:
    with opened(tmp_path / "state", create=False) as connection:
        assert connection is None
    assert not list(tmp_path.iterdir())


@posix
def test_it_is_for_its_owner_alone_also_when_it_was_not(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        path = made(tmp_path / "state")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        path.chmod(0o644)
        made(tmp_path / "state")
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_it_appears_whole_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    made(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


def test_it_appears_on_a_file_system_without_hard_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refused)
    made(tmp_path)
    with opened(tmp_path) as connection:
        assert connection is not None
        assert find(connection, KEY) == MARK
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


def test_it_uses_no_shared_memory(tmp_path: Path) -> None:
    """WAL needs it, and does not work on network drives."""
    made(tmp_path)
    with opened(tmp_path) as connection:
        assert connection is not None
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def damage(path: Path, how: str) -> None:
    if how == "empty":
        path.write_bytes(b"")
    elif how == "no database":
        path.write_bytes(b"Dear customer, " * 1000)
    elif how == "cut":
        path.write_bytes(path.read_bytes()[:5000])
    else:
        content = bytearray(path.read_bytes())
        content[4096:8192] = b"\xff" * 4096
        path.write_bytes(content)


@pytest.mark.parametrize("how", ["empty", "no database", "cut", "overwritten"])
def test_a_damaged_file_is_an_error_with_a_way_out_and_stays_as_it_is(tmp_path: Path, how: str) -> None:
    path = made(tmp_path)
    damage(path, how)
    before = path.read_bytes()
    error = refusal(tmp_path)
    assert "is damaged" in str(error)
    assert "reads everything once" in str(error.how_to_fix)
    assert path.read_bytes() == before


def test_the_way_out_of_a_damaged_file_is_one(tmp_path: Path) -> None:
    path = made(tmp_path)
    damage(path, "no database")
    refusal(tmp_path)
    path.rename(tmp_path / "state.db.damaged")
    with opened(tmp_path) as connection:
        assert connection is not None
        assert find(connection, KEY) is None


def test_a_file_of_a_newer_txojobs_is_refused_and_not_touched(tmp_path: Path) -> None:
    made(tmp_path)
    with opened(tmp_path, migrations=(*MIGRATIONS, SECOND)):
        pass
    before = (tmp_path / NAME).read_bytes()
    assert "made by a newer txojobs: its version is 2, and this one knows 1" in str(refusal(tmp_path))
    assert (tmp_path / NAME).read_bytes() == before


def test_a_file_of_an_older_txojobs_is_brought_up_to_date_and_keeps_what_it_holds(tmp_path: Path) -> None:
    made(tmp_path)
    for _ in range(2):
        with opened(tmp_path, migrations=(*MIGRATIONS, SECOND)) as connection:
            assert connection is not None
            assert find(connection, KEY) == MARK
            assert connection.execute("SELECT count(*) FROM run").fetchone() == (0,)


def test_a_migration_that_fails_changes_nothing(tmp_path: Path) -> None:
    made(tmp_path)
    broken = "CREATE TABLE run (id TEXT); INSERT INTO nowhere VALUES (1)"
    with (
        pytest.raises(FileOperationError, match="nowhere"),
        opened(tmp_path, migrations=(*MIGRATIONS, broken)),
    ):
        pass
    with opened(tmp_path, migrations=(*MIGRATIONS, SECOND)) as connection:
        assert connection is not None
        assert find(connection, KEY) == MARK


def test_a_database_of_another_program_is_refused(tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / NAME)) as other:
        other.execute("CREATE TABLE theirs (id)")
        other.commit()
    assert "belongs to another program" in str(refusal(tmp_path))


def test_one_that_stays_locked_is_an_error_after_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "BUSY_S", 0.01)
    path = made(tmp_path)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        error = refusal(tmp_path)
    assert "was locked by another process" in str(error)
    assert "local disk" in str(error.how_to_fix)


def test_a_folder_in_its_place_is_an_error(tmp_path: Path) -> None:
    (tmp_path / NAME).mkdir()
    assert str(tmp_path) in str(refusal(tmp_path))


def test_an_interrupted_change_is_none(tmp_path: Path) -> None:
    made(tmp_path)
    with opened(tmp_path) as connection:
        assert connection is not None
        with contextlib.suppress(KeyboardInterrupt), changing(connection):
            connection.execute("DELETE FROM watermark")
            raise KeyboardInterrupt
        assert find(connection, KEY) == MARK


MANY = """
import sys
from pathlib import Path
from txojobs.state.store import opened
from txojobs.state.watermarks import Watermark, WatermarkKey, put
sys.stdin.readline()
for number in range(6):
    with opened(Path(sys.argv[1])) as connection:
        key = WatermarkKey(sys.argv[2], "acme", "prod", "default", f"E{number}", "", "{}")
        put(connection, [Watermark(key=key, by="Changed", value=str(number))])
"""


def test_processes_that_begin_at_once_make_one_file_and_lose_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", MANY, str(folder), f"job{number}"], stdin=subprocess.PIPE, cwd=root
        )
        for number in range(3)
    ]
    for run in runs:
        assert run.stdin is not None
        run.stdin.write(b"\n")
        run.stdin.close()
    assert [run.wait(60) for run in runs] == [0, 0, 0]
    with opened(folder) as connection:
        assert connection is not None
        for number in range(3):
            assert len(of_job(connection, f"job{number}", "acme", "prod")) == 6
    assert [path.name for path in folder.iterdir()] == [NAME]
