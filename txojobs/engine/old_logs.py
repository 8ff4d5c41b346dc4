"""Remove logs and reports of runs when they are old, so that logs/ does not grow for ever.

Only what a run has written itself goes: files whose whole name is `<org>-<env>-<job>_<start>`, as .log, its rotated
parts or .json, that began and were last written before the days to keep, and one day more: no run takes longer, so
the log of a running one is never among them. The log of a script (`logs/acme.log`) has another name; its rotation
bounds it. Quiet: what cannot be removed now is tried again by the next run.
"""

from __future__ import annotations

import contextlib
import os
import re
from datetime import timedelta
from typing import TYPE_CHECKING

from txojobs.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

VARIABLE = "TXOJOBS_LOG_DAYS"
DAYS = 90
LONGEST_RUN = timedelta(days=1)

_WORD = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_NAME = re.compile(rf"{_WORD}-[A-Za-z0-9._]+-{_WORD}_(\d{{4}}-\d\d-\d\dT\d{{4}}Z)(-\d+)?\.(log(\.\d+)?|json)")


def days_to_keep(environ: Mapping[str, str]) -> int:
    """Return how many days logs stay: what TXOJOBS_LOG_DAYS says, else 90; 0 means for ever.

    Raises:
        ConfigurationError: the variable is no number of days.
    """
    text = environ.get(VARIABLE, "").strip()
    if not text:
        return DAYS
    if not re.fullmatch(r"[0-9]{1,5}", text):
        raise ConfigurationError(
            f"{VARIABLE} is {text[:40]!r}, and should be a number of days",
            how_to_fix="set it to a whole number of days, 0 to keep logs for ever, or unset it",
            example=f"{VARIABLE}={DAYS}",
        )
    return int(text)


def remove_old_logs(folder: Path, *, now: datetime, days: int) -> None:
    """Remove the logs and reports in `folder` that are older than `days`; `now` is aware."""
    if days == 0:
        return
    limit = now - timedelta(days=days) - LONGEST_RUN
    first_kept = f"{limit:%Y-%m-%dT%H%MZ}"
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            found = _NAME.fullmatch(entry.name)
            if found is None or found[1] >= first_kept:
                continue
            with contextlib.suppress(OSError):
                if entry.is_file(follow_symlinks=False) and entry.stat().st_mtime < limit.timestamp():
                    os.unlink(entry.path)  # noqa: PTH108  # an entry of scandir has no Path
