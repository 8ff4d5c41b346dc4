"""What keeps an expression from using up the stack or the memory, checked before it runs.

The text is limited in length, the tree in depth, and the copies that a result can hold of its input in
number. Text that functions build is limited while they build it.
"""

from __future__ import annotations

from itertools import chain
from typing import Any

from txojobs.expressions.errors import NO_VALUE, ExpressionError, Refused

MAX_LENGTH = 10_000
MAX_TREE = 150
"""Levels of the syntax tree; each costs a few frames of Python's stack when it is evaluated."""
MAX_GROWTH = 10_000
"""How often an expression may repeat its input: `[@, @]` is 2, `[@, @] | [@, @]` is 4."""
MAX_TEXT = 10_000_000
"""Characters of a text that a function builds."""

CHAINS = ("or_expression", "and_expression", "pipe")
"""Operators of which a long row is one level, not one per operand."""


def check_length(text: str) -> None:
    """Refuse a text that is too long."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(
            f"the expression has {len(text):,} characters, more than {MAX_LENGTH:,}", offset=MAX_LENGTH
        )


def check_tree(tree: dict[str, Any]) -> None:
    """Refuse a tree that is too deep or repeats its input too often."""
    levels = [(tree, 1)]
    while levels:
        node, depth = levels.pop()
        if depth > MAX_TREE:
            raise ExpressionError("the expression nests too deeply", offset=_place(tree, node)[0])
        children = operands(node) if node["type"] in CHAINS else node["children"]
        levels.extend((child, depth + 1) for child in children if isinstance(child, dict))
    if _growth(tree, tree) > MAX_GROWTH:
        raise _grows(tree, tree)


def operands(node: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the operands of a row of `||`, `&&` or `|`, from left to right."""
    kind, found = node["type"], []
    while node["type"] == kind:
        found.append(node["children"][1])
        node = node["children"][0]
    return [node, *reversed(found)]


def _growth(node: dict[str, Any], tree: dict[str, Any]) -> int:
    """Return how many copies of its input the result of a node can hold, at least 1."""
    kind = node["type"]
    if kind == "slice":
        return 1
    parts = operands(node) if kind in CHAINS else node["children"]
    factors = [_growth(part, tree) for part in parts]
    if kind in ("multi_select_list", "multi_select_dict"):
        return max(1, sum(factors))
    if kind == "function_expression":
        inner = [f for part, f in zip(parts, factors, strict=True) if part["type"] == "expref"]
        outer = [f for part, f in zip(parts, factors, strict=True) if part["type"] != "expref"]
        factors = [max(1, sum(outer)), *inner]
    elif kind in ("or_expression", "and_expression", "comparator", "not_expression"):
        return max(factors)
    product = 1
    for factor in factors:
        product *= factor
        if product > MAX_GROWTH:
            raise _grows(node, tree)
    return product


def _grows(node: dict[str, Any], tree: dict[str, Any]) -> ExpressionError:
    start, end = _place(tree, node)
    return ExpressionError(
        f"the result would repeat its input more than {MAX_GROWTH:,} times",
        offset=start,
        length=end - start,
        how_to_fix="name the fields that are needed instead of repeating @",
    )


def _place(tree: dict[str, Any], node: dict[str, Any]) -> tuple[int, int]:
    place: tuple[int, int] = node.get("span") or tree["span"]
    return place


def within_text(size: int, argument: int = 0) -> None:
    """Refuse to build a text of more than MAX_TEXT characters."""
    if size > MAX_TEXT:
        raise Refused(f"cannot build a text of more than {MAX_TEXT:,} characters", argument, NO_VALUE)


def joined_size(texts: list[str], separator: str = "") -> int:
    """Return the length of the texts put together."""
    return sum(chain(map(len, texts), (len(separator) * max(len(texts) - 1, 0),)))
