r"""How one value becomes one cell of a worksheet, exact or counted, never a formula.

Numbers of up to 15 significant digits are numbers; longer ones would lose digits and become text, but for quotients,
which were cut off anyway and are rounded. Text stays text. ISO dates become real dates in columns of that type. What
XML 1.0 (section 2.2) cannot hold becomes visible as `\uXXXX`. Limits: "Excel specifications and limits", Microsoft.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import TYPE_CHECKING

from txojobs.errors import FileOperationError
from txojobs.files.cells import decimal_text, json_text, visible
from txojobs.files.table import NOT_FINITE, UNSTORABLE, unsuitable_value

if TYPE_CHECKING:
    from pathlib import Path

    from txojobs.files.table import Tally
    from txojobs.records import Column, JsonValue

MAX_CELL = 32_767
"""UTF-16 units of text in one cell."""

LONG_NUMBER = "numbers beyond 15 digits written as text"
QUOTIENT = "quotients rounded to 15 digits"
ZONED = "datetimes with a time zone written in UTC"
NO_DATE = "dates that a worksheet cannot hold written as text"
LINE_ENDS = "texts with CR LF line ends written with LF"

Cell = str | bool | int | Decimal | datetime | date | None

_DIGITS = 15
_DIGITS_OF_EXCEL = Context(prec=_DIGITS, rounding=ROUND_HALF_EVEN)
_ENDLESS = 30
"""Digits of a quotient that was cut off, at 38, and has lost a few to a subtraction; one that ends is shorter."""
_MAX_PLAIN_INT = 10**_DIGITS
_MAX_ADJUSTED = 306
"""Excel's largest number is 9.99E+307, its smallest 2.2E-308."""
_UNSTORABLE = re.compile("[\0-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_DATETIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[T ]([0-9]{2}):([0-9]{2})"
    r"(?::([0-9]{2})(?:\.([0-9]+))?)?(?:(Z)|([+-])([0-9]{2}):?([0-9]{2}))?"
)
_FIRST_DATE = datetime(1900, 3, 1)  # noqa: DTZ001  # Excel knows no zones, and a 29 February 1900


class Cells:
    """Turns the values of one sheet into cells and counts what it had to change."""

    def __init__(self, path: Path, *, sheet: str, tally: Tally) -> None:
        self._path = path
        self._sheet = sheet
        self._tally = tally

    def cell(self, value: JsonValue, column: Column, *, row: int) -> Cell:
        """Return what to write for `value`; `row` counts records from 1, for messages."""
        if value is None or isinstance(value, bool):
            return str(value).lower() if column.type == "text" and value is not None else value
        if isinstance(value, str):
            return self._from_text(value, column, row)
        if isinstance(value, int | Decimal):
            return self._number(value, column, row)
        if isinstance(value, dict | list):
            return self.text(json_text(value, self._tally), column.name, row=row)
        raise unsuitable_value(value, field=column.name, row=row, path=self._path)

    def text(self, text: str, field: str, *, row: int) -> str:
        """Return `text` as a cell can hold it.

        Raises:
            FileOperationError: it is too long; it is never cut.
        """
        if "\r" in text:
            self._tally.add(LINE_ENDS)
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        if _UNSTORABLE.search(text):
            self._tally.add(UNSTORABLE)
            text = _UNSTORABLE.sub(visible, text)
        if len(text) > MAX_CELL // 2 and len(text.encode("utf-16-le")) // 2 > MAX_CELL:
            where = f"record {row:,}" if row else "the header"
            raise FileOperationError(
                f"{self._path.name}, sheet {self._sheet!r}: the field {field[:60]!r} of {where} has "
                f"{len(text):,} characters, a cell holds {MAX_CELL:,}",
                how_to_fix="save as .csv or .json, or leave the field out",
            )
        return text

    def _from_text(self, value: str, column: Column, row: int) -> Cell:
        if column.type in ("date", "datetime"):
            moment = self._date(value) if column.type == "date" else self._datetime(value)
            if moment is not None:
                return moment
            if value:
                self._tally.add(NO_DATE)
        elif column.type in ("integer", "decimal") and _NUMBER.fullmatch(value):
            return self._number(Decimal(value), column, row)
        return self.text(value, column.name, row=row)

    def _number(self, value: int | Decimal, column: Column, row: int) -> Cell:
        if isinstance(value, Decimal) and not value.is_finite():
            self._tally.add(NOT_FINITE)
            return None
        if column.type != "text":
            if fits(value):
                return value
            rounded = (
                _DIGITS_OF_EXCEL.plus(Decimal(value)) if column.is_quotient and _is_cut_off(value) else value
            )
            if fits(rounded):
                self._tally.add(QUOTIENT)
                return rounded
            self._tally.add(LONG_NUMBER)
        digits = decimal_text(value) if isinstance(value, Decimal) else str(value)
        return self.text(digits, column.name, row=row)

    def _date(self, value: str) -> date | None:
        match = _DATE.fullmatch(value)
        try:
            day = date(*map(int, match.groups())) if match else None
        except ValueError:
            return None
        return day if day is not None and day >= _FIRST_DATE.date() else None

    def _datetime(self, value: str) -> datetime | date | None:
        match = _DATETIME.fullmatch(value)
        if match is None:
            return self._date(value)
        year, month, day, hour, minute, second, fraction, utc, sign, zone_h, zone_m = match.groups()
        milliseconds = (fraction or "").rstrip("0")
        if len(milliseconds) > 3:  # noqa: PLR2004  # what Excel shows and keeps
            return None
        try:
            moment = datetime(  # noqa: DTZ001  # Excel knows no zones
                int(year), int(month), int(day), int(hour), int(minute), int(second or 0),
                int(milliseconds.ljust(3, "0")) * 1000,
            )  # fmt: skip
            if sign:
                offset = timedelta(hours=int(zone_h), minutes=int(zone_m))
                moment += -offset if sign == "+" else offset
        except (ValueError, OverflowError):
            return None
        if moment < _FIRST_DATE:
            return None
        if utc or sign:
            self._tally.add(ZONED)
        return moment


def _is_cut_off(number: int | Decimal) -> bool:
    return isinstance(number, Decimal) and len(number.as_tuple().digits) >= _ENDLESS


def fits(number: int | Decimal) -> bool:
    """Say whether a worksheet keeps every digit of a finite number."""
    if isinstance(number, int):
        if -_MAX_PLAIN_INT < number < _MAX_PLAIN_INT:
            return True
        number = Decimal(number)
    _, digits, exponent = number.as_tuple()
    end = len(digits)
    while end and not digits[end - 1]:
        end -= 1
    begin = 0
    while begin < end and not digits[begin]:
        begin += 1
    if begin == end:
        return True
    return end - begin <= _DIGITS and abs(number.adjusted()) <= _MAX_ADJUSTED and isinstance(exponent, int)
