"""Our filter parser against `odata-query`, which is not ours: the same tree, and the same texts refused.

Only for what both read: it knows V4 alone, and neither enumerations, `has`, `cast`, `/$count` nor `$it`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
from hypothesis import example, given, reject
from hypothesis import strategies as st
from odata_query import ast
from odata_query.exceptions import FunctionCallException, ODataSyntaxError
from odata_query.grammar import ODataLexer, ODataParser

from txojobs.metadata.faults import Unjudged
from txojobs.metadata.filter_lexer import Refusal
from txojobs.metadata.filter_nodes import Binary, Call, Every, Group, Literal, Path, Unary
from txojobs.metadata.filter_parser import parse_filter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from txojobs.metadata.filter_nodes import Node

Tree: TypeAlias = "tuple[Any, ...]"

OPERATORS: dict[type[Any], str] = {
    **dict(zip((ast.And, ast.Or, ast.Not, ast.USub, ast.In), ("and", "or", "not", "-", "in"), strict=True)),
    **dict(
        zip(
            (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE),
            ["eq", "ne", "lt", "le", "gt", "ge"],
            strict=True,
        )
    ),
    **dict(
        zip((ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Mod), ["add", "sub", "mul", "div", "mod"], strict=True)
    ),
}


def theirs(text: str) -> Tree:
    """Return the tree as the judge reads it."""
    return of_theirs(ODataParser().parse(ODataLexer().tokenize(text)))


def of_theirs(node: Any) -> Tree:
    if isinstance(node, ast.Identifier):
        return ("path", ".".join((*node.namespace, node.name)))
    if isinstance(node, ast.Attribute):
        return (*of_theirs(node.owner), node.attr)
    if isinstance(node, ast.Call):
        name = of_theirs(node.func)[1]
        return ("call", name, *map(of_theirs, node.args))
    if isinstance(node, ast.CollectionLambda):
        inner = node.lambda_
        return (
            "every",
            of_theirs(node.owner),
            *((inner.identifier.name, of_theirs(inner.expression)) if inner else ()),
        )
    if isinstance(node, ast.UnaryOp):
        return (OPERATORS[type(node.op)], of_theirs(node.operand))
    if isinstance(node, ast.Compare):
        return (OPERATORS[type(node.comparator)], of_theirs(node.left), of_theirs(node.right))
    if isinstance(node, ast.BoolOp | ast.BinOp):
        return (OPERATORS[type(node.op)], of_theirs(node.left), of_theirs(node.right))
    if isinstance(node, ast.List):
        return ("list", *map(of_theirs, node.val))
    return ("value", None if isinstance(node, ast.Null) else node.val)


def ours(text: str) -> Tree:
    node, _ = parse_filter(text)
    return of_ours(node)


def of_ours(node: Node) -> Tree:
    if isinstance(node, Path):
        return ("path", *(segment.name for segment in node.segments))
    if isinstance(node, Call):
        return ("call", node.name.name, *map(of_ours, node.arguments))
    if isinstance(node, Every):
        inner = () if node.condition is None else (node.variable, of_ours(node.condition))
        return ("every", of_ours(node.path), *inner)
    if isinstance(node, Unary):
        return (node.operator, of_ours(node.operand))
    if isinstance(node, Binary):
        return (node.operator, of_ours(node.left), of_ours(node.right))
    if isinstance(node, Group):
        items = [of_ours(item) for item in node.items]
        return items[0] if len(items) == 1 else ("list", *items)
    if not isinstance(node, Literal):
        raise Unjudged  # a function of the service, say
    inside = re.fullmatch(r"(?:duration)?'(.*)'", node.text, re.DOTALL)
    text = inside[1].replace("''", "'") if inside else node.text
    return ("value", None if node.text == "null" else text)


# -- texts that both read ---------------------------------------------------------------------------------------

names = st.sampled_from(
    ["Name", "Balance", "x", "Home/City", "A/B/C", "eq_1", "order", "nothing", "anders", "inn"]
)
values = st.sampled_from(
    [
        *(
            "'x'",
            "''",
            "'it''s'",
            "'a and b'",
            "1",
            "-5",
            "0.25",
            "1.5e3",
            "true",
            "false",
            "null",
            "2026-01-15",
        ),
        *("2026-01-15T14:30:00Z", "2026-01-15T14:30:00.123+02:00", "14:30:00", "duration'PT1H'"),
        "0c6e2d0e-0a36-4a5e-9c7b-0e6e5a3c1111",
    ]
)
numbers = st.recursive(
    st.one_of(names, st.sampled_from(["1", "2.5", "-3"])),
    lambda inner: (
        st.builds("{} {} {}".format, inner, st.sampled_from(["add", "sub", "mul", "div", "mod"]), inner)
        | st.builds("({})".format, st.builds("{} sub {}".format, inner, inner))
        | st.builds("length({})".format, inner)
        | st.builds("round({})".format, inner)
    ),
    max_leaves=4,
)
texts = st.builds("tolower({})".format, names) | st.builds("concat({},'x')".format, names) | names
comparing = st.sampled_from(["eq", "ne", "gt", "ge", "lt", "le"])
comparisons = st.one_of(
    st.builds("{} {} {}".format, numbers, comparing, values),
    st.builds("{} {} {}".format, values, comparing, names),
    st.builds("{} in ({},{})".format, names, values, values),
    st.builds("{}({},{})".format, st.sampled_from(["contains", "startswith", "endswith"]), texts, texts),
    names,
)
conditions = st.recursive(
    comparisons,
    lambda inner: (
        st.builds("{} {} {}".format, inner, st.sampled_from(["and", "or"]), inner)
        | st.builds("({})".format, inner)
        | st.builds("not ({})".format, inner)
        | st.builds("Orders/{}(o: {})".format, st.sampled_from(["any", "all"]), inner)
        | st.just("Orders/any()")
    ),
    max_leaves=8,
)


@given(conditions)
@example("not Blocked and Name eq 'x'")
@example("a sub 1 sub 2 eq 0 or b eq 1 and c eq 2")
@example("-Balance lt 0")
def test_both_build_the_same_tree(text: str) -> None:
    assert ours(text) == theirs(text)


WORDS = re.compile(r"'(?:[^']|'')*'|[\w.:+-]+|\s+|.", re.DOTALL)


@st.composite
def spoilt(draw: Callable[..., Any]) -> str:
    """A text in which one word is missing, or stands twice, or gives way to another."""
    words = WORDS.findall(draw(conditions))
    place = draw(st.integers(0, len(words) - 1))
    other = [
        "",
        words[place] * 2,
        " and ",
        " eq ",
        "(",
        ")",
        ",",
        "'",
        " x ",
        " 1 ",
        "/",
        ":",
        "=",
        "!",
        " null",
    ]
    words[place] = draw(st.sampled_from(other))
    return "".join(words)


def judged(text: str) -> Tree | None:
    """Return the judge's tree, None when it refuses; names and numbers of arguments are checked elsewhere."""
    try:
        return theirs(text)
    except ODataSyntaxError:
        return None
    except FunctionCallException:
        reject()


@given(spoilt())
def test_what_the_judge_reads_is_no_fault_for_us(text: str) -> None:
    expected = judged(text)
    if expected is None or is_loose(expected) or ",)" in text:  # a list of one as Python writes it
        return
    if not compares_a_negation(text):
        assert ours(text) == expected


def compares_a_negation(text: str) -> bool:
    """Whether an operator stands behind `not (...)`: the judge takes it into the `not`, against the ABNF."""
    text = re.sub("'(?:[^']|'')*'", "''", text)
    for found in re.finditer(r"\bnot\s*\(", text):
        depth, place = 1, found.end()
        while depth and place < len(text):
            depth += {"(": 1, ")": -1}.get(text[place], 0)
            place += 1
        if re.match(r"\s+(eq|ne|gt|ge|lt|le|in|has|add|sub|mul|div|mod)\b", text[place:]):
            return True
    return False


def test_only_a_negation_that_is_compared_is_left_out() -> None:
    assert compares_a_negation("Orders/any(o: not (contains(Name,')'))  eq  Orders/any())")
    assert not compares_a_negation("not (A eq 'not (x) eq 1') and B eq 2")


@given(spoilt())
def test_what_we_read_and_the_judge_does_not_differs_in_spaces_and_names_alone(text: str) -> None:
    try:
        found = ours(text)
    except (Refusal, Unjudged):
        return
    # fields may be called so, and a function may give the list behind `in`, but not for the judge
    if any(name.startswith(RESERVED) for name in names_in(found)) or is_loose(found):
        return
    assert judged(written(found)) == found


RESERVED = ("and", "or ", "not", "in ", "eq ", "null", "true", "false", "any", "all")


def is_loose(tree: Tree) -> bool:
    """Whether a list stands elsewhere than behind `in`, or something else there: each of us is lenient in one."""
    kind, *parts = tree
    inner = [part for part in parts if isinstance(part, tuple)]
    if kind == "in":
        return inner[1][0] not in ("list", "path", "value") or is_loose(inner[0])
    return any(part[0] == "list" or is_loose(part) for part in inner) or kind == "list"


def names_in(tree: Tree) -> Iterator[str]:
    if tree[0] in ("path", "call"):
        yield from (part for part in tree[1:] if isinstance(part, str))
    for part in tree[1:]:
        if isinstance(part, tuple):
            yield from names_in(part)


def written(tree: Tree) -> str:
    """Return a tree as a text, with spaces and parentheses as the standard has them."""
    kind, *parts = tree
    if kind == "path":
        return "/".join(parts)
    if kind == "value":
        return value_text(*parts)
    inner = [written(part) for part in parts if isinstance(part, tuple)]
    if kind == "call":
        return f"{parts[0]}({','.join(inner)})"
    if kind == "list":
        return f"({','.join(inner)})"
    if kind == "every":
        return f"{inner[0]}/any({f'{parts[1]}: {inner[1]}' if len(inner) > 1 else ''})"
    if len(inner) == 1:
        return f"{kind} ({inner[0]})" if kind == "not" else f"-{inner[0]}"
    return f"({inner[0]} {kind} {inner[1]})"


def value_text(text: str | None) -> str:
    plain = {"1", "-5", "0.25", "1.5e3", "true", "false", "2.5", "-3"}
    if text is None or text in plain or re.fullmatch(r"[0-9-]+(T.*|[0-9A-Fa-f-]*)|[0-9:.]+|-?[0-9.]+", text):
        return "null" if text is None else text
    return f"duration'{text}'" if text == "PT1H" else "'" + text.replace("'", "''") + "'"


@pytest.mark.parametrize("text", ["Name in ('a')"])
def test_the_judge_refuses_what_services_read(text: str) -> None:
    """Why it is a judge of the common part alone, and not our parser."""
    with pytest.raises(ODataSyntaxError):
        theirs(text)
    ours(text)
