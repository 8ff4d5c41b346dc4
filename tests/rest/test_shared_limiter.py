"""One rate for several processes: by injected clocks, and counted by the turns that real processes were given."""

from __future__ import annotations

import errno
import itertools
import json
import os
import stat
import subprocess
import sys
import textwrap
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.rest.conftest import FakeClock
from tests.rest.fault_server import says
from txojobs.errors import ApiTimeoutError, ConfigurationError, RunCancelledError
from txojobs.file_lock import lock
from txojobs.rest.client import TxoRestAPI
from txojobs.rest.limiter import Pace
from txojobs.rest.settings import ApiSettings, AuthSettings, LimiterSettings
from txojobs.rest.shared_limiter import LOCK_PATIENCE_S, SharedLimiter
from txojobs.rest.timing import Limits, Timing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.rest.fault_server import FaultServer

    Serve = Callable[..., FaultServer]

FREE = Limits()
EVERY_SECOND = Pace.of(calls_per_second=1, burst_size=1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "limits" / "a.due"


def limiter(path: Path, clock: FakeClock, pace: Pace = EVERY_SECOND) -> SharedLimiter:
    """What one process has."""
    return SharedLimiter(pace, path, clock.timing())


def taken(limiter: SharedLimiter, times: int) -> list[float | None]:
    return [limiter.reserve(FREE) for _ in range(times)]


def test_two_processes_take_turns(path: Path, clock: FakeClock) -> None:
    one, other = limiter(path, clock), limiter(path, clock)
    assert [each.reserve(FREE) for each in (one, other, other, one, other)] == [0, 1, 2, 3, 4]
    clock.now += 100
    assert [each.reserve(FREE) for each in (other, one)] == [0, 1]


def test_a_burst_is_shared_too(path: Path, clock: FakeClock) -> None:
    pace = Pace.of(calls_per_second=2, burst_size=3)
    one, other = limiter(path, clock, pace), limiter(path, clock, pace)
    assert [each.reserve(FREE) for each in (one, other, one, other)] == [0, 0, 0, 0.5]


def test_each_process_keeps_its_own_pace_on_the_shared_turns(path: Path, clock: FakeClock) -> None:
    slow = limiter(path, clock, Pace.of(calls_per_second=0.1, burst_size=1))
    fast = limiter(path, clock)
    assert [each.reserve(FREE) for each in (fast, slow, fast, fast)] == [0, 1, 11, 12]


def test_a_moment_that_comes_too_late_is_not_taken(path: Path, clock: FakeClock) -> None:
    one, other = limiter(path, clock), limiter(path, clock)
    one.reserve(FREE)
    assert other.reserve(Limits(deadline=clock.now + 0.5)) is None
    assert one.reserve(FREE) == 1


def test_a_process_that_comes_later_finds_the_turns_of_one_that_is_gone(path: Path, clock: FakeClock) -> None:
    taken(limiter(path, clock), 3)
    assert limiter(path, clock).reserve(FREE) == 3


def test_after_a_restart_of_the_machine_nothing_is_believed(path: Path, clock: FakeClock) -> None:
    taken(limiter(path, clock), 500)
    booted = FakeClock()
    booted.now = 20.0
    assert taken(limiter(path, booted), 2) == [0, 1]


def test_a_wall_clock_that_is_set_changes_nothing(path: Path, clock: FakeClock) -> None:
    wall = [1_700_000_000.0]
    timing = Timing(clock=clock, wall_clock=lambda: wall[0], wait=clock.wait)
    one = SharedLimiter(EVERY_SECOND, path, timing)
    one.reserve(FREE)
    for step_s in (-86_400, 172_800):
        wall[0] += step_s
        os.utime(path, (wall[0], wall[0]))
        clock.now += 1
        assert taken(one, 2) == [0, 1]
        assert limiter(path, clock).reserve(FREE) == 2
        clock.now += 2


@pytest.mark.parametrize(
    "text",
    [b"", b"\x00" * 24, b"txL1", b"\xff" * 24, b"{}" * 500],
    ids=["empty", "zeros", "cut", "ones", "another kind"],
)
def test_a_damaged_file_is_replaced_and_its_process_keeps_the_pace(
    text: bytes, path: Path, clock: FakeClock
) -> None:
    one = limiter(path, clock)
    one.reserve(FREE)
    path.write_bytes(text)
    assert limiter(path, clock).reserve(FREE) == 0
    path.write_bytes(text)
    assert one.reserve(FREE) == 1, "its own requests stay apart"
    assert limiter(path, clock).reserve(FREE) == 2


@pytest.mark.parametrize("place", range(24))
def test_each_byte_of_the_file_counts(place: int, path: Path, clock: FakeClock) -> None:
    taken(limiter(path, clock), 5)
    text = bytearray(path.read_bytes())
    text[place] ^= 0x40
    path.write_bytes(text)
    assert limiter(path, clock).reserve(FREE) == 0


def test_a_file_that_was_removed_is_made_again(path: Path, clock: FakeClock) -> None:
    one, other = limiter(path, clock), limiter(path, clock)
    one.reserve(FREE)
    path.unlink()
    assert [each.reserve(FREE) for each in (one, other)] == [1, 2]


def test_who_sits_on_the_lock_stops_nobody(
    path: Path, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    one = limiter(path, clock)
    one.reserve(FREE)
    clock.now += 1
    descriptor = os.open(path, os.O_RDWR)
    try:
        assert lock(descriptor)
        with caplog.at_level("WARNING", logger="txojobs.rest"):
            assert taken(one, 3) == [0, 1, 2]
    finally:
        os.close(descriptor)
    assert LOCK_PATIENCE_S <= clock.now - 1001 <= LOCK_PATIENCE_S + 0.1
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith("the rate limit is not shared with other runs any more: ")
    assert "another process has held it for 5 s" in line


def test_the_wait_for_the_lock_ends_when_the_run_is_asked_to_stop(path: Path, clock: FakeClock) -> None:
    stop = threading.Event()

    def wait(seconds: float, cancels: tuple[threading.Event, ...]) -> None:
        clock.wait(seconds, cancels)
        stop.set()

    one = SharedLimiter(EVERY_SECOND, path, Timing(clock=clock, wait=wait))
    one.reserve(FREE)
    descriptor = os.open(path, os.O_RDWR)
    try:
        assert lock(descriptor)
        with pytest.raises(RunCancelledError):
            one.reserve(Limits(cancels=(stop,)))
        with pytest.raises(ApiTimeoutError):
            one.reserve(Limits(deadline=clock.now - 1))
    finally:
        os.close(descriptor)


def test_a_thread_that_waits_behind_another_one_ends_when_it_is_asked_to_stop(
    path: Path, clock: FakeClock
) -> None:
    stop, holding, go_on = threading.Event(), threading.Event(), threading.Event()

    def wait(_seconds: float, _cancels: tuple[threading.Event, ...]) -> None:
        holding.set()
        go_on.wait(60)
        clock.now += 10

    one = SharedLimiter(EVERY_SECOND, path, Timing(clock=clock, wait=wait))
    one.reserve(FREE)
    descriptor = os.open(path, os.O_RDWR)
    try:
        assert lock(descriptor)
        thread = threading.Thread(target=one.reserve, args=(FREE,))
        thread.start()
        assert holding.wait(60)
        stop.set()
        with pytest.raises(RunCancelledError):
            one.reserve(Limits(cancels=(stop,)))
        go_on.set()
        thread.join(60)
    finally:
        os.close(descriptor)


def test_a_folder_that_cannot_be_used_costs_the_sharing_only(
    path: Path, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    path.parent.parent.mkdir()
    path.parent.write_text("a file in its place")
    with caplog.at_level("WARNING", logger="txojobs.rest"):
        assert taken(limiter(path, clock), 3) == [0, 1, 2]
    (line,) = [record.getMessage() for record in caplog.records]
    assert str(path) in line


def test_a_file_that_cannot_be_read_costs_the_sharing_only(
    path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = limiter(path, clock)
    assert taken(found, 1) == [0]

    def broken(*_: object) -> bytes:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr("os.read", broken)
    assert taken(found, 2) == [1, 2]


@pytest.mark.skipif(os.name == "nt", reason="modes are POSIX")
def test_the_file_and_its_folder_are_private(path: Path, clock: FakeClock) -> None:
    for _ in range(2):
        limiter(path, clock).reserve(FREE)
        modes = [stat.S_IMODE(each.stat().st_mode) for each in (path, path.parent, path.parent.parent)]
        assert modes == [0o600, 0o700, 0o700]
        path.unlink()


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
def test_a_link_in_its_place_is_not_followed(path: Path, clock: FakeClock, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    path.parent.mkdir(parents=True)
    path.symlink_to(victim)
    assert taken(limiter(path, clock), 2) == [0, 1]
    assert victim.read_text() == "mine"


def client_of(server: FaultServer, clock: FakeClock, state_dir: Path, **options: object) -> TxoRestAPI:
    shared = LimiterSettings(calls_per_second=1, shared=True)
    settings = ApiSettings(base_url=server.url, limiter=shared, state_dir=state_dir, **options)  # type: ignore[arg-type]  # as given
    return TxoRestAPI(settings, timing=clock.timing())


def test_clients_of_one_service_share_it_when_they_ask_as_the_same(
    serve: Serve, clock: FakeClock, tmp_path: Path
) -> None:
    server = serve(says({}))
    me = AuthSettings(type="basic", username="me", secret="x")
    you = AuthSettings(type="basic", username="you", secret="x")
    clients = [client_of(server, clock, tmp_path, auth=auth) for auth in (me, me, you)]
    for client in clients:
        client.get("/a")
    assert clock.waits == [1], "services count each user apart"
    elsewhere = client_of(server, clock, tmp_path / "other", auth=me)
    elsewhere.get("/a")
    assert clock.waits == [1]
    for client in (*clients, elsewhere):
        client.close()


def test_it_is_configured_with_one_word_and_kept_in_the_state_folder(
    serve: Serve, clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "jobs").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TXOJOBS_STATE", str(tmp_path / "elsewhere"))
    server = serve(says({}))
    config: dict[str, Any] = {
        "global": {"api-base-url": server.url},
        "script-behavior": {"rate-limiting": {"calls-per-second": 1, "shared": True}},
    }
    for _ in range(3):
        client = TxoRestAPI(ApiSettings.from_config(config), timing=clock.timing())
        client.get("/a")
        client.close()
    assert clock.waits == [1, 1]
    assert len(list((tmp_path / "elsewhere" / "limits").iterdir())) == 1
    config["script-behavior"]["rate-limiting"]["shared"] = "yes"
    with pytest.raises(ConfigurationError, match="shared must be true or false"):
        ApiSettings.from_config(config)


def test_threads_of_one_client_share_it_first_come_first_served(path: Path, clock: FakeClock) -> None:
    one = limiter(path, clock)
    waits: list[float | None] = []
    threads = [threading.Thread(target=lambda: waits.extend(taken(one, 25))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(wait for wait in waits if wait is not None) == list(range(200))


TAKE_TURNS = """
    import json, sys, threading, time
    from pathlib import Path
    from txojobs.rest.limiter import Pace
    from txojobs.rest.shared_limiter import SharedLimiter
    from txojobs.rest.timing import Limits, Timing

    here = threading.local()

    def clock():
        here.now = time.monotonic()
        return here.now

    pace = Pace.of(calls_per_second=0.01, burst_size=int(sys.argv[2]))
    limiter = SharedLimiter(pace, Path(sys.argv[1]), Timing(clock=clock))
    turns = []

    def take(times):
        for _ in range(times):
            wait_s = limiter.reserve(Limits())
            turns.append(here.now + wait_s)

    print("ready", flush=True)
    sys.stdin.readline()
    end = time.monotonic() + 60
    while "for ever" in sys.argv and time.monotonic() < end:
        take(1)
    threads = [threading.Thread(target=take, args=(50,)) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    print(json.dumps(turns), flush=True)
"""


def started(path: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", textwrap.dedent(TAKE_TURNS), str(path), *arguments]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("burst", [1, 7])
def test_real_processes_get_one_turn_after_the_other(burst: int, path: Path) -> None:
    """What is counted are the moments that were given, on the clock that all processes share."""
    processes = [started(path, str(burst)) for _ in range(3)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    turns = [json.loads(process.communicate("go\n", timeout=120)[0]) for process in processes]
    moments = sorted(moment for each in turns for moment in each)
    assert [len(each) for each in turns] == [200] * 3
    steady = moments[burst:]
    gaps = [after - before for before, after in itertools.pairwise(steady)]
    assert gaps == pytest.approx([100] * (600 - burst - 1), abs=1e-3), (
        "no turn was given twice, and none left out"
    )
    assert steady[0] - moments[0] == pytest.approx(100, abs=1e-3)


def test_a_process_that_is_killed_in_the_middle_leaves_the_others_alone(path: Path) -> None:
    with started(path, "1", "for ever") as process:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
        while process.poll() is None and not (path.exists() and path.stat().st_size):
            pass
        process.kill()
    clock = FakeClock()
    clock.now = time.monotonic()
    pace = Pace.of(calls_per_second=0.01, burst_size=1)
    one, other = limiter(path, clock, pace), limiter(path, clock, pace)
    waits = [each.reserve(FREE) or 0.0 for each in (one, other, one)]
    assert waits[0] > 0, "its turns count"
    assert waits == pytest.approx([waits[0], waits[0] + 100, waits[0] + 200])
