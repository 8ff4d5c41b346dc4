"""The functions that a filter calls: whether the dialect has them, and what they are given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from txojobs.metadata.faults import IN_4_01_ALONE, Fault
from txojobs.metadata.filter_nodes import Path
from txojobs.metadata.functions import FUNCTIONS
from txojobs.metadata.values import CATEGORIES, ENUM, NOUNS, NULL
from txojobs.suggest import nearest_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from txojobs.metadata.filter_nodes import Call
    from txojobs.metadata.functions import Function
    from txojobs.metadata.model import Service
    from txojobs.metadata.values import Value

TAKING_TYPES = ("isof", "cast", "case")
"""They take names of types, or pairs: not looked into."""
_TWINS = {"contains": "substringof", "substringof": "contains"}


def function_called(node: Call, service: Service, faults: list[Fault]) -> Function | None:
    """Return the function, or None for one that the service may have of its own; note one that is none."""
    name = node.name.name
    if name in ("any", "all"):
        faults.append(_at_name(node, f"{name} stands behind a list", f"write List/{name}(x: x/Field eq 1)"))
        return None
    function = FUNCTIONS.get(name) or FUNCTIONS.get(name.lower())
    if function is None:
        near = nearest_name(name, [each for each in FUNCTIONS if "." not in each])
        own = {each.name.rpartition(".")[2] for each in service.operations}
        if near is not None and name not in own and name not in service.imports:
            faults.append(_at_name(node, f"there is no function {name!r}", f"did you mean {near!r}?"))
        return None
    if name not in FUNCTIONS:
        message = f"{name} is a function {IN_4_01_ALONE}"
        faults.append(_at_name(node, message, f"write {name.lower()}")._replace(severity="warning"))
    if service.dialect not in function.dialects:
        twin = _TWINS.get(name.lower())
        fix = f"write {twin}, with its two arguments the other way round" if twin else None
        faults.append(_at_name(node, f"{name} is no function of OData {service.dialect.upper()}", fix))
    return function


def type_named(node: Call, service: Service, faults: list[Fault]) -> str | None:
    """Return the type that `cast` or `isof` names last, without its alias; note one that the service cannot know.

    None where it is quoted, as V2 writes it, or nothing is known of it.
    """
    last = node.arguments[-1] if node.arguments else None
    if node.name.name.lower() not in ("cast", "isof") or not isinstance(last, Path) or len(last.segments) > 1:
        return None
    name = last.segments[0].name
    full = service.full_name(name)
    if full.startswith(("Edm.Geo", "Edm.Stream")):
        return None
    known = (
        [*CATEGORIES] if full.startswith("Edm.") else [*service.types, *service.enums, *service.definitions]
    )
    if full in known:
        return service.underlying(full)
    own = {"Edm", *(each.rpartition(".")[0] for each in (*service.types, *service.enums))}
    if full.rpartition(".")[0] in own:
        near = nearest_name(full, known)
        fix = f"did you mean {near}?" if near else None
        faults.append(Fault(last.span.start, len(name), f"there is no type {name!r}", fix))
    return None


def argument_faults(node: Call, function: Function, values: Sequence[Value]) -> Iterator[Fault]:
    """Yield what is wrong in number and kind of the arguments."""
    name = node.name.name
    most = len(function.takes)
    if not function.least <= len(values) <= most:
        number = f"{most}" if function.least == most else f"{function.least} to {most}"
        plural = "" if number == "1" else "s"
        message = f"{name} takes {number} value{plural}, not {len(values)}"
        yield Fault(node.span.start, node.span.end - node.span.start, message)
        return
    for argument, value, takes in zip(node.arguments, values, function.takes, strict=False):
        wanted = takes.split()
        if not wanted or value.is_param or value.category in ("", NULL, ENUM, *wanted):
            continue
        noun = NOUNS[value.category] + (f" ({value.type})" if value.type else "")
        needs = " or ".join(NOUNS[each] for each in wanted)
        message = f"{name} takes {needs} here, and {value.name} is {noun}"
        yield Fault(argument.span.start, argument.span.end - argument.span.start, message)


def _at_name(node: Call, message: str, fix: str | None) -> Fault:
    return Fault(node.name.offset, len(node.name.name), message, fix)
