"""What a `$metadata` document declares, element by element, before names are looked up in one another."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from txojobs.metadata.model import Field, Navigation

if TYPE_CHECKING:
    from collections.abc import Callable

_SAP = "http://www.sap.com/Protocols/SAPData "
_DATA_SERVICES = "http://schemas.microsoft.com/ado/2007/08/dataservices/metadata "

Level: TypeAlias = "dict[str, tuple[Callable[[dict[str, str]], None], Level]]"
"""The elements that may stand at one place: who takes each, and what may stand in it. All others are passed over."""


@dataclass(slots=True)
class DeclaredType:
    """An entity type or complex type; names in it may begin with an alias."""

    name: str
    is_entity: bool
    base: str | None
    is_open: bool
    key: list[str] = field(default_factory=list)
    fields: dict[str, Field] = field(default_factory=dict)
    navigation: dict[str, Navigation] = field(default_factory=dict)
    roles: dict[str, tuple[str, str]] = field(default_factory=dict)
    """V2: the association and the end of it that each way leads to."""


@dataclass(slots=True)
class DeclaredOperation:
    """A function or action, or what imports one; the first parameter is what a bound one is called on.

    `parameters` are names and types.
    """

    name: str
    kind: Literal["function", "action"]
    is_bound: bool = False
    is_import: bool = False
    imported: str | None = None
    returns: str | None = None
    parameters: list[tuple[str, str]] = field(default_factory=list)


class Declared:
    """Takes the elements of one document in their order."""

    def __init__(self) -> None:
        self.version = ""
        self.aliases: dict[str, str] = {}
        self.types: list[DeclaredType] = []
        self.enums: dict[str, tuple[list[str], bool]] = {}
        self.definitions: dict[str, str] = {}
        self.associations: dict[str, dict[str, tuple[str, str]]] = {}
        self.sets: list[tuple[str, str, str | None, bool]] = []
        """Name, type, label, and whether it is a singleton."""
        self.operations: list[DeclaredOperation] = []
        self.labels: list[tuple[str, str, str]] = []
        """Target (`Namespace.Type/Field`), term and text of each annotation that stands apart."""
        self._namespace = ""
        self._type = DeclaredType("", True, None, False)  # noqa: FBT003  # what stands before any type
        self._field = ""
        self._members: list[str] = []
        self._ends: dict[str, tuple[str, str]] = {}
        self._operation = DeclaredOperation("", "function")
        self._target = ""
        self.document = self._below_the_root()

    def _below_the_root(self) -> Level:
        """Return the elements of a document as they stand in one another, each with who takes it."""
        annotated: Level = {"Annotation": (self._annotation_of_field, {})}
        structured: Level = {
            "Key": (_nothing, {"PropertyRef": (self._key, {})}),
            "Property": (self._property, annotated),
            "NavigationProperty": (self._navigation, {}),
        }
        operation: Level = {"Parameter": (self._parameter, {}), "ReturnType": (self._return_type, {})}
        container: Level = {
            "EntitySet": (self._entity_set, {}),
            "Singleton": (self._singleton, {}),
            "FunctionImport": (self._function_import, {}),
            "ActionImport": (self._action_import, {}),
        }
        schema: Level = {
            "Using": (self._include, {}),
            "EntityType": (self._entity_type, structured),
            "ComplexType": (self._complex_type, structured),
            "EnumType": (self._enum, {"Member": (self._member, {})}),
            "TypeDefinition": (self._definition, {}),
            "Association": (self._association, {"End": (self._association_end, {})}),
            "Function": (self._function, operation),
            "Action": (self._action, operation),
            "EntityContainer": (_nothing, container),
            "Annotations": (self._annotations, {"Annotation": (self._annotation_apart, {})}),
        }
        return {
            "Edmx": (
                self._edmx,
                {
                    "Reference": (_nothing, {"Include": (self._include, {})}),
                    "DataServices": (self._data_services, {"Schema": (self._schema, schema)}),
                },
            )
        }

    # -- the document -------------------------------------------------------------------------------------------

    def _edmx(self, attributes: dict[str, str]) -> None:
        version = attributes.get("Version", "")
        self.version = version if version.startswith("4") else "2.0"

    def _data_services(self, attributes: dict[str, str]) -> None:
        told = attributes.get(f"{_DATA_SERVICES}DataServiceVersion", "").partition(";")[0].strip()
        if told and not self.version.startswith("4"):
            self.version = told

    def _include(self, attributes: dict[str, str]) -> None:
        if "Alias" in attributes:
            self.aliases[attributes["Alias"]] = attributes.get("Namespace", "")

    def _schema(self, attributes: dict[str, str]) -> None:
        self._namespace = attributes.get("Namespace", "")
        self._include(attributes)

    def _qualified(self, attributes: dict[str, str]) -> str:
        return f"{self._namespace}.{attributes.get('Name', '')}"

    # -- types --------------------------------------------------------------------------------------------------

    def _entity_type(self, attributes: dict[str, str]) -> None:
        self._structured(attributes, is_entity=True)

    def _complex_type(self, attributes: dict[str, str]) -> None:
        self._structured(attributes, is_entity=False)

    def _structured(self, attributes: dict[str, str], *, is_entity: bool) -> None:
        name, is_open = self._qualified(attributes), attributes.get("OpenType") == "true"
        self._type = DeclaredType(name, is_entity, attributes.get("BaseType"), is_open)
        self.types.append(self._type)

    def _key(self, attributes: dict[str, str]) -> None:
        self._type.key.append(attributes.get("Name", ""))

    def _property(self, attributes: dict[str, str]) -> None:
        get = attributes.get
        name = self._field = get("Name", "")
        kind = get("Type", "Edm.String")
        if get("CollectionKind", "None") != "None" and not kind.startswith("Collection("):  # V3
            kind = f"Collection({kind})"
        scale = get("Scale")
        self._type.fields[name] = Field(
            name,
            kind,
            get("Nullable") != "false",
            get(f"{_SAP}label") or None,
            _number(get("MaxLength")),
            _number(get("Precision")),
            scale if scale in ("variable", "floating") else _number(scale),
            get(f"{_SAP}display-format"),
            get(f"{_SAP}text"),
        )

    def _navigation(self, attributes: dict[str, str]) -> None:
        get = attributes.get
        name, kind = get("Name", ""), get("Type", "")
        is_many = kind.startswith("Collection(")
        reached = kind[len("Collection(") : -1] if is_many else kind
        self._type.navigation[name] = Navigation(name, reached, is_many, get("Nullable") != "false")
        if "Relationship" in attributes:
            self._type.roles[name] = (attributes["Relationship"], get("ToRole", ""))

    def _enum(self, attributes: dict[str, str]) -> None:
        self._members = []
        self.enums[self._qualified(attributes)] = (self._members, attributes.get("IsFlags") == "true")

    def _member(self, attributes: dict[str, str]) -> None:
        self._members.append(attributes.get("Name", ""))

    def _definition(self, attributes: dict[str, str]) -> None:
        self.definitions[self._qualified(attributes)] = attributes.get("UnderlyingType", "")

    def _association(self, attributes: dict[str, str]) -> None:
        self._ends = self.associations[self._qualified(attributes)] = {}

    def _association_end(self, attributes: dict[str, str]) -> None:
        role = attributes.get("Role") or attributes.get("Type", "").rpartition(".")[2]
        self._ends[role] = (attributes.get("Type", ""), attributes.get("Multiplicity", ""))

    # -- what stands at the root of the service -----------------------------------------------------------------

    def _entity_set(self, attributes: dict[str, str]) -> None:
        label = attributes.get(f"{_SAP}label") or None
        self.sets.append((attributes.get("Name", ""), attributes.get("EntityType", ""), label, False))

    def _singleton(self, attributes: dict[str, str]) -> None:
        self.sets.append((attributes.get("Name", ""), attributes.get("Type", ""), None, True))

    def _function(self, attributes: dict[str, str]) -> None:
        self._declare(attributes, "function")

    def _action(self, attributes: dict[str, str]) -> None:
        self._declare(attributes, "action")

    def _declare(self, attributes: dict[str, str], kind: Literal["function", "action"]) -> None:
        is_bound = attributes.get("IsBound") == "true"
        self._operation = DeclaredOperation(self._qualified(attributes), kind, is_bound)
        self._operation.returns = attributes.get("ReturnType")
        self.operations.append(self._operation)

    def _function_import(self, attributes: dict[str, str]) -> None:
        self._import(attributes, "function", attributes.get("Function"))

    def _action_import(self, attributes: dict[str, str]) -> None:
        self._import(attributes, "action", attributes.get("Action"))

    def _import(
        self, attributes: dict[str, str], kind: Literal["function", "action"], imported: str | None
    ) -> None:
        self._operation = DeclaredOperation(attributes.get("Name", ""), kind, is_import=True)
        self._operation.imported = imported
        self._operation.returns = attributes.get("ReturnType")  # V2 tells it here
        self.operations.append(self._operation)

    def _parameter(self, attributes: dict[str, str]) -> None:
        self._operation.parameters.append((attributes.get("Name", ""), attributes.get("Type", "")))

    def _return_type(self, attributes: dict[str, str]) -> None:
        self._operation.returns = attributes.get("Type")

    # -- labels -------------------------------------------------------------------------------------------------

    def _annotations(self, attributes: dict[str, str]) -> None:
        self._target = attributes.get("Target", "")

    def _annotation_apart(self, attributes: dict[str, str]) -> None:
        self._annotate(self._target, attributes)

    def _annotation_of_field(self, attributes: dict[str, str]) -> None:
        self._annotate(f"{self._type.name}/{self._field}", attributes)

    def _annotate(self, target: str, attributes: dict[str, str]) -> None:
        term = attributes.get("Term", "")
        if term.endswith("Label") and "String" in attributes:
            self.labels.append((target, term, attributes["String"]))


def _nothing(attributes: dict[str, str]) -> None:
    """Take an element of which only the inner ones count."""
    del attributes


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 10 else None  # noqa: PLR2004  # `Max` is none
