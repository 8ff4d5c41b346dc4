"""Columns made of expressions and fixed values: what `add` and `columns` of a transform hold."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated

from txojobs.errors import StepError, TxoBaseError
from txojobs.records import Column, JsonValue, Record
from txojobs.steps.casting import ColumnType, cast_column
from txojobs.steps.kinds import JmesPath
from txojobs.steps.spec import Doc


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One column: an expression or a fixed value, and how it is written."""

    value: Annotated[JmesPath | None, Doc("Evaluated on the incoming record.", example="BalanceDue")] = None
    const: Annotated[object, Doc("A fixed value instead.", example="Business Central")] = None
    type: Annotated[
        ColumnType | None, Doc("What the value must be; text is converted.", example="decimal")
    ] = None
    format: Annotated[str | None, Doc("A number format for spreadsheets.", example='"#,##0.00"')] = None


def expressions(values: Iterable[JmesPath | Value]) -> list[JmesPath]:
    """Return the expressions among the values."""
    found = [value if isinstance(value, JmesPath) else value.value for value in values]
    return [each for each in found if each is not None]


def outgoing_column(name: str, value: JmesPath | Value, known: dict[str, Column]) -> Column:
    """Return what is known of a column that is made of `known` ones."""
    if isinstance(value, Value):
        source = known.get(value.value.text) if value.value else None
        return Column(name, value.type or (source.type if source else None), value.format)
    source = known.get(value.text)
    return Column(name, source.type, source.format) if source else Column(name)


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
