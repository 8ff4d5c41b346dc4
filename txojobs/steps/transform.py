"""`transform`: reshape each record."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from txojobs.context import RunContext
from txojobs.errors import Problem, StepError, TxoBaseError, ValidationError
from txojobs.records import Batch, Column, Columns, JsonValue, Record, RecordStream
from txojobs.steps.base import JobView, Role, Step
from txojobs.steps.casting import ColumnType, cast
from txojobs.steps.kinds import JmesPath, field_path
from txojobs.steps.spec import Doc
from txojobs.steps.watching import watching


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One column: an expression or a fixed value, and how it is written."""

    value: Annotated[JmesPath | None, Doc("Evaluated on the incoming record.", example="BalanceDue")] = None
    const: Annotated[object, Doc("A fixed value instead.", example="Business Central")] = None
    type: Annotated[
        ColumnType | None, Doc("What the value must be; text is converted.", example="decimal")
    ] = None
    format: Annotated[str | None, Doc("A number format for spreadsheets.", example='"#,##0.00"')] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transform(Step):
    """Add, rename, drop and convert fields, or name the whole output column by column.

    The options work in the order in which they stand below. Every expression sees the record as it came in.

        - transform:
            columns:
              Customer No.: CustomerNo
              Balance: {value: BalanceDue, type: decimal, format: "#,##0.00"}
              Source: {const: Business Central}
    """

    verb: ClassVar[str] = "transform"
    role: ClassVar[Role] = Role.TRANSFORM

    add: Annotated[
        dict[str, JmesPath | Value],
        Doc("Fields to add, or to replace.", example="{Total: 'mul(Quantity, Price)'}"),
    ] = field(default_factory=dict)
    rename: Annotated[dict[str, str], Doc("New name: old name.", example="{Customer No.: CustomerNo}")] = (
        field(default_factory=dict)
    )
    drop: Annotated[tuple[str, ...], Doc("Fields to leave out.", example="[Address]")] = ()
    columns: Annotated[
        dict[str, JmesPath | Value],
        Doc("The whole output, in this order.", example="{Name: DisplayName, City: Address.City}"),
    ] = field(default_factory=dict)
    types: Annotated[dict[str, ColumnType], Doc("Convert fields, exactly.", example="{Amount: decimal}")] = (
        field(default_factory=dict)
    )
    optional: Annotated[
        tuple[str, ...], Doc("Fields that may be absent from all records.", example="[Email]")
    ] = ()

    def check(self, job: JobView) -> Iterable[Problem]:
        """Something must be asked for, each column needs one source, and two rules must not fight."""
        if not (self.add or self.rename or self.drop or self.columns or self.types):
            yield Problem(
                "transform does nothing", job.at("transform"), "give it columns, add, rename, drop or types"
            )
        for option in ("add", "columns"):
            for name, column in getattr(self, option).items():
                if isinstance(column, Value) and (column.value is None) == (column.const is None):
                    yield Problem(
                        f"{name!r} needs either value or const", job.at(option), "write one of the two"
                    )
        if self.columns:
            for name in self.types:
                if name not in self.columns:
                    yield Problem(f"types names {name!r}, which is no column", job.at("types"))

    def outgoing(self, incoming: Columns | None) -> Columns | None:
        """Return the columns after all options."""
        known = {column.name: column for column in incoming or ()}
        if self.columns:
            known = {name: _column(name, value, known) for name, value in self.columns.items()}
        elif incoming is None:
            return None
        else:
            known |= {name: _column(name, value, known) for name, value in self.add.items()}
            new_names = {old: new for new, old in self.rename.items()}
            known = {
                new_names.get(name, name): column._replace(name=new_names.get(name, name))
                for name, column in known.items()
                if new_names.get(name, name) not in self.drop
            }
        for name, wanted in self.types.items():
            if name in known:
                known[name] = known[name]._replace(type=wanted)
        return tuple(known.values())

    def run(self, ctx: RunContext, records: RecordStream) -> RecordStream:
        """Yield one record for each that comes in."""
        return RecordStream(self.outgoing(records.columns), self._reshape(ctx, records.batches))

    def _reshape(self, ctx: RunContext, batches: Iterator[Batch]) -> Iterator[Batch]:
        reshape = self._reshaper()
        position = 0
        for batch in watching(batches, list(self.named()), optional=self.optional):
            out = []
            for position, record in enumerate(batch, position + 1):  # noqa: B020  # counts on from the last batch
                try:
                    out.append(reshape(record))
                except TxoBaseError as err:
                    ctx.reject(record, position, err)
            if out:
                yield out

    def named(self) -> list[JmesPath]:
        """Return every expression; a field that is renamed, dropped or converted is named by one, too."""
        values = [*self.add.values(), *self.columns.values()]
        found = [value if isinstance(value, JmesPath) else value.value for value in values]
        fresh = {*self.add, *self.rename}
        plain = [*self.rename.values()]
        if not self.columns:
            plain += [name for name in (*self.drop, *self.types) if name not in fresh]
        return [each for each in found if each is not None] + [field_path(name) for name in plain]

    def _reshaper(self) -> Callable[[Record], Record]:
        if self.columns and not (self.add or self.rename or self.drop or self.types):
            return _projection(self.columns)
        add, columns = _projection(self.add), _projection(self.columns) if self.columns else None

        def reshape(record: Record) -> Record:
            changed = {**record, **add(record)}
            if self.rename:
                new_names = {old: new for new, old in self.rename.items()}
                changed = {new_names.get(name, name): value for name, value in changed.items()}
            for name in self.drop:
                changed.pop(name, None)
            if columns is not None:
                changed = columns(changed)
            for name, wanted in self.types.items():
                if name in changed:
                    changed[name] = _cast(name, changed[name], wanted)
            return changed

        return reshape


def _column(name: str, value: JmesPath | Value, known: dict[str, Column]) -> Column:
    if isinstance(value, Value):
        source = known.get(value.value.text) if value.value else None
        return Column(name, value.type or (source.type if source else None), value.format)
    source = known.get(value.text)
    return Column(name, source.type, source.format) if source else Column(name)


def _projection(columns: dict[str, JmesPath | Value]) -> Callable[[Record], Record]:
    """Return a function from the incoming record to exactly these columns."""
    parts = [(name, _reader(name, value)) for name, value in columns.items()]
    return lambda record: {name: read(record) for name, read in parts}


def _reader(name: str, column: JmesPath | Value) -> Callable[[Record], JsonValue]:
    if isinstance(column, JmesPath):
        return _evaluator(name, column)
    if column.value is None:
        const: JsonValue = column.const  # type: ignore[assignment]  # YAML gives JSON values only
        fixed = const if column.type is None else cast(const, column.type)
        return lambda _: fixed
    evaluate = _evaluator(name, column.value)
    wanted = column.type
    return evaluate if wanted is None else lambda record: _cast(name, evaluate(record), wanted)


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


def _cast(name: str, value: JsonValue, wanted: str) -> JsonValue:
    try:
        return cast(value, wanted)
    except ValidationError as err:
        raise StepError(
            f"column {name!r}: {err}",
            how_to_fix="correct it at the source, or put the record aside with `rejects: FILE`",
        ) from err
