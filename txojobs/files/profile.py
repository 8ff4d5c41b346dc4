"""What a table holds, column by column: types, how many values, the smallest and the largest. Holds no records."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from txojobs.records import Batch, JsonValue, Record

_LOOKS = {
    "integer": re.compile(r"-?(0|[1-9][0-9]{0,37})"),
    "decimal": re.compile(r"-?(0|[1-9][0-9]{0,37})(\.[0-9]{1,38})?"),
    "date": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"),
    "datetime": re.compile(
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(Z|[+-][0-9]{2}:?[0-9]{2})?"
    ),
}
"""What a text may look like, the narrowest first; `00123` is no number."""
_NUMBERS = ("integer", "decimal")


@dataclass(slots=True)
class _Span:
    smallest: Any = None
    largest: Any = None

    def add(self, value: Any) -> None:
        if self.smallest is None or value < self.smallest:
            self.smallest = value
        if self.largest is None or value > self.largest:
            self.largest = value


@dataclass(slots=True)
class ColumnProfile:
    """One column. `types` are those that came, with the number of values of each."""

    name: str
    types: dict[str, int] = field(default_factory=dict)
    nulls: int = 0
    """Records in which the field is null or absent."""
    blanks: int = 0
    """Records in which it is the empty text."""
    _looks: list[str] = field(default_factory=lambda: list(_LOOKS))
    _texts: _Span = field(default_factory=_Span)
    _numbers: _Span = field(default_factory=_Span)

    @property
    def values(self) -> int:
        """How many values there are that are neither null nor empty."""
        return sum(self.types.values())

    @property
    def looks(self) -> str | None:
        """What all texts look like: integer, decimal, date, datetime; None where they are nothing of it."""
        return self._looks[0] if "text" in self.types and self._looks else None

    @property
    def span(self) -> tuple[JsonValue, JsonValue]:
        """The smallest and the largest value; None where the values have no common order."""
        kinds = {"number" if kind in _NUMBERS else kind for kind in self.types}
        if kinds == {"text"}:
            found = self._numbers if self.looks in _NUMBERS else self._texts
        elif kinds == {"number"}:
            found = self._numbers
        else:
            return None, None
        return found.smallest, found.largest

    def add(self, value: JsonValue) -> None:
        """Take one value into account."""
        if value is None:
            self.nulls += 1
            return
        if value == "":
            self.blanks += 1
            return
        kind = _kind(value)
        self.types[kind] = self.types.get(kind, 0) + 1
        if isinstance(value, str):
            self._texts.add(value)
            self._looks = [each for each in self._looks if _LOOKS[each].fullmatch(value)]
            if any(each in _NUMBERS for each in self._looks):
                self._numbers.add(Decimal(value))
        elif kind in _NUMBERS and (isinstance(value, int) or value.is_finite()):  # type: ignore[union-attr]
            self._numbers.add(value)


def _kind(value: JsonValue) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "text"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, Decimal):
        return "decimal"
    return "list" if isinstance(value, list) else "object"


@dataclass(slots=True)
class TableProfile:
    """A table: its columns, in the order in which they came, the number of its records, and the first of them."""

    columns: dict[str, ColumnProfile] = field(default_factory=dict)
    rows: int = 0
    first: list[Record] = field(default_factory=list)


def profile(batches: Iterable[Batch], *, names: Iterable[str] = (), keep: int) -> TableProfile:
    """Read a table to its end; `names` are the columns that are known before, `keep` how many records to keep."""
    found = TableProfile({name: ColumnProfile(name) for name in names})
    for batch in batches:
        for record in batch:
            if len(found.first) < keep:
                found.first.append(record)
            if not record.keys() <= found.columns.keys():
                for name in record:
                    found.columns.setdefault(name, ColumnProfile(name, nulls=found.rows))
            for name, column in found.columns.items():
                column.add(record.get(name))
            found.rows += 1
    return found
