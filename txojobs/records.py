"""Records and the streams that carry them from step to step.

A number is an `int` or a `Decimal`, never a float: what the service sent is what the file holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

JsonValue: TypeAlias = "bool | int | Decimal | str | list[JsonValue] | dict[str, JsonValue] | None"
Record: TypeAlias = dict[str, "JsonValue"]
Batch: TypeAlias = list[Record]
"""1 ... batch_size records, never empty."""


class Column(NamedTuple):
    """What is known of one column.

    `type` is one of COLUMN_TYPES or None where unknown; `format` is a spreadsheet number format; `label` is
    the heading when it differs from the name.
    """

    name: str
    type: str | None = None
    format: str | None = None
    label: str | None = None


COLUMN_TYPES = ("text", "integer", "decimal", "boolean", "date", "datetime", "time")

Columns: TypeAlias = tuple[Column, ...]


@dataclass(slots=True)
class RecordStream:
    """Batches of records, read once and in order.

    `columns` is set where the columns are known before the first record is: headers of empty results, types
    of cells and checks come from it. It lists all columns in their order, or is None.
    """

    columns: Columns | None
    batches: Iterator[Batch]
