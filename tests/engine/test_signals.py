"""Ctrl-C and SIGTERM at many moments: in good order, within five seconds, with nothing published and nobody left."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.engine.pages_server import PagesServer, Reply, customers
from tests.engine.test_crash import is_alive, wait_for_child
from tests.engine.workplace import FETCH, Done, Workplace, third_party
from txojobs.cli.exit_codes import Terminated
from txojobs.cli.signals import Signals

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX signals")

HANG_UP = getattr(signal, "SIGHUP", signal.SIGTERM)  # Windows has none, and skips this file
BOTH = pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
LIMIT_S = 5.0


@contextlib.contextmanager
def running(work: Workplace, *options: str, until: bytes, **start: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Start the job and wait until it has said a word, on standard error with --debug; leave no process behind."""
    process = work.start("run", "job", "acme", "test", *options, **start)
    try:
        spoken = process.stderr if "--debug" in options else process.stdout
        assert spoken is not None
        while until not in spoken.readline():
            pass
        yield process
    finally:
        process.kill()
        process.communicate()


def stopped(process: subprocess.Popen[bytes], number: int) -> Done:
    """Send a signal, and see the process end in time."""
    begun = time.monotonic()
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert time.monotonic() - begun < LIMIT_S
    return Done(process.returncode, out.decode(), (err or b"").decode())


@BOTH
@pytest.mark.parametrize("page", [1, 3, 5])
def test_a_run_that_waits_for_a_page(tmp_path: Path, number: int, code: int, page: int) -> None:
    work = Workplace(tmp_path)
    with PagesServer(customers()) as server:
        work.config({"api-base-url": server.url})
        work.job(FETCH)
        server.hold(page)
        process = work.start("run", "job", "acme", "test")
        try:
            server.wait_for(page)
            done = stopped(process, number)
        finally:
            process.kill()
    assert done.code == code, done
    assert "interrupted" in done.err
    assert "Nothing was written." in done.err
    assert "Traceback" not in done.err
    assert not work.outputs()
    assert not work.left_behind()
    (kept,) = (work.root / "logs").glob("*.json")
    assert json.loads(kept.read_text())["outcome"] == "interrupted"


@BOTH
def test_a_run_that_waits_before_it_tries_again(tmp_path: Path, number: int, code: int) -> None:
    work = Workplace(tmp_path)
    with PagesServer(lambda _: Reply(503, b"", {"Retry-After": "120"})) as server:
        work.config({"api-base-url": server.url}, behaviour={"retry-strategy": {"max-retries": 3}})
        work.job(FETCH)
        with running(work, until=b"attempt 1") as process:
            done = stopped(process, number)
    assert done.code == code, done
    assert not work.left_behind()


@BOTH
def test_a_run_that_waits_for_the_lock(tmp_path: Path, number: int, code: int) -> None:
    work = Workplace(tmp_path)
    with PagesServer(customers()) as server:
        work.config({"api-base-url": server.url})
        work.job(FETCH)
        server.hold(1)
        first = work.start("run", "job", "acme", "test")
        second = None
        try:
            server.wait_for(1)
            second = work.start("run", "job", "acme", "test", "--wait")
            assert second.stdout is not None
            assert b"waiting" in second.stdout.readline()
            assert stopped(second, number).code == code
            server.let_go()
            assert first.wait(30) == 0
        finally:
            first.kill()
            first.communicate()
            if second is not None:
                second.kill()


BUSY = third_party(
    "Busy",
    """
    def batches():
        for batch in records.batches:
            ctx.log.info("busy now")
            while True:
                sum(range(1000))
            yield batch
    return RecordStream(records.columns, batches())
    """,
)


@BOTH
def test_a_step_that_computes_and_looks_at_nothing(tmp_path: Path, number: int, code: int) -> None:
    work = Workplace(tmp_path)
    plugins = work.plugin(BUSY, busy="Busy")
    work.numbers("n.jsonl", 10)
    work.steps("  - load: data/n.jsonl\n  - save: a.csv\n  - busy: {}\n")
    with running(work, "--debug", until=b"busy now", env={"PYTHONPATH": str(plugins)}) as process:
        done = stopped(process, number)
    assert done.code == code, done
    assert "interrupted" in done.err
    assert not work.outputs()
    assert not work.left_behind()


def test_the_second_signal_ends_the_process_at_once(tmp_path: Path) -> None:
    work = Workplace(tmp_path)
    plugins = work.plugin(BUSY.replace("while True:", "while ctx.cancel.wait(60) or True:"), busy="Busy")
    work.numbers("n.jsonl", 10)
    work.steps("  - load: data/n.jsonl\n  - busy: {}\n")
    with running(work, "--debug", until=b"busy now", env={"PYTHONPATH": str(plugins)}) as process:
        process.send_signal(signal.SIGINT)
        begun = time.monotonic()
        while process.poll() is None and time.monotonic() - begun < 1.2:
            process.send_signal(signal.SIGTERM)
        assert process.wait(1) == 143


@BOTH
def test_the_demo_service_ends_with_a_run_that_is_interrupted(tmp_path: Path, number: int, code: int) -> None:
    work = Workplace(tmp_path)
    work.config({"api-base-url": "demo:"})
    work.steps("  - fetch: {entity: Airports, page-size: 10}\n  - save: a.csv\n")
    with running(work, until=b"begins", stderr=subprocess.STDOUT) as process:
        service = wait_for_child(process.pid)
        done = stopped(process, number)
    assert done.code == code, done
    assert not is_alive(service)
    assert not work.left_behind()


# -- the handler itself ---------------------------------------------------------------------------------------------


def signals(cancel: threading.Event, *, grace_s: float = 30.0) -> Signals:
    return Signals(cancel, farewell=lambda: None, grace_s=grace_s)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_only_asks(number: signal.Signals) -> None:
    cancel = threading.Event()
    with signals(cancel) as caught:
        signal.raise_signal(number)
        assert cancel.wait(20)
        assert caught.number == number


def test_a_signal_in_the_midst_of_a_wait_for_the_event_locks_nothing() -> None:
    """A thread that waits for an event holds its lock for moments, and a signal may come in one of them."""
    cancel = threading.Event()
    caught = signals(cancel)
    with cancel._cond:  # type: ignore[attr-defined]  # as the interrupted thread does inside `wait`
        handler = threading.Thread(target=caught._caught, args=(signal.SIGTERM, None), daemon=True)
        handler.start()
        handler.join(20)
        assert not handler.is_alive()
    assert cancel.wait(20)
    caught._over.set()
    caught._ending.join(20)


@pytest.mark.parametrize(
    ("number", "kind"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Terminated)]
)
def test_whoever_does_not_stop_is_interrupted(number: signal.Signals, kind: type[BaseException]) -> None:
    cancel = threading.Event()
    with signals(cancel, grace_s=0.05):
        signal.raise_signal(number)
        with pytest.raises(kind):
            threading.Event().wait(20)


def test_inside_the_shield_nothing_is_raised() -> None:
    cancel = threading.Event()
    late = threading.Event()
    with signals(cancel, grace_s=0.01) as caught:
        with caught.shield():
            signal.raise_signal(signal.SIGINT)
            caught._ending.join(20)
            late.wait(0.01)
        assert cancel.wait(20)


def test_a_terminal_that_goes_away_ends_the_run_in_good_order(tmp_path: Path) -> None:
    work = Workplace(tmp_path)
    with PagesServer(customers()) as server:
        work.config({"api-base-url": server.url})
        work.job(FETCH)
        server.hold(2)
        before = signal.signal(HANG_UP, signal.SIG_DFL)  # these tests may themselves run behind nohup
        try:
            with running(work, until=b"begins") as process:
                server.wait_for(2)
                done = stopped(process, HANG_UP)
        finally:
            signal.signal(HANG_UP, before)
        server.let_go()
    assert done.code == 128 + HANG_UP
    assert "Nothing was written." in done.out + done.err
    assert not work.left_behind()


def test_nohup_keeps_a_run_going() -> None:
    before = signal.signal(HANG_UP, signal.SIG_IGN)
    try:
        with signals(threading.Event()):
            assert signal.getsignal(HANG_UP) == signal.SIG_IGN
            assert signal.getsignal(signal.SIGTERM) != signal.SIG_DFL
    finally:
        signal.signal(HANG_UP, before)


def test_handlers_are_put_back() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with signals(threading.Event()):
        assert signal.getsignal(signal.SIGINT) != before[0]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_in_another_thread_signals_are_left_alone() -> None:
    before = signal.getsignal(signal.SIGINT)
    seen: list[object] = []

    def run() -> None:
        with signals(threading.Event()):
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert seen == [before]


PUBLISHING = """
import os, signal, sys
sent = False
def watch(event, facts):
    global sent
    if event in ("os.link", "os.rename") and ".part" in str(facts[0]) and not sent:
        sent = True
        os.kill(os.getpid(), int(os.environ["SIGNAL"]))
sys.addaudithook(watch)
"""


@BOTH
def test_a_signal_during_publishing_comes_too_late(tmp_path: Path, number: int, code: int) -> None:
    del code
    work = Workplace(tmp_path)
    (tmp_path / "hook").mkdir()
    (tmp_path / "hook" / "sitecustomize.py").write_text(PUBLISHING)
    work.numbers("n.jsonl", 10)
    work.steps(
        "  - load: data/n.jsonl\n  - save: a.csv\n  - save: b.csv\n  - save: {file: c.csv, stamp: false}\n"
    )
    env = {"PYTHONPATH": str(tmp_path / "hook"), "SIGNAL": str(int(number))}
    done = work.command("run", "job", "acme", "test", env=env)
    assert done.code == 0, done
    assert set(work.outputs()) == {"a.csv", "b.csv", "c.csv"}
    assert not work.left_behind()
