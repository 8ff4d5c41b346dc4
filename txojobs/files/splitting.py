"""One table in several files, each with the header and at most so many records: `a_1.csv`, `a_2.csv`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from txojobs.files.names import split_extension
from txojobs.files.table import Tally, WriteSummary

if TYPE_CHECKING:
    from collections.abc import Callable

    from txojobs.files.table import TableWriter
    from txojobs.records import Batch


def part_name(name: str, number: int) -> str:
    """Return the name of the `number`-th file; folders in front stay."""
    stem, extension = split_extension(name)
    return f"{stem}_{number}{extension}"


class SplitWriter:
    """Writes the parts one after the other; see TableWriter. An empty table is one file.

    `open_part` is given the number of a part, from 1.
    """

    def __init__(self, open_part: Callable[[int], TableWriter], *, rows_per_file: int) -> None:
        self._open_part = open_part
        self._rows_per_file = rows_per_file
        self._writer: TableWriter | None = None
        self._room = 0
        self._tally = Tally()
        self._written: list[WriteSummary] = []
        self.parts = 0
        """How many files there are so far."""

    def write(self, batch: Batch) -> None:
        """Add records; see TableWriter."""
        while batch:
            if not self._room or self._writer is None:
                self._end_part()
                self._writer = self._next()
            self._writer.write(batch[: self._room])
            batch, self._room = batch[self._room :], max(self._room - len(batch), 0)

    def close(self) -> WriteSummary:
        """Finish the last file, and say what is in all of them together."""
        if not self.parts:
            self._writer = self._next()
        self._end_part()
        for part in self._written:
            for kind, times in part.conversions.items():
                self._tally.add(kind, times)
        return WriteSummary(
            rows=sum(part.rows for part in self._written),
            columns=max(part.columns for part in self._written),
            conversions=self._tally.counts,
            size_bytes=sum(part.size_bytes for part in self._written),
        )

    def abort(self) -> None:
        """Let go of the file that is open; see TableWriter."""
        if self._writer is not None:
            self._writer.abort()

    def _next(self) -> TableWriter:
        self._room = self._rows_per_file
        writer = self._open_part(self.parts + 1)
        self.parts += 1
        return writer

    def _end_part(self) -> None:
        if self._writer is not None:
            self._written.append(self._writer.close())
            self._writer = None
