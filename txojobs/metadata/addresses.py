"""What records an address of a service gives: `Customers`, `Company('A')/Customers`, `Customers('1')/Orders`.

Source: OData 4.01 Part 2 sections 4.1 to 4.15; OData V2 URI Conventions sections 3.1 to 3.5.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from txojobs.metadata.expanding import Piece
from txojobs.metadata.faults import Fault
from txojobs.metadata.keys import key_fault, parameter_fault
from txojobs.metadata.model import element_type
from txojobs.metadata.reach import STALE, Segment, find, hint, narrowing_fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from txojobs.metadata.model import Operation, Service, StructuredType

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
    calls: tuple[Operation, ...] = ()
    """The functions of this name, when they are what is called."""


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
    here: Place | None = None
    for segment in segments:
        found = (
            _root(segment, service, snapshot)
            if here is None
            else _next(here.kind, segment, here.name, service)
        )
        if isinstance(found, Fault):
            return found
        is_related, here = here is not None, found
        fault = _in_parentheses(segment, found, service, is_related=is_related, category_of=category_of)
        if fault is not None or found.kind is None:
            return fault or found
    return here or Place(None, address)


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
            called = service.imports[known].operation
            alone = tuple(each for each in service.operations if each.name == called and not each.bound_to)
            return _given(service.imports[known].returns, known, service)._replace(calls=alone)
    known_names = [*service.entity_sets, *service.singletons]
    near = hint(name, known_names, what="the service has")
    return Fault(piece.offset, len(name), f"{name!r} is no entity set of the service ({snapshot})", near)


def _next(kind: StructuredType | None, piece: _Piece, before: str, service: Service) -> Place | Fault:
    name = piece.name
    if kind is None or name.startswith("$") or "${{" in name:
        return Place(None, name)
    if "." in name:
        full = service.full_name(name)
        calls = tuple(each for each in service.operations if each.name == full)
        returned = {each.returns for each in calls}
        if returned:
            given = _given(returned.pop() if len(returned) == 1 else None, name, service)
            return given._replace(calls=tuple(each for each in calls if each.bound_to))
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


def _in_parentheses(
    piece: _Piece, found: Place, service: Service, *, is_related: bool, category_of: Callable[[str], str]
) -> Fault | None:
    """Return what is wrong with a key, or with what a function is given."""
    if piece.key is None:
        return None
    if found.calls:
        return parameter_fault(piece.key, found.calls, service, of=piece.name, category_of=category_of)
    if not found.takes_key or found.kind is None:
        return None
    return key_fault(
        piece.key, service, found.kind, of=found.name, is_related=is_related, category_of=category_of
    )


def _given(returned: str | None, name: str, service: Service) -> Place:
    return Place(service.types.get(element_type(returned)) if returned else None, name)
