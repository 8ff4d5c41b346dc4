"""Compare writing Parquet with what a straightforward pyarrow program does with the same records and exact decimals.

`python benchmarks/parquet_table.py` writes 20,000 and 200,000 records of six fields, in batches of 1,000, each time
in a process of its own; runs are interleaved. Counted is the processor time of writing, which a busy machine changes
less than the time on the clock, without that of making the records and of importing. Medians, ratios and the peak
memory are printed and written to benchmarks/results/parquet_table.md. The pyarrow programs are told the schema, which
ours has to find out.
"""

from __future__ import annotations

import importlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from txojobs.files.formats import format_of, write_table
from txojobs.files.table import WriteOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).resolve().parent
ROUNDS = 7
SIZES = (20_000, 200_000)
BATCH = 1000
FIELDS = ("CustomerNo", "Name", "Balance", "Quantity", "Blocked", "Country")


def records(rows: int) -> Iterator[list[dict[str, Any]]]:
    """Yield batches of records as a service sends them."""
    for begin in range(0, rows, BATCH):
        yield [
            {
                "CustomerNo": f"{number:08}",
                "Name": f"Customer {number * 2654435761 % 2**32:x}",
                "Balance": Decimal(number * 7919 % 10_000_000).scaleb(-2),
                "Quantity": number * 31 % 1000,
                "Blocked": number % 7 == 0,
                "Country": ("SE", "NO", "DK", None)[number % 4],
            }
            for number in range(begin, min(begin + BATCH, rows))
        ]


class Clock:
    """Yields batches and knows how long its own work took."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.seconds = 0.0

    def __iter__(self) -> Iterator[list[dict[str, Any]]]:
        source = records(self.rows)
        while True:
            began = time.process_time()
            batch = next(source, None)
            self.seconds += time.process_time() - began
            if batch is None:
                return
            yield batch


def _schema() -> Any:

    types = (pa.string(), pa.string(), pa.decimal128(38, 2), pa.int64(), pa.bool_(), pa.string())
    return pa.schema(list(zip(FIELDS, types, strict=True)))


def pyarrow_batches(path: Path, batches: Clock) -> None:
    """Write each batch as it comes."""

    schema = _schema()
    with pq.ParquetWriter(path, schema) as writer:
        for batch in batches:
            writer.write_batch(pa.RecordBatch.from_pylist(batch, schema))


def pyarrow_groups(path: Path, batches: Clock) -> None:
    """Collect batches of Arrow up to a row group as large as ours."""

    schema = _schema()
    with pq.ParquetWriter(path, schema) as writer:
        group: list[Any] = []
        for batch in batches:
            group.append(pa.RecordBatch.from_pylist(batch, schema))
            if len(group) * BATCH >= 65_536:
                writer.write_table(pa.Table.from_batches(group))
                group = []
        if group:
            writer.write_table(pa.Table.from_batches(group))


def pyarrow_at_once(path: Path, batches: Clock) -> None:
    """Hold all records, then write one table."""

    everything = [record for batch in batches for record in batch]
    pq.write_table(pa.Table.from_pylist(everything, _schema()), path)


def ours(path: Path, batches: Clock) -> None:
    """Write as `save` does where nothing is known of the columns."""

    write_table(path, batches, file_format=format_of(path.name), columns=None, options=WriteOptions())


RUNNERS: dict[str, Callable[[Path, Clock], None]] = {
    "pyarrow, a row group a batch": pyarrow_batches,
    "pyarrow, row groups of 65,536": pyarrow_groups,
    "pyarrow, all at once": pyarrow_at_once,
    "txojobs": ours,
}


def child(runner: str, rows: int) -> None:
    """Run one of them and print its seconds and size."""
    importlib.import_module("txojobs.files.parquet_writing")
    pa.array([""])  # imports pandas where there is one
    with tempfile.TemporaryDirectory(prefix="txojobs-bench-") as folder:
        path = Path(folder) / "out.parquet"
        batches = Clock(rows)
        began = time.process_time()
        RUNNERS[runner](path, batches)
        seconds = time.process_time() - began - batches.seconds
        print(json.dumps([seconds, path.stat().st_size]))


def measure(runner: str, rows: int) -> tuple[float, float, int]:
    """Return seconds, peak MiB and bytes of one run."""
    command = [sys.executable, __file__, runner, str(rows)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, cwd=HERE.parent, env={**os.environ, "PYTHONPATH": "."}
    )
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{runner} ended with {process.returncode}")
    seconds, size = json.loads(said)
    return seconds, usage.ru_maxrss / 1024, size


def main() -> None:
    """Measure and write the table."""
    found: dict[tuple[str, int], list[tuple[float, float, int]]] = {}
    for _ in range(ROUNDS):
        for rows in SIZES:
            for runner in RUNNERS:
                found.setdefault((runner, rows), []).append(measure(runner, rows))
    head = (
        "| writer | "
        + " | ".join(f"{rows:,} rows: seconds, ratio | peak MiB | file" for rows in SIZES)
        + " |"
    )
    lines = [head, "|---" * (1 + 3 * len(SIZES)) + "|"]
    floor = {
        rows: statistics.median(run[0] for run in found["pyarrow, row groups of 65,536", rows])
        for rows in SIZES
    }
    for runner in RUNNERS:
        cells = []
        for rows in SIZES:
            runs = found[runner, rows]
            seconds = statistics.median(run[0] for run in runs)
            peak = max(run[1] for run in runs)
            cells += [
                f"{seconds:.3f}, {seconds / floor[rows]:.2f}",
                f"{peak:.0f}",
                f"{runs[0][2] / 1e6:.2f} MB",
            ]
        lines.append(f"| {runner} | " + " | ".join(cells) + " |")
    table = "\n".join(lines)
    print(table)
    python = ".".join(map(str, sys.version_info[:3]))
    text = (
        f"# Parquet\n\nPython {python}, records of six fields, one of them decimal; processor time, median of "
        f"{ROUNDS} interleaved runs, peak of all.\n"
        "The ratio is to pyarrow with row groups of the same size, which is told the schema.\n\n"
        f"{table}\n"
    )
    (HERE / "results" / "parquet_table.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        child(sys.argv[1], int(sys.argv[2]))
    else:
        main()
