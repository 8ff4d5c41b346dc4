"""`filter`: keep some of the records."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from txojobs.errors import StepError, TxoBaseError
from txojobs.records import Batch, RecordStream
from txojobs.steps.base import Role, Step
from txojobs.steps.kinds import JmesPath
from txojobs.steps.spec import Doc
from txojobs.steps.watching import watching

if TYPE_CHECKING:
    from txojobs.context import RunContext

SAMPLE = 100
"""Records whose types are looked at when none was kept."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Filter(Step):
    """Keep the records for which an expression is true.

    The expression must give true, false or null; null (a comparison with an empty field, say) leaves the record out.
    Anything else is an error, so that `filter: Name` does not quietly keep everything.

        - filter: BalanceDue > 0 && !Blocked
    """

    verb: ClassVar[str] = "filter"
    role: ClassVar[Role] = Role.TRANSFORM
    main: ClassVar[str | None] = "where"

    where: Annotated[JmesPath, Doc("Evaluated on one record at a time.", example="BalanceDue > 0")]
    optional: Annotated[
        tuple[str, ...], Doc("Fields that may be absent from all records.", example="[Email]")
    ] = ()

    def named(self) -> list[JmesPath]:
        """Return the predicate."""
        return [self.where]

    def run(self, ctx: "RunContext", records: RecordStream) -> RecordStream:
        """Yield the records that are kept, in their order."""
        return records.with_batches(self._keep(ctx, records.batches))

    def _keep(self, ctx: "RunContext", batches: Iterator[Batch]) -> Iterator[Batch]:
        evaluate = self.where.expression.evaluate
        position = 0
        none_so_far: Batch | None = []
        for batch in watching(batches, [self.where], optional=self.optional):
            kept = []
            for position, record in enumerate(batch, position + 1):  # noqa: B020  # counts on from the last batch
                try:
                    verdict = evaluate(record)
                    if verdict is True:
                        kept.append(record)
                    elif verdict is not False and verdict is not None:
                        raise self._no_verdict(verdict)
                except TxoBaseError as err:
                    err.where = err.where or self.where.where
                    ctx.reject(record, position, err)
            if kept:
                none_so_far = None
                yield kept
            elif none_so_far == []:
                none_so_far = batch[:SAMPLE]
        if none_so_far:
            self._tell_why(ctx, none_so_far, position)

    def _tell_why(self, ctx: "RunContext", some: Batch, count: int) -> None:
        """Warn when nothing was kept because types differ: that is no error, and hardly meant."""
        from txojobs.expressions.never import why_never  # noqa: PLC0415

        if reasons := why_never(self.where.text, some):
            ctx.warn(f"filter {self.where.text} kept 0 of {count:,}: {'; '.join(reasons)}")

    def _no_verdict(self, verdict: object) -> StepError:
        shown = repr(verdict) if isinstance(verdict, str) else str(verdict)
        return StepError(
            f"the expression must be true or false, and gives {shown[:60]}: {self.where.text}",
            how_to_fix="compare it with something",
            example=f"{self.where.text} != null",
            where=self.where.where,
        )
