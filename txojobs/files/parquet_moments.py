"""Dates, datetimes and times in Parquet: whether all texts of a column are such, and how they are kept exactly.

A text is one when it is written as ISO 8601 has it, as OData and JSON services write it, and when Parquet holds it
with every digit: microseconds from the year 1 to 9999, nanoseconds from 1678 to 2261 (Parquet, LogicalTypes.md).
A column of which one text is none stays text.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

_DATE = r"\d{4}-\d\d-\d\d"
_TIME = r"\d\d:\d\d(:\d\d(\.\d+)?)?"
_ZONE = r"(Z|[+-]\d\d:?\d\d)"
_PATTERNS = {"date": f"^{_DATE}$", "datetime": f"^{_DATE}[T ]{_TIME}{_ZONE}?$", "time": f"^{_TIME}$"}
_NOT_UTC = r"[+-][\d:]*[1-9][\d:]*$"
_FIRST_YEAR = "0001"
_EDGE = rf"^(0001|9999)-.*{_NOT_UTC}"
_FIRST_NS_YEAR, _LAST_NS_YEAR = "1678", "2261"
_US, _NS = 6, 9
"""Digits after the second."""


class Moments:
    """What is known so far of the texts of one column whose type is date, datetime or time."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._pattern = _PATTERNS[kind]
        self._zoned: bool | None = None
        self._is_fine = False
        self._years: list[str] = []
        self.are_exact = True
        """Whether each text so far is of the kind, and Parquet holds all of them in one type."""
        self.offsets = 0
        """How many have an offset other than that of UTC, which no column keeps."""

    def take(self, texts: Any) -> None:
        """Look at some more texts, an array that may hold nulls."""
        if self.are_exact:
            self.are_exact = self._are_exact(texts)

    def type(self) -> Any:
        """Return the type of the column."""
        unit = "ns" if self._is_fine else "us"
        if self._kind == "date":
            return pa.date32()
        if self._kind == "time":
            return pa.time64(unit)
        return pa.timestamp(unit, tz="UTC" if self._zoned is not False else None)

    def cast(self, texts: Any) -> Any:
        """Return an array of texts in the type of the column."""
        if self._kind == "date":
            return texts.cast(pa.date32())
        digits = _NS if self._is_fine else _US
        texts = pc.replace_substring_regex(texts, rf"(\.\d{{{digits}}})0+", r"\1")
        if self._kind == "datetime":
            return texts.cast(self.type())
        moments = pc.binary_join_element_wise("1970-01-01T", texts, "")
        return moments.cast(pa.timestamp(self.type().unit)).cast(self.type())

    def _are_exact(self, texts: Any) -> bool:
        if not _every(pc.match_substring_regex(texts, self._pattern)):
            return False
        if self._kind != "date":
            self._is_fine = self._is_fine or _any(pc.match_substring_regex(texts, rf"\.\d{{{_US}}}\d*[1-9]"))
        if self._kind == "datetime" and not self._is_one_zone(texts):
            return False
        if self._kind != "time" and not self._is_in_range(texts):
            return False
        try:
            self.cast(texts)  # 30 February is of the pattern, and so are ten digits of a second
        except pa.ArrowInvalid:
            return False
        return True

    def _is_one_zone(self, texts: Any) -> bool:
        """Tell whether these have a zone as those before, or none as those: instants, or what a clock shows.

        A mix among these shows when they are cast.
        """
        zoned = _any(pc.match_substring_regex(texts, f"{_ZONE}$"))
        if self._zoned is None:
            self._zoned = zoned
        if zoned:
            self.offsets += pc.sum(pc.match_substring_regex(texts, _NOT_UTC)).as_py() or 0
        return zoned == self._zoned

    def _is_in_range(self, texts: Any) -> bool:
        years = [each for each in pc.min_max(pc.utf8_slice_codeunits(texts, 0, 4)).as_py().values() if each]
        years = sorted([*self._years, *years])
        first, last = self._years = [years[0], years[-1]]
        if self._kind == "datetime" and self._is_fine:
            return first >= _FIRST_NS_YEAR and last <= _LAST_NS_YEAR
        if self.offsets and _any(pc.match_substring_regex(texts, _EDGE)):
            return False  # in UTC it may be a year that nobody can read
        return first >= _FIRST_YEAR


def _every(flags: Any) -> bool:
    return pc.all(flags).as_py() is not False


def _any(flags: Any) -> bool:
    return pc.any(flags).as_py() is True
