"""`query`: a JMESPath expression on the whole list of records."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar

from txojobs.context import RunContext
from txojobs.errors import StepError, TxoBaseError
from txojobs.records import Batch, Column, Columns, JsonValue, Record, RecordStream
from txojobs.steps.base import Memory, Role, Step
from txojobs.steps.fitting import as_text
from txojobs.steps.kinds import JmesPath, ListJmesPath
from txojobs.steps.spec import Doc
from txojobs.steps.watching import field_watch, refuse_missing


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Query(Step):
    """Evaluate an expression on the list of all records; its result, a list of objects, goes on.

    An object alone becomes one record. It holds all records in memory.

        - query: "sort_by(@, &BalanceDue) | reverse(@) | [:10]"
    """

    verb: ClassVar[str] = "query"
    role: ClassVar[Role] = Role.TRANSFORM
    memory: ClassVar[Memory] = Memory.TABLE
    can_reject: ClassVar[bool] = False
    main: ClassVar[str | None] = "expression"

    expression: Annotated[
        ListJmesPath, Doc("Evaluated once, on the list.", example='"[?Blocked].{No: CustomerNo}"')
    ]
    optional: Annotated[
        tuple[str, ...], Doc("Fields that may be absent from all records.", example="[Email]")
    ] = ()

    def named(self) -> list[JmesPath]:
        """Return the expression."""
        return [self.expression]

    def outgoing(self, incoming: Columns | None) -> Columns | None:
        """Return None: the expression decides, and only on the data."""
        del incoming
        return None

    def run(self, ctx: RunContext, records: RecordStream) -> RecordStream:
        """Yield the result in batches."""
        quotients = sorted(self.expression.expression.quotients)
        hints = tuple(Column(name, is_quotient=True) for name in quotients)
        return RecordStream(None, self._result(ctx, records.batches), hints)

    def _result(self, ctx: RunContext, batches: Iterator[Batch]) -> Iterator[Batch]:
        everything: list[JsonValue] = [record for batch in batches for record in batch]
        if everything:
            watch = field_watch(self.expression, optional=self.optional)
            watch.saw_value(everything)
            refuse_missing(self.expression, watch)
        result = self._evaluated(everything)
        if result is None and not everything:
            return  # nothing comes of nothing: `[0]`, say
        rows = result if isinstance(result, list) else [result]
        out = [self._record(row) for row in rows]
        for start in range(0, len(out), ctx.batch_size):
            yield out[start : start + ctx.batch_size]

    def _evaluated(self, everything: list[JsonValue]) -> JsonValue:
        try:
            return self.expression.expression.evaluate(everything)
        except TxoBaseError as err:
            err.where = err.where or self.expression.where
            raise

    def _record(self, row: JsonValue) -> Record:
        if isinstance(row, dict):
            return row
        shown = repr(row[:60]) if isinstance(row, str) else as_text(row, "")[:60] or "null"
        raise StepError(
            f"the query must give a list of objects, and gives {shown} in it",
            how_to_fix="make an object of it at the end of the expression",
            example=f"{self.expression.text} | {{result: @}}",
            where=self.expression.where,
        )
