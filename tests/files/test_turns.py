"""Promise P1 between runs: the outputs of two that replace the same files never mix, whatever happens to one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.files.test_publish import fail_to_commit
from txojobs.errors import FileOperationError
from txojobs.files.publish import Publication, recover
from txojobs.files.turns import LONGEST_WAIT_S

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
NAMES = ("p1.csv", "p2.csv", "p3.csv", "p4.csv")


@pytest.fixture
def output(tmp_path: Path) -> Path:
    folder = tmp_path / "output"
    folder.mkdir()
    for name in NAMES:
        (folder / name).write_text("old")
    return folder


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "state" / "publish"


def never(seconds: float) -> None:
    raise AssertionError(f"waited {seconds} s")


def of_run(
    who: str,
    journal: Path,
    output: Path,
    *,
    sleep: Callable[[float], None] = never,
    clock: Callable[[], float] = lambda: 0.0,
) -> Publication:
    """Return a run that has written all four files, which hold its name."""
    run = Publication(journal, run=who, sleep=sleep, clock=clock)
    for name in NAMES:
        run.add(output / name, stamped=False).write_text(who)
    return run


def published(output: Path) -> list[str]:
    """Return whose files are there, and nothing but those may be there."""
    assert sorted(path.name for path in output.iterdir()) == sorted(NAMES)
    return [(output / name).read_text() for name in NAMES]


def pause(
    monkeypatch: pytest.MonkeyPatch, moment: str, reached: threading.Event, go_on: threading.Event
) -> None:
    """Stop a run that is not of this thread just before it decides, or when half its files have their names."""
    write, replace = os.write, os.replace
    calls = count(1)

    def stop() -> None:
        if threading.current_thread() is not threading.main_thread():
            reached.set()
            assert go_on.wait(60)

    def pausing_write(descriptor: int, text: bytes) -> int:
        if moment == "deciding" and b'"commit"' in text:
            stop()
        return write(descriptor, text)

    def pausing_replace(old: Path, new: Path) -> None:
        replace(old, new)
        if moment == "halfway" and next(calls) == 2:
            stop()

    monkeypatch.setattr(os, "write", pausing_write)
    monkeypatch.setattr(os, "replace", pausing_replace)


@pytest.mark.parametrize(
    ("moment", "meanwhile"),
    [("deciding", ["old", "old", "old", "old"]), ("halfway", ["first", "first", "old", "old"])],
)
def test_p1_a_run_waits_for_another_that_replaces_the_same_files(
    journal: Path, output: Path, monkeypatch: pytest.MonkeyPatch, moment: str, meanwhile: list[str]
) -> None:
    reached, go_on = threading.Event(), threading.Event()
    pause(monkeypatch, moment, reached, go_on)
    first = threading.Thread(target=of_run("first", journal, output).commit)
    first.start()
    seen: list[list[str]] = []

    def sleep(_: float) -> None:
        seen.append(published_so_far(output))
        go_on.set()
        first.join()

    try:
        assert reached.wait(60)
        of_run("second", journal, output, sleep=sleep).commit()
    finally:
        go_on.set()
        first.join()
    assert seen == [meanwhile]
    assert published(output) == ["second"] * 4
    assert not list(journal.iterdir())


def published_so_far(output: Path) -> list[str]:
    return [(output / name).read_text() for name in NAMES]


DYING = """
import os, signal, sys
from pathlib import Path
from txojobs.files.publish import Publication

output = Path(sys.argv[2])
real, made = os.replace, 0

def replace(old, new):
    global made
    made += 1
    if made == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    real(old, new)

os.replace = replace
run = Publication(Path(sys.argv[1]), run="dead")
for name in sys.argv[3:]:
    run.add(output / name, stamped=False).write_text("dead")
run.commit()
"""


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is a POSIX signal")
def test_p1_what_a_run_that_was_killed_in_the_middle_left_is_finished_before_the_next_publishes(
    journal: Path, output: Path
) -> None:
    """Else the recovery of a later start would put the dead run's rest over the newer files."""
    done = subprocess.run(
        [sys.executable, "-c", DYING, str(journal), str(output), *NAMES], cwd=ROOT, check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert published_so_far(output) == ["dead", "dead", "old", "old"]
    waits = count(1)

    def sleep(_: float) -> None:
        assert next(waits) == 1, "the dead run is not finished"

    of_run("next", journal, output, sleep=sleep).commit()
    assert published(output) == ["next"] * 4
    assert recover(journal) == []
    assert published(output) == ["next"] * 4


def test_a_dead_run_elsewhere_is_left_to_the_next_start(journal: Path, output: Path) -> None:
    """Whatever keeps it from being finished is no reason for this run to fail."""
    elsewhere = output.parent / "elsewhere"
    elsewhere.mkdir()
    for folder in (output, elsewhere):
        subprocess.run(
            [sys.executable, "-c", DYING, str(journal), str(folder), *NAMES], cwd=ROOT, check=False
        )
    for name in elsewhere.glob(".*.part"):
        name.unlink()
    of_run("next", journal, output, sleep=lambda _: None).commit()
    assert published(output) == ["next"] * 4
    with pytest.raises(FileOperationError, match="its temporary file is gone"):
        recover(journal)


def test_p1_a_run_that_could_not_finish_and_is_still_alive_is_waited_for(
    journal: Path, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck = of_run("stuck", journal, output)
    with monkeypatch.context() as fault:
        fault.setattr(os, "replace", no_replace)
        with pytest.raises(FileOperationError, match="or the next run"):
            stuck.commit()
    of_run("next", journal, output, sleep=lambda _: stuck.abandon()).commit()
    assert published(output) == ["next"] * 4
    assert recover(journal) == []
    assert published(output) == ["next"] * 4


def no_replace(*_: object) -> None:
    raise PermissionError(13, "Permission denied")


def test_p6_the_wait_for_a_turn_ends_and_changes_nothing(
    journal: Path, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck = of_run("stuck", journal, output)
    with monkeypatch.context() as fault:
        fault.setattr(os, "replace", no_replace)
        with pytest.raises(FileOperationError):
            stuck.commit()
    now = 0.0

    def sleep(_: float) -> None:
        nonlocal now
        now += LONGEST_WAIT_S / 3

    with of_run("next", journal, output, sleep=sleep, clock=lambda: now) as run:
        with pytest.raises(FileOperationError, match="no output was changed") as caught:
            run.commit()
        assert not run.is_committed
    assert str(output) in str(caught.value)
    assert caught.value.how_to_fix
    assert now == LONGEST_WAIT_S
    assert published_so_far(output) == ["old"] * 4
    stuck.abandon()
    recover(journal)
    assert published(output) == ["stuck"] * 4


def test_a_journal_that_cannot_be_read_is_one_readable_error_and_changes_nothing(
    journal: Path, output: Path
) -> None:
    (journal / "x.publication").mkdir(parents=True)
    with (
        of_run("first", journal, output) as run,
        pytest.raises(FileOperationError, match="no output was changed"),
    ):
        run.commit()
    assert published(output) == ["old"] * 4


def test_files_with_new_names_and_other_folders_wait_for_nobody(
    journal: Path, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck = of_run("stuck", journal, output)
    fail_to_commit(stuck, monkeypatch)
    with Publication(journal, sleep=never) as stamped:
        stamped.add(output / "a_2026Z.csv", stamped=True).write_text("stamped")
        stamped.commit()
    (output / "other").mkdir()
    of_run("other", journal, output / "other").commit()
    assert published(output / "other") == ["other"] * 4
