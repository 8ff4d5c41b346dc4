"""Literals whose type stands before them, as OData itself writes it: `guid${{ }}`, `Sales.Status${{ }}`.

JSON and YAML know no GUID, date or member of an enumeration; in a query they are not written as text is.

Source: OData 4.01 Part 2 section 5.1.1.14 (literals); OData V2 URI Conventions section 2.2.2.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from txojobs.errors import ValidationError
from txojobs.rest.literals import Date, DateTime, Guid, TimeOfDay, odata_literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from txojobs.rest.literals import Literal

_PREFIX = re.compile(r"(?<![\w.'])[^\W\d]\w*(\.[^\W\d]\w*)*\Z")
_MEMBER = re.compile(r"[^\W\d]\w*(\s*,\s*[^\W\d]\w*)*|-?[0-9]+")

_TOUCHES = re.compile(r"[\w.'\"]")
"""What ends a literal or begins one, so that nothing of it may stand directly beside a value."""
_SUFFIX = re.compile(r"[lmdf](?!\w)", re.IGNORECASE)
"""What V2 writes behind a number to say of which type it is."""
_SHIFTED = re.compile(r"(?P<minute>.{10}T.{5})(?P<rest>[0-9:.]*)(?P<sign>[+-])(?P<hours>..):(?P<minutes>..)")

_TYPED: dict[str, type[Guid | Date | DateTime | TimeOfDay]] = {
    "guid": Guid,
    "date": Date,
    "datetime": DateTime,
    "datetimeoffset": DateTime,
    "time": TimeOfDay,
    "timeofday": TimeOfDay,
}


def typed_literal(value: Any, before: str, *, dialect: str) -> tuple[str, str]:
    """Return what stays of the text before a value, and the value as a literal.

    A word that touches the value says what it is: `guid`, `date`, `datetime`, `datetimeoffset`, `time`, or the
    name of an enumeration with its namespace, as in `Sales.Status`, which stays. Without one the value's own type
    decides. `datetime` of V2 has no zone, and is written in UTC.

    Raises:
        ValidationError: the word is none of these, or the value is not of that type.
    """
    match = _PREFIX.search(before)
    if match is None:
        if _TOUCHES.match(before[-1:]):
            raise _not_alone(before[-1:])
        return before, odata_literal(value, dialect=dialect)
    word, kept = match[0], before[: match.start()]
    if value is None:
        return kept, "null"
    if "." in word:
        if not isinstance(value, str) or not _MEMBER.fullmatch(value):
            raise ValidationError(f"{str(value)[:60]!r} is no member of an enumeration")
        return before, f"'{value}'"
    kind = _TYPED.get(word.lower())
    if kind is None:
        raise ValidationError(
            f"{word!r} stands directly before a value, and is no type",
            how_to_fix=f"put a space between them, or write one of {', '.join(_TYPED)}",
        )
    has_zone = dialect == "v4" or word.lower() == "datetimeoffset"
    if isinstance(value, list | tuple):
        return kept, odata_literal([_of_type(kind, each, has_zone) for each in value], dialect=dialect)
    return kept, odata_literal(_of_type(kind, value, has_zone), dialect=dialect)


def refuse_touching(pieces: Sequence[str | tuple[object]]) -> None:
    """Raise ValidationError when what stands directly behind a value, a tuple of one, would become a part of it."""
    for piece, after in pairwise(pieces):
        if isinstance(piece, tuple) and isinstance(after, str) and _TOUCHES.match(after):
            is_number = isinstance(piece[0], int | Decimal) and not isinstance(piece[0], bool)
            if not (is_number and _SUFFIX.match(after)):
                raise _not_alone(after[:1])


def _not_alone(beside: str) -> ValidationError:
    return ValidationError(
        f"a value stands alone in a filter, and {beside!r} touches it",
        how_to_fix="put a space between them; for a text that is put together, make it a param of its own",
    )


_SAMPLES: dict[type, str] = {
    Guid: "00000000-0000-0000-0000-000000000000",
    Date: "2000-01-01",
    DateTime: "2000-01-01T00:00:00Z",
    TimeOfDay: "00:00:00",
}


def typed_sample(sample: Any, before: str) -> Any:
    """Return some value of the type that a word before it names, `sample` where none does; a list stays one."""
    match = _PREFIX.search(before)
    kind = _TYPED.get(match[0].lower()) if match else None
    text = _SAMPLES[kind] if kind else "Member" if match and "." in match[0] else None
    if text is None or (kind and not isinstance(sample, str | list | tuple)):
        return sample
    return [text] if isinstance(sample, list | tuple) else text


def _of_type(kind: type[Guid | Date | DateTime | TimeOfDay], value: object, has_zone: bool) -> Literal:  # noqa: FBT001  # read twice, above
    if kind is DateTime and isinstance(value, str | date):
        return DateTime(_moment(value, has_zone=has_zone))
    if isinstance(value, str):
        return kind(value)
    if isinstance(value, date) and kind is Date:
        return value.date() if isinstance(value, datetime) else value
    raise ValidationError(f"{str(value)[:60]!r} is no text that could be a {kind.__name__}")


def _moment(value: str | date, *, has_zone: bool) -> str:
    """Return a moment as text; a date is its midnight in UTC, and where there is no zone, the moment is in UTC."""
    if isinstance(value, datetime):
        text = odata_literal(value)
    else:
        text = value if isinstance(value, str) else f"{value.isoformat()}T00:00:00Z"
    if has_zone:
        return odata_literal(DateTime(text))  # refuses one without a zone
    match = _SHIFTED.fullmatch(text)
    if match is None:
        return text.removesuffix("Z")
    try:
        moment = datetime.strptime(match["minute"], "%Y-%m-%dT%H:%M")  # noqa: DTZ007  # its zone is taken off here
        away = timedelta(hours=int(match["hours"]), minutes=int(match["minutes"]))
    except ValueError:
        return text  # refused for what it is
    moment = moment - away if match["sign"] == "+" else moment + away
    return f"{moment:%Y-%m-%dT%H:%M}{match['rest']}"
