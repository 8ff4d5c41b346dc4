"""Which fields an expression names, and where in the record they stand.

Follows an expression without data. A path is a tuple of names; `[]` stands for the elements of a list, `*`
for all fields of an object. What a function or a selection makes anew has no path, with the exceptions that
are known here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple, TypeAlias

from txojobs.expressions.limits import operands

if TYPE_CHECKING:
    from collections.abc import Callable

    from txojobs.expressions.parser import Node

Path: TypeAlias = "tuple[str, ...]"

ELEMENTS = "[]"
FIELDS = "*"


class _At(NamedTuple):
    """The value at a path of the record."""

    path: Path


class _Each(NamedTuple):
    """A list whose elements are alike."""

    element: _Value


class _Made(NamedTuple):
    """An object that the expression itself makes."""

    fields: dict[str, _Value]


class _Constant(NamedTuple):
    """A literal."""


_Value: TypeAlias = "_At | _Each | _Made | _Constant | None"
"""What is known of a value; None is nothing."""

_ELEMENT_OF = ("min_by", "max_by")
_SAME_LIST = ("sort", "sort_by", "reverse")
_ONE_OF = ("not_null", "coalesce")
_COMPARED_WITH_TEXT = ("contains", "starts_with", "ends_with", "in")


class Survey:
    """The names that one expression uses.

    `paths` holds the path of each field that is looked up in the data, without those that another one passes.
    `texts` are names that may have been meant as text; `unmade` are (name, names there are) for names looked
    up in an object of the expression's own that has no such field.
    """

    def __init__(self, tree: Node) -> None:
        self._named: set[Path] = set()
        self.texts: set[str] = set()
        self.unmade: list[tuple[str, tuple[str, ...]]] = []
        self._follow(tree, _At(()))
        self.paths: frozenset[Path] = frozenset(self._named - _passed(self._named))

    def _follow(self, node: Node, scope: _Value) -> _Value:
        return self._FOLLOW.get(node["type"], Survey._others)(self, node, scope)

    def _others(self, node: Node, scope: _Value) -> _Value:
        for child in node["children"]:
            self._follow(child, scope)
        return None

    def _same(self, _node: Node, scope: _Value) -> _Value:
        return scope

    def _literal(self, _node: Node, _scope: _Value) -> _Value:
        return _Constant()

    def _index(self, _node: Node, scope: _Value) -> _Value:
        return _element(scope)

    def _flatten(self, node: Node, scope: _Value) -> _Value:
        return _flattened(self._follow(node["children"][0], scope))

    def _object(self, node: Node, scope: _Value) -> _Value:
        return _Made({pair["value"]: self._follow(pair["children"][0], scope) for pair in node["children"]})

    def _comparator(self, node: Node, scope: _Value) -> _Value:
        self._suspect_operands(*node["children"])
        return self._others(node, scope)

    def _either(self, node: Node, scope: _Value) -> _Value:
        return _joined([self._follow(part, scope) for part in operands(node)])

    def _row(self, node: Node, scope: _Value) -> _Value:
        for part in operands(node) if node["type"] == "pipe" else node["children"]:
            scope = self._follow(part, scope)
        return scope

    def _field(self, node: Node, scope: _Value) -> _Value:
        name = node["value"]
        if isinstance(scope, _At):
            path = (*scope.path, name)
            self._named.add(path)
            return _At(path)
        if isinstance(scope, _Made):
            if name not in scope.fields:
                self.unmade.append((name, tuple(scope.fields)))
            return scope.fields.get(name)
        return None

    def _projected(self, node: Node, scope: _Value) -> _Value:
        base = self._follow(node["children"][0], scope)
        if node["type"] == "value_projection":
            element: _Value = _At((*base.path, FIELDS)) if isinstance(base, _At) else None
        else:
            element = _element(base)
        if node["type"] == "filter_projection":
            self._follow(node["children"][2], element)
        return _Each(self._follow(node["children"][1], element))

    def _call(self, node: Node, scope: _Value) -> _Value:
        name, arguments = node["value"], node["children"]
        if name in _COMPARED_WITH_TEXT:
            self._suspect_arguments(name, arguments)
        plain = [self._follow(each, scope) for each in arguments if each["type"] != "expref"]
        keys = [each["children"][0] for each in arguments if each["type"] == "expref"]
        found = [self._follow(key, _element(plain[0])) for key in keys]
        if name == "map":
            return _Each(found[0])
        if name in _ELEMENT_OF:
            return _element(plain[0])
        if name in _SAME_LIST:
            return plain[0]
        if name in _ONE_OF:
            return _joined(plain)
        return _joined(plain[1:]) if name == "if" else None

    def _suspect_operands(self, left: Node, right: Node) -> None:
        for one, other in ((left, right), (right, left)):
            if one["type"] == "field" and (one.get("quoted") or other["type"] != "literal"):
                self.texts.add(one["value"])

    def _suspect_arguments(self, name: str, arguments: list[Node]) -> None:
        subject, wanted = (arguments[1], arguments[0]) if name == "in" else arguments
        suspects = [wanted] if name != "in" else []
        suspects += subject["children"] if subject["type"] == "multi_select_list" else []
        self.texts.update(each["value"] for each in suspects if each["type"] == "field")

    _FOLLOW: ClassVar[dict[str, Callable[[Survey, Node, _Value], _Value]]] = {
        "and_expression": _either,
        "comparator": _comparator,
        "current": _same,
        "field": _field,
        "filter_projection": _projected,
        "flatten": _flatten,
        "function_expression": _call,
        "identity": _same,
        "index": _index,
        "index_expression": _row,
        "literal": _literal,
        "multi_select_dict": _object,
        "or_expression": _either,
        "pipe": _row,
        "projection": _projected,
        "slice": _same,
        "subexpression": _row,
        "value_projection": _projected,
    }


def _passed(paths: set[Path]) -> set[Path]:
    """Return the beginnings of all paths."""
    passed: set[Path] = set()
    for path in paths:
        shorter = path[:-1]
        while shorter and shorter not in passed:
            passed.add(shorter)
            shorter = shorter[:-1]
    return passed


def _element(value: _Value) -> _Value:
    if isinstance(value, _At):
        return _At(_deeper(value.path))
    return value.element if isinstance(value, _Each) else None


def _flattened(value: _Value) -> _Value:
    if isinstance(value, _Each) and isinstance(value.element, _At):
        return _Each(_At(_deeper(value.element.path)))
    return value


def _deeper(path: Path) -> Path:
    # lists in lists are one step: flattening takes them as they come
    return path if path and path[-1] == ELEMENTS else (*path, ELEMENTS)


def _joined(values: list[_Value]) -> _Value:
    """Return what is known of a value that is one of several; a literal beside a path is its stand-in."""
    known = [value for value in values if not isinstance(value, _Constant)]
    return known[0] if known and all(value == known[0] for value in known) else None


def path_text(path: Path) -> str:
    """Return a path as one writes it: `lines[].Amount`, `Address."zip-code"`."""
    text = ""
    for name in path:
        if name == ELEMENTS:
            text += name
        else:
            text += ("." if text else "") + (name if name == FIELDS else quoted(name))
    return text


def quoted(name: str) -> str:
    """Return a field's name as an expression spells it."""
    if name.isascii() and name.isidentifier() and name not in ("true", "false", "null"):
        return name
    import json  # noqa: PLC0415  # only a name with special characters needs it

    return json.dumps(name, ensure_ascii=False)
