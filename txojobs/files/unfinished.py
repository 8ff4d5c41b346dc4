"""What runs left behind that wrote and published nothing to the end; looked at, and not changed."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from txojobs.files.os_errors import explained
from txojobs.files.recovery import age, replay, token_of
from txojobs.files.registry import DAMAGED, SUFFIX, Registry, entries_of

if TYPE_CHECKING:
    from pathlib import Path

UNFINISHED = "{} is not published yet: an earlier run was stopped while publishing; the next run finishes it"
_OF_A_RUN = re.compile(r"-[0-9a-f]{8}(-[0-9]+)?\.publication$")
"""What follows the run in the name of a registry; see Publication and Registry.create."""


class Waiting(NamedTuple):
    """The outputs of a dead run that are proven and decided, and lack their final names."""

    registry: Path
    run: str
    names: list[Path]


def waiting(journal_dir: Path, *, run: str | None = None) -> list[Waiting]:
    """Return what the next `recover` will publish, of one run or of all; changes nothing.

    Raises:
        FileOperationError: the journal cannot be read.
    """
    found = []
    with explained(journal_dir, doing="read"):
        for path in sorted(journal_dir.glob(f"*{SUFFIX}"), key=age):
            name = _OF_A_RUN.sub("", path.name)
            if run is not None and name != token_of(run):
                continue
            registry = Registry.take_over(path)
            if registry is not None:  # its run is dead
                try:
                    outputs, committed = replay(registry.entries())
                finally:
                    registry.release()
                names = [each.name for each in outputs if committed and os.path.lexists(each.temp)]
                found += [Waiting(path, name, names)] if names else []
    return found


def interrupted(journal_dir: Path) -> list[Path]:
    """Return the final names that the next `recover` will publish; changes nothing.

    Raises:
        FileOperationError: the journal cannot be read.
    """
    return [name for each in waiting(journal_dir) for name in each.names]


class Unfinished(NamedTuple):
    """The registries of runs that died while they wrote, and of outputs that nobody could publish."""

    committed: list[Path]
    begun: list[Path]
    damaged: list[Path]


def unfinished(journal_dir: Path) -> Unfinished:
    """Return what `recover` would find, and change nothing; runs that are alive are not among it."""
    found = Unfinished([], [], sorted(journal_dir.glob(f"*{DAMAGED}")))
    for path in sorted(journal_dir.glob(f"*{SUFFIX}")):
        with suppress(OSError):
            registry = Registry.take_over(path)
            if registry is not None:
                registry.release()  # at once: a run that starts just now wants it
                (found.committed if replay(entries_of(path))[1] else found.begun).append(path)
    return found
