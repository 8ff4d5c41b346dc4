"""Whether a rate limit holds at the server, and whether every thread gets its share: counted where requests arrive.

`python benchmarks/limiter.py` starts an HTTP server in a process of its own, lets one or more processes with one or
more threads call it as fast as they may, and prints a Markdown table. Limits: the rate after the burst within 2 %, no
call of many threads waits more than twice its share (threads / rate); with one or two, a single answer that the
machine was slow to give is more than that. A second table compares a locked file with SQLite as what keeps a shared
limit.
"""

from __future__ import annotations

import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

from txojobs.rest.client import TxoRestAPI
from txojobs.rest.limiter import Pace
from txojobs.rest.settings import ApiSettings, LimiterSettings
from txojobs.rest.shared_limiter import SharedLimiter
from txojobs.rest.timing import Limits, Timing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).resolve().parent
SECONDS = 20
RATE_TOLERANCE = 0.02
MOST_SHARES = 2.0
MANY = 16
BROKEN = "NO"


@dataclass(frozen=True)
class Case:
    """Who calls, and how fast it may be."""

    processes: int
    threads: int
    rate: float
    burst: int = 1
    shared: bool = False

    @property
    def calls(self) -> int:
        """How many calls each thread makes."""
        return max(2, round(self.rate * SECONDS / self.processes / self.threads))


CASES = (
    Case(1, 1, 10),
    Case(1, 1, 10, burst=10),
    Case(1, 16, 10),
    Case(1, 16, 10, burst=10),
    Case(1, 16, 50),
    Case(1, 1, 10, shared=True),
    Case(2, 1, 10, shared=True),
    Case(2, 16, 10, shared=True),
    Case(2, 16, 50, burst=10, shared=True),
)


class _Recorder(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    arrivals: list[float] = []  # noqa: RUF012  # one for the server of this process

    def do_GET(self) -> None:
        """Note when a request came; `/arrivals` tells and forgets."""
        now = time.monotonic()
        body = b"{}"
        if self.path == "/arrivals":
            body = json.dumps(sorted(self.arrivals)).encode()
            self.arrivals.clear()
        else:
            self.arrivals.append(now)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True


def serve() -> None:
    """Serve until the process is ended."""
    server = _Server(("127.0.0.1", 0), _Recorder)
    print(server.server_address[1], flush=True)
    server.serve_forever()


def work(url: str, state: str, case: Case) -> None:
    """Call as fast as the limit allows; print how long each call took."""
    limiter = LimiterSettings(calls_per_second=case.rate, burst_size=case.burst, shared=case.shared)
    client = TxoRestAPI(ApiSettings(base_url=url, limiter=limiter, state_dir=Path(state)))
    took: list[float] = []

    def call() -> None:
        for _ in range(case.calls):
            began = time.monotonic()
            client.get("/a")
            took.append(time.monotonic() - began)

    threads = [threading.Thread(target=call) for _ in range(case.threads)]
    print("ready", flush=True)
    sys.stdin.readline()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps(took), flush=True)
    client.close()


def measured(url: str, case: Case) -> tuple[list[float], list[float]]:
    """Return when requests arrived, and how long calls took."""
    with tempfile.TemporaryDirectory() as state:
        words = [str(getattr(case, name)) for name in ("processes", "threads", "rate", "burst")]
        command = [sys.executable, __file__, "work", url, state, *words, "shared" * case.shared]
        pipe = subprocess.PIPE
        workers = [
            subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) for _ in range(case.processes)
        ]
        for worker in workers:
            worker.stdout.readline()  # type: ignore[union-attr]  # piped
        for worker in workers:
            worker.stdin.write("go\n")  # type: ignore[union-attr]  # piped
            worker.stdin.flush()  # type: ignore[union-attr]  # piped
        took = [seconds for worker in workers for seconds in json.loads(worker.communicate()[0])]
    client = TxoRestAPI(ApiSettings(base_url=url))
    arrivals = client.get("/arrivals")
    client.close()
    return arrivals, took


def row(case: Case, arrivals: list[float], took: list[float]) -> str:
    """Return the line of the table."""
    rate = (len(arrivals) - case.burst) / (arrivals[-1] - arrivals[0])
    off = rate / case.rate - 1
    most = max(
        sum(1 for other in arrivals[index:] if other < first + 1.0) for index, first in enumerate(arrivals)
    )
    share_s = case.processes * case.threads / case.rate
    shares = max(took) / share_s
    fair = shares <= MOST_SHARES or case.threads < MANY
    good = abs(off) <= RATE_TOLERANCE and fair
    who = f"{case.processes} x {case.threads}" + (", shared" if case.shared else "")
    cells = [
        who,
        f"{case.rate:g}",
        str(case.burst),
        str(len(arrivals)),
        f"{rate:.3f} ({off:+.2%})",
        f"{most} of {case.burst + case.rate:g}",
        f"{shares:.2f} shares",
        "yes" if good else BROKEN,
    ]
    return "| " + " | ".join(cells) + " |"


def _turns_by_file(folder: Path, times: int) -> list[float]:
    pace = Pace.of(calls_per_second=1e6, burst_size=1)
    limiter = SharedLimiter(pace, folder / "limits" / "a.due", Timing())
    return _timed(lambda: limiter.reserve(Limits()), times)


def _turns_by_sqlite(folder: Path, times: int) -> list[float]:
    kept = sqlite3.connect(folder / "limits.db", timeout=30, isolation_level=None)
    kept.executescript("pragma journal_mode=wal; pragma synchronous=off")
    kept.execute("create table if not exists turns (name text primary key, due real)")

    def take() -> None:
        kept.execute("begin immediate")
        due = (kept.execute("select due from turns").fetchone() or (0.0,))[0]
        kept.execute("insert or replace into turns values ('a', ?)", (max(due, time.monotonic()) + 1,))
        kept.execute("commit")

    return _timed(take, times)


def _timed(take: Callable[[], object], times: int) -> list[float]:
    took = []
    for _ in range(times):
        began = time.perf_counter()
        take()
        took.append(time.perf_counter() - began)
    return took


KEEPERS = {"a locked file": _turns_by_file, "SQLite, WAL": _turns_by_sqlite}


def compared(processes: int, times: int = 2000) -> Iterator[str]:
    """Yield how long a turn takes by each keeper, with so many processes that want one at once."""
    for name in KEEPERS:
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, __file__, "turns", name, folder, str(times)]
            workers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(processes)]
            took = sorted(1e6 * each for worker in workers for each in json.loads(worker.communicate()[0]))
        median, late = statistics.median(took), took[int(len(took) * 0.99)]
        yield f"| {name} | {processes} | {median:.0f} | {late:,.0f} | {took[-1]:,.0f} |"


def report(url: str) -> Iterator[str]:
    """Yield the lines of the report."""
    version = sys.version.split()[0]
    load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores" if hasattr(os, "getloadavg") else ""
    yield f"# Rate limit\n\nPython {version}, {SECONDS} s each, counted at the server; {load}.\n"
    yield "| processes x threads | calls/s | burst | calls | at the server | in 1 s | longest wait | kept |"
    yield "|---|---|---|---|---|---|---|---|"
    for case in CASES:
        yield row(case, *measured(url, case))
    yield "\nMicroseconds to take a turn that processes share.\n"
    yield "| kept in | processes at once | median | 99 % | worst |\n|---|---|---|---|---|"
    for processes in (1, 4):
        yield from compared(processes)


def main() -> int:
    """Measure, print and write; 1 when a limit was not kept."""
    lines = []
    with subprocess.Popen([sys.executable, __file__, "serve"], stdout=subprocess.PIPE, text=True) as server:
        try:
            port = server.stdout.readline().strip()  # type: ignore[union-attr]  # piped
            for line in report(f"http://127.0.0.1:{port}"):
                print(line, flush=True)
                lines.append(line)
        finally:
            server.kill()
    text = "\n".join(lines) + "\n"
    (HERE / "results" / "limiter.md").write_text(text, encoding="utf-8")
    return 1 if BROKEN in text else 0


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve"]:
            serve()
        case ["work", url, state, processes, threads, rate, burst, shared]:
            work(url, state, Case(int(processes), int(threads), float(rate), int(burst), bool(shared)))
        case ["turns", name, folder, times]:
            print(json.dumps(KEEPERS[name](Path(folder), int(times))))
        case _:
            sys.exit(main())
