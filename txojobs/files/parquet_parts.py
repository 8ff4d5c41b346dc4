"""One table in several Parquet files of the same types: the whole is written first, aside, then cut into the files.

A reader takes the types of the first file for those of all, and would round what another one holds with more digits.
Needs room for the table twice, for a moment.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, BinaryIO

import pyarrow.parquet as pq

from txojobs.files.compressed import compress
from txojobs.files.os_errors import UNCHANGED, explained
from txojobs.files.parquet_writing import GROUP_ROWS, ParquetWriter
from txojobs.files.table import WriteSummary, drop_scratch, make_scratch, open_new

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from txojobs.files.table import WriteOptions
    from txojobs.records import Batch, Columns


class ParquetParts:
    """Writes the files; see TableWriter. `part_path` is given the number of a file, from 1."""

    def __init__(
        self,
        part_path: Callable[[int], Path],
        *,
        columns: Columns | None,
        options: WriteOptions,
        rows_per_file: int,
        packed: bool,
    ) -> None:
        self._part_path = part_path
        self._rows_per_file = rows_per_file
        self._packed = packed
        self._first = part_path(1)
        self._shown = options.shown(self._first)
        self._files: list[BinaryIO] = []
        self._size = 0
        with explained(self._shown, doing="write", safe=UNCHANGED):
            self._whole = make_scratch(self._first) / "whole.parquet"
        self._writer = ParquetWriter(self._whole, columns=columns, options=options)

    def write(self, batch: Batch) -> None:
        """Add records; see TableWriter."""
        self._writer.write(batch)

    def close(self) -> WriteSummary:
        """Write the files, and say what is in all of them together."""
        summary = self._writer.close()
        with explained(self._shown, doing="write", safe=UNCHANGED), pq.ParquetFile(self._whole) as whole:
            self._cut(whole)
        drop_scratch(self._first)
        return summary._replace(size_bytes=self._size)

    def abort(self) -> None:
        """Let go of all files; see TableWriter."""
        self._writer.abort()
        for file in self._files:
            with suppress(OSError):  # what stands in the buffer is not wanted any more
                file.close()
        drop_scratch(self._first)

    def _cut(self, whole: Any) -> None:
        batches = whole.iter_batches(batch_size=min(GROUP_ROWS, self._rows_per_file))
        waiting, number, left = next(batches, None), 0, whole.metadata.num_rows
        while left or not number:
            number += 1
            path = self._first if number == 1 else self._part_path(number)
            rows = min(left, self._rows_per_file)
            left -= rows
            with self._target(path, whole.schema_arrow) as writer:
                while rows and waiting is not None:
                    piece = waiting.slice(0, rows)
                    writer.write_batch(piece)
                    rows -= piece.num_rows
                    waiting = waiting.slice(piece.num_rows)
                    waiting = waiting if waiting.num_rows else next(batches, None)
            self._size += path.stat().st_size

    @contextmanager
    def _target(self, path: Path, schema: Any) -> Iterator[Any]:
        """Open one file for pyarrow, and finish it."""
        plain = self._whole.with_name("part.parquet") if self._packed else path
        file = self._open(plain)
        writer = pq.ParquetWriter(file, schema)
        try:
            yield writer
            writer.close()
        finally:
            writer.is_open = False  # else it tries again when it is collected
        if self._packed:
            file.seek(0)
            packed = self._open(path)
            compress(file, packed)
            packed.close()
        file.close()

    def _open(self, path: Path) -> BinaryIO:
        file = open_new(path)
        self._files = [*(each for each in self._files if not each.closed), file]
        return file
