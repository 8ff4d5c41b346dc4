"""What is asked of the engine: which job, for whom, with which params, and how."""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path
    from typing import TextIO

    from txojobs.job.model import Job
    from txojobs.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """What is to be run, and how. `params` holds texts from a command line, or values."""

    job: Job
    workspace: Workspace
    org: str
    env: str
    params: Mapping[str, object] = field(default_factory=dict)
    limit: int | None = None
    dry_run: bool = False
    output: Path | None = None
    wait: bool = False
    resume: bool = False
    """Go on with the last run of this job, organisation and environment that was not finished."""
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    cancel: threading.Event = field(default_factory=threading.Event)
    """Set it to end the run soon; nothing is published then."""
    shield: Callable[[], AbstractContextManager[None]] = contextlib.nullcontext
    """Entered while the run publishes or cleans up: whoever catches signals raises none of them inside."""
    clock: Callable[[], float] = time.monotonic
    """By which the steps and the run are timed."""
    console: TextIO | None = None
    """Where log lines from INFO on go, beside the log file; None for nowhere."""
    debug: bool = False
    """Whether log and console also take DEBUG, each request and each answer among it."""
    command: str = "txojobs"
    """What runs the job once more, told to others while this run goes on: without params."""
    to_wait: str | None = None
    """What runs it as this run does, and waits for another run of it."""
    full: bool = False
    """Whether incremental reads are to read all."""

    @property
    def identity(self) -> str:
        """The name under which the job is locked, and its watermarks are kept."""
        return job_identity(self.job, self.workspace)


def job_identity(job: Job, workspace: Workspace) -> str:
    """Return the name of a job, with a hash of its place when that is another than `jobs/<name>.yaml`.

    Jobs of one name in two folders are two jobs. Capitals make no difference: some file systems know none.
    """
    name, source, root = job.name, job.source, workspace.root
    if source is None:
        return name
    place = source.relative_to(root).as_posix() if source.is_relative_to(root) else source.as_posix()
    if place.casefold() == f"jobs/{name}.yaml".casefold():
        return name
    return f"{name}-{hashlib.sha256(os.fsencode(place.casefold())).hexdigest()[:8]}"
