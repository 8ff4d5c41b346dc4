"""`unnest`: one record for each element of a list."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from txojobs.context import RunContext
from txojobs.errors import StepError, TxoBaseError
from txojobs.records import Batch, Record, RecordStream
from txojobs.steps.base import Role, Step
from txojobs.steps.kinds import JmesPath, field_path
from txojobs.steps.spec import Doc
from txojobs.steps.watching import watching


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Unnest(Step):
    """Make one record for each element of a list; the element stays under the field's name.

    A record without elements stays, with null under the name, unless `empty: drop` says otherwise.

        - fetch: {entity: SalesOrders, expand: [SalesOrderLines], key: [OrderNo]}
        - unnest: SalesOrderLines
    """

    verb: ClassVar[str] = "unnest"
    role: ClassVar[Role] = Role.TRANSFORM
    main: ClassVar[str | None] = "field"

    field: Annotated[str, Doc("The field that holds the list.", example="SalesOrderLines")]
    empty: Annotated[
        Literal["keep", "drop"], Doc("What becomes of a record whose list is empty or null.", example="drop")
    ] = "keep"
    optional: Annotated[
        tuple[str, ...], Doc("The field's name again, when it may be absent from all records.")
    ] = ()

    def named(self) -> list[JmesPath]:
        """Return the path of the list."""
        return [field_path(self.field)]

    def run(self, ctx: RunContext, records: RecordStream) -> RecordStream:
        """Yield the records in order, and the elements of each in theirs."""
        return records.with_batches(self._elements(ctx, records.batches))

    def _elements(self, ctx: RunContext, batches: Iterator[Batch]) -> Iterator[Batch]:
        position = 0
        out: Batch = []
        for batch in watching(batches, self.named(), optional=self.optional):
            for position, record in enumerate(batch, position + 1):  # noqa: B020  # counts on from the last batch
                try:
                    out.extend(self._spread(record))
                except TxoBaseError as err:
                    ctx.reject(record, position, err)
                while len(out) >= ctx.batch_size:  # a list may be far longer than a batch
                    yield out[: ctx.batch_size]
                    out = out[ctx.batch_size :]
            if out:
                yield out
                out = []

    def _spread(self, record: Record) -> Iterator[Record]:
        elements = record.get(self.field)
        if elements is None:
            elements = []
        if not isinstance(elements, list):
            is_object = isinstance(elements, dict)
            held = "an object" if is_object else repr(str(elements)[:60])
            path = f"{self.field}.{next(iter(elements), '...')}" if isinstance(elements, dict) else ""
            raise StepError(
                f"{self.field!r} holds {held}, and unnest takes a list",
                how_to_fix=f"read its fields where they are needed, as {path}"
                if is_object
                else "name a field that holds a list",
            )
        if not elements and self.empty == "keep":
            elements = [None]
        for element in elements:
            yield {**record, self.field: element}
