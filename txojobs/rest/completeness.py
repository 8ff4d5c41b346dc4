"""Prove that what was read is the whole set and no record came twice.

Three witnesses: the service's own `$count`, at the beginning or at the end; the key that the job declares; and a
second reading of the keys. Positional paging (`$skip`) shifts when records change between two pages; then a record
comes twice and another one never, which a count alone does not see.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Literal, cast

from txojobs.errors import ApiOperationError, IncompleteReadError
from txojobs.exact_json import encode
from txojobs.redact import shortened

if TYPE_CHECKING:
    from txojobs.records import JsonValue, Record

Strength = Literal["verified", "counted", "unproven"]
Complete = Literal["auto", "count", "verify", "none"]
OnDuplicate = Literal["fail", "keep-first", "keep-last"]

_SHORT = 40
_DIGEST_SIZE = 16
_MOST_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """What differs between kinds of collections in what people are told.

    `count` is what tells the number of records, `uncounted` what to do where it is missing, `verify` what
    `complete: verify` does; `{key}` in it becomes the key.
    """

    count: str
    uncounted: str
    verify: str


ODATA = Wording(
    count="$count",
    uncounted="write complete: auto, which says in the report that nothing was counted; with a `key`, "
    "complete: verify proves more",
    verify="reads in the order of the key ({key})",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What is known about the completeness of one read.

    `rows` are the different records; `count` is what the service said, with the first page or, where that did
    not match, at the end; `count_note` says why nothing was compared, `counted_by` what tells the count. `strength`
    is "verified" when the keys were read by their order or a second time, "counted" when the count agrees, else
    "unproven". `links` says how the service pages: one page, positional, opaque, or by key, which is our own way; of
    REST the kind of paging. `ended_by` says why there was no further page, None where a limit was reached.
    """

    rows: int
    pages: int
    requests: int
    count: int | None
    count_note: str | None
    counted_by: str
    key: tuple[str, ...]
    duplicates: int
    links: str
    ended_by: str | None
    second_reading: bool
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
            "counted-by": self.counted_by,
            "key": list(self.key),
            "key-checked": bool(self.key),
            "duplicates": self.duplicates,
            "links": self.links,
            "ended-by": self.ended_by,
            "second-reading": self.second_reading,
        }


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
        if len(self.examples) < _MOST_SHOWN:
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
                if len(self.examples) < _MOST_SHOWN:
                    self.examples.append(self._watch.shown(record))

    @property
    def gone(self) -> int:
        """How many records came before that do not come any more."""
        return len(self._waiting)


def no_count(entity: str, note: str | None, wording: Wording) -> ApiOperationError:
    """Return the error for a service that does not count, where the job wants it to."""
    return ApiOperationError(
        f"{entity}: {note or 'the service does not tell its count'}, and the job says complete: count",
        how_to_fix=wording.uncounted,
    )


def incomplete(
    entity: str,
    *,
    different: int,
    count: int | None,
    keys: KeyWatch | None,
    second: SecondReading | None,
    by_text: bool = False,
    wording: Wording = ODATA,
) -> IncompleteReadError | None:
    """Return the error that says what is missing or came twice, None when nothing is wrong.

    `different` records came, `count` is what the service says there are, None where it says nothing; `by_text` says
    that they were asked for in the order of a key that is text.
    """
    told = []
    if keys is not None and keys.refuses:
        told.append(_several(keys.doubled, "came twice", keys.examples))
    if second is not None and second.missing:
        told.append(_several(second.missing, "did not come", second.examples))
    if second is not None and second.gone:
        told.append(_several(second.gone, "is gone by now" if second.gone == 1 else "are gone by now", []))
    if count is not None and count != different:
        missing = count - different
        told.append(
            f"the service counts {count:,} records and {different:,} came: "
            + (f"{missing:,} missing" if missing > 0 else f"{-missing:,} too many")
        )
    if not told:
        return None
    return IncompleteReadError(
        f"{entity} was not read whole and once: {'; '.join(told)}",
        how_to_fix=_BY_TEXT if by_text else _CAPPED if count == _CAP < different else _fix(keys, wording),
    )


def _several(number: int, what: str, examples: list[str]) -> str:
    more = ", ..." if len(examples) < number else ""
    shown = f" ({'; '.join(examples)}{more})" if examples else ""
    return f"{number:,} record{'' if number == 1 else 's'} {what}{shown}"


_CAP = 5000
_CAPPED = (
    'Dataverse counts up to 5,000 only: write "profile": "dataverse" for this service in the configuration (or '
    '"reading": {"counts-up-to": 5000} for another that does the same), and complete: verify to prove the read'
)

_BY_TEXT = (
    "run again while nobody changes records; if it fails each time, the service sorts text by other rules than it "
    "compares it, so that the order of a key that is text proves nothing: write complete: count, which follows the "
    "service's own links"
)


def _fix(keys: KeyWatch | None, wording: Wording) -> str:
    if keys is None:
        return (
            "run again while nobody changes records; declare `key`, so that doubled records are found; if it fails "
            "each time, the service's count is wrong (some count before permissions are applied): ask whoever runs "
            "it, and write complete: none if it is known to be wrong"
        )
    verify = wording.verify.format(key=", ".join(keys.key))
    return (
        f"records changed while they were read, or the key is not unique: write complete: verify, which {verify}, "
        "correct `key`, or run again while nobody changes records"
    )
