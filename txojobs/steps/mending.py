"""How to write what was meant, where the value of an option is of another kind than the option takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from txojobs.steps.fitting import flag_hint, number_hint
from txojobs.suggest import nearest
from txojobs.yaml_source import Scalar, Sequence

if TYPE_CHECKING:
    from txojobs.yaml_source import Node

_OTHER_TYPES = {
    **dict.fromkeys(("number", "float", "double", "money", "numeric", "currency"), "decimal"),
    **dict.fromkeys(("int", "long", "whole"), "integer"),
    **dict.fromkeys(("string", "str", "char", "guid", "varchar"), "text"),
    **dict.fromkeys(("bool", "flag", "bit"), "boolean"),
    **dict.fromkeys(("timestamp", "datetimeoffset"), "datetime"),
}
"""What other tools call the types of columns."""
_NO_VALUE = "give it a value, or delete the line"


def mended(node: Node, wanted: str) -> str | None:
    """Return the advice for a value that is none of what is `wanted`, or None; `wanted` is in words of `in_words`."""
    return _of_scalar(node, wanted) if isinstance(node, Scalar) else _of_structure(node, wanted)


def _of_structure(node: Node, wanted: str) -> str | None:
    if isinstance(node, Sequence) and wanted.startswith("mapping"):
        names = [item.text for item in node.items if isinstance(item, Scalar)]
        if names and len(names) == len(node.items):
            return f"write a mapping: {{{', '.join(f'{name}: {name}' for name in names)}}}"
        return "write `name: value` on each line, without '- '"
    if "expression" in wanted.lower():
        return "an expression that begins with [ or { must be quoted"
    return None


def _of_scalar(node: Scalar, wanted: str) -> str | None:
    if node.value is None and node.anchor and not node.text:
        return f'a text that begins with & must be quoted: "&{node.anchor}"'
    if not isinstance(node.value, str) and "text" in wanted and not wanted.startswith("one of"):
        return f'quote it: "{node.text}"' if node.text else _NO_VALUE
    if node.value is None:
        return _NO_VALUE
    if wanted.startswith("list of") and node.text:
        return f"write a list: [{node.text}]"
    if wanted.startswith("one of") and isinstance(node.value, str):
        return _choice(node.value, wanted.removeprefix("one of ").split(", "))
    if "{value, const" in wanted:
        return f"write a fixed value as {{const: {node.text}}}"
    if wanted == "true or false":
        return flag_hint(node)
    return number_hint(node) if "number" in wanted else None


def _choice(text: str, choices: list[str]) -> str | None:
    meant = _OTHER_TYPES.get(text.lower())
    return nearest(text, choices) or (f"did you mean {meant!r}?" if meant in choices else None)
