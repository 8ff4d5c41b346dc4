"""A service on 127.0.0.1 whose every answer is scripted: OData pages, faults, requests that are held back.

As a program it serves static pages of equal records from a process of its own, until standard input ends:
`python -m tests.engine.pages_server ROWS PAGE_SIZE` prints its address.
"""

from __future__ import annotations

import json
import sys
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from typing_extensions import Self


@dataclass(frozen=True)
class Asked:
    """One request; `number` counts from 1."""

    number: int
    path: str
    query: dict[str, str]
    headers: dict[str, str]

    @property
    def page(self) -> int:
        return int(self.query.get("page", "1"))


@dataclass(frozen=True)
class Reply:
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: int = 0
    """Bytes of the body that are announced and never sent."""


class PagesServer:
    """Answers each GET with what `script` returns. `hold(k)` keeps request k waiting until `let_go`."""

    def __init__(self, script: Callable[[Asked], Reply]) -> None:
        self.script = script
        self.asked: list[Asked] = []
        self.events: list[str] = []
        self._changed = threading.Condition()
        self._held: set[int] = set()
        self._over = False
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.pages = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/api"

    def hold(self, *numbers: int) -> None:
        with self._changed:
            self._held.update(numbers)

    def let_go(self) -> None:
        with self._changed:
            self._held.clear()
            self._changed.notify_all()

    def wait_for(self, number: int, *, timeout_s: float = 30.0) -> None:
        """Return when request `number` has come."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.asked) >= number, timeout_s), (
                f"no request {number}"
            )

    def note(self, event: str) -> None:
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    def take(self, path: str, headers: dict[str, str]) -> Reply:
        parts = urlsplit(path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        with self._changed:
            asked = Asked(len(self.asked) + 1, parts.path, query, headers)
            self.asked.append(asked)
            self.events.append(f"request {asked.number}")
            self._changed.notify_all()
            self._changed.wait_for(lambda: asked.number not in self._held or self._over, 60)
        return self.script(asked)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._over = True
            self._changed.notify_all()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    pages: PagesServer
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed is no fault of ours."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        reply = self.server.pages.take(self.path, dict(self.headers.items()))
        headers = {"Content-Type": "application/json", **reply.headers}
        self.send_response(reply.status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body) + reply.cut))
        self.end_headers()
        self.wfile.write(reply.body)
        if reply.cut:
            self.close_connection = True

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


def as_reply(value: object, *, status: int = 200) -> Reply:
    return Reply(status, json.dumps(value).encode("utf-8"))


def record(number: int) -> dict[str, Any]:
    return {"Id": f"C{number:05}", "Name": f"Customer {number}", "Balance": number}


def page_of(asked: Asked, *, rows: int, size: int, count: int | None = None) -> dict[str, Any]:
    """Return one page of a set of `rows` records; each page but the last names the next."""
    first = (asked.page - 1) * size + 1
    page: dict[str, Any] = {"value": [record(each) for each in range(first, min(rows, first + size - 1) + 1)]}
    if asked.query.get("$count") == "true":
        page["@odata.count"] = rows if count is None else count
    if first + size <= rows:
        page["@odata.nextLink"] = f"{asked.path}?page={asked.page + 1}"
    return page


def customers(*, rows: int = 50, size: int = 10) -> Callable[[Asked], Reply]:
    """Return the script of a service that is in good order."""
    return lambda asked: as_reply(page_of(asked, rows=rows, size=size))


def main(rows: int, size: int) -> None:
    """Serve pages that differ in their link and first key only; the rest is built once and costs next to nothing."""
    body = json.dumps([record(each) for each in range(2, size + 1)])[1:]
    pages = rows // size

    def script(asked: Asked) -> Reply:
        more = f'"@odata.nextLink":"Customers?page={asked.page + 1}",' if asked.page < pages else ""
        count = f'"@odata.count":{rows},' if asked.page == 1 else ""
        first = json.dumps({**record(1), "Id": f"P{asked.page:05}"})
        return Reply(body=f'{{{count}{more}"value":[{first},{body}}}'.encode())

    with PagesServer(script) as server:
        sys.stdout.write(server.url + "\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
