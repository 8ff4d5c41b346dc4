"""Records as the entities that the OData library works on, built when a request first asks for their set.

A record stays as it is; the library's property objects, ten of them per record, are made only for the
records and properties that a request looks at. That is what makes a set of 28,000 ready in a blink.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

from odatapy.data import ComplexValue, Entity, Property, ValueType
from odatapy.server.inmemory import InMemoryDataStore

from txojobs.demo.model import ADDRESS, ENTITY_SETS, LINES, READERS

if TYPE_CHECKING:
    from odatapy.data import Link

    from txojobs.demo.model import EntitySet
    from txojobs.records import JsonValue, Record

_SETS = {entity_set.name: entity_set for entity_set in ENTITY_SETS}


class RecordEntity(Entity):
    """One record, seen as the library's entity."""

    def __init__(self, entity_set: EntitySet, record: Record, expanded: list[RecordEntity]) -> None:
        # the base class's own constructor would make six lists for each record
        self.record = record
        self.entity_set = entity_set
        self.type = entity_set.full_type_name
        self.annotations = self.association_links = self.operations = _NONE
        self._properties: list[Property] | None = None
        self._links: list[Link] | None = None
        self._expanded = expanded

    @property
    def properties(self) -> list[Property]:
        """All properties, in the record's order; made at the first look."""
        if self._properties is None:
            self._properties = [self._property(name) for name in self.record]
        return self._properties

    @properties.setter
    def properties(self, properties: list[Property]) -> None:
        self._properties = properties

    @property
    def is_plain(self) -> bool:
        """True while it has the properties of its record and no computed ones."""
        return self._properties is None or len(self._properties) == len(self.record)

    @property
    def navigation_links(self) -> list[Link]:
        """The links that an expansion hangs onto the entity, for the length of one request."""
        if self._links is None:
            self._links = []
            self._expanded.append(self)
        return self._links

    @navigation_links.setter
    def navigation_links(self, links: list[Link]) -> None:
        self._links = links

    @property
    def id(self) -> str:
        """The entity's address, relative to the service (OData JSON Format 4.01, section 4.5.8)."""
        values = {name: _literal(self.record[name]) for name in self.entity_set.key}
        text = ",".join(f"{name}={value}" for name, value in values.items())
        return f"{self.entity_set.name}({text if len(values) > 1 else values[self.entity_set.key[0]]})"

    @id.setter  # noqa: A003  # the base class names it
    def id(self, _value: str | None) -> None:
        raise AttributeError("an entity's address follows from its key")

    def forget_expansion(self) -> None:
        """Drop the links."""
        self._links = None

    def get_property(self, name: str) -> Property | None:
        """Return one property; the others are not made for it."""
        if self._properties is not None:
            return super().get_property(name)
        return self._property(name) if name in self.record else None

    def _property(self, name: str) -> Property:
        column = self.entity_set.columns[name]
        value = self.record[name]
        if isinstance(value, dict):
            return Property(name, _complex(column.type, value), ValueType.COMPLEX, column.type)
        if isinstance(value, str) and column.type in READERS:
            return Property(name, READERS[column.type](value), type=column.type)
        return Property(name, value, type=column.type)


_NONE: list[Any] = []
"""Shared by all entities; nothing that only reads adds to it."""


def _literal(value: JsonValue) -> str:
    if isinstance(value, str):
        return "'" + quote(value.replace("'", "''"), safe="'") + "'"
    return str(value)


def _complex(type_name: str, members: dict[str, JsonValue]) -> ComplexValue:
    return ComplexValue(
        type_name, [Property(name, value, type=ADDRESS[name].type) for name, value in members.items()]
    )


class TradeStore(InMemoryDataStore):
    """The library's store, filled set by set as requests ask for them. Read only."""

    def __init__(self) -> None:
        super().__init__()
        self._expanded: list[RecordEntity] = []

    def entities(self, entity_set: str) -> list[Entity]:
        """Return the entities of a set, sorted by key."""
        with self.lock:
            if entity_set not in self.data:
                known = _SETS[entity_set]
                self.data[entity_set] = [
                    RecordEntity(known, record, self._expanded) for record in known.records()
                ]
            return list(self.data[entity_set])

    def forget_expansions(self) -> None:
        """Drop what the last request expanded.

        The library leaves it on the entities, and its filters look there first: after an expansion with
        a filter of its own, `SalesOrderLines/any()` would miss the lines that were filtered out.
        """
        with self.lock:
            while self._expanded:
                self._expanded.pop().forget_expansion()

    def relation(self, entity_set: str, key: str, nav: str) -> list[Entity]:
        """Return the lines of an order; `key` is the order's, as the library spells it."""
        with self.lock:
            if not self.relations:
                for line in self.entities(LINES):
                    owner = repr(cast("RecordEntity", line).record["OrderNo"])
                    self.relations.setdefault(("SalesOrders", owner, LINES), []).append(line)
            return list(self.relations.get((entity_set, key, nav), ()))
