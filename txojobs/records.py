"""Records and the streams that carry them from step to step.

A number is an `int` or a `Decimal`, never a float: what the service sent is what the file holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

JsonValue: TypeAlias = "bool | int | Decimal | str | list[JsonValue] | dict[str, JsonValue] | None"
Record: TypeAlias = dict[str, "JsonValue"]
Batch: TypeAlias = list[Record]
"""1 ... batch_size records, never empty."""


class Column(NamedTuple):
    """What is known of one column.

    `type` is one of COLUMN_TYPES or None where unknown; `format` is a spreadsheet number format; `label` is
    the heading when it differs from the name. `is_quotient` tells that its values may be the outcome of a division,
    which ends at 38 digits only because it must end somewhere. `fields` is what a structure, or each element of a
    list of such, holds; None where that is unknown.
    """

    name: str
    type: str | None = None
    format: str | None = None
    label: str | None = None
    is_quotient: bool = False
    fields: tuple[Column, ...] | None = None


COLUMN_TYPES = ("text", "integer", "decimal", "boolean", "date", "datetime", "time")

Columns: TypeAlias = tuple[Column, ...]


@dataclass(slots=True)
class RecordStream:
    """Batches of records, read once and in order.

    `columns` is set where the columns are known before the first record is: headers of empty results, types
    of cells and checks come from it. It lists all columns in their order, or is None. `hints` then tells what is
    known of some of them: those that a step has made or converted. `expected` are the columns of a stream that stays
    empty, where its records may bring more.
    """

    columns: Columns | None
    batches: Iterator[Batch]
    hints: Columns = ()
    expected: Columns = ()

    def with_batches(self, batches: Iterator[Batch]) -> RecordStream:
        """Return a stream of other batches of the same columns."""
        return RecordStream(self.columns, batches, self.hints, self.expected)

    def all_columns(self) -> Columns | None:
        """Return the columns, or those that are expected; None where neither can be told."""
        return self.columns if self.columns is not None else self.expected or None

    def known(self) -> Columns:
        """Return what is known of any column, whether or not it is all."""
        return self.hints if self.columns is None else self.columns


MAX_ZEROS = 400
"""Beyond it a number is written with its exponent."""


def number_text(value: object) -> str:
    """Return a value as text; true and false as JSON has them, a Decimal without an exponent that nobody wrote."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) <= MAX_ZEROS:
        return format(value, "f")
    return str(value)
