"""Write one sheet of a workbook: its header, its rows, its widths, and the limits of a sheet.

A limit of the format is an error that names the row, never a shortened sheet. Rows whose columns are not known yet
wait on disk.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from txojobs.errors import FileOperationError
from txojobs.files.scratch import Stage
from txojobs.files.table import Tally, WriteSummary, check_names, no_fields, unknown_field
from txojobs.files.xlsx_cells import Cells
from txojobs.records import Column

if TYPE_CHECKING:
    from collections.abc import Iterable

    from txojobs.files.xlsx_cells import Cell
    from txojobs.files.xlsx_writing import Workbook
    from txojobs.records import Batch, Columns, JsonValue

MAX_ROWS = 1_048_576
"""Rows of a sheet; the header is one of them."""
MAX_COLUMNS = 16_384

_SAMPLE_ROWS = 1000
"""The widths of columns come from the header and this many rows."""
_NARROWEST, _WIDEST = 8, 60
_GENERAL_DIGITS = 11
"""Excel's General format shows longer numbers with an exponent."""
_FORMATS = {"integer": "0", "date": "yyyy-mm-dd", "datetime": "yyyy-mm-dd hh:mm:ss", "text": "@"}
_FINE = "yyyy-mm-dd hh:mm:ss.000"


class SheetWriter:
    """Writes one sheet; see TableWriter. Its summary has no size: the workbook writes the file."""

    def __init__(
        self,
        book: Workbook,
        worksheet: Any,
        *,
        name: str,
        columns: Columns | None,
        hints: Columns,
        number: int,
    ) -> None:
        self._book = book
        self._worksheet = worksheet
        self._name = name
        self._tally = Tally()
        self._cells = Cells(book.shown, sheet=name, tally=self._tally)
        self._columns: Columns = ()
        self._hints = {column.name: column for column in hints}
        self._known: dict[str, None] = {}
        self._widths: list[int] = []
        self._formats: list[Any] = []
        self._rows = 0
        self._staged = 0
        self._summary: WriteSummary | None = None
        self._stage: Stage | None = None
        if columns is None:
            self._stage = Stage(book.path, name=f"rows-{number}", shown=book.shown, tally=self._tally)
        else:
            self._start(columns)

    def write(self, batch: Batch) -> None:
        """Add records; see TableWriter."""
        if self._stage is not None:
            self._check_rows(self._staged + len(batch))
            self._stage.append(batch)
            self._check_columns(len(self._stage.names))
            self._staged += len(batch)
            return
        self._check_rows(self._rows + len(batch))
        names = list(self._known)
        for row, record in enumerate(batch, self._rows + 1):
            if not record.keys() <= self._known.keys():
                raise unknown_field(record, names, row=row, path=self._book.shown)
        self._write_rows([record.get(name) for name in names] for record in batch)

    def close(self) -> WriteSummary:
        """Finish the sheet; see TableWriter."""
        if self._summary is not None:
            return self._summary
        if self._stage is not None:
            if self._staged and not self._stage.names:
                raise no_fields(self._book.shown, rows=self._staged)
            self._start(tuple(self._hints.get(name, Column(name)) for name in self._stage.names))
            self._write_rows(self._stage.rows())
            self._stage.close()
        for index, width in enumerate(self._widths):
            self._worksheet.set_column(index, index, width, self._formats[index])
        if self._columns:
            self._worksheet.freeze_panes(1, 0)
            self._worksheet.autofilter(0, 0, self._rows, len(self._columns) - 1)
        self._summary = WriteSummary(self._rows, len(self._columns), self._tally.counts, 0)
        return self._summary

    def abort(self) -> None:
        """Give up the workbook; a sheet alone cannot be taken back."""
        self._book.abort()

    def let_go(self) -> None:
        """Close the files behind the sheet, whatever stands in their buffers."""
        if self._stage is not None:
            self._stage.close()
        for file in (self._worksheet.row_data_fh, self._worksheet.fh):
            with suppress(OSError):
                file.close()

    def _start(self, columns: Columns) -> None:
        headings = check_names(columns, path=self._book.shown)
        self._check_columns(len(columns))
        self._columns = columns
        self._known = dict.fromkeys(column.name for column in columns)
        for index, (column, heading) in enumerate(zip(columns, headings, strict=True)):
            code = column.format or _FORMATS.get(column.type or "")
            self._formats.append(self._book.number_format(code) if code else None)
            self._worksheet.set_column(index, index, None, self._formats[index])
            text = self._cells.text(heading, heading, row=0)
            self._widths.append(_width(text, room=5))  # the arrow of the filter
            with self._book.guarded():
                self._worksheet.write_string(0, index, text, self._book.bold)

    def _write_rows(self, rows: Iterable[list[JsonValue]]) -> None:
        make = self._cells.cell
        with self._book.guarded():
            for number, values in enumerate(rows, self._rows + 1):
                cells = [
                    make(value, column, row=number)
                    for value, column in zip(values, self._columns, strict=True)
                ]
                self._write_cells(number, cells)
                if number <= _SAMPLE_ROWS:
                    self._widen(cells)
                self._rows = number

    def _widen(self, cells: list[Cell]) -> None:
        for index, cell in enumerate(cells):
            if cell is not None:
                self._widths[index] = max(self._widths[index], _width(str(cell), room=2))

    def _write_cells(self, row: int, cells: list[Cell]) -> None:
        sheet = self._worksheet
        for index, cell in enumerate(cells):
            if cell is None:
                continue
            if isinstance(cell, str):
                # as text, else Excel makes a number of 00123 as soon as somebody edits the cell
                sheet.write_string(row, index, cell, self._formats[index] or self._book.number_format("@"))
            elif isinstance(cell, bool):
                sheet.write_boolean(row, index, cell)
            elif isinstance(cell, date):
                sheet.write_datetime(row, index, cell, self._date_format(cell, index))
            elif self._formats[index] is None and isinstance(cell, int) and abs(cell) >= 10**_GENERAL_DIGITS:
                sheet.write_number(row, index, cell, self._book.number_format("0"))
            else:
                sheet.write_number(row, index, cell)

    def _date_format(self, cell: date, index: int) -> Any:
        if isinstance(cell, datetime) and cell.microsecond and self._columns[index].format is None:
            return self._book.number_format(_FINE)
        return self._formats[index]

    def _check_rows(self, rows: int) -> None:
        if rows > MAX_ROWS - 1:
            raise FileOperationError(
                f"{self._book.shown.name}, sheet {self._name!r}: record {MAX_ROWS:,} does not fit, "
                f"a sheet holds {MAX_ROWS - 1:,} records below its header",
                how_to_fix="save as .csv, or split the export with a filter",
            )

    def _check_columns(self, count: int) -> None:
        if count > MAX_COLUMNS:
            raise FileOperationError(
                f"{self._book.shown.name}, sheet {self._name!r}: {count:,} columns do not fit, "
                f"a sheet holds {MAX_COLUMNS:,}",
                how_to_fix="save as .csv, or select fewer fields",
            )


def _width(text: str, *, room: int) -> int:
    longest = max(map(len, text.split("\n"))) if "\n" in text else len(text)
    return min(max(longest + room, _NARROWEST), _WIDEST)
