"""The clients of a run, one for each api of the configuration, and the demo service when one asks for it.

`"api-base-url": "demo:"` starts the embedded service before the first request and stops it with the run.
"""

from __future__ import annotations

import contextlib
import copy
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from txojobs.records import JsonValue
    from txojobs.redact import Redactor
    from txojobs.rest.outages import Outages
    from txojobs.rest.recorded import RecordedApi
    from txojobs.state.tape import Tape

DEMO = "demo:"


class Services:
    """Holds the clients until `close`; may be asked from several threads."""

    def __init__(
        self, config: dict[str, Any], *, redactor: Redactor, cancel: threading.Event, state_dir: Path
    ) -> None:
        self._config = config
        self._state_dir = state_dir
        self._redactor = redactor
        self._cancel = cancel
        self._clients: dict[str, Any] = {}
        self._outages: Outages | None = None
        self._exit = contextlib.ExitStack()
        self._lock = threading.Lock()
        self._demo_url: str | None = None
        self._recorded: dict[tuple[str, str], RecordedApi] = {}
        self._found = 0
        self.tape: Tape | None = None
        """Where answers are kept for a run that goes on later; None to keep none."""

    def client(self, api: str) -> Any:
        """Return the client of an api, made at its first use."""
        from txojobs.rest.factory import create_rest_api  # noqa: PLC0415  # requests: only when something is asked
        from txojobs.rest.outages import Outages  # noqa: PLC0415

        with self._lock:
            self._outages = self._outages or Outages()
            if api not in self._clients:
                client = create_rest_api(
                    self._with_demo(api),
                    api=api,
                    numbers="decimal",
                    redactor=self._redactor,
                    cancel=self._cancel,
                    state_dir=self._state_dir,
                    outages=self._outages,
                )
                self._exit.callback(client.close)
                self._clients[api] = client
            return self._clients[api]

    def recorded(self, api: str, *, step: str) -> Any:
        """Return the client of an api for one step; what the run keeps of its answers is found again."""
        client = self.client(api)
        if self.tape is None:
            return client
        from txojobs.rest.recorded import RecordedApi  # noqa: PLC0415

        with self._lock:
            if (api, step) not in self._recorded:
                # the demo service listens elsewhere each time
                origin = (
                    self._demo_url
                    if _base_url_place(self._config, api)[0].get(_base_url_place(self._config, api)[1])
                    == DEMO
                    else None
                )
                self._recorded[api, step] = RecordedApi(client, self.tape, step=step, origin=origin)
            return self._recorded[api, step]

    def start_over(self) -> None:
        """Forget what was kept: it proved incomplete, and would so again."""
        with self._lock:
            self._found = self.found()
            self._recorded.clear()
        if self.tape is not None:
            self.tape.start_over()

    def found(self) -> int:
        """Return how many requests were answered from what an earlier process has kept."""
        return self._found + sum(each.found for each in self._recorded.values())

    def _with_demo(self, api: str) -> dict[str, Any]:
        """Return the configuration, with the running demo service's address in place of `demo:`."""
        section, key = _base_url_place(self._config, api)
        if section.get(key) != DEMO:
            return self._config
        if self._demo_url is None:
            from txojobs.demo.process import start  # noqa: PLC0415

            self._demo_url = self._exit.enter_context(start()).base_url
        config = copy.copy(self._config)
        if api == "default":
            config["global"] = copy.copy(config["global"])
        else:
            config["apis"] = copy.copy(config["apis"])
            config["apis"][api] = copy.copy(config["apis"][api])
        _base_url_place(config, api)[0][key] = self._demo_url
        return config

    def traffic(self) -> list[dict[str, JsonValue]]:
        """Return the counts of each origin that was asked."""
        if not self._clients:
            return []
        from txojobs.rest.gate import merged  # noqa: PLC0415  # it is there already: a client counts with it

        return [
            each.as_json()
            for each in merged(each for client in self._clients.values() for each in client.traffic)
        ]

    def close(self) -> None:
        """Close every connection and stop the demo service; a second call does nothing."""
        self._exit.close()


def _base_url_place(config: dict[str, Any], api: str) -> tuple[Any, str]:
    if api == "default":
        return config.get("global", {}), "api-base-url"
    return config.get("apis", {}).get(api, {}), "base-url"
