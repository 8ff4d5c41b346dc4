"""Make one OData filter from the guide's conditions: `{"Status": "eq 'Active'", "Amount": 100}`.

A condition is either an operator with a literal, or a value. Only a text that is wholly operator, blank and
one literal is a condition; any other text is a value and is quoted, so `Electronics` is not taken for a
condition because it holds `le`, and no value can add a condition.

Source: OData 4.01 Part 2 section 5.1.1.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

from txojobs.errors import ValidationError
from txojobs.rest.literals import odata_literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from txojobs.rest.literals import Literal

_LITERAL = r"""'(?:[^']|'')*' | -?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?[MLFDmlfd]? | true | false | null
    | [0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}
    | [0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?:Z|[+-][0-9]{2}:[0-9]{2})?)?
    | (?:datetime|datetimeoffset|guid|time)'[^']*'"""
_CONDITION = re.compile(
    rf"(?:(?:eq|ne|gt|ge|lt|le)\s+(?:{_LITERAL})|in\s*\(\s*(?:{_LITERAL})(?:\s*,\s*(?:{_LITERAL}))*\s*\))",
    re.VERBOSE,
)
_PATH = re.compile(r"[^\W\d]\w*(/[^\W\d]\w*)*")


def build_odata_filter(conditions: Mapping[str, object], *, dialect: str = "v4") -> str:
    """Return the conditions joined by `and`, empty for none; not percent-encoded.

    Raises:
        ValidationError: a name is no field or path of fields, or a value cannot be written.
    """
    return " and ".join(f"{_field(name)} {_condition(value, dialect)}" for name, value in conditions.items())


def _field(name: str) -> str:
    if not _PATH.fullmatch(name):
        raise ValidationError(f"{name[:60]!r} is no name of a field")
    return name


def _condition(value: object, dialect: str) -> str:
    if isinstance(value, str) and _CONDITION.fullmatch(value.strip()):
        return value.strip()
    if isinstance(value, float):
        value = repr_exact(value)
    operator = "in" if isinstance(value, list | tuple) else "eq"
    return f"{operator} {odata_literal(cast('Literal', value), dialect=dialect)}"


def repr_exact(value: float) -> object:
    """Return a float as the Decimal that it prints as."""
    from decimal import Decimal  # noqa: PLC0415  # floats come from scripts only

    return Decimal(repr(value))
