"""Compare the main job with a floor program and with what a user would write: wall time and peak memory.

`python benchmarks/main_job.py [ROWS ...]` (20,000 and 200,000 when left out). Runs are interleaved; medians and
ratios to the floor are printed, and written to benchmarks/results/main_job.md. A bare second means nothing on a
shared machine: read the ratios.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROUNDS = 5
JOB = """\
version: 1
steps:
  - fetch: {entity: Customers, key: [CustomerNo]}
  - filter: BalanceDue > 10000.1 && Country == 'SE'
  - transform:
      columns:
        Customer No.: CustomerNo
        Name: DisplayName
        City: Address.City
        Country: Country
        Balance: BalanceDue
        Changed: Changed
  - save: out.%s
"""


def workspace(folder: Path, url: str) -> None:
    """Write a workspace with the two jobs."""
    (folder / "jobs").mkdir(parents=True)
    (folder / "config").mkdir()
    for extension in ("csv", "xlsx"):
        (folder / "jobs" / f"{extension}.yaml").write_text(JOB % extension, encoding="utf-8")
    config = {"global": {"api-base-url": url}}
    (folder / "config" / "bench-local-config.json").write_text(json.dumps(config), encoding="utf-8")


def commands(url: str, folder: Path) -> dict[str, list[str]]:
    """Return each runner's command."""
    python = sys.executable
    run = [python, "-m", "txojobs", "--workspace", str(folder), "run"]
    return {
        "floor, csv": [python, str(HERE / "floor.py"), url, str(folder / "floor.csv")],
        "txojobs, csv": [*run, "csv", "bench", "local", "--quiet"],
        "txojobs, xlsx": [*run, "xlsx", "bench", "local", "--quiet"],
        "requests+pandas, csv": [python, str(HERE / "requests_pandas.py"), url, str(folder / "pandas.csv")],
        "requests+pandas, xlsx": [python, str(HERE / "requests_pandas.py"), url, str(folder / "pandas.xlsx")],
    }


def measure(command: list[str]) -> tuple[float, float]:
    """Return wall seconds and peak MiB of one run."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}")
    return seconds, usage.ru_maxrss / 1024


def at_size(rows: int) -> dict[str, tuple[float, float]]:
    """Return the median wall seconds and the peak MiB of each runner for a number of rows."""
    server = subprocess.Popen(
        [sys.executable, str(HERE / "pages.py"), str(rows)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdin is not None
    assert server.stdout is not None
    try:
        url = server.stdout.readline().strip()
        with tempfile.TemporaryDirectory(prefix="txojobs-bench-") as name:
            folder = Path(name) / "workspace"
            workspace(folder, url)
            found: dict[str, list[tuple[float, float]]] = {}
            for _ in range(ROUNDS):
                for runner, command in commands(url, folder).items():
                    found.setdefault(runner, []).append(measure(command))
    finally:
        server.stdin.close()
        server.wait(10)
    return {
        runner: (statistics.median(wall for wall, _ in runs), max(peak for _, peak in runs))
        for runner, runs in found.items()
    }


def main() -> None:
    """Measure and write the table."""
    sizes = [int(word) for word in sys.argv[1:]] or [20_000, 200_000]
    results = {rows: at_size(rows) for rows in sizes}
    head = (
        "| runner | " + " | ".join(f"{rows:,} rows: wall, ratio to floor | peak MiB" for rows in sizes) + " |"
    )
    lines = [head, "|---" * (1 + 2 * len(sizes)) + "|"]
    for runner in results[sizes[0]]:
        cells = []
        for rows in sizes:
            wall, peak = results[rows][runner]
            floor = results[rows]["floor, csv"][0]
            cells += [f"{wall / floor:.2f} ({wall:.2f} s)", f"{peak:.0f}"]
        lines.append(f"| {runner} | " + " | ".join(cells) + " |")
    table = "\n".join(lines)
    print(table)
    out = HERE / "results"
    out.mkdir(exist_ok=True)
    python = ".".join(map(str, sys.version_info[:3]))
    text = (
        f"# The main job\n\nPython {python}, median of {ROUNDS} interleaved runs, peak of all.\n\n{table}\n"
    )
    (out / "main_job.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
