"""Read one sheet of an Excel workbook with openpyxl, row by row.

The first row is the header. Numbers come back as int or Decimal with the digits of Excel's own number (an
IEEE 754 double), dates as ISO 8601 text, everything else as it stands. Formulas give the value that was
calculated last; a formula that was never calculated and an error like #N/A are refused. Empty rows at the end
are no records.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile, ZipFile

import openpyxl
from openpyxl.styles.numbers import is_datetime
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException

from txojobs.errors import FileOperationError
from txojobs.files.compressed import FREE_BYTES, MOST_BYTES
from txojobs.files.os_errors import explained
from txojobs.files.table import BATCH_SIZE
from txojobs.files.xlsx_range import Part
from txojobs.records import Batch, Column, RecordStream

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from txojobs.files.table import ReadOptions
    from txojobs.records import JsonValue, Record

_FORMULA = re.compile(rb"<(?:[A-Za-z0-9]+:)?f[\s>/]")
MOST_TIMES_OF_XML = 400
"""A sheet of one and the same cell shrinks to a hundredth; zlib cannot pack more than about 1,030 times."""
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")


def read_sheet(path: Path, *, options: ReadOptions) -> RecordStream:
    """Return the records of a sheet; the header is read at once, the rest as it is asked for."""
    part = Part.of(options.cells)
    rows = _rows(path, options, part)
    first = next(rows, None)
    if options.cells is not None and all(value is None for value in first or ()):
        raise FileOperationError(
            f"{path.name}: no heading stands in the first row of the range {options.cells}",
            how_to_fix="let the range begin with the row of the headings, like B3:F200",
        )
    if first is None:
        return RecordStream((), iter(()))
    header = _header(first, path, part)
    return RecordStream(tuple(Column(name) for name in header), _batches(rows, header, path, part))


def names_of_sheets(path: Path) -> list[str]:
    """Return the names of the sheets, in their order."""
    with explained(path, doing="read"), _open(path, data_only=True) as book:
        return [sheet.title for sheet in book.worksheets]


def _rows(path: Path, options: ReadOptions, part: Part) -> Iterator[list[JsonValue]]:
    with explained(path, doing="read"), _open(path, data_only=True) as book:
        worksheet = _sheet(book, options.sheet, path)
        if not _has_formulas(path):
            for row in worksheet.iter_rows(**part._asdict()):
                yield [_value(cell, path) for cell in row]
            return
        with _open(path, data_only=False) as formulas:
            twin = _sheet(formulas, worksheet.title, path)
            for row, written in zip(
                worksheet.iter_rows(**part._asdict()), twin.iter_rows(**part._asdict()), strict=True
            ):
                _check_calculated(row, written, path)
                yield [_value(cell, path) for cell in row]


def _refuse_bomb(path: Path) -> None:
    """Refuse a workbook that unpacks to far more than a table would; one that lies about it is found damaged."""
    with ZipFile(path) as archive:
        parts = archive.infolist()
    size, packed = sum(each.file_size for each in parts), sum(each.compress_size for each in parts)
    if size > MOST_BYTES or (size > FREE_BYTES and size > packed * MOST_TIMES_OF_XML):
        raise FileOperationError(
            f"{path.name} unpacks to far more than a workbook would: {size:,} bytes out of {packed:,}",
            how_to_fix="open it in Excel if you trust it, and save it again",
        )


@contextmanager
def _open(path: Path, *, data_only: bool) -> Iterator[Any]:
    with path.open("rb") as file:
        try:
            _refuse_bomb(path)
            book = openpyxl.load_workbook(file, read_only=True, data_only=data_only, keep_links=False)
        except (BadZipFile, InvalidFileException, KeyError, ValueError) as err:
            raise FileOperationError(
                f"{path.name} is no Excel workbook, or a damaged one: {err}",
                how_to_fix="open it in Excel and save it as .xlsx",
            ) from None
        try:
            yield book
        finally:
            book.close()


def _has_formulas(path: Path) -> bool:
    """Look for a formula element, which costs little beside parsing."""
    with ZipFile(path) as archive:
        for name in archive.namelist():
            if name.startswith("xl/worksheets/") and name.endswith(".xml"):
                with archive.open(name) as part:
                    end = b""
                    while chunk := part.read(1 << 20):
                        if _FORMULA.search(end + chunk):
                            return True
                        end = chunk[-32:]
    return False


def _check_calculated(row: Sequence[Any], written: Sequence[Any], path: Path) -> None:
    """Refuse a formula without a result: it would read as an empty cell. A result may be the empty text."""
    for cell, formula in zip(row, written, strict=True):
        if formula.data_type == "f" and cell.value is None and cell.data_type != "str":
            raise FileOperationError(
                f"{path.name}: the formula in cell {formula.coordinate} was never calculated",
                how_to_fix="open the file in Excel, save it, and try again",
            )


def _sheet(book: Any, name: str | None, path: Path) -> Any:
    names = [sheet.title for sheet in book.worksheets]
    if not names:
        raise FileOperationError(f"{path.name} has no sheet of cells", how_to_fix="add one in Excel")
    if name is not None and name not in names:
        raise FileOperationError(
            f"{path.name} has no sheet {name!r}; its sheets are: {', '.join(names)}",
            how_to_fix="name one of these sheets",
        )
    worksheet = book[name if name is not None else names[0]]
    worksheet.reset_dimensions()  # what the file says of its size may be wrong
    return worksheet


def _header(cells: list[JsonValue], path: Path, part: Part) -> list[str]:
    while cells and cells[-1] is None:
        cells.pop()
    seen: dict[str, int] = {}
    for number, value in enumerate(cells, part.min_col):
        name = "" if value is None else str(value)
        if not name or name in seen:
            what = f"repeats the heading {name!r}" if name else "has no heading"
            raise FileOperationError(
                f"{path.name}: cell {get_column_letter(number)}{part.min_row} {what}",
                how_to_fix="give each column a heading of its own in the first row"
                + ("" if part.min_row > 1 else ", or say where the table begins: range: A3"),
            )
        seen[name] = number
    return list(seen)


def _batches(rows: Iterator[list[JsonValue]], header: list[str], path: Path, part: Part) -> Iterator[Batch]:
    batch: Batch = []
    empty: list[Record] = []
    width = len(header)
    for number, cells in enumerate(rows, part.min_row + 1):
        beyond = next((index for index in range(width, len(cells)) if cells[index] is not None), None)
        if beyond is not None:
            raise FileOperationError(
                f"{path.name}: cell {get_column_letter(beyond + part.min_col)}{number} has no heading above it",
                how_to_fix="give the column a heading in the first row, clear it, or say where the table is, "
                "like range: B3:F",
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


def _value(cell: Any, path: Path) -> JsonValue:
    value = cell.value
    if cell.data_type == "e":
        raise FileOperationError(
            f"{path.name}: cell {cell.coordinate} holds the error {value}",
            how_to_fix="mend or clear the cell in Excel",
        )
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
