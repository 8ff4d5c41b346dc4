"""The options of a step: read off the fields of its dataclass, once, for whoever needs them.

The binder, the JSON Schema, the reference page and completion all ask `options_of`; nothing is said twice.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import operator
from decimal import Decimal
from types import GenericAlias, NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from txojobs.steps.kinds import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator


class Doc(NamedTuple):
    """What the reference page says of an option."""

    text: str
    example: str | None = None


class Same:
    """Stands in a hint for the group of options that the hint is in: what may be nested in itself."""


class Option(NamedTuple):
    """One option: `name` as in YAML, `field` as in Python, `hint` its type without the Doc."""

    name: str
    field: str
    hint: Any
    required: bool
    default: object
    doc: Doc


def options_of(cls: type) -> tuple[Option, ...]:
    """Return the options of a step class or of a group of options: the main one, then the order of the fields."""
    main = getattr(cls, "main", None)
    fields = sorted(dataclasses.fields(cls), key=lambda field: field.name != main)
    return tuple(_option(field, cls) for field in fields)


def _option(field: dataclasses.Field[Any], cls: type) -> Option:
    hint, doc = field.type, Doc("")
    if isinstance(hint, str):
        raise TypeError(f"{field.name}: a step file must not use `from __future__ import annotations`")
    if get_origin(hint) is Annotated:
        hint, *notes = get_args(hint)
        doc = next((note for note in notes if isinstance(note, Doc)), doc)
    hint = _with(cls, hint)
    if field.default_factory is not dataclasses.MISSING:
        default: object = field.default_factory()
    else:
        default = field.default
    required = default is dataclasses.MISSING
    return Option(yaml_name(field.name), field.name, hint, required, None if required else default, doc)


def _with(cls: type, hint: Any) -> Any:
    """Return a hint with `cls` in each place of `Same`."""
    if hint is Same:
        return cls
    if get_origin(hint) is dict:
        name, value = get_args(hint)
        return GenericAlias(dict, (name, _with(cls, value)))
    members = alternatives(hint)
    return (
        hint if len(members) == 1 else functools.reduce(operator.or_, (_with(cls, each) for each in members))
    )


def yaml_name(field: str) -> str:
    """Return YAML's spelling of a Python name: `order_by` is `order-by`, `in_` is `in`."""
    return field.rstrip("_").replace("_", "-")


def alternatives(hint: Any) -> tuple[Any, ...]:
    """Return the members of a union, None among them, or the hint alone."""
    return get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)


def is_kind(hint: Any) -> bool:
    """Tell whether a hint is one of the kinds of text."""
    return isinstance(hint, type) and issubclass(hint, Kind)


def is_group(hint: Any) -> bool:
    """Tell whether a hint is a dataclass: a group of options of its own."""
    return isinstance(hint, type) and dataclasses.is_dataclass(hint)


def nests(cls: type) -> bool:
    """Tell whether a group of options may stand inside of itself."""
    return any(cls in groups_in(option.hint) for option in options_of(cls))


def groups_in(hint: Any) -> Iterator[type]:
    """Yield each group of options that a hint takes, in lists and mappings too."""
    if is_group(hint):
        yield hint
    for inner in get_args(hint):
        yield from groups_in(inner)


WORDS: dict[Any, str] = {
    str: "text",
    int: "whole number",
    Decimal: "number",
    bool: "true or false",
    object: "any value",
    NoneType: "nothing",
}


def in_words(hint: Any) -> str:
    """Return what a hint takes, for a person: "list of text", "one of write, skip, fail"."""
    members = alternatives(hint)
    if len(members) > 1:
        return " or ".join(in_words(member) for member in members if member is not NoneType)
    origin = get_origin(hint)
    if origin is Literal:
        return "one of " + ", ".join(str(choice) for choice in get_args(hint))
    if origin is tuple:
        return f"list of {in_words(get_args(hint)[0])}"
    if origin is dict:
        return f"mapping of names to {in_words(get_args(hint)[1])}"
    if is_group(hint):
        return "{" + ", ".join(option.name for option in options_of(hint)) + "}"
    return hint.name if is_kind(hint) else WORDS[hint]


def with_article(words: str) -> str:
    """Return what `in_words` says as the object of a sentence: "a list of text", "one of write, skip, fail"."""
    if words.startswith(("one of ", "true or false", "any ", "options: ", "{")):
        return words
    return ("an " if words[0] in "aeioAEIO" else "a ") + words


def json_schema(hint: Any) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a hint; `${{ }}` may stand where a scalar or list may."""
    members = [member for member in alternatives(hint) if member is not NoneType]
    if len(members) > 1:
        return _any_of([json_schema(member) for member in members])
    hint = members[0]
    origin = get_origin(hint)
    if origin is Literal:
        return _any_of([{"enum": list(get_args(hint))}, TEMPLATE])
    if origin is tuple:
        return _any_of([{"type": "array", "items": json_schema(get_args(hint)[0])}, TEMPLATE])
    if origin is dict:
        return {"type": "object", "additionalProperties": json_schema(get_args(hint)[1])}
    if is_group(hint):
        return {"$ref": f"#/$defs/{hint.__name__}"} if nests(hint) else group_schema(hint)
    if is_kind(hint):
        return {"type": "string"}
    return _PLAIN[hint]


TEMPLATE: dict[str, Any] = {"type": "string", "pattern": r"^\s*\$\{\{[^{}]*\}\}\s*$"}
_PLAIN: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"anyOf": [{"type": "integer"}, TEMPLATE]},
    Decimal: {"anyOf": [{"type": "number"}, TEMPLATE]},
    bool: {"anyOf": [{"type": "boolean"}, TEMPLATE]},
    object: {},
}


def _any_of(schemas: list[dict[str, Any]]) -> dict[str, Any]:
    flat: list[dict[str, Any]] = []
    for schema in schemas:
        for one in schema["anyOf"] if set(schema) == {"anyOf"} else [schema]:
            if one not in flat:
                flat.append(one)
    return {} if {} in flat else flat[0] if len(flat) == 1 else {"anyOf": flat}


def group_schema(cls: type) -> dict[str, Any]:
    """Return the JSON Schema of a step's options or of a group of options."""
    options = options_of(cls)
    schema: dict[str, Any] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {option.name: _described(option) for option in options},
    }
    required = [option.name for option in options if option.required]
    return {**schema, **({"required": required} if required else {}), **_exactly_one(cls)}


def _exactly_one(cls: Any) -> dict[str, Any]:
    """Return what says that one of the options in `exactly_one` must be there, and no other of them."""
    names = getattr(cls, "exactly_one", ())
    if not names:
        return {}
    pairs = [{"required": [one, other]} for one in names for other in names if one < other]
    return {"anyOf": [{"required": [name]} for name in names], "not": {"anyOf": pairs}}


def _described(option: Option) -> dict[str, Any]:
    text, example = option.doc
    schema = {**json_schema(option.hint), "description": f"{text} Example: {example}" if example else text}
    if option.default is not None and isinstance(option.default, str | int | bool):
        schema["default"] = option.default
    return schema


def step_schema(cls: Any) -> dict[str, Any]:
    """Return what may stand after a step's verb: its options, or its main option alone where that is enough."""
    schema = group_schema(cls)
    options = options_of(cls)
    if not any(option.required and option.field != cls.main for option in options):
        short = [json_schema(option.hint) for option in options if option.field == cls.main]
        schema = _any_of([*short, schema])
    return {**schema, "description": summary(cls)}


def summary(cls: type) -> str:
    """Return the first line of a step's docstring."""
    return inspect.cleandoc(cls.__doc__ or "").split("\n", 1)[0]
