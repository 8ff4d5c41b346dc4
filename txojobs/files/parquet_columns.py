r"""What one column of a Parquet file holds: learnt chunk by chunk, before a type is chosen that holds all of it.

Whole numbers are int64 where they fit, else decimals; decimals have the scale that keeps every digit. Until the type
is chosen numbers wait as the text that they are, so that a column of several types becomes text without a digit lost.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from txojobs.files.cells import decimal_text, json_text, visible
from txojobs.files.parquet_moments import Moments
from txojobs.files.table import NOT_FINITE, UNSTORABLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from txojobs.files.table import Tally
    from txojobs.records import Column, JsonValue

MIXED = "numbers, true and false written as text, in columns that hold text or values of several types"
LONG = "numbers written as text, in columns with one beyond 76 digits"
NO_MOMENT = "dates and times written as text, in columns with one that Parquet cannot hold"
OFFSET = "datetimes with an offset written in UTC"

_DIGITS, _MORE_DIGITS = 38, 76
"""What decimal128 and decimal256 hold."""
_DIGITS_OF_INT64 = 19
_SURROGATE = re.compile("[\ud800-\udfff]")
_TYPES = {type(None), str, bool, int, Decimal, list, dict}
_TEMPORAL = ("date", "datetime", "time")
_EMPTY = {
    "integer": pa.int64(),
    "decimal": pa.decimal128(_DIGITS, 9),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "datetime": pa.timestamp("us", tz="UTC"),
    "time": pa.time64("us"),
}
"""The types of columns without any value."""


class UnsuitableError(Exception):
    """A value is of a type that records do not have; `index` is its place in the chunk."""

    def __init__(self, index: int) -> None:
        super().__init__(index)
        self.index = index


class LearntColumn:
    """One column: turns chunks of values into arrays that lose nothing, then those into the type that suits all."""

    def __init__(self, column: Column, tally: Tally) -> None:
        self._type = column.type
        self._tally = tally
        self._counts = dict.fromkeys(("integer", "number", "boolean", "text", "nested"), 0)
        self._whole = self._scale = 0
        self._is_long = False
        self._moments = Moments(column.type) if column.type in _TEMPORAL else None
        self._chosen: Any = None
        self._is_moment = False

    def array(self, values: Sequence[JsonValue]) -> Any:
        """Return the values as one array, in the narrowest type that keeps each as it is.

        Raises:
            UnsuitableError: one of them is no value of a record.
        """
        kinds = {*map(type, values)} - {type(None)}
        if kinds == {str}:
            return self._texts(values)
        if not kinds:
            return pa.nulls(len(values))
        if kinds == {bool}:
            return self._counted("boolean", pa.array(values, pa.bool_()))
        if kinds == {int}:
            try:
                return self._integers(pa.array(values, pa.int64()))
            except OverflowError:
                return self._numbers(values)
        if kinds <= {int, Decimal}:
            return self._numbers(values)
        if kinds - _TYPES:
            return self.array([_without_subclass(value, index) for index, value in enumerate(values)])
        return pa.array([self._text(value) for value in values], pa.string())

    def choose(self) -> Any:
        """Return the type of the column once all chunks were seen, and count what it changes."""
        counts = {kind: count for kind, count in self._counts.items() if count}
        numbers = self._counts["integer"] + self._counts["number"]
        if not counts:
            self._chosen = _EMPTY.get(self._type or "", pa.string())
        elif counts.keys() == {"boolean"} and self._type != "text":
            self._chosen = pa.bool_()
        elif numbers and counts.keys() <= {"integer", "number"} and self._type != "text":
            self._chosen = self._number_type()
            if self._chosen == pa.string():
                self._tally.add(LONG, numbers)
        else:
            self._chosen = self._text_type(counts)
            self._tally.add(MIXED, numbers + self._counts["boolean"])
        return self._chosen

    def cast(self, array: Any) -> Any:
        """Return an array of `array` in the chosen type."""
        if self._is_moment and self._moments is not None and array.type == pa.string():
            return self._moments.cast(array)
        if array.type == pa.int64() and self._scale > _DIGITS - _DIGITS_OF_INT64:
            array = array.cast(pa.string())  # the cast to a decimal wants room for any int64
        return array.cast(self._chosen)

    def _counted(self, kind: str, array: Any) -> Any:
        self._counts[kind] += len(array) - array.null_count
        return array

    def _texts(self, values: Sequence[JsonValue]) -> Any:
        try:
            array = pa.array(values, pa.string())
        except UnicodeEncodeError:
            array = pa.array([storable(each, self._tally) for each in values], pa.string())
        if self._moments is not None:
            self._moments.take(array)
        return self._counted("text", array)

    def _integers(self, array: Any) -> Any:
        ends = pc.min_max(array).as_py().values()
        self._whole = max(self._whole, *(len(str(abs(end))) for end in ends))
        return self._counted("integer", array)

    def _numbers(self, values: Sequence[JsonValue]) -> Any:
        array = pa.array([None if value is None else str(value) for value in values], pa.string())
        written = array.buffers()[2].to_pybytes()
        if b"E" in written or b"N" in written or b"n" in written:  # an exponent, NaN, Infinity
            array = pa.array([self._number_text(value) for value in values], pa.string())
        digits = pc.utf8_ltrim(array, "-0")
        dots = pc.find_substring(digits, ".")
        lengths = pc.binary_length(digits)
        whole = pc.if_else(pc.less(dots, 0), lengths, dots)
        scale = pc.if_else(pc.less(dots, 0), 0, pc.subtract(pc.subtract(lengths, dots), 1))
        self._whole = max(self._whole, pc.max(whole).as_py() or 0)
        self._scale = max(self._scale, pc.max(scale).as_py() or 0)
        return self._counted("number", array)

    def _number_text(self, value: Any) -> str | None:
        if not isinstance(value, Decimal):
            return None if value is None else str(value)
        if not value.is_finite():
            self._tally.add(NOT_FINITE)
            return None
        text = decimal_text(value)
        self._is_long = self._is_long or "E" in text
        return text

    def _text(self, value: JsonValue) -> str | None:
        """Return a value among others of other types; each is what it would be in a csv."""
        if value is None:
            return None
        if isinstance(value, str):
            self._counts["text"] += 1
            return storable(value, self._tally)
        if isinstance(value, dict | list):
            self._counts["nested"] += 1
            return json_text(value, self._tally)
        if isinstance(value, bool):
            self._counts["boolean"] += 1
            return str(value).lower()
        text = self._number_text(value)
        self._counts["number"] += text is not None
        return text

    def _number_type(self) -> Any:
        digits = self._whole + self._scale
        if self._counts["number"] == 0 and self._type != "decimal":
            return pa.int64()
        if self._is_long or digits > _MORE_DIGITS:
            return pa.string()
        if digits <= _DIGITS:
            return pa.decimal128(_DIGITS, self._scale)
        return pa.decimal256(_MORE_DIGITS, self._scale)

    def _text_type(self, counts: dict[str, int]) -> Any:
        """Return the type of a column with texts or nested values in it."""
        moments = self._moments
        if moments is None or "text" not in counts:
            return pa.string()
        if not moments.are_exact or counts.keys() != {"text"}:
            self._tally.add(NO_MOMENT, counts["text"])
            return pa.string()
        self._is_moment = True
        self._tally.add(OFFSET, moments.offsets)
        return moments.type()


def _without_subclass(value: Any, index: int) -> JsonValue:
    bases: tuple[Any, ...] = (bool, int, str, Decimal, list, dict)
    base = next((each for each in bases if isinstance(value, each)), None)
    if base is None and value is not None:
        raise UnsuitableError(index)
    plain: JsonValue = value if base in (None, type(value)) else base(value)
    return plain


def storable(text: JsonValue, tally: Tally) -> str | None:
    """Return a text without lone surrogates, which UTF-8 does not have."""
    if not isinstance(text, str) or not _SURROGATE.search(text):
        return text if isinstance(text, str) else None
    tally.add(UNSTORABLE)
    return _SURROGATE.sub(visible, text)
