"""The screen: what it can show, and in which colours."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TextIO

_CODES = {"red": "31", "green": "32", "yellow": "33", "blue": "34", "dim": "2", "bold": "1"}


class Console:
    """One of the two output streams.

    Nothing written here can fail: a character that it lacks is spelled out, and when nobody listens any more
    (`txojobs run ... | head -1`) the rest goes nowhere, so that a run does not fail for want of a reader.
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.is_terminal = bool(getattr(stream, "isatty", lambda: False)())
        self.is_live = self.is_terminal and os.environ.get("TERM") != "dumb"
        self.colour = _wants_colour(is_terminal=self.is_terminal)
        self.marks = _can_show(stream, "❌✅📝│")

    def styled(self, text: str, style: str) -> str:
        """Return `text` in a colour, where colours are wanted."""
        return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if self.colour else text

    def line(self, text: str = "") -> None:
        """Write a line."""
        try:
            self.stream.write(text + "\n")
            self.stream.flush()
        except UnicodeEncodeError:
            encoding = self.stream.encoding or "ascii"
            self.line(text.encode(encoding, "backslashreplace").decode(encoding))
        except OSError:
            self._fall_silent()

    def _fall_silent(self) -> None:
        """Let this and the interpreter's last flush go nowhere."""
        with contextlib.suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.stream.fileno())
            os.close(nowhere)

    def restore(self) -> None:
        """Show the cursor again, which live lines hide; for a process that ends at once."""
        if self.is_live:
            with contextlib.suppress(OSError, ValueError):
                os.write(self.stream.fileno(), b"\x1b[?25h\n")


def stdout() -> Console:
    """Return the console of standard output."""
    return Console(sys.stdout)


def stderr() -> Console:
    """Return the console of standard error."""
    return Console(sys.stderr)


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


def _can_show(stream: TextIO, text: str) -> bool:
    try:
        text.encode(getattr(stream, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
