"""A value in a text of any kind arrives as it was given; whatever is no value is an error where it stands."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.steps.binding import bind, bound, problem_of
from txojobs.errors import Mark
from txojobs.steps.fitting import Unknown
from txojobs.steps.kinds import EntityPath, FileName, JmesPath, ListJmesPath, ODataText
from txojobs.workspace import path_parts

if TYPE_CHECKING:
    from txojobs.records import JsonValue


# -- what stands in ${{ }} --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("params.text", "x"),
        ("run.id", "id"),
        ("run.today", "2026-01-15"),
        ("run.month-start", "2026-01-01"),
        ("run.previous-month-start", "2025-12-01"),
        ("run.previous-month-end", "2025-12-31"),
        ("run.month-end", "2026-01-31"),
        ("run.year-start", "2026-01-01"),
        ("run.week-start", "2026-01-12"),
        ("run.now", "2026-01-15T14:30:00+00:00"),
        ("config.s.v", Decimal("0.1")),
        ("steps.a.count", 5),
    ],
)
@pytest.mark.parametrize("spelling", ["${{{{ {} }}}}", "${{{{{}}}}}", "${{{{  {}  }}}}"])
def test_a_root_gives_its_value(path: str, value: object, spelling: str) -> None:
    assert bound(object, spelling.format(path)) == value


@pytest.mark.parametrize(
    ("path", "message", "fix"),
    [
        ("params.tex", "params has no 'tex'", "did you mean 'text'?"),
        ("params", "params names no value", "write params.<name>"),
        ("params.text.x", "params.text.x names no value", "write params.<name>"),
        ("param.text", "${{ }} has no 'param'", "did you mean 'params'?"),
        ("env.HOME", "there is no 'env' in ${{ }}", "with `env: NAME`"),
        ("secrets.key", "there is no 'secrets' in ${{ }}", "secrets file"),
        ("each.x", "there is no 'each' in ${{ }}", "for-each"),
        ("row.x", "there is no 'row' in ${{ }}", "in expressions, without"),
        ("state.x", "there is no 'state' in ${{ }}", "not available yet"),
        ("run.tody", "run has no 'tody'", "did you mean 'today'?"),
        ("config._token", "config._* is closed", "remove it"),
        ("config.s._x", "config._* is closed", "remove it"),
        ("config.s.w", "config.s has no 'w'", "v"),
        ("config.s", "config.s is a section, not a value", "known: v"),
        ("config.s.v.w", "config.s.v has no 'w'", "there is none"),
        ("config", "config alone names no value", "config.<section>.<name>"),
        ("steps.c.count", "the ids of the steps has no 'c'", "known: a, b"),
        ("steps.a", "steps.a names no value", "write steps.<id>.count"),
        ("steps.a.rows", "steps.a.rows names no value", "write steps.<id>.count"),
        ("params.text + 1", "holds a dotted path and nothing else", "transform"),
        ("", "holds a dotted path and nothing else", "transform"),
        ("params['text']", "holds a dotted path and nothing else", "transform"),
        ("params..text", "holds a dotted path and nothing else", "transform"),
        ("''.__class__", "holds a dotted path and nothing else", "transform"),
    ],
)
@pytest.mark.parametrize("hint", [object, JmesPath])
def test_a_path_must_exist(hint: Any, path: str, message: str, fix: str) -> None:
    problem = problem_of(hint, f"x == ${{{{ {path} }}}}" if hint is JmesPath else f"${{{{ {path} }}}}")
    assert message in problem.message
    assert fix in str(problem.fix)
    assert problem.where == Mark("f", 1, 9 if hint is JmesPath else 4)
    assert problem.length == len(f"${{{{ {path} }}}}")


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("x == ${{ params.text", 9, "${{ is not closed"),
        ("x == '{{ params.text }}'", 10, "{{ params.text }} is not replaced by a value"),
        ("x == ${params.text}", 9, "${params.text} is not replaced by a value"),
        ("x == '$${ y'", 11, "${ is not replaced by a value"),
    ],
)
@pytest.mark.parametrize("hint", [str, JmesPath, ODataText, FileName, object])
def test_what_was_meant_to_be_a_value_is_an_error(hint: Any, text: str, column: int, message: str) -> None:
    problem = problem_of(hint, text)
    assert problem.message == message
    assert problem.where == Mark("f", 1, column)


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("x ${ params.text }", "write ${{ params.text }}, with two braces on each side"),
        ("x {{ params.text }}", "write ${{ params.text }}, with the dollar sign"),
        ("x ${a b}", "write ${{ path }}, with two braces on each side"),
    ],
)
def test_the_remedy_of_such_a_value_is_the_value_itself(text: str, fix: str) -> None:
    problem = problem_of(str, text)
    assert problem.fix == fix
    assert problem.length == len(text) - 2


@pytest.mark.parametrize("hint", [dict[str, str], object, dict[str, JmesPath]])
@pytest.mark.parametrize("name", ["${{ params.text }}", "x {{ y }}", "${{ x"])
def test_a_name_holds_no_value(hint: Any, name: str) -> None:
    problem = problem_of(hint, f"{{'{name}': x}}")
    assert problem.message == "${{ }} cannot stand in a name"
    assert problem.where == Mark("f", 1, 5)


@pytest.mark.parametrize(
    ("hint", "text", "column", "fix"),
    [
        (JmesPath, "x == '${{ params.text }}'", 10, "remove the quotes"),
        (JmesPath, 'x == "${{ params.text }}"', 10, "remove the quotes"),
        (JmesPath, "x == `${{ params.int }}`", 10, "remove the quotes"),
        (JmesPath, "x == 'a ${{ params.text }} b'", 12, "take it out of the quotes"),
        (JmesPath, r"x == 'it\'s' && y == '${{ params.text }}'", 26, "remove the quotes"),
        (ODataText, "x eq '${{ params.text }}'", 10, "remove the quotes"),
        (ODataText, "x eq 'it''s' and y eq '${{ params.text }}'", 27, "remove the quotes"),
        (ODataText, r"x eq 'C:\' and y eq '${{ params.text }}'", 25, "remove the quotes"),
        (EntityPath, "C('${{ params.text }}')", 7, "remove the quotes"),
    ],
)
def test_quotes_around_a_value_are_an_error(hint: Any, text: str, column: int, fix: str) -> None:
    problem = problem_of(hint, text)
    assert "stands between quotes, and brings its own" in problem.message
    assert problem.where == Mark("f", 1, column)
    assert fix in str(problem.fix)


@pytest.mark.parametrize(
    ("hint", "text"),
    [
        (JmesPath, r"x == 'it\'s' && y == ${{ params.text }}"),
        (JmesPath, '"a b" == ${{ params.text }}'),
        (ODataText, "x eq 'it''s' and y eq ${{ params.text }}"),
        (ODataText, r"x eq 'C:\' and y eq ${{ params.text }}"),
        (ODataText, "x eq '\"' and y eq ${{ params.text }}"),
        (EntityPath, "C('a')/D(${{ params.text }})"),
    ],
)
def test_other_quotes_do_not_count(hint: Any, text: str) -> None:
    assert bound(hint, "'" + text.replace("'", "''") + "'").text.replace("%27", "'").count("'x'") == 1


def test_the_mark_of_a_value_is_exact_in_a_block() -> None:
    problem = problem_of(JmesPath, "|\n    x == 1 &&\n    y == ${{ params.tex }}")
    assert problem.where == Mark("f", 3, 10)


def test_the_mark_of_a_fault_in_an_expression_is_exact() -> None:
    assert problem_of(JmesPath, "'A == 1 && B =='").where == Mark("f", 1, 19)
    assert problem_of(JmesPath, "|\n    A ==\n    foo(1)").where == Mark("f", 3, 5)


# -- values in texts of every kind ------------------------------------------------------------------------------

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(min_value=-(10**30), max_value=10**30)
    | st.decimals(allow_nan=False, allow_infinity=False, places=4)
    | st.text()
    | st.sampled_from(
        ["O'Neil", "' or 1 eq 1 or 'a' eq '", "`", "\\", "'", '"', "${{ params.x }}", "{{ 7*7 }}", "%27"]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
hostile = (
    st.text(st.characters(exclude_categories=["Cs"]))
    | st.text(st.sampled_from("'\"`\\()/?#&+%$@.-=<>| \t\n\0é😀"), max_size=12)
    | st.sampled_from(
        ["../../admin", "a/b?x=1#", "http://evil", "..", ".", "&$top=1", "é" * 5000, "x" * 5000]
    )
)


@given(value=json_values)
def test_b16_a_value_in_an_expression_arrives_as_it_was_given(value: JsonValue) -> None:
    params = {"x": value}
    expression = bound(JmesPath, '"Name == ${{ params.x }}"', params).expression
    assert expression.evaluate({"Name": value}) is True
    other: JsonValue = [value]
    assert expression.evaluate({"Name": other}) is not True
    assert bound(ListJmesPath, '"{X: ${{ params.x }}}"', params).expression.evaluate([]) == {"X": value}


@given(value=hostile)
def test_b16_a_text_in_an_odata_filter_arrives_as_it_was_given(value: str) -> None:
    text = bound(ODataText, "A eq 'b' and Name eq ${{ params.x }} or C eq 1", {"x": value}).text
    found = re.fullmatch("A eq 'b' and Name eq '((?:[^']|'')*)' or C eq 1", text)
    assert found is not None
    assert found[1].replace("''", "'") == value


@given(value=hostile)
def test_b4_a_text_in_a_path_is_one_segment(value: str) -> None:
    result, problems = bind(EntityPath, "a/${{ params.x }}/b", {"x": value})
    if value in ("", ".", ".."):
        assert "cannot be a part of an address" in problems[0].message
        return
    assert re.fullmatch("[A-Za-z0-9%._~/-]+", result.text)
    first, middle, last = result.text.split("/")
    assert (first, unquote(middle), last) == ("a", value, "b")


@given(value=hostile)
def test_b16_a_text_in_a_key_is_one_literal(value: str) -> None:
    text = bound(EntityPath, "Company('(A)')/Customers(${{ params.x }})/Orders", {"x": value}).text
    found = re.fullmatch(r"Company\('\(A\)'\)/Customers\(([A-Za-z0-9%._~-]+)\)/Orders", text)
    assert found is not None
    assert unquote(found[1]) == "'" + value.replace("'", "''") + "'"


@given(value=hostile | st.text())
def test_b5_a_text_in_a_file_name_is_one_word(value: str) -> None:
    result, problems = bind(FileName, "out/x-${{ params.x }}.csv", {"x": value})
    if problems:
        assert "cannot be part of a file name" in problems[0].message
        return
    folder, name = path_parts(result.text)
    assert folder == "out"
    assert name.startswith("x-")
    assert name.endswith(".csv")


@pytest.mark.parametrize(
    ("hint", "text", "expected"),
    [
        (ODataText, "A eq ${{ params.int }}", "A eq 7"),
        (ODataText, "A eq ${{ params.number }}", "A eq 1.50"),
        (ODataText, "A eq ${{ params.flag }}", "A eq true"),
        (ODataText, "A eq ${{ params.none }}", "A eq null"),
        (ODataText, "A ge ${{ params.date }}", "A ge 2026-01-15"),
        (ODataText, "A ge ${{ params.moment }}", "A ge 2026-01-15T14:30:00Z"),
        (ODataText, "A in ${{ params.numbers }}", "A in (1,2.5)"),
        (EntityPath, "C(${{ params.int }})", "C(7)"),
        (EntityPath, "C/${{ params.date }}", "C/2026-01-15"),
        (EntityPath, "C('(')/D/${{ params.text }}", "C('(')/D/x"),
        (FileName, "x-${{ params.date }}.csv", "x-2026-01-15.csv"),
        (FileName, "x-${{ params.text }}-${{ params.number }}.csv", "x-x-1.50.csv"),
        (FileName, "${{ params.file }}", "data/a.csv"),
        (str, "a ${{ params.number }} b", "a 1.50 b"),
        (str, "a ${{ params.flag }} ${{ params.none }}!", "a true !"),
        (str, "${{ params.list }}!", "a,b!"),
        (str, "${{ params.date }} ${{ params.int }}", "2026-01-15 7"),
    ],
)
def test_each_type_has_its_spelling_in_each_kind(hint: Any, text: str, expected: str) -> None:
    value = bound(hint, text)
    assert getattr(value, "text", value) == expected


@pytest.mark.parametrize("hint", [EntityPath, FileName])
@pytest.mark.parametrize("name", ["none", "list"])
def test_null_and_lists_are_no_word(hint: Any, name: str) -> None:
    assert "cannot be a part of" in problem_of(hint, f"x/${{{{ params.{name} }}}}.csv").message


def test_b11_what_a_value_holds_is_never_a_template() -> None:
    assert (
        bound(str, "a ${{ params.x }}", {"x": "${{ params.y }} {{ 7*7 }}"}) == "a ${{ params.y }} {{ 7*7 }}"
    )
    assert bound(object, "${{ params.x }}", {"x": "{{ 7*7 }}"}) == "{{ 7*7 }}"


def test_a_decimal_is_written_without_an_exponent() -> None:
    assert bound(str, "n ${{ params.x }}", {"x": Decimal("1E+3")}) == "n 1000"
    assert bound(str, "n ${{ params.x }}", {"x": Decimal("1E-7")}) == "n 0.0000001"
    assert len(bound(str, "n ${{ params.x }}", {"x": Decimal("1E+6000")})) < 20


@pytest.mark.parametrize(
    "declared", ["string", "integer", "number", "boolean", "date", "datetime", "list", "file", None]
)
def test_texts_with_unknown_values_are_samples(declared: str | None) -> None:
    params = {"x": Unknown(declared)}
    assert bound(JmesPath, "A == ${{ params.x }}", params).is_sample
    assert bound(ODataText, "A eq ${{ params.x }}", params).is_sample
    assert not bound(ODataText, "A eq 1", params).is_sample
    if declared != "list":
        assert bound(FileName, "x-${{ params.x }}.csv", params).is_sample


def test_a_pattern_that_no_date_could_take_is_refused_where_it_stands() -> None:
    problem = problem_of(JmesPath, "format_date(d, 'yyyy-mm-dd')")
    assert problem.message.startswith("format_date() takes mm for the minutes after HH; months are MM")
    assert problem.where == Mark("f", 1, 19)
    assert problem.length == len("'yyyy-mm-dd'")
    assert "months" in problem_of(JmesPath, "format_date(d, ${{ params.p }})", {"p": "mm/yyyy"}).message


def test_a_pattern_that_is_not_known_yet_is_not_judged() -> None:
    assert bound(JmesPath, "format_date(d, ${{ params.p }})", {"p": Unknown("string")}).is_sample
