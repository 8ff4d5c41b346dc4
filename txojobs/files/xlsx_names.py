"""The names that Excel allows for a sheet, and such a name for any text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from txojobs.errors import ValidationError

if TYPE_CHECKING:
    from collections.abc import Iterable

_FORBIDDEN = re.compile(r"[\[\]:*?/\\]")
_UNSTORABLE = re.compile("[\0-\x1f\ud800-\udfff\ufffe\uffff]")
_MAX_NAME = 31
ABOUT = "About"
"""The sheet that tells where the others come from."""


def check_sheet_name(name: str, *, taken: Iterable[str]) -> None:
    """Make sure that Excel opens a workbook with a sheet of this name.

    Raises:
        ValidationError: with the rule that the name breaks.
    """
    problem = _problem(name, taken)
    if problem:
        raise ValidationError(
            f"a sheet cannot be named {name!r}: {problem}",
            how_to_fix="choose a name of 1 to 31 characters without [ ] : * ? / \\",
            example="Open orders",
        )


def sheet_name_for(text: str, *, taken: Iterable[str]) -> str:
    """Return a name that Excel allows, as near to `text` as can be, and none of `taken`."""
    name = _UNSTORABLE.sub("-", _FORBIDDEN.sub("-", text)).strip("'").strip() or "(empty)"
    if name.casefold() == "history":
        name = f"{name}_"
    others = {each.casefold() for each in taken}
    found, number = _shortened(name, _MAX_NAME), 1
    while found.casefold() in others:
        number += 1
        mark = f" ({number})"
        found = _shortened(name, _MAX_NAME - len(mark)) + mark
    return found


def _shortened(name: str, units: int) -> str:
    """Return as much of a name as fits; Excel counts UTF-16 units."""
    while len(name.encode("utf-16-le")) // 2 > units:
        name = name[:-1]
    return name.rstrip("' ")


def _problem(name: str, taken: Iterable[str]) -> str | None:
    folded = name.casefold()
    same = next((other for other in taken if other.casefold() == folded), None)
    odd = _FORBIDDEN.search(name)
    units = len(name.encode("utf-16-le", "surrogatepass")) // 2
    rules = (
        (not name.strip(), "it is empty"),
        (units > _MAX_NAME, f"it is longer than {_MAX_NAME} characters"),
        (odd is not None, f"{odd and odd[0]} is not allowed in it"),
        (_UNSTORABLE.search(name) is not None, "it holds a character that Excel cannot store"),
        (name[:1] == "'" or name[-1:] == "'", "it begins or ends with an apostrophe"),
        (folded == "history", "Excel keeps this name for itself"),
        (same is not None, f"the workbook already has a sheet {same!r}"),
    )
    return next((reason for broken, reason in rules if broken), None)
