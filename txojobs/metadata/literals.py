"""What a literal of a filter is, and whether the dialect of the service knows it.

Source: OData 4.01 ABNF (primitiveLiteral), OData V2 Overview section 6.
"""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

from txojobs.metadata.faults import Fault, Unjudged
from txojobs.metadata.values import (
    BINARY,
    DATE,
    DURATION,
    ENUM,
    FLAG,
    GUID,
    LIST,
    MOMENT,
    NULL,
    NUMBER,
    TEXT,
    TIME,
    Value,
    remedy,
)
from txojobs.suggest import nearest_name

if TYPE_CHECKING:
    from txojobs.metadata.filter_nodes import Hole, Literal
    from txojobs.metadata.model import EnumType, Service

_PREFIXES: dict[str, tuple[str, str]] = {
    "datetime": (MOMENT, "v2"),
    "datetimeoffset": (MOMENT, "v2"),
    "time": (TIME, "v2"),
    "guid": (GUID, "v2"),
    "X": (BINARY, "v2"),
    "binary": (BINARY, ""),
    "duration": (DURATION, "v4"),
    "geography": ("", ""),
    "geometry": ("", ""),
}
"""What each word before a quote makes of the text, and the dialect that it belongs to ('' for both)."""

_WORDS = {
    "guid": GUID,
    "date": DATE,
    "datetime": MOMENT,
    "datetimeoffset": MOMENT,
    "time": TIME,
    "timeofday": TIME,
}
"""What a word that touches a `${{ }}` makes of its value: see rest/typed_literals.py."""
_ZONE = re.compile(r"(Z|[-+][0-9]{2}:[0-9]{2})$")
_BARE = {"guid": GUID, "moment": MOMENT, "date": DATE, "time": TIME}


_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:T(.*))?")
_CLOCK = re.compile(r"([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]+)?)?(?:Z|[-+][0-9]{2}:[0-9]{2})?")


def is_possible(text: str) -> bool:
    """Tell whether the calendar has a day, and a day the time; what is written in another way may be."""
    day = _DAY.fullmatch(text)
    if day is not None and int(day[1]):  # year 0 is one for OData
        try:
            date(int(day[1]), int(day[2]), int(day[3]))
        except ValueError:
            return False
    clock = _CLOCK.fullmatch((day[4] or "") if day is not None else text)
    most = (23, 59, 59)
    return clock is None or all(int(part or 0) <= end for part, end in zip(clock.groups(), most, strict=True))


def _may_be(category: str, text: str) -> bool:
    """Tell whether a text behind a word of V2 may be such a value; services read more forms than are written here."""
    if category == GUID:
        return re.fullmatch(r"[{(]?[0-9A-Fa-f-]{32,36}[)}]?", text) is not None
    if category == TIME:
        return text.startswith(("P", "-P"))
    return category != MOMENT or (text.lstrip("-")[:4].isdigit() and is_possible(text))


def value_of_literal(node: Literal, service: Service, faults: list[Fault]) -> Value:
    """Return the value that is written down; note what the dialect of the service does not read."""
    if node.kind == "text":
        text = node.text[1:-1].replace("''", "'")
        return Value(TEXT, node.text, text=text)
    if node.kind == "number":
        return Value(NUMBER, node.text, text=node.text.rstrip("lLmMdDfF"))
    if node.kind == "word":
        category = {"true": FLAG, "false": FLAG, "null": NULL}.get(node.text, NUMBER)
        return Value(category, node.text, text=node.text)
    if node.kind == "prefixed":
        return _prefixed(node, service, faults)
    category = _BARE[node.kind]
    value = Value(category, node.text, text=node.text)
    if service.dialect == "v2":
        wanted = MOMENT if category == DATE else category
        message = f"{node.text} is how OData V4 writes {_noun(category)}, and this service speaks V2"
        faults.append(_at(node, message, remedy(wanted, node.text, "v2")))
        return Value()
    if not is_possible(node.text):
        faults.append(_at(node, f"{node.text} is {_noun(category)} that does not exist", None))
        return Value()
    if category == MOMENT and not _ZONE.search(node.text):
        faults.append(_at(node, f"{node.text} has no time zone", f"write {node.text}Z for UTC"))
    return value


def _prefixed(node: Literal, service: Service, faults: list[Fault]) -> Value:
    prefix, _, rest = node.text.partition("'")
    text = rest[:-1].replace("''", "'")
    if prefix in _PREFIXES:
        category, dialect = _PREFIXES[prefix]
        if dialect and dialect != service.dialect:
            other = service.dialect.upper()
            message = f"{prefix}'...' belongs to OData {dialect.upper()}, and this service speaks {other}"
            wanted = "T" in text or prefix != "datetime"
            faults.append(_at(node, message, remedy(category if wanted else DATE, text, service.dialect)))
            return Value()
        if dialect == "v2" and not _may_be(category, text):
            fix = remedy(category, text, dialect) if is_possible(text) else None
            faults.append(_at(node, f"{text!r} is no value of {prefix}'...'", fix))
            return Value()
        return Value(category, node.text, text=text)
    return _member(node, prefix, text, service, faults)


def value_of_hole(node: Hole, category: str, service: Service, faults: list[Fault]) -> Value:
    """Return what is known of a value that comes later; `category` is that of its declared type."""
    if "." in node.word:
        name = service.full_name(node.word)
        if name not in service.enums:
            near = nearest_name(name, service.enums)
            if near is not None:
                faults.append(_no_enumeration(node.span.start, node.word, f"did you mean {near}?"))
            return Value(name=node.path, is_param=True)
        return Value(ENUM, node.path, name, is_param=True)
    if node.word and category != LIST:
        category = _WORDS.get(node.word.lower(), "")
    return Value(category, node.path, is_param=True)


def _no_enumeration(offset: int, name: str, fix: str) -> Fault:
    return Fault(offset, len(name), f"{name!r} is no enumeration of the service", fix)


def _member(node: Literal, prefix: str, text: str, service: Service, faults: list[Fault]) -> Value:
    """Return the value of `Namespace.Enumeration'Member'`."""
    name = service.full_name(prefix)
    enum = service.enums.get(name)
    if enum is None:
        last = {full.rpartition(".")[2]: full for full in service.enums}
        near = last.get(prefix) or nearest_name(name, service.enums)
        if near is None:
            raise Unjudged
        faults.append(_no_enumeration(node.span.start, prefix, f"did you mean {near}'{text}'?"))
        return Value()
    offset = node.span.start + len(prefix) + 1
    faults.extend(
        Fault(offset, max(1, len(text)), message, fix)
        for message, fix in no_members(enum, text, quoted=False)
    )
    return Value(ENUM, node.text, type=name, text=text)


def no_members(enum: EnumType, text: str, *, quoted: bool) -> list[tuple[str, str]]:
    """Return what is wrong with the names of members in a text, and the remedy; a number is always one."""
    found = []
    known = {_plain(member): member for member in enum.members}
    for name in text.split(",") if enum.is_flags else (text,):
        word = name.strip()
        if word in enum.members or _plain(word) in known or word.lstrip("-").isdigit() or not word:
            continue
        near = nearest_name(word, enum.members)
        shown = f"'{near}'" if quoted else repr(near)
        listed = ", ".join(enum.members[:12]) + (", ..." if len(enum.members) > 12 else "")  # noqa: PLR2004
        fix = f"did you mean {shown}?" if near else f"the values are: {listed}"
        found.append((f"{word!r} is no value of {enum.name}", fix))
    return found


def _plain(member: str) -> str:
    """Return a member's name as people write it: services encode what is no letter, as `_x0020_`."""
    return re.sub(r"_x([0-9A-Fa-f]{4})_", lambda found: chr(int(found[1], 16)), member).strip()


def _noun(category: str) -> str:
    return {GUID: "a GUID", MOMENT: "a date and time", DATE: "a date", TIME: "a time of day"}[category]


def _at(node: Literal, message: str, fix: str | None) -> Fault:
    return Fault(node.span.start, len(node.text), message, fix)
