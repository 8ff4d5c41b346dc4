"""What a service offers, as tables and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from txojobs.cli.render import clean, plural
from txojobs.cli.tables import table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from txojobs.cli.console import Console
    from txojobs.metadata.changes import Change
    from txojobs.metadata.model import EntitySet, Field, Navigation, Service

_MOST_ADDED = 20
"""What came is told up to here; what is gone or changed always."""


def show_service(console: Console, service: Service) -> None:
    """Show each entity set with its key, and how many fields and ways to others it has."""
    everything = [*service.entity_sets.values(), *service.singletons.values()]
    rows = [
        (
            each.name,
            ", ".join(each.key),
            f"{len(each.fields):,}",
            ", ".join(each.navigation),
            each.label or "",
        )
        for each in everything
    ]
    table(console, ("entity set", "key", "fields", "navigation", "label"), rows, right=(2,))
    console.line()
    console.text(f"{plural(len(service.entity_sets), 'entity set')}, OData {clean(service.version)}")
    functions = [each.name for each in service.imports.values() if each.kind == "function"]
    if functions:
        console.text(f"functions: {clean(', '.join(functions))}")


def show_entity(console: Console, service: Service, entity: EntitySet) -> None:
    """Show the fields of an entity set and where its records lead."""
    more = ", and records may have further ones" if entity.is_open else ""
    console.text(f"{console.styled(clean(entity.name), 'bold')}   {clean(entity.type)}")
    console.text(f"{plural(len(entity.fields), 'field')}, key {clean(', '.join(entity.key)) or 'none'}{more}")
    console.line()
    rows = [
        (
            field.name,
            _type(field),
            "key" if field.name in entity.key else "" if field.nullable else "never null",
            field.label or "",
        )
        for field in entity.fields.values()
    ]
    table(console, ("field", "type", "", "label"), rows)
    if entity.navigation:
        console.line()
        ways = [(each.name, _reached(each)) for each in entity.navigation.values()]
        table(console, ("navigation", "leads to"), ways)
    named = {field.type.removeprefix("Collection(").removesuffix(")") for field in entity.fields.values()}
    for name in sorted(named & {*service.enums}):
        console.line()
        console.text(f"{clean(name)}: {clean(', '.join(service.enums[name].members))}")
    for name in sorted(named & {*service.types}):
        console.line()
        console.text(f"{clean(name)}: {clean(', '.join(service.types[name].fields))}")


def show_changes(console: Console, changed: Sequence[Change] | None, *, path: str, sets: int) -> None:
    """Show what a service has changed since the snapshot before, and where the new one is."""
    if changed is not None and not changed:
        console.text("the service has changed nothing since the snapshot before")
    added = 0
    for change in changed or ():
        added += change.kind == "added"
        if added <= _MOST_ADDED or change.kind != "added":
            colour = {"gone": "red", "changed": "yellow", "added": "green"}[change.kind]
            what = f"{change.what}   {change.detail}".rstrip()
            console.text(console.styled(f"{change.kind:<9}", colour) + clean(what))
    if added > _MOST_ADDED:
        console.text(f"         ... and {added - _MOST_ADDED:,} more that were added")
    if changed:
        console.line()
    console.line(clean(path))
    console.text(f"{plural(sets, 'entity set')} saved; txojobs validate checks jobs against them from now on")


def as_json(api: str, service: Service, chosen: EntitySet | None) -> dict[str, Any]:
    """Return the service, or one entity set of it, as JSON values."""
    everything = [*service.entity_sets.values(), *service.singletons.values()]
    return {
        "api": api,
        "odata": service.version,
        "entity-sets": [_entity(each) for each in ([chosen] if chosen else everything)],
        "functions": [] if chosen else sorted(service.imports),
    }


def _entity(entity: EntitySet) -> dict[str, Any]:
    return {
        "name": entity.name,
        "type": entity.type,
        "label": entity.label,
        "key": list(entity.key),
        "open": entity.is_open,
        "fields": [
            {
                "name": field.name,
                "type": field.type,
                "nullable": field.nullable,
                "label": field.label,
                "max-length": field.max_length,
                "precision": field.precision,
                "scale": field.scale,
            }
            for field in entity.fields.values()
        ],
        "navigation": [
            {"name": each.name, "type": each.type, "many": each.is_many}
            for each in entity.navigation.values()
        ],
    }


def _type(field: Field) -> str:
    """Return a type with its limits: Edm.String(20), Edm.Decimal(18, 2)."""
    if field.max_length is not None:
        return f"{field.type}({field.max_length})"
    if field.scale is not None:
        return f"{field.type}({field.precision or '*'}, {field.scale})"
    return field.type if field.precision is None else f"{field.type}({field.precision})"


def _reached(way: Navigation) -> str:
    return f"many {way.type}" if way.is_many else way.type
