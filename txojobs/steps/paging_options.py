"""How a REST collection goes on: the options of `paging`, and which of them belong to which kind."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Annotated, Literal

from txojobs.steps.kinds import JmesPath
from txojobs.steps.spec import Doc, yaml_name

PagingKind = Literal["link-header", "next-url", "cursor", "offset", "page", "none"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Paging:
    """How the next page is asked for, and what ends the sequence. Expressions are evaluated on the answer."""

    kind: Annotated[
        PagingKind,
        Doc(
            "link-header: the header Link names it. next-url: the answer holds its address. cursor: the answer holds "
            "a value that is sent along. offset: the number of records that came is sent. page: the next number is "
            "sent. none: all comes in one answer."
        ),
    ]
    next: Annotated[
        JmesPath | None,
        Doc("next-url: the address, absolute or relative; null or empty at the end.", example="links.next"),
    ] = None
    next_header: Annotated[
        str | None, Doc("next-url: the header that holds the address.", example="X-Next-Page-Url")
    ] = None
    cursor: Annotated[
        JmesPath | None,
        Doc(
            "cursor: the value, null or empty at the end. `data[-1].id` is that of the last record.",
            example="meta.next",
        ),
    ] = None
    cursor_header: Annotated[
        str | None, Doc("cursor: the header that holds the value.", example="X-Next-Page")
    ] = None
    as_: Annotated[
        str | None,
        Doc(
            "cursor, offset, page: the parameter that sends it; with `in: body` the member, as in variables.after.",
            example="starting_after",
        ),
    ] = None
    in_: Annotated[
        Literal["query", "body"], Doc("Where `as` and `size-as` are sent; body only with method: POST.")
    ] = "query"
    alone: Annotated[
        bool, Doc("cursor: send it without the parameters of `query`, where the service wants that.")
    ] = False
    size_as: Annotated[
        str | None, Doc("The parameter or member that sends page-size.", example="per_page")
    ] = None
    start: Annotated[
        int | None,
        Doc("offset, page: the number of the first; 0 for offset and 1 for page when left out.", example="0"),
    ] = None
    has_more: Annotated[
        JmesPath | None,
        Doc("Says true while there is more, and decides. `!isLast` turns one around.", example="has_more"),
    ] = None
    total_pages: Annotated[JmesPath | None, Doc("page: the number of pages.", example="meta.total_pages")] = (
        None
    )
    total_pages_header: Annotated[
        str | None, Doc("page: the header with the number of pages.", example="X-WP-TotalPages")
    ] = None
    ends: Annotated[
        Literal["empty-page"] | None,
        Doc(
            "offset, page: read until a page is empty, where the service tells no number. A short page ends nothing."
        ),
    ] = None
    came: Annotated[
        JmesPath | None,
        Doc(
            "How much of what the service counts is in the answer, where that is not its records.",
            example="length(groups)",
        ),
    ] = None


DECIDERS = ("has-more", "total-pages", "total-pages-header", "ends")
"""What can end a sequence, besides a total."""
_SENT = ("as", "in", "size-as")
TAKES: dict[str, tuple[str, ...]] = {
    "link-header": ("size-as", "in", "came"),
    "next-url": ("next", "next-header", "has-more", "size-as", "in", "came"),
    "cursor": ("cursor", "cursor-header", "has-more", "alone", "came", *_SENT),
    "offset": ("start", "has-more", "ends", "came", *_SENT),
    "page": ("start", "has-more", "ends", "came", "total-pages", "total-pages-header", *_SENT),
    "none": ("came",),
}
"""The options of each kind."""
NEEDS: dict[str, tuple[tuple[str, ...], ...]] = {
    "next-url": (("next", "next-header"),),
    "cursor": (("cursor", "cursor-header"), ("as",)),
    "offset": (("as",),),
    "page": (("as",),),
}
"""Of each group of options, one must be given."""


def as_group(paging: "str | Paging") -> Paging:
    """Return the options of a kind that was written alone, or the options as they are."""
    return paging if isinstance(paging, Paging) else Paging(kind=paging)  # type: ignore[arg-type]  # the binder's word


def given(paging: Paging) -> Iterator[str]:
    """Yield the name of each option that differs from its default, but `kind`."""
    for each in fields(paging):
        if each.name != "kind" and getattr(paging, each.name) != each.default:
            yield yaml_name(each.name)


def paging_faults(paging: Paging, *, has_total: bool) -> Iterator[tuple[str, str]]:
    """Yield (fault, fix) of each thing that is wrong with the options of `paging` among themselves."""
    kind, written = paging.kind, list(given(paging))
    for name in written:
        if name not in TAKES[kind]:
            takers = [each for each, options in TAKES.items() if name in options]
            yield f"paging: {kind} takes no {name}", f"delete it; it belongs to {', '.join(takers)}"
    for group in NEEDS.get(kind, ()):
        if not set(group).intersection(written):
            yield f"paging: {kind} needs {' or '.join(group)}", f"add {group[0]} to paging"
        elif set(group) <= set(written) and len(group) > 1:
            yield f"paging takes {' or '.join(group)}, not both", "delete one of them"
    if paging.alone and paging.in_ == "body":
        yield "paging: alone is about parameters, and the cursor is sent in the body", "delete alone"
    if paging.start is not None and paging.start < 0:
        yield (
            f"paging: start must be at least 0, not {paging.start}",
            "write the number of the first record or page",
        )
    deciding = [name for name in DECIDERS if name in written]
    if len(deciding) > 1:
        yield f"paging: {' and '.join(deciding)} both say what ends the sequence", "delete one of them"
    if kind in ("offset", "page") and not deciding and not has_total:
        yield (
            f"paging: {kind} does not say what ends the sequence",
            "add total or total-header to fetch, or has-more"
            + (", total-pages" if kind == "page" else "")
            + " or `ends: empty-page` to paging",
        )
