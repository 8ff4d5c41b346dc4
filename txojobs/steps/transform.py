"""`transform`: reshape each record."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, ClassVar

from txojobs.errors import Problem, TxoBaseError
from txojobs.expressions import FieldWatch
from txojobs.records import Batch, Columns, Record, RecordStream
from txojobs.steps.base import JobView, Role, Step
from txojobs.steps.casting import ColumnType, cast_column
from txojobs.steps.changes import Changes
from txojobs.steps.kinds import JmesPath, field_path
from txojobs.steps.projection import Value, expressions, projection, shaped, with_types
from txojobs.steps.spec import Doc
from txojobs.steps.watching import field_watch, refuse_missing, watching

if TYPE_CHECKING:
    from txojobs.context import RunContext


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Transform(Step):
    """Add, rename, drop and convert fields, or name the whole output column by column.

    The options work in the order in which they stand below: `columns` sees what add, rename and drop have made.

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
        for option in ("add", "rename", "columns"):
            if any(not name.strip() for name in getattr(self, option)):
                yield Problem("a column needs a name", job.at(option), "write one before the colon")
        for option in ("add", "columns"):
            for name, column in getattr(self, option).items():
                if isinstance(column, Value) and (column.value is None) == (column.const is None):
                    yield Problem(
                        f"{name!r} needs either value or const",
                        job.at(option),
                        "write one of the two; a column without values is {value: 'null'}",
                    )
        yield from self._changes().check(job)
        yield from self._changes().check_types(self.types, columns=self.columns, job=job)

    def _changes(self) -> Changes:
        return Changes(add=self.add, rename=self.rename, drop=self.drop)

    def outgoing(self, incoming: Columns | None) -> Columns | None:
        """Return the columns after all options."""
        return None if incoming is None and not self.columns else self._shaped(incoming or ())

    def _shaped(self, known: Columns) -> Columns:
        return shaped(self._changes().columns(known), columns=self.columns, types=self.types)

    def run(self, ctx: "RunContext", records: RecordStream) -> RecordStream:
        """Yield one record for each that comes in."""
        batches, known = self._reshape(ctx, records.batches), self._shaped(records.known())
        if records.columns is None and not self.columns:
            return RecordStream(None, batches, with_types(known, self.types))
        return RecordStream(known, batches)

    def _reshape(self, ctx: "RunContext", batches: Iterator[Batch]) -> Iterator[Batch]:
        later = [(each, field_watch(each, optional=self.optional)) for each in self._named_later()]
        reshape = self._reshaper([watch for _, watch in later])
        position = 0
        for batch in watching(batches, self.named(), optional=self.optional):
            out = []
            for position, record in enumerate(batch, position + 1):  # noqa: B020  # counts on from the last batch
                try:
                    out.append(reshape(record))
                except TxoBaseError as err:
                    ctx.reject(record, position, err)
            if out:
                yield out
        for each, watch in later:
            refuse_missing(each, watch)

    def _reshaper(self, watches: list[FieldWatch]) -> Callable[[Record], Record]:
        """Return what all options do to a record; `watches` see it before `columns` does."""
        changes = self._changes()
        project = projection(self.columns) if self.columns else None
        if project is not None and not (changes or self.types):
            return project
        change = changes.changer() if changes else dict

        def reshape(record: Record) -> Record:
            changed = change(record)
            for watch in watches:
                watch.saw_value(changed)
            return self._typed(changed if project is None else project(changed))

        return reshape

    def named(self) -> list[JmesPath]:
        """Return every expression on the incoming record; a field that is renamed, dropped or converted is one."""
        changes = self._changes()
        columns = () if changes else self.columns.values()
        types = () if self.columns else (name for name in self.types if changes.is_incoming(name))
        return [*changes.named(), *expressions(columns), *(field_path(name) for name in types)]

    def stages(self, incoming: Columns) -> Iterable[tuple[Columns, Iterable[JmesPath]]]:
        """Yield what comes in, and what `columns` works on."""
        yield incoming, self.named()
        yield self._changes().columns(incoming), self._named_later()

    def _named_later(self) -> list[JmesPath]:
        return expressions(self.columns.values()) if self._changes() else []

    def _typed(self, record: Record) -> Record:
        for name, wanted in self.types.items():
            if name in record:
                record[name] = cast_column(name, record[name], wanted)
        return record
