"""What a table holds, column by column, against the plain definitions of it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from txojobs.files.profile import ColumnProfile, profile

if TYPE_CHECKING:
    from txojobs.records import JsonValue, Record


def column(*values: JsonValue) -> ColumnProfile:
    found = ColumnProfile("a")
    for value in values:
        found.add(value)
    return found


@pytest.mark.parametrize(
    ("values", "types", "looks", "span"),
    [
        ((1, 5, -3), {"integer": 3}, None, (-3, 5)),
        ((1, Decimal("0.5")), {"integer": 1, "decimal": 1}, None, (Decimal("0.5"), 1)),
        ((Decimal("NaN"), 2), {"decimal": 1, "integer": 1}, None, (2, 2)),
        (("b", "a"), {"text": 2}, None, ("a", "b")),
        (("10", "9"), {"text": 2}, "integer", (Decimal(9), Decimal(10))),
        (("10", "9.5"), {"text": 2}, "decimal", (Decimal("9.5"), Decimal(10))),
        (("00123", "9"), {"text": 2}, None, ("00123", "9")),
        (("2026-01-15", "2025-12-31"), {"text": 2}, "date", ("2025-12-31", "2026-01-15")),
        (("2026-01-15T10:00:00Z",), {"text": 1}, "datetime", ("2026-01-15T10:00:00Z",) * 2),
        ((True, False), {"boolean": 2}, None, (None, None)),
        ((1, "a"), {"integer": 1, "text": 1}, None, (None, None)),
        (([1], {"b": 1}), {"list": 1, "object": 1}, None, (None, None)),
        ((), {}, None, (None, None)),
    ],
)
def test_a_column_tells_types_looks_and_span(
    values: tuple[JsonValue, ...], types: dict[str, int], looks: str | None, span: tuple[Any, Any]
) -> None:
    found = column(*values)
    assert (found.types, found.looks, found.span) == (types, looks, span)
    assert found.values == len(values)


@given(st.lists(st.none() | st.integers() | st.decimals(allow_nan=False, allow_infinity=False)))
def test_the_span_of_numbers_is_that_of_all_of_them(values: list[Any]) -> None:
    found = column(*values)
    numbers = [value for value in values if value is not None]
    assert found.span == ((min(numbers), max(numbers)) if numbers else (None, None))
    assert (found.values, found.nulls) == (len(numbers), len(values) - len(numbers))


@given(st.lists(st.text(max_size=5)))
def test_the_span_of_texts_is_that_of_all_of_them(values: list[str]) -> None:
    found = column(*values)
    texts = [value for value in values if value]
    assert (found.values, found.blanks) == (len(texts), len(values) - len(texts))
    if found.looks in ("integer", "decimal"):
        assert found.span == (min(map(Decimal, texts)), max(map(Decimal, texts)))
    else:
        assert found.span == ((min(texts), max(texts)) if texts else (None, None))


def test_a_column_that_comes_late_was_absent_before() -> None:
    records: list[Record] = [{"a": 1}, {"a": 2, "b": "x"}, {"b": None}]
    found = profile([records[:1], records[1:]], names=("z",), keep=2)
    assert list(found.columns) == ["z", "a", "b"]
    assert (found.rows, found.first) == (3, records[:2])
    assert [(each.values, each.nulls) for each in found.columns.values()] == [(0, 3), (2, 1), (1, 2)]
