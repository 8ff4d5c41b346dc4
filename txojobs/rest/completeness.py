"""Prove that what was read is the whole set and no record came twice.

Three witnesses: the service's own `$count`, at the beginning or at the end; the key that the job declares; and a
second reading of the keys. Positional paging (`$skip`) shifts when records change between two pages; then a record
comes twice and another one never, which a count alone does not see.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from txojobs.errors import ApiOperationError, IncompleteReadError

if TYPE_CHECKING:
    from txojobs.records import JsonValue
    from txojobs.rest.key_watch import KeyWatch, SecondReading

Strength = Literal["verified", "counted", "unproven"]
Complete = Literal["auto", "count", "verify", "none"]


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
    complete: str = "auto",
    wording: Wording = ODATA,
) -> IncompleteReadError | None:
    """Return the error that says what is missing or came twice, None when nothing is wrong.

    `different` records came, `count` is what the service says there are, None where it says nothing;
    `complete` is what the job says.
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
        how_to_fix=_CAPPED if count == _CAP < different else _fix(keys, complete, wording),
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


def _fix(keys: KeyWatch | None, complete: str, wording: Wording) -> str:
    if keys is None:
        return (
            "run again while nobody changes records; declare `key`, so that doubled records are found; if it fails "
            "each time, the service's count is wrong (some count before permissions are applied): ask whoever runs "
            "it, and write complete: none if it is known to be wrong"
        )
    if complete == "verify":
        return (
            "run again while nobody changes records; if it fails each time, `key` is not unique: correct it"
        )
    verify = wording.verify.format(key=", ".join(keys.key))
    return (
        "either the key is not unique: name further fields in `key`; or records changed while they were read: write "
        f"complete: verify, which {verify}, or run again while nobody changes records"
    )
