"""Check what is read of each record: selected fields and expanded records, with the options inside of an expansion.

Source: OData 4.01 Part 2 sections 5.1.3 ($expand) and 5.1.4 ($select).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from txojobs.metadata.faults import Fault
from txojobs.metadata.filter_check import check_filter, check_order
from txojobs.metadata.reach import Reach, Segment, described, hint, walk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from txojobs.metadata.model import Service, StructuredType

_QUOTED = re.compile(r"'(?:[^']|'')*'|\$\{\{.*?\}\}")


class Piece(NamedTuple):
    """A part of a text, and where it begins."""

    text: str
    offset: int


def check_field(text: str, service: Service, kind: StructuredType, *, of: str) -> list[Fault]:
    """Return what is wrong with a selected field, or one of a key: a name or a path of names."""
    if "${{" in text or "*" in text or "(" in text:
        return []
    found = walk(service, kind, _path(Piece(text, 0)), of=of)
    return [found] if isinstance(found, Fault) else []


def reached_by(name: str, service: Service, kind: StructuredType, *, of: str) -> Reach | Fault:
    """Return what an expanded name leads to, or what is wrong with it."""
    if "${{" in name or "*" in name:
        return Reach(None)
    found = walk(service, kind, _path(Piece(name, 0)), of=of)
    if isinstance(found, Fault):
        if "/" in name:
            return found
        near = hint(name, kind.navigation, what=f"{of} leads to")
        return found._replace(message=f"{name!r} is no way from {of} to other records", fix=near)
    is_field = found.type is not None and not found.is_navigation
    if is_field and found.type not in (
        "Edm.Stream",
        "Edm.Int64",
    ):  # a stream may be expanded (4.01), /$count is Int64
        what = described(service, found.type)
        message = f"{name!r} is {what}, and leads to no other records"
        return Fault(0, len(name), message, "remove it here: it comes with the record, or name it in select")
    return found


def check_expand(
    text: str, service: Service, kind: StructuredType, *, of: str, category_of: Callable[[str], str]
) -> list[Fault]:
    """Return what is wrong with one expansion: `Lines`, `Lines($select=No;$expand=Item)`."""
    name, bracket, rest = text.partition("(")
    found = reached_by(name.strip(), service, kind, of=of)
    if isinstance(found, Fault):
        return [found.shifted(len(name) - len(name.lstrip()))]
    inner = service.types.get(found.type or "")
    if inner is None or not bracket or not rest.rstrip().endswith(")"):
        return []
    body = Piece(rest.rstrip()[:-1], len(name) + 1)
    faults: list[Fault] = []
    for option in split(body, ";"):
        word, equals, value = option.text.partition("=")
        if equals:
            place = Piece(value, option.offset + len(word) + 1)
            faults += _option(word.strip(), place, service, inner, of=name.strip(), category_of=category_of)
    return faults


def _option(
    word: str,
    value: Piece,
    service: Service,
    kind: StructuredType,
    *,
    of: str,
    category_of: Callable[[str], str],
) -> Iterator[Fault]:
    if word == "$filter":
        faults = check_filter(value.text, service, kind, of=of, category_of=category_of, inside=True)
        yield from (fault.shifted(value.offset) for fault in faults)
    for item in split(value, ",") if word in ("$select", "$orderby", "$expand") else ():
        text = item.text.strip()
        offset = item.offset + len(item.text) - len(item.text.lstrip())
        if word == "$select":
            faults = check_field(text, service, kind, of=of)
        elif word == "$orderby":
            faults = check_order(text, service, kind, of=of, category_of=category_of, inside=True)
        else:
            faults = check_expand(text, service, kind, of=of, category_of=category_of)
        yield from (fault.shifted(offset) for fault in faults)


def split(piece: Piece, separator: str) -> list[Piece]:
    """Return the parts of a text between separators that stand in no quotes and no parentheses."""
    plain = _QUOTED.sub(lambda found: "_" * len(found[0]), piece.text)
    found, depth, start = [], 0, 0
    for place, letter in enumerate(plain):
        depth += (letter == "(") - (letter == ")")
        if letter == separator and depth == 0:
            found.append(Piece(piece.text[start:place], piece.offset + start))
            start = place + 1
    found.append(Piece(piece.text[start:], piece.offset + start))
    return [each for each in found if each.text.strip()]


def _path(piece: Piece) -> list[Segment]:
    found, offset = [], piece.offset
    for name in piece.text.split("/"):
        found.append(Segment(name, offset))
        offset += len(name) + 1
    return found
