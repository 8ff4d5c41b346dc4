"""On whatever is plain JMESPath and has no fractions, we give what jmespath gives."""

from __future__ import annotations

from typing import Any

import jmespath
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from txojobs.expressions import EvaluationError, ExpressionError, parse
from txojobs.expressions.compare import equal

NAMES = st.sampled_from(["a", "b", "c", '"d-e"'])
# without 0 and 1, which jmespath takes for false and true inside lists and objects
SCALARS = st.none() | st.booleans() | st.sampled_from([-3, -2, 2, 3, 10]) | st.sampled_from(["", "x", "ab"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "c", "d-e"]), inner, max_size=4)
    ),
    max_leaves=12,
)
LITERALS = st.sampled_from(["`2`", "`-2`", "`true`", "`null`", "'x'", "''", "`[3, 2]`", '`{"a": 2}`', "`[]`"])
SIGNS = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
ONE = st.sampled_from(
    ["length", "type", "keys", "values", "reverse", "to_array", "sort", "sum", "max", "min"]
)
BY = st.sampled_from(["sort_by", "max_by", "min_by"])


def grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    index = st.integers(-2, 2).map(str)
    return st.one_of(
        st.builds("{}.{}".format, inner, NAMES),
        st.builds("{}[{}]".format, inner, index),
        st.builds("{}[{}:{}]".format, inner, index | st.just(""), index | st.just("")),
        st.builds("{}[].{}".format, inner, NAMES),
        st.builds("{}[*].{}".format, inner, NAMES),
        st.builds("{}[*][*]".format, inner),
        st.builds("{}.*.{}".format, inner, NAMES),
        st.builds("{}[?{}]".format, inner, inner),
        st.builds("{}[?{}].{}".format, inner, inner, NAMES),
        st.builds("({} {} {})".format, inner, SIGNS, inner),
        st.builds("({} || {})".format, inner, inner),
        st.builds("({} && {})".format, inner, inner),
        st.builds("!{}".format, inner),
        st.builds("({} | {})".format, inner, inner),
        st.builds("[{}, {}]".format, inner, inner),
        st.builds("{{a: {}, b: {}}}".format, inner, inner),
        st.builds("{}({})".format, ONE, inner),
        st.builds("{}({}, &{})".format, BY, inner, inner),
        st.builds("map(&{}, {})".format, inner, inner),
        st.builds("contains({}, {})".format, inner, inner),
        st.builds("not_null({}, {})".format, inner, inner),
        st.builds("merge({}, {{a: {}}})".format, inner, inner),
        st.builds("join('-', {})".format, inner),
    )


EXPRESSIONS = st.recursive(NAMES | LITERALS | st.just("@"), grown, max_leaves=8)


OUR_ERRORS = ("cannot be compared again", "hands the result on", "[] flattens")
"""What is valid JMESPath, always null there, and never what was meant."""


@settings(deadline=None, max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(EXPRESSIONS, VALUES)
def test_gives_what_jmespath_gives(text: str, value: Any) -> None:
    try:
        expected = jmespath.search(text, value)
    except (ValueError, TypeError):
        return  # a wrong type: with null we give null, else an error, as the other tests show
    try:
        found = parse(text).evaluate(value)
    except ExpressionError as err:
        assert any(words in str(err) for words in OUR_ERRORS)  # noqa: PT017  # a valid one is compared below
    except EvaluationError as err:
        assert err.operator in ("<", "<=", ">", ">=")  # noqa: PT017  # null in jmespath, an error of ours
    else:
        assert equal(found, expected)
