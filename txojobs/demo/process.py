"""Start the demo service as a process of its own, and be sure that it ends.

It ends with `stop()`, and with this process, however this process ends: the service holds the reading end of
a pipe and leaves when the pipe does. Ctrl-C at the terminal does not reach it. It writes nothing anywhere.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast, final

from txojobs.errors import HelpfulError

if TYPE_CHECKING:
    from types import TracebackType


@final
class DemoService:
    """A running service; leaving the `with` block stops it."""

    def __init__(self, process: subprocess.Popen[bytes], base_url: str) -> None:
        self._process = process
        self.base_url = base_url

    @property
    def pid(self) -> int:
        """The process id of the service."""
        return self._process.pid

    def stop(self, *, grace_s: float = 5.0) -> None:
        """End the service and wait until it has gone, by force after `grace_s`; again does nothing."""
        _end(self._process, grace_s=grace_s)

    def __enter__(self) -> DemoService:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start(*, port: int = 0, ready_timeout_s: float = 30.0) -> DemoService:
    """Return the service when it accepts connections; port 0 takes a free one.

    Raises:
        HelpfulError: the port is taken, the library is missing, or it took too long.
    """
    with tempfile.TemporaryFile() as complaints:
        process = _launch(complaints)
        try:
            url = _await_url(process, complaints, port=port, timeout_s=ready_timeout_s)
        except BaseException:
            _end(process, grace_s=0)
            raise
    return DemoService(process, url)


def _launch(complaints: IO[bytes]) -> subprocess.Popen[bytes]:
    # `-m` looks in the current folder first: make that the folder of this very package, not the user's,
    # where a file might have the name of a module
    environment = {name: value for name, value in os.environ.items() if not _is_kept_back(name.upper())}
    windows = os.name == "nt"
    try:
        return subprocess.Popen(  # our own interpreter and module, no shell
            [sys.executable, "-m", "txojobs.demo"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            cwd=Path(__file__).resolve().parents[2],
            env=environment,
            start_new_session=not windows,
            creationflags=_windows_flags() if windows else 0,
        )
    except OSError as err:
        raise _not_started(str(err)) from err


def _is_kept_back(name: str) -> bool:
    """Whether a variable is none of the service's business: our secrets, and the passwords of proxies."""
    return name == "PYTHONSAFEPATH" or name.startswith("TXO_") or name.endswith("_PROXY")


def _windows_flags() -> int:
    names = ("CREATE_NEW_PROCESS_GROUP", "CREATE_NO_WINDOW")
    flags: list[int] = [getattr(subprocess, name) for name in names]
    return sum(flags)


def _await_url(
    process: subprocess.Popen[bytes], complaints: IO[bytes], *, port: int, timeout_s: float
) -> str:
    stdin, stdout = cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stdout)
    late = threading.Event()

    def give_up() -> None:
        late.set()
        process.kill()

    # a pipe cannot be waited for with a deadline on Windows; the end of the process ends the wait everywhere
    alarm = threading.Timer(timeout_s, give_up)
    alarm.start()
    try:
        _write(stdin, f"{port}\n".encode("ascii"))
        line = stdout.readline()
    finally:
        alarm.cancel()
        alarm.join()
    stdout.close()
    if late.is_set():
        raise _not_started(f"it was not ready after {timeout_s:g} seconds")
    if not line.endswith(b"\n"):
        process.wait()
        raise _not_started(_last_line(complaints) or f"it ended with exit code {process.returncode}")
    answer: dict[str, Any] = json.loads(line)
    if "url" not in answer:
        raise HelpfulError(answer["problem"], answer["fix"])
    return str(answer["url"])


def _write(pipe: IO[bytes], data: bytes) -> None:
    with suppress(OSError):  # it has ended already; what it left on its other pipes says why
        pipe.write(data)
        pipe.flush()


def _last_line(complaints: IO[bytes]) -> str:
    complaints.seek(0)
    lines = complaints.read().decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else ""


def _not_started(reason: str) -> HelpfulError:
    return HelpfulError(
        f"the demo service did not start: {reason}",
        "check that txojobs and its libraries are installed completely in this Python",
        f"{sys.executable} -m pip install --upgrade --force-reinstall txojobs",
    )


def _end(process: subprocess.Popen[bytes], *, grace_s: float) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            _close(pipe)
    try:
        process.wait(grace_s)
    except subprocess.TimeoutExpired:  # stopped by someone, or a fork of this process holds the pipe open
        process.kill()
        process.wait()


def _close(pipe: IO[bytes]) -> None:
    with suppress(OSError):  # unsent bytes for a process that has ended
        pipe.close()
