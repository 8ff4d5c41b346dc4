"""Turn what jsonschema finds into breaches in plain words, with the words that were probably meant.

No message repeats a text of the file that may be a secret: keys are shown as names are, values when they are nearly
what is allowed there. jsonschema's own words quote the value, so they are not used.

jsonschema is imported here, when a configuration is already known not to fit. References are looked up inside
the schema only: nothing is ever fetched.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from txojobs.config.habits import KEYS
from txojobs.config.names import kebab, nearly, shown_name
from txojobs.config.places import dotted
from txojobs.config.schema import load_schema, resolve
from txojobs.errors import ConfigurationError
from txojobs.redact import SHORTEST, escape_foreign, shortened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from txojobs.config.places import JsonPath
    from txojobs.config.schema import Schema

_LONGEST_RULE = 80
_LEAVE = "write another value, or remove it"


class Breach(NamedTuple):
    """A problem whose place is still a path; `at_key` points to the key, not to the value."""

    path: JsonPath
    message: str
    fix: str | None = None
    example: str | None = None
    at_key: bool = True
    severity: str = "error"


def schema_breaches(value: Any, schema: Schema) -> Iterator[Breach]:
    """Yield each breach of the schema.

    Raises:
        ConfigurationError: the schema itself (as the workspace extended it) is wrong.
    """
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - heavy, and not needed for a good file
    from jsonschema.exceptions import SchemaError  # noqa: PLC0415
    from referencing import Registry  # noqa: PLC0415
    from referencing.exceptions import Unresolvable  # noqa: PLC0415

    registry: Registry[Any] = Registry()  # without a way to retrieve anything
    try:
        if schema != load_schema():  # ours is known to be good, and looking costs a tenth of a second
            Draft202012Validator.check_schema(schema)
        for error in Draft202012Validator(schema, registry=registry).iter_errors(value):
            yield from _breaches(error, schema)
    except SchemaError as err:
        raise _bad_schema(f"{dotted(tuple(err.absolute_path))}: {err.message}") from err
    except Unresolvable as err:
        raise _bad_schema(f"it refers to {err.ref}, which is not in it") from err


def _bad_schema(why: str) -> ConfigurationError:
    return ConfigurationError(
        f"schemas/org-env-config-schema.json is no usable JSON Schema: {why}",
        how_to_fix="mend what was added to it, or remove the file: txojobs brings its own",
    )


def _breaches(error: Any, root: Schema) -> Iterator[Breach]:
    path: JsonPath = tuple(error.absolute_path)
    name = dotted(path) or "the file"
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        known = error.schema.get("properties", {})
        for key in error.instance:
            if key not in known:
                yield _unknown(path, key, list(known), root)
    elif error.validator == "pattern" and "propertyNames" in error.absolute_schema_path:
        yield _wrong_name(path, str(error.instance), root)
    elif error.validator == "required":
        for key in error.validator_value:
            if key not in error.instance:
                example = f"{json.dumps(key)}: ..."
                yield Breach(path, f"{name} has no {key!r}", f"add {key!r}", example)
    elif error.validator == "type" and len(path) == 1 and path[0] not in root["properties"]:
        yield _loose(path, root)
    else:
        message, fix = _wrong_value(error)
        written = _example(error, path, fixed=fix is not None)
        fix = fix or (None if written else _allowed(error))
        yield Breach(path, f"{name} {message}", fix, written, at_key=False)


def _example(error: Any, path: JsonPath, *, fixed: bool) -> str | None:
    """Return the schema's example for a value of another type; of a credential, the one that was named."""
    kinds = error.schema.get("properties", {}).get("type", {}).get("enum", ())
    if path and path[-1] == "auth" and error.instance in kinds:
        return f'"auth": {{"type": {json.dumps(error.instance)}}}'
    shows = error.validator == "type" or (error.validator == "pattern" and not fixed)
    examples = error.schema.get("examples") if shows and path else None
    return f"{json.dumps(shown_name(str(path[-1])))}: {json.dumps(examples[0])}" if examples else None


def _unknown(path: JsonPath, key: str, known: list[str], root: Schema) -> Breach:
    shown = escape_foreign(shown_name(key))
    where = f"{dotted(path)} has" if path else "there is"
    meant = nearly(key, known, cutoff=0.6)
    other = None if meant else home_of(kebab(key), root)
    fix = (
        f"did you mean {meant!r}?"
        if meant
        else f"it belongs into {other!r}"
        if other
        else KEYS.get(kebab(key))
    )
    return Breach(
        (*path, key), f"{where} no key {shown!r}", fix or f"remove it; known here: {', '.join(known)}"
    )


def _loose(path: JsonPath, root: Schema) -> Breach:
    """Return the breach of a value at the top that is no section."""
    key = str(path[0])
    home = home_of(kebab(key), root)
    meant = nearly(key, root["properties"])
    fix = (
        f"it belongs into {home!r}" if home else f"did you mean {meant!r}?" if meant else KEYS.get(kebab(key))
    )
    return Breach(
        path,
        f"{escape_foreign(shown_name(key))!r} stands outside of a section",
        fix or "put it into a section of your own",
        example=f'"my-feature": {{{json.dumps(kebab(shown_name(key)) or "key")}: ...}}'
        if fix is None
        else None,
    )


def home_of(key: str, root: Schema) -> str | None:
    """Return the section in which a misplaced key would be known."""
    for name in ("script-behavior", "global"):
        section = resolve(root["properties"][name], root)["properties"]
        if key in section:
            return name
        for inner, sub in section.items():
            if key != "description" and key in resolve(sub, root).get("properties", {}):
                return f"{name}.{inner}"
    return None


def _wrong_name(path: JsonPath, key: str, root: Schema) -> Breach:
    shown = escape_foreign(shown_name(key))
    if path == ("environments",):
        fix = "use letters, digits, '_' and '.'; no '-'"
        return Breach((*path, key), f"{shown!r} cannot be the name of an environment", fix)
    meant = (None if path else nearly(key, root["properties"])) or kebab(shown_name(key))
    fix = f"did you mean {meant!r}?" if meant else "use small letters, digits and '-'"
    return Breach((*path, key), f"the key {shown!r} is not in kebab-case", fix)


_KINDS = {
    "object": "an object {...}",
    "array": "a list [...]",
    "string": "a text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "null": "null",
}


def _wrong_value(error: Any) -> tuple[str, str | None]:
    """Return what is wrong with a value, to stand behind its name, and how to mend it."""
    value, limit = error.instance, error.validator_value
    number = value if isinstance(value, int | float) else "this"
    if error.validator == "type":
        kinds = [_KINDS.get(kind, kind) for kind in ([limit] if isinstance(limit, str) else limit)]
        return f"must be {' or '.join(kinds)}, not {_kind(value, kinds)}", _without_quotes(value, kinds)
    if error.validator == "enum":
        allowed = ", ".join(map(str, limit))
        meant = nearly(value, map(str, limit), cutoff=0.6) if isinstance(value, str) else None
        is_shown = isinstance(value, str) and (meant or len(value) < SHORTEST)
        return f"cannot be {escape_foreign(value)!r}" if is_shown else "cannot be this", (
            f"did you mean {meant!r}? " if meant else ""
        ) + f"allowed: {allowed}"
    sentences = {
        "pattern": f"must {error.schema.get('x-must', f'match {limit}')}",
        "minLength": "must not be empty",
        "minimum": f"must be at least {limit}, not {number}",
        "maximum": f"must be at most {limit}, not {number}",
        "exclusiveMinimum": f"must be more than {limit}, not {number}",
        "uniqueItems": "holds a value twice",
    }
    message = sentences.get(error.validator)
    if message is None:  # a keyword that a workspace added for its own sections
        rule = shortened(json.dumps(limit, ensure_ascii=False), _LONGEST_RULE)
        message = f"does not fit {error.validator!r} of the schema: {escape_foreign(rule)}"
    return message, _with_scheme(error) if error.validator == "pattern" else None


def _with_scheme(error: Any) -> str | None:
    """Return what an address lacks, https:// or the colon of demo:, where it is one then."""
    if error.instance.partition(":")[0].lower() == "demo":
        return "write demo: for the service inside txojobs, with its colon and nothing behind it"
    address = f"https://{error.instance}"
    is_address = "://" not in error.instance and "address" in str(error.schema.get("x-must"))
    if not is_address or not re.search(error.validator_value, address):
        return None
    return "write https:// in front of it"


def _allowed(error: Any) -> str:
    """Return what may stand there, as far as the schema says it."""
    if error.validator == "pattern":
        return f"write a value that can {error.schema['x-must']}" if "x-must" in error.schema else _LEAVE
    if error.validator == "type":
        limit = error.validator_value
        kinds = [limit] if isinstance(limit, str) else limit
        return f"write {' or '.join(_KINDS.get(kind, kind) for kind in kinds)}, or remove it"
    if error.validator == "uniqueItems":
        return "remove one of the two"
    low = error.schema.get("minimum")
    high = error.schema.get("maximum")
    above = error.schema.get("exclusiveMinimum")
    bounds = [f"{low} or more"] * (low is not None) + [f"more than {above}"] * (above is not None)
    bounds += [f"at most {high}"] * (high is not None)
    return f"write {', '.join(bounds)}, or remove it" if bounds else _LEAVE


def _kind(value: Any, wanted: list[str]) -> str:
    """Return what a value is; a number that should be a whole one as it is written."""
    kind = {dict: "object", list: "array", str: "string", bool: "boolean", int: "number", float: "number"}
    if isinstance(value, float) and _KINDS["integer"] in wanted:
        return f"{value}"
    return _KINDS[kind.get(type(value), "null")]


def _without_quotes(value: Any, kinds: list[str]) -> str | None:
    if not isinstance(value, str):
        return "write it in quotes" if kinds == [_KINDS["string"]] and value is not None else None
    try:
        bare = json.loads(value)
    except ValueError:
        return None
    numbers = isinstance(bare, int | float) and not isinstance(bare, bool)
    wanted = {_KINDS["boolean"]} if isinstance(bare, bool) else {_KINDS["number"], _KINDS["integer"]}
    return "remove the quotes" if (numbers or isinstance(bare, bool)) and wanted & set(kinds) else None
