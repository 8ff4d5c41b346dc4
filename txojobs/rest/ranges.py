"""Cut a query into ranges of one field, so that each can be read by itself.

The ranges leave no value out: the first has no lower end and holds the records without a value, the last no upper
end. They are computed from the smallest and the largest value (numbers, dates, moments), or given.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

from txojobs.errors import ValidationError
from txojobs.redact import shortened
from txojobs.rest.literals import Date, DateTime, Guid, TimeOfDay, odata_literal
from txojobs.rest.odata import ODataReader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from txojobs.records import JsonValue
    from txojobs.rest.client import TxoRestAPI
    from txojobs.rest.query import EntityQuery

Bound: TypeAlias = "int | Decimal | str | Date | DateTime | Guid | TimeOfDay"

_NUMBERS = ("Edm.Int64", "Edm.Decimal", "Edm.Double", "Edm.Single")
"""Types whose values some services write as text."""
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_CLOCKS = ("Edm.TimeOfDay", "Edm.Time")
_GUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{5,}(Z|[+-][0-9]{2}:[0-9]{2})?")


def bound_of(query: EntityQuery, by: str, given: object) -> Bound:
    """Return what a job gives as the begin of a range, as what it is compared with.

    A text that is a date, a moment or a GUID counts as one, unless the field is known to be text.

    Raises:
        ValidationError: it is no text and no number.
    """
    if isinstance(given, str):
        kind = query.types.get(by)
        if kind != "Edm.String" and _MOMENT.fullmatch(given):
            return DateTime(given)
        if kind != "Edm.String" and _DATE.fullmatch(given):
            if kind == "Edm.DateTimeOffset":
                return DateTime(f"{given}T00:00:00Z")
            return Date(given) if query.odata == "v4" else DateTime(f"{given}T00:00:00")
        if kind == "Edm.Guid" or (kind is None and _GUID.fullmatch(given)):
            return Guid(given)
        return TimeOfDay(given) if kind in _CLOCKS else given
    if isinstance(given, bool) or not isinstance(given, int | Decimal):
        raise ValidationError(
            f"{given!r} is no begin of a range", how_to_fix="write a text, a number or a date"
        )
    return given


def ranges(query: EntityQuery, by: str, bounds: Sequence[Bound]) -> list[EntityQuery]:
    """Return a query for each range: below the first bound, from each bound to the next, and from the last on."""
    literals = [odata_literal(each, dialect=query.odata) for each in bounds]
    if not literals:
        return [query]
    below = f"{by} lt {literals[0]}"
    conditions = [below if by in query.key else f"({below} or {by} eq null)"]
    conditions += [f"{by} ge {low} and {by} lt {high}" for low, high in pairwise(literals)]
    conditions.append(f"{by} ge {literals[-1]}")
    return [
        replace(query, filter=f"({query.filter}) and {each}" if query.filter else each) for each in conditions
    ]


def bounds_between(
    client: TxoRestAPI, query: EntityQuery, by: str, *, parts: int, deadline: float | None
) -> list[Bound]:
    """Return the bounds of `parts` ranges of the same width; fewer, down to none, where there is less to cut.

    Raises:
        ValidationError: the values are no numbers, dates or moments.
        ApiError: the smallest or the largest value cannot be read.
    """
    there = f"{by} ne null"
    low = _outermost(client, query, f"{by} asc", there, deadline)
    high = _outermost(client, query, f"{by} desc", there, deadline)
    if isinstance(low, str) and low in client.settings.reading.null_dates:  # it stands for no date
        above = f"{by} gt {odata_literal(bound_of(query, by, low), dialect=query.odata)}"
        low = _outermost(client, query, f"{by} asc", above, deadline)
    if low is None or high is None:
        return []
    cut = _cut(low, high, parts)
    if cut is None:
        raise ValidationError(
            shortened(
                f"{by} holds {low!r}, which is no number and no date: its ranges cannot be computed", 200
            ),
            how_to_fix="name the values at which a range begins",
            example=f"partition: {{by: {by}, at: [F, M, S]}}",
        )
    return [each for each in dict.fromkeys(cut) if each != bound_of(query, by, low)]


def _outermost(
    client: TxoRestAPI, query: EntityQuery, order: str, condition: str, deadline: float | None
) -> JsonValue:
    """Return the value of the first record in an order, a number as one where its type is known."""
    by = order.split(maxsplit=1)[0]
    first = replace(
        query,
        select=(by,),
        key=(),
        expand={},
        filter=f"({query.filter}) and {condition}" if query.filter else condition,
        order_by=(order,),
        adds_to_order=(),
        page_size=1,
        limit=1,
        keeps_dates=True,
    )
    records = [record for page in ODataReader(client, first, deadline=deadline).pages() for record in page]
    value = records[0].get(by) if records else None
    kind = query.types.get(by)
    if isinstance(value, str) and kind in _NUMBERS and _NUMBER.fullmatch(value):
        return int(value) if kind == "Edm.Int64" else Decimal(value)
    return value


def _cut(low: JsonValue, high: JsonValue, parts: int) -> list[Bound] | None:
    steps = range(1, parts)
    if _is_number(low) and _is_number(high):
        width = Decimal(str(high)) - Decimal(str(low))
        cuts = [Decimal(str(low)) + width * step / parts for step in steps]
        return [int(each) for each in cuts] if isinstance(low, int) and isinstance(high, int) else list(cuts)
    if not isinstance(low, str) or not isinstance(high, str):
        return None
    if _DATE.fullmatch(low) and _DATE.fullmatch(high):
        first = date.fromisoformat(low)
        days = (date.fromisoformat(high) - first).days
        return [Date((first + timedelta(days=days * step // parts)).isoformat()) for step in steps]
    if _MOMENT.fullmatch(low) and _MOMENT.fullmatch(high):
        return _cut_moments(low, high, parts)
    return None


def _cut_moments(low: str, high: str, parts: int) -> list[Bound]:
    first, last = _moment(low), _moment(high)
    seconds = int((last - first).total_seconds())
    has_zone = _MOMENT.fullmatch(low)[1] is not None  # type: ignore[index]  # it matched before
    cuts = [first + timedelta(seconds=seconds * step // parts) for step in range(1, parts)]
    return [
        DateTime(each.replace(tzinfo=None).isoformat(timespec="seconds") + ("Z" if has_zone else ""))
        for each in cuts
    ]


def _moment(text: str) -> datetime:
    """Return the whole second of a moment; without a zone it counts as UTC."""
    match = re.match(r"(.{10}T[0-9]{2}:[0-9]{2})(:[0-9]{2})?[.0-9]*(Z|[+-].*)?$", text)
    assert match is not None  # noqa: S101  # _MOMENT has matched
    zone = "+00:00" if match[3] in (None, "Z") else match[3]
    return datetime.fromisoformat(f"{match[1]}{match[2] or ':00'}{zone}").astimezone(timezone.utc)


def _is_number(value: JsonValue) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)
