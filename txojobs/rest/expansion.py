"""Related records to bring along: paths with options of their own, written as each version of OData wants it.

V4 nests the options in parentheses behind each name; V2 and V3 name paths in `$expand` and select their fields in
the one `$select` of the query.

Source: OData 4.01 Part 2 section 5.1.3 ($expand); OData V2 URI Conventions sections 4.6 and 4.8.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from txojobs.errors import ValidationError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Expansion:
    """What is wanted of the records at the end of one path. `filter` is an OData text, not yet encoded."""

    select: tuple[str, ...] = ()
    filter: str | None = None
    order_by: tuple[str, ...] = ()
    limit: int | None = None

    @property
    def narrows(self) -> bool:
        """Whether it asks for less than all of the records."""
        return bool(self.filter or self.order_by or self.limit)


@dataclass(slots=True)
class _Branch:
    own: Expansion = field(default_factory=Expansion)
    below: dict[str, _Branch] = field(default_factory=dict)


def expand_v4(paths: Mapping[str, Expansion], *, structures: Collection[str] = ()) -> str | None:
    """Return the value of `$expand`, None when there is nothing to bring along.

    `structures` are the paths that lead to a structure inside of a record, not to another record.
    """
    root = _Branch()
    for path, expansion in paths.items():
        branch = root
        for name in _names(path, structures):
            branch = branch.below.setdefault(name, _Branch())
        branch.own = expansion
    return _written(root) or None


def _written(branch: _Branch) -> str:
    return ",".join(name + _options(below) for name, below in branch.below.items())


def _options(branch: _Branch) -> str:
    own = branch.own
    options = {
        "$select": ",".join(own.select),
        "$filter": own.filter,
        "$orderby": ",".join(own.order_by),
        "$top": own.limit,
        "$expand": _written(branch),
    }
    text = ";".join(f"{name}={value}" for name, value in options.items() if value)
    return f"({text})" if text else ""


def expand_v2(paths: Mapping[str, Expansion]) -> tuple[str | None, tuple[str, ...]]:
    """Return the value of `$expand`, and the fields below each path for the one `$select` of the query.

    Raises:
        ValidationError: an expansion has a filter, an order or a limit, which only V4 knows.
    """
    for path, expansion in paths.items():
        if expansion.narrows:
            raise ValidationError(
                f"expand: {path} has a filter, order-by or limit, which OData V2 and V3 do not know",
                how_to_fix="leave it out, and filter with a step after unnest",
            )
    fields = tuple(f"{path}/{name}" for path, each in paths.items() for name in each.select or ("*",))
    return ",".join(paths) or None, fields


def _names(path: str, structures: Collection[str]) -> list[str]:
    """Return the names of a path that lead to related records, each with what belongs to it.

    A type that only some records are of stands before the name it leads to, and so does a structure; `$ref` and
    `$count` stand behind theirs. Options in parentheses are passed on as they stand.
    """
    head, bracket, options = path.partition("(")
    names: list[str] = []
    way = ""
    for part in head.split("/"):
        if names and ("." in names[-1].rpartition("/")[2] or part.startswith("$") or way in structures):
            names[-1] += f"/{part}"
        else:
            names.append(part)
        way = f"{way}/{part}" if way else part
    names[-1] += bracket + options
    return names
