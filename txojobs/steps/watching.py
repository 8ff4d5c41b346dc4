"""The rule for absent fields: an expression that names a field which no record has fails the step.

A misspelt name must never become an empty column or an empty file. Holds the names not seen yet, nothing else.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from txojobs.errors import StepError
from txojobs.steps.kinds import JmesPath, field_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from txojobs.expressions import FieldWatch
    from txojobs.records import Batch


def watching(
    batches: Iterator[Batch], expressions: Sequence[JmesPath], *, optional: Iterable[str] = ()
) -> Iterator[Batch]:
    """Yield each batch on; after the last one, fail when an expression named a field that was in no record.

    Raises:
        StepError: with the mark of the expression and the nearest name that is there.
    """
    watches = [(each, field_watch(each, optional=optional)) for each in expressions]
    for batch in batches:
        for _, watch in watches:
            watch.saw(batch)
        yield batch
    for each, watch in watches:
        refuse_missing(each, watch)


def field_watch(expression: JmesPath, *, optional: Iterable[str] = ()) -> FieldWatch:
    """Return the watch over one expression; `optional` holds names of fields as people write them."""
    from txojobs.expressions import FieldWatch, path_text  # noqa: PLC0415  # only a job that runs needs it

    prefix = expression.prefix
    allowed = [
        spelling
        for name in optional
        for spelling in (name, path_text((name,)), path_text((*prefix, name)), path_text(prefix) + f".{name}")
    ]
    return FieldWatch(expression.expression, optional=allowed)


def refuse_missing(expression: JmesPath, watch: FieldWatch) -> None:
    """Raise a StepError for the first name that the watch has missed."""
    for name, suggestion in watch.missing():
        plain = name.removeprefix("[].")
        beside = watch.beside()
        known = f"did you mean {suggestion}?" if suggestion else None
        if known is None and beside:
            known = f"the fields are: {', '.join(beside[:12])}{', ...' if len(beside) > 12 else ''}"  # noqa: PLR2004
        is_plain = expression.text == field_path(plain).text
        named = "which the step names" if is_plain else f"which the expression names: {expression.text}"
        advice = expression.advice()
        raise StepError(
            f"no record has a field {name!r}, {named}",
            how_to_fix=" ".join(filter(None, (known, advice)))
            or "check the spelling against the service's fields",
            example=f"optional: [{_in_yaml(plain)}]    # an option of the step, when all records may lack it",
            where=expression.where,
        )


def _in_yaml(name: str) -> str:
    if name.startswith('"') and name.endswith('"') and '"' not in name[1:-1]:
        return name
    return name if re.fullmatch(r"[\w.]+", name) else "'" + name.replace("'", "''") + "'"
