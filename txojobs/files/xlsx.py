"""Excel workbooks: written by `xlsx_writing`, read by `xlsx_reading`; each is loaded when it is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from txojobs.files.table import ReadOptions, TableWriter, WriteOptions
    from txojobs.files.xlsx_writing import Workbook
    from txojobs.records import Columns, RecordStream


def open_writer(path: Path, *, columns: Columns | None, options: WriteOptions) -> TableWriter:
    """Start a workbook of one sheet, or of several as the options say; see Format.open_writer."""
    if options.sheet_per is not None:
        from txojobs.files.xlsx_per_value import SheetPerValue  # noqa: PLC0415  # few workbooks are

        return SheetPerValue(path, options.sheet_per, columns=columns, options=options)
    if options.rows_per_sheet is not None:
        from txojobs.files.xlsx_sheets import SheetAfterSheet  # noqa: PLC0415  # few workbooks are

        return SheetAfterSheet(path, options.rows_per_sheet, columns=columns, options=options)
    from txojobs.files.xlsx_writing import OneSheet  # noqa: PLC0415  # only where one is written

    return OneSheet(path, columns=columns, options=options)


def open_workbook(path: Path, *, options: WriteOptions) -> Workbook:
    """Start a workbook at `path`; its sheets may be written in turn or side by side."""
    from txojobs.files.xlsx_writing import Workbook  # noqa: PLC0415  # only where one is written

    return Workbook(path, options=options)


def read(path: Path, *, options: ReadOptions) -> RecordStream:
    """Return the records of one sheet; see Format.read."""
    from txojobs.files.xlsx_reading import read_sheet  # noqa: PLC0415  # loads openpyxl

    return read_sheet(path, options=options)


def sheet_names(path: Path) -> list[str]:
    """Return the names of the sheets, in their order."""
    from txojobs.files.xlsx_reading import names_of_sheets  # noqa: PLC0415  # loads openpyxl

    return names_of_sheets(path)
