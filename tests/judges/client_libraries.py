"""Read entity sets with client libraries that are not ours: pyodata (SAP) over V2, odatapy's client over V4.

Each reads `$metadata`, follows the links in its own way and gives Python values by type; `plain` writes these the way
our files hold them.
"""

from __future__ import annotations

from datetime import date, datetime, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyodata
import requests
from odatapy.client.client import EdmEnabledODataClient
from odatapy.client.responses import ClientResponse
from odatapy.data import ComplexValue
from pyodata.v2.model import Config

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.judges.reading import Rows
    from txojobs.records import Record


class _Transport:
    """How odatapy's client asks: with requests, so that nothing of ours stands in between."""

    def __init__(self, session: requests.Session) -> None:
        self._session = session

    def send(self, method: str, url: str, headers: dict[str, str], body: bytes) -> ClientResponse:
        answer = self._session.request(method, url, headers=headers, data=body or None, timeout=60)
        return ClientResponse(answer.status_code, dict(answer.headers), answer.content)


def by_odatapy(base_url: str, entity: str, **options: str) -> Rows:
    """Return the records of a set of a V4 service; `options` are methods of its query, each with its value."""
    with _session() as session:
        client = EdmEnabledODataClient(base_url, _Transport(session))
        query = client.entity_set_uri(entity)
        for name, value in options.items():
            query = getattr(query, name)(value)
        return [_record(each) for each in client.iter_entities(query)]


def _record(entity: Any) -> Record:
    found: Record = {each.name: plain(each.value) for each in entity.properties}
    for link in entity.navigation_links:
        if link.inline_entity_set is not None:
            found[link.title] = [_record(each) for each in link.inline_entity_set.entities]
        elif link.inline_entity is not None:
            found[link.title] = _record(link.inline_entity)
    return found


def by_pyodata(base_url: str, entity: str, like: Record, **options: str) -> Rows:
    """Return the records of a set of a V2 service, with the fields of one that is `like` them; `options` as above."""
    with _session() as session:
        # without it a null becomes the default of its type: 0, an empty text, 1753-01-01
        client = pyodata.Client(base_url, session, config=Config(retain_null=True))
        pages = _pages(getattr(client.entity_sets, entity), options)
        return [_values(each, like) for page in pages for each in page]


def _values(proxy: Any, like: Record) -> Record:
    found: Record = {}
    for name, value in like.items():
        given = getattr(proxy, name)
        if isinstance(value, list):
            inner: Any = value
            found[name] = [_values(each, inner[0]) for each in given]
        else:
            found[name] = _values(given, value) if isinstance(value, dict) else plain(given)
    return found


def _pages(entity_set: Any, options: dict[str, str]) -> Iterator[Any]:
    request = entity_set.get_entities()
    for name, value in options.items():
        request = getattr(request, name)(value)
    while True:
        page = request.execute()
        yield page
        if page.next_url is None:
            return
        request = entity_set.get_entities().next_url(page.next_url)


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    return session


def plain(value: Any) -> Any:
    """Return a value with dates, decimals and integers beyond 32 bits as text, at every depth."""
    if isinstance(value, datetime):
        return value.astimezone(timezone.utc).replace(tzinfo=None).isoformat() + "Z"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, ComplexValue):
        return {str(each.name): plain(each.value) for each in value.properties}
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    big = isinstance(value, int) and not -(2**31) <= value < 2**31
    return format(value, "f") if isinstance(value, Decimal) else str(value) if big else value
