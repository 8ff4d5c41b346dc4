"""Hold the records of a service to what a job selects: no field more, and no name that is in none of them.

A service may send more than was selected, the key for one, and some leave a name that they do not know without a
word. A misspelt name must never become an empty column. Holds the names not seen yet, nothing else.

Source: [MS-ODATA] section 2.2.3.6.1.11 ($select: a service may return properties beyond those selected).
"""

from collections.abc import Iterable, Iterator

from txojobs.errors import StepError
from txojobs.records import Batch, Columns, Record
from txojobs.suggest import nearest


def held_to(
    select: Iterable[str], batches: Iterator[Batch], *, columns: Columns | None, optional: Iterable[str]
) -> Iterator[Batch]:
    """Yield the batches without what is no column; `columns` is None where the service decides what comes.

    Raises:
        StepError: after the last one, when a selected field was in no record and is not `optional`.
    """
    allowed = None if columns is None else {column.name for column in columns}
    unseen = {first for name in select if (first := name.split("/")[0]).isidentifier()} - set(optional)
    known: dict[str, None] = {}
    came = False
    for batch in batches:
        came = True
        for record in batch if unseen else ():
            unseen -= record.keys()
            known.update(dict.fromkeys(record))
            if not unseen:
                break
        yield batch if allowed is None else [_without(record, allowed) for record in batch]
    if unseen and came:
        _refuse(min(unseen), known)


def _without(record: Record, allowed: set[str]) -> Record:
    if record.keys() <= allowed:
        return record
    return {name: value for name, value in record.items() if name in allowed}


def _refuse(name: str, known: Iterable[str]) -> None:
    names = list(known)
    raise StepError(
        f"no record has a field {name!r}, which select names; the service said nothing about it",
        how_to_fix=nearest(name, names) or f"correct select; fields that came: {', '.join(names[:12])}",
        example=f"optional: [{name}]    # below fetch, when all records may lack it",
    )
