"""The table of functions: examples, null rules, wrong types, exact arithmetic."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import jmespath.functions
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from txojobs.expressions import FUNCTIONS, EvaluationError, Function, parse
from txojobs.expressions.errors import ExpressionError
from txojobs.expressions.function import NULL_GIVES_NULL
from txojobs.expressions.literal import json_text

WIDE = st.integers(-(10**38), 10**38) | st.decimals(
    allow_nan=False, allow_infinity=False, min_value=Decimal("-1E+20"), max_value=Decimal("1E+20"), places=18
)


def value_of(text: str, **fields: Any) -> Any:
    return parse(text).evaluate(fields)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_example_gives_the_result(name: str) -> None:
    function = FUNCTIONS[name]
    assert function.example.startswith(f"{name}(")
    assert function.signature.startswith(f"{name}(")
    values: list[Any] = [{}, {"a": 1}]
    for value in values:
        assert json_text(parse(function.example).evaluate(value)) == json_text(function.result)


def test_every_standard_function_is_there() -> None:
    assert set(FUNCTIONS) >= set(jmespath.functions.Functions.FUNCTION_TABLE)


def arguments(function: Function, *, null_at: int) -> str:
    """Write fields for the arguments of a call, null at one of them."""
    sample = {
        "number": "1",
        "text": "'2026-01-01'",
        "list": "l",
        "object": "o",
        "boolean": "true",
        "any": "1",
    }
    words = [function.word(index) for index in range(len(function.takes))]
    given_ = ["&@" if word == "&" else sample[word.split("|")[0]] for word in words]
    given_[null_at] = "nothing"
    return ", ".join(given_)


@pytest.mark.parametrize("name", [name for name, each in FUNCTIONS.items() if each.nulls == NULL_GIVES_NULL])
def test_null_gives_null_in_each_argument_that_needs_a_value(name: str) -> None:
    function = FUNCTIONS[name]
    places = [index for index, word in enumerate(function.takes) if word.rstrip("?.") not in ("any", "&")]
    for index in places or [0]:
        text = f"{name}({arguments(function, null_at=index)})"
        assert value_of(text, l=[1], o={"a": 1}, nothing=None) is None, text


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_wrong_type_is_an_error_that_names_function_field_and_value(name: str) -> None:
    function = FUNCTIONS[name]
    wrong: Any = "x" if "object" in function.takes[0] or function.takes[0] == "number" else {"k": 1}
    if "any" in function.takes[0] or name == "to_string":
        return
    index = 1 if function.takes[0] == "&" else 0
    words = [function.word(place) for place in range(max(function.fewest, index + 1))]
    sample = {"number": "1", "text": "'x'", "list": "[1]", "object": "{a: `1`}", "any": "1", "&": "&@"}
    given_ = [sample[word.split("|")[0]] for word in words]
    given_[index] = "Some.Field"
    if "object" in words[index].split("|"):
        wrong = 5
    with pytest.raises(EvaluationError) as caught:
        value_of(f"{name}({', '.join(given_)})", Some={"Field": wrong})
    assert caught.value.operator == name
    assert caught.value.operand == "Some.Field"
    assert caught.value.value
    assert f"{name}()" in str(caught.value)


# exact arithmetic


@settings(deadline=None)
@given(WIDE, WIDE)
def test_add_sub_mul_lose_no_digit(one: Any, other: Any) -> None:
    a, b = Fraction(one), Fraction(other)
    assert Fraction(value_of("add(a, b)", a=one, b=other)) == a + b
    assert Fraction(value_of("sub(a, b)", a=one, b=other)) == a - b
    assert Fraction(value_of("mul(a, b)", a=one, b=other)) == a * b


@settings(deadline=None)
@given(WIDE, WIDE.filter(bool))
def test_div_is_right_to_28_digits_and_mod_fits_it(one: Any, other: Any) -> None:
    exact = Fraction(one) / Fraction(other)
    quotient = value_of("div(a, b)", a=one, b=other)
    assert abs(Fraction(quotient) - exact) <= abs(exact) / 10**28
    rest = Fraction(value_of("mod(a, b)", a=one, b=other))
    assert rest == Fraction(one) % Fraction(other)


@settings(deadline=None)
@given(st.lists(st.none() | WIDE, max_size=20))
def test_aggregates_are_exact_and_leave_nulls_out(values: list[Any]) -> None:
    present = [value for value in values if value is not None]
    total = sum(map(Fraction, present), Fraction(0))
    assert Fraction(value_of("sum(v)", v=values)) == total
    assert value_of("min(v)", v=values) == min(present, default=None)
    assert value_of("max(v)", v=values) == max(present, default=None)
    average = value_of("avg(v)", v=values)
    if present:
        assert abs(Fraction(average) - total / len(present)) <= abs(total) / 10**28
    else:
        assert average is None


@settings(deadline=None)
@given(WIDE, st.integers(-5, 20))
def test_round_is_half_away_from_zero(number: Any, places: int) -> None:
    rounded = value_of("round(a, p)", a=number, p=places)
    scaled = abs(Fraction(number)) * Fraction(10) ** places
    expected = (2 * scaled + 1) // 2 * (1 if number >= 0 else -1)
    assert Fraction(rounded) == Fraction(expected) / Fraction(10) ** places
    assert isinstance(rounded, Decimal) == (places > 0)


@settings(deadline=None)
@given(WIDE)
def test_ceil_floor_abs_and_text_keep_every_digit(number: Any) -> None:
    exact = Fraction(number)
    assert value_of("ceil(a)", a=number) == -((-exact) // 1)
    assert value_of("floor(a)", a=number) == exact // 1
    assert Fraction(value_of("abs(a)", a=number)) == abs(exact)
    assert value_of("to_string(a)", a=number) == str(number)
    assert value_of("to_number(to_string(a))", a=number) == number


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("add(0.1, 0.2)", "0.3"),
        ("add(1.50, 1)", "2.50"),
        ("add(1, 2)", "3"),
        ("mul(0, -1.5)", "0.0"),
        ("div(0, -5)", "0"),
        ("div(10, 4)", "2.5"),
        ("div(1000, 10)", "100"),
        ("div(1, 3)", "0." + "3" * 38),
        ("mod(-7, 3)", "2"),
        ("mod(-7.5, 3)", "1.5"),
        ("mod(7.5, -3)", "-1.5"),
        ("mod(-6.0, 3)", "0.0"),
        ("round(2.5)", "3"),
        ("round(-2.5)", "-3"),
        ("round(1.005, 2)", "1.01"),
        ("round(5, 2)", "5.00"),
        ("round(-0.001, 2)", "0.00"),
        ("round(-0.4)", "0"),
        ("round(1250, -2)", "1300"),
        (
            "round(0.1234567890123456789012345678901234567890, 39)",
            "0.123456789012345678901234567890123456789",
        ),
        ("ceil(-0.5)", "0"),
        ("abs(-12345678901234567890123456789.123456789)", "12345678901234567890123456789.123456789"),
        ("sum(`[]`)", "0"),
        ("sum([1, 2])", "3"),
        ("avg([1, 2, null])", "1.5"),
        ("avg(`[]`)", "null"),
        ("to_number('1.10')", "1.10"),
        ("to_number('-0.5e3')", "-5E+2"),
        ("to_number('')", "null"),
        ("to_number('1 000')", "null"),
        ("to_number('1,5')", "null"),
        ("to_number('NaN')", "null"),
        ("to_number('1_000')", "null"),
        ("to_number('\u0661')", "null"),
        ("to_number('007')", "null"),
    ],
)
def test_numbers_are_written_as_expected(text: str, written: str) -> None:
    assert json_text(value_of(text)) == written


# text, choices, dates, lists


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("substring('abcdef', 2)", "cdef"),
        ("substring('abcdef', 2, 2)", "cd"),
        ("substring('abcdef', -2)", "ef"),
        ("substring('abcdef', -9, 2)", "ab"),
        ("substring('abcdef', 9)", ""),
        ("substring('abcdef', 1.0, 1)", "b"),
        ("pad_left('abc', 2)", "abc"),
        ("pad_left('abc', 5)", "  abc"),
        ("pad_left(7, 3, '0')", "007"),
        ("pad_left('a', -1)", "a"),
        ("split('', ';')", [""]),
        ("concat('a')", "a"),
        ("concat('a', 1.50)", "a1.50"),
        ("concat('a', null)", None),
        ("join('-', `[]`)", ""),
        ("join('-', [null, 'a'])", "a"),
        ("replace('a.b', '.', '')", "ab"),
        ("replace('aaa', 'a', '$0\\1')", "$0\\1" * 3),
        ("upper('straße')", "STRASSE"),
        ("length('\U0001f600')", 1),
        ("reverse('ab')", "ba"),
        ("to_string(['é', 1.50, null, true])", '["é",1.50,null,true]'),
        ("to_string({a: `1E+3`})", '{"a":1E+3}'),
        ("to_string(null)", None),
        ("contains('abc', null)", None),
        ("contains([1, true], 1.0)", True),
        ("contains(`[1]`, true)", False),
        ("contains([null], null)", True),
        ("in(1.0, [1])", True),
        ("in(true, [1])", False),
        ("in(null, ['a'])", False),
        ("in('a', null)", None),
        ("if(true, 1, div(1, 0))", 1),
        ("if(null, 1, 2)", 2),
        ("if(false, 1)", None),
        ("if(1 > null, 'a', 'b')", "b"),
        ("coalesce(null, null)", None),
        ("coalesce(null, false, 1)", False),
        ("coalesce(1, div(1, 0))", 1),
        ("lookup('x', {a: 1}, null)", None),
        ("lookup(1, {\"1\": 'one'})", "one"),
        ("lookup(1.0, {\"1\": 'one'})", "one"),
        ("lookup(true, {true: 'yes'})", "yes"),
        ("lookup(null, {a: 1}, 2)", None),
        ("type(1.5)", "number"),
        ("type(null)", "null"),
        ("merge({a: 1}, null, {b: 2})", {"a": 1, "b": 2}),
        ("sort(['b', 'a'])", ["a", "b"]),
        ("sort([2, 1.5])", [Decimal("1.5"), 2]),
        ("min_by(`[]`, &a)", None),
        ("max_by([{a: null}], &a)", None),
        ("max_by([{a: null}, {a: 1}, {a: 1, b: 2}], &a)", {"a": 1}),
        ("map(&a, [{a: null}, {a: 1}])", [None, 1]),
        ("date('2026-01-15')", "2026-01-15"),
        ("date('2026-01-15T23:59:59.9999999+02:00')", "2026-01-15"),
        ("date_add('2024-01-31', 1, 'months')", "2024-02-29"),
        ("date_add('2024-02-29', 1, 'years')", "2025-02-28"),
        ("date_add('2026-01-15T10:00:00Z', -1)", "2026-01-14T10:00:00Z"),
        ("date_add('2026-01-15', 2, 'weeks')", "2026-01-29"),
        ("date_add('2026-01-15', -13, 'months')", "2024-12-15"),
        ("date_add('0001-01-01', 0)", "0001-01-01"),
        ("days_between('2026-03-01', '2026-02-01')", -28),
        ("days_between('2026-01-01T23:00:00Z', '2026-01-02T01:00:00Z')", 1),
        ("format_date('2026-01-05T08:07:06Z', 'D.M.YY H:mm:ss')", "5.1.26 8:07:06"),
        ("format_date('2026-01-05', 'yyyyMMdd')", "20260105"),
        ("format_date('2026-01-05T08:07:06Z', 'YYYY-MM-DDTHHmm')", "2026-01-05T0807"),
        ("format_date('0001-01-01', 'YYYY')", "0001"),
        ("[year(d), month(d), day(d)]", [2026, 1, 5]),
    ],
)
def test_gives(text: str, result: Any) -> None:
    found = parse(text).evaluate({"d": "2026-01-05"})
    assert found == result
    assert isinstance(found, bool) == isinstance(result, bool)


@pytest.mark.parametrize(
    ("text", "operand", "word"),
    [
        ("div(1, Count)", "Count", "zero"),
        ("mod(1, Count)", "Count", "zero"),
        ("mod(1.5, Count)", "Count", "zero"),
        ("sum(List)", "List", "'x'"),
        ("avg(List)", "List", "'x'"),
        ("max(List)", "List", "numbers and texts"),
        ("sort(List)", "List", "null"),
        ("sort_by(Rows, &Key)", "Key", "null"),
        ("max_by(Rows, &Flag)", "Flag", "true"),
        ("sort([true])", "[true]", "true"),
        ("join(',', List)", "List", "the number 1"),
        ("map(&upper(Key), Rows)", "Key", "the number 1"),
        ("if(Count, 1, 2)", "Count", "true or false"),
        ("lookup(Text, {a: 1})", "Text", "'abc'"),
        ("date(Text)", "Text", "2026-01-15"),
        ("date('2026-02-30')", "'2026-02-30'", "2026-02-30"),
        ("date('2026-1-5')", "'2026-1-5'", "date like"),
        ("date('2026-01-05T25:00:00Z')", "'2026-01-05T25:00:00Z'", "date like"),
        ("date('')", "''", "date like"),
        ("days_between('2026-01-01', Text)", "Text", "'abc'"),
        ("date_add('2026-01-01', 1, 'day')", "'day'", "days, weeks"),
        ("date_add('2026-01-01', 1, Text)", "Text", "days, weeks"),
        ("date_add('2026-01-01', 1.5)", "1.5", "whole"),
        ("format_date('2026-01-01', Text)", "Text", "knows no a"),
        ("format_date('2026-01-01', concat('yyyy-mm', '-dd'))", "concat('yyyy-mm', '-dd')", "months are MM"),
        ("substring(Text, 1.5)", "1.5", "whole"),
        ("substring(Text, 1, -1)", "-1", "length"),
        ("pad_left(Text, 5, '')", "''", "one character"),
        ("replace(Text, '', 'x')", "''", "empty"),
        ("split(Text, '')", "''", "empty"),
        ("contains(Text, Count)", "Count", "the number 0"),
        ("round(1.5, 0.5)", "0.5", "whole"),
        ("concat('a', true)", "true", "a text or a number"),
        ("length(Count)", "Count", "a list or a text"),
    ],
)
def test_refuses_and_names_the_operand(text: str, operand: str, word: str) -> None:
    record: Any = {
        "Count": 0,
        "Text": "abc",
        "List": [1, "x", None] if "sort" in text else [1, "x"],
        "Rows": [{"Key": 1, "Flag": True}, {"Key": None, "Flag": None}],
    }
    with pytest.raises(EvaluationError) as caught:
        parse(text).evaluate(record)
    assert caught.value.operand == operand
    assert text[caught.value.offset : caught.value.offset + caught.value.length] == operand
    assert word in str(caught.value)


@pytest.mark.parametrize("name", ["today", "NOW", "getdate"])
def test_a_clock_is_none_of_the_functions(name: str) -> None:
    with pytest.raises(ExpressionError, match=f"there is no function {name}") as caught:
        parse(f"Date < {name}()")
    assert str(caught.value.how_to_fix).startswith("write ${{ run.today }} or ${{ run.now }}")


@pytest.mark.parametrize(("other", "value"), [(1, "0"), ("a", "''"), (None, "''")])
def test_a_null_among_what_is_ordered_is_told_what_to_be_instead(other: Any, value: str) -> None:
    with pytest.raises(EvaluationError, match="cannot order null") as caught:
        parse("sort_by(Rows, &Key)").evaluate({"Rows": [{"Key": None}, {"Key": other}]})
    assert (
        caught.value.how_to_fix
        == f"give nulls a value, like coalesce(field, {value}), or filter them out before"
    )


@pytest.mark.parametrize(
    ("text", "literal", "word"),
    [
        ("format_date(d, 'yyyy-mm-dd')", "'yyyy-mm-dd'", "months are MM"),
        ("format_date(d, 'DD.mm.YYYY HH:mm')", "'DD.mm.YYYY HH:mm'", "months are MM"),
        ("format_date(d, 'YYYY-MM-DD HH:MM')", "'YYYY-MM-DD HH:MM'", "minutes are mm"),
        ("format_date(d, 'MMM')", "'MMM'", "knows no MMM"),
        ("format_date(d, 'hh:mm')", "'hh:mm'", "knows no hh"),
        ("date_add(d, 1, 'day')", "'day'", "days, weeks"),
    ],
)
def test_a_literal_that_would_be_refused_for_each_record_is_known_before_the_run(
    text: str, literal: str, word: str
) -> None:
    expression = parse(text)
    (fault,) = expression.faults
    assert text[fault.offset : fault.offset + fault.length] == literal
    assert word in str(fault)
    with pytest.raises(EvaluationError):
        expression.evaluate({"d": "2026-01-05"})
    assert not parse(text.replace(literal, "d")).faults


def test_a_number_of_ten_thousand_digits_is_no_text() -> None:
    with pytest.raises(EvaluationError):
        value_of("to_string(a)", a=10**10_000)


def test_a_list_of_literals_needs_no_record() -> None:
    assert parse("in('SE', ['SE', 'NO'])").evaluate(None) is True
    assert parse("lookup('a', {a: 'x'})").evaluate(None) == "x"


def test_a_literal_map_is_not_shared_between_results() -> None:
    expression = parse("lookup('a', {a: `[1]`})")
    first: Any = expression.evaluate({})
    first.append(2)
    assert expression.evaluate({}) == [1]
