"""Promise P1 under faults: each system call fails in turn; real processes are killed between two."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.files.test_publish import fail_to_commit
from txojobs.errors import FileOperationError
from txojobs.files.placing import _claim
from txojobs.files.publish import Publication, recover

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
OLD, NEW, STAMPED = b"old\n", b"new content\n" * 50, b"stamped content\n" * 50
CONTENT = {"stable.csv": NEW, "one_2026Z.csv": STAMPED, "two_2026Z.csv": STAMPED}
SYSTEM_CALLS = ("open", "write", "fsync", "link", "replace", "rename", "unlink")


def workspace(tmp_path: Path, number: int) -> tuple[Path, Path]:
    output, journal = tmp_path / f"output-{number}", tmp_path / f"journal-{number}"
    output.mkdir()
    (output / "stable.csv").write_bytes(OLD)
    return output, journal


def start(journal: Path, output: Path) -> Publication:
    run = Publication(journal, run="r1")
    for name, content in CONTENT.items():
        run.add(output / name, stamped=content is STAMPED).write_bytes(content)
    return run


def state(output: Path) -> str:
    """Say what the folder of outputs holds: "new", "old", or its content if it is neither."""
    found = {path.name: path.read_bytes() for path in output.iterdir()}
    if found == CONTENT:
        return "new"
    return "old" if found == {"stable.csv": OLD} else f"broken: {sorted(found)}"


def has_only_whole_files(output: Path) -> bool:
    visible = [path for path in output.iterdir() if not path.name.startswith(".")]
    return all(path.read_bytes() in (OLD, NEW, STAMPED) for path in visible)


def is_clean(journal: Path) -> bool:
    return not journal.exists() or not list(journal.iterdir())


def fail_nth(monkeypatch: pytest.MonkeyPatch, nth: int, *, dead: bool) -> Callable[[], int]:
    """Let the n-th system call fail, and each later one too on a dead disk; return the count of calls."""
    made = 0

    def wrap(name: str) -> None:
        real = getattr(os, name)

        def call(*args: object, **options: object) -> object:
            nonlocal made
            made += 1
            if made == nth or (dead and made > nth):
                raise OSError(28, "No space left on device")
            return real(*args, **options)

        monkeypatch.setattr(os, name, call)

    for name in SYSTEM_CALLS:
        wrap(name)
    return lambda: made


def no_links(*_: object, **__: object) -> None:
    raise PermissionError(1, "Operation not permitted")


@pytest.mark.parametrize("dead", [False, True], ids=["one fault", "dead disk"])
@pytest.mark.parametrize("links", [True, False], ids=["links", "no links"])
def test_whatever_call_fails_the_outputs_are_published_together_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, dead: bool, links: bool
) -> None:
    seen = []
    for nth in range(1, 200):
        output, journal = workspace(tmp_path, nth)
        calls, failed = one_faulty_run(monkeypatch, journal, output, nth=nth, dead=dead, links=links)
        assert has_only_whole_files(output), nth
        recover(journal)
        assert state(output) in ("new", "old"), (nth, state(output))
        assert is_clean(journal), nth
        assert failed or state(output) == "new", nth
        if calls < nth:
            break
        seen.append(state(output))
    assert len(seen) < 199, "the run makes more calls than were tried"
    assert seen.count("new") > 5
    assert seen.count("old") > 5


def one_faulty_run(
    monkeypatch: pytest.MonkeyPatch, journal: Path, output: Path, *, nth: int, dead: bool, links: bool
) -> tuple[int, bool]:
    with monkeypatch.context() as fault:
        if not links:
            fault.setattr(os, "link", no_links)
        count = fail_nth(fault, nth, dead=dead)
        run = None
        try:
            run = Publication(journal, run="r1")
            for name, content in CONTENT.items():
                run.add(output / name, stamped=content is STAMPED).write_bytes(content)
            run.commit()
        except FileOperationError as err:
            assert err.how_to_fix  # noqa: PT017  # both outcomes are looked at
            assert run is not None
            run.abandon()
            return count(), True
    return count(), False


@pytest.mark.parametrize("dead", [False, True], ids=["one fault", "dead disk"])
@pytest.mark.parametrize("links", [True, False], ids=["links", "no links"])
def test_recovering_can_itself_fail_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, dead: bool, links: bool
) -> None:
    for nth in range(1, 100):
        output, journal = workspace(tmp_path, nth)
        run = start(journal, output)
        fail_to_commit(run, monkeypatch)
        with monkeypatch.context() as fault:
            if not links:
                fault.setattr(os, "link", no_links)
            count = fail_nth(fault, nth, dead=dead)
            with suppress(FileOperationError):
                recover(journal)
            made = count()
        assert has_only_whole_files(output), nth
        recover(journal)
        assert state(output) == "new", (nth, state(output))
        assert is_clean(journal), nth
        if made < nth:
            return
    pytest.fail("recovery makes more calls than were tried")


def test_everything_is_on_the_disk_before_the_line_that_decides_and_before_the_first_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output, journal = workspace(tmp_path, 0)
    run = start(journal, output)
    events: list[str] = []
    real_fsync, real_write = os.fsync, os.write

    def fsync(descriptor: int) -> None:
        facts = os.fstat(descriptor)
        folder = facts.st_ino == output.stat().st_ino
        events.append(
            "folder" if folder else "output" if facts.st_size in (len(NEW), len(STAMPED)) else "journal"
        )
        real_fsync(descriptor)

    def write(descriptor: int, data: bytes) -> int:
        events.append("commit" if b"commit" in data else "note")
        return real_write(descriptor, data)

    def note(name: str) -> Callable[..., None]:
        real = getattr(os, name)

        def call(*args: object, **options: object) -> None:
            events.append(name)
            real(*args, **options)

        return call

    with monkeypatch.context() as watched:
        watched.setattr(os, "fsync", fsync)
        watched.setattr(os, "write", write)
        for name in ("link", "replace"):
            watched.setattr(os, name, note(name))
        run.commit()
    published = ["replace", "note", "link", "note", "link", "note"]
    assert events == [*["output"] * 3, "folder", "commit", "journal", *published, "folder", "journal"]


def test_of_two_dead_runs_the_later_one_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    output, journal = workspace(tmp_path, 0)
    journal.mkdir()
    for number, name in enumerate(("z-first", "a-second")):
        run = Publication(tmp_path / f"journal-{name}", run=name)  # one that knew nothing of the other
        run.add(output / "stable.csv", stamped=False).write_bytes(name.encode())
        fail_to_commit(run, monkeypatch)
        (registry,) = (tmp_path / f"journal-{name}").iterdir()
        os.utime(registry, (1000 + number, 1000 + number))
        registry.rename(journal / registry.name)
    assert recover(journal) == [output / "stable.csv"] * 2
    assert (output / "stable.csv").read_bytes() == b"a-second"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows renames without replacing")
@pytest.mark.parametrize("alive", [False, True])
def test_a_claim_counts_only_while_its_run_is_alive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, alive: bool
) -> None:
    import fcntl  # noqa: PLC0415  # does not exist on Windows

    output, journal = workspace(tmp_path, 0)
    claim = _claim(output / "a.csv")
    with claim.open("wb") as file:
        if alive:
            fcntl.flock(file, fcntl.LOCK_EX)
        monkeypatch.setattr(os, "link", no_links)
        run = Publication(journal)
        run.add(output / "a.csv", stamped=True).write_bytes(NEW)
        assert run.commit() == [output / ("a-2.csv" if alive else "a.csv")]
    assert claim.exists() == alive


@pytest.mark.skipif(sys.platform == "win32", reason="on Windows an open file cannot be removed")
@pytest.mark.parametrize("removed_at_once", [True, False])
def test_a_registry_that_a_starting_run_took_before_it_was_locked_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, removed_at_once: bool
) -> None:
    import fcntl  # noqa: PLC0415  # does not exist on Windows

    output, journal = workspace(tmp_path, 0)
    real = fcntl.flock
    taken: list[Path] = []
    other = []

    def flock(descriptor: int, operation: int) -> None:
        if not taken:  # what `recover` of another process does at this very moment
            taken.extend(journal.iterdir())
            other.append(os.open(taken[0], os.O_RDWR))
            real(other[0], operation)
            if removed_at_once:
                taken[0].unlink()
        real(descriptor, operation)

    with monkeypatch.context() as race:
        race.setattr(fcntl, "flock", flock)
        run = start(journal, output)
    if not removed_at_once:
        taken[0].unlink()
    os.close(other[0])
    assert len(list(journal.iterdir())) == 1
    run.commit()
    assert is_clean(journal)
    assert state(output) == "new"


CHILD = """
import os, signal, sys
from pathlib import Path

journal, output = Path(sys.argv[1]), Path(sys.argv[2])
what, nth, links = sys.argv[3], int(sys.argv[4]), sys.argv[5]
from txojobs.files.publish import Publication, recover
made = 0

def deadly(name):
    real = getattr(os, name)
    def call(*args, **options):
        global made
        made += 1
        if made == nth:
            os.kill(os.getpid(), signal.SIGKILL)
        if name == "link" and links == "no":
            raise PermissionError(1, "Operation not permitted")
        return real(*args, **options)
    setattr(os, name, call)

for name in ("open", "write", "fsync", "link", "replace", "rename", "unlink", "close"):
    deadly(name)
if what == "recover":
    recover(journal)
else:
    run = Publication(journal, run="r1")
    for name in ("stable.csv", "one_2026Z.csv", "two_2026Z.csv"):
        stable = name == "stable.csv"
        content = b"new content\\n" if stable else b"stamped content\\n"
        run.add(output / name, stamped=not stable).write_bytes(content * 50)
    run.commit()
"""


def run_child(journal: Path, output: Path, *, what: str, nth: int, links: str) -> bool:
    """Run a process that kills itself before its n-th call; say whether it got that far."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(journal), str(output), what, str(nth), links],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode != 0


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is a POSIX signal")
@pytest.mark.parametrize("links", ["yes", "no"])
def test_a_process_killed_at_any_moment_leaves_all_outputs_or_none(tmp_path: Path, links: str) -> None:
    seen = []
    nth = 1
    while True:
        output, journal = workspace(tmp_path, nth)
        killed = run_child(journal, output, what="publish", nth=nth, links=links)
        assert has_only_whole_files(output), nth
        recover(journal)
        assert state(output) in ("new", "old"), (nth, state(output))
        assert is_clean(journal), nth
        if not killed:
            assert state(output) == "new"
            break
        seen.append(state(output))
        nth += 1
    assert len(seen) >= 40
    assert seen == sorted(seen, key=("old", "new").index), "there is one moment that decides"
    assert seen.count("new") >= 10


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is a POSIX signal")
@pytest.mark.parametrize("links", ["yes", "no"])
def test_a_recovery_killed_at_any_moment_is_finished_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: str
) -> None:
    nth = 1
    killed = True
    while killed:
        output, journal = workspace(tmp_path, nth)
        run = start(journal, output)
        fail_to_commit(run, monkeypatch)
        killed = run_child(journal, output, what="recover", nth=nth, links=links)
        assert has_only_whole_files(output), nth
        recover(journal)
        assert state(output) == "new", (nth, state(output))
        assert is_clean(journal), nth
        nth += 1
    assert nth > 12


RACER = """
import os, sys
from pathlib import Path
from txojobs.files.publish import Publication

journal, output, who, links = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4]

def no_links(*args, **options):
    raise PermissionError(1, "Operation not permitted")

if links == "no":
    os.link = no_links
for number in range(20):
    print("ready", flush=True)
    sys.stdin.readline()
    run = Publication(journal, run=who)
    run.add(output / f"{number}_2026Z.csv", stamped=True).write_text(f"{who} {number}")
    run.commit()
"""


@pytest.mark.parametrize("links", ["yes", "no"])
def test_two_processes_publishing_one_stamped_name_lose_nothing(tmp_path: Path, links: str) -> None:
    output, journal = workspace(tmp_path, 0)
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACER, str(journal), str(output), who, links],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for who in ("a", "b")
    ]
    with racers[0], racers[1]:
        for _ in range(20):
            for racer in racers:
                assert racer.stdout is not None
                assert racer.stdout.readline() == "ready\n"
            for racer in racers:
                assert racer.stdin is not None
                racer.stdin.write("go\n")
                racer.stdin.flush()
    assert [racer.returncode for racer in racers] == [0, 0]
    published = sorted(path.read_text() for path in output.glob("*_2026Z*"))
    assert published == sorted(f"{who} {number}" for who in "ab" for number in range(20))
    assert is_clean(journal)
    assert not list(output.glob(".*"))
