"""Why comparisons of a predicate are true for no record: the two sides are of different types, or one is null.

Asked when a filter has kept nothing: such a predicate is no error, and hardly ever meant.
"""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any

from txojobs.errors import TxoBaseError
from txojobs.expressions.compiler import Compiler
from txojobs.expressions.errors import kind_of
from txojobs.expressions.parser import parse_tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from txojobs.expressions.parser import Node
    from txojobs.records import JsonValue

_ORDER = ("lt", "lte", "gt", "gte")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_WORDS = {"number": "a number", "boolean": "true or false", "list": "a list", "object": "an object"}


def why_never(text: str, records: Sequence[JsonValue]) -> list[str]:
    """Return a reason for each comparison of a predicate that its types make true for none of the records."""
    compiler = Compiler(text)
    reasons = (_reason(compiler, node, records) for node in _comparisons(parse_tree(text)))
    return [reason for reason in reasons if reason]


def _comparisons(node: Node) -> Iterator[Node]:
    """Yield each comparison that looks at the record itself and helps to decide."""
    if node["type"] == "comparator":
        yield node
    elif node["type"] in ("and_expression", "or_expression"):
        for child in node["children"]:
            yield from _comparisons(child)


def _reason(compiler: Compiler, node: Node, records: Sequence[JsonValue]) -> str | None:
    left, right = node["children"]
    if node["value"] in _ORDER:
        nulls = [side for side in (left, right) if side["type"] == "literal" and side["value"] is None]
        return f"nothing is less or greater than null: {compiler.source(node)}" if nulls else None
    if node["value"] != "eq":
        return None
    kinds, others = _kinds(compiler, left, records), _kinds(compiler, right, records)
    if not kinds or not others or kinds & others:
        return None
    told = ", ".join(
        f"{compiler.source(side)} is {' or '.join(_WORDS.get(each, each) for each in sorted(found))}"
        for side, found in ((left, kinds), (right, others))
    )
    return told + (_remedy(compiler, right, kinds) or _remedy(compiler, left, others))


def _kinds(compiler: Compiler, side: Node, records: Sequence[JsonValue]) -> set[str]:
    """Return the types that one side of a comparison has, null left out."""
    run = compiler.compile(side)
    found = set()
    for record in records:
        with contextlib.suppress(TxoBaseError):  # such a record was put aside
            found.add(kind_of(run(record)))
    return found - {"null"}


def _remedy(compiler: Compiler, side: Node, wanted: set[str]) -> str:
    if side["type"] != "literal":
        return ""
    value: Any = side["value"]
    if wanted == {"text"} and kind_of(value) in ("number", "boolean"):
        return f"; write '{compiler.source(side).strip('`')}', in quotes"
    meant = "number" if _NUMBER.fullmatch(str(value)) else "boolean" if value in ("true", "false") else None
    return f"; write {value} without quotes" if isinstance(value, str) and wanted == {meant} else ""
