"""Incremental runs that are killed at any moment: no watermark lies behind a record that is in no output."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.engine.changing_service import ChangingService
from tests.engine.test_crash import kill_at_a_moment
from tests.engine.workplace import Workplace
from txojobs.state.store import opened
from txojobs.state.watermarks import of_job

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.pages_server import PagesServer

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills by signal")

JOB = """\
version: 1
steps:
  - id: all
    fetch: {entity: Customers, key: [Id], incremental: {by: Changed}}
  - save: changed.jsonl
  - {from: all, save: {file: stable.csv, stamp: false}}
"""
PAGES = 12
MOMENTS = 20


def begin(tmp_path: Path, service: ChangingService) -> Workplace:
    work = Workplace(tmp_path)
    work.config({"api-base-url": service.server.url})
    work.job(JOB)
    return work


def versions(work: Workplace) -> set[tuple[str, str]]:
    """Return each record, as it was at some time, that a whole file holds."""
    found = set()
    for path in (work.root / "output").glob("acme-test-changed_*.jsonl"):
        for line in path.read_text(encoding="utf-8").splitlines():
            record: dict[str, Any] = json.loads(line)
            found.add((record["Id"], record["Changed"]))
    return found


def unreachable(work: Workplace, service: ChangingService) -> set[tuple[str, str]]:
    """Return the records that no file holds and no later run would ask for."""
    with opened(work.root / ".txojobs", create=False) as connection:
        marks = [] if connection is None else of_job(connection, "job", "acme", "test")
    if not marks:
        return set()
    behind = {(each["Id"], each["Changed"]) for each in service.records if each["Changed"] < marks[0].value}
    return behind - versions(work)


def all_of(service: ChangingService) -> set[tuple[str, str]]:
    return {(each["Id"], each["Changed"]) for each in service.records}


def moment(number: int) -> str:
    return f"2026-01-15T10:{number // 60:02}:{number % 60:02}Z"


@pytest.mark.parametrize("seed", range(MOMENTS))
def test_a_run_that_is_killed_loses_no_change(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    service = ChangingService(*({"Id": f"C{n:03}", "Changed": moment(n)} for n in range(PAGES * 5)), size=5)
    with service.server as server:
        work = begin(tmp_path, service)
        if dice.random() < 0.7:
            work.good_run()
            for number in range(PAGES * 5):  # all change, so that as many pages come again
                service.change(f"C{number:03}", moment(100 + number))
        server.asked.clear()
        process = work.start("run", "job", "acme", "test", stderr=subprocess.STDOUT)
        try:
            kill_at_a_moment(process, server, dice)
        finally:
            process.kill()
            process.communicate()
        assert not unreachable(work, service)
        done = work.command("run", "job", "acme", "test")
        assert done.code == 0, done
    assert all_of(service) <= versions(work)
    assert not unreachable(work, service)
    assert not work.left_behind()


AT_CALL = """
import os, signal, sqlite3, sys
calls, wanted = 0, int(os.environ["KILL_AT"])
def count(*_):
    global calls
    calls += 1
    if calls == wanted:
        os.kill(os.getpid(), signal.SIGKILL)
def watch(event, facts):
    if event in ("os.link", "os.rename", "os.remove", "open", "sqlite3.connect") and any(
        word in str(fact) for fact in facts for word in (".part", "publish", "stable", "state.db")
    ):
        count()
connect = sqlite3.connect
def traced(*args, **options):
    connection = connect(*args, **options)
    connection.set_trace_callback(count)
    return connection
sqlite3.connect = traced
sys.addaudithook(watch)
"""


@pytest.mark.parametrize("first", range(2))
def test_killed_before_each_statement_and_each_call_to_the_disk(tmp_path: Path, first: int) -> None:
    """The child kills itself at its n-th one; sitecustomize is the interpreter's, not txojobs's, way in."""
    hook = tmp_path / "hook"
    hook.mkdir()
    (hook / "sitecustomize.py").write_text(AT_CALL)
    service = ChangingService({"Id": "C000", "Changed": moment(0)})
    killed = 0
    with service.server:
        work = begin(tmp_path, service)
        for number in range(1 + first, 200, 3):
            service.change(f"C{number:03}", moment(number))
            env = {"PYTHONPATH": str(hook), "KILL_AT": str(number)}
            done = work.command("run", "job", "acme", "test", env=env)
            assert not unreachable(work, service), number
            if done.code == 0:
                break
            assert done.code == -signal.SIGKILL, done
            killed += 1
        assert killed > 8
        assert work.command("run", "job", "acme", "test").code == 0
    assert all_of(service) <= versions(work)
    assert not work.left_behind()


def test_p4_a_resumed_read_lets_the_next_run_ask_for_what_changed_while_it_was_interrupted(
    tmp_path: Path,
) -> None:
    """Its first pages are an hour older than its last ones: what changed on them since lies before the watermark."""
    service = ChangingService(*({"Id": each, "Changed": moment(0)} for each in "abc"), size=1)
    with service.server as server:
        work = begin(tmp_path, service)
        interrupt(work, server, at=3)
        began_an_hour_earlier(work)
        service.change("a", "2026-01-15T10:30:00Z")
        service.change("c", "2026-01-15T10:59:59Z")
        done = work.command("run", "job", "acme", "test", "--resume")
        assert done.code == 0, done
        assert ("a", "2026-01-15T10:30:00Z") not in versions(work), "its page was kept"
        service.size = 100
        work.good_run()
    assert str(service.filters[-1]) <= "Changed ge 2026-01-15T09:59:59Z"
    assert all_of(service) <= versions(work)


def test_p4_a_resumed_read_by_numbers_leaves_the_watermark_where_it_was(tmp_path: Path) -> None:
    service = ChangingService(*({"Id": each, "Changed": number} for number, each in enumerate("abc")), size=1)
    with service.server as server:
        work = begin(tmp_path, service)
        interrupt(work, server, at=3)
        done = work.command("run", "job", "acme", "test", "--resume")
        assert done.code == 0, done
        assert "the run was resumed" in done.out
        assert work.good_run().as_json()["steps"][0]["incremental"]["reads-all-because"] == "no watermark"


def test_p4_a_full_read_that_is_resumed_is_still_a_full_one(tmp_path: Path) -> None:
    service = ChangingService(*({"Id": each, "Changed": moment(0)} for each in "abc"), size=1)
    with service.server as server:
        work = begin(tmp_path, service)
        work.good_run()
        service.change("c", moment(5))
        server.asked.clear()
        interrupt(work, server, "--full", at=2)
        done = work.command("run", "job", "acme", "test", "--resume")
        assert done.code == 0, done
        assert "--full, full read" in done.out
    assert service.filters[-1] is None


def interrupt(work: Workplace, server: PagesServer, *words: str, at: int) -> None:
    """Start a run and kill it while it waits for an answer."""
    server.hold(at)
    process = work.start("run", "job", "acme", "test", *words)
    try:
        server.wait_for(at)
    finally:
        process.kill()
        process.communicate()
    server.let_go()


def began_an_hour_earlier(work: Workplace) -> None:
    (path,) = (work.root / ".txojobs" / "resume").glob("*/run.json")
    facts = json.loads(path.read_text(encoding="utf-8"))
    started = datetime.fromisoformat(facts["started"]) - timedelta(hours=1)
    facts["started"] = started.isoformat()
    path.write_text(json.dumps(facts), encoding="utf-8")
