"""Read Parquet with pyarrow, exactly: whole numbers, Decimal, text, true, false and null, as records hold them.

Dates, times and datetimes become text as ISO 8601 has it; a datetime with a zone stands in UTC, with a Z. A float is
the Decimal that Python prints for it, one that is no number is null; bytes are base64, as OData writes them.
"""

from __future__ import annotations

import base64
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import types

from txojobs.errors import FileOperationError, ValidationError
from txojobs.files.os_errors import explained
from txojobs.files.plain import plain
from txojobs.files.table import BATCH_SIZE
from txojobs.records import Column, RecordStream

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from txojobs.records import Batch, JsonValue

_AS_THEY_ARE = (types.is_integer, types.is_boolean, types.is_decimal, types.is_null)


def read_table(path: Path) -> RecordStream:
    """Return the records of a Parquet file; its schema is read at once, the rest as it is asked for."""
    with _explained(path):
        file = pq.ParquetFile(path, pre_buffer=False)
    schema = file.schema_arrow
    double = next((name for name in schema.names if schema.names.count(name) > 1), None)
    if double is not None:
        file.close()
        raise FileOperationError(
            f"{path.name} has two columns {double!r}", how_to_fix="give each column a name of its own"
        )
    return RecordStream(
        tuple(Column(field.name, _column_type(field.type)) for field in schema), _batches(file, path)
    )


def _batches(file: Any, path: Path) -> Iterator[Batch]:
    with _explained(path), file:
        names = file.schema_arrow.names
        for batch in file.iter_batches(batch_size=BATCH_SIZE):
            columns = [_values(array, name, path) for array, name in zip(batch.columns, names, strict=True)]
            records = [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]
            if records:
                yield records


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn what the system and pyarrow raise into an error about the file."""
    with explained(path, doing="read"):
        try:
            yield
        except (pa.ArrowException, OSError) as err:
            if isinstance(err, OSError) and err.errno:
                raise
            raise FileOperationError(
                f"{path.name} is no whole Parquet file: {err}", how_to_fix="fetch or write it again"
            ) from None


def _column_type(kind: Any) -> str | None:
    if types.is_dictionary(kind):
        return _column_type(kind.value_type)
    known = (
        (types.is_integer, "integer"),
        (types.is_decimal, "decimal"),
        (types.is_floating, "decimal"),
        (types.is_boolean, "boolean"),
        (types.is_date, "date"),
        (types.is_timestamp, "datetime"),
        (types.is_time, "time"),
        (_is_text, "text"),
    )
    return next((name for is_kind, name in known if is_kind(kind)), None)


def _is_text(kind: Any) -> bool:
    return any(is_kind(kind) for is_kind in (types.is_string, types.is_large_string, types.is_string_view))


def _values(array: Any, name: str, path: Path) -> list[JsonValue]:
    """Return the values of one column as records hold them."""
    kind = array.type
    if _is_text(kind) or any(is_kind(kind) for is_kind in _AS_THEY_ARE):
        return list(array.to_pylist())
    if types.is_date(kind) or types.is_timestamp(kind) or types.is_time(kind):
        return list(_moments(array).to_pylist())
    try:
        return [plain(_with_text(value)) for value in array.to_pylist()]
    except (ValidationError, ValueError) as err:
        raise FileOperationError(
            f"{path.name}: the column {name!r} is of the type {kind}, which records cannot hold: {err}",
            how_to_fix="leave the column out, or write it as text",
        ) from None


def _moments(array: Any) -> Any:
    """Return dates, times or datetimes as texts, without the zeros at the end of a fraction."""
    kind = array.type
    if types.is_date(kind):
        return array.cast(pa.date32()).cast(pa.string())
    has_zone = types.is_timestamp(kind) and kind.tz is not None
    if has_zone:
        array = array.cast(pa.timestamp(kind.unit))  # what a clock in UTC shows
    # Parquet has milliseconds or finer, so that there is a fraction always
    texts = pc.replace_substring_regex(array.cast(pa.string()), r"\.?0+$", "")
    texts = pc.replace_substring_regex(texts, " ", "T")
    return pc.binary_join_element_wise(texts, "Z", "") if has_zone else texts


def _with_text(value: Any) -> Any:
    """Return a value with base64 for the bytes in it."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {name: _with_text(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_with_text(member) for member in value]
    return value
