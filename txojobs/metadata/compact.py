"""A service in a form that is read at once: what a `$metadata` document says, without the XML.

One line with the facts of the file, one with everything but the types, then one line for each type, which is decoded
when somebody asks for it: a job asks for a few of the hundreds that a large service has.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from zlib import crc32

from txojobs._version import __version__
from txojobs.metadata.model import (
    EntitySet,
    EnumType,
    Field,
    Import,
    Navigation,
    Operation,
    Service,
    StructuredType,
    entity_set,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

FORMAT = 2
"""To be counted up when what a Service holds, or how it is read from XML, changes within one version."""
_T = TypeVar("_T")
_N = TypeVar("_N", Field, Navigation, EnumType, Import)


class Lazily(Mapping[str, _T]):
    """A mapping whose values are made when they are asked for; for one thread."""

    def __init__(self, raw: dict[str, Any], make: Callable[[str, Any], _T]) -> None:
        self._raw = raw
        self._make = make
        self._made: dict[str, _T] = {}

    def __getitem__(self, name: str) -> _T:
        if name not in self._made:
            self._made[name] = self._make(name, self._raw[name])
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in self._raw

    def __iter__(self) -> Iterator[str]:
        return iter(self._raw)

    def __len__(self) -> int:
        return len(self._raw)


def _operation(name: str, kind: Any, bound_to: Any, returns: Any, parameters: list[list[str]]) -> Operation:
    given = tuple((parameter, type_name) for parameter, type_name in parameters)
    return Operation(name, kind, bound_to, returns, given)


def pack(service: Service, *, of: str) -> bytes:
    """Return the compact form; `of` says of which document it was made."""
    lines: list[bytes] = []
    places: dict[str, tuple[int, int]] = {}
    end = 0
    for name, kind in service.types.items():
        line = _line(_of_type(kind))
        places[name] = (end, len(line))
        end += len(line)
        lines.append(line)
    index = _line(
        {
            "version": service.version,
            "sets": {name: (each.type, each.label) for name, each in service.entity_sets.items()},
            "singletons": {name: (each.type, each.label) for name, each in service.singletons.items()},
            "types": places,
            "enums": [list(each) for each in service.enums.values()],
            "definitions": service.definitions,
            "operations": [list(each) for each in service.operations],
            "imports": [list(each) for each in service.imports.values()],
            "subtypes": service.subtypes,
            "aliases": service.aliases,
        }
    )
    body = b"".join((index, *lines))
    return _line([FORMAT, __version__, of, len(index), crc32(body)]) + body


def unpack(packed: bytes, *, of: str) -> Service | None:
    """Return the service, None when the form is damaged, of another version or of another document."""
    try:
        head, _, body = packed.partition(b"\n")
        form, version, document, length, checksum = json.loads(head)
        if (form, version, document) != (FORMAT, __version__, of) or checksum != crc32(body):
            return None
        index = json.loads(body[:length])
    except (ValueError, TypeError):  # cut off, or not ours
        return None
    return _service(index, body[length:])


def _line(facts: object) -> bytes:
    return json.dumps(facts, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _of_type(kind: StructuredType) -> list[Any]:
    fields = [_short(each) for each in kind.fields.values()]
    navigation = [_short(each) for each in kind.navigation.values()]
    return [kind.key, fields, navigation, kind.is_open, kind.base, kind.is_entity]


def _short(each: Field | Navigation) -> list[Any]:
    """Return what a field holds, up to the last thing that is not as usual."""
    usual = type(each)._field_defaults
    values: list[Any] = list(each)
    names = each._fields
    while names[len(values) - 1] in usual and values[-1] == usual[names[len(values) - 1]]:
        values.pop()
    return values


def _named(each_of: Iterable[_N]) -> dict[str, _N]:
    return {each.name: each for each in each_of}


def _service(index: dict[str, Any], lines: bytes) -> Service:
    def kind(name: str, place: list[int]) -> StructuredType:
        start, length = place
        key, fields, navigation, is_open, base, is_entity = json.loads(lines[start : start + length])
        return StructuredType(
            name=name,
            key=tuple(key),
            fields=_named(Field(*each) for each in fields),
            navigation=_named(Navigation(*each) for each in navigation),
            is_open=is_open,
            base=base,
            is_entity=is_entity,
        )

    def entity(name: str, facts: list[Any]) -> EntitySet:
        type_name, label = facts
        return entity_set(name, type_name, label, types)

    types = Lazily(index["types"], kind)
    return Service(
        version=index["version"],
        entity_sets=Lazily(index["sets"], entity),
        singletons=Lazily(index["singletons"], entity),
        types=types,
        enums=_named(EnumType(name, tuple(members), flags) for name, members, flags in index["enums"]),
        definitions=index["definitions"],
        operations=tuple(_operation(*each) for each in index["operations"]),
        imports=_named(Import(*each) for each in index["imports"]),
        subtypes={name: tuple(below) for name, below in index["subtypes"].items()},
        aliases=index["aliases"],
    )
