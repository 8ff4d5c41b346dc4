"""Many threads and many origins at once, on real sockets: no session is closed in use, and none stays open."""

from __future__ import annotations

import gc
import itertools
import os
import random
import sys
import threading
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.rest.fault_server import FaultServer, says
from txojobs.rest.client import TxoRestAPI
from txojobs.rest.sessions import MAX_SESSIONS
from txojobs.rest.settings import ApiSettings, RetrySettings, TimeoutSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.rest.fault_server import Connection
    from txojobs.rest.origin import Origin
    from txojobs.rest.sessions import Channel, SessionPool

THREADS = 200
ORIGINS = 60
TOGETHER = 2
"""Rounds in which all threads ask at once."""
ALONE = 3
OPEN_FILES = Path("/dev/fd")

pytestmark = pytest.mark.skipif(
    not OPEN_FILES.exists(), reason="counts open files where the system lists them"
)


def open_files() -> int:
    gc.collect()
    return len(os.listdir(OPEN_FILES))  # noqa: PTH208  # the listing itself holds one file, both times


@contextmanager
def room_for(files: int) -> Iterator[None]:
    """Allow so many open files: macOS allows 256 where nothing is said."""
    if sys.platform == "win32":
        yield
        return
    import resource  # noqa: PLC0415  # POSIX

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < files:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class Meeting:
    """A service of many origins that answers the first requests of all threads together, the later ones at once."""

    def __init__(self) -> None:
        self._together = threading.Barrier(THREADS)

    def __call__(self, connection: Connection) -> bool:
        if int(connection.request.target.rpartition("/")[2]) < TOGETHER:
            self._together.wait(120)
        return says({"asked": connection.request.target})(connection)


class Overseer:
    """Sees each session while it is lent, and keeps them all, so that only closing them closes their files."""

    def __init__(self, pool: SessionPool) -> None:
        self._lend = pool.lend
        self._lock = threading.Lock()
        self._busy: set[Channel] = set()
        self.seen: set[Channel] = set()
        self.wrong: list[str] = []
        pool.lend = self.lend  # type: ignore[method-assign]  # the original is called

    @contextmanager
    def lend(self, origin: Origin) -> Iterator[Channel]:
        with self._lend(origin) as channel:
            with self._lock:
                if channel in self._busy:
                    self.wrong.append("lent twice")
                self._busy.add(channel)
                if channel not in self.seen:
                    self.seen.add(channel)
                    channel.close = partial(self.close, channel, channel.close)  # type: ignore[method-assign]  # likewise
            try:
                yield channel
            finally:
                with self._lock:
                    self._busy.discard(channel)

    def close(self, channel: Channel, really: Callable[[], None]) -> None:
        with self._lock:
            if channel in self._busy:
                self.wrong.append("closed in use")
        really()


class Askers:
    """Threads that ask their own origin, all together, then any."""

    def __init__(self, client: TxoRestAPI, servers: list[FaultServer]) -> None:
        self._client = client
        self._servers = servers
        self._all = threading.Barrier(THREADS)
        self.failed: list[BaseException] = []
        self._threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(THREADS)]

    def run(self) -> None:
        for thread in self._threads:
            thread.start()
        for thread in self._threads:
            thread.join(200)

    def _ask(self, number: int) -> None:
        any_of = random.Random(number)
        own = self._servers[number % ORIGINS]
        try:
            for count, server in enumerate([own] * TOGETHER + any_of.choices(self._servers, k=ALONE)):
                target = f"/{number}/{count}"
                assert self._client.get(server.url + target) == {"asked": target}
                if count < TOGETHER:
                    self._all.wait(120)  # what was lent is back
        except BaseException as err:  # noqa: BLE001  # told by the test
            self.failed.append(err)


def test_g13_two_hundred_threads_over_sixty_origins() -> None:
    before = open_files()
    with room_for(2048), ExitStack() as stack:
        meeting = Meeting()
        servers = [stack.enter_context(FaultServer([meeting])) for _ in range(ORIGINS)]
        settings = ApiSettings(
            base_url=servers[0].url,
            trusted_origins=tuple(server.url for server in servers),
            retry=RetrySettings(max_retries=0),
            timeouts=TimeoutSettings(request_s=150, connect_s=150),
        )
        client = TxoRestAPI(settings)
        pool = client._exchange._transport._pool
        overseer = Overseer(pool)
        askers = Askers(client, servers)
        askers.run()
        assert not askers.failed
        assert not overseer.wrong
        targets = sorted(request.target for server in servers for request in server.requests)
        asked = itertools.product(range(THREADS), range(TOGETHER + ALONE))
        assert targets == sorted(f"/{thread}/{count}" for thread, count in asked)
        assert len(overseer.seen) >= THREADS, "each had one to itself"
        assert len(pool) <= MAX_SESSIONS
        client.close()
        assert len(pool) == 0
    assert open_files() <= before, "what earlier tests left may be closed meanwhile"
    assert overseer.seen
