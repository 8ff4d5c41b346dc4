"""One page of an OData V4 collection: its records, its links, its count.

Accepts the names of 4.0 (`@odata.nextLink`), of 4.01 (`@nextLink`) and of V3 (`odata.nextLink`). A body without
`value`, or with an `error`, is never taken for an empty page.

Source: OData JSON Format 4.01 sections 4.5 and 4.6; Part 1 section 11.2.6.7 (server-driven paging).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

from txojobs.errors import ApiOperationError
from txojobs.redact import shortened
from txojobs.rest.answers import explain
from txojobs.rest.content import read_json, unreadable
from txojobs.rest.envelope import refuse_twice
from txojobs.rest.failures import Cause
from txojobs.rest.origin import resolved
from txojobs.rest.service_text import error_member, read_service_error

if TYPE_CHECKING:
    from txojobs.records import JsonValue, Record
    from txojobs.rest.answers import Answer
    from txojobs.rest.failures import AttemptError


_REPORT = "report it to the provider of the service: what follows would be lost"
_NEXT_LINKS = ("odata.nextLink", "nextLink")
_COUNTS = ("odata.count", "count")
_LINKS = ("@odata.nextLink", "@nextLink", "odata.nextLink")
_GO_ON = ("nextlink", "next", "nextpage")
_MORE = ("morerecords", "hasmore", "hasmorerows", "hasnext", "hasnextpage")
_LABEL = "OData.Community.Display.V1.FormattedValue"
"""What a person reads instead of a number: the name of an option, of a currency, of a related record."""


class Page(NamedTuple):
    """A page as it came; its link is resolved, its records are untouched."""

    records: list[Record]
    next_link: str | None
    total: int | None
    base: str
    """What relative links inside the records are resolved against."""
    session: str = ""
    """That of the answer."""


def read_page(answer: Answer) -> Page:
    """Return the page that an answer holds.

    Raises:
        AttemptError: it holds none.
    """
    value = read_json(answer)
    refuse_error(answer, value)
    records = value.get("value") if isinstance(value, dict) else None
    if not isinstance(records, list) or not isinstance(value, dict):
        raise _no_page(answer, value)
    refuse_other_records(answer, records)
    refuse_twice(answer, has_records=bool(records))
    base = resolved(answer.url, text_of(value, "context") or "")
    link = next_link(annotation(value, "nextLink"), answer)
    if link is None:
        refuse_strange_links(answer, value)
    return Page(
        cast("list[Record]", records),
        None if link is None else resolved(base, link),
        counted(annotation(value, "count")),
        base,
    )


def next_link(value: JsonValue, answer: Answer) -> str | None:
    """Return the link of a page, None when absent, null or empty.

    Raises:
        AttemptError: it is no text: what follows would be lost.
    """
    if value is None or isinstance(value, str):
        return value or None
    raise unreadable(answer, _no_link(value), _REPORT, cause=Cause.REFUSED)


def nested_link(value: JsonValue, *, field: str) -> str | None:
    """Return the link of an expanded collection, None when absent, null or empty.

    Raises:
        ApiOperationError: it is no text.
    """
    if value is None or isinstance(value, str):
        return value or None
    raise ApiOperationError(f"{field!r} of a record: {_no_link(value)}", how_to_fix=_REPORT)


def _no_link(value: JsonValue) -> str:
    return f"the answer goes on at {shortened(str(value), 60)!r}, which is no address"


def _no_page(answer: Answer, value: JsonValue) -> AttemptError:
    if isinstance(value, dict) and isinstance(value.get("d"), dict | list):
        return unreadable(
            answer,
            "this service answers in the form of OData V2 (or the verbose one of V3), but the configuration does not "
            "say so",
            'write `"odata": "v2"` for this service in the configuration: values in filters are written '
            "differently there, and a service of V3 that answers so is read in the same way",
            cause=Cause.REFUSED,
        )
    return unreadable(
        answer,
        "the answer has no list `value`, so it is no page of an entity set",
        "check that the address names an entity set, not a single record or another service",
        cause=Cause.REFUSED,
    )


def refuse_other_records(answer: Answer, records: list[JsonValue]) -> None:
    """Raise AttemptError when a list holds anything but records."""
    if not all(type(record) is dict for record in records):
        raise unreadable(
            answer,
            "the list of the answer holds something that is no record",
            "the address names a list of plain values, not an entity set",
            cause=Cause.REFUSED,
        )


def refuse_error(answer: Answer, value: JsonValue) -> None:
    """Raise AttemptError when an answer that says 200 holds an error."""
    if error_member(value) is not None:
        raise _told_error(answer)


def _told_error(answer: Answer) -> AttemptError:
    told = read_service_error(answer.body, answer.headers)
    failure = unreadable(
        answer,
        f"the answer says 200 but holds an error: {told.message or told.code}",
        "correct what the service names, or try again later",
        cause=Cause.REFUSED,
    )
    failure.error.code = told.code
    failure.error.correlation_id = told.correlation_id
    explain(failure.error, told)
    return failure


def refuse_strange_links(answer: Answer, *envelopes: Record, known: tuple[str, ...] = _LINKS) -> None:
    """Raise AttemptError when a page without a link says in other words that it goes on: no row may be lost."""
    for name, value in (pair for envelope in envelopes for pair in envelope.items()):
        plain = name.lower().replace("_", "").rpartition("@")[2].rpartition(".")[2]
        goes_on = plain in _GO_ON and value not in (None, "") and name not in known
        if goes_on or (plain in _MORE and value is True):
            raise unreadable(
                answer,
                f"the answer goes on under {name!r}, which is no link of OData"
                if goes_on
                else f"the answer says that there is more ({name!r}), and not where",
                _REPORT,
                cause=Cause.REFUSED,
            )


def annotation(record: Record, name: str) -> JsonValue:
    """Return a control information of a record or page, in the spelling of 4.0, 4.01 or V3."""
    spellings = (f"@odata.{name}", f"@{name}", f"odata.{name}")
    return next((record[each] for each in spellings if record.get(each) is not None), None)


def text_of(record: Record, name: str) -> str | None:
    """Return a control information that is a text, None when absent or empty."""
    value = annotation(record, name)
    return value if isinstance(value, str) and value else None


class Continuation(NamedTuple):
    """An expanded collection that goes on elsewhere, or of which the service says how many records it has."""

    owner: Record
    field: str
    link: str | None = None
    total: int | None = None


def tidy(records: list[Record], unfinished: list[Continuation], *, keep: bool) -> None:
    """Take the control information out of records, in place and at every depth, unless `keep`.

    Works field by field: records of a page are alike, and their fields are far fewer than their values. Expanded
    collections that go on elsewhere or are counted are added to `unfinished`.
    """
    for name in sorted(set[str]().union(*records)):
        if "@" in name or name.startswith("odata."):
            _take_out(name, records, unfinished, keep=keep)
            continue
        values = [record.get(name) for record in records]
        kinds = set(map(type, values))
        if dict in kinds:
            tidy([value for value in values if isinstance(value, dict)], unfinished, keep=keep)
        if list in kinds:
            items = [item for value in values if isinstance(value, list) for item in value]
            tidy([item for item in items if isinstance(item, dict)], unfinished, keep=keep)


def _take_out(name: str, records: list[Record], unfinished: list[Continuation], *, keep: bool) -> None:
    field, _, kind = name.partition("@")
    for record in records:
        if field and kind in _COUNTS and (total := counted(record.get(name))) is not None:
            unfinished.append(Continuation(record, field, total=total))
        if field and kind not in _NEXT_LINKS and kind.lower().rpartition(".")[2] == "nextlink":
            raise ApiOperationError(
                f"{field!r} of a record goes on under {name!r}, which is no link of OData", how_to_fix=_REPORT
            )
        link = nested_link(record.get(name), field=field) if field and kind in _NEXT_LINKS else None
        if link is not None:
            unfinished.append(Continuation(record, field, link))
            del record[name]
        elif not keep and name in record:
            value = record.pop(name)
            if field and kind == _LABEL:
                record.setdefault(f"{field}_label", value)


def counted(count: JsonValue) -> int | None:
    """Return a count that came as a number or as text, None for anything else."""
    if isinstance(count, str) and count.isascii() and count.isdigit():
        count = int(count)
    return count if isinstance(count, int) and not isinstance(count, bool) else None
