"""What records an address of a service gives: `Customers`, `Company('A')/Customers`, `Customers('1')/Orders`.

Source: OData 4.01 Part 2 sections 4.1 to 4.15; OData V2 URI Conventions sections 3.1 to 3.5.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from txojobs.metadata.faults import Fault
from txojobs.metadata.model import element_type
from txojobs.metadata.reach import STALE, find, hint

if TYPE_CHECKING:
    from txojobs.metadata.model import Service, StructuredType

_QUERY = re.compile(r"\?.*", re.DOTALL)
_HOLE = r"\$\{\{(?:(?!\}\}).)*\}\}"
_SEGMENT = re.compile(
    rf"(?P<name>(?:{_HOLE}|[^/(?'$]|\$(?!\{{\{{))*)(?P<key>\((?:{_HOLE}|'[^']*'|[^'$]|\$(?!\{{\{{))*?\))?(?=/|$)",
    re.DOTALL,
)


class Place(NamedTuple):
    """Where an address leads. `kind` is None when what the records have is not known; `name` is for messages."""

    kind: StructuredType | None
    name: str


def place_of(address: str, service: Service, *, snapshot: str) -> Place | Fault:
    """Return where an address below the root of a service leads, or what is wrong in it.

    `${{ }}` may stand in it; behind one that is a whole name, nothing is known. `snapshot` is what messages call
    the file.
    """
    if "://" in address:
        return Place(None, address)
    segments = _segments(address)
    if not segments:
        return Place(None, address)
    found = _root(segments[0], service, snapshot)
    for segment in segments[1:]:
        if isinstance(found, Fault) or found.kind is None:
            return found
        found = _next(found.kind, segment, found.name, service)
    return found


class _Piece(NamedTuple):
    name: str
    offset: int
    has_key: bool


def _segments(address: str) -> list[_Piece]:
    """Return the names between the slashes, without keys; none where the text cannot be taken apart."""
    found = []
    offset = len(address) - len(address.lstrip("/"))
    address = _QUERY.sub("", address)
    while offset < len(address):
        piece = _SEGMENT.match(address, offset)
        if piece is None or not piece["name"]:
            return []
        found.append(_Piece(unquote(piece["name"]), offset, piece["key"] is not None))
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
            return Place(service.types.get(entity.type), known)
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
        if full in service.types:
            return Place(service.types[full], before)
        returned = {each.returns for each in service.operations if each.name == full}
        return _given(returned.pop() if len(returned) == 1 else None, name, service)
    found = find(service, kind, name)
    if found is not None:
        is_record = found.type in service.types
        return Place(service.types[found.type] if is_record and found.type else None, name)
    returned = {each.returns for each in service.operations if each.name.rpartition(".")[2] == name}
    if returned:  # a function without its namespace (4.01)
        return _given(returned.pop() if len(returned) == 1 else None, name, service)
    entity = service.entity_sets.get(name)
    if (
        entity is not None
    ):  # companies(...)/customers of Business Central, which $metadata does not always tell
        return Place(service.types.get(entity.type), name)
    near = hint(name, [*kind.navigation, *service.entity_sets], what=f"{before} leads to")
    message = f"{name!r} is no way from {before} to other records"
    return Fault(piece.offset, len(name), message, near if kind.navigation else STALE)


def _given(returned: str | None, name: str, service: Service) -> Place:
    return Place(service.types.get(element_type(returned)) if returned else None, name)
