"""Compare our csv and JSON lines with what a script would write: wall time and peak memory.

`python benchmarks/text_tables.py [ROWS ...]` (20,000 and 200,000 when left out): tables of 6 columns. Runs are
interleaved; medians and ratios to ours are printed, and written to benchmarks/results/text_tables.md.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from main_job import measure  # type: ignore[import-not-found]  # run as a program, beside it
from workbooks import batches  # type: ignore[import-not-found]

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).resolve().parent
ROUNDS = 5


def by_txojobs(path: Path, rows: int) -> None:
    """Write with fields known beforehand, as behind a transform."""
    from txojobs.files.formats import format_of, write_table  # noqa: PLC0415
    from txojobs.files.table import WriteOptions  # noqa: PLC0415
    from txojobs.records import Column  # noqa: PLC0415

    columns = tuple(Column(name) for name in ("No", "Name", "Balance", "Orders", "Day", "Country"))
    write_table(
        path, batches(rows), file_format=format_of(path.name), columns=columns, options=WriteOptions()
    )


def csv_writer(path: Path, rows: int) -> None:
    """Write lists with csv.writer: the best that the standard library has."""
    import csv  # noqa: PLC0415

    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        for batch in batches(rows):
            writer.writerows([list(record.values()) for record in batch])


def dict_writer(path: Path, rows: int) -> None:
    """Write records with csv.DictWriter, as most scripts do."""
    import csv  # noqa: PLC0415

    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["No", "Name", "Balance", "Orders", "Day", "Country"])
        writer.writeheader()
        for batch in batches(rows):
            writer.writerows(batch)


def pandas_csv(path: Path, rows: int) -> None:
    """Write a frame of all rows."""
    import pandas as pd  # noqa: PLC0415

    pd.DataFrame([record for batch in batches(rows) for record in batch]).to_csv(path, index=False)


def arrow_csv(path: Path, rows: int) -> None:
    """Write Arrow tables made of the records, batch by batch."""
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import csv  # noqa: PLC0415

    fields = [("No", pa.string()), ("Name", pa.string()), ("Balance", pa.decimal128(18, 2))]
    schema = pa.schema([*fields, ("Orders", pa.int64()), ("Day", pa.string()), ("Country", pa.string())])
    with csv.CSVWriter(str(path), schema) as writer:
        for batch in batches(rows):
            writer.write_table(pa.Table.from_pylist(batch, schema=schema))


def json_lines(path: Path, rows: int) -> None:
    """Write with json.dumps; the Decimals become floats."""
    import json  # noqa: PLC0415

    with path.open("w", encoding="utf-8") as file:
        for batch in batches(rows):
            file.writelines(json.dumps(record, default=float, ensure_ascii=False) + "\n" for record in batch)


def msgspec_lines(path: Path, rows: int) -> None:
    """Write with msgspec: the floor, since we encode with it, too."""
    import msgspec  # noqa: PLC0415

    encoder = msgspec.json.Encoder(decimal_format="number")
    with path.open("wb") as file:
        for batch in batches(rows):
            file.write(encoder.encode_lines(batch))


def by_nobody(path: Path, rows: int) -> None:
    """Make the records and write nothing: what all the others have in them."""
    path.touch()
    for _ in batches(rows):
        pass


PROGRAMS: dict[str, tuple[str, Callable[[Path, int], None]]] = {
    "txojobs, csv": (".csv", by_txojobs),
    "csv.writer": (".csv", csv_writer),
    "csv.DictWriter": (".csv", dict_writer),
    "pandas, csv": (".csv", pandas_csv),
    "pyarrow, csv": (".csv", arrow_csv),
    "txojobs, jsonl": (".jsonl", by_txojobs),
    "json.dumps": (".jsonl", json_lines),
    "msgspec": (".jsonl", msgspec_lines),
    "the records alone": (".none", by_nobody),
}


def at_size(rows: int) -> dict[str, tuple[float, float]]:
    """Return the median wall seconds and the peak MiB of each writer."""
    found: dict[str, list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory(prefix="txojobs-bench-") as name:
        for _ in range(ROUNDS):
            for program, (extension, _run) in PROGRAMS.items():
                path = Path(name) / f"out{extension}"
                command = [sys.executable, __file__, "--write", program, str(path), str(rows)]
                found.setdefault(program, []).append(measure(command))
    return {
        program: (statistics.median(wall for wall, _ in runs), max(peak for _, peak in runs))
        for program, runs in found.items()
    }


def main() -> None:
    """Measure and write the table."""
    if sys.argv[1:2] == ["--write"]:
        _, _, chosen, path, count = sys.argv
        PROGRAMS[chosen][1](Path(path), int(count))
        return
    sizes = [int(word) for word in sys.argv[1:]] or [20_000, 200_000]
    results = {rows: at_size(rows) for rows in sizes}
    heads = [f"{rows:,} rows: wall, ratio to txojobs | peak MiB" for rows in sizes]
    lines = ["| writer | " + " | ".join(heads) + " |", "|---" * (1 + 2 * len(sizes)) + "|"]
    for program, (extension, _) in PROGRAMS.items():
        ours = "txojobs, jsonl" if extension == ".jsonl" else "txojobs, csv"
        cells = []
        for rows in sizes:
            wall, peak = results[rows][program]
            cells += [f"{wall / results[rows][ours][0]:.2f} ({wall:.2f} s)", f"{peak:.0f}"]
        lines.append(f"| {program} | " + " | ".join(cells) + " |")
    table = "\n".join(lines)
    print(table)
    python = ".".join(map(str, sys.version_info[:3]))
    text = (
        f"# Tables of text\n\nPython {python}, median of {ROUNDS} interleaved runs, peak of all.\n\n{table}\n"
    )
    (HERE / "results" / "text_tables.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
