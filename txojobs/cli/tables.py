"""Tables on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from txojobs.cli.render import clean
from txojobs.cli.wrapping import width_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from txojobs.cli.console import Console


def table(
    console: Console,
    title: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    right: tuple[int, ...] = (),
    keep_empty: bool = False,
) -> None:
    """Write rows in columns that are as wide as they must be; one without any text is left out unless kept."""
    title = [clean(each) for each in title]
    cells = [[clean(cell).replace("\n", " ") for cell in row] for row in rows]
    used = [number for number in range(len(title)) if keep_empty or any(row[number] for row in cells)]
    widths = {number: max(width_of(row[number]) for row in [list(title), *cells]) for number in used}
    for place, row in enumerate([list(title), *cells]):
        parts = []
        for each in used:
            room = " " * (widths[each] - width_of(row[each]))
            parts.append(room + row[each] if each in right else row[each] + room)
        line = "  ".join(parts).rstrip()
        console.text(line if place else console.styled(line, "dim"))
