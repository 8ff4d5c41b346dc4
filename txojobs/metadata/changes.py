"""What changed between two descriptions of a service: what is gone, what changed, what came."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from txojobs.metadata.model import EntitySet, Field, Service

_ORDER = ("gone", "changed", "added")


class Change(NamedTuple):
    """One change. `what` is an entity set, or a field of one as `Customers.Phone`."""

    kind: Literal["gone", "changed", "added"]
    what: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.kind:<8}{self.what}" + (f"   {self.detail}" if self.detail else "")


def changes(before: Service, after: Service) -> list[Change]:
    """Return each change of an entity set or singleton; what is gone first, then what changed, then what came."""
    old = {**before.entity_sets, **before.singletons}
    new = {**after.entity_sets, **after.singletons}
    found = [
        Change("gone", name, f"an entity set with {len(entity.fields)} fields")
        for name, entity in old.items()
        if name not in new
    ]
    for name, entity in new.items():
        if name in old:
            found += _of_set(old[name], entity)
        else:
            found.append(Change("added", name, f"an entity set with {len(entity.fields)} fields"))
    members = {name: enum.members for name, enum in after.enums.items()}
    for name, enum in before.enums.items():
        if name in members:
            gone = [member for member in enum.members if member not in members[name]]
            came = [member for member in members[name] if member not in enum.members]
            found += [Change("gone", f"{name}.{member}", "a value of an enumeration") for member in gone]
            found += [Change("added", f"{name}.{member}", "a value of an enumeration") for member in came]
    return sorted(found, key=lambda change: _ORDER.index(change.kind))


def _of_set(old: EntitySet, new: EntitySet) -> Iterator[Change]:
    if old.key != new.key:
        yield Change("changed", old.name, f"key {_names(old.key)} -> {_names(new.key)}")
    for name, field in old.fields.items():
        if name not in new.fields:
            yield Change("gone", f"{old.name}.{name}", field.type)
        elif (told := _difference(field, new.fields[name])) is not None:
            yield Change("changed", f"{old.name}.{name}", told)
    for name, field in new.fields.items():
        if name not in old.fields:
            yield Change("added", f"{old.name}.{name}", field.type)
    yield from _of_navigation(old.name, {**old.navigation}, {**new.navigation})


def _of_navigation(owner: str, old: Mapping[str, object], new: Mapping[str, object]) -> Iterator[Change]:
    for name in old:
        if name not in new:
            yield Change("gone", f"{owner}.{name}", "navigation")
    for name in new:
        if name not in old:
            yield Change("added", f"{owner}.{name}", "navigation")


def _difference(old: Field, new: Field) -> str | None:
    """Return what is different in a way that a job can feel: the type, its limits, whether null may come."""
    told = [f"{old.type} -> {new.type}"] if old.type != new.type else []
    for word, before, after in (
        ("length", old.max_length, new.max_length),
        ("precision", old.precision, new.precision),
        ("scale", old.scale, new.scale),
    ):
        if before != after:
            told.append(f"{word} {_limit(before)} -> {_limit(after)}")
    if old.nullable != new.nullable:
        told.append("may be null now" if new.nullable else "is never null now")
    return ", ".join(told) or None


def _limit(number: object) -> str:
    return "any" if number is None else str(number)


def _names(key: tuple[str, ...]) -> str:
    return ", ".join(key) or "none"
