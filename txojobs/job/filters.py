"""OData filters that no service reads, in another language or without an end: found without knowing the service.

A text is parsed only when something in it looks wrong, so that a good job does not pay for the parser.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from txojobs.errors import Problem
from txojobs.yaml_source import Mapping, Scalar, Sequence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from txojobs.job.model import StepUse
    from txojobs.yaml_source import Node

_TEXTS = r"(?s)'(?:[^']|'')*'|\$\{\{.*?\}\}"
_FOREIGN = r"[=<>&|!\"*+]|\b(?i:like|between|is)\b"
_UNFINISHED = frozenset(
    ["and", "or", "not", "eq", "ne", "gt", "ge", "lt", "le", "in", "has", "add", "sub", "mul", "div", "mod"]
)
"""Words that no filter ends with."""


def check_filters(use: StepUse) -> Iterator[Problem]:
    """Yield a problem for each filter of a fetch, and of what it expands, that is no OData."""
    options = use.options
    if not isinstance(options, Mapping) or "entity" not in options.entries:
        return
    for node in _filters(options):
        rest = re.sub(_TEXTS, "0", node.text)
        words = rest.split()
        if (
            re.search(_FOREIGN, rest)
            or "'" in rest
            or (words and words[-1] in _UNFINISHED)
            or rest.count("(") != rest.count(")")
        ):
            yield from _refused(node)


def _filters(options: Mapping) -> Iterator[Scalar]:
    if entry := options.entries.get("filter"):
        yield from _texts(entry.value)
    expand = options.entries.get("expand")
    if expand is not None and isinstance(expand.value, Mapping):
        for below in expand.value.entries.values():
            if isinstance(below.value, Mapping):
                yield from _filters(below.value)


def _texts(node: Node) -> Iterator[Scalar]:
    for each in node.items if isinstance(node, Sequence) else (node,):
        if isinstance(each, Scalar) and isinstance(each.value, str):
            yield each


def _refused(node: Scalar) -> Iterator[Problem]:
    from txojobs.metadata.faults import Unjudged  # noqa: PLC0415  # only for what looks foreign
    from txojobs.metadata.filter_lexer import Refusal  # noqa: PLC0415
    from txojobs.metadata.filter_parser import parse_filter  # noqa: PLC0415

    try:
        parse_filter(node.text)
    except Refusal as err:
        fault = err.fault
        where = node.mark_at(fault.offset)
        is_exact = fault.offset == 0 or where != node.where
        length = fault.length if is_exact else node.length
        yield Problem(fault.message, where, fault.fix, fault.severity, length)
    except (Unjudged, RecursionError):
        return
