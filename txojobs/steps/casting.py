"""Text to numbers, dates and booleans, and back, exactly; for `types` and typed columns."""

from __future__ import annotations

import json
import re
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, TypeAlias

from txojobs.errors import StepError, ValidationError
from txojobs.records import number_text
from txojobs.steps.time_of_day import time_since_midnight

if TYPE_CHECKING:
    from collections.abc import Callable

    from txojobs.records import JsonValue

ColumnType: TypeAlias = Literal["text", "integer", "decimal", "boolean", "date", "datetime", "time"]

MAX_INTEGER_DIGITS = 4300
"""The interpreter's own limit for converting text to int; exact_json has the same."""
_NUMBER = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]{1,4})?")
_DATE = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])")
_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]+)?)?")
_ZONE = re.compile(r"(Z|[-+][0-9]{2}:[0-9]{2})?")


def cast(value: JsonValue, wanted: str) -> JsonValue:
    """Return `value` as a column type holds it; null stays null, and no digit is lost.

    Dates and times stay ISO text, and are checked; a time of day in the words of OData V2 becomes one.

    Raises:
        ValidationError: the value is none of that type.
    """
    if value is None:
        return None
    return _CASTS[wanted](value)


def cast_column(
    name: str, value: JsonValue, wanted: str, *, mend: str = "correct it at the source"
) -> JsonValue:
    """Return a value as its column's type, or raise a StepError that names the column and how to `mend` it."""
    try:
        return cast(value, wanted)
    except ValidationError as err:
        local = _local(name, value, wanted)
        raise StepError(
            f"column {name!r}: {err}",
            how_to_fix=f"{local[0] if local else mend}, or put the record aside with `rejects: FILE`",
            example=local[1] if local else None,
        ) from err


_LOCAL_NUMBER = r"[-+]?([0-9]{1,3}(\.[0-9]{3})+|[0-9]+),[0-9]+"
_LOCAL_DATE = r"(0[1-9]|[12][0-9]|3[01])\.(0[1-9]|1[0-2])\.[0-9]{4}"


def _local(name: str, value: JsonValue, wanted: str) -> tuple[str, str] | None:
    """Return how to read a number or a date as it is written in many countries: by an expression that says so."""
    text = value.strip() if isinstance(value, str) else ""
    is_word = re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII)
    key = name if is_word else json.dumps(name, ensure_ascii=False)
    path = name if is_word else json.dumps(key, ensure_ascii=False)[1:-1]  # it stands between quotes of YAML
    if wanted in ("decimal", "integer") and re.fullmatch(_LOCAL_NUMBER, text):
        fix = "leave it text, and add it anew with a decimal point, by a transform"
        return fix, f"add: {{{key}: \"to_number(replace(replace({path}, '.', ''), ',', '.'))\"}}"
    if wanted == "date" and re.fullmatch(_LOCAL_DATE, text):
        parts = ", '-', ".join(
            f"substring({path}, {at}, {length})" for at, length in ((6, 4), (3, 2), (0, 2))
        )
        return (
            "leave it text, and add it anew as year-month-day, by a transform",
            f'add: {{{key}: "concat({parts})"}}',
        )
    return None


def _refuse(value: JsonValue, wanted: str) -> ValidationError:
    shown = str(value)
    shown = shown if len(shown) <= 60 else shown[:57] + "..."  # noqa: PLR2004  # fits on a line
    return ValidationError(f"{shown!r} is not {wanted}")


def _text(value: JsonValue) -> JsonValue:
    if isinstance(value, str):
        return value
    if isinstance(value, dict | list):
        from txojobs.exact_json import encode  # noqa: PLC0415  # msgspec: not for checking a job

        return encode(value).decode()
    return number_text(value)


def _decimal(value: JsonValue) -> JsonValue:
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return Decimal(value.strip())
    raise _refuse(value, "a number")


def _integer(value: JsonValue) -> JsonValue:
    number = _decimal(value)
    if isinstance(number, Decimal):
        if not number.is_finite() or number != number.to_integral_value():
            raise _refuse(value, "a whole number")
        if number.adjusted() >= MAX_INTEGER_DIGITS:
            raise _refuse(value, f"a whole number of at most {MAX_INTEGER_DIGITS:,} digits")
        return int(number)
    return number


def _boolean(value: JsonValue) -> JsonValue:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in ("true", "false"):
        return value.strip().lower() == "true"
    raise _refuse(value, "true or false")


def _matching(pattern: re.Pattern[str], wanted: str) -> Callable[[JsonValue], JsonValue]:
    def check(value: JsonValue) -> JsonValue:
        text = value.strip() if isinstance(value, str) else ""
        if pattern.fullmatch(text) and (text[4:5] != "-" or _is_day(text[:10])):
            return text
        raise _refuse(value, wanted)

    return check


def _is_day(text: str) -> bool:
    """Tell whether the calendar has the day; year 0 and the 30th of February look right and are none."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _time(value: JsonValue) -> JsonValue:
    since_midnight = time_since_midnight(value.strip()) if isinstance(value, str) else None
    return since_midnight or _matching(_TIME, "a time like 14:30:00")(value)


_DATETIME = re.compile(f"{_DATE.pattern}[T ]{_TIME.pattern}{_ZONE.pattern}")
_CASTS: dict[str, Callable[[JsonValue], JsonValue]] = {
    "text": _text,
    "decimal": _decimal,
    "integer": _integer,
    "boolean": _boolean,
    "date": _matching(_DATE, "a date like 2026-01-15"),
    "datetime": _matching(_DATETIME, "a date and time like 2026-01-15T14:30:00Z"),
    "time": _time,
}
