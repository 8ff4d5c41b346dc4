"""Write the text of a job that exports an entity set, from what the snapshot of its service tells.

A beginning to be edited: every field that fits into a cell, the key, an order that is the same in each run, and a
column for each field under the name that people know. What is in the text comes from the service, and is quoted where
YAML or an expression would take it for something else.
"""

from __future__ import annotations

import json
import re
import textwrap
from typing import TYPE_CHECKING, NamedTuple

from txojobs.errors import ValidationError
from txojobs.metadata.columns import COLUMN_TYPES
from txojobs.metadata.expanding import check_field
from txojobs.metadata.reach import hint

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from txojobs.metadata.model import EntitySet, Field, Service, StructuredType

PAGE_SIZE = 1000
_WIDTH = 100
_MOST_LEFT_OUT = 12
_PLAIN = re.compile(r"[^\W\d](?:[\w .()/-]*[\w.()/-])?")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_WORDS = ("true", "false", "null")


class _Column(NamedTuple):
    """A column of the file: its heading, and the field that it shows."""

    heading: str
    path: tuple[str, ...]
    field: Field


def job_text(
    service: Service, entity: str, *, file: str, api: str = "default", fields: Sequence[str] = ()
) -> str:
    """Return the text of a job that saves an entity set as `file`; all fields when none is named.

    Raises:
        ValidationError: the service has no such entity set, or it no such field.
    """
    found = _entity(service, entity)
    kind = service.types.get(found.type)
    if kind is None:
        raise ValidationError(
            f"the metadata of the service does not describe the records of {entity}",
            how_to_fix="write the job by hand",
        )
    columns = list(_chosen(service, kind, fields, of=entity) if fields else _all(service, kind))
    key = [name for name in kind.key if name in kind.fields]
    select = list(dict.fromkeys(("/".join(each.path) if fields else each.path[0]) for each in columns))
    lines = [
        "# yaml-language-server: $schema=../schemas/job-schema.json",
        "version: 1",
        f"description: {yaml_text(_one_line(found.label or f'All {entity}'))}",
        *([f"api: {yaml_text(api)}"] if api != "default" else []),
        "",
        "steps:",
        *_left_out(service, kind, fields),
        "  - fetch:",
        f"      entity: {yaml_text(entity)}",
        *_list("select", [*select, *(name for name in key if name not in select)]),
        *(_list("order-by", key) if key else []),
        f"      page-size: {PAGE_SIZE}",
        *(_list("key", key) if key else ["      complete: none    # the service names no key"]),
        "",
        "  - transform:",
        "      columns:",
        *(f"        {yaml_text(each.heading)}: {_value(each)}" for each in _named(columns)),
        "",
        f"  - save: {yaml_text(file)}",
    ]
    return "\n".join(lines) + "\n"


def yaml_text(text: str) -> str:
    """Return a text as YAML, in double quotes unless it is plain in every place."""
    if _PLAIN.fullmatch(text) and text not in _WORDS:
        return text
    return json.dumps(text, ensure_ascii=False)


def _entity(service: Service, name: str) -> EntitySet:
    found = service.entity_sets.get(name)
    if found is None:
        if name in service.singletons:
            raise ValidationError(
                f"{name} is a single record, not an entity set", how_to_fix="fetch reads entity sets"
            )
        raise ValidationError(
            f"the service has no entity set {name!r}", how_to_fix=hint(name, service.entity_sets)
        )
    return found


def _chosen(service: Service, kind: StructuredType, fields: Sequence[str], *, of: str) -> Iterator[_Column]:
    for name in fields:
        for fault in check_field(name, service, kind, of=of):
            raise ValidationError(fault.message, how_to_fix=fault.fix)
        path = tuple(name.split("/"))
        field = _reached(service, kind, path)
        if field is None:
            raise ValidationError(
                f"{name!r} leads from {of} to other records", how_to_fix="name it in `expand` of the job"
            )
        yield _Column(_heading([field], [path[-1]]), path, field)


def _reached(service: Service, kind: StructuredType | None, path: tuple[str, ...]) -> Field | None:
    """Return the field at the end of a path through structures; None where something else is on the way."""
    field = None
    for name in path:
        field = kind.fields.get(name) if kind is not None else None
        if field is None:
            return None
        kind = service.types.get(field.type)
    return field


def _all(service: Service, kind: StructuredType) -> Iterator[_Column]:
    """Yield each field that fits into a cell; those of a structure one by one."""
    yield from _below(service, kind, ())


def _below(service: Service, kind: StructuredType, above: tuple[Field, ...]) -> Iterator[_Column]:
    for field in kind.fields.values():
        fields = (*above, field)
        inner = service.types.get(field.type)
        if inner is not None:
            if inner.name not in (each.type for each in above):  # a structure that holds itself has no end
                yield from _below(service, inner, fields)
        elif _fits(service, field):
            path = tuple(each.name for each in fields)
            yield _Column(_heading(fields, path), path, field)


def _fits(service: Service, field: Field) -> bool:
    plain = service.underlying(field.type)
    return plain in COLUMN_TYPES or field.type in service.enums or plain == "Edm.Duration"


def _heading(fields: Sequence[Field], path: Sequence[str]) -> str:
    words = [field.label or name for field, name in zip(fields, path, strict=True)]
    return _one_line(" ".join(words)) or path[-1]


def _named(columns: list[_Column]) -> Iterator[_Column]:
    """Yield the columns with headings of which no two are the same."""
    taken: set[str] = set()
    for each in columns:
        heading, number = each.heading, 2
        if heading in taken:
            heading = f"{each.heading} ({'.'.join(each.path)})"
        while heading in taken:
            heading, number = f"{each.heading} {number}", number + 1
        taken.add(heading)
        yield each._replace(heading=heading)


def _left_out(service: Service, kind: StructuredType, fields: Sequence[str]) -> Iterator[str]:
    """Yield a comment that names what was not taken: lists and streams."""
    if fields:
        return
    names = [
        field.name
        for field in kind.fields.values()
        if field.type not in service.types and not _fits(service, field)
    ]
    if names:
        more = ", ..." if len(names) > _MOST_LEFT_OUT else ""
        listed = f"{', '.join(names[:_MOST_LEFT_OUT])}{more}"
        yield from textwrap.wrap(
            f"left out, because no cell holds it: {listed}",
            _WIDTH,
            initial_indent="  # ",
            subsequent_indent="  # ",
        )


def _list(option: str, names: Sequence[str]) -> list[str]:
    text = f"{option}: [{', '.join(yaml_text(name) for name in names)}]"
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=" " * 6,
        subsequent_indent=" " * 8,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _value(column: _Column) -> str:
    """Return what a column shows, as YAML: an expression, and its type and format where they matter."""
    path = ".".join(
        name if _IDENTIFIER.fullmatch(name) and name not in _WORDS else json.dumps(name, ensure_ascii=False)
        for name in column.path
    )
    field = column.field
    if field.type == "Edm.DateTime" and field.display == "Date":  # a moment of V2 that is a day
        return f"{{value: {yaml_text(f'date({path})')}, type: date}}"
    if field.type == "Edm.Decimal" and isinstance(field.scale, int) and field.scale > 0:
        return f'{{value: {yaml_text(path)}, type: decimal, format: "#,##0.{"0" * field.scale}"}}'
    return yaml_text(path)


def _one_line(text: str) -> str:
    return " ".join(text.split())
