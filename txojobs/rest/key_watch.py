"""The keys of the records of one read: whether one comes twice, and whether a second reading finds the same.

A key is kept as it is when it is short, else as a digest of 16 bytes: one entry for each record.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Literal, cast

from txojobs.errors import ApiOperationError
from txojobs.exact_json import encode
from txojobs.redact import shortened

if TYPE_CHECKING:
    from txojobs.records import JsonValue, Record

OnDuplicate = Literal["fail", "keep-first", "keep-last"]

_SHORT = 40
_DIGEST_SIZE = 16
MOST_SHOWN = 5


class KeyWatch:
    """Remembers the key of every record.

    Holds about 100 bytes for each record: short texts and numbers as they are, everything else as a digest
    of 128 bits.
    """

    def __init__(self, key: tuple[str, ...], *, entity: str, on_duplicate: OnDuplicate = "fail") -> None:
        self.key = key
        self._entity = entity
        self._on_duplicate = on_duplicate
        self._seen: set[object] = set()
        self._last: dict[object, int] = {}
        self._position = 0
        self.doubled = 0
        """How many records came that had come before."""
        self.examples: list[str] = []
        """The keys of the first of them, for people."""
        self.superseded: set[int] = set()
        """Positions, from 0, of records that a later one replaces; only when the last is to be kept."""

    @property
    def refuses(self) -> bool:
        """Whether records came twice that must not."""
        return self._on_duplicate == "fail" and self.doubled > 0

    def check(self, records: list[Record]) -> list[Record]:
        """Note the keys of one page, and return the records to go on with.

        Raises:
            ApiOperationError: a record lacks a part of its key.
        """
        if self._on_duplicate == "keep-last":
            self._note_positions(records)
            return records
        if self._all_new(records):
            return records
        kept = []
        for record in records:
            mark = self.mark(record)
            if mark in self._seen:
                self._note(record)
                if self._on_duplicate == "keep-first":
                    continue
            self._seen.add(mark)
            kept.append(record)
        return kept

    def _note_positions(self, records: list[Record]) -> None:
        for record in records:
            mark = self.mark(record)
            if mark in self._last:
                self._note(record)
                self.superseded.add(self._last[mark])
            self._last[mark] = self._position
            self._position += 1

    def _note(self, record: Record) -> None:
        self.doubled += 1
        if len(self.examples) < MOST_SHOWN:
            self.examples.append(self.shown(record))

    def shown(self, record: Record) -> str:
        """Return the key of a record as a person reads it."""
        return shortened(", ".join(f"{name}={record[name]}" for name in self.key), 120)

    def marks(self) -> set[object]:
        """Return the mark of each record so far, in a set of its own."""
        return set(self._seen) | set(self._last)

    def _all_new(self, records: list[Record]) -> bool:
        """Take in a whole page of plain keys at once; False when any of them needs a closer look."""
        if len(self.key) != 1:
            return False
        values = [record.get(self.key[0]) for record in records]
        if not set(map(type, values)) <= {int, str}:
            return False
        marks = {value for value in values if isinstance(value, int) or len(cast("str", value)) <= _SHORT}
        if len(marks) != len(values) or not marks.isdisjoint(self._seen):
            return False
        self._seen |= marks
        return True

    def mark(self, record: Record) -> object:
        """Return what stands for the key of a record.

        Raises:
            ApiOperationError: it lacks a part of its key.
        """
        values: list[JsonValue] = []
        for name in self.key:
            if name not in record:
                raise ApiOperationError(
                    f"a record of {self._entity} has no field {name!r}, which is declared as its key",
                    how_to_fix=shortened(f"correct `key`; the record's fields are {', '.join(record)}", 400),
                )
            values.append(record[name])
        value = values[0]
        if len(values) == 1 and (type(value) is int or (type(value) is str and len(value) <= _SHORT)):
            return value
        return blake2b(encode(values), digest_size=_DIGEST_SIZE).digest()


class SecondReading:
    """Compares the keys of a second reading with those of the first."""

    def __init__(self, watch: KeyWatch) -> None:
        self._watch = watch
        self._first = watch.marks()
        self._waiting = set(self._first)
        self.missing = 0
        """How many records come now that did not come before."""
        self.examples: list[str] = []

    def check(self, records: list[Record]) -> None:
        """Note the keys of one page."""
        for record in records:
            mark = self._watch.mark(record)
            self._waiting.discard(mark)
            if mark not in self._first:
                self._first.add(mark)
                self.missing += 1
                if len(self.examples) < MOST_SHOWN:
                    self.examples.append(self._watch.shown(record))

    @property
    def gone(self) -> int:
        """How many records came before that do not come any more."""
        return len(self._waiting)
