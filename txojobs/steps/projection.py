"""Columns made of expressions and fixed values: what `add` and `columns` of a transform hold."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated

from txojobs.errors import StepError, TxoBaseError
from txojobs.records import Column, Columns, JsonValue, Record
from txojobs.steps.casting import ColumnType, cast_column
from txojobs.steps.kinds import JmesPath
from txojobs.steps.number_format import NumberFormat
from txojobs.steps.spec import Doc


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Value:
    """One column: an expression or a fixed value, and how it is written."""

    value: Annotated[JmesPath | None, Doc("Evaluated on the incoming record.", example="BalanceDue")] = None
    const: Annotated[object, Doc("A fixed value instead.", example="Business Central")] = None
    type: Annotated[
        ColumnType | None, Doc("What the value must be; text is converted.", example="decimal")
    ] = None
    format: Annotated[NumberFormat | None, Doc("A number format for spreadsheets.", example='"#,##0.00"')] = (
        None
    )


def expressions(values: Iterable[JmesPath | Value]) -> list[JmesPath]:
    """Return the expressions among the values."""
    found = [value if isinstance(value, JmesPath) else value.value for value in values]
    return [each for each in found if each is not None]


def outgoing_column(name: str, value: JmesPath | Value, known: dict[str, Column]) -> Column:
    """Return what is known of a column that is made of `known` ones."""
    asked = value if isinstance(value, Value) else Value(value=value)
    path = asked.value
    source = known.get(path.text) if path else None
    shape = asked.format.text if asked.format else None
    if source is None:
        return Column(name, asked.type, shape, is_quotient=path is not None and _divides(path, known))
    given = shape if isinstance(value, Value) else source.format
    return source._replace(name=name, type=asked.type or source.type, format=given, label=None)


def _divides(path: JmesPath, known: dict[str, Column]) -> bool:
    """Tell whether an expression may give a quotient: one of its own, or one that it works on."""
    names = {names[0] for names in path.expression.paths if names}
    return path.expression.divides or any(known[name].is_quotient for name in names if name in known)


def shaped(known: Columns, *, columns: dict[str, JmesPath | Value], types: dict[str, ColumnType]) -> Columns:
    """Return what is known of columns after `columns` (nothing of them when empty) and `types` of a transform."""
    if columns:
        before = {column.name: column for column in known}
        known = tuple(outgoing_column(name, value, before) for name, value in columns.items())
    return tuple(each._replace(type=types.get(each.name, each.type)) for each in known)


def with_types(known: Columns, types: dict[str, ColumnType]) -> Columns:
    """Return `known` and, of which nothing else is known, the columns that `types` names."""
    names = {column.name for column in known}
    return (*known, *(Column(name, each) for name, each in types.items() if name not in names))


def projection(columns: dict[str, JmesPath | Value]) -> Callable[[Record], Record]:
    """Return a function from the incoming record to exactly these columns."""
    parts = [(name, _reader(name, value)) for name, value in columns.items()]
    return lambda record: {name: read(record) for name, read in parts}


def _reader(name: str, column: JmesPath | Value) -> Callable[[Record], JsonValue]:
    if isinstance(column, JmesPath):
        return _evaluator(name, column)
    if column.value is None:
        const: JsonValue = column.const  # type: ignore[assignment]  # YAML gives JSON values only
        fixed = const if column.type is None else cast_column(name, const, column.type)
        return lambda _: fixed
    evaluate = _evaluator(name, column.value)
    wanted = column.type
    return evaluate if wanted is None else lambda record: cast_column(name, evaluate(record), wanted)


def _evaluator(name: str, path: JmesPath) -> Callable[[Record], JsonValue]:
    evaluate = path.expression.evaluate

    def read(record: Record) -> JsonValue:
        try:
            return evaluate(record)
        except TxoBaseError as err:
            raise StepError(
                f"column {name!r}: {err}", how_to_fix=err.how_to_fix, example=err.example, where=path.where
            ) from err

    return read
