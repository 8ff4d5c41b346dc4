"""What records an address of a service gives: `Customers`, `Company('A')/Customers`, `Customers('1')/Orders`.

Source: OData 4.01 Part 2 sections 4.1 to 4.15; OData V2 URI Conventions sections 3.1 to 3.5.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from txojobs.metadata.expanding import Piece
from txojobs.metadata.faults import Fault
from txojobs.metadata.keys import key_fault
from txojobs.metadata.model import element_type
from txojobs.metadata.reach import STALE, Segment, find, hint, narrowing_fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from txojobs.metadata.model import Service, StructuredType

_QUERY = re.compile(r"\?.*", re.DOTALL)
_HOLE = r"\$\{\{(?:(?!\}\}).)*\}\}"
_SEGMENT = re.compile(
    rf"(?P<name>(?:{_HOLE}|[^/(?'$]|\$(?!\{{\{{))*)(?P<key>\((?:{_HOLE}|'[^']*'|[^'$]|\$(?!\{{\{{))*?\))?(?=/|$)",
    re.DOTALL,
)


class Place(NamedTuple):
    """Where an address leads. `kind` is None when what the records have is not known; `name` is for messages.

    `takes_key` tells that parentheses behind the name hold the key of one of many records.
    """

    kind: StructuredType | None
    name: str
    takes_key: bool = False


def place_of(
    address: str, service: Service, *, snapshot: str, category_of: Callable[[str], str] = lambda _: ""
) -> Place | Fault:
    """Return where an address below the root of a service leads, or what is wrong in it.

    `${{ }}` may stand in it; behind one that is a whole name, nothing is known. `snapshot` is what messages call
    the file. `category_of` gives the category of the value of a `${{ path }}`, '' when it is not known.
    """
    if "://" in address:
        return Place(None, address)
    segments = _segments(address)
    if not segments:
        return Place(None, address)
    found: Place | Fault = Place(None, address)
    for number, segment in enumerate(segments):
        if number == 0:
            found = _root(segment, service, snapshot)
        elif not isinstance(found, Fault) and found.kind is not None:
            found = _next(found.kind, segment, found.name, service)
        if isinstance(found, Fault) or found.kind is None:
            return found
        if segment.key is not None and found.takes_key:
            fault = key_fault(
                segment.key,
                service,
                found.kind,
                of=found.name,
                is_related=number > 0,
                category_of=category_of,
            )
            if fault is not None:
                return fault
    return found


class _Piece(NamedTuple):
    name: str
    offset: int
    key: Piece | None
    """What stands in parentheses behind the name."""


def _segments(address: str) -> list[_Piece]:
    """Return the names between the slashes, and their keys; none where the text cannot be taken apart."""
    found = []
    offset = len(address) - len(address.lstrip("/"))
    address = _QUERY.sub("", address)
    while offset < len(address):
        piece = _SEGMENT.match(address, offset)
        if piece is None or not piece["name"]:
            return []
        key = Piece(piece["key"][1:-1], piece.start("key") + 1) if piece["key"] is not None else None
        found.append(_Piece(unquote(piece["name"]), offset, key))
        offset = piece.end() + 1
    return found


def _root(piece: _Piece, service: Service, snapshot: str) -> Place | Fault:
    name = piece.name
    if name.startswith("$") or "${{" in name:
        return Place(None, name)
    own = name.rpartition(".")[2]  # V2 names the container in front where there are several
    for known in (name, own):
        entity = service.entity_sets.get(known) or service.singletons.get(known)
        if entity is not None:
            return Place(service.types.get(entity.type), known, takes_key=known in service.entity_sets)
        if known in service.imports:
            return _given(service.imports[known].returns, known, service)
    known_names = [*service.entity_sets, *service.singletons]
    near = hint(name, known_names, what="the service has")
    return Fault(piece.offset, len(name), f"{name!r} is no entity set of the service ({snapshot})", near)


def _next(kind: StructuredType, piece: _Piece, before: str, service: Service) -> Place | Fault:
    name = piece.name
    if name.startswith("$") or "${{" in name:
        return Place(None, name)
    if "." in name:
        full = service.full_name(name)
        returned = {each.returns for each in service.operations if each.name == full}
        if returned:
            return _given(returned.pop() if len(returned) == 1 else None, name, service)
        fault = narrowing_fault(service, kind, Segment(name, piece.offset), of=before)
        return fault or Place(service.types.get(full), before, takes_key=True)
    found = find(service, kind, name)
    if found is not None:
        is_record = found.type in service.types
        kind_found = service.types[found.type] if is_record and found.type else None
        return Place(kind_found, name, takes_key=found.is_navigation and found.is_many)
    returned = {each.returns for each in service.operations if each.name.rpartition(".")[2] == name}
    if returned:  # a function without its namespace (4.01)
        return _given(returned.pop() if len(returned) == 1 else None, name, service)
    entity = service.entity_sets.get(name)
    if (
        entity is not None
    ):  # companies(...)/customers of Business Central, which $metadata does not always tell
        return Place(service.types.get(entity.type), name, takes_key=True)
    near = hint(name, [*kind.navigation, *service.entity_sets], what=f"{before} leads to")
    message = f"{name!r} is no way from {before} to other records"
    return Fault(piece.offset, len(name), message, near if kind.navigation else STALE)


def _given(returned: str | None, name: str, service: Service) -> Place:
    return Place(service.types.get(element_type(returned)) if returned else None, name)
