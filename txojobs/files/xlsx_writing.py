"""Write Excel workbooks with XlsxWriter, row by row in constant memory.

Text is never a formula, a link or a number, in cells and in headings. A limit of the format is an error that
names the row, never a shortened file. Equal input gives equal bytes; the properties name no machine and no
user. Scratch files stand beside the output: what a crash leaves behind is found there.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException

from txojobs.errors import FileOperationError
from txojobs.files.os_errors import UNCHANGED, explained
from txojobs.files.table import (
    WriteOptions,
    WriteSummary,
    drop_scratch,
    make_scratch,
    open_new,
)
from txojobs.files.xlsx_backend import PlainSheet, Target, check_sheet_name
from txojobs.files.xlsx_sheet import SheetWriter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from txojobs.records import Batch, Columns

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

    def sheet(self, name: str, *, columns: Columns | None, hints: Columns = ()) -> SheetWriter:
        """Add a sheet; see Format.open_writer for `columns`, RecordStream for `hints`.

        Raises:
            ValidationError: Excel refuses the name, or the workbook has it already.
        """
        check_sheet_name(name, taken=self._sheets)
        with self.guarded():
            worksheet = self._book.add_worksheet(name, worksheet_class=PlainSheet)
        writer = SheetWriter(
            self, worksheet, name=name, columns=columns, hints=hints, number=len(self._sheets) + 1
        )
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


class OneSheet:
    """A workbook of one sheet, as a table; see TableWriter."""

    def __init__(self, path: Path, *, columns: Columns | None, options: WriteOptions) -> None:
        check_sheet_name(options.sheet, taken=())
        self._book = Workbook(path, options=options)
        try:
            self._sheet = self._book.sheet(options.sheet, columns=columns, hints=options.hints)
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
