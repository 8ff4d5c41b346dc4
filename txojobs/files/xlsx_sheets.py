"""A workbook that goes on with a further sheet where one is full."""

from __future__ import annotations

from typing import TYPE_CHECKING

from txojobs.files.splitting import SplitWriter
from txojobs.files.xlsx_names import sheet_name_for
from txojobs.files.xlsx_writing import Workbook

if TYPE_CHECKING:
    from pathlib import Path

    from txojobs.files.table import TableWriter, WriteOptions, WriteSummary
    from txojobs.records import Batch, Columns


class SheetAfterSheet:
    """Writes the workbook; see TableWriter. Each sheet has the header and at most so many records."""

    def __init__(self, path: Path, rows: int, *, columns: Columns | None, options: WriteOptions) -> None:
        self._columns = columns
        self._options = options
        self._names: list[str] = []
        self._book = Workbook(path, options=options)
        self._sheets = SplitWriter(self._sheet, rows_per_file=rows)

    def write(self, batch: Batch) -> None:
        """Add records; see TableWriter."""
        self._sheets.write(batch)

    def close(self) -> WriteSummary:
        """Finish the file; see TableWriter."""
        summary = self._sheets.close()
        return summary._replace(size_bytes=self._book.close())

    def abort(self) -> None:
        """Let go of the file; see TableWriter."""
        self._book.abort()

    def _sheet(self, number: int) -> TableWriter:
        del number  # the name counts
        name = sheet_name_for(self._options.sheet, taken=self._names)
        self._names.append(name)
        return self._book.sheet(name, columns=self._columns, hints=self._options.hints)
