"""The text of a log event: one line, then the indented lines that belong to it, all without secrets.

Redaction is done after message, arguments, traceback and stack are one text. Stamps are UTC (RFC 3339).
"""

from __future__ import annotations

import traceback
from datetime import datetime, timezone
from typing import TYPE_CHECKING, final

from txojobs.redact import escape_foreign

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable

    from txojobs.redact import Redactor


@final
class Block:
    """A message of several lines, for `logger.debug(Block(...))`: its first is the event, the others follow it.

    Only a Block may break lines; a line break in any other message, or in a line of a Block, is shown as such.
    """

    __slots__ = ("head", "lines")

    def __init__(self, head: str, lines: Iterable[str] = ()) -> None:
        self.head = head
        self.lines = tuple(lines)

    def __str__(self) -> str:
        return "\n    ".join(escape_foreign(line) for line in (self.head, *self.lines))


def format_event(record: logging.LogRecord, redactor: Redactor) -> str:
    """Return the line of an event and its indented lines, traceback and stack among them; no final newline."""
    when = datetime.fromtimestamp(record.created, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
    return f"{when}Z {record.levelname:<7} {record.name} {message_of(record, redactor)}" + _trace(
        record, redactor
    )


def message_of(record: logging.LogRecord, redactor: Redactor) -> str:
    """Return what an event says, without a traceback."""
    if isinstance(record.msg, Block):
        head = escape_foreign(redactor.clean_line(record.msg.head))
        return head + _indented("\n".join(record.msg.lines), redactor)
    try:
        message = record.getMessage()
    except Exception as err:  # noqa: BLE001 - a wrong log call must not end a run; what it said is kept
        message = f"{record.msg} {record.args!r} (log call: {err})"
    return escape_foreign(redactor.clean_line(message))


def _trace(record: logging.LogRecord, redactor: Redactor) -> str:
    trace = record.exc_text or ""
    if record.exc_info and record.exc_info[0]:
        trace = "".join(traceback.format_exception(*record.exc_info))
    return _indented("\n".join(part for part in (trace.rstrip(), record.stack_info) if part), redactor)


def _indented(text: str, redactor: Redactor) -> str:
    lines = redactor.clean_line(text).split("\n") if text else ()
    return "".join(f"\n    {escape_foreign(line)}" for line in lines if line)
