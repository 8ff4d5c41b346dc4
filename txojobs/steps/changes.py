"""What `add`, `rename` and `drop` of a transform do, in this order, to a record and to its columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from txojobs.errors import Problem, StepError
from txojobs.steps.kinds import JmesPath, field_path
from txojobs.steps.projection import Value, expressions, outgoing_column, projection
from txojobs.suggest import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from txojobs.records import Columns, Record
    from txojobs.steps.base import JobView


class RenamedField(JmesPath):
    """A field that `rename` reads. The wrong way round is its commonest mistake, so that errors know the new name."""

    __slots__ = ("new_name",)

    def __init__(self, old: str, new: str) -> None:
        super().__init__(field_path(old).text)
        self.new_name = new

    def advice(self, known: Collection[str] | None = None) -> str | None:
        """Return how rename is written, where it may have been written the wrong way round."""
        if known is not None and self.new_name not in known:
            return None
        return f"rename takes `new name: old name`, and here {self.new_name!r} would be the new one"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Changes:
    """The three options of one step; false when none of them is there."""

    add: dict[str, JmesPath | Value]
    rename: dict[str, str]
    """New name: old name."""
    drop: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.add or self.rename or self.drop)

    def check(self, job: JobView) -> Iterable[Problem]:
        """A name that an earlier option has taken away would be ignored in silence."""
        new_names: dict[str, str] = {}
        for new, old in self.rename.items():
            if old in new_names:
                message = f"{old!r} is renamed twice, to {new_names[old]!r} and {new!r}"
                yield Problem(message, job.at("rename"), "write the second one with add")
            new_names[old] = new
        gone = self._renamed_away()
        for name in self.drop:
            if name in gone:
                yield Problem(f"drop names {name!r}, which {gone[name]}", job.at("drop"), "drop the new name")

    def check_types(
        self, types: Collection[str], *, columns: Collection[str], job: JobView
    ) -> Iterable[Problem]:
        """A type for a field that is not there any more would be ignored in silence."""
        gone = self.gone()
        for name in types:
            if columns and name not in columns:
                fix = nearest(name, columns)
                yield Problem(
                    f"types names {name!r}, which is no column",
                    job.at("types"),
                    fix or f"the columns are: {', '.join(columns)}",
                )
            elif not columns and name in gone:
                yield Problem(f"types names {name!r}, which {gone[name]}", job.at("types"), "remove it there")

    def gone(self) -> dict[str, str]:
        """Return the names that are no longer there afterwards, each with what became of it, for a message."""
        return self._renamed_away() | dict.fromkeys(self.drop, "drop leaves out")

    def _renamed_away(self) -> dict[str, str]:
        return {
            old: f"is called {new!r} by then" for new, old in self.rename.items() if old not in self.rename
        }

    def columns(self, incoming: Columns) -> Columns:
        """Return the columns afterwards."""
        known = {column.name: column for column in incoming}
        known |= {name: outgoing_column(name, value, known) for name, value in self.add.items()}
        new_names = self._new_names()
        renamed = [each._replace(name=new_names.get(each.name, each.name)) for each in known.values()]
        return tuple(each for each in renamed if each.name not in self.drop)

    def _new_names(self) -> dict[str, str]:
        return {old: new for new, old in self.rename.items()}

    def named(self) -> list[JmesPath]:
        """Return every expression on the incoming record; a field that is renamed or dropped is one."""
        renamed = [RenamedField(old, new) for new, old in self.rename.items() if old not in self.add]
        dropped = [name for name in self.drop if self.is_incoming(name)]
        return [*expressions(self.add.values()), *renamed, *map(field_path, dropped)]

    def is_incoming(self, name: str) -> bool:
        """Tell whether a name that is there after `rename` must have come in under it."""
        return name not in self.add and name not in self.rename

    def changer(self) -> Callable[[Record], Record]:
        """Return what they do to a record; the outcome is a record of its own.

        The function raises a StepError when `rename` would overwrite a field.
        """
        add = projection(self.add)
        new_names = self._new_names()

        def change(record: Record) -> Record:
            changed = {**record, **add(record)}
            if new_names:
                renamed = {new_names.get(name, name): value for name, value in changed.items()}
                if len(renamed) < len(changed):
                    raise _two_of_a_name(changed, new_names)
                changed = renamed
            for name in self.drop:
                changed.pop(name, None)
            return changed

        return change


def _two_of_a_name(record: Record, new_names: dict[str, str]) -> StepError:
    name = next(new for old, new in new_names.items() if old in record and new in record)
    return StepError(
        f"rename would overwrite the field {name!r}, which the record has already",
        how_to_fix=f"choose another name, or rename {name!r} too",
    )
