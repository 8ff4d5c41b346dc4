"""The lock of an open file: one opening holds it, whoever closes gives it back, a removed file guards nothing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from txojobs.file_lock import is_open_at, lock, lock_at, unlock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[[], int]]:
    """Open the same file once more at each call."""
    descriptors: list[int] = []

    def open_once_more() -> int:
        descriptors.append(os.open(tmp_path / "a", os.O_RDWR | os.O_CREAT | os.O_APPEND))
        return descriptors[-1]

    yield open_once_more
    for descriptor in descriptors:
        os.close(descriptor)


def test_one_opening_holds_it_until_it_unlocks(opened: Callable[[], int]) -> None:
    first, second = opened(), opened()
    assert lock(first)
    assert not lock(second)
    unlock(first)
    assert lock(second)


def test_closing_gives_it_back(tmp_path: Path, opened: Callable[[], int]) -> None:
    first, second = os.open(tmp_path / "a", os.O_RDWR | os.O_CREAT), opened()
    assert lock(first)
    assert not lock(second)
    os.close(first)
    assert lock(second)


def test_what_is_no_lock_of_another_is_an_error(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path / "a", os.O_RDWR | os.O_CREAT)
    os.close(descriptor)
    with pytest.raises(OSError, match="Bad file descriptor"):
        lock(descriptor)


def test_a_locked_file_can_be_read_and_appended_to(tmp_path: Path, opened: Callable[[], int]) -> None:
    descriptor = opened()
    assert lock(descriptor)
    os.write(descriptor, b"who")
    assert (tmp_path / "a").read_bytes() == b"who"


@pytest.mark.skipif(os.name == "nt", reason="Windows does not let go of an open file")
def test_a_file_that_was_removed_or_replaced_is_locked_in_vain(
    tmp_path: Path, opened: Callable[[], int]
) -> None:
    removed = opened()
    (tmp_path / "a").unlink()
    assert not lock_at(tmp_path / "a", removed)
    new = opened()
    assert not is_open_at(tmp_path / "a", removed)
    assert lock_at(tmp_path / "a", new)
