"""One demo service for the tests that only read from it, and a client that follows pages."""

from __future__ import annotations

from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from txojobs.demo.process import start
from txojobs.exact_json import decode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from txojobs.records import Record


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return decode(self.body)


class Client:
    """A keep-alive connection to one service."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.connection = HTTPConnection(urlsplit(base_url).netloc, timeout=60)

    def get(self, path: str, *, method: str = "GET", **headers: str) -> Answer:
        self.connection.request(method, path, headers=headers)
        response = self.connection.getresponse()
        return Answer(response.status, dict(response.getheaders()), response.read())

    def pages(self, path: str, **headers: str) -> Iterator[dict[str, Any]]:
        link: str | None = path
        while link:
            answer = self.get(link, **headers)
            assert answer.status == 200, answer
            page: dict[str, Any] = answer.json
            yield page
            link = page.get("@odata.nextLink")
            if link is not None:
                assert link.startswith(self.base_url + "/")
                link = link[len(self.base_url) :]

    def records(self, path: str, **headers: str) -> list[Record]:
        return [record for page in self.pages(path, **headers) for record in page["value"]]


@pytest.fixture(scope="session")
def base_url() -> Iterator[str]:
    with start() as service:
        yield service.base_url


@pytest.fixture
def client(base_url: str) -> Iterator[Client]:
    found = Client(base_url)
    yield found
    found.connection.close()
