"""Commands as they are typed, for messages: what repeats a run, goes on with it, or waits for another one.

They hold the words that were typed, the workspace among them: a job's `name` need not be what finds its file.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import click


def typed(ctx: click.Context, command: str, job: str, places: Sequence[str]) -> list[str]:
    """Return the words of a command on a job for ORG and ENV, `-w DIR` included where it was given."""
    named = ctx.find_root().obj
    return ["txojobs", *(["-w", str(named)] if named else []), *command.split(), job, *places]


def with_options(words: Sequence[str], params: Mapping[str, str], options: Mapping[str, Any]) -> list[str]:
    """Return the words of a run with its params and with the options that decide what it writes."""
    pairs = [part for name, value in params.items() for part in ("-p", f"{name}={value}")]
    kept = [
        part for name in ("limit", "output") if options[name] for part in (f"--{name}", str(options[name]))
    ]
    kept += [f"--{name}" for name in ("full", "dry-run") if options[name.replace("-", "_")]]
    return [*words, *pairs, *kept]


def as_typed(words: Sequence[str]) -> str:
    """Return a command as it is typed in this system's shell."""
    return subprocess.list2cmdline(words) if sys.platform == "win32" else shlex.join(words)
