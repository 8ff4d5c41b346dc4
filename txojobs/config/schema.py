"""The JSON Schema of the configuration (draft 2020-12), and the quick check that spares importing jsonschema.

The package's own schema decides. What the workspace's copy of it adds (sections and keys of one's own) is
taken in; it cannot weaken or change what the package says. `fits` understands the few keywords that our
schema uses; where it says yes, jsonschema does too (a test holds them together). Only a no asks jsonschema.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, TypeAlias

from txojobs.errors import ConfigurationError
from txojobs.workspace import shipped

if TYPE_CHECKING:
    from pathlib import Path

FILE = "schemas/org-env-config-schema.json"
Schema: TypeAlias = "dict[str, Any]"


def load_schema(workspace_root: Path | None = None) -> Schema:
    """Return the schema, with what the copy in the workspace adds.

    Raises:
        ConfigurationError: the workspace's copy is not JSON.
    """
    own: Schema = json.loads(shipped(FILE).read_text(encoding="utf-8"))
    copy = None if workspace_root is None else workspace_root / FILE
    if copy is None or not copy.is_file() or copy == shipped(FILE):
        return own
    try:
        theirs = json.loads(copy.read_text(encoding="utf-8-sig"))
    except ValueError as err:
        raise ConfigurationError(
            f"{FILE} cannot be read: {err}", how_to_fix="mend it, or remove it: txojobs brings its own"
        ) from err
    if isinstance(theirs, dict) and theirs != own:
        _take_in(own, theirs)
    return own


def _take_in(own: Schema, theirs: Schema) -> None:
    for keyword in ("properties", "$defs"):
        members = theirs.get(keyword)
        if not isinstance(members, dict):
            continue
        known = own.setdefault(keyword, {})
        for name, sub in members.items():
            if name not in known:
                known[name] = sub
            elif isinstance(sub, dict) and isinstance(known[name], dict):
                _take_in(known[name], sub)


def resolve(schema: Any, root: Schema) -> Schema:
    """Return what a local `$ref` names, with the keywords beside it on top; other schemas as they are."""
    while isinstance(schema, dict) and isinstance(schema.get("$ref"), str):
        name = schema["$ref"].removeprefix("#/$defs/")
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        schema = {**root.get("$defs", {}).get(name, {}), **beside}
    return schema if isinstance(schema, dict) else {}


_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,), "array": (list,), "string": (str,), "boolean": (bool,),
    "integer": (int,), "number": (int, float), "null": (type(None),),
}  # fmt: skip
_SAID_ELSEWHERE = {"$schema", "$id", "$defs", "title", "description", "default", "examples", "x-must"}
_CHECKED = {
    "$ref", "type", "enum", "pattern", "minLength", "minimum", "maximum", "exclusiveMinimum", "required",
    "properties", "additionalProperties", "propertyNames", "items", "uniqueItems",
}  # fmt: skip


def fits(value: Any, schema: Any, root: Schema) -> bool:
    """Whether a value surely fits the schema; False also for a keyword that only jsonschema knows."""
    if isinstance(schema, bool):
        return schema
    if not schema.keys() <= _CHECKED | _SAID_ELSEWHERE:
        return False
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/$defs/")
        if name not in root["$defs"] or not fits(value, root["$defs"][name], root):
            return False
    if "type" in schema and not _is_type(value, schema["type"]):
        return False
    if "enum" in schema and not (isinstance(value, str) and value in schema["enum"]):
        return False
    if isinstance(value, str):
        return len(value) >= schema.get("minLength", 0) and bool(re.search(schema.get("pattern", ""), value))
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _in_range(value, schema)
    if isinstance(value, list):
        unique = not schema.get("uniqueItems") or len({json.dumps(member) for member in value}) == len(value)
        return unique and all(fits(member, schema.get("items", True), root) for member in value)
    return _object_fits(value, schema, root) if isinstance(value, dict) else True


def _is_type(value: Any, name: Any) -> bool:
    if name not in _TYPES:
        return False
    return isinstance(value, _TYPES[name]) and (name == "boolean" or not isinstance(value, bool))


def _in_range(value: float, schema: Schema) -> bool:
    if value < schema.get("minimum", value) or value > schema.get("maximum", value):
        return False
    return "exclusiveMinimum" not in schema or value > schema["exclusiveMinimum"]


def _object_fits(value: dict[str, Any], schema: Schema, root: Schema) -> bool:
    properties = schema.get("properties", {})
    more = schema.get("additionalProperties", True)
    names = schema.get("propertyNames", True)
    return all(key in value for key in schema.get("required", ())) and all(
        fits(key, names, root) and fits(member, properties.get(key, more), root)
        for key, member in value.items()
    )
