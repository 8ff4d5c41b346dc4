"""The tape: whatever happens to it, an entry that is found is one that was kept."""

from __future__ import annotations

import errno
import os
import threading
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from txojobs.errors import FileOperationError
from txojobs.state.tape import Tape


def key(number: int) -> bytes:
    return number.to_bytes(16, "big")


def test_what_is_kept_is_found_also_by_a_later_process(tmp_path: Path) -> None:
    first = Tape(tmp_path / "t")
    first.keep(key(1), b"one")
    first.keep(key(2), b"")
    assert (first.find(key(1)), first.find(key(2)), first.find(key(3))) == (b"one", b"", None)
    first.close()
    first.close()
    second = Tape(tmp_path / "t")
    assert len(second) == 2
    assert second.find(key(1)) == b"one"
    second.keep(key(3), b"three")
    assert second.find(key(3)) == b"three"
    second.close()
    assert second.find(key(3)) is None


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    contents=st.lists(st.binary(max_size=200), min_size=1, max_size=6),
    where=st.floats(0, 1),
    flip=st.booleans(),
)
def test_p4_cut_or_damaged_anywhere_it_gives_what_was_kept_or_nothing(
    tmp_path: Path,
    contents: list[bytes],
    where: float,
    flip: bool,  # noqa: FBT001  # hypothesis names it
) -> None:
    path = tmp_path / "t"
    path.unlink(missing_ok=True)
    tape = Tape(path)
    for number, content in enumerate(contents):
        tape.keep(key(number), content)
    tape.close()
    whole = bytearray(path.read_bytes())
    place = min(int(where * len(whole)), len(whole) - 1)
    if flip:
        whole[place] ^= 0xFF
        path.write_bytes(whole)
    else:
        path.write_bytes(whole[:place])
    again = Tape(path)
    for number, content in enumerate(contents):
        assert again.find(key(number)) in (content, None)
    again.keep(key(99), b"new")
    assert again.find(key(99)) == b"new"
    again.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_ends_the_keeping_and_nothing_else(tmp_path: Path) -> None:
    tape = Tape(tmp_path / "t")
    tape.keep(key(1), b"one")
    whole = os.dup(tape._file.fileno())
    full = os.open("/dev/full", os.O_RDWR)
    os.dup2(full, tape._file.fileno())
    tape.keep(key(2), b"two")
    assert tape.failure is not None
    assert tape.failure.errno == errno.ENOSPC
    os.dup2(whole, tape._file.fileno())
    assert tape.find(key(1)) == b"one"
    assert tape.find(key(2)) is None
    for descriptor in (whole, full):
        os.close(descriptor)
    tape.close()


def test_an_entry_that_cannot_be_read_is_not_there(tmp_path: Path) -> None:
    tape = Tape(tmp_path / "t")
    tape.keep(key(1), b"one")
    folder = os.open(tmp_path, os.O_RDONLY)
    os.dup2(folder, tape._file.fileno())  # a folder cannot be read like a file
    os.close(folder)
    assert tape.find(key(1)) is None
    tape.close()


def test_started_over_it_is_empty_for_this_process_and_the_next(tmp_path: Path) -> None:
    tape = Tape(tmp_path / "t")
    tape.keep(key(1), b"one")
    tape.start_over()
    assert tape.find(key(1)) is None
    tape.keep(key(2), b"two")
    tape.close()
    again = Tape(tmp_path / "t")
    assert (again.find(key(1)), again.find(key(2))) == (None, b"two")
    again.close()


def test_it_grows_no_further_than_it_may(tmp_path: Path) -> None:
    tape = Tape(tmp_path / "t", most_bytes=200)
    for number in range(20):
        tape.keep(key(number), os.urandom(50))
    assert 0 < len(tape) < 4
    tape.close()


def test_several_threads_may_use_it(tmp_path: Path) -> None:
    tape = Tape(tmp_path / "t")

    def work(part: int) -> None:
        for number in range(part, 400, 4):
            tape.keep(key(number), b"%d" % number)

    threads = [threading.Thread(target=work, args=(part,)) for part in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [tape.find(key(number)) for number in range(400)] == [b"%d" % number for number in range(400)]
    tape.close()


def test_a_path_that_cannot_be_opened_is_explained(tmp_path: Path) -> None:
    with pytest.raises(FileOperationError, match="cannot be opened") as caught:
        Tape(tmp_path / "no" / "t")
    assert caught.value.how_to_fix


def test_p4_content_that_stands_under_another_key_is_not_taken_for_it(tmp_path: Path) -> None:
    path = tmp_path / "t"
    tape = Tape(path)
    tape.keep(key(1), b"page one")
    half = path.stat().st_size
    tape.keep(key(2), b"page two")
    tape.close()
    whole = path.read_bytes()
    assert len(whole) == 2 * half
    content = len(zlib.compress(b"page one", 1))
    first, second = whole[half - content : half], whole[-content:]
    path.write_bytes(whole[: half - content] + second + whole[half:-content] + first)
    again = Tape(path)
    assert (again.find(key(1)), again.find(key(2))) == (None, None)
    again.close()


def test_half_an_entry_at_the_end_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "t"
    tape = Tape(path)
    tape.keep(key(1), b"one")
    whole = path.stat().st_size
    tape.keep(key(2), b"two")
    tape.close()
    path.write_bytes(path.read_bytes()[:-1])
    Tape(path).close()
    assert path.stat().st_size == whole
