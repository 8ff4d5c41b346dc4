"""Names looked up in a service: what a field, a way to other records or a path of them leads to.

What cannot be known is never called wrong: an open type, a type that another document describes, a field that only a
narrower type has (a service may send records of it), and segments that mean something else (`$count`, `Ns.Type`).

Source: OData 4.01 Part 2 sections 4.3 to 4.11 (addressing) and 5.1.1.15 (paths).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from txojobs.metadata.faults import Fault
from txojobs.metadata.model import element_type
from txojobs.suggest import nearest_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from txojobs.metadata.model import Service, StructuredType

_MOST_NAMES = 12
STALE = "if the service has it by now, renew the snapshot: txojobs metadata ORG ENV --save"


class Reach(NamedTuple):
    """What a name leads to. `type` is None where that is not known; `name` is what led there, for messages."""

    type: str | None
    is_many: bool = False
    is_navigation: bool = False
    name: str = ""


class Segment(NamedTuple):
    """One name of a path, and where it begins in the text."""

    name: str
    offset: int


UNKNOWN = Reach(None)


def find(service: Service, kind: StructuredType, name: str) -> Reach | None:
    """Return what a name of a type leads to, UNKNOWN where it may exist, or None where it certainly does not."""
    field = kind.fields.get(name)
    if field is not None:
        return Reach(
            service.underlying(element_type(field.type)),
            is_many=field.is_collection,
            name=name,
        )
    way = kind.navigation.get(name)
    if way is not None:
        return Reach(way.type or None, is_many=way.is_many, is_navigation=True, name=name)
    if kind.is_open:
        return UNKNOWN
    for below in service.subtypes.get(kind.name, ()):
        narrower = service.types[below]
        if narrower.is_open or name in narrower.fields or name in narrower.navigation:
            return UNKNOWN
    return None


def walk(
    service: Service, kind: StructuredType, path: Sequence[Segment], *, of: str, through_lists: bool = True
) -> Reach | Fault:
    """Return what a path leads to from records of a type, or what is wrong in it; `of` is what they are called.

    Without `through_lists` a path may end at a list, and not go on behind one: so it is in filters.
    """
    here: StructuredType | None = kind
    reach = Reach(kind.name, name=of)
    for segment in path:
        if here is None and reach.type is None:
            return UNKNOWN
        if segment.name.startswith("$"):
            return Reach("Edm.Int64") if segment.name == "$count" and reach.is_many else UNKNOWN
        if "." in segment.name:
            narrowed = _narrowed(service, here, segment, of=reach.name)
            if isinstance(narrowed, Fault) or narrowed is None:
                return narrowed or UNKNOWN
            here, reach = narrowed, reach._replace(type=narrowed.name)
            continue
        if reach.is_many and not through_lists:
            return _behind_a_list(path, segment, reach, service.dialect)
        if here is None:
            return _in_a_plain_one(service, segment, reach)
        found = find(service, here, segment.name)
        if found is None:
            return absent(segment, here, of=reach.name)
        reach = found
        here = None if found.type is None else service.types.get(found.type)
        if (
            here is None
            and found.type is not None
            and "." in found.type
            and not _is_plain(service, found.type)
        ):
            return UNKNOWN  # described elsewhere
    return reach


def _narrowed(
    service: Service, kind: StructuredType | None, segment: Segment, *, of: str
) -> StructuredType | Fault | None:
    """Return the type that records are looked at as, None where nothing is known of it."""
    return narrowing_fault(service, kind, segment, of=of) or service.types.get(
        service.full_name(segment.name)
    )


def narrowing_fault(
    service: Service, kind: StructuredType | None, segment: Segment, *, of: str
) -> Fault | None:
    """Return what is wrong with a name of a type in a path: none of the service, or of records that are not these.

    A name in a namespace that the snapshot does not describe may be one.
    """
    full = service.full_name(segment.name)
    if full not in service.types:
        own = {name.rpartition(".")[0] for name in (*service.types, *service.enums)}
        if full.rpartition(".")[0] not in own:
            return None
        known = [*service.types, *(each.name for each in service.operations)]
        message = f"{segment.name!r} is no type and no function of the service"
        near = nearest_name(full, known)
        fix = f"did you mean {near}?" if near else STALE
        return Fault(segment.offset, len(segment.name), message, fix)
    if kind is None or kind.name == full or full in service.subtypes.get(kind.name, ()):
        return None
    if kind.name in service.subtypes.get(full, ()):
        return None
    narrower = ", ".join(service.subtypes.get(kind.name, ())) or "no type is narrower"
    message = f"{of} is {kind.name}, and its records are never {full}"
    return Fault(segment.offset, len(segment.name), message, f"of {kind.name}: {narrower}")


def _in_a_plain_one(service: Service, segment: Segment, reach: Reach) -> Fault:
    return Fault(
        segment.offset,
        len(segment.name),
        f"{reach.name!r} is {described(service, reach.type)}, and has no {segment.name!r} in it",
        "name the field alone",
    )


def _behind_a_list(path: Sequence[Segment], segment: Segment, reach: Reach, dialect: str) -> Fault:
    place = path.index(segment)
    before = "/".join(each.name for each in path[:place])
    behind = "/".join(each.name for each in path[place:])
    any_of = f"write {before}/any(x: x/{behind} ...)"
    return Fault(
        path[0].offset,
        path[-1].offset + len(path[-1].name) - path[0].offset,
        f"{reach.name!r} holds many, and a comparison wants one",
        "OData V2 filters on no list: put a filter step behind" if dialect == "v2" else any_of,
    )


def absent(segment: Segment, kind: StructuredType, *, of: str) -> Fault:
    """Return the fault of a name that a type does not have."""
    known = [*kind.fields, *kind.navigation]
    return Fault(
        segment.offset, len(segment.name), f"{segment.name!r} is no field of {of}", hint(segment.name, known)
    )


def hint(name: str, known: Iterable[str], *, what: str = "it has") -> str:
    """Return the nearest known name, or those that there are."""
    known = list(known)
    near = nearest_name(name, known)
    if near is not None:
        return f"did you mean {near!r}?"
    listed = ", ".join(known[:_MOST_NAMES]) + (", ..." if len(known) > _MOST_NAMES else "")
    return f"{what} {listed}; {STALE}" if known else STALE


def described(service: Service, type_name: str | None) -> str:
    """Return what a value of a type is, for a message: `a number (Edm.Decimal)`."""
    from txojobs.metadata.values import CATEGORIES, NOUNS  # noqa: PLC0415  # for a message only

    name = type_name or ""
    if name in service.enums:
        return f"an enumeration ({name})"
    if name in service.types:
        return f"a structure ({name})"
    noun = NOUNS.get(CATEGORIES.get(name, ""), "a value")
    return f"{noun} ({name})" if name else noun


def _is_plain(service: Service, type_name: str) -> bool:
    return type_name.startswith("Edm.") or type_name in service.enums
