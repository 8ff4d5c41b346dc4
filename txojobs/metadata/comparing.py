"""Whether two values of a filter can be compared, and how the written one must be written to be comparable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from txojobs.metadata.faults import Fault
from txojobs.metadata.literals import no_members
from txojobs.metadata.values import (
    BINARY,
    DATE,
    ENUM,
    FLAG,
    GUID,
    LIST,
    MOMENT,
    NOUNS,
    NULL,
    NUMBER,
    RECORD,
    TEXT,
    TIME,
    remedy,
)

if TYPE_CHECKING:
    from txojobs.metadata.filter_nodes import Span
    from txojobs.metadata.model import Service
    from txojobs.metadata.values import Value

_PASSED_OVER = ("", NULL, BINARY)
_ALIKE = ({DATE, MOMENT},)
"""Services compare a date with a moment, though the standard does not ask them to (Microsoft's library does)."""
_WORDS = {GUID: "guid", DATE: "date", MOMENT: "datetime", TIME: "time"}
"""The word that makes a text of a param such a value."""
_PARAM_TYPES = {TEXT: "string", NUMBER: "number", FLAG: "boolean", DATE: "date", MOMENT: "datetime"}


def comparison_fault(
    left: Value, right: Value, *, spans: tuple[Span, Span], service: Service
) -> Fault | None:
    """Return what is wrong with comparing two values, or None."""
    if left.category in _PASSED_OVER or right.category in _PASSED_OVER:
        return None
    for field, other, span in ((left, right, spans[1]), (right, left, spans[0])):
        if field.text is None and not field.is_param and (other.text is not None or other.is_param):
            return _with_value(field, other, span, service)
    for value, span in ((left, spans[0]), (right, spans[1])):
        if value.category in (RECORD, LIST):
            return _whole(value, span)
    if _agree(left.category, right.category) or ENUM in (left.category, right.category):
        return None
    start, end = spans[0].start, spans[1].end
    return Fault(
        start,
        end - start,
        f"{_said(left)}, and {_said(right)}: the two cannot be compared",
        None,
    )


def _with_value(field: Value, value: Value, span: Span, service: Service) -> Fault | None:
    """Return what is wrong with comparing what the service has with a value that the job gives."""
    length = span.end - span.start
    if field.category in (RECORD, LIST):
        return _whole(field, span)
    if field.category == ENUM:
        return _with_member(field, value, span, service)
    if value.category == ENUM:
        return Fault(span.start, length, f"{_said(field)}, and {value.name} is {NOUNS[ENUM]}", None)
    if _agree(field.category, value.category):
        return _doubt(field, value, span, service)
    if value.is_param:
        return Fault(
            span.start,
            length,
            f"{_said(field)}, and {value.name} gives {NOUNS[value.category]}",
            _remedy_of_param(field.category, value),
        )
    if service.dialect == "v2" and field.category == FLAG and value.text in ("0", "1"):  # V2 reads them so
        return None
    fix = remedy(field.category, value.text, service.dialect, edm=field.type)
    return Fault(span.start, length, f"{_said(field)}, and {value.name} is {NOUNS[value.category]}", fix)


def _doubt(field: Value, value: Value, span: Span, service: Service) -> Fault | None:
    """Return the doubt about a date or moment that some services compare with a field, and others refuse."""
    if MOMENT not in (field.category, value.category):
        return None
    if service.dialect == "v4":
        if field.category == value.category or service.is_of_microsoft:
            return None
        message = f"{_said(field)}, and {value.name} is {NOUNS[value.category]}: some services refuse that"
        fix = (
            f"write {_WORDS[field.category]}${{{{ {value.name} }}}}"
            if value.is_param
            else remedy(field.category, value.text, "v4")
        )
    else:
        word = value.name.partition("'")[0]
        if value.text is None or field.type.lower() == f"edm.{word}":
            return None
        message = f"{_said(field)}, and {word}'...' is another type: some services refuse that"
        fix = remedy(MOMENT, value.text, "v2", edm=field.type)
    return Fault(span.start, span.end - span.start, message, fix, "warning")


def _remedy_of_param(category: str, value: Value) -> str | None:
    if category in _WORDS and value.category == TEXT:
        return f"write {_WORDS[category]}${{{{ {value.name} }}}}"
    wanted = _PARAM_TYPES.get(category)
    return f"give the param `type: {wanted}`" if wanted and value.name.startswith("params.") else None


def _with_member(field: Value, value: Value, span: Span, service: Service) -> Fault | None:
    enum = service.enums[field.type]
    length = span.end - span.start
    if value.category == ENUM:
        if value.type and value.type != field.type:
            message = f"{field.name} is {field.type}, and {value.name} is of another enumeration"
            return Fault(span.start, length, message, f"write {field.type}'{enum.members[0]}'")
        return None
    if value.category == TEXT and value.text is not None:
        for message, fix in no_members(enum, value.text, quoted=True):
            return Fault(span.start, length, f"{field.name}: {message}", fix)
        return None
    if value.is_param:
        return None
    member = enum.members[0] if enum.members else "..."
    message = f"{field.name} is an enumeration ({field.type}), and {value.name} is {NOUNS[value.category]}"
    return Fault(span.start, length, message, f"write the name of a value, like {field.type}'{member}'")


def _whole(value: Value, span: Span) -> Fault:
    length = span.end - span.start
    if value.category == LIST:
        message, fix = f"{value.name} is a list, and cannot be compared", f"write {value.name}/any(x: x ...)"
    else:
        message = f"{value.name} is a structure ({value.type}), and cannot be compared"
        fix = f"compare a field of it: {value.name}/..."
    return Fault(span.start, length, message, fix)


def _agree(one: str, other: str) -> bool:
    return one == other or any({one, other} <= alike for alike in _ALIKE)


def _said(value: Value) -> str:
    """Return a value with what it is: `Balance is a number (Edm.Decimal)`."""
    kind = f" ({value.type})" if value.type else ""
    return f"{value.name} is {NOUNS[value.category]}{kind}"
