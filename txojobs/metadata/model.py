"""A service as its `$metadata` describes it: entity sets with keys, fields, types and navigation, as frozen records.

Names of types are qualified and as in the document (`Edm.Guid`, `Microsoft.NAV.customer`, `Collection(Edm.String)`);
an alias of a schema is already replaced by its namespace.

Source: OData CSDL XML 4.01; Conceptual Schema Definition File Format [MC-CSDL] for V2 and V3.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

_COLLECTION = "Collection("


class Field(NamedTuple):
    """A property of a record. `scale` is a number, or `variable` or `floating` (4.01)."""

    name: str
    type: str
    nullable: bool = True
    label: str | None = None
    """What people call it: `sap:label`, or the annotation `Common.Label`."""
    max_length: int | None = None
    precision: int | None = None
    scale: int | str | None = None
    display: str | None = None
    """`sap:display-format`: with `Date` an Edm.DateTime holds a day and no time."""
    text: str | None = None
    """`sap:text`: the field that holds the text for this code."""

    @property
    def is_collection(self) -> bool:
        """Whether it holds a list."""
        return self.type.startswith(_COLLECTION)


class Navigation(NamedTuple):
    """A way from a record to another one, or to many; `type` is the entity type that is reached."""

    name: str
    type: str
    is_many: bool = False
    nullable: bool = True


class EnumType(NamedTuple):
    """An enumeration: its members in the order of the document."""

    name: str
    members: tuple[str, ...]
    is_flags: bool = False


@dataclass(frozen=True, slots=True)
class StructuredType:
    """An entity type or a complex type, with everything that it inherits.

    `is_open` tells that records may have fields that are not listed: the type says so, or it builds upon one that
    another document describes.
    """

    name: str
    key: tuple[str, ...] = ()
    fields: Mapping[str, Field] = field(default_factory=dict)
    navigation: Mapping[str, Navigation] = field(default_factory=dict)
    is_open: bool = False
    base: str | None = None
    is_entity: bool = True


@dataclass(frozen=True, slots=True)
class EntitySet:
    """An entity set, or a singleton: the name in the address, and what its records have."""

    name: str
    type: str
    key: tuple[str, ...] = ()
    fields: Mapping[str, Field] = field(default_factory=dict)
    navigation: Mapping[str, Navigation] = field(default_factory=dict)
    is_open: bool = False
    label: str | None = None


def entity_set(
    name: str, type_name: str, label: str | None, types: Mapping[str, StructuredType]
) -> EntitySet:
    """Return an entity set of records of a type."""
    kind = types.get(type_name)
    if kind is None:  # described elsewhere: nothing is known of its records
        return EntitySet(name, type_name, is_open=True, label=label)
    return EntitySet(name, type_name, kind.key, kind.fields, kind.navigation, kind.is_open, label)


class Operation(NamedTuple):
    """A function or an action. `bound_to` is the type of what it is called on, None when it stands alone.

    `parameters` are the names and types of what is given in parentheses.
    """

    name: str
    kind: Literal["function", "action"]
    bound_to: str | None = None
    returns: str | None = None
    parameters: tuple[tuple[str, str], ...] = ()


class Import(NamedTuple):
    """A function or action that stands at the root of the service; `returns` is None where nothing is told.

    `operation` is the name of what it gives a place there (V4).
    """

    name: str
    kind: Literal["function", "action"]
    returns: str | None = None
    operation: str | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """All that a `$metadata` document says. `version` is 1.0 to 3.0, 4.0 or 4.01."""

    version: str
    entity_sets: Mapping[str, EntitySet] = field(default_factory=dict)
    singletons: Mapping[str, EntitySet] = field(default_factory=dict)
    types: Mapping[str, StructuredType] = field(default_factory=dict)
    enums: Mapping[str, EnumType] = field(default_factory=dict)
    definitions: Mapping[str, str] = field(default_factory=dict)
    """Type definitions: another name for a primitive type."""
    operations: tuple[Operation, ...] = ()
    imports: Mapping[str, Import] = field(default_factory=dict)
    subtypes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Each type that others build upon: the names of all of them, however far down."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Each alias of a namespace; addresses and filters may use it, too."""

    @property
    def dialect(self) -> Literal["v2", "v4"]:
        """The OData dialect of its filters and answers; V3 writes as V2 does."""
        return "v4" if self.version.startswith("4") else "v2"

    @property
    def is_of_microsoft(self) -> bool:
        """Whether its types are Microsoft's: then Microsoft's library reads what it is asked.

        Source: OData/odata.net, MetadataUtilsCommon (an Edm.Date counts as an Edm.DateTimeOffset).
        """
        return any(name.lower().startswith("microsoft.") for name in self.types)

    def underlying(self, type_name: str) -> str:
        """Return the primitive type behind a type definition, any other type as it is."""
        return self.definitions.get(type_name, type_name)

    def full_name(self, name: str) -> str:
        """Return a qualified name with its namespace in place of an alias."""
        prefix, dot, last = name.rpartition(".")
        return f"{self.aliases.get(prefix, prefix)}{dot}{last}"


def element_type(type_name: str) -> str:
    """Return the type of the elements of a collection, any other type as it is."""
    if type_name.startswith(_COLLECTION) and type_name.endswith(")"):
        return type_name[len(_COLLECTION) : -1]
    return type_name
