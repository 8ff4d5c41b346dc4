"""Check what stands in parentheses in an address: keys, `Orders(No='1',Line=2)`, and what functions are given.

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
from txojobs.metadata.model import Field, StructuredType
from txojobs.metadata.reach import find, hint

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from txojobs.metadata.model import Operation, Service

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


def parameter_fault(
    given: Piece,
    operations: Sequence[Operation],
    service: Service,
    *,
    of: str,
    category_of: Callable[[str], str],
) -> Fault | None:
    """Return what is wrong with what a function is given; `operations` are all that have its name.

    Source: OData 4.01 Part 2 section 4.5.3 (the values of a function are given by name).
    """
    known = {name: type_name for each in operations for name, type_name in each.parameters}
    for each in split(given, ",") if operations and "%" not in given.text else ():
        found = _NAMED.match(each.text)
        if found is None:
            named = ",".join(f"{name}=..." for name in known)
            length = len(each.text.strip())
            return Fault(each.offset, length, f"{of} takes its values by name", f"write {of}({named})")
        name, offset = found[1], each.offset + found.start(1)
        if name not in known:
            message = f"{of} has no parameter {name!r}"
            return Fault(offset, len(name), message, hint(name, known, what="its parameters are"))
        type_name = service.underlying(known[name])
        if len(operations) == 1 and (type_name.startswith("Edm.") or type_name in service.enums):
            kind = StructuredType("", fields={name: Field(name, type_name)})
            value = Piece(each.text[found.end() :].rstrip(), each.offset + found.end())
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
