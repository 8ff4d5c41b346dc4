"""Hold the records of a service to what a job names: no field more, and no name that is in none of them.

A service may send more than was selected, the key for one, and some leave a name that they do not know without a
word. A misspelt name must never become an empty column. Holds the names not seen yet, nothing else.

Source: [MS-ODATA] section 2.2.3.6.1.11 ($select: a service may return properties beyond those selected); OData JSON
Format 4.01 section 8.3 (what is expanded stands in each record, as null or as an empty list where there is none);
OData V2 JSON Format section 9 (`__deferred` stands for what was not expanded).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from txojobs.errors import StepError
from txojobs.records import Batch, Columns, JsonValue, Record
from txojobs.steps.related import by_path
from txojobs.suggest import nearest

if TYPE_CHECKING:
    from txojobs.steps.related import Expand, Expanded


@dataclass(slots=True)
class _Level:
    """The names that no record of one level has had so far, and what is below those that lead further."""

    unseen: dict[str, str] = field(default_factory=dict)
    """Each with the option that names it."""
    below: dict[str, "_Level"] = field(default_factory=dict)
    known: dict[str, None] = field(default_factory=dict)
    came: bool = False

    def saw(self, records: Iterable[Record]) -> bool:
        """Strike out what the records have; tell whether nothing is left to look for."""
        for record in records:
            self.came = True
            if not self.unseen:
                break
            for name in self.unseen.keys() & record.keys():
                if self.unseen[name] == "select" or not _is_deferred(record[name]):
                    del self.unseen[name]
            self.known.update(dict.fromkeys(record))
        for name, level in [*self.below.items()]:
            if level.saw(_inside(record.get(name) for record in records)):
                del self.below[name]
        return not self.unseen and not self.below

    def missing(self, path: str = "") -> Iterator[tuple[str, str, "_Level"]]:
        """Yield the path of each name that no record had, the option that names it, and its level."""
        if not self.came:
            return
        yield from ((path + name, option, self) for name, option in sorted(self.unseen.items()))
        for name, level in self.below.items():
            yield from level.missing(f"{path}{name}/")


def named_paths(
    select: Iterable[str], expand: Mapping[str, "Expand"]
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the path of each field that must come, and the option that names it.

    A path ends before what is no plain name: a type that only some records are of, `*`, `$ref`. What is expanded in
    words of OData's own (`Lines($select=No)`) is looked at as far as its name.
    """
    for each in select:
        yield _plain(each), "select"
    for each, wanted in expand.items():
        path = _plain(each)
        if each.endswith("/$count"):  # gives a number beside the field
            continue
        yield path, "expand"
        is_whole = "/".join(path) == each
        yield from (((*path, *_plain(name)), "expand") for name in wanted.select if is_whole and _plain(name))


def _plain(text: str) -> tuple[str, ...]:
    found: list[str] = []
    for name in text.partition("(")[0].strip().split("/"):
        if not name.isidentifier():
            break
        found.append(name)
    return tuple(found)


def held_to(
    select: Iterable[str],
    batches: Iterator[Batch],
    *,
    expand: "Expanded" = (),
    columns: Columns | None,
    optional: Iterable[str],
) -> Iterator[Batch]:
    """Yield the batches without what is no column; `columns` is None where the service decides what comes.

    Raises:
        StepError: after the last one, when a field that is named was in no record and is not `optional`.
    """
    allowed = None if columns is None else {column.name for column in columns}
    wanted = _levels(named_paths(select, by_path(expand)), {*optional})
    is_seen = False
    for batch in batches:
        is_seen = is_seen or wanted.saw(batch)
        yield batch if allowed is None else [_without(record, allowed) for record in batch]
    for path, option, level in wanted.missing():
        _refuse(path, option, level.known)


def _levels(paths: Iterable[tuple[tuple[str, ...], str]], optional: set[str]) -> _Level:
    root = _Level()
    for path, option in paths:
        level = root
        for place, name in enumerate(path, start=1):
            known = level.unseen.get(name)
            if "/".join(path[:place]) not in optional and (known is None or option == "expand"):
                level.unseen[name] = option
            if place < len(path):
                level = level.below.setdefault(name, _Level())
    return root


def _is_deferred(value: JsonValue) -> bool:
    return isinstance(value, dict) and value.keys() == {"__deferred"}


def _inside(values: Iterable[JsonValue]) -> list[Record]:
    """Return the records that the values are or hold."""
    found: list[Record] = []
    for value in values:
        if isinstance(value, list):
            found += [item for item in value if isinstance(item, dict)]
        elif isinstance(value, dict) and not _is_deferred(value):
            found.append(value)
    return found


def _without(record: Record, allowed: set[str]) -> Record:
    if record.keys() <= allowed:
        return record
    return {name: value for name, value in record.items() if name in allowed}


def _refuse(path: str, option: str, known: Iterable[str]) -> None:
    names = list(known)
    near = nearest(path.rpartition("/")[2], names)
    raise StepError(
        f"no record has a field {path!r}, which {option} names; the service said nothing about it",
        how_to_fix=near or f"correct {option}; fields that came: {', '.join(names[:12])}",
        example=f"optional: [{path}]    # below fetch, when all records may lack it",
    )
