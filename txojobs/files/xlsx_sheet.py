"""Write one sheet of a workbook: its header, its rows, its widths, and the limits of a sheet.

A limit of the format is an error that names the row, never a shortened sheet. Rows whose columns are not known yet
wait on disk.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from txojobs.errors import FileOperationError
from txojobs.files.scratch import Stage
from txojobs.files.table import Tally, WriteSummary, check_names, no_fields, unknown_field
from txojobs.files.xlsx_cells import Cells
from txojobs.files.xlsx_parts import HEAD, MAIN
from txojobs.files.xlsx_rows import Rows, heading, letters
from txojobs.records import Column

if TYPE_CHECKING:
    from collections.abc import Iterable

    from txojobs.files.xlsx_cells import Cell
    from txojobs.files.xlsx_package import Part
    from txojobs.files.xlsx_writing import Workbook
    from txojobs.records import Batch, Columns, JsonValue

MAX_ROWS = 1_048_576
"""Rows of a sheet; the header is one of them."""
MAX_COLUMNS = 16_384

SAMPLE_ROWS = 1000
"""The widths of columns come from the header and this many rows."""
_CHUNK = 1000
"""Rows that are compressed at once."""
_NARROWEST, _WIDEST = 8, 60
_ARROW = 5
"""What the arrow of the filter takes of a heading's width."""
_DIGIT_PIXELS, _PADDING_PIXELS = 7, 5
"""Of Calibri 11: what a width in characters is counted in (ECMA-376 Part 1 section 18.3.1.13)."""
_FROZEN = (
    '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/><selection pane="bottomLeft"/>'
)
_MARGINS = '<pageMargins left="0.7" right="0.7" top="0.75" bottom="0.75" header="0.3" footer="0.3"/>'


class SheetWriter:
    """Writes one sheet; see TableWriter. Its summary has no size: the workbook writes the file."""

    def __init__(
        self, book: Workbook, part: Part, *, name: str, columns: Columns | None, hints: Columns, number: int
    ) -> None:
        self.name = name
        self._book = book
        self._part = part
        self._number = number
        self._tally = Tally()
        self._cells = Cells(book.shown, sheet=name, tally=self._tally)
        self._columns: Columns = ()
        self._hints = {column.name: column for column in hints}
        self._known: dict[str, None] = {}
        self._layout = Rows((), self._cells, book.styles)
        self._widths: list[int] = []
        self._waiting: list[str] | None = []
        """The first rows, until they have told the widths that stand in front of them; None from then on."""
        self._rows = 0
        self._staged = 0
        self._summary: WriteSummary | None = None
        self._stage: Stage | None = None
        if columns is None:
            self._stage = Stage(book.path, name=f"rows-{number}", shown=book.shown, tally=self._tally)
        else:
            self._start(columns)

    def write(self, batch: Batch) -> None:
        """Add records; see TableWriter."""
        if self._stage is not None:
            self._check_rows(self._staged + len(batch))
            self._stage.append(batch)
            self._check_columns(len(self._stage.names))
            self._staged += len(batch)
            return
        self._check_rows(self._rows + len(batch))
        names = list(self._known)
        for row, record in enumerate(batch, self._rows + 1):
            if not record.keys() <= self._known.keys():
                raise unknown_field(record, names, row=row, path=self._book.shown)
        self._write_rows([record.get(name) for name in names] for record in batch)

    def close(self) -> WriteSummary:
        """Finish the sheet; see TableWriter."""
        if self._summary is not None:
            return self._summary
        if self._stage is not None:
            if self._staged and not self._stage.names:
                raise no_fields(self._book.shown, rows=self._staged)
            self._start(tuple(self._hints.get(name, Column(name)) for name in self._stage.names))
            self._write_rows(self._stage.rows())
            self._stage.close()
        with self._book.guarded():
            if self._waiting is not None:
                self._begin(self._waiting)
            end = f'<autoFilter ref="{self.filtered}"/>' if self.filtered else ""
            self._part.write(f"</sheetData>{end}{_MARGINS}</worksheet>".encode())
            self._part.finish()
        self._summary = WriteSummary(self._rows, len(self._columns), self._tally.counts, 0)
        return self._summary

    def abort(self) -> None:
        """Give up the workbook; a sheet alone cannot be taken back."""
        self._book.abort()

    def let_go(self) -> None:
        """Close the file of the rows that wait, whatever stands in its buffer."""
        if self._stage is not None:
            self._stage.close()

    @property
    def filtered(self) -> str | None:
        """The range of the filter: all that is written; None where there is nothing."""
        return f"A1:{letters(len(self._columns) - 1)}{self._rows + 1}" if self._columns else None

    def _start(self, columns: Columns) -> None:
        headings = check_names(columns, path=self._book.shown)
        self._check_columns(len(columns))
        self._columns = columns
        self._known = dict.fromkeys(column.name for column in columns)
        self._layout = Rows(columns, self._cells, self._book.styles)
        texts = [self._cells.text(heading, heading, row=0) for heading in headings]
        self._widths = [_width(text, room=_ARROW) for text in texts]
        self._waiting = [heading(texts)] if texts else []

    def _write_rows(self, rows: Iterable[list[JsonValue]]) -> None:
        rows = iter(rows)
        if self._waiting is not None:
            for number, values in enumerate(islice(rows, SAMPLE_ROWS - self._rows), self._rows + 1):
                row, cells = self._layout.looked_at(values, number)
                self._waiting.append(row)
                self._widen(cells)
                self._rows = number
            if self._rows < SAMPLE_ROWS:
                return
            with self._book.guarded():
                self._begin(self._waiting)
            self._waiting = None
        xml = self._layout.xml
        while lines := [
            xml(values, number) for number, values in enumerate(islice(rows, _CHUNK), self._rows + 1)
        ]:
            with self._book.guarded():
                self._part.write("".join(lines).encode())
            self._rows += len(lines)

    def _begin(self, rows: list[str]) -> None:
        """Write what stands in front of the rows, and the first of them."""
        selected = ' tabSelected="1"' if self._number == 1 else ""
        view = f'<sheetView{selected} workbookViewId="0">{_FROZEN if self._columns else ""}</sheetView>'
        columns = "".join(
            f'<col min="{index}" max="{index}" width="{_in_characters(width)}"'
            + (f' style="{style}"' if style else "")
            + ' customWidth="1"/>'
            for index, (width, style) in enumerate(zip(self._widths, self._layout.formats, strict=True), 1)
        )
        head = (
            f"{HEAD}<worksheet {MAIN}><sheetViews>{view}</sheetViews>"
            '<sheetFormatPr defaultRowHeight="15"/>'
            + (f"<cols>{columns}</cols>" if columns else "")
            + "<sheetData>"
        )
        self._part.write((head + "".join(rows)).encode())

    def _widen(self, cells: list[Cell]) -> None:
        for index, cell in enumerate(cells):
            if cell is not None:
                self._widths[index] = max(self._widths[index], _width(str(cell), room=2))

    def _check_rows(self, rows: int) -> None:
        if rows > MAX_ROWS - 1:
            raise FileOperationError(
                f"{self._book.shown.name}, sheet {self.name!r}: record {MAX_ROWS:,} does not fit, "
                f"a sheet holds {MAX_ROWS - 1:,} records below its header",
                how_to_fix="write split: sheets or split: files below save, or save as .csv",
            )

    def _check_columns(self, count: int) -> None:
        if count > MAX_COLUMNS:
            raise FileOperationError(
                f"{self._book.shown.name}, sheet {self.name!r}: {count:,} columns do not fit, "
                f"a sheet holds {MAX_COLUMNS:,}",
                how_to_fix="save as .csv, or select fewer fields",
            )


def _width(text: str, *, room: int) -> int:
    longest = max(map(len, text.split("\n"))) if "\n" in text else len(text)
    return min(max(longest + room, _NARROWEST), _WIDEST)


def _in_characters(width: int) -> float:
    """Return a width as Excel keeps it: with the padding of a cell, in 256ths."""
    return (width * _DIGIT_PIXELS + _PADDING_PIXELS) * 256 // _DIGIT_PIXELS / 256
