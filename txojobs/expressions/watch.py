"""Notices fields that expressions name and that are in no record: an empty column is a misspelt name.

A field counts as present when one record has it, be it null. A field below another one is excused while that
one is always null or an empty list; it is missing when there was an object, or something that is no object,
without it. Of an empty input nothing is said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from txojobs.expressions.paths import ELEMENTS, FIELDS, Path, path_text
from txojobs.expressions.slips import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from txojobs.expressions.expression import Expression
    from txojobs.records import Batch, JsonValue

_MAX_NAMES = 2000


class _Wanted:
    """One path that no record has had so far, and how far into it records went."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.absent_at = -1  # the deepest step at which the name was not there
        self.excused_at = -1  # the deepest step before which a null or an empty list stood
        self.present: dict[str, None] = {}  # names that stood where the missing one was looked for
        self.was_list = False

    def found_in(self, value: Any, step: int = 0) -> bool:
        if step == len(self.path):
            return True
        if value is None:
            self.excused_at = max(self.excused_at, step)
            return False
        name = self.path[step]
        if name == ELEMENTS and isinstance(value, list):
            return self._found_in_any(_leaves(value), step)
        if isinstance(value, dict) and name != ELEMENTS:
            if name == FIELDS:
                return self._found_in_any(list(value.values()), step)
            if name in value:
                return self.found_in(value[name], step + 1)
        self._absent(value, step)
        return False

    def _found_in_any(self, values: list[Any], step: int) -> bool:
        if not values:
            self.excused_at = max(self.excused_at, step)
        return any(self.found_in(each, step + 1) for each in values)

    def _absent(self, value: Any, step: int) -> None:
        if step > self.absent_at:
            self.absent_at, self.present = step, {}
        if step == self.absent_at:
            self.was_list = isinstance(value, list)
            if isinstance(value, dict) and len(self.present) < _MAX_NAMES:
                self.present.update(dict.fromkeys(value))

    @property
    def is_missing(self) -> bool:
        return self.absent_at >= 0 and self.absent_at >= self.excused_at


def _leaves(values: list[Any]) -> list[Any]:
    if not any(isinstance(each, list) for each in values):
        return values
    return [leaf for each in values for leaf in (_leaves(each) if isinstance(each, list) else [each])]


class FieldWatch:
    """Watches the records that one or several expressions are evaluated on.

    Holds no record; once every name was seen, `saw` does nothing. Paths in `optional` (as `Address.City`) and
    all below them are not watched.
    """

    def __init__(self, *expressions: Expression, optional: Iterable[str] = ()) -> None:
        allowed = set(optional)
        paths: set[Path] = set()
        for expression in expressions:
            paths |= expression.paths
        self._texts = frozenset().union(*(expression.texts for expression in expressions))
        unmade = (each for expression in expressions for each in expression.unmade)
        self._unmade = [each for each in unmade if path_text((each[0],)) not in allowed]
        self._wanted = [_Wanted(path) for path in sorted(paths) if not _is_allowed(path, allowed)]
        self._saw_any = False

    def saw(self, batch: Batch) -> None:
        """Take note of records on each of which the expressions are evaluated."""
        for record in batch if self._wanted or not self._saw_any else ():
            self.saw_value(record)
            if not self._wanted:
                break

    def saw_value(self, value: JsonValue) -> None:
        """Take note of one value on which the expressions are evaluated, such as all records of a query."""
        self._saw_any = True
        self._wanted = [wanted for wanted in self._wanted if not wanted.found_in(value)]

    def missing(self) -> list[tuple[str, str | None]]:
        """Return (path, what was probably meant) of each field that was in no record.

        The second reads after "did you mean": a path, or `the text 'Open'`. Several expressions that name the
        same missing field give one entry.
        """
        if not self._saw_any:
            return []
        found = {}
        for wanted in self._wanted:
            if wanted.is_missing:
                path = wanted.path[: wanted.absent_at + 1]
                found[path_text(path)] = self._meant(path, wanted)
        for name, names in self._unmade:
            found.setdefault(path_text((name,)), nearest(name, names))
        return list(found.items())

    def beside(self) -> list[str]:
        """Return the names that stood where the first missing one was looked for; none when that lay deeper."""
        first = next((wanted for wanted in self._wanted if wanted.is_missing), None)
        return list(first.present) if first is not None and not first.absent_at else []

    def _meant(self, path: Path, wanted: _Wanted) -> str | None:
        name, before = path[-1], path[:-1]
        if wanted.was_list and name != ELEMENTS:
            return path_text((*before, ELEMENTS, *wanted.path[len(before) :]))
        if name == ELEMENTS:
            # `Address[].City`, and Address is no list
            return (
                path_text(wanted.path[: len(before)] + wanted.path[len(path) :]) if wanted.present else None
            )
        close = nearest(name, wanted.present)
        if name in self._texts and len(path) == 1 and not (close and close.casefold() == name.casefold()):
            return "the text '" + name.replace("'", "\\'") + "'"
        return path_text((*before, close)) if close else None


def _is_allowed(path: Path, allowed: set[str]) -> bool:
    return any(path_text(path[:length]) in allowed for length in range(1, len(path) + 1))
