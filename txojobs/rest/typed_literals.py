"""Literals whose type stands before them, as OData itself writes it: `guid${{ }}`, `Sales.Status${{ }}`.

JSON and YAML know no GUID, date or member of an enumeration; in a query they are not written as text is.

Source: OData 4.01 Part 2 section 5.1.1.14 (literals); OData V2 URI Conventions section 2.2.2.
"""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Any

from txojobs.errors import ValidationError
from txojobs.rest.literals import Date, DateTime, Guid, TimeOfDay, odata_literal

if TYPE_CHECKING:
    from txojobs.rest.literals import Literal

_PREFIX = re.compile(r"(?<![\w.'])[^\W\d]\w*(\.[^\W\d]\w*)*\Z")
_MEMBER = re.compile(r"[^\W\d]\w*(\s*,\s*[^\W\d]\w*)*|-?[0-9]+")

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
    decides.

    Raises:
        ValidationError: the word is none of these, or the value is not of that type.
    """
    match = _PREFIX.search(before)
    if match is None:
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
    if isinstance(value, list | tuple):
        return kept, odata_literal([_of_type(kind, each) for each in value], dialect=dialect)
    return kept, odata_literal(_of_type(kind, value), dialect=dialect)


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


def _of_type(kind: type[Guid | Date | DateTime | TimeOfDay], value: object) -> Literal:
    if isinstance(value, str):
        return kind(value)
    if isinstance(value, date) and kind in (Date, DateTime):
        return value
    raise ValidationError(f"{str(value)[:60]!r} is no text that could be a {kind.__name__}")
