"""What keeps an expression from using up the stack or the memory, checked before it runs.

The text is limited in length and the tree in depth here, what a result repeats of its input in `growth`. Text
that functions build is limited while they build it.
"""

from __future__ import annotations

from itertools import chain
from typing import Any

from txojobs.expressions.errors import NO_VALUE, SPLIT, ExpressionError, Refused

MAX_LENGTH = 10_000
MAX_TREE = 150
"""Levels of the syntax tree; each costs a few frames of Python's stack when it is evaluated."""
MAX_TEXT = 10_000_000
"""Characters of a text that a function builds."""

CHAINS = ("or_expression", "and_expression", "pipe")
"""Operators of which a long row is one level, not one per operand."""


def check_length(text: str) -> None:
    """Refuse a text that is too long."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(
            f"the expression has {len(text):,} characters, more than {MAX_LENGTH:,}",
            offset=MAX_LENGTH,
            how_to_fix=SPLIT,
        )


def check_depth(tree: dict[str, Any]) -> None:
    """Refuse a tree that is too deep."""
    levels = [(tree, 1)]
    while levels:
        node, depth = levels.pop()
        if depth > MAX_TREE:
            raise ExpressionError(
                "the expression nests too deeply",
                offset=(node.get("span") or tree["span"])[0],
                how_to_fix=SPLIT,
            )
        children = operands(node) if node["type"] in CHAINS else node["children"]
        levels.extend((child, depth + 1) for child in children if isinstance(child, dict))


def operands(node: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the operands of a row of `||`, `&&` or `|`, from left to right."""
    kind, found = node["type"], []
    while node["type"] == kind:
        found.append(node["children"][1])
        node = node["children"][0]
    return [node, *reversed(found)]


def within_text(size: int, argument: int = 0) -> None:
    """Refuse to build a text of more than MAX_TEXT characters."""
    if size > MAX_TEXT:
        raise Refused(f"cannot build a text of more than {MAX_TEXT:,} characters", argument, NO_VALUE)


def joined_size(texts: list[str], separator: str = "") -> int:
    """Return the length of the texts put together."""
    return sum(chain(map(len, texts), (len(separator) * max(len(texts) - 1, 0),)))
