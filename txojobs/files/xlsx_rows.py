"""The XML of a sheet's rows. What is plain is written at once; everything else goes the long way through `Cells`.

Source: ECMA-376 Part 1 sections 18.3.1.4 (c), 18.3.1.73 (row), 18.3.1.53 (is) and 22.9.2.19 (ST_Xstring).
"""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple
from xml.sax.saxutils import escape

from txojobs.files.xlsx_cells import MAX_CELL
from txojobs.files.xlsx_parts import BOLD

if TYPE_CHECKING:
    from txojobs.files.xlsx_cells import Cell, Cells
    from txojobs.files.xlsx_parts import Styles
    from txojobs.records import Column, Columns, JsonValue

_GENERAL_DIGITS = 11
"""Excel's General format shows longer numbers with an exponent."""
_CODES = {"integer": "0", "date": "yyyy-mm-dd", "datetime": "yyyy-mm-dd hh:mm:ss", "text": "@"}
_FINE = "yyyy-mm-dd hh:mm:ss.000"
_EPOCH = date(1899, 12, 30).toordinal()
_MILLISECONDS = 86_400_000

_ODD = "&<>\0-\x1f\ud800-\udfff\ufffe\uffff"
_plain_text = re.compile(rf"[^{_ODD}\s]([^{_ODD}]*[^{_ODD}\s])?").fullmatch
"""Matches text that XML and the reader leave as it is; `_x` must not be in it: see `_written`."""
_short_number = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,3})?|-?[0-9]{1,8}\.[0-9]{1,7}").fullmatch
"""Matches the text of a Decimal with no more than 15 digits."""
_PLAIN_LENGTH = MAX_CELL // 2
_LIKE_ESCAPE = re.compile("_(?=x[0-9A-Fa-f]{4}_)")


class _Place(NamedTuple):
    """What never changes in the cells of one column, in front of the row's number and behind it."""

    begin: str
    number: str
    text: str
    takes_text: bool
    takes_number: bool


class Rows:
    """Writes the rows of one sheet, whose columns are known."""

    def __init__(self, columns: Columns, cells: Cells, styles: Styles) -> None:
        self._columns = columns
        self._cells = cells
        self._styles = styles
        self.formats = [_style(column, styles) for column in columns]
        """The style of each column, 0 where it has none of its own."""
        self._texts = styles.number_of("@") if columns else 0
        self._places = [
            self._place(column, style, letters(index))
            for index, (column, style) in enumerate(zip(columns, self.formats, strict=True))
        ]

    def _place(self, column: Column, style: int, name: str) -> _Place:
        return _Place(
            begin=f'<c r="{name}',
            number=f'"{_styled(style)}><v>',
            # as text, else Excel makes a number of 00123 as soon as somebody edits the cell
            text=f'"{_styled(style or self._texts)} t="inlineStr"><is><t>',
            takes_text=column.type not in ("date", "datetime", "integer", "decimal"),
            takes_number=column.type != "text",
        )

    def xml(self, values: list[JsonValue], record: int) -> str:
        """Return the row of a record; they count from 1, below the header."""
        row = record + 1
        parts = [f'<row r="{row}">']
        add = parts.append
        for index, value in enumerate(values):
            if value is None:
                continue
            place = self._places[index]
            kind = value.__class__
            if kind is str:
                if (
                    place.takes_text
                    and _plain_text(value)  # type: ignore[arg-type]  # a text
                    and len(value) < _PLAIN_LENGTH  # type: ignore[arg-type]
                    and "_x" not in value  # type: ignore[operator]
                ):
                    add(f"{place.begin}{row}{place.text}{value}</t></is></c>")
                    continue
            elif place.takes_number and (
                (kind is int and -(10**_GENERAL_DIGITS) < value < 10**_GENERAL_DIGITS)
                or (kind is Decimal and _short_number(str(value)))
            ):
                add(f"{place.begin}{row}{place.number}{value}</v></c>")
                continue
            add(self._long_way(index, self._cells.cell(value, self._columns[index], row=record), row))
        add("</row>")
        return "".join(parts)

    def looked_at(self, values: list[JsonValue], record: int) -> tuple[str, list[Cell]]:
        """Return the row of a record as `xml` does, and what its cells show."""
        make = self._cells.cell
        cells = [make(value, column, row=record) for value, column in zip(values, self._columns, strict=True)]
        each = (self._long_way(index, cell, record + 1) for index, cell in enumerate(cells))
        return f'<row r="{record + 1}">{"".join(each)}</row>', cells

    def _long_way(self, index: int, cell: Cell, row: int) -> str:
        """Return the XML of a cell of any kind."""
        if cell is None:
            return ""
        begin = f'{self._places[index].begin}{row}"'
        style = self.formats[index]
        if isinstance(cell, str):
            return f'{begin}{_styled(style or self._texts)} t="inlineStr"><is>{_written(cell)}</is></c>'
        if isinstance(cell, bool):
            return f'{begin}{_styled(style)} t="b"><v>{cell:d}</v></c>'
        if isinstance(cell, date):
            return f"{begin}{_styled(self._date_style(cell, index))}><v>{serial(cell)}</v></c>"
        if not style and isinstance(cell, int) and abs(cell) >= 10**_GENERAL_DIGITS:
            style = self._styles.number_of("0")
        return f"{begin}{_styled(style)}><v>{cell}</v></c>"

    def _date_style(self, cell: date, index: int) -> int:
        if isinstance(cell, datetime) and cell.microsecond and self._columns[index].format is None:
            return self._styles.number_of(_FINE)
        return self.formats[index]


def heading(texts: list[str]) -> str:
    """Return the row of the headings."""
    cells = (
        f'<c r="{letters(index)}1" s="{BOLD}" t="inlineStr"><is>{_written(text)}</is></c>'
        for index, text in enumerate(texts)
    )
    return f'<row r="1">{"".join(cells)}</row>'


def letters(index: int) -> str:
    """Return the letters of a column that counts from 0: A, B, ... Z, AA."""
    name = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        name = chr(65 + rest) + name
    return name


def serial(day: date) -> str:
    """Return a date or moment as the number of days that Excel knows, to the millisecond."""
    whole = day.toordinal() - _EPOCH
    if not isinstance(day, datetime):
        return str(whole)
    seconds = day.hour * 3600 + day.minute * 60 + day.second
    return f"{whole + (seconds * 1000 + day.microsecond // 1000) / _MILLISECONDS:.16G}"


def _style(column: Column, styles: Styles) -> int:
    code = column.format or _CODES.get(column.type or "")
    return styles.number_of(code) if code else 0


def _styled(style: int) -> str:
    return f' s="{style}"' if style else ""


def _written(text: str) -> str:
    """Return the element of a text, with what readers would take for an escape of theirs escaped."""
    space = ' xml:space="preserve"' if text[:1].isspace() or text[-1:].isspace() else ""
    return f"<t{space}>{escape(_LIKE_ESCAPE.sub('_x005F_', text))}</t>"
