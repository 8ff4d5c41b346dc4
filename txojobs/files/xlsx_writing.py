"""Write Excel workbooks with XlsxWriter, row by row in constant memory.

Text is never a formula, a link or a number, in cells and in headings. A limit of the format is an error that
names the row, never a shortened file. Equal input gives equal bytes; the properties name no machine and no
user. Scratch files stand beside the output: what a crash leaves behind is found there.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException

from txojobs.errors import FileOperationError
from txojobs.files.os_errors import UNCHANGED, explained
from txojobs.files.scratch import Stage
from txojobs.files.table import (
    Tally,
    WriteOptions,
    WriteSummary,
    check_names,
    drop_scratch,
    make_scratch,
    no_fields,
    open_new,
    unknown_field,
)
from txojobs.files.xlsx_backend import PlainSheet, Target, check_sheet_name
from txojobs.files.xlsx_cells import Cells
from txojobs.records import Column

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from txojobs.files.xlsx_cells import Cell
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
_CREATED = datetime(2000, 1, 1)  # noqa: DTZ001  # XlsxWriter takes it for UTC


class Workbook:
    """One workbook and its sheets; ended by exactly one of `close` and `abort`."""

    def __init__(self, path: Path, *, options: WriteOptions) -> None:
        self.path = path
        self.shown = options.shown(path)
        self._sheets: dict[str, SheetWriter] = {}
        with explained(self.shown, doing="write", safe=UNCHANGED):
            self.file = Target(open_new(path))
            settings = {
                "constant_memory": True,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
                "nan_inf_to_errors": False,
                "tmpdir": str(make_scratch(path)),
                "use_zip64": True,
            }
            self._book = xlsxwriter.Workbook(self.file, settings)
        self._book.set_properties({"created": options.created or _CREATED})
        self._formats: dict[str, Any] = {}
        self.bold = self._book.add_format({"bold": True})

    def sheet(self, name: str, *, columns: Columns | None) -> SheetWriter:
        """Add a sheet; see Format.open_writer for `columns`.

        Raises:
            ValidationError: Excel refuses the name, or the workbook has it already.
        """
        check_sheet_name(name, taken=self._sheets)
        with self.guarded():
            worksheet = self._book.add_worksheet(name, worksheet_class=PlainSheet)
        writer = SheetWriter(self, worksheet, name=name, columns=columns, number=len(self._sheets) + 1)
        self._sheets[name] = writer
        return writer

    def number_format(self, code: str) -> Any:
        """Return the cell format for an Excel number format, made once."""
        if code not in self._formats:
            self._formats[code] = self._book.add_format({"num_format": code})
        return self._formats[code]

    def close(self) -> int:
        """Finish every sheet that is still open, and the file; return its size in bytes."""
        for sheet in self._sheets.values():
            sheet.close()
        with self.guarded():
            self._book.close()
            self.file.close()
            size = self.path.stat().st_size
        drop_scratch(self.path)
        return size

    def abort(self) -> None:
        """Let go of the file, unfinished; safe after a failure and to call twice."""
        self.file.broken = True
        for sheet in self._sheets.values():
            sheet.let_go()
        self.file.close()
        drop_scratch(self.path)

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Turn what the system and XlsxWriter raise into an error about the output."""
        with explained(self.shown, doing="write", safe=UNCHANGED):
            try:
                yield
            except XlsxWriterException as err:
                # it wraps what the system said while the file was put together
                if err.args and isinstance(err.args[0], OSError):
                    raise err.args[0] from None
                raise FileOperationError(
                    f"cannot write {self.shown}: {err}; {UNCHANGED}", how_to_fix="save as .csv instead"
                ) from err


class SheetWriter:
    """Writes one sheet; see TableWriter. Its summary has no size: the workbook writes the file."""

    def __init__(
        self, book: Workbook, worksheet: Any, *, name: str, columns: Columns | None, number: int
    ) -> None:
        self._book = book
        self._worksheet = worksheet
        self._name = name
        self._tally = Tally()
        self._cells = Cells(book.shown, sheet=name, tally=self._tally)
        self._columns: Columns = ()
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
            self._start(tuple(Column(name) for name in self._stage.names))
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
                sheet.write_string(row, index, cell)
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


class OneSheet:
    """A workbook of one sheet, as a table; see TableWriter."""

    def __init__(self, path: Path, *, columns: Columns | None, options: WriteOptions) -> None:
        check_sheet_name(options.sheet, taken=())
        self._book = Workbook(path, options=options)
        try:
            self._sheet = self._book.sheet(options.sheet, columns=columns)
        except BaseException:
            self._book.abort()
            raise

    def write(self, batch: Batch) -> None:
        """Add records; see TableWriter."""
        self._sheet.write(batch)

    def close(self) -> WriteSummary:
        """Finish the file; see TableWriter."""
        size = self._book.close()
        return self._sheet.close()._replace(size_bytes=size)

    def abort(self) -> None:
        """Let go of the file; see TableWriter."""
        self._book.abort()


def _width(text: str, *, room: int) -> int:
    longest = max(map(len, text.split("\n"))) if "\n" in text else len(text)
    return min(max(longest + room, _NARROWEST), _WIDEST)
