"""P7: one run at a time, between processes and threads, and no lock outlives its holder."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
from datetime import datetime, timezone
from pathlib import Path

import pytest

from txojobs.errors import FileOperationError, JobLockedError, ValidationError
from txojobs.state.lock import FIRST_POLL_S, LAST_POLL_S, LONGEST_WAIT_S, read_holder, run_lock

HOLD = """
import sys
from pathlib import Path
from txojobs.state.lock import run_lock
with run_lock(Path(sys.argv[1]), "export.acme.prod", owner="txojobs run export acme prod"):
    print("held", flush=True)
    sys.stdin.readline()
"""

RACE = """
import sys
from pathlib import Path
from txojobs.errors import JobLockedError
from txojobs.state.lock import run_lock
for line in sys.stdin:
    try:
        with run_lock(Path(sys.argv[1]), "race", owner="racer"):
            print("won", flush=True)
            sys.stdin.readline()

    except JobLockedError:
        print("lost", flush=True)
        sys.stdin.readline()
    print("ready", flush=True)
"""
ROOT = Path(__file__).parents[2]


def start(code: str, folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, str(folder)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def say(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdin is not None
    process.stdin.write(line + "\n")
    process.stdin.flush()


def hear(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def end(process: subprocess.Popen[str]) -> None:
    with process:
        pass


class Clock:
    """A clock that only sleeping moves, and that may do something meanwhile."""

    def __init__(self) -> None:
        self.now = 100.0
        self.pauses: list[float] = []

    def read(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


def test_p7_the_second_process_learns_who_holds_the_lock(tmp_path: Path) -> None:
    holder = start(HOLD, tmp_path)
    try:
        assert hear(holder) == "held"
        with (
            pytest.raises(JobLockedError) as caught,
            run_lock(
                tmp_path,
                "export.acme.prod",
                owner="second",
                to_wait="txojobs run my/export.yaml acme prod --wait",
            ),
        ):
            pytest.fail("two hold the lock")
    finally:
        say(holder, "")
        end(holder)
    message = str(caught.value)
    assert f"process {holder.pid} on " in message
    assert message.endswith(": txojobs run export acme prod")
    assert f"since {datetime.now(timezone.utc).year}-" in message
    assert "let this run wait" in (caught.value.how_to_fix or "")
    assert caught.value.example == "txojobs run my/export.yaml acme prod --wait"


def test_who_has_no_command_that_waits_is_told_none(tmp_path: Path) -> None:
    with (
        run_lock(tmp_path, "export.acme.prod", owner="txojobs run export acme prod"),
        pytest.raises(JobLockedError) as caught,
        run_lock(tmp_path, "export.acme.prod", owner="txojobs state reset export acme prod"),
    ):
        pytest.fail("two hold the lock")
    assert caught.value.how_to_fix == "wait until it has ended, then try again"
    assert caught.value.example is None


def test_p7_a_killed_holder_has_lost_the_lock(tmp_path: Path) -> None:
    holder = start(HOLD, tmp_path)
    assert hear(holder) == "held"
    holder.send_signal(signal.SIGKILL if os.name != "nt" else signal.SIGTERM)
    end(holder)
    left = read_holder(tmp_path / "export.acme.prod.lock")
    assert left is not None
    assert left.pid == holder.pid
    with run_lock(tmp_path, "export.acme.prod", owner="next") as mine:
        assert mine.pid == os.getpid()
        assert read_holder(tmp_path / "export.acme.prod.lock") == mine


def test_p7_of_two_processes_exactly_one_wins_each_of_30_rounds(tmp_path: Path) -> None:
    racers = [start(RACE, tmp_path), start(RACE, tmp_path)]
    try:
        for _ in range(30):
            for racer in racers:
                say(racer, "go")
            assert sorted(hear(racer) for racer in racers) == ["lost", "won"]
            for racer in racers:
                say(racer, "next")
            assert [hear(racer) for racer in racers] == ["ready", "ready"]
    finally:
        for racer in racers:
            end(racer)


def test_p7_holds_between_threads_of_one_process(tmp_path: Path) -> None:
    refused: list[JobLockedError] = []

    def second() -> None:
        try:
            with run_lock(tmp_path, "job", owner="second"):
                pass
        except JobLockedError as err:
            refused.append(err)

    with run_lock(tmp_path, "job", owner="first"):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
    assert len(refused) == 1


def test_other_names_are_other_locks(tmp_path: Path) -> None:
    with run_lock(tmp_path, "a.acme.prod", owner="x"), run_lock(tmp_path, "a.acme.test", owner="x"):
        assert sorted(path.name for path in tmp_path.iterdir()) == ["a.acme.prod.lock", "a.acme.test.lock"]


def test_the_file_stays_and_names_nobody_after_the_release(tmp_path: Path) -> None:
    with run_lock(tmp_path, "job", owner="x"):
        pass
    assert (tmp_path / "job.lock").read_bytes() == b""
    assert read_holder(tmp_path / "job.lock") is None


def test_releases_when_the_run_fails(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), run_lock(tmp_path, "job", owner="x"):
        raise RuntimeError
    with run_lock(tmp_path, "job", owner="x"):
        pass


@pytest.mark.skipif(os.name == "nt", reason="Windows does not let go of a folder in use")
def test_a_lock_whose_file_was_removed_meanwhile_is_not_taken_for_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.open
    removed: list[str] = []

    def open_and_lose(path: str, flags: int, mode: int = 0o777) -> int:
        descriptor = real(path, flags, mode)
        if not removed and str(path).endswith("job.lock"):
            removed.append(str(path))
            Path(path).unlink()  # somebody clears the folder between open and lock
        return descriptor

    monkeypatch.setattr(os, "open", open_and_lose)
    with (
        run_lock(tmp_path, "job", owner="second"),
        pytest.raises(JobLockedError, match="second"),
        run_lock(tmp_path, "job", owner="third"),
    ):
        pass
    assert removed


def test_p6_the_wait_is_bounded_and_its_pauses_too(tmp_path: Path) -> None:
    clock = Clock()
    with (
        run_lock(tmp_path, "job", owner="first"),
        pytest.raises(JobLockedError),
        run_lock(tmp_path, "job", owner="second", wait=7.0, clock=clock.read, sleep=clock.sleep),
    ):
        pass
    assert sum(clock.pauses) == pytest.approx(7.0)
    assert clock.pauses[0] == FIRST_POLL_S
    assert max(clock.pauses) == LAST_POLL_S


def test_p6_an_open_wait_ends_too(tmp_path: Path) -> None:
    clock = Clock()
    with (
        run_lock(tmp_path, "job", owner="first"),
        pytest.raises(JobLockedError),
        run_lock(
            tmp_path,
            "job",
            owner="second",
            wait=True,
            clock=clock.read,
            sleep=lambda seconds: clock.sleep(seconds * 1000),
        ),
    ):
        pass
    assert clock.now - 100.0 >= LONGEST_WAIT_S


def test_waits_until_the_holder_lets_go(tmp_path: Path) -> None:
    clock = Clock()
    first = run_lock(tmp_path, "job", owner="first")
    first.__enter__()

    def third_pause_frees(seconds: float) -> None:
        clock.sleep(seconds)
        if len(clock.pauses) == 3:
            first.__exit__(None, None, None)

    with run_lock(tmp_path, "job", owner="second", wait=True, clock=clock.read, sleep=third_pause_frees):
        assert len(clock.pauses) == 3


def test_a_wait_can_be_broken_off(tmp_path: Path) -> None:
    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    with (
        run_lock(tmp_path, "job", owner="first"),
        pytest.raises(KeyboardInterrupt),
        run_lock(tmp_path, "job", owner="second", wait=True, sleep=interrupted),
    ):
        pass


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_b14_folder_and_file_belong_to_their_owner_only(tmp_path: Path) -> None:
    with run_lock(tmp_path / "state", "job", owner="x"):
        assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700
        assert stat.S_IMODE((tmp_path / "state" / "job.lock").stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["../job", "/etc/job", "a\0b", ""])
def test_b5_a_name_cannot_leave_the_folder(tmp_path: Path, name: str) -> None:
    state = tmp_path / "state"
    if name:
        with pytest.raises(ValidationError), run_lock(state, name, owner="x"):
            pass
    assert [path for path in tmp_path.rglob("*") if path != state] == []


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with (
        pytest.raises(FileOperationError, match="cannot be taken"),
        run_lock(tmp_path / "file" / "state", "job", owner="x"),
    ):
        pass


def test_b17_a_hostile_command_cannot_move_the_cursor(tmp_path: Path) -> None:
    with (
        run_lock(tmp_path, "job", owner="run \x1b[2J\nx" + "y" * 9000),
        pytest.raises(JobLockedError) as caught,
        run_lock(tmp_path, "job", owner="x"),
    ):
        pass
    assert "run \\x1b[2J\\nxyy" in str(caught.value)
