"""Write the log of a run: one file that holds everything, and a console that holds less.

Nothing happens on import. `start_logging` hangs its handlers on the logger `txojobs` alone, never on the
root, so neither urllib3's debug lines (they show query strings) nor anybody else's reach our files. An event
is one line; the lines of a traceback or of a Block follow it, indented (see log_text.py). Files are UTF-8, mode
0600, rotated by size.

What the client tells at DEBUG, each request and each answer, is taken only by a run that asks for its `traffic`:
otherwise a long export would push its own beginning out of the log. While no run does, the client does not even
put it into words.

Two runs in one process do not mix. `RunLog.logger` belongs to one run and to no registry. A record of a
module's logger goes to the run whose context it was made in: a thread joins a run by
`contextvars.copy_context().run`. A record made outside of any run's context is taken only while a single run
is open.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, final

from txojobs.errors import ConfigurationError, FileOperationError
from txojobs.log_text import format_event, message_of
from txojobs.redact import Redactor
from txojobs.workspace import Workspace, check_name

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

MAX_BYTES = 10 * 1024 * 1024
KEEP = 5
"""Older parts of a rotated log, `name.log.1` being the youngest."""

TRAFFIC = "txojobs.rest"
"""The logger through which the client tells what it asks and is answered."""

_PACKAGE = "txojobs"
_SCRIPT = "txojobs.script"
_current_run: ContextVar[object | None] = ContextVar("txojobs_current_run", default=None)
_registry_lock = threading.Lock()
"""Held while a log is opened or closed: both look at the handlers that are there and change them."""


@final
class RunLog:
    """The open log of one run: `logger` writes to it, as each logger below `txojobs` does in its context."""

    def __init__(self, file: _FileHandler, console: _ConsoleHandler | None) -> None:
        self.path = file.path
        self.logger = logging.Logger(f"{_PACKAGE}.run", logging.DEBUG)  # noqa: LOG001 - outside the registry: no other run reaches it
        self._file = file
        self._console = console
        self._handlers: list[_Handler] = [file] if console is None else [file, console]
        package, client = logging.getLogger(_PACKAGE), logging.getLogger(TRAFFIC)
        for handler in self._handlers:
            self.logger.addHandler(handler)
            handler.addFilter(self._is_ours)
        with _registry_lock:
            others = _open_runs()
            file.before = others[0].before if others else (package.level, package.propagate, client.level)
            for handler in self._handlers:
                package.addHandler(handler)
            package.setLevel(logging.DEBUG)
            package.propagate = False  # another's handler would show what we redact
            _wake_or_hush_the_client()
        self._token = _current_run.set(self)

    @property
    def failure(self) -> OSError | None:
        """The error that kept a line out of the file, if there was one."""
        return self._file.failure

    def _is_ours(self, record: logging.LogRecord) -> bool:
        if record.name == self.logger.name:
            return True  # only through self.logger: it is in no registry
        if record.name == TRAFFIC and record.levelno <= logging.DEBUG and not self._file.traffic:
            return False
        current = _current_run.get()
        return current is self or (current is None and len(_open_runs()) == 1)

    def close(self) -> None:
        """Take the handlers away and close the file; a second call does nothing."""
        package = logging.getLogger(_PACKAGE)
        with _registry_lock:
            for handler in self._handlers:
                package.removeHandler(handler)
                self.logger.removeHandler(handler)
            if self._handlers and not _open_runs():
                level, package.propagate, of_the_client = self._file.before
                package.setLevel(level)
                logging.getLogger(TRAFFIC).setLevel(of_the_client)
            elif self._handlers:
                _wake_or_hush_the_client()
        for handler in self._handlers:
            handler.close()
        self._handlers = []
        if _current_run.get() is self:
            with contextlib.suppress(ValueError):  # closed in another context than it was opened in
                _current_run.reset(self._token)

    def __enter__(self) -> RunLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def start_logging(
    path: Path,
    *,
    redactor: Redactor,
    console: TextIO | None = None,
    level: int = logging.INFO,
    debug: bool = True,
    traffic: bool = False,
    max_bytes: int = MAX_BYTES,
    keep: int = KEEP,
) -> RunLog:
    """Open the log of a run at `path`; an existing file is continued.

    `level` is the least that console and file show; with `debug` the file, and not the console, takes DEBUG
    too. With `traffic` both take DEBUG and, at that level, each request and each answer.

    Raises:
        FileOperationError: the file cannot be opened.
    """
    file = _FileHandler(path, redactor, max_bytes=max_bytes, keep=keep)
    file.traffic = traffic
    file.setLevel(logging.DEBUG if debug or traffic else level)
    screen = None
    if console is not None:
        screen = _ConsoleHandler(console, redactor)
        screen.setLevel(logging.DEBUG if traffic else max(level, logging.INFO))
    return RunLog(file, screen)


def setup_logger(org_id: str | None = None) -> logging.Logger:
    """Return the logger of a script: DEBUG and above to `logs/`, INFO and above also to standard error.

    The file is `logs/<org_id>.log`, or `logs/script.log` without one; where there is no workspace, there is
    only the console. A second call returns the same logger.
    """
    name = _SCRIPT if org_id is None else f"{_SCRIPT}.{check_name('an organisation', org_id)}"
    logger = logging.getLogger(name)
    with _registry_lock:
        if any(isinstance(handler, _Handler) for handler in logger.handlers):
            return logger
        redactor = Redactor()
        screen = _ConsoleHandler(None, redactor)
        screen.setLevel(logging.INFO)
        logger.addHandler(screen)
        with contextlib.suppress(ConfigurationError):
            path = Workspace.find().get_path("logs", f"{org_id or 'script'}.log")
            logger.addHandler(_FileHandler(path, redactor, max_bytes=MAX_BYTES, keep=KEEP))
        logger.setLevel(logging.DEBUG)
        logger.propagate = False
    return logger


def hide_in_script_logs(secrets: Iterable[str]) -> None:
    """Teach secret values to every logger that `setup_logger` made; later ones must be taught again."""
    known = list(secrets)
    for name in [
        _SCRIPT,
        *(name for name in list(logging.root.manager.loggerDict) if name.startswith(f"{_SCRIPT}.")),
    ]:
        for handler in logging.getLogger(name).handlers:
            if isinstance(handler, _Handler):
                for secret in known:
                    handler.redactor.add(secret)


class _Handler(logging.Handler):
    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self.redactor = redactor


class _ConsoleHandler(_Handler):
    """Write to a console that may be closed or know few letters; standard error is looked up each time."""

    def __init__(self, stream: TextIO | None, redactor: Redactor) -> None:
        super().__init__(redactor)
        self._stream = stream

    def emit(self, record: logging.LogRecord) -> None:
        stream = self._stream or sys.stderr
        if stream is None:  # pythonw.exe has none
            return
        text = f"{record.levelname}: {message_of(record, self.redactor)}"  # a traceback is for the file
        encoding = getattr(stream, "encoding", None) or "utf-8"
        with contextlib.suppress(OSError, ValueError):  # nobody listens any more; the file has the line
            stream.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
            stream.flush()


class _FileHandler(_Handler):
    """Append whole events to a file of mode 0600 and rotate it by size; never raises while a run works."""

    def __init__(self, path: Path, redactor: Redactor, *, max_bytes: int, keep: int) -> None:
        super().__init__(redactor)
        self.path = path
        self.failure: OSError | None = None
        self.traffic = False
        """Whether the run wants each request and each answer."""
        self.before: tuple[int, bool, int] = (logging.NOTSET, True, logging.NOTSET)
        """Level and propagation of the logger `txojobs`, and the level of the client's, before the first of the
        open runs began."""
        self._max_bytes = max_bytes
        self._keep = keep
        self._descriptor = -1
        try:
            self._open()
        except OSError as err:
            raise FileOperationError(
                f"the log {path} cannot be opened: {err.strerror}",
                how_to_fix="check that the folder exists and that you may write in it",
            ) from err

    def _open(self) -> None:
        flags = (
            os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        )
        self._descriptor = os.open(self.path, flags, 0o600)

    def emit(self, record: logging.LogRecord) -> None:
        data = (format_event(record, self.redactor) + "\n").encode("utf-8", "backslashreplace")
        try:
            self._rotate_before(len(data))
            while data:
                data = data[os.write(self._descriptor, data) :]
        except OSError as err:
            self.failure = err

    def _rotate_before(self, coming: int) -> None:
        if self._descriptor < 0:  # it could not be opened again; perhaps now
            self._open()
        own = os.fstat(self._descriptor)
        try:
            there = self.path.stat()
        except FileNotFoundError:
            there = None
        moved = there is None or not os.path.samestat(
            own, there
        )  # another process rotated, or it was deleted
        if not moved and (own.st_size == 0 or own.st_size + coming <= self._max_bytes):
            return
        self._close()
        try:
            if not moved:
                self._shift()
        finally:
            self._open()

    def _shift(self) -> None:
        """Rename name.log to name.log.1 and so on; where another process holds a file open, go on with it."""
        names = [self.path, *(Path(f"{self.path}.{number}") for number in range(1, self._keep + 1))]
        with contextlib.suppress(PermissionError):  # Windows refuses to rename what another has open
            for older, younger in zip(reversed(names), reversed(names[:-1]), strict=False):
                if younger.exists():
                    younger.replace(older)
            if self._keep == 0:
                self.path.unlink()

    def _close(self) -> None:
        """Close the file and forget its number, which the next file that anybody opens gets."""
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            os.close(descriptor)

    def close(self) -> None:
        self._close()
        super().close()


def _open_runs() -> list[_FileHandler]:
    return [handler for handler in logging.getLogger(_PACKAGE).handlers if isinstance(handler, _FileHandler)]


def _wake_or_hush_the_client() -> None:
    """Let the client tell of its traffic while at least one open run listens; the registry's lock is held."""
    runs = _open_runs()
    level = logging.DEBUG if any(run.traffic for run in runs) else runs[0].before[2] or logging.INFO
    logging.getLogger(TRAFFIC).setLevel(level)
