"""Write and read JSON lines: one record per line, UTF-8, numbers with every digit (RFC 8259, jsonlines.org).

A record is written as it came: its fields keep their order, and one that it lacks stays away.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from txojobs.errors import FileOperationError, Mark, ValidationError
from txojobs.exact_json import decode, encode_lines
from txojobs.files.cells import json_bytes
from txojobs.files.os_errors import UNCHANGED, explained
from txojobs.files.table import (
    BATCH_SIZE,
    Tally,
    WriteSummary,
    check_names,
    open_new,
    unknown_field,
)
from txojobs.records import RecordStream

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from txojobs.files.table import ReadOptions, WriteOptions
    from txojobs.records import Batch, Columns, JsonValue, Record


def open_writer(path: Path, *, columns: Columns | None, options: WriteOptions) -> JsonWriter:
    """Start a file of JSON lines; see Format.open_writer."""
    return JsonWriter(path, columns=columns, options=options)


class JsonWriter:
    """Writes one record per line; the four texts around and between them make it lines or an array."""

    before_first, between, after_last, empty = b"", b"\n", b"\n", b""
    at_once = True
    """Whether a record is compact JSON, so that those of a batch can be encoded together."""

    def __init__(self, path: Path, *, columns: Columns | None, options: WriteOptions) -> None:
        self._path = path
        self._shown = options.shown(path)
        self._fixed = None if columns is None else {column.name: None for column in columns}
        if columns is not None:
            check_names(columns, path=self._shown)
        self._seen: dict[str, None] = dict(self._fixed or {})
        self._tally = Tally()
        self._rows = 0
        with explained(self._shown, doing="write", safe=UNCHANGED):
            self._file = open_new(path)

    def write(self, batch: Batch) -> None:
        """Add records; see TableWriter."""
        if not batch:
            return
        for row, record in enumerate(batch, self._rows + 1):
            self._check(record, row)
        lines = encode_lines(batch) if self.at_once else None
        if lines is not None:
            text = lines[:-1] if self.between == b"\n" else lines[:-1].replace(b"\n", self.between)
        else:
            text = self.between.join(
                self._line(record, row) for row, record in enumerate(batch, self._rows + 1)
            )
        with explained(self._shown, doing="write", safe=UNCHANGED):
            self._file.write(self.between if self._rows else self.before_first)
            self._file.write(text)
        self._rows += len(batch)

    def close(self) -> WriteSummary:
        """Finish the file; see TableWriter."""
        with explained(self._shown, doing="write", safe=UNCHANGED):
            self._file.write(self.after_last if self._rows else self.empty)
            self._file.close()
            size = self._path.stat().st_size
        return WriteSummary(self._rows, len(self._seen), self._tally.counts, size)

    def abort(self) -> None:
        """Let go of the file; see TableWriter."""
        with suppress(OSError):  # what stands in the buffer is not wanted any more
            self._file.close()

    def _check(self, record: Record, row: int) -> None:
        if record.keys() <= self._seen.keys():
            return
        if self._fixed is not None:
            raise unknown_field(record, self._fixed, row=row, path=self._shown)
        self._seen.update(dict.fromkeys(record))

    def _line(self, record: Record, row: int) -> bytes:
        try:
            return self._encoded(record)
        except TypeError as err:
            raise ValidationError(
                f"record {row:,} for {self._shown.name} holds a value that is no JSON: {err}",
                how_to_fix="records hold text, whole numbers, Decimal, true, false, null, lists and objects",
            ) from None

    def _encoded(self, record: Record) -> bytes:
        """Return a record as it is written."""
        return json_bytes(record, self._tally)


def read(path: Path, *, options: ReadOptions) -> RecordStream:
    """Return the records of a file of JSON lines; empty lines are passed over. Holds one batch."""
    del options
    return RecordStream(None, _batches(path))


def _batches(path: Path) -> Iterator[Batch]:
    batch: Batch = []
    with explained(path, doing="read"), path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            batch.append(
                record_of(line, path=path, where=Mark(str(path), number, 1), name=f"line {number:,}")
            )
            if len(batch) == BATCH_SIZE:
                yield batch
                batch = []
    if batch:
        yield batch


def record_of(
    element: bytes | msgspec.Raw | JsonValue, *, path: Path, where: Mark | None, name: str
) -> Record:
    """Return the record that `element` is, or holds as JSON; `name` says in errors which one it is."""
    try:
        value = decode(bytes(element)) if isinstance(element, bytes | msgspec.Raw) else element
    except ValidationError as err:
        raise FileOperationError(
            f"{path.name}, {name}: {err}", how_to_fix="mend it, or write the file again", where=where
        ) from None
    if not isinstance(value, dict):
        raise FileOperationError(
            f"{path.name}, {name}: a record is an object in braces, this is {str(value)[:40]!r}",
            how_to_fix='write each record like {"No": "10000", "Name": "Adatum"}',
            where=where,
        )
    return value
