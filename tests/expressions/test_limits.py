"""No expression uses up the stack, the memory or the time."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any

import pytest

from txojobs.expressions import EvaluationError, ExpressionError, parse


def piped(step: str, times: int) -> str:
    return " | ".join([step] * times)


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        pytest.param("(" * 3000 + "a" + ")" * 3000, 50, id="parentheses"),
        pytest.param("[" * 3000 + "]" * 3000, 50, id="lists"),
        pytest.param("!" * 3000 + "a", None, id="not"),
        pytest.param("a" + "[]" * 3000, None, id="flatten"),
        pytest.param("a" + "[]" * 80, None, id="flatten a little too often"),
        pytest.param("a" + "[*]" * 3000, None, id="projections"),
        pytest.param("*" + ".*" * 3000, None, id="wildcards"),
        pytest.param("a" + "[?a" * 3000 + "]" * 900, None, id="filters"),
        pytest.param("==".join("a" * 3000), None, id="comparisons"),
        pytest.param("abs(" * 60 + "a" + ")" * 60, None, id="calls"),
        pytest.param("`" + "[" * 4000 + "]" * 4000 + "`", 0, id="json"),
        pytest.param("`" + "[" * 60 + "]" * 60 + "`", 0, id="shallower json"),
        pytest.param("a" * 10_001, 10_000, id="length"),
        pytest.param(piped("[@, @]", 14), None, id="lists that double"),
        pytest.param(piped("{a: @, b: @}", 14), None, id="objects that double"),
        pytest.param(piped("[*].[@, @][]", 14), None, id="projections that double"),
        pytest.param(piped("map(&[@, @], to_array(@))", 14), None, id="map that doubles"),
        pytest.param(piped("values({a: @, b: @})", 14), None, id="values that double"),
        pytest.param(piped("merge({a: @}, {b: @})", 14), None, id="merge that doubles"),
    ],
)
def test_refuses_before_it_runs(text: str, offset: int | None) -> None:
    started = time.process_time()
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert time.process_time() - started < 20
    assert 0 <= caught.value.offset <= len(text)
    assert offset in (None, caught.value.offset)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (piped("to_string([@])", 200), '"'),
        (piped("replace(@, 'a', @)", 30), "aa"),
        (piped("concat(@, @, @)", 30), "aa"),
        (piped("join(@, [@, @])", 30), "aa"),
        (piped("mul(@, @)", 30), 3),
        (piped("mul(@, @)", 30), Decimal("3.1")),
        ("pad_left('a', 1e9)", None),
        ("pad_left('a', 1e6000)", None),
        ("substring('abc', 1e6000)", None),
        ("round(1.5, 1e6000)", None),
        ("add(1e6000, 1e-6000)", None),
        ("div(1e6000, 1e-6000)", None),
        ("date_add('2026-01-01', 1e15)", None),
        ("date_add('2026-01-01', 999999, 'years')", None),
    ],
)
def test_refuses_to_build_what_is_too_large(text: str, value: Any) -> None:
    with pytest.raises(EvaluationError):
        parse(text).evaluate(value)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 50 + "a" + ")" * 50,
        "!" * 140 + "a",
        "||".join(["a"] * 3000),
        " && ".join(["a"] * 2000),
        "|".join(["@"] * 3000) + "|a",
        ".".join(["a"] * 4000),
        "a" + "[0]" * 3000,
        "{" + ", ".join(f"c{i}: a" for i in range(600)) + "}",
        "[" + ", ".join(["a"] * 3000) + "]",
        "{"
        + ",".join(f"c{i}: a" for i in range(300))
        + "} | {"
        + ",".join(f"d{i}: c{i}" for i in range(300))
        + "}",
        "if(a == 1, 1, " * 49 + "0" + ")" * 49,
    ],
)
def test_accepts_what_is_long_but_harmless(text: str) -> None:
    started = time.process_time()
    parse(text).evaluate({"a": 1})
    assert time.process_time() - started < 20


@pytest.mark.parametrize(
    "text", ["@ == @", "to_string(@)", "contains(@, @)", "in(@, @)", "lookup('a', {a: @})"]
)
def test_a_value_that_nests_without_end_is_an_error_that_says_so(text: str) -> None:
    value: Any = 1
    for _ in range(100_000):
        value = [value]
    with pytest.raises(EvaluationError, match="nests too deeply"):
        parse(text).evaluate(value)
    while isinstance(value, list):  # or the interpreter would take it apart recursively
        value = value[0]
