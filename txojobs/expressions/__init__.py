"""Expressions on records: JMESPath, its meaning kept, with exact decimals and functions of ours.

A superset of JMESPath: bare numbers, `true`, `false` and `null` are literals. Light to import.

Source: JMESPath specification (jmespath.org), held to by its own compliance cases in the tests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from txojobs.expressions.errors import EvaluationError, ExpressionError
from txojobs.expressions.expression import Expression, parse
from txojobs.expressions.literal import to_literal

if TYPE_CHECKING:
    from txojobs.expressions.function import Function
    from txojobs.expressions.paths import path_text
    from txojobs.expressions.reference import describe
    from txojobs.expressions.table import FUNCTIONS
    from txojobs.expressions.watch import FieldWatch

__all__ = [
    "FUNCTIONS",
    "EvaluationError",
    "Expression",
    "ExpressionError",
    "FieldWatch",
    "Function",
    "describe",
    "parse",
    "path_text",
    "to_literal",
]

_LATER = {
    "FUNCTIONS": "table",
    "FieldWatch": "watch",
    "Function": "function",
    "describe": "reference",
    "path_text": "paths",
}


def __getattr__(name: str) -> Any:
    """Import what checking an expression does not need when it is first asked for."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415

    return getattr(import_module(f"txojobs.expressions.{_LATER[name]}"), name)
