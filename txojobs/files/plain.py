"""Turn what a script hands in (floats, dates, data frames) into the values of records.

Frames are known by what they can do, so pandas is never imported here. A float becomes the Decimal that
Python prints for it; NaN, NaT and their like are null.
"""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from txojobs.errors import ValidationError
from txojobs.files.table import BATCH_SIZE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from txojobs.records import Batch, JsonValue

_MISSING = frozenset({"NAType", "NaTType"})


def plain(value: Any) -> JsonValue:
    """Return `value` with everything in it as JSON knows it.

    Raises:
        ValidationError: it holds something else, or a name that is no text.
    """
    if value is None or isinstance(value, str | bool | int | Decimal):
        return _without_subclass(value)
    if isinstance(value, float):
        return Decimal(repr(float(value))) if value - value == 0 else None
    if isinstance(value, dict):
        return {_name(name): plain(member) for name, member in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(member) for member in value]
    return _foreign(value)


def _without_subclass(value: Any) -> JsonValue:
    kinds = (bool, int, str, Decimal)
    if value is None or value.__class__ in kinds:
        return cast("JsonValue", value)
    return next(kind(value) for kind in kinds if isinstance(value, kind))


def _foreign(value: Any) -> JsonValue:
    if type(value).__name__ in _MISSING:
        return None
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    for method in ("item", "tolist"):  # numbers and arrays of numpy
        convert = getattr(value, method, None)
        if callable(convert) and type(value).__module__.partition(".")[0] == "numpy":
            return (
                plain(convert())
                if method == "tolist" or getattr(value, "ndim", 0) == 0
                else plain(value.tolist())
            )
    raise ValidationError(
        f"a {type(value).__name__} cannot be saved",
        how_to_fix="turn it into text, a number, a list or a dict first",
    )


def _name(name: Any) -> str:
    if not isinstance(name, str):
        raise ValidationError(
            f"the field name {name!r} is no text", how_to_fix="make the names of fields text"
        )
    return name


def is_frame(value: Any) -> bool:
    """Say whether `value` is a data frame, by its looks."""
    return hasattr(value, "columns") and callable(getattr(value, "itertuples", None))


def is_table(value: Any) -> bool:
    """Say whether `value` is a frame or a list of records."""
    return is_frame(value) or (isinstance(value, list) and all(isinstance(record, dict) for record in value))


def frame_columns(frame: Any, *, index: bool) -> list[str]:
    """Return the names of a frame's columns, in front of them `index` or its own name when it is wanted."""
    names = [str(name) for name in frame.columns]
    return [str(frame.index.name or "index"), *names] if index else names


def batches_of(table: Any, *, index: bool = False) -> Iterator[Batch]:
    """Yield the records of a frame or of a list of records."""
    rows: Iterable[Any]
    if is_frame(table):
        names = frame_columns(table, index=index)
        rows = (dict(zip(names, row, strict=True)) for row in table.itertuples(index=index, name=None))
    else:
        rows = table
    batch: Batch = []
    for row in rows:
        batch.append(cast("dict[str, JsonValue]", plain(row)))
        if len(batch) == BATCH_SIZE:
            yield batch
            batch = []
    if batch:
        yield batch
