"""Read in the order of the key, asking each time for the records behind the last one.

A record that is there all the while comes exactly once, whatever is inserted, deleted or changed meanwhile: its key
does not move. (The links of most services count positions, which do.)

That holds for numbers, GUIDs and dates. Text has many orders, and some services sort it by the rules of a language
while `gt` compares code points: records between the two would never be asked for, so text is not read like this.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from txojobs.rest.literals import Date, DateTime, Guid, TimeOfDay, odata_literal

if TYPE_CHECKING:
    from txojobs.records import JsonValue, Record
    from txojobs.rest.query import EntityQuery

_GUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_TYPED: dict[str, Any] = {
    "Edm.Guid": Guid,
    "Edm.Date": Date,
    "Edm.DateTime": DateTime,
    "Edm.DateTimeOffset": DateTime,
    "Edm.TimeOfDay": TimeOfDay,
    "Edm.Int64": int,
    "Edm.Decimal": Decimal,
}


def is_in_key_order(query: EntityQuery) -> bool:
    """Whether a query leaves the order to us, or wants that of its key, ascending."""
    wanted = tuple(name.removesuffix(" asc").strip() for name in query.order_by)
    return bool(query.key) and wanted == query.key[: len(wanted)]


def behind(query: EntityQuery, record: Record) -> str | None:
    """Return the address of the records behind `record`, None when its key is nothing that can be compared."""
    literals = [_literal(query, name, record.get(name)) for name in query.key]
    if any(literal is None for literal in literals):
        return None
    pairs = list(zip(query.key, literals, strict=True))
    alternatives = []
    for index, (name, literal) in enumerate(pairs):
        same = [f"{other} eq {value}" for other, value in pairs[:index]]
        alternatives.append(" and ".join([*same, f"{name} gt {literal}"]))
    later = " or ".join(f"({each})" if len(pairs) > 1 else each for each in alternatives)
    condition = f"({query.filter}) and ({later})" if query.filter else later
    return query.address(filter=condition, order_by=query.key)


def has_text_key(query: EntityQuery, record: Record) -> bool:
    """Whether a part of the record's key is plain text, whose order is the service's own."""
    return any(isinstance(typed(query, name, record.get(name)), str) for name in query.key)


def _literal(query: EntityQuery, name: str, value: JsonValue) -> str | None:
    found = typed(query, name, value)
    return None if found is None else odata_literal(found, dialect=query.odata)


def typed(query: EntityQuery, name: str, value: JsonValue) -> Any:
    """Return the value of a field as what its literal says it is, None when it cannot be compared."""
    if isinstance(value, str):
        kind = _TYPED.get(query.types.get(name, ""))
        if kind is None and name not in query.types and _GUID.fullmatch(value):
            kind = Guid
        return value if kind is None else kind(value)
    return None if isinstance(value, bool) or not isinstance(value, int | Decimal) else value
