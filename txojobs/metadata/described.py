"""What a snapshot tells of the records that a step asks for: their key, their types, their columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
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

    @property
    def types(self) -> dict[str, str]:
        """The Edm type of each field."""
        return {name: self.service.underlying(field.type) for name, field in self.kind.fields.items()}
