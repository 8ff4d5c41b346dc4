"""What a snapshot tells of the records that a step asks for: their key, their types, their columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from txojobs.metadata.columns import columns_of
from txojobs.metadata.faults import Fault
from txojobs.metadata.reach import Segment, walk

if TYPE_CHECKING:
    from collections.abc import Iterable

    from txojobs.metadata.model import Service, StructuredType
    from txojobs.records import Columns


class Described(NamedTuple):
    """Records of one type. `columns` is None where they may have more fields than are listed."""

    service: Service
    kind: StructuredType
    columns: Columns | None

    @property
    def key(self) -> tuple[str, ...]:
        """The fields that no two records share; none where a part of the key is inside of a structure."""
        key = self.kind.key
        return key if all(name in self.kind.fields for name in key) else ()

    def related(self, name: str, select: tuple[str, ...]) -> Columns | None:
        """Return the columns of related records of which these fields are read, all when none is named."""
        way = self.kind.navigation.get(name)
        kind = self.service.types.get(way.type) if way is not None else None
        known = columns_of(self.service, kind) if kind is not None and kind.is_entity else None
        if known is None or kind is None or not select:
            return known
        return tuple(each for each in known if each.name in (*select, *kind.key))

    def structures(self, paths: Iterable[str]) -> frozenset[str]:
        """Return the beginnings of paths that lead to a structure, which is a part of the record."""
        found = set()
        for path in paths:
            names = path.partition("(")[0].split("/")
            for number in range(1, len(names)):
                segments = [Segment(name, 0) for name in names[:number]]
                reach = walk(self.service, self.kind, segments, of="")
                kind = None if isinstance(reach, Fault) else self.service.types.get(reach.type or "")
                if kind is not None and not kind.is_entity:
                    found.add("/".join(names[:number]))
        return frozenset(found)

    @property
    def types(self) -> dict[str, str]:
        """The Edm type of each field."""
        return {name: self.service.underlying(field.type) for name, field in self.kind.fields.items()}
