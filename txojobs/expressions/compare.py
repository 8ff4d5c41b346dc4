"""Equality, order and truth of JSON values.

Numbers are compared by value (`1.0 == 1`), never rounded; true is not 1, also inside lists and objects.
Text is ordered by code point, so ISO dates are ordered by time.

Source: JMESPath specification, "Equality Operators", "Ordering Operators" and "Or Expressions".
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

NUMBERS = frozenset((int, Decimal))
"""The exact types of a number; `bool` is none."""


def equal(left: Any, right: Any) -> bool:
    """Tell whether two JSON values are the same value."""
    kind = type(left)
    if kind is list:
        if type(right) is not list or len(left) != len(right):
            return False
        return all(map(equal, left, right))
    if kind is dict:
        if type(right) is not dict or len(left) != len(right):
            return False
        return all(name in right and equal(value, right[name]) for name, value in left.items())
    if kind is bool or type(right) is bool:
        return left is right
    return bool(left == right)


def truth(value: Any) -> bool:
    """Tell whether a value counts as true: all but false, null, and empty text, list or object. 0 is true."""
    return bool(value) or type(value) in NUMBERS


def position(value: Any, values: list[Any]) -> int:
    """Return the index of the first member equal to `value`, -1 when there is none."""
    for index, member in enumerate(values):
        if equal(value, member):
            return index
    return -1
