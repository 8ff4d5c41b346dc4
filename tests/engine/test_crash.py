"""Promises P1 and P7 with real processes: killed at any moment, and started while another runs."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.engine.pages_server import PagesServer, customers
from tests.engine.workplace import Done, Workplace
from txojobs.errors import FileOperationError
from txojobs.files.publish import Publication
from txojobs.files.unfinished import interrupted

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills by signal")

JOB = """\
version: 1
steps:
  - id: all
    fetch: {entity: Customers, key: [Id]}
  - save: {file: stable.jsonl, stamp: false}
  - {from: all, filter: Balance > 10}
  - save: high.csv
  - save: high.json
"""
ROWS = 60
MOMENTS = 26


def whole(work: Workplace, rows: int) -> bool:
    """Tell whether every file that can be seen is of one whole run: the old of 20 records, or the new of `rows`."""
    files = [path for path in (work.root / "output").glob("*") if not path.name.startswith(".")]
    for path in files:
        text = path.read_text(encoding="utf-8")
        count = len(re.findall(r"C\d{5}", text))
        right = (20, rows) if "stable" in path.name else (10, rows - 10)
        if count not in right or not text.endswith(("\n", "]")):
            return False
    return True


def begin(work: Workplace, server: PagesServer) -> None:
    """Make the old files: of 20 records."""
    work.config({"api-base-url": server.url})
    work.job(JOB)
    server.script = customers(rows=20)
    work.good_run()
    server.script = customers(rows=ROWS, size=5)
    server.asked.clear()


@pytest.mark.parametrize("seed", range(MOMENTS))
def test_p1_a_run_that_is_killed_leaves_only_whole_files_and_the_next_one_succeeds(
    tmp_path: Path, seed: int
) -> None:
    work = Workplace(tmp_path)
    dice = random.Random(seed)
    with PagesServer(customers()) as server:
        begin(work, server)
        process = work.start("run", "job", "acme", "test", stderr=subprocess.STDOUT)
        try:
            kill_at_a_moment(process, server, dice)
        finally:
            process.kill()
            process.communicate()
        assert whole(work, ROWS)
        done = work.command("run", "job", "acme", "test")
        assert done.code == 0, done
    assert whole(work, ROWS)
    assert len(re.findall(r"C\d{5}", work.outputs()["stable.jsonl"])) == ROWS
    assert not work.left_behind()


def kill_at_a_moment(process: subprocess.Popen[bytes], server: PagesServer, dice: random.Random) -> None:
    """Kill when the server gets some request, or when a line appears, or shortly after all was sent."""
    assert process.stdout is not None
    moment = dice.choice(["request", "line", "end"])
    if moment == "request":
        number = dice.randint(1, ROWS // 5)
        server.hold(number)
        server.wait_for(number)
    elif moment == "line":
        for _ in range(dice.randint(1, 6)):
            process.stdout.readline()
    else:
        server.wait_for(ROWS // 5)
        for _ in range(dice.randint(0, 20_000)):
            process.poll()
    process.kill()
    server.let_go()


AT_CALL = """
import os, signal, sys
calls, wanted = 0, int(os.environ["KILL_AT"])
def watch(event, facts):
    global calls
    if event in ("os.link", "os.rename", "os.remove", "open") and any(
        ".part" in str(fact) or "publish" in str(fact) or "stable" in str(fact) for fact in facts
    ):
        calls += 1
        if calls == wanted:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(watch)
"""


def test_killed_at_each_call_to_the_disk_around_publishing(tmp_path: Path) -> None:
    """The child kills itself at its n-th call; sitecustomize is the interpreter's, not txojobs's, way in."""
    work = Workplace(tmp_path)
    hook = tmp_path / "hook"
    hook.mkdir()
    (hook / "sitecustomize.py").write_text(AT_CALL)
    killed = 0
    with PagesServer(customers()) as server:
        begin(work, server)
        for number in range(1, 90, 4):
            env = {"PYTHONPATH": str(hook), "KILL_AT": str(number)}
            done = work.command("run", "job", "acme", "test", env=env)
            assert whole(work, ROWS), number
            if done.code == 0:
                break
            assert done.code == -signal.SIGKILL, done
            killed += 1
        assert killed > 5
        assert work.command("run", "job", "acme", "test").code == 0
    assert whole(work, ROWS)
    assert not work.left_behind()


def held(work: Workplace, server: PagesServer) -> subprocess.Popen[bytes]:
    """Start a run and return when the service keeps its second page back."""
    work.config({"api-base-url": server.url})
    work.job(JOB)
    server.hold(2)
    process = work.start("run", "job", "acme", "test")
    server.wait_for(2)
    return process


def ended(process: subprocess.Popen[bytes]) -> Done:
    out, err = process.communicate(timeout=60)
    return Done(process.returncode, out.decode(), err.decode())


def test_p7_a_second_run_ends_at_once_and_says_who_holds_the_lock(tmp_path: Path) -> None:
    work = Workplace(tmp_path)
    with PagesServer(customers()) as server:
        first = held(work, server)
        try:
            second = work.command("run", "job", "acme", "test")
            assert second.code == 75, second
            assert str(first.pid) in second.err
            assert "txojobs run job acme test" in second.err
            assert "--wait" in second.err
            assert len(server.asked) == 2
            server.let_go()
            assert ended(first).code == 0
        finally:
            first.kill()


def test_a_run_that_waits_runs_when_the_first_has_ended(tmp_path: Path) -> None:
    work = Workplace(tmp_path)
    with PagesServer(customers()) as server:
        first = held(work, server)
        second = work.start("run", "job", "acme", "test", "--wait")
        try:
            assert second.stdout is not None
            assert b"waiting until it has ended" in second.stdout.readline()
            assert len(server.asked) == 2
            server.let_go()
            assert ended(first).code == 0
            assert ended(second).code == 0
        finally:
            first.kill()
            second.kill()
    assert len(list((work.root / "output").glob("*high*.csv"))) == 2


def test_the_lock_of_a_run_that_was_killed_is_free(tmp_path: Path) -> None:
    work = Workplace(tmp_path)
    with PagesServer(customers()) as server:
        first = held(work, server)
        first.kill()
        first.communicate()
        server.let_go()
        assert work.command("run", "job", "acme", "test").code == 0


def test_the_demo_service_dies_with_a_run_that_is_killed(tmp_path: Path) -> None:
    work = Workplace(tmp_path)
    work.config({"api-base-url": "demo:"})
    work.steps("  - fetch: Airports\n  - save: a.csv\n")
    process = work.start("run", "job", "acme", "test", "--debug", stderr=subprocess.STDOUT)
    try:
        assert process.stdout is not None
        while b"fetch Airports" not in process.stdout.readline():
            pass
        service = wait_for_child(process.pid)
        process.kill()
        process.communicate()
        for _ in range(2_000):
            if not is_alive(service):
                break
            subprocess.run([sys.executable, "-c", ""], check=True)  # time passes
        assert not is_alive(service)
    finally:
        process.kill()


def wait_for_child(pid: int) -> int:
    """Return the process that `pid` has started."""
    path = f"/proc/{pid}/task/{pid}/children"
    if not os.path.exists(path):  # noqa: PTH110
        pytest.skip("looks into /proc")
    for _ in range(100_000):
        with open(path, encoding="ascii") as file:  # noqa: PTH123
            found = file.read().split()
        if found:
            return int(found[0])
    raise AssertionError("no child")


def is_alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:  # noqa: PTH123
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


AT_REPLACE = """
import os, signal, sys
calls = 0
def watch(event, facts):
    global calls
    if event == "os.rename" and ".part" in str(facts[0]):
        calls += 1
        if calls == 2:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(watch)
"""


def test_a_publication_that_was_interrupted_is_told_before_the_next_run_finishes_it(tmp_path: Path) -> None:
    work = Workplace(tmp_path)
    (tmp_path / "sitecustomize.py").write_text(AT_REPLACE)
    work.numbers("n.jsonl", 3)
    names = ["p1.csv", "p2.csv", "p3.csv"]
    saves = "".join(f"  - save: {{file: {name}, stamp: false}}\n" for name in names)
    work.steps("  - load: data/n.jsonl\n" + saves)
    dead = work.command("run", "job", "acme", "test", env={"PYTHONPATH": str(tmp_path)})
    assert dead.code == -signal.SIGKILL, dead
    (done,) = work.outputs().keys() & set(names)
    for words in (("list",), ("run", "job", "acme", "test", "--dry-run")):
        for _ in range(2):  # to tell it changes nothing
            told = work.command(*words)
            assert told.code == 0, told
            for name in names:
                line = f"warning: output/acme-test-{name} is not published yet"
                assert (line in told.out.replace(f"{work.root}/", "")) == (name != done), told
    assert len(json.loads(work.command("list", "--json").out)["unfinished"]) == 2
    assert work.command("run", "job", "acme", "test").code == 0
    assert set(work.outputs()) == set(names)
    assert "not published" not in work.command("list").out


def test_a_run_that_is_publishing_now_is_not_called_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = Workplace(tmp_path)
    journal = work.root / ".txojobs" / "publish"
    alive = Publication(journal)
    alive.add(work.root / "a.csv", stamped=False)
    with monkeypatch.context() as fault:
        fault.setattr(os, "replace", no_replace)
        with pytest.raises(FileOperationError):
            alive.commit()
    assert interrupted(journal) == []
    alive.abandon()
    assert interrupted(journal) == [work.root / "a.csv"]


def no_replace(*_: object) -> None:
    raise PermissionError(13, "Permission denied")
