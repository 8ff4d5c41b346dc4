"""The functions that work on lists and objects. None changes what it is given.

Numbers are added and compared exactly; an aggregate leaves nulls out.

Source: JMESPath specification, "Built-in Functions".
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from txojobs.expressions.arithmetic import div, total
from txojobs.expressions.compare import NUMBERS, position
from txojobs.expressions.errors import Refused, kind_of
from txojobs.expressions.literal import json_text

if TYPE_CHECKING:
    from collections.abc import Callable

    Each = Callable[[Any], Any]


def _numbers(values: list[Any]) -> list[Any]:
    present = [value for value in values if value is not None]
    for value in present:
        if type(value) not in NUMBERS:
            raise Refused(
                "takes a list of numbers", 0, value, "convert each element: map(&to_number(@), list)"
            )
    return present


def _null_hint(values: list[Any]) -> str:
    """Return what to write in place of nulls: a value of the kind that the others have."""
    numbers = any(type(value) in NUMBERS for value in values)
    return f"give nulls a value, like coalesce(field, {0 if numbers else chr(39) * 2}), or filter them out before"


def _alike(values: list[Any], argument: int) -> None:
    """Refuse values that are not all numbers or all texts."""
    for value in values:
        if value is None:
            raise Refused("cannot order null", argument, value, _null_hint(values))
        if type(value) is not str and type(value) not in NUMBERS:
            raise Refused("orders numbers or texts only", argument, value)
    kinds = {kind_of(value) for value in values}
    if len(kinds) > 1:
        odd = next(value for value in values if kind_of(value) != kind_of(values[0]))
        raise Refused(
            f"cannot order numbers and texts together; the first is a {kind_of(values[0])}", argument, odd
        )


def sum_of(values: list[Any]) -> Any:
    """Return the exact sum."""
    return total(_numbers(values))


def average(values: list[Any]) -> Any:
    """Return the exact sum divided by the count of numbers, null without any."""
    numbers = _numbers(values)
    return div(total(numbers), len(numbers)) if numbers else None


def _present(values: list[Any]) -> list[Any]:
    present = [value for value in values if value is not None]
    _alike(present, 0)
    return present


def smallest(values: list[Any]) -> Any:
    """Return the smallest number or the first text, null of none."""
    return min(_present(values), default=None)


def largest(values: list[Any]) -> Any:
    """Return the largest number or the last text, null of none."""
    return max(_present(values), default=None)


def _keyed(values: list[Any], key: Each) -> tuple[list[Any], list[Any]]:
    keyed = [(each, key(each)) for each in values]
    found = [(each, by) for each, by in keyed if by is not None]
    keys = [by for _, by in found]
    _alike(keys, 1)
    return [each for each, _ in found], keys


def min_by(values: list[Any], key: Each) -> Any:
    """Return the first element with the smallest key, null of none."""
    elements, keys = _keyed(values, key)
    return elements[keys.index(min(keys))] if keys else None


def max_by(values: list[Any], key: Each) -> Any:
    """Return the first element with the largest key, null of none."""
    elements, keys = _keyed(values, key)
    return elements[keys.index(max(keys))] if keys else None


def sort(values: list[Any]) -> list[Any]:
    """Return the values in order."""
    _alike(values, 0)
    return sorted(values)


def sort_by(values: list[Any], key: Each) -> list[Any]:
    """Return the elements in the order of their keys; equal keys keep their order."""
    keys = [key(each) for each in values]
    _alike(keys, 1)
    return [values[index] for index in sorted(range(len(values)), key=keys.__getitem__)]


def contains(subject: Any, wanted: Any) -> bool | None:
    """Tell whether a list has the value or a text the text."""
    if isinstance(subject, list):
        return position(wanted, subject) >= 0
    if wanted is None:
        return None
    if not isinstance(wanted, str):
        raise Refused("looks for a text in a text", 1, wanted, "convert it with to_string()")
    return wanted in subject


def is_in(value: Any, values: list[Any]) -> bool:
    """Tell whether the value is in the list."""
    return position(value, values) >= 0


_NO_DEFAULT = object()
_MAX_KEY = 100


def lookup(value: Any, mapping: dict[str, Any], default: Any = _NO_DEFAULT) -> Any:
    """Return what the map has for the value; a number or boolean is looked up as its text."""
    if isinstance(value, Decimal) and value.adjusted() < _MAX_KEY and value == int(value):
        value = int(value)
    name = value if isinstance(value, str) else json_text(value)
    if name in mapping:
        found = mapping[name]
    elif default is _NO_DEFAULT:
        raise Refused(
            f"finds no entry for {name[:60]!r} in the map",
            0,
            value,
            "add the entry or a default as third argument",
        )
    else:
        found = default
    return copied(found)


def copied(value: Any) -> Any:
    """Return a value whose lists and objects are its own, so that a literal is never shared."""
    if isinstance(value, list):
        return [copied(member) for member in value]
    if isinstance(value, dict):
        return {name: copied(member) for name, member in value.items()}
    return value


def length(subject: Any) -> int:
    """Return the number of characters, elements or fields."""
    return len(subject)


def reverse(subject: Any) -> Any:
    """Return the text or list from its end."""
    return subject[::-1]


def map_each(key: Each, values: list[Any]) -> list[Any]:
    """Return the result for each element, nulls kept."""
    return [key(each) for each in values]


def merge(*objects: Any) -> dict[str, Any]:
    """Return one object; the last one that has a field decides."""
    merged: dict[str, Any] = {}
    for each in objects:
        merged.update(each or {})
    return merged


def keys(subject: dict[str, Any]) -> list[str]:
    """Return the names of the fields in their order."""
    return list(subject)


def values_of(subject: dict[str, Any]) -> list[Any]:
    """Return the values of the fields in their order."""
    return list(subject.values())


def to_array(value: Any) -> list[Any]:
    """Return a list as it is, anything else as a list of one."""
    return value if isinstance(value, list) else [value]


_TYPE_NAMES = {"text": "string", "list": "array"}


def type_name(value: Any) -> str:
    """Return JMESPath's name for the type of a value."""
    kind = kind_of(value)
    return _TYPE_NAMES.get(kind, kind)


def is_null(value: Any) -> bool:
    """Tell whether the value is null."""
    return value is None


def first_not_null(value: Any, *arguments: Each) -> Any:
    """Return the first argument that is not null; what comes after it is not evaluated."""
    for argument in arguments:
        result = argument(value)
        if result is not None:
            return result
    return None


def choose(value: Any, condition: Each, then: Each, otherwise: Each | None = None) -> Any:
    """Return `then` when the condition is true, else `otherwise`; only one of them is evaluated."""
    decided = condition(value)
    if decided is True:
        return then(value)
    if decided is not None and decided is not False:
        raise Refused("takes a condition that is true or false", 0, decided, "compare it: x > 0, x != ''")
    return otherwise(value) if otherwise else None
