"""Check an aggregation, `groupby((Country),aggregate(Balance with sum as Due))`: its fields, and how it adds up.

Looked into are the transformations that see the fields of the records: behind one that makes fields of its own
nothing is said.

Source: OData Extension for Data Aggregation 4.0, section 3 ($apply).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from txojobs.metadata.expanding import Piece, check_field, split
from txojobs.metadata.faults import Fault
from txojobs.metadata.filter_check import check_filter
from txojobs.metadata.reach import Segment, walk
from txojobs.metadata.values import CATEGORIES, NOUNS, NUMBER
from txojobs.suggest import nearest_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from txojobs.metadata.model import Service, StructuredType

_CALL = re.compile(r"\s*([A-Za-z]+)\s*\((.*)\)\s*", re.DOTALL)
_SUM = re.compile(r"\s*([\w./$]+?)(?:\s+with\s+([\w.]+))?(?:\s+from\s.*)?(?:\s+as\s+(\w+))?\s*", re.DOTALL)
_METHODS = ("sum", "min", "max", "average", "countdistinct")
_OF_NUMBERS = ("sum", "average")
_KEEPS_FIELDS = ("filter", "search", "top", "skip", "orderby", "identity", "topcount", "bottomcount")
_MAKES_FIELDS = (
    *(
        "groupby",
        "aggregate",
        "compute",
        "expand",
        "concat",
        "topsum",
        "bottomsum",
        "toppercent",
        "bottompercent",
    ),
    *("join", "outerjoin", "nest", "addnested", "ancestors", "descendants", "traverse"),
)
_KNOWN = (*_KEEPS_FIELDS, *_MAKES_FIELDS)


def check_apply(
    text: str, service: Service, kind: StructuredType, *, of: str, category_of: Callable[[str], str]
) -> list[Fault]:
    """Return what is wrong in an aggregation of records of a type; `of` is what they are called."""
    return list(_Applied(service, kind, of, category_of).steps(Piece(text, 0)))


class _Applied:
    def __init__(
        self, service: Service, kind: StructuredType, of: str, category_of: Callable[[str], str]
    ) -> None:
        self._service = service
        self._kind = kind
        self._of = of
        self._category_of = category_of

    def steps(self, text: Piece) -> Iterator[Fault]:
        """Yield the faults of transformations with a slash between them, up to the first that makes fields."""
        for step in split(text, "/"):
            found = _CALL.fullmatch(step.text)
            if found is None:
                return  # `identity`, or a function of the service
            name, inside = found[1], Piece(found[2], step.offset + found.start(2))
            if name not in _KNOWN:
                near = nearest_name(name, _KNOWN)
                if near is not None:
                    message = f"there is no transformation {name!r}"
                    yield Fault(step.offset + found.start(1), len(name), message, f"did you mean {near!r}?")
                return
            yield from self._step(name, inside)
            if name not in _KEEPS_FIELDS:
                return

    def _step(self, name: str, inside: Piece) -> Iterator[Fault]:
        if name == "filter":
            for fault in check_filter(
                inside.text, self._service, self._kind, of=self._of, category_of=self._category_of
            ):
                yield fault.shifted(inside.offset)
        elif name == "groupby":
            fields, *then = split(inside, ",")
            stripped = fields.text.strip()
            if stripped.startswith("(") and stripped.endswith(")"):
                start = fields.offset + fields.text.index("(") + 1
                yield from self._fields(Piece(stripped[1:-1], start))
            for each in then:
                yield from self.steps(each)
        elif name == "aggregate":
            for each in split(inside, ","):
                yield from self._sum(each)

    def _fields(self, names: Piece) -> Iterator[Fault]:
        for each in split(names, ","):
            start = each.offset + len(each.text) - len(each.text.lstrip())
            for fault in check_field(each.text.strip(), self._service, self._kind, of=self._of):
                yield fault.shifted(start)

    def _sum(self, text: Piece) -> Iterator[Fault]:
        """Yield what is wrong in `Field with method as Name`; expressions are the service's own affair."""
        found = _SUM.fullmatch(text.text)
        if found is None:
            return
        field, offset = found[1], text.offset + found.start(1)
        faults = check_field(field, self._service, self._kind, of=self._of)
        yield from (fault.shifted(offset) for fault in faults)
        method = found[2]
        if method is not None and "." not in method and method not in _METHODS:
            near = nearest_name(method, _METHODS) or ", ".join(_METHODS)
            message = f"there is no method {method!r} to aggregate with"
            yield Fault(text.offset + found.start(2), len(method), message, f"write {near}")
        elif not faults and method in _OF_NUMBERS:
            reach = walk(
                self._service, self._kind, [Segment(each, 0) for each in field.split("/")], of=self._of
            )
            category = "" if isinstance(reach, Fault) else CATEGORIES.get(reach.type or "", "")
            if category not in ("", NUMBER):
                yield Fault(offset, len(field), f"{method} takes numbers, and {field} is {NOUNS[category]}")
