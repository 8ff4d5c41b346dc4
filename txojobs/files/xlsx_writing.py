"""Write Excel workbooks, row by row in constant memory.

Text is never a formula, a link or a number, in cells and in headings. A limit of the format is an error that
names the row, never a shortened file. Equal input gives equal bytes; the properties name no machine and no
user. Scratch files stand beside the output: what a crash leaves behind is found there.
"""

from __future__ import annotations

import io
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING

from txojobs.files.os_errors import UNCHANGED, explained
from txojobs.files.table import (
    WriteOptions,
    WriteSummary,
    drop_scratch,
    make_scratch,
    open_new,
)
from txojobs.files.xlsx_names import ABOUT, check_sheet_name
from txojobs.files.xlsx_package import Part, pack
from txojobs.files.xlsx_parts import SheetFacts, Styles, parts
from txojobs.files.xlsx_sheet import SheetWriter
from txojobs.records import Column

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from txojobs.records import Batch, Columns, JsonValue

_CREATED = datetime(2000, 1, 1)  # noqa: DTZ001  # written as UTC


class Workbook:
    """One workbook and its sheets; ended by exactly one of `close` and `abort`."""

    def __init__(self, path: Path, *, options: WriteOptions) -> None:
        self.path = path
        self.shown = options.shown(path)
        self.styles = Styles()
        self._created = options.created or _CREATED
        self._about = options.about
        self._sheets: dict[str, SheetWriter] = {}
        self._parts: list[Part] = []
        with self.guarded():
            self._file = open_new(path)
            self._scratch = make_scratch(path)

    def sheet(self, name: str, *, columns: Columns | None, hints: Columns = ()) -> SheetWriter:
        """Add a sheet; see Format.open_writer for `columns`, RecordStream for `hints`.

        Raises:
            ValidationError: Excel refuses the name, or the workbook has it already.
        """
        check_sheet_name(name, taken=self._sheets)
        number = len(self._sheets) + 1
        with self.guarded():
            part = Part(
                f"xl/worksheets/sheet{number}.xml",
                open_new(self._scratch / f"sheet-{number}"),
                hashed=self._about is not None,
            )
        try:
            writer = SheetWriter(self, part, name=name, columns=columns, hints=hints, number=number)
        except BaseException:
            part.file.close()
            raise
        self._parts.append(part)
        self._sheets[name] = writer
        return writer

    def close(self) -> int:
        """Finish every sheet that is still open, and the file; return its size in bytes."""
        written = [(sheet, sheet.close()) for sheet in self._sheets.values()]
        if self._about is not None:
            self._tell(self._about(), written)
        facts = [SheetFacts(sheet.name, sheet.filtered) for sheet in self._sheets.values()]
        with self.guarded():
            others = [_part(name, text) for name, text in parts(facts, self.styles, self._created)]
            pack(self._file, [others[0], *self._parts, *others[1:]])
            self._file.close()
            size = self.path.stat().st_size
        self._let_go()
        drop_scratch(self.path)
        return size

    def _tell(
        self, facts: list[tuple[str, JsonValue]], written: list[tuple[SheetWriter, WriteSummary]]
    ) -> None:
        """Add the sheet that tells where the others come from, and what they are."""
        for sheet, summary in written:
            facts.append((f"Records on sheet {sheet.name}", summary.rows))
            facts += (
                (f"On sheet {sheet.name}, {kind}", times) for kind, times in summary.conversions.items()
            )
        for part, (sheet, _) in zip(self._parts, written, strict=True):
            facts.append((f"SHA-256 of {part.name} (sheet {sheet.name})", part.sha256))
        about = self.sheet(ABOUT, columns=(Column("What", type="text"), Column("Value")))
        about.write([{"What": topic, "Value": value} for topic, value in facts])
        about.close()

    def abort(self) -> None:
        """Let go of the file, unfinished; safe after a failure and to call twice."""
        self._let_go()
        with suppress(OSError):  # what stands in the buffer is not wanted any more
            self._file.close()
        drop_scratch(self.path)

    def _let_go(self) -> None:
        for sheet in self._sheets.values():
            sheet.let_go()
        for part in self._parts:
            with suppress(OSError):
                part.file.close()

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Turn what the system raises into an error about the output."""
        with explained(self.shown, doing="write", safe=UNCHANGED):
            yield


def _part(name: str, text: str) -> Part:
    part = Part(name, io.BytesIO())
    part.write(text.encode())
    part.finish()
    return part


class OneSheet:
    """A workbook of one sheet, as a table; see TableWriter."""

    def __init__(self, path: Path, *, columns: Columns | None, options: WriteOptions) -> None:
        check_sheet_name(options.sheet, taken=())
        self._book = Workbook(path, options=options)
        try:
            self._sheet = self._book.sheet(options.sheet, columns=columns, hints=options.hints)
        except BaseException:
            self._book.abort()
            raise

    def write(self, batch: Batch) -> None:
        """Add records; see TableWriter."""
        self._sheet.write(batch)

    def close(self) -> WriteSummary:
        """Finish the file; see TableWriter."""
        size = self._book.close()
        return self._sheet.close()._replace(size_bytes=size)

    def abort(self) -> None:
        """Let go of the file; see TableWriter."""
        self._book.abort()
