"""The screen: what it can show, and in which colours."""

from __future__ import annotations

import codecs
import contextlib
import errno
import os
import re
import sys
from typing import TYPE_CHECKING

from txojobs.cli.wrapping import wrapped
from txojobs.errors import FileOperationError

if TYPE_CHECKING:
    from typing import TextIO

_NARROWEST = 20
_USUAL = 80
_CODES = {"red": "31", "green": "32", "yellow": "33", "blue": "34", "dim": "2", "bold": "1"}


class Console:
    """One of the two output streams.

    A character that it lacks is spelled out, and when nobody listens any more (`txojobs run ... | head -1`) the rest
    goes nowhere. What the system refuses is an error; one that `goes_on` keeps it in `failure` and falls silent, so
    that a run does not fail in its midst.
    """

    def __init__(self, stream: TextIO, *, goes_on: bool = False) -> None:
        self.stream = stream
        self.failure: FileOperationError | None = None
        self._goes_on = goes_on
        self.is_terminal = bool(getattr(stream, "isatty", lambda: False)())
        self.is_live = self.is_terminal and os.environ.get("TERM") != "dumb"
        self.colour = _wants_colour(is_terminal=self.is_terminal)
        self.marks = _can_show(stream, "❌✅📝│")

    def styled(self, text: str, style: str) -> str:
        """Return `text` in a colour, where colours are wanted."""
        return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if self.colour else text

    @property
    def width(self) -> int:
        """The columns that a line may fill; one less than there are, since a full row wraps on some terminals."""
        told = os.environ.get("COLUMNS", "")
        if told.isdecimal() and int(told) > 0:
            return int(told) - 1
        with contextlib.suppress(OSError, ValueError, AttributeError):
            if columns := os.get_terminal_size(self.stream.fileno()).columns:  # 0: it does not know
                return max(_NARROWEST, columns) - 1
        return _USUAL - 1

    def text(self, text: str) -> None:
        """Write prose or a line of facts: on a terminal broken between words, elsewhere in one line.

        What somebody may want to copy is written with `line`.
        """
        for line in wrapped(text, self.width) if self.is_terminal else (text,):
            self.line(line)

    def line(self, text: str = "") -> None:
        """Write a line as it is.

        Raises:
            FileOperationError: the disk is full, say; not on a console that `goes_on`.
        """
        try:
            self.stream.write(text + "\n")
            self.stream.flush()
        except UnicodeEncodeError:
            encoding = self.stream.encoding or "ascii"
            self.line(text.encode(encoding, "backslashreplace").decode(encoding))
        except OSError as err:
            fall_silent(self.stream)
            if not has_gone(err):
                self.failure = self.failure or unwritable(err)
                if not self._goes_on:
                    raise self.failure from err

    def json(self, text: str) -> None:
        """Write a JSON document, one that a program can read in whatever encoding the stream has.

        In UTF-8 the characters stand as they are. Elsewhere, as in each pipe of Windows, all but ASCII is escaped
        (RFC 8259 section 7): what `line` writes for a character that an encoding lacks is no JSON.
        """
        self.line(text if _is_utf8(self.stream) else _in_ascii(text))

    def restore(self) -> None:
        """Show the cursor again, which live lines hide; for a process that ends at once."""
        if self.is_live:
            with contextlib.suppress(OSError, ValueError):
                os.write(self.stream.fileno(), b"\x1b[?25h\n")


def stdout(*, goes_on: bool = False) -> Console:
    """Return the console of standard output."""
    return Console(sys.stdout, goes_on=goes_on)


def stderr() -> Console:
    """Return the console of standard error: what it cannot show, nothing can."""
    return Console(sys.stderr, goes_on=True)


def fall_silent(stream: TextIO) -> None:
    """Let this and the interpreter's last flush go nowhere."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def has_gone(err: OSError) -> bool:
    """Tell whether the reader of a pipe has closed it; Windows says EINVAL then."""
    return isinstance(err, BrokenPipeError) or (sys.platform == "win32" and err.errno == errno.EINVAL)


def unwritable(err: OSError) -> FileOperationError:
    """Return the error for a standard output that takes nothing."""
    return FileOperationError(
        f"standard output cannot be written: {err.strerror or err}",
        how_to_fix="send it to another place; what the command has done beside it stays done",
    )


def _wants_colour(*, is_terminal: bool) -> bool:
    """Follow no-color.org and FORCE_COLOR; a Windows console is asked for escape sequences first."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return is_terminal and (sys.platform != "win32" or _enable_windows_sequences())


def _enable_windows_sequences() -> bool:
    if sys.platform != "win32":
        return True
    import ctypes  # noqa: PLC0415  # Windows only

    kernel = ctypes.windll.kernel32
    handle = kernel.GetStdHandle(-11)
    mode = ctypes.c_ulong()
    if not kernel.GetConsoleMode(handle, ctypes.byref(mode)):
        return False
    return bool(kernel.SetConsoleMode(handle, mode.value | 0x0004))


def _is_utf8(stream: TextIO) -> bool:
    """Tell it of a stream; one without an encoding holds text, and no bytes."""
    encoding = getattr(stream, "encoding", None)
    return encoding is None or codecs.lookup(encoding).name == "utf-8"


def _in_ascii(document: str) -> str:
    r"""Return JSON with each character beyond ASCII as `\uXXXX`; they stand in texts alone."""
    import json  # noqa: PLC0415  # few need it

    return re.sub(r"[^\x00-\x7f]", lambda found: json.dumps(found[0])[1:-1], document)


def _can_show(stream: TextIO, text: str) -> bool:
    try:
        text.encode(getattr(stream, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
