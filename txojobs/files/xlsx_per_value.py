"""A workbook with a sheet for each value of a field, in the order in which the values come.

The sheets have the same columns. Holds a batch, and for each sheet what is needed to compress it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from txojobs.errors import FileOperationError, ValidationError
from txojobs.files.scratch import Stage
from txojobs.files.table import Tally, WriteSummary, no_fields
from txojobs.files.xlsx_names import ABOUT, sheet_name_for
from txojobs.files.xlsx_writing import Workbook
from txojobs.records import Column, number_text
from txojobs.suggest import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from txojobs.files.table import WriteOptions
    from txojobs.files.xlsx_sheet import SheetWriter
    from txojobs.records import Batch, Columns, JsonValue, Record

MAX_SHEETS = 200
"""Each sheet needs a file and half a MiB until the workbook is whole."""
_BATCH = 1000
RENAMED = "values that cannot name a sheet as they are"


class SheetPerValue:
    """Writes the workbook; see TableWriter."""

    def __init__(self, path: Path, field: str, *, columns: Columns | None, options: WriteOptions) -> None:
        self._field = field
        self._options = options
        self._shown = options.shown(path)
        self._tally = Tally()
        self._columns = columns
        self._sheets: dict[str, SheetWriter] = {}
        self._names: list[str] = [ABOUT] if options.about is not None else []
        self._rows = 0
        if columns is not None:
            self._must_be_among([column.name for column in columns])
        self._book = Workbook(path, options=options)
        self._stage: Stage | None = None
        if columns is None:
            try:
                self._stage = Stage(path, name="rows-of-all", shown=self._shown, tally=self._tally)
            except BaseException:
                self._book.abort()
                raise

    def write(self, batch: Batch) -> None:
        """Add records; see TableWriter."""
        if self._stage is not None:
            self._stage.append(batch)
            self._rows += len(batch)
        else:
            self._put(batch, first=self._rows + 1)
            self._rows += len(batch)

    def close(self) -> WriteSummary:
        """Finish the file; see TableWriter."""
        if self._stage is not None:
            self._put_staged(self._stage)
        if not self._sheets:  # a workbook has at least one
            self._book.sheet(self._options.sheet, columns=self._columns or ())
        size = self._book.close()
        written = [sheet.close() for sheet in self._sheets.values()]
        for summary in written:
            for kind, times in summary.conversions.items():
                self._tally.add(kind, times)
        return WriteSummary(self._rows, len(self._columns or ()), self._tally.counts, size)

    def abort(self) -> None:
        """Let go of the file; see TableWriter."""
        if self._stage is not None:
            self._stage.close()
        self._book.abort()

    def _put_staged(self, stage: Stage) -> None:
        names = list(stage.names)
        if self._rows:
            if not names:
                raise no_fields(self._shown, rows=self._rows)
            self._must_be_among(names)
        hints = {column.name: column for column in self._options.hints}
        self._columns = tuple(hints.get(name, Column(name)) for name in names)
        batch: list[Record] = []
        first = 1
        for values in stage.rows():
            batch.append(dict(zip(names, values, strict=True)))
            if len(batch) == _BATCH:
                self._put(batch, first=first)
                first, batch = first + len(batch), []
        self._put(batch, first=first)
        stage.close()

    def _put(self, batch: Iterable[Record], *, first: int) -> None:
        """Write records, whose positions begin with `first`, each on its sheet."""
        by_value: dict[str, list[Record]] = {}
        for position, record in enumerate(batch, first):
            by_value.setdefault(self._text(record.get(self._field), position), []).append(record)
        for text, records in by_value.items():
            if text not in self._sheets:
                self._sheets[text] = self._sheet(text)
            self._sheets[text].write(records)

    def _text(self, value: JsonValue, position: int) -> str:
        if isinstance(value, dict | list):
            raise FileOperationError(
                f"{self._shown.name}: record {position:,} has a {'list' if isinstance(value, list) else 'structure'} "
                f"in {self._field!r}, and sheet-per needs one value",
                how_to_fix=f"write nested: flatten and name a field inside of it, like {self._field}.City",
            )
        return "" if value is None else number_text(value)

    def _sheet(self, text: str) -> SheetWriter:
        if len(self._sheets) >= MAX_SHEETS:
            raise FileOperationError(
                f"{self._shown.name}: {self._field!r} has more than {MAX_SHEETS} values, too many for a sheet each",
                how_to_fix="name a field with fewer values in sheet-per, or keep fewer with a filter",
            )
        name = sheet_name_for(text, taken=self._names)
        if text and name != text:
            self._tally.add(RENAMED)
        self._names.append(name)
        return self._book.sheet(name, columns=self._columns)

    def _inside(self, names: list[str]) -> str | None:
        """Return what makes a field inside of a structure a column of its own."""
        return "write nested: flatten below save" if self._field.partition(".")[0] in names else None

    def _must_be_among(self, names: list[str]) -> None:
        if self._field not in names:
            raise ValidationError(
                f"no record for {self._shown.name} has a field {self._field!r}, which sheet-per names",
                how_to_fix=self._inside(names)
                or nearest(self._field, names)
                or f"fields: {', '.join(names[:12])}",
            )
