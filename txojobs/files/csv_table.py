r"""Write csv: RFC 4180, UTF-8, CRLF between records unless another dialect is wanted. Reading is in `csv_reading`.

Null is an empty cell, the empty text is `""`; readers that do not tell them apart see an empty text twice.
Numbers keep all digits, nested values are JSON, and text that a spreadsheet would run as a formula is
prefixed with `'` (OWASP, CSV Injection), which is counted. NUL and lone surrogates cannot be stored: they
become visible as `\uXXXX`.

Columns that turn up late cost one more pass over the file: earlier rows are filled up when it is closed.
"""

from __future__ import annotations

import re
import shutil
from contextlib import suppress
from decimal import Decimal
from operator import itemgetter
from typing import TYPE_CHECKING, BinaryIO

from txojobs.errors import ValidationError
from txojobs.files.cells import decimal_text, json_text, visible
from txojobs.files.csv_reading import read
from txojobs.files.os_errors import UNCHANGED, explained
from txojobs.files.table import (
    NOT_FINITE,
    UNSTORABLE,
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
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from txojobs.files.table import WriteOptions
    from txojobs.records import Batch, Columns, Record

__all__ = ["DELIMITERS", "GUARDED", "ONLY_NULL", "CsvWriter", "open_writer", "read"]

DELIMITERS = (",", ";", "\t", "|")
GUARDED = "texts that begin like a formula, prefixed with '"
ONLY_NULL = 'nulls in a file of one column, written as ""'

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_FORMULA = re.compile(r"[=+\-@\t\r\n]")
_HARMLESS = re.compile(r"[0-9 +\-().,/]*")
_BOM = "\ufeff"
_BETWEEN = "\x1f"
"""The separator of units of ASCII, which hardly any text holds: it stands between cells while they are looked at."""
_NOTHING = _BETWEEN * 2
_NULL = "\x1e"
"""Stands for null meanwhile; the separator of records is as rare."""
_EQUALS, _PLUS, _AT, _TAB, _MARKED, _SPACE = (
    f"{_BETWEEN}{sign}" for sign in ("=", "+", "@", "\t", _BOM, " ")
)
_SPACED = f" {_BETWEEN}"
_MINUS = f"{_BETWEEN}-"
_FORMULA_BY_MINUS = re.compile(rf"{_BETWEEN}-(?![0-9][0-9.]*{_BETWEEN})").search


def open_writer(path: Path, *, columns: Columns | None, options: WriteOptions) -> CsvWriter:
    """Start a csv; see Format.open_writer."""
    return CsvWriter(path, columns=columns, options=options)


class CsvWriter:
    """Writes one csv; see the module for what it promises."""

    def __init__(self, path: Path, *, columns: Columns | None, options: WriteOptions) -> None:
        mark = options.delimiter
        if mark not in DELIMITERS:
            raise ValidationError(
                f"{mark!r} cannot separate the cells of a csv",
                how_to_fix=f"use one of: {' '.join(map(repr, DELIMITERS))}",
            )
        self._path = path
        self._shown = options.shown(path)
        self._options = options
        self._mark = mark
        self._end = options.line_end
        self._tally = Tally()
        self._fixed = columns is not None
        self._names: dict[str, None] = dict.fromkeys(column.name for column in columns or ())
        self._headings = check_names(columns, path=self._shown) if columns is not None else []
        self._rows = 0
        self._widths: list[tuple[int, int]] = []
        """(rows before, columns known from there on); a second entry means that a column came late."""
        self._empty_lines = 0
        odd = f'{re.escape(mark)}"\r\n\0\ud800-\udfff'
        self._quoted = re.compile(f'[{re.escape(mark)}"\r\n]|\\A[{_BOM} ]|[ ]\\Z')
        self._plain = re.compile(rf"[^{odd}=+\-@\t{_BOM} ]([^{odd}]*[^{odd} ])?").fullmatch
        """Matches text that is written as it stands; everything else gets a closer look."""
        self._odd = re.compile(f"[{odd}]").search
        """Finds what no plain row has; see also `_is_plain`."""
        kinds = {str, int, Decimal} if options.decimal_mark == "." else {str, int}
        self._all_simple = frozenset(kinds).issuperset
        with explained(self._shown, doing="write", safe=UNCHANGED):
            self._file = open_new(path)
            if columns is not None:
                self._file.write(self._header(self._headings, self._tally))

    def write(self, batch: Batch) -> None:
        """Add records; see TableWriter."""
        if not self._fixed:
            self._learn(batch)
        names = list(self._names)
        lines = list(self._lines(batch, names))
        with explained(self._shown, doing="write", safe=UNCHANGED):
            self._file.write("".join(lines).encode("utf-8"))
        self._rows += len(batch)

    def close(self) -> WriteSummary:
        """Finish the file; see TableWriter."""
        if self._rows and not self._names:
            raise no_fields(self._shown, rows=self._rows)
        with explained(self._shown, doing="write", safe=UNCHANGED):
            self._file.close()
            if not self._fixed and self._names:
                header = self._header(self._names, self._tally)
                if len(self._widths) > 1 or (self._empty_lines and len(self._names) == 1):
                    self._fill_up(header)
            size = self._path.stat().st_size
        return WriteSummary(self._rows, len(self._names), self._tally.counts, size)

    def abort(self) -> None:
        """Let go of the file; see TableWriter."""
        with suppress(OSError):  # what stands in the buffer is not wanted any more
            self._file.close()
        drop_scratch(self._path)

    def _learn(self, batch: Batch) -> None:
        """Add the fields that were not seen before; the first batch makes the header."""
        known = len(self._names)
        for record in batch:
            self._names.update(dict.fromkeys(record))
        if self._widths and len(self._names) == known:
            return
        check_names(tuple(Column(name) for name in self._names), path=self._shown)
        if not self._widths:
            with explained(self._shown, doing="write", safe=UNCHANGED):
                self._file.write(self._header(self._names, Tally()))  # counted once, when it is final
        self._widths.append((self._rows, len(self._names)))

    def _header(self, headings: Iterable[str], tally: Tally) -> bytes:
        cells = [self._text(heading, tally) for heading in headings]
        bom = _BOM if self._options.bom else ""
        return f"{bom}{self._mark.join(cells)}{self._end}".encode()

    def _lines(self, batch: Batch, names: list[str]) -> Iterator[str]:
        """Yield the line of each record; where all cells are plain, that is seen of all of them together."""
        width = len(names)
        together = itemgetter(*names) if width > 1 else tuple
        template = _BETWEEN + _BETWEEN.join(["%s"] * width) + _BETWEEN
        simple, odd, mark, end = self._all_simple, self._odd, self._mark, self._end
        for row, record in enumerate(batch, self._rows + 1):
            if len(record) == width > 1:
                try:
                    values = together(record)
                except KeyError:  # another field is in its place
                    values = None
                if values is not None:
                    has_null = not simple(map(type, values))
                    text = self._together(values) if has_null else template % values
                    if odd(text) is None and text.count(_BETWEEN) == width + 1 and _is_plain(text):
                        text = text[1:-1].replace(_BETWEEN, mark)
                        yield (text.replace(_NULL, "") if has_null else text) + end
                        continue
            yield self._line(record, names, row)

    def _together(self, values: tuple[object, ...]) -> str:
        """Return the cells of a row with a sign for null, and quotes for what needs a look of its own."""
        simple = self._all_simple
        cells = [
            _NULL if value is None else str(value) if simple((type(value),)) else '"' for value in values
        ]
        if any(isinstance(value, str) and _NULL in value for value in values):
            return '"'
        return f"{_BETWEEN}{_BETWEEN.join(cells)}{_BETWEEN}"

    def _line(self, record: Record, names: list[str], row: int) -> str:
        if not record.keys() <= self._names.keys():
            raise unknown_field(record, names, row=row, path=self._shown)
        cells = []
        for name in names:
            value = record.get(name)
            if value.__class__ is str and self._plain(value):
                cells.append(value)
            elif value is None:
                cells.append("")
            else:
                cells.append(self._cell(value, name, row))
        if len(cells) <= 1 and (not cells or not cells[0]):
            return self._null_line()
        return self._mark.join(cells) + self._end

    def _null_line(self) -> str:
        """Readers skip empty lines; where more columns may still come, the line waits for `close`."""
        if not self._fixed:
            self._empty_lines += 1
            return self._end
        self._tally.add(ONLY_NULL)
        return f'""{self._end}'

    def _cell(self, value: object, name: str, row: int) -> str:
        if isinstance(value, str):
            return self._text(value, self._tally)
        if isinstance(value, dict | list):
            return self._text(json_text(value, self._tally), self._tally)
        if isinstance(value, Decimal):
            if not value.is_finite():
                self._tally.add(NOT_FINITE)
            return self._number(decimal_text(value)) if value.is_finite() else ""
        if isinstance(value, int):
            return str(value).lower()
        raise unsuitable_value(value, field=name, row=row, path=self._shown)

    def _number(self, text: str) -> str:
        mark = self._options.decimal_mark
        text = text if mark == "." else text.replace(".", mark)
        return f'"{text}"' if self._mark in text else text

    def _text(self, text: str, tally: Tally) -> str:
        if not text:
            return '""'
        if _UNSTORABLE.search(text):
            tally.add(UNSTORABLE)
            text = _UNSTORABLE.sub(visible, text)
        if self._options.formula_guard and _FORMULA.match(text) and not _HARMLESS.fullmatch(text):
            tally.add(GUARDED)
            text = f"'{text}"
        return '"' + text.replace('"', '""') + '"' if self._quoted.search(text) else text

    def _fill_up(self, header: bytes) -> None:
        """Write the file anew: the final header, and rows from before a column came with that cell empty."""
        filled = make_scratch(self._path) / "filled"
        last_start, _ = self._widths[-1]
        with self._path.open("rb") as old, open_new(filled) as new:
            records = _records(old)
            next(records)
            new.write(header)
            for (start, width), (end, _) in zip(
                self._widths, [*self._widths[1:], (self._rows, 0)], strict=True
            ):
                if start == last_start and not self._empty_lines:
                    break
                missing = len(self._names) - max(width, 1)
                for _ in range(start, end):
                    new.write(self._filled(next(records), missing))
            shutil.copyfileobj(old, new, 1 << 20)
        filled.replace(self._path)
        drop_scratch(self._path)

    def _filled(self, line: bytes, missing: int) -> bytes:
        end = self._end.encode()
        if line == end and len(self._names) == 1:
            self._tally.add(ONLY_NULL)
            return b'""' + end
        return line.removesuffix(end) + self._mark.encode() * missing + end


def _is_plain(text: str) -> bool:
    """Tell whether no cell, with a sign on both sides, is one that is guarded, quoted or written otherwise."""
    if (
        _NOTHING in text  # the empty text
        or _EQUALS in text
        or _PLUS in text
        or _AT in text
        or _TAB in text
        or _MARKED in text
        or _SPACE in text
        or _SPACED in text
        or "E+" in text  # a Decimal with an exponent
        or "E-" in text
        or "NaN" in text
        or "Infinity" in text
    ):
        return False
    return _MINUS not in text or _FORMULA_BY_MINUS(text) is None


def _records(file: BinaryIO) -> Iterator[bytes]:
    """Yield each record with its line end; a line break inside quotes belongs to its record."""
    parts: list[bytes] = []
    quotes = 0
    while line := file.readline():
        parts.append(line)
        quotes += line.count(b'"')
        if quotes % 2 == 0:
            yield b"".join(parts)
            parts.clear()
