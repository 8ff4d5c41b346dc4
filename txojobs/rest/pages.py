"""One page of an OData V4 collection: its records, its links, its count.

Accepts the names of 4.0 (`@odata.nextLink`) and 4.01 (`@nextLink`). A body without `value`, or with an
`error`, is never taken for an empty page.

Source: OData JSON Format 4.01 sections 4.5 and 4.6; Part 1 section 11.2.6.7 (server-driven paging).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast
from urllib.parse import urljoin

from txojobs.rest.content import read_json, unreadable
from txojobs.rest.failures import Cause
from txojobs.rest.service_text import error_member, read_service_error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from txojobs.records import JsonValue, Record
    from txojobs.rest.answers import Answer


class Page(NamedTuple):
    """A page as it came; links are resolved, records untouched."""

    records: list[Record]
    next_link: str | None
    total: int | None
    base: str
    """What relative links inside the records are resolved against."""


def read_page(answer: Answer) -> Page:
    """Return the page that an answer holds.

    Raises:
        AttemptError: it holds none.
    """
    value = read_json(answer)
    if error_member(value) is not None:
        told = read_service_error(answer.body, answer.headers)
        failure = unreadable(
            answer,
            f"the answer says 200 but holds an error: {told.message or told.code}",
            "correct what the service names, or try again later",
            cause=Cause.REFUSED,
        )
        failure.error.code = told.code
        raise failure
    records = value.get("value") if isinstance(value, dict) else None
    if not isinstance(records, list) or not isinstance(value, dict):
        raise unreadable(
            answer,
            "the answer has no list `value`, so it is no page of an entity set",
            "check that the address names an entity set, not a single record or another service",
            cause=Cause.REFUSED,
        )
    if not all(type(record) is dict for record in records):
        raise unreadable(
            answer,
            "the list `value` holds something that is no record",
            "the address names a list of plain values, not an entity set",
            cause=Cause.REFUSED,
        )
    base = urljoin(answer.url, text_of(value, "context") or "")
    link = text_of(value, "nextLink")
    return Page(
        cast("list[Record]", records), None if link is None else urljoin(base, link), _count(value), base
    )


def annotation(record: Record, name: str) -> JsonValue:
    """Return a control information of a record or page, in the spelling of 4.0 or 4.01."""
    value = record.get(f"@odata.{name}")
    return record.get(f"@{name}") if value is None else value


def text_of(record: Record, name: str) -> str | None:
    """Return a control information that is a text, None when absent or empty."""
    value = annotation(record, name)
    return value if isinstance(value, str) and value else None


def nested_links(record: Record) -> Iterator[tuple[Record, str, str]]:
    """Yield (owner, field, link) of every expanded collection that goes on elsewhere, at any depth."""
    for key, value in record.items():
        if "@" in key:
            name, _, what = key.partition("@")
            if name and what in ("odata.nextLink", "nextLink") and isinstance(value, str) and value:
                yield record, name, value
        elif type(value) is dict:
            yield from nested_links(value)
        elif type(value) is list:
            for item in value:
                if type(item) is dict:
                    yield from nested_links(item)


def without_annotations(record: Record) -> Record:
    """Return a record without control information, at any depth; the record itself when it has none."""
    changed = False
    kept: Record = {}
    for key, value in record.items():
        if "@" in key:
            changed = True
            continue
        clean = _clean(value)
        changed = changed or clean is not value
        kept[key] = clean
    return kept if changed else record


def _clean(value: JsonValue) -> JsonValue:
    if type(value) is dict:
        return without_annotations(value)
    if type(value) is list:
        items = [_clean(item) for item in value]
        return items if any(new is not old for new, old in zip(items, value, strict=True)) else value
    return value


def _count(value: Record) -> int | None:
    count = annotation(value, "count")
    if isinstance(count, str) and count.isascii() and count.isdigit():
        count = int(count)
    return count if isinstance(count, int) and not isinstance(count, bool) else None
