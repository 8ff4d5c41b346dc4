"""Compare our workbooks with those of pandas, openpyxl and XlsxWriter: wall time, peak memory, size of the file.

`python benchmarks/workbooks.py [ROWS ...]` (20,000 and 200,000 when left out): tables of 6 columns. Runs are
interleaved; medians and ratios to ours are printed, and written to benchmarks/results/workbooks.md.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from main_job import measure  # type: ignore[import-not-found]  # run as a program, beside it

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).resolve().parent
ROUNDS = 3
WRITERS = ("txojobs", "XlsxWriter constant_memory", "openpyxl write_only", "pandas with openpyxl")


def batches(rows: int) -> Iterator[list[dict[str, Any]]]:
    """Yield the records, a thousand at once."""
    for start in range(0, rows, 1000):
        yield [
            {
                "No": f"{number:07d}",
                "Name": f"Customer number {number}" + (" & Sons" if number % 50 == 0 else ""),
                "Balance": Decimal(number * 37 % 1_000_000) / 100,
                "Orders": number % 97,
                "Day": f"2025-{number % 12 + 1:02d}-{number % 28 + 1:02d}",
                "Country": ("SE", "NO", "DK", "FI")[number % 4],
            }
            for number in range(start, min(start + 1000, rows))
        ]


def by_txojobs(path: Path, rows: int) -> None:
    """Write with types and formats, as a job with a transform does."""
    from txojobs.files.formats import format_of, write_table  # noqa: PLC0415
    from txojobs.files.table import WriteOptions  # noqa: PLC0415
    from txojobs.records import Column  # noqa: PLC0415

    columns = (
        Column("No", type="text"),
        Column("Name"),
        Column("Balance", type="decimal", format="#,##0.00"),
        Column("Orders", type="integer"),
        Column("Day", type="date"),
        Column("Country"),
    )
    write_table(
        path, batches(rows), file_format=format_of(path.name), columns=columns, options=WriteOptions()
    )


def by_xlsxwriter(path: Path, rows: int) -> None:
    """Write row by row; dates stay text, no column is typed."""
    import xlsxwriter  # noqa: PLC0415

    book = xlsxwriter.Workbook(path, {"constant_memory": True})
    sheet, money, row = book.add_worksheet(), book.add_format({"num_format": "#,##0.00"}), 0
    for batch in batches(rows):
        for record in batch:
            row += 1
            for column, value in enumerate(record.values()):
                if isinstance(value, str):
                    sheet.write_string(row, column, value)
                else:
                    sheet.write_number(row, column, value, money)
    book.close()


def by_openpyxl(path: Path, rows: int) -> None:
    """Write row by row; dates stay text, no column is typed."""
    import openpyxl  # noqa: PLC0415

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    for batch in batches(rows):
        for record in batch:
            sheet.append(list(record.values()))
    book.save(path)


def by_pandas(path: Path, rows: int) -> None:
    """Write a frame of all rows, with real dates."""
    import pandas as pd  # noqa: PLC0415

    frame = pd.DataFrame([record for batch in batches(rows) for record in batch])
    frame["Day"] = pd.to_datetime(frame["Day"])
    frame.to_excel(path, index=False, engine="openpyxl")


def by_nobody(path: Path, rows: int) -> None:
    """Make the records and write nothing: what all the others have in them."""
    del path
    for _ in batches(rows):
        pass


PROGRAMS = dict(zip(WRITERS, (by_txojobs, by_xlsxwriter, by_openpyxl, by_pandas), strict=True))
PROGRAMS["the records alone"] = by_nobody


def at_size(rows: int) -> dict[str, tuple[float, float, float]]:
    """Return the median wall seconds, the peak MiB and the MiB of the file of each writer."""
    found: dict[str, list[tuple[float, float]]] = {}
    sizes: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="txojobs-bench-") as name:
        path = Path(name) / "out.xlsx"
        for _ in range(ROUNDS):
            for writer in PROGRAMS:
                path.unlink(missing_ok=True)
                command = [sys.executable, __file__, "--write", writer, str(path), str(rows)]
                found.setdefault(writer, []).append(measure(command))
                sizes[writer] = path.stat().st_size / 2**20 if path.exists() else 0
    return {
        writer: (statistics.median(wall for wall, _ in runs), max(peak for _, peak in runs), sizes[writer])
        for writer, runs in found.items()
    }


def main() -> None:
    """Measure and write the table."""
    if sys.argv[1:2] == ["--write"]:
        _, _, chosen, path, count = sys.argv
        PROGRAMS[chosen](Path(path), int(count))
        return
    sizes = [int(word) for word in sys.argv[1:]] or [20_000, 200_000]
    results = {rows: at_size(rows) for rows in sizes}
    heads = [f"{rows:,} rows: wall, ratio to txojobs | peak MiB | MiB of the file" for rows in sizes]
    lines = ["| writer | " + " | ".join(heads) + " |", "|---" * (1 + 3 * len(sizes)) + "|"]
    for writer in PROGRAMS:
        cells = []
        for rows in sizes:
            wall, peak, size = results[rows][writer]
            ours = results[rows]["txojobs"][0]
            cells += [f"{wall / ours:.2f} ({wall:.2f} s)", f"{peak:.0f}", f"{size:.1f}"]
        lines.append(f"| {writer} | " + " | ".join(cells) + " |")
    table = "\n".join(lines)
    print(table)
    python = ".".join(map(str, sys.version_info[:3]))
    text = f"# Workbooks\n\nPython {python}, median of {ROUNDS} interleaved runs, peak of all.\n\n{table}\n"
    (HERE / "results" / "workbooks.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
