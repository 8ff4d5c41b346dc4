"""How one value becomes the text of a cell, alike in every format made of cells."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from txojobs.errors import ValidationError
from txojobs.exact_json import MAX_EXPONENT, encode
from txojobs.files.table import NOT_FINITE, Tally

if TYPE_CHECKING:
    import re

    from txojobs.records import JsonValue


def visible(match: re.Match[str]) -> str:
    r"""Return a character that a file cannot hold as `\uXXXX`."""
    return f"\\u{ord(match[0]):04X}"


def decimal_text(number: Decimal) -> str:
    """Return a finite Decimal with all its digits.

    Without an exponent, as spreadsheets and people expect it, unless that would need thousands of zeros.
    """
    if abs(number.adjusted()) > MAX_EXPONENT:
        return str(number)
    return format(number, "f")


def json_text(value: JsonValue, tally: Tally) -> str:
    """Return a nested value as compact JSON; a number that is none is counted and written as null."""
    return json_bytes(value, tally).decode("utf-8")


def json_bytes(value: JsonValue, tally: Tally) -> bytes:
    """Return any value as compact JSON; a number that is none is counted and written as null."""
    try:
        return encode(value)
    except ValidationError:
        return encode(_finite(value, tally))


def _finite(value: JsonValue, tally: Tally) -> JsonValue:
    if isinstance(value, Decimal) and not value.is_finite():
        tally.add(NOT_FINITE)
        return None
    if isinstance(value, dict):
        return {name: _finite(member, tally) for name, member in value.items()}
    if isinstance(value, list):
        return [_finite(member, tally) for member in value]
    return value
