"""Read one sheet of an Excel workbook with openpyxl, row by row.

The first row is the header. Numbers come back as int or Decimal with the digits of Excel's own number (an
IEEE 754 double), dates as ISO 8601 text, everything else as it stands. Formulas give the value that was
calculated last. Empty rows at the end are no records.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import openpyxl
from openpyxl.styles.numbers import is_datetime
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException

from txojobs.errors import FileOperationError
from txojobs.files.os_errors import explained
from txojobs.files.table import BATCH_SIZE
from txojobs.records import Batch, Column, RecordStream

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from txojobs.files.table import ReadOptions
    from txojobs.records import JsonValue, Record

_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")


def read_sheet(path: Path, *, options: ReadOptions) -> RecordStream:
    """Return the records of a sheet; the header is read at once, the rest as it is asked for."""
    rows = _rows(path, sheet=options.sheet)
    first = next(rows, None)
    if first is None:
        return RecordStream((), iter(()))
    header = _header(first, path)
    return RecordStream(tuple(Column(name) for name in header), _batches(rows, header, path))


def _rows(path: Path, *, sheet: str | None) -> Iterator[list[JsonValue]]:
    with explained(path, doing="read"), path.open("rb") as file:
        try:
            book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
        except (BadZipFile, InvalidFileException, KeyError, ValueError) as err:
            raise FileOperationError(
                f"{path.name} is no Excel workbook, or a damaged one: {err}",
                how_to_fix="open it in Excel and save it as .xlsx",
            ) from None
        try:
            worksheet = _sheet(book, sheet, path)
            worksheet.reset_dimensions()  # what the file says of its size may be wrong
            for row in worksheet.rows:
                yield [_value(cell) for cell in row]
        finally:
            book.close()


def _sheet(book: Any, name: str | None, path: Path) -> Any:
    names = [sheet.title for sheet in book.worksheets]
    if not names:
        raise FileOperationError(f"{path.name} has no sheet of cells", how_to_fix="add one in Excel")
    if name is not None and name not in names:
        raise FileOperationError(
            f"{path.name} has no sheet {name!r}; its sheets are: {', '.join(names)}",
            how_to_fix="name one of these sheets",
        )
    return book[name if name is not None else names[0]]


def _header(cells: list[JsonValue], path: Path) -> list[str]:
    while cells and cells[-1] is None:
        cells.pop()
    seen: dict[str, int] = {}
    for number, value in enumerate(cells, 1):
        name = "" if value is None else str(value)
        if not name or name in seen:
            what = f"repeats the heading {name!r}" if name else "has no heading"
            raise FileOperationError(
                f"{path.name}: cell {get_column_letter(number)}1 {what}",
                how_to_fix="give each column a heading of its own in the first row",
            )
        seen[name] = number
    return list(seen)


def _batches(rows: Iterator[list[JsonValue]], header: list[str], path: Path) -> Iterator[Batch]:
    batch: Batch = []
    empty: list[Record] = []
    width = len(header)
    for number, cells in enumerate(rows, 2):
        beyond = next((index for index in range(width, len(cells)) if cells[index] is not None), None)
        if beyond is not None:
            raise FileOperationError(
                f"{path.name}: cell {get_column_letter(beyond + 1)}{number} has no heading above it",
                how_to_fix="give the column a heading in the first row, or clear it",
            )
        values = cells[:width] + [None] * (width - len(cells))
        record: Record = dict(zip(header, values, strict=True))
        if all(value is None for value in values):
            empty.append(record)  # a record only if another one follows
            continue
        batch += [*empty, record]
        empty.clear()
        while len(batch) >= BATCH_SIZE:
            yield batch[:BATCH_SIZE]
            batch = batch[BATCH_SIZE:]
    if batch:
        yield batch


def _value(cell: Any) -> JsonValue:
    value = cell.value
    if isinstance(value, str):
        return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), value) if "_x" in value else value
    if isinstance(value, float):
        number = Decimal(repr(value))
        return int(number) if number == number.to_integral_value() else number
    if isinstance(value, datetime):
        only_day = value.time() == time() and is_datetime(cell.number_format) == "date"
        return (value.date() if only_day else value).isoformat()
    if isinstance(value, timedelta):
        return f"{value // timedelta(hours=1)}:{value.seconds // 60 % 60:02}:{value.seconds % 60:02}"
    return value.isoformat() if isinstance(value, date | time) else value
