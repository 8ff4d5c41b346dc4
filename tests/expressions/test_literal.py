"""to_literal: any JSON value as text that an expression takes back exactly."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from txojobs.errors import ValidationError
from txojobs.expressions import parse, to_literal
from txojobs.expressions.compare import equal

TEXTS = st.text(st.characters(codec=None), max_size=30) | st.text("'\"`\\ \n\ud83d\ude00u{}$", max_size=12)
NUMBERS = st.integers(-(10**40), 10**40) | st.decimals(allow_nan=False, allow_infinity=False)
SCALARS = st.none() | st.booleans() | NUMBERS | TEXTS
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=8,
)


def same_digits(left: Any, right: Any) -> bool:
    """Equal, and a Decimal with a fraction keeps its zeros."""
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        return left.as_tuple() == right.as_tuple()
    return equal(left, right)


@settings(deadline=None)
@given(VALUES)
@example("'")
@example("\\")
@example("\\'")
@example("a\\`b")
@example("`")
@example("\ud800")
@example("\ud83d\ude00"[:1] + "x")
@example("${{ params.x }}")
@example(Decimal("1.50"))
@example(Decimal("1E+30"))
@example(Decimal("-0.00"))
@example([{"a`": "b\\"}, None, True])
def test_comes_back_exactly(value: Any) -> None:
    assert same_digits(parse(to_literal(value)).evaluate(None), value)


@settings(deadline=None)
@given(VALUES, VALUES)
def test_keeps_its_meaning_inside_a_comparison(value: Any, other: Any) -> None:
    assert parse(f"x == {to_literal(value)}").evaluate({"x": value}) is True
    assert parse(f"{to_literal(value)} == x && y").evaluate({"x": value, "y": 1}) == 1
    assert parse(f"x == {to_literal(value)}").evaluate({"x": other}) is equal(value, other)


@settings(deadline=None)
@given(VALUES, VALUES)
def test_stands_as_an_argument_and_in_a_list(value: Any, other: Any) -> None:
    text = f"[{to_literal(value)}, {to_literal(other)}]"
    assert equal(parse(text).evaluate({}), [value, other])
    assert equal(parse(f"to_array({to_literal([value])})[0]").evaluate({}), value)


@settings(deadline=None)
@given(TEXTS)
def test_a_text_cannot_leave_its_literal(text: str) -> None:
    expression = parse(f"Name == {to_literal(text)}")
    assert expression.paths == {("Name",)}


@pytest.mark.parametrize("value", [5, Decimal("1.5"), True, None])
@pytest.mark.parametrize("frame", ["a{}", "1{}", "{}1", "{}a", "a.{}", "'x'{}"])
def test_never_grows_together_with_its_neighbours(value: Any, frame: str) -> None:
    with pytest.raises(ValidationError):
        parse(frame.format(to_literal(value)))


UNFIT = [Decimal("NaN"), Decimal("-Infinity"), Decimal("1E+7000"), 10**5000, 1.5, {"a": Decimal("sNaN")}]


@pytest.mark.parametrize("value", UNFIT, ids=["nan", "infinity", "exponent", "digits", "float", "nested"])
def test_refuses_what_is_no_exact_json(value: Any) -> None:
    with pytest.raises(ValidationError):
        to_literal(value)


def test_refuses_what_nests_too_deeply() -> None:
    value: Any = 1
    for _ in range(51):
        value = [value]
    with pytest.raises(ValidationError):
        to_literal(value)
    assert parse(to_literal(value[0])).evaluate(None) == value[0]


def test_a_literal_is_not_shared_between_records() -> None:
    expression = parse('`{"a": [1]}`')
    first = expression.evaluate({})
    assert isinstance(first, dict)
    first["a"] = 2
    assert expression.evaluate({}) == {"a": [1]}
