"""The demo service on a TCP port of this machine: HTTP/1.1 with keep-alive, by waitress.

Only 127.0.0.1 is listened on. A port belongs to one server at a time, on Windows too.
"""

from __future__ import annotations

import errno
import logging
import os
import socket
from typing import Any

from waitress import wasyncore
from waitress.server import create_server

from txojobs.demo.service import create_app
from txojobs.errors import HelpfulError

HOST = "127.0.0.1"
_THREADS = 8
_PAGE_BYTES = 64 << 20
"""Answers up to this size wait for their reader in memory; waitress would write them to a file."""


class Server:
    """A listening server that has not begun to answer; requests queue up until `run`."""

    def __init__(self, *, port: int) -> None:
        """Bind the port; 0 takes a free one.

        Raises:
            HelpfulError: the port is taken, not allowed or no port.
        """
        listener = _listen(port)
        self.url = f"http://{HOST}:{listener.getsockname()[1]}"
        self._connections: dict[int, Any] = {}
        self._waitress = create_server(
            create_app(),
            map=self._connections,
            sockets=[listener],
            threads=_THREADS,
            outbuf_overflow=_PAGE_BYTES,
            asyncore_use_poll=True,
        )
        # its warnings that a request waits for a thread would stand on the user's screen
        quiet = logging.Logger("waitress.queue")  # noqa: LOG001  # ours alone, so that the shared one stays as it is
        quiet.addHandler(logging.NullHandler())
        self._waitress.task_dispatcher.queue_logger = quiet

    def run(self) -> None:
        """Answer until KeyboardInterrupt or SystemExit is raised in this thread; both end it normally."""
        self._waitress.run()

    def close(self) -> None:
        """Close the port and every connection."""
        self._waitress.task_dispatcher.shutdown()
        wasyncore.close_all(self._connections, ignore_all=True)


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if os.name == "nt":  # there, reuse would let two servers share a port
            listener.setsockopt(socket.SOL_SOCKET, getattr(socket, "SO_EXCLUSIVEADDRUSE"), 1)  # noqa: B009  # not in the type stubs of other systems
        else:  # a port that a server has just left
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen()  # on Linux a taken port may show only here
    except (OSError, OverflowError) as err:
        listener.close()
        raise _refused(port, err) from err
    return listener


def _refused(port: int, err: OSError | OverflowError) -> HelpfulError:
    if isinstance(err, OverflowError):
        return HelpfulError(f"{port} is no port number", "choose one from 1024 to 65535")
    reason = "it is in use" if err.errno == errno.EADDRINUSE else err.strerror
    return HelpfulError(
        f"the demo service cannot listen on port {port}: {reason}",
        "choose another port, or leave it out to get a free one",
        "txojobs demo serve --port 8801",
    )
