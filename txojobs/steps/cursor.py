"""The values by which an incremental read goes on: moments, dates and whole numbers, compared by what they mean.

A moment with an offset is a point in time, whatever its offset; one without (V2's Edm.DateTime) is compared with its
like alone. Digits of fractions count, however many. Texts and GUIDs have no order that a service and we share.

Source: OData 4.01 Part 2 section 5.1.1.14; OData V2 URI Conventions section 2.2.2; OData 4.0 Part 3 section 14.4.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from txojobs.errors import ValidationError

if TYPE_CHECKING:
    from txojobs.records import JsonValue

NUMBER = "a whole number"
DATE = "a date"
MOMENT = "a moment"
LOCAL = "a moment without a time zone"

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2})(?::([0-5][0-9])(\.[0-9]{1,12})?)?(Z|[+-][0-9]{2}:[0-9]{2})?"
)
_NUMBER = re.compile(r"-?[0-9]{1,30}")
_FIRST = datetime(1, 1, 1)  # noqa: DTZ001  # seconds are counted from it, whatever the zone
_DAY_S = 86400


class Cursor(NamedTuple):
    """One value: `text` as the service wrote it, `order` what it is compared by. Compare those of one kind alone."""

    kind: str
    order: Decimal
    text: str


def cursor_of(value: JsonValue, *, odata: str, type_: str | None = None) -> Cursor:
    """Return the cursor that a value of a record is; `type_` is the type of its column, where it is known.

    Raises:
        ValidationError: it has no order to go by.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return Cursor(NUMBER, Decimal(value), str(value))
    if isinstance(value, str) and type_ != "text":
        found = in_text(value)
        if found is not None and _can_be(found.kind, odata, type_):
            return found
    raise ValidationError(
        f"{_shown(value)} is no moment, date or whole number; all else may be in an order of the service alone",
        how_to_fix="let `by` name the field that tells when a record was changed last, or a number that grows with "
        "each change",
        example="incremental: {by: lastModifiedDateTime}",
    )


def is_ahead(cursor: Cursor, now: datetime) -> bool:
    """Tell whether a value is later than any change can be, whatever the time zone; `now` is aware."""
    if cursor.kind == NUMBER:
        return False
    elapsed = now.astimezone(timezone.utc).replace(tzinfo=None) - _FIRST
    return cursor.order > Decimal(int(elapsed.total_seconds())) + 2 * _DAY_S


def _can_be(kind: str, odata: str, type_: str | None) -> bool:
    """Tell whether a text of a record is of a kind: what has the look of it may be a mere text."""
    if kind == NUMBER:
        return type_ == "integer"  # V2 writes Int64 as text, and only a description of the service tells
    if kind == DATE:
        return odata == "v4"  # V2 and V3 have none
    return kind == MOMENT or odata != "v4"  # V4 has no moment without a zone


def in_text(text: str) -> Cursor | None:
    """Return the cursor that a text has the look of, None when it looks like none."""
    if _NUMBER.fullmatch(text):
        return Cursor(NUMBER, Decimal(text), text)
    try:
        if _DATE.fullmatch(text):
            return Cursor(DATE, _seconds(text + "T00:00"), text)
        found = _MOMENT.fullmatch(text)
        if found is None:
            return None
        order = _seconds(found[1]) + Decimal(found[2] or 0) + Decimal(found[3] or 0)
    except ValueError:  # the 30th of February
        return None
    zone = found[4]
    if zone is None:
        return Cursor(LOCAL, order, text)
    if zone != "Z":
        offset_s = int(zone[1:3]) * 3600 + int(zone[4:6]) * 60
        order -= offset_s if zone[0] == "+" else -offset_s
    return Cursor(MOMENT, order, text)


def _seconds(minutes: str) -> Decimal:
    gone = datetime.fromisoformat(minutes) - _FIRST
    return Decimal(gone.days * _DAY_S + gone.seconds)


def earlier(cursor: Cursor, amount: Decimal) -> Cursor:
    """Return the cursor that lies before another: by seconds, or by an amount of whole numbers."""
    order = cursor.order - amount
    if cursor.kind == NUMBER:
        return Cursor(NUMBER, order, f"{order:f}")
    order = max(order, Decimal(0))
    whole = int(order // 1)
    moment = _FIRST + timedelta(days=whole // _DAY_S, seconds=whole % _DAY_S)
    if cursor.kind == DATE:
        return Cursor(DATE, _seconds(f"{moment.date()}T00:00"), moment.date().isoformat())
    fraction = f"{order % 1:f}".removeprefix("0").rstrip("0").rstrip(".")
    zone = "Z" if cursor.kind == MOMENT else ""
    return Cursor(cursor.kind, order, moment.isoformat(timespec="seconds") + fraction + zone)


def literal_of(cursor: Cursor, *, odata: str) -> str:
    """Return a cursor as a service reads it in a filter; a moment in UTC.

    Raises:
        ValidationError: the version of OData has no such value.
    """
    from txojobs.rest.literals import Date, DateTime, odata_literal  # noqa: PLC0415  # only when something is asked

    if cursor.kind == NUMBER:
        return odata_literal(int(cursor.order), dialect=odata)
    if cursor.kind == DATE:
        return odata_literal(Date(cursor.text), dialect=odata)
    if cursor.kind == MOMENT and not cursor.text.endswith("Z"):
        cursor = earlier(cursor, Decimal(0))
    return odata_literal(DateTime(cursor.text), dialect=odata)


def _shown(value: JsonValue) -> str:
    if isinstance(value, str):
        return f"the text {value[:40]!r}"
    return {True: "true", False: "false"}.get(value, "") if isinstance(value, bool) else f"{value}"[:40]
