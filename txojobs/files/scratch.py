"""Rows that wait on disk until all columns are known.

They stand in the scratch folder of the output, as JSON arrays in the order of the columns so far; a row from
before a column was known comes back with null in it. Holds one row.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, cast

from txojobs.exact_json import decode
from txojobs.files.cells import json_bytes
from txojobs.files.os_errors import UNCHANGED, explained
from txojobs.files.table import make_scratch, open_new

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from txojobs.files.table import Tally
    from txojobs.records import Batch, JsonValue


class Stage:
    """The rows of one table whose columns are still being learnt."""

    def __init__(self, output: Path, *, name: str, shown: Path, tally: Tally) -> None:
        self.names: dict[str, None] = {}
        """The columns so far, in the order of their first appearance."""
        self._shown = shown
        self._tally = tally
        with explained(shown, doing="write", safe=UNCHANGED):
            self._file = open_new(make_scratch(output) / name)

    def append(self, batch: Batch) -> None:
        """Add records, and the fields they bring."""
        for record in batch:
            if not record.keys() <= self.names.keys():
                self.names.update(dict.fromkeys(record))
        names = list(self.names)
        lines = [json_bytes([record.get(name) for name in names], self._tally) + b"\n" for record in batch]
        with explained(self._shown, doing="write", safe=UNCHANGED):
            self._file.write(b"".join(lines))

    def rows(self) -> Iterator[list[JsonValue]]:
        """Yield each row with a value for every column."""
        with explained(self._shown, doing="write", safe=UNCHANGED):
            self._file.seek(0)
            for line in self._file:
                row = cast("list[JsonValue]", decode(line))
                yield row + [None] * (len(self.names) - len(row))

    def close(self) -> None:
        """Let go of the file; it is removed with its folder."""
        with suppress(OSError):  # its content was read, or is not wanted any more
            self._file.close()
