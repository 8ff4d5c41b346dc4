"""Values as the text of a literal, and the text of a literal as its value: both ways exact.

`parse(to_literal(value)).evaluate(None) == value` for every JSON value within the limits below. A literal
never grows together with the text around it: a number stands in backticks, a text in quotes.

Source: JMESPath specification, grammar of `literal` and `raw-string`; RFC 8259 for what stands in backticks.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from txojobs.errors import ValidationError

if TYPE_CHECKING:
    from txojobs.records import JsonValue

MAX_EXPONENT = 6144
"""As in exact JSON: the exponent range of IEEE 754 decimal128."""

MAX_INTEGER_DIGITS = 4000
"""Below the interpreter's own limit for converting text to int (4300)."""

MAX_LITERAL_NESTING = 50


def to_literal(value: JsonValue) -> str:
    """Return the text of a literal that can be put anywhere an expression takes a value.

    Raises:
        ValidationError: the value is no JSON value (NaN, Infinity, a float), or is beyond the limits.
    """
    if isinstance(value, str) and "\\" not in value and value.isprintable():
        return "'" + value.replace("'", "\\'") + "'"
    parts: list[str] = []
    _append(value, parts, MAX_LITERAL_NESTING)
    return "`" + "".join(parts).replace("`", "\\`") + "`"


def json_text(value: JsonValue) -> str:
    """Return compact JSON with the digits of every number as they are.

    Raises:
        ValidationError: as to_literal, but for the nesting.
    """
    parts: list[str] = []
    _append(value, parts, None)
    return "".join(parts)


def _append(value: JsonValue, parts: list[str], levels: int | None) -> None:
    if isinstance(value, dict | list):
        if levels == 0:
            raise ValidationError(f"the value nests more than {MAX_LITERAL_NESTING} deep")
        inner = None if levels is None else levels - 1
        opening, closing = "{}" if isinstance(value, dict) else "[]"
        parts.append(opening)
        for number, member in enumerate(value):
            parts.append("," if number else "")
            if isinstance(value, dict):
                parts.append(json.dumps(member, ensure_ascii=False) + ":")
                _append(value[str(member)], parts, inner)
            else:
                _append(member, parts, inner)
        parts.append(closing)
    elif isinstance(value, Decimal):
        parts.append(str(_within(value)))
    elif isinstance(value, int) and not isinstance(value, bool):
        if value.bit_length() > MAX_INTEGER_DIGITS * 3.3:
            raise ValidationError(f"a whole number has more than {MAX_INTEGER_DIGITS:,} digits")
        parts.append(str(value))
    elif value is None or isinstance(value, str | bool):
        parts.append(json.dumps(value, ensure_ascii=False))
    else:
        raise ValidationError(f"a value of the Python type {type(value).__name__} is no JSON value")


def _within(number: Decimal) -> Decimal:
    if not number.is_finite():
        raise ValidationError(f"{number} is not a JSON number")
    if abs(number.adjusted()) > MAX_EXPONENT:
        raise ValidationError(f"the number is beyond 10^{MAX_EXPONENT}")
    return number


def decode_number(text: str) -> int | Decimal:
    """Return the number that a JSON number spells, exactly.

    Raises:
        ValidationError: it is beyond the limits.
    """
    if text.lstrip("-").isdigit():
        if len(text) > MAX_INTEGER_DIGITS:
            raise ValidationError(
                f"a whole number has {len(text):,} digits, more than {MAX_INTEGER_DIGITS:,}"
            )
        return int(text)
    return _within(Decimal(text))


def _no_constant(text: str) -> Any:
    raise ValidationError(f"{text} is not a JSON number")


def decode_literal(text: str) -> JsonValue:
    """Return the value of the JSON that stands in backticks, its backticks already unescaped.

    Raises:
        ValidationError: it is no JSON, nests too deeply, or holds a number beyond the limits.
    """
    try:
        value: JsonValue = json.loads(
            text, parse_float=decode_number, parse_int=decode_number, parse_constant=_no_constant
        )
    except RecursionError:
        raise ValidationError("the JSON nests too deeply") from None
    except ValueError as err:
        raise ValidationError(f"not valid JSON: {str(err).split(': line')[0]}") from None
    if not _shallow(value, MAX_LITERAL_NESTING):
        raise ValidationError(f"the JSON nests more than {MAX_LITERAL_NESTING} deep")
    return value


def _shallow(value: JsonValue, levels: int) -> bool:
    if not isinstance(value, list | dict):
        return True
    members = value.values() if isinstance(value, dict) else value
    return levels > 0 and all(_shallow(member, levels - 1) for member in members)
