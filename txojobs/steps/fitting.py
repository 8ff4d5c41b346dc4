"""Whether a YAML node or a value suits the type of an option, and what it becomes then."""

from __future__ import annotations

import re
from decimal import Decimal
from types import NoneType
from typing import Any, Final, Literal, get_args, get_origin

from txojobs.records import number_text
from txojobs.steps.kinds import plain_value
from txojobs.steps.spec import alternatives, is_group, is_kind
from txojobs.yaml_source import Mapping, Node, Scalar, Sequence


class Unknown:
    """A value that is not known yet while a job is checked; `type` is the declared one, if any.

    `text` stands for it in a longer text; some value of the type does when there is none.
    """

    def __init__(self, type_: str | None = None, *, text: str | None = None) -> None:
        self.type = type_
        self.text = text


class Fault:
    """What stands for a value that could not be bound; the problem is already noted."""


FAULT: Final = Fault()
_SAMPLES: dict[Any, object] = {str: "x", int: 1, Decimal: Decimal(1), bool: True, object: "x", NoneType: None}
_TYPE_NAMES: dict[str, tuple[Any, ...]] = {
    "string": (str,),
    "file": (str,),
    "date": (str,),
    "datetime": (str,),
    "integer": (int, Decimal),
    "number": (Decimal,),
    "boolean": (bool,),
    "list": (tuple,),
}


def all_or_fault(kind: Any, values: list[Any]) -> Any:
    """Return `kind(values)`, or FAULT when one of them is."""
    return FAULT if any(isinstance(value, Fault) for value in values) else kind(values)


class Lone:
    """The value of a text that is one `${{ }}`; a box, because the value itself may be None."""

    def __init__(self, value: object) -> None:
        self.value = value


def fits(hint: Any, node: Node) -> bool:
    """Tell whether a node has the shape that a hint takes."""
    origin = get_origin(hint)
    if hint is object:
        return True
    if origin is tuple:
        return isinstance(node, Sequence)
    if origin is dict or is_group(hint):
        return isinstance(node, Mapping) or (is_group(hint) and getattr(hint, "main", None) is not None)
    if not isinstance(node, Scalar):
        return False
    value = node.value
    if origin is Literal:
        return value in get_args(hint)
    if hint is NoneType:
        return False  # an option without a value was forgotten, not left out: `filter:` must not mean "no filter"
    if is_kind(hint) or hint is str:
        return isinstance(value, str)
    if hint is bool:
        return isinstance(value, bool)
    numbers = (int, Decimal) if hint is Decimal else (int,)
    return isinstance(value, numbers) and not isinstance(value, bool)


def only_kinds(hint: Any) -> bool:
    """Tell whether every text that a hint takes is a kind, which splices by its own rule."""
    members = alternatives(hint)
    return any(is_kind(member) for member in members) and not any(
        member in (str, object) for member in members
    )


def coerced(hint: Any, value: object) -> Any:
    """Return `value` as the hint wants it, or FAULT."""
    value = plain_value(value)
    origin = get_origin(hint)
    if origin is tuple:
        items = value if isinstance(value, list | tuple) else None
        return (
            FAULT
            if items is None
            else all_or_fault(tuple, [coerced(get_args(hint)[0], item) for item in items])
        )
    if origin is dict:
        return FAULT
    if origin is Literal:
        return value if value in get_args(hint) else FAULT
    if origin is not None:  # a mapping is never the value of a `${{ }}`
        return FAULT
    if hint is object:
        return list(value) if isinstance(value, tuple) else value
    if hint is Decimal and isinstance(value, int | Decimal) and not isinstance(value, bool):
        return Decimal(value)
    if hint is int:
        return value if isinstance(value, int) and not isinstance(value, bool) else FAULT
    return value if isinstance(hint, type) and isinstance(value, hint) else FAULT


def may_become(declared: str | None, hint: Any) -> bool:
    """Tell whether a value of a declared type, not known yet, may suit a hint."""
    if is_group(hint) or (get_origin(hint) or hint) is dict:
        return False  # no param and no value of the configuration is a mapping
    if declared is None or hint is object:
        return hint is not NoneType
    if get_origin(hint) is Literal:
        return declared == "string"
    wanted = get_origin(hint) or hint
    return wanted in _TYPE_NAMES[declared] or (declared == "integer" and wanted is Decimal)


def sample(hint: Any) -> Any:
    """Return some value of a hint, for checking a job whose values are not known."""
    origin = get_origin(hint)
    if origin is Literal:
        return get_args(hint)[0]
    return () if origin is tuple else {} if origin is dict else _SAMPLES[hint]


def unknown_sample(value: Unknown) -> object:
    """Return what is spliced into a text for a value that is not known yet."""
    if value.text is not None:
        return value.text
    by_type: dict[str | None, object] = {"integer": 1, "number": Decimal(1), "boolean": True, "list": ["x"]}
    return by_type.get(value.type, "2000-01-01" if value.type in ("date", "datetime") else "x")


def as_text(value: object, before: str) -> str:
    """Return a value as it stands in plain text; `before` is the text in front of it."""
    del before
    value = plain_value(value)
    if isinstance(value, list | tuple):
        return ",".join(as_text(item, "") for item in value)
    return "" if value is None else number_text(value)


def yaml_type(value: object) -> str:
    """Return what a value is, for a message."""
    names = {bool: "true or false", int: "a number", Decimal: "a number", str: "a text", NoneType: "null"}
    return names.get(type(value), "a list" if isinstance(value, list | tuple) else "a date")


def flag_hint(node: Node) -> str | None:
    """Return how to write what was meant to be true or false."""
    text = node.text.lower() if isinstance(node, Scalar) else ""
    if text in ("true", "false"):
        return f"remove the quotes: {text}"
    meant = {"yes": "true", "on": "true", "1": "true", "no": "false", "off": "false", "0": "false"}.get(text)
    return f"write {meant or 'true or false'}"


def number_hint(node: Node) -> str | None:
    """Return how to write what was meant to be a number."""
    text = node.text.strip() if isinstance(node, Scalar) else ""
    if re.fullmatch(r"[-+]?[0-9]+(\.[0-9]+)?", text):
        return f"remove the quotes: {text}" if isinstance(node, Scalar) and not node.plain else None
    grouped = re.fullmatch(r"[-+]?[0-9]{1,3}([,._' ][0-9]{3})+", text)
    return f"write {re.sub('[^-0-9]', '', text)}, without separators" if grouped else None


def described(node: Node) -> str:
    """Return what a node is, for a message."""
    if isinstance(node, Sequence):
        return "a list"
    if isinstance(node, Mapping):
        return "a mapping"
    if node.value is None:
        return "nothing"
    if isinstance(node.value, bool):
        return node.text
    kind = "the text " if isinstance(node.value, str) else "the number "
    text = node.text if len(node.text) <= 40 else node.text[:37] + "..."  # noqa: PLR2004  # fits on a line
    return f"{kind}{text!r}" if isinstance(node.value, str) else kind + text
