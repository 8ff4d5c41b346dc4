"""The functions that work on text, and text made of other values.

Positions count characters (Unicode code points) from 0, as JMESPath's slices do. Built text is limited.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from txojobs.errors import ValidationError
from txojobs.expressions.errors import Refused
from txojobs.expressions.limits import joined_size, within_text
from txojobs.expressions.literal import decode_number, json_text

_JSON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")


def to_number(value: Any) -> Any:
    """Return the number that a text spells as JSON does, null for anything else."""
    if isinstance(value, str):
        return _spelled(value) if _JSON_NUMBER.fullmatch(value) else None
    return None if isinstance(value, bool | list | dict) else value


def _spelled(value: str) -> Any:
    try:
        return decode_number(value)
    except ValidationError as err:
        raise Refused(f"cannot take this number, {err}", 0, value) from None


def to_string(value: Any) -> str:
    """Return a text as it is, anything else as compact JSON with every digit."""
    if isinstance(value, str):
        return value
    try:
        text = json_text(value)
    except ValidationError as err:
        raise Refused(f"cannot write this as text, {err}", 0, value) from None
    within_text(len(text))
    return text


def concat(*parts: Any) -> str:
    """Return the parts put together."""
    texts = [to_string(part) for part in parts]
    within_text(joined_size(texts))
    return "".join(texts)


def join(separator: str, parts: list[Any]) -> str:
    """Return the texts of a list put together, nulls left out."""
    texts = [part for part in parts if part is not None]
    for part in texts:
        if type(part) is not str:
            raise Refused("takes a list of texts", 1, part, "convert each element: map(&to_string(@), list)")
    within_text(joined_size(texts, separator))
    return separator.join(texts)


def replace(text: str, old: str, new: str) -> str:
    """Return the text with each `old` replaced; the text of `old` is taken literally."""
    if not old:
        raise Refused("cannot replace an empty text", 1, old)
    within_text(len(text) + text.count(old) * max(len(new) - len(old), 0))
    return text.replace(old, new)


def split(text: str, separator: str) -> list[str]:
    """Return the pieces between the separators; an empty text has one empty piece."""
    if not separator:
        raise Refused("cannot split at an empty text", 1, separator)
    return text.split(separator)


def whole(number: Any, argument: int) -> int:
    """Return a number as int, refused when it has a fraction."""
    if isinstance(number, Decimal) and (number.adjusted() > 15 or number != int(number)):  # noqa: PLR2004
        raise Refused("takes a whole number", argument, number)
    return int(number)


def substring(text: str, start: Any, length: Any = None) -> str:
    """Return `length` characters from `start` on; a negative start counts from the end."""
    first = whole(start, 1)
    first = max(first + len(text), 0) if first < 0 else first
    if length is None:
        return text[first:]
    count = whole(length, 2)
    if count < 0:
        raise Refused("takes a length of 0 or more", 2, length)
    return text[first : first + count]


def pad_left(value: Any, width: Any, fill: str = " ") -> str:
    """Return the text filled up on its left to `width` characters."""
    if len(fill) != 1:
        raise Refused("fills with exactly one character", 2, fill)
    wide = whole(width, 1)
    within_text(wide, 1)
    return to_string(value).rjust(wide, fill)


def upper(text: str) -> str:
    """Return the text in capitals."""
    return text.upper()


def lower(text: str) -> str:
    """Return the text in small letters."""
    return text.lower()


def trim(text: str) -> str:
    """Return the text without white space at its ends."""
    return text.strip()


def starts_with(text: str, start: str) -> bool:
    """Tell whether the text begins with `start`."""
    return text.startswith(start)


def ends_with(text: str, end: str) -> bool:
    """Tell whether the text ends with `end`."""
    return text.endswith(end)
