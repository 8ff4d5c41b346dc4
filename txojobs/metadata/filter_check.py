"""Check an OData filter against a service: names, functions, the types of what is compared, and how it is written.

What is not known is passed over: a value of the configuration, functions of the service, open types.

Source: OData 4.01 Part 2 section 5.1.1. An enumeration may be compared with the quoted name of a value: services take
that, and no number (OData/odata.net issue 2542).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from txojobs.metadata.calling import TAKING_TYPES, argument_faults, function_called, type_named
from txojobs.metadata.comparing import comparison_fault
from txojobs.metadata.faults import IN_4_01_ALONE, Fault, Unjudged
from txojobs.metadata.filter_lexer import Refusal
from txojobs.metadata.filter_nodes import Binary, Call, Every, Group, Hole, Literal, Path, Span, Unary
from txojobs.metadata.filter_parser import parse_filter, parse_order
from txojobs.metadata.literals import value_of_hole, value_of_literal
from txojobs.metadata.reach import Reach, walk
from txojobs.metadata.values import CATEGORIES, ENUM, FLAG, LIST, NOUNS, NUMBER, RECORD, TEXT, Value

if TYPE_CHECKING:
    from collections.abc import Callable

    from txojobs.metadata.filter_nodes import Node
    from txojobs.metadata.model import Service, StructuredType

_COMPARING = ("eq", "ne", "gt", "ge", "lt", "le")
_JOINING = ("and", "or")
_COUNTING = ("add", "sub", "mul", "div", "divby", "mod")
_ANYTHING = Value()
_CONDITION = Value(FLAG, "the condition")


def check_filter(
    text: str,
    service: Service,
    kind: StructuredType,
    *,
    of: str,
    category_of: Callable[[str], str],
    inside: bool = False,
) -> list[Fault]:
    """Return what is wrong in a filter on records of a type; `of` is what they are called.

    `category_of` gives the category of the value of a `${{ path }}`, '' when it is not known. `inside` tells that it
    stands inside of an expansion, where `$it` may mean the record that is expanded.
    """
    return _checked(text, service, kind, of=of, category_of=category_of, inside=inside, is_order=False)


def check_order(
    text: str,
    service: Service,
    kind: StructuredType,
    *,
    of: str,
    category_of: Callable[[str], str],
    inside: bool = False,
) -> list[Fault]:
    """Return what is wrong in one order expression, `asc` or `desc` behind it."""
    return _checked(text, service, kind, of=of, category_of=category_of, inside=inside, is_order=True)


def _checked(
    text: str,
    service: Service,
    kind: StructuredType,
    *,
    of: str,
    category_of: Callable[[str], str],
    inside: bool,
    is_order: bool,
) -> list[Fault]:
    try:
        node, doubts = (parse_order if is_order else parse_filter)(text)
        checker = _Checker(service, kind, of, category_of)
        checker.knows_it = not inside
        value = checker.value(node)
        if not is_order:
            checker.want_condition(node, value)
    except Refusal as err:
        return [err.fault]
    except (Unjudged, RecursionError):
        return []
    faults = [*doubts, *checker.faults]
    return [each for each in faults if service.version != "4.01" or not each.message.endswith(IN_4_01_ALONE)]


class _Checker:
    def __init__(
        self, service: Service, kind: StructuredType, of: str, category_of: Callable[[str], str]
    ) -> None:
        self._service = service
        self._kind = kind
        self._of = of
        self._category_of = category_of
        self._variables: dict[str, Reach] = {}
        self.knows_it = True
        """Whether `$it` is the record."""
        self.faults: list[Fault] = []

    def value(self, node: Node) -> Value:
        """Return what a part of the filter gives, and note what is wrong in it."""
        if isinstance(node, Literal):
            return value_of_literal(node, self._service, self.faults)
        if isinstance(node, Hole):
            return value_of_hole(node, self._category_of(node.path), self._service, self.faults)
        if isinstance(node, Path):
            return self._path(node)
        if isinstance(node, Call):
            return self._call(node)
        if isinstance(node, Every):
            return self._every(node)
        if isinstance(node, Unary):
            return self._unary(node)
        if isinstance(node, Binary):
            return self._binary(node)
        if isinstance(node, Group):
            values = [self.value(item) for item in node.items]
            return values[0] if len(values) == 1 else _ANYTHING
        return _ANYTHING

    def _fault(self, span: Span, message: str, fix: str | None = None) -> None:
        self.faults.append(Fault(span.start, max(1, span.end - span.start), message, fix))

    def want_condition(self, node: Node, value: Value) -> None:
        """Note a part that must be true or false and is not."""
        if value.category not in ("", FLAG) and not value.is_param:
            fix = f"compare it with something: {value.name} eq ..." if isinstance(node, Path) else None
            self._fault(node.span, f"{value.name} is {NOUNS[value.category]}, and no condition", fix)

    # -- paths --------------------------------------------------------------------------------------------------

    def _path(self, node: Path) -> Value:
        if node.segments[0].name == "$it":
            if not self.knows_it:
                return _ANYTHING
            node = node._replace(segments=node.segments[1:])
        first, *rest = node.segments
        variable = self._variables.get(first.name)
        if variable is None:
            found = walk(self._service, self._kind, node.segments, of=self._of, through_lists=False)
        else:
            kind = self._service.types.get(variable.type or "")
            if kind is None:
                return self._reached(variable, first.name) if not rest else _ANYTHING
            found = walk(self._service, kind, rest, of=first.name, through_lists=False)
        if isinstance(found, Fault):
            self.faults.append(self._explained(found, node))
            return _ANYTHING
        return self._reached(found, "/".join(segment.name for segment in node.segments))

    def _explained(self, fault: Fault, node: Path) -> Fault:
        """Return the fault, with another remedy where a text without quotes looks like a field."""
        first = node.segments[0]
        if (
            len(node.segments) == 1
            and fault.offset == first.offset
            and first.name in ("True", "False", "NULL")
        ):
            return fault._replace(fix=f"write {first.name.lower()}")
        if len(node.segments) == 1 and fault.fix is not None and not fault.fix.startswith("did you mean"):
            return fault._replace(fix=f"a text stands in quotes: '{first.name}'; {fault.fix}")
        return fault

    def _reached(self, found: Reach, name: str) -> Value:
        kind = found.type
        if found.is_many:
            return Value(LIST, name, kind or "")
        if kind is None:
            return _ANYTHING
        if kind in self._service.enums:
            return Value(ENUM, name, kind)
        if kind in self._service.types:
            return Value(RECORD, name, kind)
        return Value(CATEGORIES.get(kind, ""), name, kind)

    def _every(self, node: Every) -> Value:
        if self._service.dialect == "v2":  # a service of V3 may call its document one of V2
            message = "any and all are of OData V3 and V4, and services of V2 refuse them"
            length = max(1, node.span.end - node.span.start)
            self.faults.append(Fault(node.span.start, length, message, None, "warning"))
        path = self._path(node.path)
        if path.category not in ("", LIST):
            fix = "any and all look into a list; compare it directly"
            self._fault(node.path.span, f"{path.name} is {NOUNS[path.category]}, and no list", fix)
            return _CONDITION
        if node.variable is not None and node.condition is not None:
            before = dict(self._variables)
            self._variables[node.variable] = Reach(path.type or None, name=node.variable)
            self.want_condition(node.condition, self.value(node.condition))
            self._variables = before
        return _CONDITION

    # -- operators ----------------------------------------------------------------------------------------------

    def _unary(self, node: Unary) -> Value:
        value = self.value(node.operand)
        if node.operator == "not":
            self.want_condition(node.operand, value)
            return _CONDITION
        return value

    def _binary(self, node: Binary) -> Value:
        if node.operator in _JOINING:
            for part in _parts(node):
                self.want_condition(part, self.value(part))
            return _CONDITION
        left = self.value(node.left)
        if node.operator == "in":
            return self._in(node, left)
        right = self.value(node.right)
        if node.operator in _COMPARING:
            self._compare(left, right, (node.left.span, node.right.span))
            return _CONDITION
        if node.operator in _COUNTING:
            return self._count(left, right, node)
        self._has(node, left)
        return _CONDITION

    def _has(self, node: Binary, left: Value) -> None:
        if self._service.dialect == "v2":
            self._fault(node.span, "OData V2 and V3 have no operator has")
        elif left.category not in ("", ENUM):
            fix = "write contains(...) to look into a text" if left.category == TEXT else None
            self._fault(
                node.span, f"has takes an enumeration, and {left.name} is {NOUNS[left.category]}", fix
            )

    def _compare(self, left: Value, right: Value, spans: tuple[Span, Span]) -> None:
        fault = comparison_fault(left, right, spans=spans, service=self._service)
        if fault is not None:
            self.faults.append(fault)

    def _in(self, node: Binary, left: Value) -> Value:
        if self._service.dialect == "v2":
            fix = "write one comparison for each value, joined by or"
            self._fault(node.span, "OData V2 and V3 have no operator in", fix)
        elif isinstance(node.right, Group):
            for item in node.right.items:
                value = self.value(item)
                if value.category == LIST and value.is_param:
                    self._fault(
                        node.right.span, f"{value.name} brings parentheses of its own", "remove these"
                    )
                else:
                    self._compare(left, value, (node.left.span, item.span))
        elif isinstance(node.right, Literal):
            fix = f"write in ({node.right.text})"
            self._fault(node.right.span, "in takes a list in parentheses", fix)
        else:
            self.value(node.right)
        return _CONDITION

    def _count(self, left: Value, right: Value, node: Binary) -> Value:
        for value, part in ((left, node.left), (right, node.right)):
            if value.category in ("text", FLAG, ENUM, RECORD, LIST) and not value.is_param:
                noun = NOUNS[value.category]
                self._fault(part.span, f"{node.operator} takes numbers, and {value.name} is {noun}")
                return _ANYTHING
        return Value(NUMBER, "this") if left.category == right.category == NUMBER else _ANYTHING

    def _call(self, node: Call) -> Value:
        function = function_called(node, self._service, self.faults)
        if function is None:
            return _ANYTHING
        result = Value(function.gives, f"{node.name.name}(...)")
        if function_taking_a_type := type_named(node, self._service, self.faults):
            for argument in node.arguments[:-1]:
                self.value(argument)
            return (
                self._reached(Reach(function_taking_a_type), result.name) if result.category == "" else result
            )
        if node.name.name.lower() not in TAKING_TYPES:
            values = [self.value(argument) for argument in node.arguments]
            self.faults.extend(argument_faults(node, function, values))
        return result


def _parts(node: Binary) -> list[Node]:
    """Return what `and` and `or` join, in order; a long chain is no deep one."""
    found: list[Node] = []
    waiting: list[Node] = [node]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Binary) and part.operator in _JOINING:
            waiting += [part.right, part.left]
        else:
            found.append(part)
    return found
