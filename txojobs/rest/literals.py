"""Make OData literals, queries and path segments from values, so that no value can change what is asked.

Every function returns text that a service decodes to exactly the value given: quotes are doubled inside
literals, everything that is not unreserved is percent-encoded, and a space is `%20`, never `+`.

Source: OData 4.01 Part 2 (URL Conventions) sections 2 and 5.1.1.6, OData V2 URI Conventions section 2.2.2,
RFC 3986 sections 2.3 and 3.3.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import quote

from txojobs.errors import ValidationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID


@dataclass(frozen=True)
class _Text:
    """Text with a type: equal to another of the same class with the same text."""

    text: str


class Guid(_Text):
    """Text that is a GUID: written without quotes."""


class Date(_Text):
    """Text that is a calendar date, `YYYY-MM-DD`."""


class DateTime(_Text):
    """Text that is a moment, `YYYY-MM-DDThh:mm:ss[.fff](Z|+hh:mm)`; V2 allows no offset."""


class TimeOfDay(_Text):
    """Text that is a time of day, `hh:mm:ss[.fff]`."""


Scalar: TypeAlias = "str | int | Decimal | bool | date | datetime | UUID | Guid | Date | DateTime | TimeOfDay"
Literal: TypeAlias = "Scalar | list[Literal] | tuple[Literal, ...] | None"

# compiled when first used: most commands make no literal
_GUID = r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
_DATE = r"-?[0-9]{4,6}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_MOMENT = (
    r"-?[0-9]{4,6}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,12})?)?"
    r"(?P<zone>Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])?"
)
_READABLE = "(),:'/*$"
_NAME = re.compile(r"[^\W\d]\w{0,127}")

_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,12})?)?"

DIALECTS = ("v4", "v3", "v2")
"""V3 writes its literals as V2 does."""


def odata_literal(value: Literal, *, dialect: str = "v4") -> str:
    """Return a value as an OData literal, not yet percent-encoded.

    A list becomes `(a,b)`, as the operator `in` reads it (4.01); V2 has no lists. A datetime needs a time
    zone in V4.

    Raises:
        ValidationError: the value cannot be written in this dialect.
    """
    if dialect not in DIALECTS:
        raise ValidationError(f"there is no OData dialect {dialect!r}; known: {', '.join(DIALECTS)}")
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return "'" + _sendable(value).replace("'", "''") + "'"
    if isinstance(value, int | Decimal):
        return _number(value, dialect)
    if isinstance(value, list | tuple):
        return _list(value, dialect)
    return _typed(value, dialect)


def _number(value: int | Decimal, dialect: str) -> str:
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValidationError(f"{value} is no number that a service understands")
        text = format(value, "f")
        return text if dialect == "v4" else text + "M"
    return f"{value}L" if dialect != "v4" and not -(2**31) <= value < 2**31 else str(value)


def _list(values: Iterable[Literal], dialect: str) -> str:
    literals = [odata_literal(value, dialect=dialect) for value in values]
    if not literals:
        raise ValidationError(
            "an empty list cannot be written in a filter",
            how_to_fix="name at least one value; where none means all, take the condition out of the filter",
        )
    if dialect != "v4":
        raise ValidationError(
            f"OData {dialect.upper()} has no lists in filters",
            how_to_fix="write one comparison for each value, joined by `or`",
        )
    return "(" + ",".join(literals) + ")"


def _typed(value: object, dialect: str) -> str:
    v2 = dialect != "v4"
    if isinstance(value, Guid) or _is_uuid(value):
        text = _matching(_GUID, value.text if isinstance(value, Guid) else str(value), "GUID")
        return f"guid'{text}'" if v2 else text
    if isinstance(value, datetime):
        return _moment(_iso(value), v2=v2)
    if isinstance(value, DateTime):
        return _moment(value.text, v2=v2)
    if isinstance(value, date | Date):
        text = _matching(_DATE, value.isoformat() if isinstance(value, date) else value.text, "date")
        _in_the_calendar(text)
        return f"datetime'{text}T00:00:00'" if v2 else text
    if isinstance(value, TimeOfDay):
        return _time(_matching(_TIME, value.text, "time of day"), v2=v2)
    raise ValidationError(
        f"a value of type {type(value).__name__} cannot be written in a query",
        how_to_fix="use text, a number, true, false, null, a date or a list of these",
    )


def _is_uuid(value: object) -> bool:
    """Tell whether a value is a UUID: there is none before somebody has loaded the module, and it is slow to load."""
    loaded = sys.modules.get("uuid")
    return loaded is not None and isinstance(value, loaded.UUID)


def _time(text: str, *, v2: bool) -> str:
    """Return a time of day; V2 writes it as the duration since midnight."""
    if not v2:
        return text
    hours, minutes, seconds = (text + ":00").split(":")[:3]
    return f"time'PT{hours}H{minutes}M{seconds}S'"


def _iso(value: datetime) -> str:
    if value.tzinfo is None:
        raise ValidationError(
            f"the moment {value.isoformat()} has no time zone", how_to_fix="add one, for example a Z for UTC"
        )
    return value.astimezone(timezone.utc).replace(tzinfo=None).isoformat() + "Z"


def _moment(text: str, *, v2: bool) -> str:
    match = re.fullmatch(_MOMENT, text)
    if not match or (not v2 and not match["zone"]):
        raise ValidationError(
            f"{text[:60]!r} is no moment with a time zone", how_to_fix="write it as 2026-01-15T14:30:00Z"
        )
    _in_the_calendar(text.partition("T")[0])
    if not v2:
        return text
    if not match["zone"]:
        return f"datetime'{text}'"
    return f"datetimeoffset'{text}'"


def _in_the_calendar(day: str) -> None:
    """Refuse the 30th of February; of years that Python does not count, nothing is said."""
    if len(day) == len("2026-01-15") and day > "0001":
        try:
            date.fromisoformat(day)
        except ValueError:
            raise ValidationError(f"{day} is in no calendar") from None


def _matching(pattern: str, text: str, kind: str) -> str:
    if not re.fullmatch(pattern, text):
        raise ValidationError(f"{text[:60]!r} is no {kind}")
    return text


def _sendable(text: str) -> str:
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise ValidationError(
            f"{ascii(text)[:60]} holds half a character (a lone surrogate) and cannot be sent"
        )
    return text


def encode_query(options: Mapping[str, object] | Iterable[tuple[str, object]]) -> str:
    """Return `name=value&...`, percent-encoded; a value of None leaves its name out, a list repeats it.

    `$` and `@` of option names stay readable, as do `(),:'/*` of values: RFC 3986 allows them in a query.
    """
    pairs = options.items() if hasattr(options, "items") else options
    return "&".join(
        f"{quote(_sendable(str(name)), safe='$@')}={quote(_query_text(each), safe=_READABLE)}"
        for name, value in pairs
        for each in (value if isinstance(value, list | tuple) else (value,))
        if each is not None
    )


def _query_text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return _sendable(str(value))


def segment(value: object) -> str:
    """Return a value as exactly one percent-encoded segment of a path.

    Raises:
        ValidationError: it is empty, `.` or `..`, which would name another place.
    """
    text = _query_text(value)
    if text in ("", ".", ".."):
        raise ValidationError(f"{text!r} cannot be a part of an address")
    return quote(text, safe="")


def key_predicate(key: Literal | Mapping[str, Literal], *, dialect: str = "v4") -> str:
    """Return `('A')` or `(No='A',Line=1)`, percent-encoded, for one record of an entity set.

    Raises:
        ValidationError: a part cannot be written as a literal, or there is none.
    """
    if not isinstance(key, dict):
        return f"({quote(odata_literal(key, dialect=dialect), safe=QUOTED)})"  # type: ignore[arg-type]  # a Mapping that is no dict is no Literal either
    if not key:
        raise ValidationError("a key needs at least one value")
    parts = (
        f"{property_name(name)}={quote(odata_literal(part, dialect=dialect), safe=QUOTED)}"
        for name, part in key.items()
    )
    return f"({','.join(parts)})"


QUOTED = "'"
"""A quote may stand in a path (RFC 3986 sub-delims) and keeps key predicates readable."""


def property_name(name: str) -> str:
    """Return `name` when it is an OData identifier (Part 3, section 15.2).

    Raises:
        ValidationError: it is not; a name is never quoted, so it must not hold anything else.
    """
    if not _NAME.fullmatch(name):
        raise ValidationError(f"{name[:60]!r} is no name of a field")
    return name
