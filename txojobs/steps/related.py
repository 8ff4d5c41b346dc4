"""Related records that a fetch brings along: `expand` as it is written, and path by path."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from txojobs.steps.kinds import ODataText
from txojobs.steps.spec import Doc, Same


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Expand:
    """What is wanted of related records."""

    select: Annotated[tuple[str, ...], Doc("The fields to read of them.", example="[LineNo, Quantity]")] = ()
    filter: Annotated[
        ODataText | tuple[ODataText, ...] | None,
        Doc("Which of them, in OData's words.", example="Quantity gt 0"),
    ] = None
    order_by: Annotated[tuple[str, ...], Doc("Their order.", example="[LineNo]")] = ()
    limit: Annotated[int | None, Doc("At most this many of each record.", example="3")] = None
    expand: Annotated[
        tuple[str, ...] | dict[str, Same],
        Doc("What to bring along with each of them, in the same way.", example="{Item: {select: [ItemNo]}}"),
    ] = ()


Expanded = tuple[str, ...] | Mapping[str, Expand]
"""`expand` as it is written: a list of paths, or paths with options of their own."""


def _paths(given: Any, above: str = "") -> Iterator[tuple[str, Expand]]:
    entries = given.items() if isinstance(given, Mapping) else ((path, Expand()) for path in given)
    for name, each in entries:
        path = above + name
        yield path, each
        yield from _paths(each.expand, f"{path}/")


def by_path(given: Expanded) -> dict[str, Expand]:
    """Return what is wanted at the end of each path; what stands inside of `Orders` is at `Orders/...`."""
    return dict(_paths(given))


def twice(given: Expanded) -> list[str]:
    """Return the paths that are named more than once."""
    paths = [path for path, _ in _paths(given)]
    return [path for path in dict.fromkeys(paths) if paths.count(path) > 1]


def conditions(given: ODataText | tuple[ODataText, ...] | None, *, odata: str) -> str | None:
    """Return one filter; of several conditions, one with a value that is null falls away."""
    if given is None or isinstance(given, ODataText):
        return None if given is None else given.in_dialect(odata)
    texts = [each.in_dialect(odata) for each in given if not each.falls_away]
    if len(texts) > 1:
        texts = [f"({text})" for text in texts]
    return " and ".join(texts) or None


def expansions(given: Expanded, *, odata: str) -> dict[str, Any]:
    """Return what `expand` asks for, path by path."""
    from txojobs.rest.expansion import Expansion  # noqa: PLC0415  # only when something is asked

    return {
        path: Expansion(
            select=each.select,
            filter=conditions(each.filter, odata=odata),
            order_by=each.order_by,
            limit=each.limit,
        )
        for path, each in by_path(given).items()
    }
