"""Make clients from a configuration: `create_rest_api` and `ApiManager`.

Every setting and secret of the configuration mapping ends up in typed settings here; nothing is cached
between calls.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from txojobs.errors import HelpfulError
from txojobs.redact import Redactor
from txojobs.rest.auth import credential_for
from txojobs.rest.client import TxoRestAPI
from txojobs.rest.outages import Outages
from txojobs.rest.settings import ApiSettings
from txojobs.rest.timing import Limits, Timing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType

    from typing_extensions import Self

    from txojobs.rest.content import Numbers


def create_rest_api(
    config: Mapping[str, Any],
    *,
    require_auth: bool = True,
    api: str = "default",
    numbers: Numbers = "float",
    redactor: Redactor | None = None,
    cancel: threading.Event | None = None,
    timing: Timing | None = None,
    state_dir: Path | None = None,
    outages: Outages | None = None,
) -> TxoRestAPI:
    """Return the client of one api of the configuration; asks nobody yet.

    `require_auth=False` sends no credential, whatever is configured, for public services. `state_dir` is where
    `token-cache: file` keeps tokens, and a shared rate limit its turns; without it that is the state folder of the
    current workspace. Clients that are given the same `outages` pause together when an origin wants to be left alone.

    Raises:
        MissingKeyError, ConfigurationError: the configuration lacks something or holds a wrong value.
    """
    settings = ApiSettings.from_config(config, api=api, with_auth=require_auth)
    settings = replace(settings, state_dir=state_dir)
    known = redactor or _knowing(config)
    return TxoRestAPI(
        settings, redactor=known, cancel=cancel, numbers=numbers, timing=timing, outages=outages
    )


def _knowing(config: Mapping[str, Any]) -> Redactor:
    """Return a redactor that knows every secret of a loaded configuration: a service may repeat another one's."""
    redactor = Redactor()
    for secret in getattr(config, "secret_values", tuple)():
        redactor.add(secret)
    return redactor


def acquire_token(
    config: Mapping[str, Any],
    *,
    api: str = "default",
    redactor: Redactor | None = None,
    timing: Timing | None = None,
) -> str:
    """Return a bearer token: by OAuth client credentials, else the one of the secrets file.

    Raises:
        HelpfulError: there is none, or the authority gave none.
    """
    settings = ApiSettings.from_config(config, api=api)
    if settings.auth.type not in ("oauth2", "bearer"):
        raise HelpfulError(
            "Failed to acquire authentication token: neither OAuth nor a token is configured",
            "Check OAuth config or add fallback token: `az-token` in the secrets file",
            '"az-token": "eyJ..."',
        )
    credential = credential_for(settings, timing or Timing(), redactor or _knowing(config))
    try:
        return credential.sign(Limits()).headers["Authorization"].removeprefix("Bearer ")
    finally:
        credential.close()


class ApiManager:
    """The clients of one configuration, made when first asked for and closed together.

    Threads that ask for one api share its client, and so its rate limit and its circuit. All clients leave an origin
    alone together.
    """

    def __init__(self, config: Mapping[str, Any], *, require_auth: bool = True) -> None:
        self._config = config
        self._require_auth = require_auth
        self._clients: dict[str, TxoRestAPI] = {}
        self._lock = threading.Lock()
        self._outages = Outages()

    def get_rest_api(self, api: str = "default") -> TxoRestAPI:
        """Return the client of an api, the same one each time."""
        with self._lock:
            if api not in self._clients:
                self._clients[api] = create_rest_api(
                    self._config, require_auth=self._require_auth, api=api, outages=self._outages
                )
            return self._clients[api]

    def close(self) -> None:
        """Close every client."""
        with self._lock:
            clients, self._clients = self._clients, {}
        for client in clients.values():
            client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
