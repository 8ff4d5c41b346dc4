"""The functions that work on dates, which are texts: 2026-01-15 or 2026-01-15T14:30:00Z.

A date is taken as it is written: no time zone is applied, no clock is read.

Source: ISO 8601-1, calendar dates in the extended format; RFC 3339 for the times after them.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from txojobs.expressions.errors import Refused
from txojobs.expressions.text import whole

if TYPE_CHECKING:
    import datetime as dt

_DATE = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]+)?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_RUN = re.compile(r"([A-Za-z])\1*|[^A-Za-z]")
_MONTHS_PER_YEAR = 12
_EITHER_CASE = ("YYYY", "YY", "DD", "D")
_KNOWN = ("YYYY", "YY", "MM", "M", "DD", "D", "HH", "H", "mm", "ss", "T", *map(str.lower, _EITHER_CASE))
UNITS = ("days", "weeks", "months", "years")


def _day(text: str, argument: int = 0) -> dt.date:
    import datetime as dt  # noqa: PLC0415  # most jobs calculate with no date

    match = _DATE.fullmatch(text)
    if match and _is_time(match):
        with suppress(ValueError):
            return dt.date(int(match[1]), int(match[2]), int(match[3]))
    raise Refused(
        "takes a date like 2026-01-15 or 2026-01-15T14:30:00Z",
        argument,
        text,
        "an empty text is no date: if(x == '', null, ...)" if not text.strip() else None,
    )


def _is_time(match: re.Match[str]) -> bool:
    hours, minutes, seconds = (int(part or 0) for part in match.group(4, 5, 6))
    return hours < 24 and minutes < 60 and seconds <= 60  # noqa: PLR2004  # a clock; RFC 3339 has leap seconds


def date(text: str) -> str:
    """Return the date of a date or of a date with a time."""
    return _day(text).isoformat()


def year(text: str) -> int:
    """Return the year."""
    return _day(text).year


def month(text: str) -> int:
    """Return the month, 1 to 12."""
    return _day(text).month


def day(text: str) -> int:
    """Return the day of the month."""
    return _day(text).day


def days_between(start: str, end: str) -> int:
    """Return the number of days from the first date to the second; negative when it is earlier."""
    return (_day(end, 1) - _day(start)).days


def check_unit(unit: str) -> None:
    """Refuse a unit that date_add does not know."""
    if unit not in UNITS:
        raise Refused(f"knows the units {', '.join(UNITS)}", 2, unit)


def date_add(text: str, amount: Any, unit: str = "days") -> str:
    """Return the date moved by an amount; what stands after the date stays.

    A day that the month does not have becomes its last: one month after 31 January is 28 or 29 February.
    """
    check_unit(unit)
    start, count = _day(text), whole(amount, 1)
    try:
        if unit in ("days", "weeks"):
            moved = start.fromordinal(start.toordinal() + count * (7 if unit == "weeks" else 1))
        else:
            moved = _months_later(start, count * (_MONTHS_PER_YEAR if unit == "years" else 1))
    except (ValueError, OverflowError):
        raise Refused("reaches a date outside the years 1 to 9999", 1, amount) from None
    return moved.isoformat() + text[10:]


def _months_later(start: dt.date, count: int) -> dt.date:
    import calendar  # noqa: PLC0415  # as datetime

    number = start.year * _MONTHS_PER_YEAR + start.month - 1 + count
    year_, month_ = divmod(number, _MONTHS_PER_YEAR)
    last = calendar.monthrange(year_, month_ + 1)[1] if 1 <= year_ <= 9999 else 1  # noqa: PLR2004
    return start.replace(year=year_, month=month_ + 1, day=min(start.day, last))


def format_date(text: str, pattern: str) -> str:
    """Return the date in another notation: YYYY YY MM M DD D HH H mm ss, anything but letters as it is.

    Years and days may be written in small letters.
    """
    when = _day(text)
    clock = _DATE.fullmatch(text)
    hour, minute, second = (int(part or 0) for part in clock.group(4, 5, 6)) if clock else (0, 0, 0)
    parts = {
        "YYYY": f"{when.year:04}",
        "YY": f"{when.year % 100:02}",
        "MM": f"{when.month:02}",
        "M": f"{when.month}",
        "DD": f"{when.day:02}",
        "D": f"{when.day}",
        "HH": f"{hour:02}",
        "H": f"{hour}",
        "mm": f"{minute:02}",
        "ss": f"{second:02}",
        "T": "T",
    }
    parts.update({name.lower(): parts[name] for name in _EITHER_CASE})
    check_pattern(pattern)
    return _RUN.sub(lambda found: parts.get(found[0], found[0]), pattern)


def check_pattern(pattern: str) -> None:
    """Refuse a pattern with letters that mean nothing, or with months and minutes in each other's place."""
    before = ""
    for match in _RUN.finditer(pattern):
        run = match[0]
        if not match[1]:
            continue
        if run not in _KNOWN:
            raise Refused(f"knows no {run} in a pattern, but {' '.join(_KNOWN)}", 1, pattern)
        after_hours = before in ("HH", "H")
        if run == "mm" and not after_hours:
            raise Refused("takes mm for the minutes after HH; months are MM", 1, pattern)
        if run == "MM" and after_hours:
            raise Refused("takes MM for months; minutes are mm", 1, pattern)
        before = run
