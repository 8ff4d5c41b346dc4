"""The rule for absent fields: an expression that names a field which no record has fails the step.

A misspelt name must never become an empty column or an empty file. Holds the names not seen yet, nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from txojobs.errors import StepError
from txojobs.steps.kinds import JmesPath

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from txojobs.records import Batch


def watching(
    batches: Iterator[Batch], expressions: Sequence[JmesPath], *, optional: Iterable[str] = ()
) -> Iterator[Batch]:
    """Yield each batch on; after the last one, fail when an expression named a field that was in no record.

    Raises:
        StepError: with the mark of the expression and the nearest name that is there.
    """
    from txojobs.expressions import FieldWatch  # noqa: PLC0415  # only a job that runs needs it

    watches = [(each, FieldWatch(each.expression)) for each in expressions]
    for batch in batches:
        for _, watch in watches:
            watch.saw(batch)
        yield batch
    for each, watch in watches:
        refuse_missing(each, watch.missing(), optional)


def refuse_missing(
    expression: JmesPath, missing: Iterable[tuple[str, str | None]], optional: Iterable[str]
) -> None:
    """Raise a StepError for the first missing name that is not optional."""
    allowed = set(optional)
    for name, suggestion in missing:
        if name not in allowed:
            raise StepError(
                f"no record has a field {name!r}, which the expression names: {expression.text}",
                how_to_fix=f"did you mean {suggestion}?"
                if suggestion
                else "check the spelling against the service's fields",
                example=f"optional: [{name}]    # below the step, when it may be absent from all records",
                where=expression.where,
            )
