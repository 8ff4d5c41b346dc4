"""Read csv (RFC 4180) as it stands: every cell is text, so `00123` and `1E5` stay what they are.

The first record is the header. UTF-8, with or without a byte order mark, or another encoding that is marked or said.
A record with too many or too few cells is an error with its line, never a shifted or shortened one.
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from txojobs.errors import FileOperationError, Mark
from txojobs.files.encodings import encoding_of, undecodable
from txojobs.files.os_errors import explained
from txojobs.files.table import BATCH_SIZE
from txojobs.records import Batch, Column, RecordStream

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from txojobs.files.table import ReadOptions

_LARGEST_CELL = 2**31 - 1
"""Characters; the csv module's own limit of 131,072 is far below what a text field of a service may hold."""


def read(path: Path, *, options: ReadOptions) -> RecordStream:
    """Return the records of a csv; the header is read at once, the rest as it is asked for."""
    csv.field_size_limit(max(csv.field_size_limit(), _LARGEST_CELL))
    rows = _rows(path, options)
    first = next(rows, None)
    if first is None:
        return RecordStream((), iter(()))
    line, header = first
    _check_header(header, path=path, line=line, options=options)
    return RecordStream(tuple(Column(name) for name in header), _batches(rows, header, path))


def _batches(rows: Iterator[tuple[int, list[str]]], header: list[str], path: Path) -> Iterator[Batch]:
    batch: Batch = []
    for line, cells in rows:
        if len(cells) != len(header):
            if not cells:
                continue  # an empty line
            raise FileOperationError(
                f"{path.name}, line {line:,}: {len(cells):,} cells where the header has {len(header):,}",
                how_to_fix="put text that holds the delimiter or a line break in double quotes",
                where=Mark(str(path), line, 1),
            )
        batch.append(dict(zip(header, cells, strict=True)))
        if len(batch) == BATCH_SIZE:
            yield batch
            batch = []
    if batch:
        yield batch


def _rows(path: Path, options: ReadOptions) -> Iterator[tuple[int, list[str]]]:
    """Yield (line on which the record begins, its cells)."""
    with explained(path, doing="read"):
        encoding = encoding_of(path, options)
    with explained(path, doing="read"), path.open("r", encoding=encoding, newline="") as file:
        reader = csv.reader(file, delimiter=options.delimiter or ",", strict=True)
        begin = 1
        try:
            for cells in reader:
                yield begin, cells
                begin = reader.line_num + 1
        except UnicodeError:
            raise undecodable(path, line=reader.line_num + 1, encoding=encoding) from None
        except csv.Error as err:
            raise FileOperationError(
                f"{path.name}, line {begin:,}: {err}",
                how_to_fix='a double quote inside a quoted cell is written twice: ""',
                where=Mark(str(path), begin, 1),
            ) from None


def _check_header(header: list[str], *, path: Path, line: int, options: ReadOptions) -> None:
    seen: set[str] = set()
    for number, name in enumerate(header, 1):
        if not name or name in seen:
            what = f"repeats the heading {name!r}" if name else "has no heading"
            raise FileOperationError(
                f"{path.name}, line {line}: column {number} {what}",
                how_to_fix="give each column a heading of its own",
                where=Mark(str(path), line, number),
            )
        seen.add(name)
    other = next((mark for mark in ";\t|" if mark in header[0]), None) if len(header) == 1 else None
    if other and options.delimiter is None:
        raise FileOperationError(
            f"{path.name} has one column {header[0][:60]!r}; its cells seem to be separated by {other!r}",
            how_to_fix=f"say which delimiter it has, {other!r} or ','",
            where=Mark(str(path), line, 1),
        )
