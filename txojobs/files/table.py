"""What every table format shares: its options, its summary, and the checks of columns.

A writer promises: constant memory, no cell cut, no record and no field left out, every conversion counted.
This module imports nothing heavy, so that a job which only checks its formats starts quickly.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Protocol

from txojobs.errors import FileOperationError, ValidationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from pathlib import Path

    from txojobs.records import Batch, Columns, JsonValue, Record

BATCH_SIZE = 1000
"""Records in one batch of a stream that is read from a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOptions:
    """How a table is written; a format ignores what it has no use for.

    `name` is what errors call the file, which at that time has a temporary name (its own name when None).
    `created` goes into the properties of a workbook (a fixed date when None): equal input then gives equal
    bytes. `bom` puts a byte order mark before a csv, for spreadsheets that need one; `line_end` ends its lines,
    `decimal_mark` stands in its numbers that are no whole ones. `sheet` names the one sheet of a workbook that is
    written as a single table; with `sheet_per` it has one for each value of that field, with `rows_per_sheet` as many
    as it needs. `about` gives what a last sheet tells of the workbook, topic by topic, once the others are whole.
    `hints` is that of the RecordStream.
    """

    name: str | None = None
    formula_guard: bool = True
    delimiter: str = ","
    bom: bool = False
    line_end: str = "\r\n"
    decimal_mark: str = "."
    sheet: str = "Data"
    sheet_per: str | None = None
    rows_per_sheet: int | None = None
    about: Callable[[], list[tuple[str, JsonValue]]] | None = None
    created: datetime | None = None
    hints: Columns = ()

    def shown(self, path: Path) -> Path:
        """Return the path to name in errors."""
        return path.with_name(self.name) if self.name else path


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """How a table is read.

    `delimiter` None means a comma; `encoding` None that of the file's own mark, else UTF-8. `sheet` None means the
    first one, `cells` the part of it to read, like `B3:F200`, whose first row is the header. `note` is told what was
    found out.
    """

    delimiter: str | None = None
    encoding: str | None = None
    sheet: str | None = None
    cells: str | None = None
    note: Callable[[str, str], None] | None = None


class WriteSummary(NamedTuple):
    """What was written: rows without the header, columns, conversions by kind, bytes of the file.

    A sheet of a workbook with several has no size of its own: its `size_bytes` is 0.
    """

    rows: int
    columns: int
    conversions: dict[str, int]
    size_bytes: int


class TableWriter(Protocol):
    """Writes batches of one table in order; ended by exactly one of `close` and `abort`."""

    def write(self, batch: Batch) -> None:
        """Add records; their fields may come in any order, a missing one is null.

        Raises:
            ValidationError: a record has a field that is not among the columns given.
            FileOperationError: the file cannot be written, or cannot hold a value.
        """

    def close(self) -> WriteSummary:
        """Finish the file and say what is in it."""

    def abort(self) -> None:
        """Let go of the file, unfinished; safe after a failure and to call twice."""


class Tally:
    """Counts each kind of conversion of one table."""

    __slots__ = ("counts",)

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}

    def add(self, kind: str, times: int = 1) -> None:
        """Count conversions; none leaves no trace."""
        if times:
            self.counts[kind] = self.counts.get(kind, 0) + times


NOT_FINITE = "numbers that are NaN or infinite written as empty"
UNSTORABLE = "texts with characters that the file cannot hold, written as \\uXXXX"


def check_names(columns: Columns, *, path: Path) -> list[str]:
    """Return the headings of the columns: label, else name.

    Raises:
        ValidationError: a heading is empty, or two columns have the same name or heading.
    """
    headings = [column.label or column.name for column in columns]
    for what, words in (("name", [column.name for column in columns]), ("heading", headings)):
        seen: set[str] = set()
        for number, word in enumerate(words, 1):
            if not word:
                raise ValidationError(
                    f"column {number} of {path.name} has no {what}", how_to_fix="give the column a name"
                )
            if word in seen:
                raise ValidationError(
                    f"two columns of {path.name} have the {what} {word!r}",
                    how_to_fix="rename one of them in a transform step",
                )
            seen.add(word)
    return headings


def unknown_field(record: Record, names: Iterable[str], *, row: int, path: Path) -> ValidationError:
    """Return the error for a record with a field that is not among the columns that were announced."""
    known = list(names)
    extra = next(name for name in record if name not in set(known))
    return ValidationError(
        f"record {row:,} for {path.name} has a field {extra!r} that is not among its columns",
        how_to_fix=f"list it in the columns, or drop it before it is saved; columns: {', '.join(known)}",
    )


def unsuitable_value(value: object, *, field: str, row: int, path: Path) -> ValidationError:
    """Return the error for a value of a type that records do not have."""
    return ValidationError(
        f"record {row:,} for {path.name} holds a {type(value).__name__} in the field {field!r}",
        how_to_fix="records hold text, whole numbers, Decimal, true, false, null, lists and objects",
    )


def no_fields(path: Path, *, rows: int) -> FileOperationError:
    """Return the error for a table of records without a single field: its rows would vanish."""
    return FileOperationError(
        f"{path.name} would hold {rows:,} records without any field",
        how_to_fix="select at least one field, or save as .json",
    )


def open_new(path: Path) -> BinaryIO:
    """Open a file for writing from its start; a symbolic link is refused, not followed."""
    flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    return os.fdopen(os.open(path, flags, 0o666), "w+b")


def scratch_folder(path: Path) -> Path:
    """Return the folder for what the writer of `path` must keep aside; it lives and dies with `path`."""
    return path.with_name(path.name + ".scratch")


def make_scratch(path: Path) -> Path:
    """Create the scratch folder of `path`, for its owner alone."""
    folder = scratch_folder(path)
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def drop_scratch(path: Path) -> None:
    """Remove the scratch folder of `path` as far as the system allows; the publication does it again."""
    shutil.rmtree(scratch_folder(path), ignore_errors=True)
