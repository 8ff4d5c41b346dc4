"""Read in the order of the key, asking each time for the records behind the last one.

A record that is there all the while comes exactly once, whatever is inserted, deleted or changed meanwhile: its key
does not move. (The links of most services count positions, which do.)
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


def _literal(query: EntityQuery, name: str, value: JsonValue) -> str | None:
    kind = _TYPED.get(query.types.get(name, ""))
    typed: Any = value
    if isinstance(value, str):
        if kind is not None:
            typed = kind(value)
        elif name not in query.types and _GUID.fullmatch(value):
            typed = Guid(value)
    elif isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    return odata_literal(typed, dialect=query.odata)
