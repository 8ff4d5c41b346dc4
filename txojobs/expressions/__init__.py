"""Expressions on records: JMESPath, its meaning kept, with exact decimals and functions of ours.

A superset of JMESPath: bare numbers, `true`, `false` and `null` are literals. Light to import.

Source: JMESPath specification (jmespath.org), held to by its own compliance cases in the tests.
"""

from __future__ import annotations

from txojobs.expressions.errors import EvaluationError, ExpressionError
from txojobs.expressions.expression import Expression, parse
from txojobs.expressions.function import Function
from txojobs.expressions.literal import to_literal
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
