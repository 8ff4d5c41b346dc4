"""From what a `$metadata` document declares to a Service: aliases replaced, what is inherited put in, ends joined.

What cannot be looked up, because another document describes it, makes its type an open one: nothing is said then of
what it may not have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from txojobs.metadata.model import (
    EnumType,
    Import,
    Operation,
    Service,
    StructuredType,
    element_type,
    entity_set,
)

if TYPE_CHECKING:
    from txojobs.metadata.declared import Declared, DeclaredOperation, DeclaredType
    from txojobs.metadata.model import Field, Navigation

_LABEL = "com.sap.vocabularies.Common.v1.Label"
_COMMON = "com.sap.vocabularies.Common.v1"


def linked(declared: Declared) -> Service:
    """Return the service."""
    return _Linker(declared).service()


class _Linker:
    def __init__(self, declared: Declared) -> None:
        self._declared = declared
        self._aliases = {"Common": _COMMON, **declared.aliases}
        self._names: dict[str, str] = {}
        self._declared_types = {each.name: each for each in declared.types}
        self._types: dict[str, StructuredType] = {}
        self._returned: dict[str, set[str | None]] = {}
        for each in declared.operations:
            if not each.is_import:
                self._returned.setdefault(each.name, set()).add(each.returns)

    def service(self) -> Service:
        declared = self._declared
        self._label_fields()
        for name in self._declared_types:
            self._type(name, ())
        sets = [
            entity_set(name, self._name(type_name), label, self._types)
            for name, type_name, label, _ in declared.sets
        ]
        single = [is_singleton for *_, is_singleton in declared.sets]
        return Service(
            version=declared.version,
            entity_sets={each.name: each for each, alone in zip(sets, single, strict=True) if not alone},
            singletons={each.name: each for each, alone in zip(sets, single, strict=True) if alone},
            types=self._types,
            enums={
                name: EnumType(name, tuple(members), flags)
                for name, (members, flags) in declared.enums.items()
            },
            definitions={name: self._name(under) for name, under in declared.definitions.items()},
            operations=tuple(self._operation(each) for each in declared.operations if not each.is_import),
            imports={
                each.name: Import(
                    each.name,
                    each.kind,
                    self._returns(each),
                    self._name(each.imported) if each.imported else None,
                )
                for each in declared.operations
                if each.is_import
            },
            subtypes=self._subtypes(),
            aliases=declared.aliases,
        )

    def _name(self, name: str) -> str:
        """Return a qualified name, or a collection of one, with its namespace in place of an alias."""
        found = self._names.get(name)
        if found is None:
            element = element_type(name)
            prefix, dot, last = element.rpartition(".")
            found = f"{self._aliases.get(prefix, prefix)}{dot}{last}"
            found = found if element == name else f"Collection({found})"
            self._names[name] = found
        return found

    def _label_fields(self) -> None:
        """Put each label that is written as an annotation to its field; `sap:label` wins."""
        for target, term, text in self._declared.labels:
            owner, slash, name = target.partition("/")
            kind = self._declared_types.get(self._name(owner)) if slash else None
            if kind is None or self._name(term) != _LABEL or not text.strip():
                continue
            field = kind.fields.get(name)
            if field is not None and field.label is None:
                kind.fields[name] = field._replace(label=text.strip())

    def _type(self, name: str, below: tuple[str, ...]) -> StructuredType | None:
        """Return a type with what it inherits; `below` are the types that are being built upon it."""
        if name in self._types:
            return self._types[name]
        declared = self._declared_types.get(name)
        if declared is None or name in below:
            return None
        base_name = self._name(declared.base) if declared.base else None
        base = self._type(base_name, (*below, name)) if base_name else None
        found = self._types[name] = StructuredType(
            name=name,
            key=tuple(declared.key) or (base.key if base else ()),
            fields={**(base.fields if base else {}), **self._fields(declared)},
            navigation={**(base.navigation if base else {}), **self._navigation(declared)},
            is_open=declared.is_open or (base.is_open if base else base_name is not None),
            base=base_name,
            is_entity=declared.is_entity,
        )
        return found

    def _fields(self, declared: DeclaredType) -> dict[str, Field]:
        return {
            name: field if field.type.startswith("Edm.") else field._replace(type=self._name(field.type))
            for name, field in declared.fields.items()
        }

    def _navigation(self, declared: DeclaredType) -> dict[str, Navigation]:
        found = {}
        for name, way in declared.navigation.items():
            association, role = declared.roles.get(name, ("", ""))
            reached, multiplicity = self._end(association, role) if association else (way.type, "")
            is_many = way.is_many or multiplicity == "*"
            nullable = multiplicity == "0..1" if association else way.nullable
            found[name] = way._replace(type=self._name(reached), is_many=is_many, nullable=nullable)
        return found

    def _end(self, association: str, role: str) -> tuple[str, str]:
        """Return the type and multiplicity of one end of a V2 association; no type when it is not there."""
        return self._declared.associations.get(self._name(association), {}).get(role, ("", ""))

    def _operation(self, declared: DeclaredOperation) -> Operation:
        parameters = [(name, self._name(type_name)) for name, type_name in declared.parameters]
        bound_to = parameters.pop(0)[1] if declared.is_bound and parameters else None
        returns = self._name(declared.returns) if declared.returns else None
        return Operation(declared.name, declared.kind, bound_to, returns, tuple(parameters))

    def _returns(self, declared: DeclaredOperation) -> str | None:
        """Return what an import gives: told by itself (V2), or by the function that it names (V4)."""
        if declared.returns:
            return self._name(declared.returns)
        found = self._returned.get(self._name(declared.imported or ""), set())
        returns = next(iter(found)) if len(found) == 1 else None  # overloads may differ
        return self._name(returns) if returns else None

    def _subtypes(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {}
        for name, kind in self._types.items():
            seen = {name}
            base = kind.base
            while base is not None and base not in seen:
                found.setdefault(base, []).append(name)
                seen.add(base)
                base = self._types[base].base if base in self._types else None
        return {name: tuple(names) for name, names in found.items()}
