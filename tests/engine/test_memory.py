"""Memory is flat: twenty times the rows take no more of it. The one slow test of the engine."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.engine.workplace import PROJECT, Workplace

if TYPE_CHECKING:
    from pathlib import Path

MEASURED = """
import resource, sys
from txojobs.cli.main import run_command_line
code = run_command_line(sys.argv[1:])
sys.stderr.write(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}\\n")
sys.exit(code)
"""
PAGE = 1000


def peak_kib(work: Workplace, rows: int) -> int:
    """Return the peak memory of a process that exports `rows` rows, once as csv and once as jsonl."""
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.engine.pages_server", str(rows), str(PAGE)],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout is not None
        work.config({"api-base-url": server.stdout.readline().strip()})
        work.steps(
            "  - fetch: Customers\n  - filter: Balance > 10\n"
            "  - transform: {columns: {Number: Id, Name: upper(Name), Balance: Balance}}\n"
            "  - save: all.csv\n  - save: all.jsonl\n"
        )
        done = work.python(MEASURED, "run", "job", "acme", "test", "--json")
        assert done.returncode == 0, done.stderr
        written = [step["records"] for step in json.loads(done.stdout)["steps"] if step["verb"] == "save"]
        assert written == [rows * (PAGE - 10) // PAGE] * 2
        return int(done.stderr.rsplit("peak ", 1)[1])
    finally:
        server.communicate("")


@pytest.mark.skipif(sys.platform == "win32", reason="measures with the module resource")
def test_twenty_times_the_rows_take_no_more_memory(tmp_path: Path) -> None:
    few = peak_kib(Workplace(tmp_path / "few"), 20_000)
    many = peak_kib(Workplace(tmp_path / "many"), 400_000)
    assert many < few * 1.15, f"{few:,} KiB for 20,000 rows, {many:,} KiB for 400,000"
