"""The superset: bare literals, and what they must not break; slips and where exactly they are."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from txojobs.errors import ValidationError
from txojobs.expressions import ExpressionError, parse

RECORD: dict[str, Any] = {
    "a": [10, 20, 30, 40],
    "n": 5,
    "m": -5,
    "d": Decimal("1.50"),
    "true": "a field",
    "deep": {"true": "below", "null": 1},
    "e3": 7,
    "rows": [{"x": 1}, {"x": 2}, {"x": 3}],
}


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("n > 0", True),
        ("n>0", True),
        ("m<-4", True),
        ("m==-5", True),
        ("0 < n", True),
        ("d == 1.5", True),
        ("d == 1.50", True),
        ("n == 5.0", True),
        ("d > 1e3", False),
        ("1e3", Decimal(1000)),
        ("1.5E-2", Decimal("0.015")),
        ("-0.5", Decimal("-0.5")),
        ("0.1", Decimal("0.1")),
        ("9007199254740993", 9007199254740993),
        ("a[0]", 10),
        ("a[-1]", 40),
        ("a[1:3]", [20, 30]),
        ("a[-2:]", [30, 40]),
        ("a[::-1]", [40, 30, 20, 10]),
        ("a[:1]", [10]),
        ("[0]", None),
        ("[a[0], 1]", [10, 1]),
        ("[1, 2]", [1, 2]),
        ("[-1, 1.5]", [-1, Decimal("1.5")]),
        ("[1.5]", [Decimal("1.5")]),
        ("in(n, [5])", True),
        ("in(n, [a[0]])", False),
        ("a[] == a", True),
        ("deep.[1, null]", [1, None]),
        ("{x: 1, y: true}", {"x": 1, "y": True}),
        ("rows[?x > 1].x", [2, 3]),
        ("rows[?x>1][0]", []),
        ("rows[?x>1] | [0]", {"x": 2}),
        ("rows[?x == 2 || x == -3].x", [2]),
        ("true", True),
        ("false", False),
        ("null", None),
        ('"true"', "a field"),
        ("deep.true", "below"),
        ("{true: n}", {"true": 5}),
        ("truest", None),
        ("n == null", False),
        ("!true", False),
        ("n && true", True),
        ("`1.10`", Decimal("1.10")),
        ("`12345678901234567890.5`", Decimal("12345678901234567890.5")),
        ("'it\\'s'", "it's"),
        ("abs(-1)", 1),
        ("n\n  > 0", True),
    ],
)
def test_means(text: str, result: Any) -> None:
    found = parse(text).evaluate(RECORD)
    assert found == result
    assert isinstance(found, bool) == isinstance(result, bool)


def test_keeps_the_zeros_of_a_bare_number() -> None:
    assert str(parse("1.50").evaluate(None)) == "1.50"


SLIPS = [
    # text, offset, length, a word of the message or the fix
    ("", 0, 1, "empty"),
    ("  ", 2, 1, "empty"),
    ("a = 1", 2, 1, "=="),
    ("a == 1 and b", 7, 3, "&&"),
    ("a or b", 2, 2, "||"),
    ("@Country == 'SE'", 1, 7, "leave out @"),
    ("a > 1.000,50", 9, 1, "decimal point"),
    ("not a", 0, 3, "!"),
    ("not(a)", 0, 3, "!"),
    ("or(a, b)", 0, 2, "||"),
    ("a in ['x']", 2, 2, "in("),
    ("Country eq 'SE'", 8, 2, "=="),
    ("a is null", 2, 2, "is_null"),
    ("a like 'x%'", 2, 4, "contains"),
    ("a <> b", 2, 2, "!="),
    ("a === b", 2, 3, "=="),
    ("a !== b", 2, 3, "!="),
    ("a => 1", 2, 2, ">="),
    ("a =< 1", 2, 2, "<="),
    ("a - 1", 2, 1, "sub()"),
    ("a -1", 2, 2, "sub()"),
    ("a-b", 1, 1, '"first-name"'),
    ("a + 1", 2, 1, "add()"),
    ("a * 2", 2, 1, "mul()"),
    ("a / 2", 2, 1, "div()"),
    ("a % 2", 2, 1, "mod()"),
    ("$.a", 0, 1, "@"),
    ("a & b", 2, 1, "&&"),
    ("a > 1 | b > 2", 6, 1, "||"),
    ("a > 1 && c > 0 | b > 2", 15, 1, "||"),
    ("1 < a < 3", 6, 1, "&&"),
    ("a ? b : c", 2, 1, "if("),
    ("a == \u201cOpen\u201d", 5, 1, "single quotes"),
    ("(a", 0, 1, "never closed"),
    ("a || (b && [c", 11, 1, "never closed"),
    ("x[?a>1", 1, 2, "never closed"),
    ("a)", 1, 1, "never opened"),
    ("(a]", 2, 1, ")"),
    ("a.[0]", 2, 1, "a dot"),
    ("a.0", 2, 1, "index"),
    ("a[b]", 2, 1, "index"),
    ("a[1.5]", 2, 3, "index"),
    ("a[::0]", 2, 1, "step"),
    ("a == []", 5, 2, "empty list"),
    ("[] != a.b", 0, 2, "empty list"),
    ("a b", 2, 1, "operator"),
    ("a, b", 1, 1, ","),
    ("[a,]", 3, 1, "missing"),
    ("abs(a,)", 6, 1, "missing"),
    ("{a: b, a: c}", 7, 1, "twice"),
    ("{a: b c: d}", 6, 1, "operator"),
    ("a ==", 4, 1, "ends"),
    ("a == == b", 5, 2, "missing"),
    ("No == 00123", 6, 5, "'00123'"),
    ("5abc", 0, 4, "'5abc'"),
    ("5.", 1, 1, "decimals"),
    (".5", 0, 1, "0.5"),
    ("a == `Open`", 5, 6, "single quotes"),
    ("`NaN`", 0, 5, "JSON"),
    ("`1", 0, 2, "closing"),
    ("a == 'Open", 5, 5, "closing"),
    ('a == "Open', 5, 5, "closing"),
    ('"\\x"', 0, 4, "JSON"),
    ("lenght(a)", 0, 6, "length()"),
    ("a || Round(a)", 5, 5, "round()"),
    ("count(a)", 0, 5, "length()"),
    ("xyzzy(a)", 0, 5, "docs/expressions.md"),
    ("round()", 0, 5, "1 to 2"),
    ("abs(a, b)", 0, 3, "1 argument,"),
    ("coalesce()", 0, 8, "at least 1"),
    ("round(&a)", 6, 2, "without &"),
    ("sort_by(a, b)", 11, 1, "begins with &"),
    ("&a", 0, 2, "&&"),
    ('"abs"(a)', 0, 5, "without quotes"),
    ("a == \u00d6l", 5, 1, "double quotes"),
    ("1e9999", 0, 6, "6144"),
    ("`[1e9999]`", 0, 10, "6144"),
]


@pytest.mark.parametrize(("text", "offset", "length", "word"), SLIPS, ids=[repr(each[0]) for each in SLIPS])
def test_slip_is_marked_and_explained(text: str, offset: int, length: int, word: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    error = caught.value
    assert (error.offset, error.length) == (offset, length)
    assert word in f"{error} {error.how_to_fix} {error.example}"
    assert isinstance(error, ValidationError)


def test_the_words_of_sql_are_fine_as_names() -> None:
    assert parse("in == is && like.and").paths == {("in",), ("is",), ("like", "and")}
