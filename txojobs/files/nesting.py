"""Objects inside of records, for formats that have none: each of their fields becomes a column, `Address.City`.

The columns are those of the whole stream, which is looked at before it is written: those of an object stand together,
at the place of the field, also when they come late. Lists stay what they are. Null or an empty object in place of an
object leaves its columns empty; where no record has anything else, the field stays a column of its own.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from txojobs.errors import ValidationError
from txojobs.files.table import unknown_field
from txojobs.records import Column

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from txojobs.records import Batch, Columns, JsonValue, Record

SEPARATOR = "."


class _Field:
    """What records hold under one name: `inner` of objects, and whether there is anything else."""

    __slots__ = ("has_value", "inner")

    def __init__(self) -> None:
        self.inner: dict[str, _Field] = {}
        self.has_value = False


class LearntFields:
    """The fields of a stream, learnt batch by batch; then its columns, and its records as these have them.

    With `columns` the records may have no field beside these, whose order stays; without it the first appearance
    decides. `hints` tells what is known of some of them. Without `expand` objects are values as others are.
    """

    def __init__(self, columns: Columns | None, *, hints: Columns, expand: bool, file: str) -> None:
        self._file = file
        self._is_fixed = columns is not None
        self._known = {column.name: column for column in columns or hints}
        self._expand = expand
        self._fields: dict[str, _Field] = {column.name: _Field() for column in columns or ()}
        self._rows = 0

    def learn(self, batch: Batch) -> None:
        """Look at some records.

        Raises:
            ValidationError: one has a field that is not among the columns that were announced.
        """
        for row, record in enumerate(batch, self._rows + 1):
            if self._is_fixed and not record.keys() <= self._fields.keys():
                raise unknown_field(record, self._fields, row=row, path=Path(self._file))
            self._learn(record, self._fields)
        self._rows += len(batch)

    def columns(self) -> Columns:
        """Return the columns of the whole stream.

        Raises:
            ValidationError: two fields would become one column.
        """
        found: dict[str, tuple[str, ...]] = {}
        columns = []
        for path, column in self._walk(self._fields, self._known, ()):
            other = found.setdefault(column.name, path)
            if other != path:
                raise ValidationError(
                    f"two fields would be the column {column.name!r} of {self._file}: "
                    f"{_in_words(other)} and {_in_words(path)}",
                    how_to_fix="rename one of them in a transform step",
                )
            columns.append(column)
        return tuple(columns)

    def fitted(self, batch: Batch) -> Batch:
        """Return the records with a field for each column that they have."""
        if not self._expand:
            return batch
        out: Batch = []
        for record in batch:
            flat: Record = {}
            _flatten(record, self._fields, "", flat)
            out.append(flat)
        return out

    def _learn(self, record: Record, fields: dict[str, _Field]) -> None:
        for name, value in record.items():
            field = fields.get(name)
            if field is None:
                field = fields[name] = _Field()
            if self._expand and isinstance(value, dict):
                self._learn(value, field.inner)
            elif value is not None:
                field.has_value = True

    def _walk(
        self, fields: dict[str, _Field], known: dict[str, Column], above: tuple[Column, ...]
    ) -> Iterator[tuple[tuple[str, ...], Column]]:
        """Yield each column with the names that lead to it."""
        for name, field in fields.items():
            chain = (*above, known.get(name, Column(name)))
            if field.has_value or not field.inner:
                yield tuple(each.name for each in chain), _column(chain)
            if field.inner:
                inside = {each.name: each for each in chain[-1].fields or ()}
                yield from self._walk(field.inner, inside, chain)


def _column(chain: tuple[Column, ...]) -> Column:
    last = chain[-1]
    if len(chain) == 1:
        return last
    label = None
    if any(column.label for column in chain):
        label = SEPARATOR.join(column.label or column.name for column in chain)
    return last._replace(name=SEPARATOR.join(column.name for column in chain), label=label)


def _flatten(record: Record, fields: dict[str, _Field], above: str, flat: Record) -> None:
    for name, value in record.items():
        inner = fields[name].inner
        if isinstance(value, dict) and value:
            _flatten(value, inner, f"{above}{name}{SEPARATOR}", flat)
        elif not inner or not (value is None or isinstance(value, dict)):
            flat[above + name] = value


def _in_words(path: tuple[str, ...]) -> str:
    return " in ".join(repr(name) for name in reversed(path))


def without_nested(batches: Iterable[Batch], *, file: str) -> Iterator[Batch]:
    """Yield each batch, once it is clear that no record holds a list or an object.

    Raises:
        ValidationError: one does; it names the record and the field.
    """
    row = 0
    for batch in batches:
        for row, record in enumerate(batch, row + 1):  # noqa: B020  # counts on
            for name, value in record.items():
                if isinstance(value, dict | list):
                    raise _nested(name, value, row=row, file=file)
        yield batch


def _nested(name: str, value: JsonValue, *, row: int, file: str) -> ValidationError:
    what, fix = ("a list", "unnest it") if isinstance(value, list) else ("an object", "write nested: flatten")
    return ValidationError(
        f"record {row:,} for {file} holds {what} in the field {name!r}, and nested is error",
        how_to_fix=f"{fix}, or leave the field out in a transform step",
    )
