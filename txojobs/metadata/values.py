"""The categories of values that a filter compares, and how a value of each is written in a dialect.

Source: OData 4.01 Part 2 section 5.1.1.14 (primitive literals), OData V2 Overview section 6 (primitive types).
"""

from __future__ import annotations

import re
from typing import NamedTuple

TEXT, NUMBER, FLAG, GUID = "text", "number", "flag", "guid"
DATE, MOMENT, TIME, DURATION = "date", "moment", "time", "duration"
BINARY, ENUM, RECORD, LIST, NULL = "binary", "enum", "record", "list", "null"

CATEGORIES: dict[str, str] = {
    "Edm.String": TEXT,
    "Edm.Boolean": FLAG,
    "Edm.Guid": GUID,
    "Edm.Date": DATE,
    "Edm.DateTimeOffset": MOMENT,
    "Edm.DateTime": MOMENT,
    "Edm.TimeOfDay": TIME,
    "Edm.Time": TIME,
    "Edm.Duration": DURATION,
    "Edm.Binary": BINARY,
    **dict.fromkeys(
        (
            *("Edm.Byte", "Edm.SByte", "Edm.Int16", "Edm.Int32", "Edm.Int64"),
            *("Edm.Decimal", "Edm.Double", "Edm.Single"),
        ),
        NUMBER,
    ),
}
"""The category of each primitive type that filters compare; streams and places on earth have none."""

NOUNS: dict[str, str] = {
    TEXT: "a text",
    NUMBER: "a number",
    FLAG: "true or false",
    GUID: "a GUID",
    DATE: "a date",
    MOMENT: "a date and time",
    TIME: "a time of day",
    DURATION: "a duration",
    BINARY: "binary",
    ENUM: "a value of an enumeration",
    RECORD: "a structure",
    LIST: "a list",
    NULL: "null",
}

_GUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_NUMBER = re.compile(r"[-+]?[0-9]+(\.[0-9]+)?")
_DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:T([0-9]{2}:[0-9]{2}(?::[0-9]{2})?)[^']*)?")
_CLOCK = re.compile(r"[0-9]{2}:[0-9]{2}(:[0-9]{2})?")


def spelled(category: str, text: str, dialect: str, *, edm: str = "") -> str | None:
    """Return how `text` (without quotes) is written as a value of a category; None where it is no such value.

    `edm` is the type of the field, where that is known: V2 has two of moments.
    """
    v2 = dialect == "v2"
    if category == TEXT:
        return "'" + text.replace("'", "''") + "'"
    if category == NUMBER:
        return text if _NUMBER.fullmatch(text) else None
    if category == FLAG:
        return text.lower() if text.lower() in ("true", "false") else None
    if category == GUID:
        return (f"guid'{text}'" if v2 else text) if _GUID.fullmatch(text) else None
    if category in (DATE, MOMENT):
        return _moment(category, text, v2=v2, has_zone=edm == "Edm.DateTimeOffset")
    if category == TIME and _CLOCK.fullmatch(text):
        hours, minutes, *seconds = text.split(":")
        return f"time'PT{hours}H{minutes}M{seconds[0] if seconds else '00'}S'" if v2 else text
    return None


def _moment(category: str, text: str, *, v2: bool, has_zone: bool) -> str | None:
    found = _DAY.fullmatch(text)
    if found is None:
        return None
    day, clock = found[1], found[2] or "00:00:00"
    clock = clock if clock.count(":") > 1 else f"{clock}:00"
    if not v2:
        return day if category == DATE else f"{day}T{clock}Z"
    return f"datetimeoffset'{day}T{clock}Z'" if has_zone else f"datetime'{day}T{clock}'"


SHAPES: dict[tuple[str, str], str] = {
    ("v4", NUMBER): "write a number without quotes, like 100 or 0.5",
    ("v4", FLAG): "write true or false, without quotes",
    ("v4", GUID): "write it without quotes, like 0c6e2d0e-0a36-4a5e-9c7b-0e6e5a3c1111",
    ("v4", DATE): "write it without quotes, like 2026-01-15",
    ("v4", MOMENT): "write it without quotes, like 2026-01-15T14:30:00Z",
    ("v4", TIME): "write it without quotes, like 14:30:00",
    ("v4", DURATION): "write it like duration'P1DT12H'",
    ("v4", TEXT): "write a text in single quotes",
    ("v2", NUMBER): "write a number without quotes, like 100 or 0.5M",
    ("v2", FLAG): "write true or false, without quotes",
    ("v2", GUID): "write it like guid'0c6e2d0e-0a36-4a5e-9c7b-0e6e5a3c1111'",
    ("v2", DATE): "write it like datetime'2026-01-15T00:00:00'",
    ("v2", MOMENT): "write it like datetime'2026-01-15T00:00:00'",
    ("v2", TIME): "write it like time'PT14H30M00S'",
    ("v2", TEXT): "write a text in single quotes",
}
"""How a value of each category looks, where the one that was written cannot be turned into it."""


def remedy(category: str, text: str | None, dialect: str, *, edm: str = "") -> str | None:
    """Return the advice for a value of a category; `text` is what was meant, without quotes, if that is known."""
    right = spelled(category, text, dialect, edm=edm) if text is not None else None
    return f"write {right}" if right is not None else SHAPES.get((dialect, category))


class Value(NamedTuple):
    """What an expression gives, as far as it is known. `category` is '' where it is not.

    `name` is how messages call it; `type` is its Edm type or enumeration. `text` is set for a value that is written
    down: the text without quotes. `is_param` tells that the value comes from `${{ }}`.
    """

    category: str = ""
    name: str = "this"
    type: str = ""
    text: str | None = None
    is_param: bool = False
