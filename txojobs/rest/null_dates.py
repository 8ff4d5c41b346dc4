"""Make null of the texts that a service sends for an empty date, or for a record that there is none.

Source: Business Central sends its empty date as `0001-01-01` (the default of DateTime in .NET), never as null, and
the id of a related record that is not set as a GUID of zeros (the default of Guid).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from txojobs.records import JsonValue, Record


def emptied(records: Iterable[Record], texts: frozenset[str]) -> int:
    """Replace each value that is one of the texts, in place and at every depth; return how many there were."""
    return sum(_in_record(record, texts) for record in records)


def _in_record(record: Record, texts: frozenset[str]) -> int:
    number = 0
    for name, value in record.items():
        if type(value) is str:
            if value in texts:
                record[name] = None  # a value, not a key: the record may be walked meanwhile
                number += 1
        elif isinstance(value, dict | list):
            number += _inside(value, texts)
    return number


def _inside(value: JsonValue, texts: frozenset[str]) -> int:
    if isinstance(value, dict):
        return _in_record(value, texts)
    return sum(_inside(item, texts) for item in value) if isinstance(value, list) else 0
