"""Check the key in an address: `Customers('1')`, `Orders(No='1',Line=2)`: its names, how many, and their types.

Alternate keys are keys, too: any field may be named. Not looked into: aliases (`@id`), and what is percent-encoded.

Source: OData 4.01 Part 2 sections 4.3.1, 4.3.2 and 4.3.5 (alternate keys). Business Central takes the
values of a key of several fields without their names, in the order of the key.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from txojobs.metadata.expanding import Piece, split
from txojobs.metadata.faults import Fault
from txojobs.metadata.filter_check import check_filter
from txojobs.metadata.reach import find, hint

if TYPE_CHECKING:
    from collections.abc import Callable

    from txojobs.metadata.model import Service, StructuredType

_NAMED = re.compile(r"\s*([^\W\d]\w*)\s*=(?!=)\s*")


def key_fault(
    key: Piece,
    service: Service,
    kind: StructuredType,
    *,
    of: str,
    is_related: bool,
    category_of: Callable[[str], str],
) -> Fault | None:
    """Return what is wrong with what stands between the parentheses behind a name, or None.

    With `is_related` a part of the key may be that of the record in front, and then is left out (section 4.3.2).
    """
    values = split(key, ",")
    if not values or not kind.key or "%" in key.text:
        return None
    named = [(_NAMED.match(each.text), each) for each in values]
    if not named[0][0] and len(values) != len(kind.key):
        if is_related and len(values) < len(kind.key):
            return None
        parts = ",".join(f"{name}=..." for name in kind.key)
        message = f"the key of {of} is {', '.join(kind.key)}, and {_values(len(values))} given"
        return Fault(key.offset, max(1, len(key.text)), message, f"write ({parts})")
    for place, (found, each) in enumerate(named):
        name = found[1] if found else kind.key[place] if place < len(kind.key) else None
        start = found.end() if found else len(each.text) - len(each.text.lstrip())
        if name is None:
            continue
        if found and find(service, kind, name) is None:
            offset = each.offset + found.start(1)
            message = f"{name!r} is no field of {of}, and no part of its key"
            return Fault(offset, len(name), message, hint(name, kind.key, what="its key is"))
        value = Piece(each.text[start:].rstrip(), each.offset + start)
        fault = _value_fault(name, value, service, kind, of=of, category_of=category_of)
        if fault is not None:
            return fault
    return None


def _value_fault(
    name: str,
    value: Piece,
    service: Service,
    kind: StructuredType,
    *,
    of: str,
    category_of: Callable[[str], str],
) -> Fault | None:
    """Return what is wrong with the value of one field: a key is written as in a comparison."""
    if name not in kind.fields:
        return None
    before = f"{name} eq "
    faults = check_filter(before + value.text, service, kind, of=of, category_of=category_of)
    for fault in faults:
        if fault.severity == "error":
            return fault._replace(offset=max(0, fault.offset - len(before))).shifted(value.offset)
    return None


def _values(number: int) -> str:
    return "one value is" if number == 1 else f"{number} values are"
