"""`transform`: reshape each record."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from txojobs.context import RunContext
from txojobs.errors import Problem, StepError, TxoBaseError
from txojobs.expressions import FieldWatch
from txojobs.records import Batch, Columns, Record, RecordStream
from txojobs.steps.base import JobView, Role, Step
from txojobs.steps.casting import ColumnType
from txojobs.steps.kinds import JmesPath, field_path
from txojobs.steps.projection import Value, converted, expressions, outgoing_column, projection
from txojobs.steps.spec import Doc
from txojobs.steps.watching import field_watch, refuse_missing, watching
from txojobs.suggest import nearest


@dataclass(frozen=True, slots=True, kw_only=True)
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
        for option in ("add", "columns"):
            for name, column in getattr(self, option).items():
                if isinstance(column, Value) and (column.value is None) == (column.const is None):
                    yield Problem(
                        f"{name!r} needs either value or const", job.at(option), "write one of the two"
                    )
        yield from self._check_names(job)

    def _check_names(self, job: JobView) -> Iterable[Problem]:
        """A name that an earlier option has taken away would be ignored in silence."""
        new_names: dict[str, str] = {}
        for new, old in self.rename.items():
            if old in new_names:
                message = f"{old!r} is renamed twice, to {new_names[old]!r} and {new!r}"
                yield Problem(message, job.at("rename"), "write the second one with add")
            new_names[old] = new
        gone = {old: f"is called {new!r} by then" for old, new in new_names.items() if old not in self.rename}
        for name in self.drop:
            if name in gone:
                yield Problem(f"drop names {name!r}, which {gone[name]}", job.at("drop"), "drop the new name")
        gone |= dict.fromkeys(self.drop, "drop leaves out")
        for name in self.types:
            if self.columns and name not in self.columns:
                fix = nearest(name, self.columns)
                yield Problem(f"types names {name!r}, which is no column", job.at("types"), fix)
            elif not self.columns and name in gone:
                yield Problem(f"types names {name!r}, which {gone[name]}", job.at("types"), "remove it there")

    def outgoing(self, incoming: Columns | None) -> Columns | None:
        """Return the columns after all options."""
        changed = None if incoming is None else self._changed(incoming)
        if self.columns:
            before = {column.name: column for column in changed or ()}
            changed = tuple(outgoing_column(name, value, before) for name, value in self.columns.items())
        if changed is None:
            return None
        return tuple(each._replace(type=self.types.get(each.name, each.type)) for each in changed)

    def _changed(self, incoming: Columns) -> Columns:
        """Return the columns after add, rename and drop."""
        known = {column.name: column for column in incoming}
        known |= {name: outgoing_column(name, value, known) for name, value in self.add.items()}
        new_names = {old: new for new, old in self.rename.items()}
        renamed = [each._replace(name=new_names.get(each.name, each.name)) for each in known.values()]
        return tuple(each for each in renamed if each.name not in self.drop)

    def run(self, ctx: RunContext, records: RecordStream) -> RecordStream:
        """Yield one record for each that comes in."""
        return RecordStream(self.outgoing(records.columns), self._reshape(ctx, records.batches))

    def _reshape(self, ctx: RunContext, batches: Iterator[Batch]) -> Iterator[Batch]:
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
            refuse_missing(each, watch.missing())

    def _reshaper(self, watches: list[FieldWatch]) -> Callable[[Record], Record]:
        """Return what all options do to a record; `watches` see it before `columns` does."""
        project = projection(self.columns) if self.columns else None
        if project is not None and not (self._is_changed() or self.types):
            return project
        change = self._changer()

        def reshape(record: Record) -> Record:
            changed = change(record)
            for watch in watches:
                watch.saw_value(changed)
            return self._typed(changed if project is None else project(changed))

        return reshape

    def named(self) -> list[JmesPath]:
        """Return every expression on the incoming record; a field that is renamed, dropped or converted is one."""
        values = [*self.add.values(), *(() if self._is_changed() else self.columns.values())]
        plain = [name for name in self.rename.values() if name not in self.add]
        fresh = {*self.add, *self.rename}
        plain += [name for name in self.drop if name not in fresh]
        plain += [name for name in self.types if name not in fresh and not self.columns]
        return [*expressions(values), *(field_path(name) for name in plain)]

    def stages(self, incoming: Columns) -> Iterable[tuple[Columns, Iterable[JmesPath]]]:
        """Yield what comes in, and what `columns` works on."""
        yield incoming, self.named()
        yield self._changed(incoming), self._named_later()

    def _named_later(self) -> list[JmesPath]:
        return expressions(self.columns.values()) if self._is_changed() else []

    def _is_changed(self) -> bool:
        return bool(self.add or self.rename or self.drop)

    def _changer(self) -> Callable[[Record], Record]:
        """Return what add, rename and drop do, to a record of its own."""
        if not self._is_changed():
            return dict if self.types and not self.columns else lambda record: record
        add = projection(self.add)
        new_names = {old: new for new, old in self.rename.items()}

        def change(record: Record) -> Record:
            changed = {**record, **add(record)}
            if new_names:
                renamed = {new_names.get(name, name): value for name, value in changed.items()}
                if len(renamed) < len(changed):
                    raise _two_of_a_name(changed, new_names)
                changed = renamed
            for name in self.drop:
                changed.pop(name, None)
            return changed

        return change

    def _typed(self, record: Record) -> Record:
        for name, wanted in self.types.items():
            if name in record:
                record[name] = converted(name, record[name], wanted)
        return record


def _two_of_a_name(record: Record, new_names: dict[str, str]) -> StepError:
    name = next(new for old, new in new_names.items() if old in record and new in record)
    return StepError(
        f"rename would overwrite the field {name!r}, which the record has already",
        how_to_fix=f"choose another name, or rename {name!r} too",
    )
