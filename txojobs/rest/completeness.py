"""Prove that what was read is the whole set and no record came twice.

Two witnesses: the service's own `$count`, and the key that the job declares. Positional paging (`$skip`)
shifts when records change between two pages; then a record comes twice and another one never, which a
count alone does not see.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Literal, cast

from txojobs.errors import ApiOperationError
from txojobs.exact_json import encode

if TYPE_CHECKING:
    from txojobs.records import JsonValue, Record

Strength = Literal["verified", "counted", "unproven"]

_SHORT = 40
_DIGEST_SIZE = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What is known about the completeness of one read.

    `count` is what the service said with the first page; `count_note` says why nothing was compared.
    `strength` is "verified" when count and key both agree, "counted" when the count does.
    """

    rows: int
    pages: int
    requests: int
    count: int | None
    count_note: str | None
    key_checked: bool
    duplicates: int
    strength: Strength

    def as_json(self) -> dict[str, JsonValue]:
        """Return the facts for a run report."""
        return {
            "strength": self.strength,
            "rows": self.rows,
            "pages": self.pages,
            "requests": self.requests,
            "count": self.count,
            "count-note": self.count_note,
            "key-checked": self.key_checked,
        }


class KeyWatch:
    """Remembers the key of every record.

    Holds about 100 bytes for each record: short texts and numbers as they are, everything else as a digest
    of 128 bits.
    """

    def __init__(self, key: tuple[str, ...], *, entity: str) -> None:
        self._key = key
        self._entity = entity
        self._seen: set[object] = set()

    def check(self, records: list[Record], *, page: int) -> None:
        """Note the keys of one page.

        Raises:
            ApiOperationError: a record came before, or lacks a part of its key.
        """
        if self._all_new(records):
            return
        for record in records:
            mark = self._mark(record)
            if mark in self._seen:
                shown = ", ".join(f"{name}={record[name]}" for name in self._key)[:120]
                raise ApiOperationError(
                    f"the record {shown} of {self._entity} came twice, the second time on page {page}; "
                    "records changed while they were read, or the key is not unique",
                    how_to_fix=f"order by the key (order-by: [{', '.join(self._key)}]) so that pages cannot "
                    "shift, correct `key`, or run again while nobody changes records",
                )
            self._seen.add(mark)

    def _all_new(self, records: list[Record]) -> bool:
        """Take in a whole page of plain keys at once; False when any of them needs a closer look."""
        if len(self._key) != 1:
            return False
        values = [record.get(self._key[0]) for record in records]
        if not set(map(type, values)) <= {int, str}:
            return False
        marks = {value for value in values if isinstance(value, int) or len(cast("str", value)) <= _SHORT}
        if len(marks) != len(values) or not marks.isdisjoint(self._seen):
            return False
        self._seen |= marks
        return True

    def _mark(self, record: Record) -> object:
        values: list[JsonValue] = []
        for name in self._key:
            if name not in record:
                raise ApiOperationError(
                    f"a record of {self._entity} has no field {name!r}, which is declared as its key",
                    how_to_fix=f"correct `key`; the record's fields are {', '.join(record)}"[:400],
                )
            values.append(record[name])
        value = values[0]
        if len(values) == 1 and (type(value) is int or (type(value) is str and len(value) <= _SHORT)):
            return value
        return blake2b(encode(values), digest_size=_DIGEST_SIZE).digest()


def count_mismatch(entity: str, *, rows: int, count: int) -> ApiOperationError:
    """Return the error for a read that is not as long as the service said."""
    return ApiOperationError(
        f"{entity} has {count:,} records by the service's own count, but {rows:,} came",
        how_to_fix="run again while nobody changes records; if it fails each time, the service's count is wrong "
        "(some count before permissions are applied): ask whoever runs it, and declare `key`",
    )
