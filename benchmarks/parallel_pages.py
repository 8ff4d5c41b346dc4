"""Compare reading pages at once with reading them one after the other, at 100 ms a page.

`python benchmarks/parallel_pages.py` serves 81 pages of 100 records by position, each after 100 ms, and runs one job
with `parallel: 1` and with `parallel: 8`, interleaved. The time of a run without a read (a job that loads nothing
from the service) is taken off both. Medians and their ratio are printed and written to
benchmarks/results/parallel_pages.md.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

HERE = Path(__file__).resolve().parent
ROUNDS = 5
PAGES = 81
SIZE = 100
DELAY_S = 0.1


class Pages(BaseHTTPRequestHandler):
    """One page after DELAY_S; its link tells the position of the next."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer with the page at `$skip`."""
        begin = int(parse_qs(urlsplit(self.path).query).get("$skip", ["0"])[0])
        time.sleep(DELAY_S)
        page: dict[str, object] = {
            "@odata.count": PAGES * SIZE,
            "value": [{"No": number, "Name": f"Customer {number}"} for number in range(begin, begin + SIZE)],
        }
        if begin + SIZE < PAGES * SIZE:
            page["@odata.nextLink"] = f"Customers?$skip={begin + SIZE}"
        body = json.dumps(page).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def seconds(folder: Path, job: str) -> float:
    """Return the wall seconds of one run."""
    command = [
        *(sys.executable, "-m", "txojobs", "--workspace", str(folder)),
        *("run", job, "bench", "local", "--quiet"),
    ]
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def main() -> None:
    """Measure, and write the table."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "jobs").mkdir()
        (folder / "config").mkdir()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        (folder / "config" / "bench-local-config.json").write_text(
            json.dumps({"global": {"api-base-url": url}})
        )
        for parallel in (1, 8):
            fetch = f"{{entity: Customers, key: [No], parallel: {parallel}}}"
            text = f"version: 1\nsteps:\n  - fetch: {fetch}\n  - save: out.csv\n"
            (folder / "jobs" / f"at-once-{parallel}.yaml").write_text(text)
        text = f"version: 1\nsteps:\n  - fetch: {{entity: Customers, key: [No], limit: {SIZE}}}\n  - save: out.csv\n"
        (folder / "jobs" / "one-page.yaml").write_text(text)
        taken: dict[str, list[float]] = {}
        for _ in range(ROUNDS):
            for job in ("one-page", "at-once-1", "at-once-8"):
                taken.setdefault(job, []).append(seconds(folder, job))
    server.shutdown()
    median = {job: statistics.median(values) for job, values in taken.items()}
    floor = median["one-page"] - DELAY_S
    ratio = (median["at-once-1"] - floor) / (median["at-once-8"] - floor)
    lines = [
        "# Pages at once",
        "",
        f"{PAGES} pages of {SIZE} records, {DELAY_S * 1000:.0f} ms each; medians of {ROUNDS} interleaved runs.",
        "The last column leaves out what a run of one page takes beside its page.",
        "",
        "| run | seconds | without start and end |",
        "|---|---|---|",
        *(f"| {job} | {value:.2f} | {value - floor:.2f} |" for job, value in median.items()),
        "",
        f"Eight at once read {ratio:.1f} times as fast as one after the other.",
    ]
    print("\n".join(lines))
    (HERE / "results" / "parallel_pages.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
