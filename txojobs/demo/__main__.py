"""The demo service as a process of its own, started by txojobs.demo.process; not for people.

Standard input names the port in its first line and ends when the parent does, however the parent ends: that
ends the service. Standard output gets one line of JSON: `{"url": ...}` or `{"problem": ..., "fix": ...}`.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from typing import IO, TYPE_CHECKING

from txojobs.errors import HelpfulError

if TYPE_CHECKING:
    from txojobs.demo.server import Server


def main() -> None:
    """Serve until standard input ends."""
    first = sys.stdin.buffer.readline()
    if not first:
        return  # the parent has gone already
    from txojobs.demo.server import Server  # noqa: PLC0415  # a parent that has gone needs no library

    with os.fdopen(os.dup(1), "wb") as parent:
        try:
            server = Server(port=int(first))
        except HelpfulError as err:
            _tell(parent, {"problem": err.what_went_wrong, "fix": err.how_to_fix})
            return
        threading.Thread(target=_run, args=(server,), daemon=True).start()
        _fall_silent()
        _tell(parent, {"url": server.url})
    while sys.stdin.buffer.readline():
        pass
    os._exit(0)  # nothing is kept here that a request in progress should hold up


def _run(server: Server) -> None:
    try:
        server.run()
    finally:
        os._exit(1)  # a process that no longer answers must not stay


def _tell(parent: IO[bytes], answer: dict[str, str | None]) -> None:
    parent.write(json.dumps(answer).encode("ascii") + b"\n")
    parent.flush()


def _fall_silent() -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.close(nowhere)


if __name__ == "__main__":
    main()
