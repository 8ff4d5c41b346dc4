"""Equality, order, truth and the errors of evaluation; the value is never changed."""

from __future__ import annotations

import copy
from decimal import Decimal, localcontext
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from txojobs.errors import ValidationError
from txojobs.expressions import EvaluationError, parse, to_literal

NUMBERS = st.integers(-(10**30), 10**30) | st.decimals(
    allow_nan=False, allow_infinity=False, min_value=Decimal("-1E+30"), max_value=Decimal("1E+30")
)
ORDER = {
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
    "==": lambda one, other: one == other,
    "!=": lambda one, other: one != other,
}


@settings(deadline=None)
@given(NUMBERS, NUMBERS, st.sampled_from(sorted(ORDER)))
def test_compares_numbers_by_their_exact_value(one: Any, other: Any, sign: str) -> None:
    expected = ORDER[sign](Decimal(one), Decimal(other))
    assert parse(f"a {sign} b").evaluate({"a": one, "b": other}) is expected
    assert parse(f"a {sign} {to_literal(other)}").evaluate({"a": one}) is expected
    assert parse(f"{to_literal(one)} {sign} b").evaluate({"b": other}) is expected


@settings(deadline=None)
@given(st.text(max_size=5), st.text(max_size=5), st.sampled_from(sorted(ORDER)))
def test_compares_texts_by_code_point(one: str, other: str, sign: str) -> None:
    expected = ORDER[sign](one, other)
    assert parse(f"a {sign} b").evaluate({"a": one, "b": other}) is expected
    assert parse(f"a {sign} {to_literal(other)}").evaluate({"a": one}) is expected


def test_iso_dates_compare_by_time() -> None:
    assert parse("d >= '2026-01-01'").evaluate({"d": "2026-01-15T10:00:00Z"}) is True


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (1, Decimal("1.0"), True),
        (Decimal("1.10"), Decimal("1.1"), True),
        (1, True, False),
        (0, False, False),
        (True, True, True),
        ([1], [True], False),
        ([1], [Decimal("1.0")], True),
        ({"a": 0}, {"a": False}, False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ({"a": 1}, {"b": 1}, False),
        ([1], [1, 2], False),
        ("1", 1, False),
        (None, None, True),
        (None, False, False),
        (None, "", False),
        ([], {}, False),
        (9007199254740993, 9007199254740992, False),
        (Decimal("0.1"), Decimal("0.1000000000000000055511151231257827"), False),
    ],
)
def test_equality_is_by_value_and_type(one: Any, other: Any, *, same: bool) -> None:
    for left, right in ((one, other), (other, one)):
        record = {"a": left, "b": right}
        assert parse("a == b").evaluate(record) is same
        assert parse("a != b").evaluate(record) is not same
        assert parse(f"a == {to_literal(right)}").evaluate(record) is same
        assert parse(f"{to_literal(left)} == b").evaluate(record) is same


@pytest.mark.parametrize("sign", ["<", "<=", ">", ">="])
@pytest.mark.parametrize("other", [5, "x", None, True, [1], {"a": 1}])
def test_order_with_null_is_null_and_so_false(sign: str, other: Any) -> None:
    expression = parse(f"a {sign} b")
    for record in ({"a": None, "b": other}, {"a": other, "b": None}):
        assert expression.evaluate(record) is None
        assert expression.matches(record) is False


@pytest.mark.parametrize(
    ("text", "record", "operand", "value"),
    [
        ("Balance > 0", {"Balance": "12"}, "Balance", "the text '12'"),
        ("0 < Balance", {"Balance": "12"}, "Balance", "the text '12'"),
        ("Balance > 0", {"Balance": True}, "Balance", "true"),
        ("Address.Zip >= 1000", {"Address": {"Zip": [1]}}, "Address.Zip", "a list of 1"),
        ("Name < 'x'", {"Name": 5}, "Name", "the number 5"),
        ("a > b", {"a": 1, "b": {"c": 1}}, "b", "an object (c)"),
        ("a > b", {"a": "x", "b": 1}, "a", "the text 'x'"),
        ("x && a > b", {"x": 1, "a": False, "b": False}, "a", "false"),
    ],
)
def test_order_of_other_types_is_an_error(text: str, record: Any, operand: str, value: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        parse(text).evaluate(record)
    error = caught.value
    assert (error.operand, error.value) == (operand, value)
    assert text[error.offset : error.offset + error.length] == operand
    assert error.operator in str(text)
    assert operand in str(error)
    assert value in str(error)
    assert isinstance(error, ValidationError)


def test_an_error_says_how_to_convert() -> None:
    with pytest.raises(EvaluationError) as caught:
        parse("Balance > 0").evaluate({"Balance": "12"})
    assert caught.value.how_to_fix == "convert it: to_number(Balance)"


def test_an_error_shows_foreign_text_short_and_on_one_line() -> None:
    with pytest.raises(EvaluationError) as caught:
        parse("Name > 0").evaluate({"Name": "a\x1b[31m\n\u202e" + "x" * 10_000})
    message = str(caught.value)
    assert message.isprintable()
    assert len(message) < 200


@pytest.mark.parametrize("value", [None, False, "", [], {}])
def test_what_counts_as_false(value: Any) -> None:
    assert parse("a").matches({"a": value}) is False
    assert parse("!a").evaluate({"a": value}) is True
    assert parse("a || 'other'").evaluate({"a": value}) == "other"
    assert parse("a && 'other'").evaluate({"a": value}) == value


@pytest.mark.parametrize("value", [True, 0, Decimal("0.00"), -1, " ", [None], {"a": None}])
def test_what_counts_as_true(value: Any) -> None:
    assert parse("a").matches({"a": value}) is True
    assert parse("!a").evaluate({"a": value}) is False


RECORD: dict[str, Any] = {
    "No": "0001",
    "Balance": Decimal("12.50"),
    "Lines": [{"Amount": 3, "Tags": ["b", "a"]}, {"Amount": 1, "Tags": []}],
    "Address": {"City": "Oslo", "Zip": None},
}


@pytest.mark.parametrize(
    "text",
    [
        "sort_by(Lines, &Amount)",
        "Lines[].Tags[] | sort(@)",
        "reverse(Lines)",
        "merge(Address, {City: 'Bergen'}, Lines[0])",
        "to_array(Lines)",
        "map(&Amount, Lines)",
        "Lines[?Amount > 1]",
        "keys(@)",
        "values(Address)",
        "{a: Lines, b: Address}",
        "[Lines, Address, @]",
        "lookup(No, {\"0001\": 'x'})",
    ],
)
def test_never_changes_what_it_is_given(text: str) -> None:
    record = copy.deepcopy(RECORD)
    result: Any = parse(text).evaluate(record)
    assert record == RECORD
    assert result is not record["Lines"] or text == "to_array(Lines)"


def test_does_not_depend_on_the_decimal_context() -> None:
    with localcontext() as context:
        context.prec = 2
        assert parse("add(a, 1)").evaluate({"a": Decimal("12345.67")}) == Decimal("12346.67")
        assert parse("abs(a)").evaluate({"a": Decimal("-12345.67")}) == Decimal("12345.67")
        assert parse("sum([a, a])").evaluate({"a": Decimal("12345.67")}) == Decimal("24691.34")
        assert parse("round(a, 1)").evaluate({"a": Decimal("12345.67")}) == Decimal("12345.7")
        assert parse("ceil(a)").evaluate({"a": Decimal("12345.67")}) == 12346
        assert parse("a > 12345.66").evaluate({"a": Decimal("12345.67")}) is True


@pytest.mark.parametrize("value", [None, 1, "x", [], True, Decimal(1)])
def test_a_field_of_what_is_no_object_is_null(value: Any) -> None:
    assert parse("a").evaluate(value) is None
    assert parse("a.b.c").evaluate({"a": value}) is None
    assert parse("a > 1").evaluate(value) is None
    assert parse("a == 'x'").evaluate(value) is False


def test_a_type_that_json_does_not_have_is_named() -> None:
    with pytest.raises(EvaluationError, match="Python type float"):
        parse("a > 1").evaluate({"a": 1.5})  # type: ignore[dict-item]  # the mistake under test
