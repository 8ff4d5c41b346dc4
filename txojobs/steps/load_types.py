"""What `types` of a load makes of the cells of a file, exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from txojobs.errors import StepError
from txojobs.steps.casting import cast_column
from txojobs.steps.load_options import with_point
from txojobs.suggest import nearest

if TYPE_CHECKING:
    from txojobs.records import JsonValue, Record
    from txojobs.steps.load import Load


def must_have(step: Load, columns: dict[str, None]) -> None:
    """Refuse a name in types that is none of the columns.

    Raises:
        StepError: with the nearest one.
    """
    for name in sorted(set(step.types) - set(step.optional) - columns.keys()):
        raise StepError(
            f"{step.file.text} has no column {name!r}, which types names",
            how_to_fix=nearest(name, columns) or f"its columns are: {', '.join(list(columns)[:12])}",
            example=f"optional: [{name}]    # below load, when it may be absent",
        )


def typed(step: Load, record: Record) -> Record:
    """Return a copy of a record with its types: what is put aside must be what the file holds.

    Raises:
        StepError: a cell is none of its type.
    """
    converted = dict(record)
    for name, wanted in step.types.items():
        if name in record:
            converted[name] = _cast(step, name, record[name], wanted)
    return converted


def _cast(step: Load, name: str, value: JsonValue, wanted: str) -> JsonValue:
    if value == "" and wanted != "text":
        return None  # an empty cell of a csv file: nothing was entered
    if wanted in ("integer", "decimal") and isinstance(value, str):
        value = _number(step, name, value)
    return cast_column(name, value, wanted, mend="correct the file")


def _number(step: Load, name: str, text: str) -> str:
    """Return the text of a number with a decimal point, where the dialect says that it has a comma."""
    pointed = with_point(text)
    if pointed != text and not step.has_commas and ".csv" in step.file.text.lower():
        raise StepError(
            f"column {name!r}: {text!r} has a decimal comma",
            how_to_fix="say so, if all numbers have one, or put the record aside with `rejects: FILE`",
            example="dialect: excel-eu    # below load",
        )
    return pointed if step.has_commas else text
