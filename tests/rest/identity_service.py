"""An identity service on loopback whose answers a test decides: tokens with a number, or what it puts before them."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from tests.rest.fault_server import answer, says

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from tests.rest.fault_server import Connection, FaultServer, Received, Step


class IdentityService:
    """Answers discovery below /tenant and /tenant/v2.0; gives `token-1`, `token-2`, ... at its token endpoint."""

    def __init__(self, serve: Callable[..., FaultServer], tls: ssl.SSLContext, ca: str) -> None:
        self.ca = ca
        self.tokens = 0
        self.requests: list[Received] = []
        self.forms: list[dict[str, list[str]]] = []
        self.before: list[Step] = []
        self.discovery: list[Step] = []
        self.expires_in: object = 3600
        self.more: dict[str, object] = {}
        self.lock = threading.Lock()
        self.issuer = "{base}/tenant/v2.0"
        self.token_endpoint = "{base}/tenant/oauth2/v2.0/token"
        self.server = serve(self.step, tls=tls, host="127.0.0.1")

    @property
    def url(self) -> str:
        """The authority; the issuer is `/v2.0` below it."""
        return f"{self.server.url}/tenant"

    @property
    def token_url(self) -> str:
        """Where tokens are given."""
        return self.token_endpoint.replace("{base}", self.server.url)

    def step(self, connection: Connection) -> bool:
        """Answer one request."""
        if connection.request.target.endswith("/.well-known/openid-configuration"):
            if self.discovery:
                return self.discovery.pop(0)(connection)
            told = {
                "issuer": self.issuer,
                "authorization_endpoint": "{base}/tenant/oauth2/v2.0/authorize",
                "token_endpoint": self.token_endpoint,
            }
            filled = {key: value.replace("{base}", connection.base) for key, value in told.items()}
            return says(filled)(connection)
        with self.lock:
            self.requests.append(connection.request)
            self.forms.append(parse_qs(connection.request.body.decode()))
            if self.before:
                return self.before.pop(0)(connection)
            self.tokens += 1
            token = {"token_type": "Bearer", "access_token": f"token-{self.tokens}", **self.more}
        if self.expires_in is not None:
            token["expires_in"] = self.expires_in
        return says(token)(connection)


def guarded(good_token: Callable[[], str]) -> Step:
    """Be an API that accepts one token only."""

    def step(connection: Connection) -> bool:
        good = connection.request.headers.get("authorization") == f"Bearer {good_token()}"
        return (says({"fine": True}) if good else answer(401))(connection)

    return step


def anyone(connection: Connection) -> bool:
    """Be an API that accepts everybody."""
    return says({"fine": True})(connection)


def in_threads(count: int, call: Callable[[], Any]) -> list[Any]:
    results: list[Any] = []
    start = threading.Barrier(count)

    def run() -> None:
        start.wait(10)
        try:
            results.append(call())
        except Exception as err:  # noqa: BLE001  # shown by the assertion on the results
            results.append(json.dumps(str(err)))

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return results
