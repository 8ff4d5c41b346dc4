"""The closure of a function call: arguments are evaluated, their types checked, then the function runs.

A wrong type is an error that names the function, the argument as it is written and the value. Constant lists
and maps are built once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from txojobs.expressions.errors import NO_VALUE, EvaluationError, ExpressionError, Refused, kind_of, shown
from txojobs.expressions.function import Function, allowed_types
from txojobs.expressions.table import FUNCTIONS

if TYPE_CHECKING:
    from txojobs.expressions.compiler import Compiler, Run
    from txojobs.expressions.parser import Node

_WORDS = {
    "number": "a number",
    "text": "a text",
    "boolean": "true or false",
    "list": "a list",
    "object": "an object",
}
_FIXES = {
    ("number", "text"): "convert it: to_number({})",
    ("text", "number"): "convert it: to_string({})",
    ("text", "boolean"): "convert it: to_string({})",
    ("list", "text"): "make it a list: to_array({})",
    ("list", "number"): "make it a list: to_array({})",
    ("list", "object"): "make it a list: to_array({})",
}
_DIVIDES = ("div", "avg")
_KEEPS_NOTHING = ("boolean", "number", "text")
"""What a function gives that cannot hold a part of its arguments."""


def call(compiler: Compiler, node: Node) -> Run:
    """Return the closure of a call."""
    function: Function = FUNCTIONS[node["value"]]
    _vet(compiler, node, function)
    compiler.divides |= node["value"] in _DIVIDES
    arguments = tuple(
        _argument(compiler, function, index, child) for index, child in enumerate(node["children"])
    )
    return (_lazy if function.lazy else _eager)(compiler, node, function, arguments)


def _vet(compiler: Compiler, node: Node, function: Function) -> None:
    """Note a literal that the function would refuse for each record."""
    if function.vets is None:
        return
    index, vet = function.vets
    argument = node["children"][index] if index < len(node["children"]) else None
    if argument is None or argument["type"] != "literal":
        return
    value = argument["value"]
    try:
        if type(value) in allowed_types(function.word(index)):
            vet(value)
    except Refused as refused:
        start, end = compiler.place(argument)
        compiler.faults.append(
            ExpressionError(
                f"{node['value']}() {refused.reason}: {shown(value)}",
                offset=start,
                length=end - start,
                how_to_fix=refused.how_to_fix,
                example=function.example,
            )
        )


def _lazy(compiler: Compiler, node: Node, function: Function, arguments: tuple[Run, ...]) -> Run:
    body = function.call

    def run(value: Any) -> Any:
        try:
            return body(value, *arguments)
        except Refused as refused:
            raise _blame(compiler, node, refused, ()) from None

    return run


def _eager(compiler: Compiler, node: Node, function: Function, arguments: tuple[Run, ...]) -> Run:
    body = function.call
    words = [function.word(index) for index in range(len(arguments))]
    checks = tuple(None if word == "any" else allowed_types(word) for word in words)

    def run(value: Any) -> Any:
        values = [argument(value) for argument in arguments]
        for index, allowed in enumerate(checks):
            if allowed is not None and type(values[index]) not in allowed:
                if values[index] is None:
                    return None
                refused = _wrong_type(words[index], index, values[index])
                raise _blame(compiler, node, refused, ())
        try:
            return body(*values)
        except Refused as refused:
            raise _blame(compiler, node, refused, values) from None

    return run


def _argument(compiler: Compiler, function: Function, index: int, node: Node) -> Run:
    word = function.word(index)
    if word == "&":
        key = compiler.compile(node["children"][0])
        return lambda _value: key
    # a list of literals is itself a literal for a function that wants a list, whatever the record is
    if word != "any" and (function.gives in _KEEPS_NOTHING or _copies(function)):
        constant = _constant(node)
        if isinstance(constant, list | dict):
            return lambda _value: constant
    return compiler.compile(node)


def _copies(function: Function) -> bool:
    """Tell whether a function copies what it hands out of its arguments."""
    return function is FUNCTIONS["lookup"]


def _constant(node: Node) -> Any:
    """Return the value of a literal or of a list or object of literals, NO_VALUE for anything else."""
    if node["type"] == "literal":
        return node["value"]
    if node["type"] == "multi_select_list":
        members = [_constant(child) for child in node["children"]]
        return NO_VALUE if any(member is NO_VALUE for member in members) else members
    if node["type"] == "multi_select_dict":
        fields = {pair["value"]: _constant(pair["children"][0]) for pair in node["children"]}
        return NO_VALUE if any(member is NO_VALUE for member in fields.values()) else fields
    return NO_VALUE


def _wrong_type(word: str, index: int, value: Any) -> Refused:
    wanted = " or ".join(_WORDS[name] for name in word.split("|") if name in _WORDS)
    fix = _FIXES.get((word.split("|", maxsplit=1)[0], kind_of(value)))
    return Refused(f"takes {wanted} here", index, value, fix)


def _blame(
    compiler: Compiler, node: Node, refused: Refused, values: tuple[Any, ...] | list[Any]
) -> EvaluationError:
    name, argument = node["value"], node["children"][refused.argument]
    if argument["type"] == "expref":
        argument = argument["children"][0]
    operand, (start, end) = compiler.source(argument), compiler.place(argument)
    whole = values[refused.argument] if values else None
    subject = f"{operand} {'has' if isinstance(whole, list) and whole is not refused.value else 'is'} "
    if argument["type"] == "literal":
        subject = ""
    about = "" if refused.value is NO_VALUE else f": {subject}{shown(refused.value)}"
    return EvaluationError(
        f"{name}() {refused.reason}{about}",
        operator=name,
        operand=operand,
        value="" if refused.value is NO_VALUE else shown(refused.value),
        offset=start,
        length=end - start,
        how_to_fix=refused.how_to_fix.format(operand) if refused.how_to_fix else None,
    )
