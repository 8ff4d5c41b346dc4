"""One page of an OData V2 collection (and of V3 in its verbose form): envelope, dates, deferred members.

What it gives looks like a page of V4: plain records, ISO dates, a resolved link. Numbers that V2 writes as text
(Int64, Decimal, Double) stay text: only the service's metadata tells which texts are numbers.

Source: OData V2 JSON Format sections 4 (envelope), 5 (primitive types) and 9 (deferred content); [MS-ODATA]
section 2.2.6.3 (`__next`, `__count`, offsets of dates in minutes).
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, cast

from txojobs.rest.content import read_json, unreadable
from txojobs.rest.envelope import refuse_twice
from txojobs.rest.failures import Cause
from txojobs.rest.origin import resolved
from txojobs.rest.pages import (
    Continuation,
    Page,
    counted,
    nested_link,
    next_link,
    refuse_error,
    refuse_other_records,
    refuse_strange_links,
)

if TYPE_CHECKING:
    from txojobs.records import JsonValue, Record
    from txojobs.rest.answers import Answer

_DATE = re.compile(r"/Date\((-?[0-9]{1,17})([+-][0-9]{1,4})?\)/")
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def read_page_v2(answer: Answer) -> Page:
    """Return the page that an answer holds.

    Raises:
        AttemptError: it holds none.
    """
    value = read_json(answer)
    refuse_error(answer, value)
    inner = value.get("d") if isinstance(value, dict) else None
    if inner is None and isinstance(value, dict) and "value" in value:
        raise unreadable(
            answer,
            "this service answers in OData V4 (or V3), but the configuration says that it speaks V2",
            'write `"odata": "v4"` for this service in the configuration',
            cause=Cause.REFUSED,
        )
    records: JsonValue = inner.get("results") if isinstance(inner, dict) else inner
    if not isinstance(records, list):
        raise unreadable(
            answer,
            "the answer has no list `d.results`, so it is no page of an entity set",
            "check that the address names an entity set, not a single record or another service",
            cause=Cause.REFUSED,
        )
    refuse_other_records(answer, records)
    refuse_twice(answer, has_records=bool(records))
    envelope: Record = inner if isinstance(inner, dict) else {}
    link = next_link(envelope.get("__next"), answer)
    if link is None:
        refuse_strange_links(answer, envelope, value if isinstance(value, dict) else {}, known=("__next",))
    return Page(
        cast("list[Record]", records),
        None if link is None else resolved(answer.url, link),
        counted(envelope.get("__count")),
        answer.url,
    )


def tidy_v2(records: list[Record], unfinished: list[Continuation], *, keep: bool) -> None:
    """Make records plain, in place and at every depth: dates, collections, and no `__metadata` unless `keep`.

    A deferred member is one that was not asked for and goes. Collections that go on elsewhere are added to
    `unfinished`.
    """
    for name in sorted(set[str]().union(*records)):
        if name == "__metadata":
            for record in () if keep else records:
                record.pop(name, None)
            continue
        values = [record.get(name) for record in records]
        if any(type(value) is dict for value in values):
            _nested(name, records, unfinished, keep=keep)
        elif any(type(value) is list for value in values):
            items = [item for value in values if isinstance(value, list) for item in value]
            tidy_v2([item for item in items if isinstance(item, dict)], unfinished, keep=keep)
        elif any(type(value) is str and value.startswith("/Date(") for value in values):
            for record in records:
                if name in record:
                    record[name] = iso_date(record[name])


def _nested(name: str, records: list[Record], unfinished: list[Continuation], *, keep: bool) -> None:
    """Tidy a member that is a record or a collection in some of the records."""
    inner: list[Record] = []
    for record in records:
        value = record.get(name)
        if not isinstance(value, dict):
            continue
        if set(value) == {"__deferred"}:
            if not keep:
                del record[name]
        elif isinstance(value.get("results"), list):
            record[name] = value["results"]
            inner += [item for item in cast("list[JsonValue]", value["results"]) if isinstance(item, dict)]
            link = nested_link(value.get("__next"), field=name)
            total = counted(value.get("__count"))
            if link is not None or total is not None:
                unfinished.append(Continuation(record, name, link, total))
        else:
            inner.append(value)
    if inner:
        tidy_v2(inner, unfinished, keep=keep)


def iso_date(value: JsonValue) -> JsonValue:
    """Return `/Date(1669470007000)/` as `2022-11-26T13:40:07`, with an offset where it has one; all else as it is.

    Without an offset it is an Edm.DateTime, which knows no zone. Milliseconds stay when there are some.
    """
    match = _DATE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return value
    try:
        moment = _EPOCH + timedelta(milliseconds=int(match[1]))
        if match[2] is not None:
            moment = moment.astimezone(timezone(timedelta(minutes=int(match[2]))))
    except (OverflowError, ValueError):
        return value  # a year that ISO text of four digits cannot hold
    text = moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds")
    return text if match[2] is not None else text.removesuffix("+00:00")
