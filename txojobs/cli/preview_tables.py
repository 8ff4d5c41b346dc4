"""What a table holds, as tables for a terminal and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from txojobs.cli.render import clean, plural
from txojobs.cli.tables import table
from txojobs.cli.wrapping import width_of
from txojobs.records import number_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from txojobs.cli.console import Console
    from txojobs.files.profile import ColumnProfile, TableProfile
    from txojobs.records import JsonValue

_WIDEST, _WIDEST_OF_SPAN = 28, 20
"""Letters of a cell, and of the smallest and largest value; a longer one is cut here, and only here."""


class Previewed(NamedTuple):
    """A table that was looked at; `others` are the further sheets of its workbook."""

    name: str
    table: TableProfile
    others: list[str]


def show_profile(console: Console, previewed: Previewed, *, note: str = "") -> None:
    """Show the first rows, as many columns as the screen has room for, and then each column."""
    name, found, others = previewed
    size = f"{plural(found.rows, 'row')}, {plural(len(found.columns), 'column')}"
    console.text(f"{console.styled(clean(name), 'bold')}   {size}" + (f"   {note}" if note else ""))
    names = list(found.columns)
    if found.first:
        console.line()
        rows = [[_cell(record.get(each)) for each in names] for record in found.first]
        fitting = _fitting(names, rows, console.width if console.is_terminal else None)
        right = tuple(index for index in range(fitting) if _is_numeric(found.columns[names[index]]))
        table(console, names[:fitting], [row[:fitting] for row in rows], right=right, keep_empty=True)
        if fitting < len(names):
            console.text(f"and {plural(len(names) - fitting, 'further column')}, see below")
        if found.rows > len(found.first):
            console.text(f"and {plural(found.rows - len(found.first), 'further row')}")
    if names:
        console.line()
        columns = [_about(found.columns[each]) for each in names]
        heads = ("column", "type", "values", "empty", "smallest", "largest")
        table(console, heads, columns, right=(2, 3))
    if others:
        console.line()
        console.text(f"further sheets, each shown with --sheet NAME: {clean(', '.join(others))}")


def as_json(previewed: Previewed) -> dict[str, Any]:
    """Return the same as JSON values; `nulls` are fields that are null or absent, `blanks` empty texts."""
    name, found, others = previewed
    return {
        "file": name,
        "rows": found.rows,
        "columns": [
            {
                "name": each.name,
                "types": each.types,
                "looks": each.looks,
                "nulls": each.nulls,
                "blanks": each.blanks,
                "smallest": each.span[0],
                "largest": each.span[1],
            }
            for each in found.columns.values()
        ],
        "first": found.first,
        "further-sheets": others,
    }


def _about(column: ColumnProfile) -> Sequence[str]:
    smallest, largest = column.span
    kinds = " and ".join(column.types)
    if column.looks is not None and len(column.types) == 1:
        kinds += f", looks like {column.looks}"
    return (
        column.name,
        kinds,
        f"{column.values:,}",
        f"{column.nulls + column.blanks:,}",
        _cell(smallest, _WIDEST_OF_SPAN),
        _cell(largest, _WIDEST_OF_SPAN),
    )


def _is_numeric(column: ColumnProfile) -> bool:
    return bool(column.types) and set(column.types) <= {"integer", "decimal"}


def _cell(value: JsonValue, widest: int = _WIDEST) -> str:
    if value is None:
        return ""
    if isinstance(value, dict | list):
        from txojobs.exact_json import encode  # noqa: PLC0415  # few tables have such

        text = encode(value).decode()
    else:
        text = number_text(value)
    return text if len(text) <= widest else text[: widest - 3] + "..."


def _fitting(names: Sequence[str], rows: Sequence[Sequence[str]], width: int | None) -> int:
    """Return how many columns fit beside each other; one at least."""
    if width is None:
        return len(names)
    used = 0
    for index, name in enumerate(names):
        used += max(width_of(clean(text)) for text in (name, *(row[index] for row in rows))) + 2
        if index and used - 2 > width:
            return index
    return len(names)
