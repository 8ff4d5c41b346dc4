"""Write Parquet with pyarrow: the rows wait on disk until the type of each column is known, then go into row groups.

A value of another type late in the stream loses nothing: the type that is chosen in the end holds all of the column.
Holds one row group. Source: the Parquet format, LogicalTypes.md; Arrow columnar format, IPC streams.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from txojobs.errors import FileOperationError
from txojobs.files.os_errors import UNCHANGED, explained
from txojobs.files.parquet_columns import LearntColumn, UnsuitableError, storable
from txojobs.files.table import (
    BATCH_SIZE,
    Tally,
    WriteSummary,
    check_names,
    drop_scratch,
    make_scratch,
    no_fields,
    open_new,
    unknown_field,
    unsuitable_value,
)
from txojobs.records import Column

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

    from txojobs.files.table import WriteOptions
    from txojobs.records import Batch, Columns, JsonValue

GROUP_ROWS = 65_536
GROUP_BYTES = 32 << 20
"""A row group ends with the chunk that reaches either."""
CHUNK_ROWS = 8192
CHUNK_BYTES = 2 << 20
"""So many records wait before they are staged together, as the chunk before lets expect: few calls, little memory."""


class ParquetWriter:
    """Writes one Parquet file; see the module for what it promises."""

    def __init__(self, path: Path, *, columns: Columns | None, options: WriteOptions) -> None:
        self._path = path
        self._shown = options.shown(path)
        self._tally = Tally()
        self._fixed = columns is not None
        self._hints = {column.name: column for column in options.hints}
        self._columns: dict[str, Column] = {}
        self._learnt: dict[str, LearntColumn] = {}
        self._waiting: dict[str, list[JsonValue]] = {}
        self._rows = self._staged_rows = 0
        if columns is not None:
            check_names(columns, path=self._shown)
            self._learn(columns)
        self._chunk_rows = BATCH_SIZE
        self._target: BinaryIO | None = None
        with explained(self._shown, doing="write", safe=UNCHANGED):
            self._staged = open_new(make_scratch(path) / "rows")

    def write(self, batch: Batch) -> None:
        """Add records; see TableWriter."""
        if not self._learnt.keys() >= set().union(*batch):
            self._meet(batch)
        for name, values in self._waiting.items():
            _extend(values, batch, name)
        self._rows += len(batch)
        if self._rows - self._staged_rows >= self._chunk_rows:
            self._stage()

    def close(self) -> WriteSummary:
        """Finish the file; see TableWriter."""
        if self._rows and not self._learnt:
            raise no_fields(self._shown, rows=self._rows)
        self._stage()
        columns = tuple(self._columns.values())
        headings = [
            storable(heading, self._tally) or "" for heading in check_names(columns, path=self._shown)
        ]
        check_names(tuple(map(Column, headings)), path=self._shown)
        types = [learnt.choose() for learnt in self._learnt.values()]
        with self._guarded():
            self._write_groups(pa.schema(list(zip(headings, types, strict=True))))
            size = self._path.stat().st_size
        drop_scratch(self._path)
        return WriteSummary(self._rows, len(columns), self._tally.counts, size)

    def abort(self) -> None:
        """Let go of the file; see TableWriter."""
        for file in (self._staged, self._target):
            with suppress(OSError):  # what stands in the buffer is not wanted any more
                if file is not None:
                    file.close()
        drop_scratch(self._path)

    def _meet(self, batch: Batch) -> None:
        """Add the fields that were not seen before, in their order."""
        for row, record in enumerate(batch, self._rows + 1):
            if not record.keys() <= self._learnt.keys():
                if self._fixed:
                    raise unknown_field(record, self._learnt, row=row, path=self._shown)
                new = (name for name in record if name not in self._learnt)
                self._learn(tuple(self._hints.get(name, Column(name)) for name in new))

    def _learn(self, columns: Columns) -> None:
        for column in columns:
            self._columns[column.name] = column
            self._learnt[column.name] = LearntColumn(column, self._tally)
            self._waiting[column.name] = [None] * (self._rows - self._staged_rows)

    def _stage(self) -> None:
        """Put the values that wait on disk, each column in the narrowest type that keeps what is in it."""
        if self._rows == self._staged_rows or not self._learnt:
            return
        arrays = []
        for name, values in self._waiting.items():
            try:
                arrays.append(self._learnt[name].array(values))
            except UnsuitableError as err:
                row = self._staged_rows + err.index + 1
                raise unsuitable_value(values[err.index], field=name, row=row, path=self._shown) from None
            values.clear()
        batch = pa.record_batch(arrays, names=[str(number) for number in range(len(arrays))])
        with self._guarded(), pa.ipc.new_stream(self._staged, batch.schema) as stream:
            stream.write_batch(batch)
        self._staged_rows = self._rows
        row_bytes = batch.nbytes // batch.num_rows + 1
        self._chunk_rows = min(max(CHUNK_BYTES // row_bytes, BATCH_SIZE), CHUNK_ROWS)

    def _write_groups(self, schema: Any) -> None:
        self._target = open_new(self._path)
        writer = pq.ParquetWriter(self._target, schema)
        try:
            for table in self._groups(schema):
                writer.write_table(table, row_group_size=GROUP_ROWS)
            writer.close()
        finally:
            writer.is_open = False  # else it tries again when it is collected
        self._target.close()
        self._staged.close()

    def _groups(self, schema: Any) -> Iterator[Any]:
        """Yield the rows as tables of the final columns, each to be one row group."""
        group: list[Any] = []
        rows = size = 0
        end = self._staged.tell()
        self._staged.seek(0)
        while self._staged.tell() < end:
            with pa.ipc.open_stream(self._staged) as stream:
                batch = self._final(stream.read_all().to_batches()[0], schema)
            group.append(batch)
            rows, size = rows + batch.num_rows, size + batch.nbytes
            if rows >= GROUP_ROWS or size >= GROUP_BYTES:
                yield pa.Table.from_batches(group, schema)
                group, rows, size = [], 0, 0
        if group:
            yield pa.Table.from_batches(group, schema)

    def _final(self, staged: Any, schema: Any) -> Any:
        """Return some rows with every column, each in its final type; those that came later are null."""
        arrays = [
            learnt.cast(array) for learnt, array in zip(self._learnt.values(), staged.columns, strict=False)
        ]
        arrays += [pa.nulls(staged.num_rows, kind) for kind in schema.types[len(arrays) :]]
        return pa.record_batch(arrays, schema=schema)

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Turn what the system and pyarrow raise into an error about the output."""
        with explained(self._shown, doing="write", safe=UNCHANGED):
            try:
                yield
            except pa.ArrowException as err:
                raise FileOperationError(
                    f"cannot write {self._shown}: {err}; {UNCHANGED}", how_to_fix="save as .jsonl instead"
                ) from err


def _extend(values: list[JsonValue], batch: Batch, name: str) -> None:
    """Add what the records have in one field; null where one lacks it."""
    before = len(values)
    try:
        values.extend(map(itemgetter(name), batch))
    except KeyError:
        del values[before:]
        values.extend([record.get(name) for record in batch])
