"""How often a result can repeat the input, so that no short expression fills the memory.

`[@, @]` repeats it twice, `[@, @] | [@, @]` four times, and so on: the count doubles with each step. Followed
without data; what is known of a value is a weight (copies of the input that it can hold), or the weights of
the fields of an object that the expression makes. Texts and numbers are limited while they are built.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from txojobs.expressions.errors import ExpressionError
from txojobs.expressions.limits import operands
from txojobs.expressions.table import FUNCTIONS

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_GROWTH = 10_000

Node: TypeAlias = "dict[str, Any]"
_Weight: TypeAlias = "int | dict[str, _Weight]"


def check_growth(tree: Node) -> None:
    """Refuse an expression whose result can hold its input more than MAX_GROWTH times."""
    _grow(tree, 1)


def _grow(node: Node, scope: _Weight) -> _Weight:
    weight = _RULES.get(node["type"], _small)(node, scope)
    if _total(weight) > MAX_GROWTH:
        start, end = node.get("span", (0, 1))
        raise ExpressionError(
            f"the result would repeat its input more than {MAX_GROWTH:,} times",
            offset=start,
            length=end - start,
            how_to_fix="name the fields that are needed instead of repeating @",
        )
    return weight


def _total(weight: _Weight) -> int:
    return weight if isinstance(weight, int) else max(1, sum(map(_total, weight.values())))


def _small(node: Node, scope: _Weight) -> _Weight:
    for child in node["children"]:
        _grow(child, scope)
    return 1


def _same(_node: Node, scope: _Weight) -> _Weight:
    return scope


def _field(node: Node, scope: _Weight) -> _Weight:
    return scope if isinstance(scope, int) else scope.get(node["value"], 1)


def _row(node: Node, scope: _Weight) -> _Weight:
    for part in operands(node) if node["type"] == "pipe" else node["children"]:
        scope = _grow(part, scope)
    return scope


def _either(node: Node, scope: _Weight) -> _Weight:
    return max(_total(_grow(part, scope)) for part in operands(node))


def _list(node: Node, scope: _Weight) -> _Weight:
    return sum(_total(_grow(part, scope)) for part in node["children"])


def _object(node: Node, scope: _Weight) -> _Weight:
    return {pair["value"]: _grow(pair["children"][0], scope) for pair in node["children"]}


def _inner(node: Node, scope: _Weight) -> _Weight:
    return _grow(node["children"][0], scope)


def _projection(node: Node, scope: _Weight) -> _Weight:
    # a list weighs what its elements weigh, so the weight of the list stands for an element of it
    base = _grow(node["children"][0], scope)
    element = _total(base) if node["type"] == "value_projection" else base
    for condition in node["children"][2:]:
        _grow(condition, element)
    return _grow(node["children"][1], element)


def _call(node: Node, scope: _Weight) -> _Weight:
    gives = FUNCTIONS[node["value"]].gives
    weights = [_grow(child, scope) for child in node["children"] if child["type"] != "expref"]
    keys = [
        _grow(child["children"][0], weights[0]) for child in node["children"] if child["type"] == "expref"
    ]
    if gives in ("number", "boolean", "text"):
        return 1
    if node["value"] == "map":
        return keys[0]
    if len(weights) == 1:
        return weights[0] if gives == "list" else _total(weights[0])
    totals = list(map(_total, weights))
    return max(totals) if gives == "any" else sum(totals)


_RULES: dict[str, Callable[[Node, _Weight], _Weight]] = {
    "and_expression": _either,
    "current": _same,
    "field": _field,
    "filter_projection": _projection,
    "flatten": _inner,
    "function_expression": _call,
    "identity": _same,
    "index": _same,
    "index_expression": _row,
    "multi_select_dict": _object,
    "multi_select_list": _list,
    "or_expression": _either,
    "pipe": _row,
    "projection": _projection,
    "slice": _same,
    "subexpression": _row,
    "value_projection": _projection,
}
