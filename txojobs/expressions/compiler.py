"""From a syntax tree to nested Python closures, made once and called for each record.

The meaning is that of jmespath's own interpreter, but for numbers (exact), order (a wrong type is an error)
and the functions of our table. The closures never change what they are given; a literal list or object comes
out fresh each time.

Source: JMESPath specification.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from txojobs.expressions.compare import truth
from txojobs.expressions.errors import ExpressionError, shorten
from txojobs.expressions.limits import operands
from txojobs.expressions.lists import copied

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from txojobs.expressions.parser import Node

    Run: TypeAlias = Callable[[Any], Any]
    """The value of one node for the value it is given."""


class Compiler:
    """Compiles the tree of one text; knows the text for the sake of errors.

    `faults` are literals that no record could make right, `null_orders` are nulls that something shall be less or
    greater than; `divides` is set when a result may be a quotient, and
    `quotients` are the members of objects that may be one.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self.faults: list[ExpressionError] = []
        self.null_orders: list[ExpressionError] = []
        self.divides = False
        self.quotients: set[str] = set()

    def compile(self, node: Node) -> Run:
        """Return the closure of a node."""
        return NODES[node["type"]](self, node)

    def compile_all(self, nodes: list[Node]) -> tuple[Run, ...]:
        """Return the closures of several nodes."""
        return tuple(map(self.compile, nodes))

    def compile_member(self, name: str, node: Node) -> Run:
        """Return the closure of a member of an object."""
        outer, self.divides = self.divides, False
        run = self.compile(node)
        if self.divides:
            self.quotients.add(name)
        self.divides |= outer
        return run

    def place(self, node: Node) -> tuple[int, int]:
        """Return where a node begins and ends in the text."""
        place: tuple[int, int] = node.get("span", (0, len(self._text)))
        return place

    def source(self, node: Node) -> str:
        """Return the text of a node on one line, shortened."""
        start, end = self.place(node)
        return shorten(self._text[start:end])


def _same(_compiler: Compiler, _node: Node) -> Run:
    return lambda value: value


def _literal(_compiler: Compiler, node: Node) -> Run:
    constant = node["value"]
    if isinstance(constant, list | dict):
        return lambda _value: copied(constant)
    return lambda _value: constant


def _field(_compiler: Compiler, node: Node) -> Run:
    name = node["value"]
    return lambda value: value.get(name) if isinstance(value, dict) else None


def _steps(compiler: Compiler, node: Node) -> Run:
    """Compile `a.b.c`, an index expression or a row of pipes: each step works on the result of the last."""
    nodes = operands(node) if node["type"] == "pipe" else node["children"]
    if all(step["type"] == "field" for step in nodes):
        return _path([step["value"] for step in nodes])
    steps = compiler.compile_all(nodes)

    def run(value: Any) -> Any:
        for step in steps:
            value = step(value)
        return value

    return run


def _path(names: list[str]) -> Run:
    def run(value: Any) -> Any:
        for name in names:
            if not isinstance(value, dict):
                return None
            value = value.get(name)
        return value

    return run


def _index(_compiler: Compiler, node: Node) -> Run:
    index = node["value"]

    def run(value: Any) -> Any:
        if not isinstance(value, list) or not -len(value) <= index < len(value):
            return None
        return value[index]

    return run


def _slice(_compiler: Compiler, node: Node) -> Run:
    part = slice(*node["children"])
    return lambda value: value[part] if isinstance(value, list) else None


def _flatten(compiler: Compiler, node: Node) -> Run:
    inner = compiler.compile(node["children"][0])

    def run(value: Any) -> Any:
        base = inner(value)
        if not isinstance(base, list):
            return None
        merged: list[Any] = []
        for element in base:
            if isinstance(element, list):
                merged.extend(element)
            else:
                merged.append(element)
        return merged

    return run


def _projection(compiler: Compiler, node: Node) -> Run:
    base_of, each = compiler.compile_all(node["children"])

    def run(value: Any) -> Any:
        base = base_of(value)
        if not isinstance(base, list):
            return None
        return [found for element in base if (found := each(element)) is not None]

    return run


def _value_projection(compiler: Compiler, node: Node) -> Run:
    base_of, each = compiler.compile_all(node["children"])

    def run(value: Any) -> Any:
        base = base_of(value)
        if not isinstance(base, dict):
            return None
        return [found for element in base.values() if (found := each(element)) is not None]

    return run


def _filter_projection(compiler: Compiler, node: Node) -> Run:
    base_of, each, condition = compiler.compile_all(node["children"])

    def run(value: Any) -> Any:
        base = base_of(value)
        if not isinstance(base, list):
            return None
        kept = [element for element in base if truth(condition(element))]
        return [found for element in kept if (found := each(element)) is not None]

    return run


def _multi_select_list(compiler: Compiler, node: Node) -> Run:
    members = compiler.compile_all(node["children"])
    return lambda value: None if value is None else [member(value) for member in members]


def _multi_select_dict(compiler: Compiler, node: Node) -> Run:
    pairs = ((pair["value"], pair["children"][0]) for pair in node["children"])
    members = tuple((name, compiler.compile_member(name, child)) for name, child in pairs)
    return lambda value: None if value is None else {name: member(value) for name, member in members}


def _or(compiler: Compiler, node: Node) -> Run:
    *others, last = compiler.compile_all(operands(node))

    def run(value: Any) -> Any:
        for operand in others:
            result = operand(value)
            if truth(result):
                return result
        return last(value)

    return run


def _and(compiler: Compiler, node: Node) -> Run:
    *others, last = compiler.compile_all(operands(node))

    def run(value: Any) -> Any:
        for operand in others:
            result = operand(value)
            if not truth(result):
                return result
        return last(value)

    return run


def _not(compiler: Compiler, node: Node) -> Run:
    inner = compiler.compile(node["children"][0])
    return lambda value: not truth(inner(value))


def _comparator(compiler: Compiler, node: Node) -> Run:
    from txojobs.expressions.comparison import comparison  # noqa: PLC0415  # which compiles its operands here

    return comparison(compiler, node)


def _call(compiler: Compiler, node: Node) -> Run:
    from txojobs.expressions.call import call  # noqa: PLC0415  # which compiles its arguments here

    return call(compiler, node)


def _reference(compiler: Compiler, node: Node) -> Run:
    start, end = compiler.place(node)
    raise ExpressionError(
        "& stands only before an argument of sort_by(), min_by(), max_by() and map()",
        offset=start,
        length=end - start,
        how_to_fix="remove the &, or write && for 'and'",
    )


NODES: dict[str, Callable[[Compiler, Node], Run]] = {
    "and_expression": _and,
    "comparator": _comparator,
    "current": _same,
    "expref": _reference,
    "field": _field,
    "filter_projection": _filter_projection,
    "flatten": _flatten,
    "function_expression": _call,
    "identity": _same,
    "index": _index,
    "index_expression": _steps,
    "literal": _literal,
    "multi_select_dict": _multi_select_dict,
    "multi_select_list": _multi_select_list,
    "not_expression": _not,
    "or_expression": _or,
    "pipe": _steps,
    "projection": _projection,
    "slice": _slice,
    "subexpression": _steps,
    "value_projection": _value_projection,
}
