"""The columns that the records of an entity set have, as far as a `$metadata` document tells.

Labels stay out: a heading is what a job writes, and must not change with a snapshot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from txojobs.metadata.model import element_type
from txojobs.records import Column

if TYPE_CHECKING:
    from txojobs.metadata.model import Field, Service, StructuredType
    from txojobs.records import Columns

COLUMN_TYPES: dict[str, str] = {
    "Edm.String": "text",
    "Edm.Guid": "text",
    "Edm.Boolean": "boolean",
    "Edm.Date": "date",
    "Edm.DateTime": "datetime",
    "Edm.DateTimeOffset": "datetime",
    "Edm.TimeOfDay": "time",
    "Edm.Time": "time",
    **dict.fromkeys(("Edm.Byte", "Edm.SByte", "Edm.Int16", "Edm.Int32", "Edm.Int64"), "integer"),
    **dict.fromkeys(("Edm.Decimal", "Edm.Double", "Edm.Single"), "decimal"),
}
"""The column type of each Edm type; the others (lists, structures, durations) have none."""


_DEEPEST = 8


def columns_of(service: Service, kind: StructuredType, *, depth: int = 0) -> Columns | None:
    """Return the columns of records of a type, or None when they may have more than is listed."""
    if kind.is_open or kind.name in service.subtypes:
        return None
    fields = [field for field in kind.fields.values() if field.type != "Edm.Stream"]  # it comes on its own
    return tuple(
        Column(field.name, column_type(service, field), fields=_inside(service, field, depth=depth))
        for field in fields
    )


def _inside(service: Service, field: Field, *, depth: int) -> Columns | None:
    """Return what a structure holds; None where something else may come, too, as by an expansion below it."""
    kind = service.types.get(element_type(field.type))
    if kind is None or kind.navigation or depth == _DEEPEST:  # a type may hold itself
        return None
    return columns_of(service, kind, depth=depth + 1)


def column_type(service: Service, field: Field) -> str | None:
    """Return the type of the column of a field, or None when it holds no single value."""
    if field.type in service.enums:
        return "text"
    return COLUMN_TYPES.get(service.underlying(field.type))
