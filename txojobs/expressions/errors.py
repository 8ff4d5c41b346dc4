"""What can be wrong with an expression: its text (ExpressionError) or a value it meets (EvaluationError).

Foreign text is shown shortened and with every unprintable character escaped, so that a message stays one
line.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from txojobs.errors import ValidationError

SPLIT = "split it: let a `transform: {add: ...}` before it hold a part"
"""The fix for an expression that is too much at once."""
MAX_SHOWN = 60
"""Characters of a value or of a part of an expression that a message shows."""


class ExpressionError(ValidationError):
    """The text is no valid expression.

    `offset` counts characters of the text from 0 and may be its length, when something is missing at the end;
    `length` is the number of characters to underline, at least 1.
    """

    def __init__(
        self,
        what_went_wrong: str,
        *,
        offset: int,
        length: int = 1,
        how_to_fix: str | None = None,
        example: str | None = None,
    ) -> None:
        super().__init__(what_went_wrong, how_to_fix=how_to_fix, example=example)
        self.offset = offset
        self.length = max(length, 1)


class EvaluationError(ValidationError):
    """A valid expression met a value that it must not work on.

    `operator` is the function or operator, `operand` the part of the expression that gave the value, `value`
    the value as text, shortened. `offset` and `length` mark the operand in the expression's text.
    """

    def __init__(
        self,
        what_went_wrong: str,
        *,
        operator: str,
        operand: str,
        value: str,
        offset: int,
        length: int,
        how_to_fix: str | None = None,
    ) -> None:
        super().__init__(what_went_wrong, how_to_fix=how_to_fix)
        self.operator = operator
        self.operand = operand
        self.value = value
        self.offset = offset
        self.length = max(length, 1)


NO_VALUE = object()
"""Stands where no single value is to blame."""


class Refused(Exception):  # noqa: N818  # never leaves the package: it becomes an EvaluationError
    """A function refuses one of its arguments; the caller knows the text of the argument and adds it.

    `argument` counts from 0; `value` is what was refused, perhaps an element of the argument, or NO_VALUE.
    """

    def __init__(self, reason: str, argument: int, value: Any, how_to_fix: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.argument = argument
        self.value = value
        self.how_to_fix = how_to_fix


KINDS: dict[type, str] = {
    bool: "boolean",
    int: "number",
    Decimal: "number",
    str: "text",
    list: "list",
    dict: "object",
    type(None): "null",
}


def kind_of(value: Any) -> str:
    """Return our word for the type of a value; a type that JSON does not have keeps its Python name."""
    return KINDS.get(type(value), type(value).__name__)


def shown(value: Any) -> str:
    """Return a value as a message shows it: `the text 'abc'`, `the number 5`, `a list of 3`."""
    if isinstance(value, str):
        return f"the text {shorten(repr(value[: MAX_SHOWN + 1]))}"
    if isinstance(value, list):
        return f"a list of {len(value):,}"
    if isinstance(value, dict):
        names = ", ".join(str(name) for name in list(value)[:3])
        return f"an object ({shorten(repr(names)[1:-1])})" if names else "an empty object"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal):
        return f"the number {number_text(value)}"
    return "null" if value is None else f"a value of the Python type {type(value).__name__}"


def number_text(value: int | Decimal) -> str:
    """Return a number as text, shortened when it is long."""
    if isinstance(value, int) and value.bit_length() > MAX_SHOWN * 4:
        return f"of about {value.bit_length() * 301 // 1000:,} digits"
    return shorten(str(value))


def shorten(text: str) -> str:
    """Return a text on one line, cut to MAX_SHOWN characters."""
    text = " ".join(text.split())
    return text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 3]}..."
