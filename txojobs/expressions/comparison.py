"""The closures of `== != < <= > >=`, with short ways for a field beside a literal.

Order is between two numbers or two texts. With null on either side the result is null, which a filter takes
as false; any other pair is an error, because rows would be lost in silence.

Source: JMESPath specification, "Equality Operators" and "Ordering Operators"; the error is ours.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

from txojobs.expressions.compare import NUMBERS, equal
from txojobs.expressions.errors import EvaluationError, ExpressionError, kind_of, shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from txojobs.expressions.compiler import Compiler, Run
    from txojobs.expressions.parser import Node

_ORDER: dict[str, tuple[str, Callable[[Any, Any], bool]]] = {
    "lt": ("<", operator.lt),
    "lte": ("<=", operator.le),
    "gt": (">", operator.gt),
    "gte": (">=", operator.ge),
}


def comparison(compiler: Compiler, node: Node) -> Run:
    """Return the closure of a comparison."""
    left, right = node["children"]
    if node["value"] in _ORDER:
        return _ordering(compiler, node)
    if left["type"] == "literal" and right["type"] != "literal":
        left, right = right, left
    if right["type"] == "literal":
        same = _equal_to(compiler.compile(left), right["value"])
    else:
        same = _both_equal(compiler.compile(left), compiler.compile(right))
    return same if node["value"] == "eq" else lambda value: not same(value)


def _both_equal(left: Run, right: Run) -> Run:
    return lambda value: equal(left(value), right(value))


def _equal_to(operand: Run, literal: Any) -> Run:
    if isinstance(literal, str):
        return lambda value: bool(operand(value) == literal)
    if literal is None or isinstance(literal, bool):
        return lambda value: operand(value) is literal
    return lambda value: equal(operand(value), literal)


def _ordering(compiler: Compiler, node: Node) -> Run:
    left, right = node["children"]
    _, holds = _ORDER[node["value"]]
    refuse = _refusal(compiler, node)
    compiler.null_orders += [
        _never_true(*compiler.place(side))
        for side in (left, right)
        if side["type"] == "literal" and side["value"] is None
    ]
    left_of, right_of = compiler.compile(left), compiler.compile(right)

    def run(value: Any) -> Any:
        one, other = left_of(value), right_of(value)
        if type(one) in NUMBERS:
            if type(other) in NUMBERS:
                return holds(one, other)
        elif type(one) is str and type(other) is str:
            return holds(one, other)
        return refuse(one, other)

    if left["type"] == "field" and right["type"] == "literal" and type(right["value"]) in NUMBERS:
        return _field_beside_number(left["value"], right["value"], holds, refuse)
    return run


def _never_true(start: int, end: int) -> ExpressionError:
    return ExpressionError(
        "nothing is less or greater than null, so this is never true",
        offset=start,
        length=end - start,
        how_to_fix="write == null or != null, or compare with a number, a text or a date",
    )


def _field_beside_number(
    name: str, number: Any, holds: Callable[[Any, Any], bool], refuse: Callable[[Any, Any], None]
) -> Run:
    def run(value: Any) -> Any:
        item = value.get(name) if isinstance(value, dict) else None
        return holds(item, number) if type(item) in NUMBERS else refuse(item, number)

    return run


def _refusal(compiler: Compiler, node: Node) -> Callable[[Any, Any], None]:
    """Return what answers for a pair that has no order: null, or an error that names the odd operand."""
    left, right = node["children"]
    sign, _ = _ORDER[node["value"]]

    def refuse(one: Any, other: Any) -> None:
        if one is None or other is None:
            return
        kinds = ("number", "text")
        to_blame = left["type"] == "literal" or (kind_of(one) in kinds and kind_of(other) not in kinds)
        blamed, value, beside = (right, other, one) if to_blame else (left, one, other)
        operand, (start, end) = compiler.source(blamed), compiler.place(blamed)
        raise EvaluationError(
            f"{operand} is {shown(value)}; {sign} cannot compare it with {shown(beside)}",
            operator=sign,
            operand=operand,
            value=shown(value),
            offset=start,
            length=end - start,
            how_to_fix=_fix(operand, kind_of(value), kind_of(beside)),
        )

    return refuse


def _fix(operand: str, kind: str, beside: str) -> str:
    if (kind, beside) == ("text", "number"):
        return f"convert it: to_number({operand})"
    if (kind, beside) == ("number", "text"):
        return f"write the number without quotes, or convert the field: to_string({operand})"
    return "compare a number with a number, or a text with a text"
