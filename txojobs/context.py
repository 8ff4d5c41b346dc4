"""All that a step may touch while it runs.

The engine makes one RunContext for each step; a step knows nothing else of the run, and no other step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    import logging
    import threading
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path

    from txojobs.errors import TxoBaseError
    from txojobs.metadata.described import Described
    from txojobs.records import JsonValue, Record, RecordStream
    from txojobs.workspace import Workspace


class Outputs(Protocol):
    """Where a sink writes: nothing appears under its final name before the whole run has succeeded."""

    def create(self, name: str, *, stamped: bool) -> Path:
        """Return a new empty temporary file for `output/<org>-<env>-<name>`, published with the run.

        Raises:
            FileOperationError: two outputs of the run have the same name, or the folder cannot be written.
        """
        ...


class Watermark(Protocol):
    """How far an incremental read has come: by the runs before, and by this one."""

    @property
    def value(self) -> str | None:
        """The largest value that was read, as the service wrote it; None when there is none."""
        ...

    @property
    def reading_s(self) -> int:
        """How long that read took while the service may have changed, in seconds."""
        ...

    @property
    def reads_all_because(self) -> str | None:
        """Why all must be read although there may be a value; None to go on from it."""
        ...

    def reached(self, by: str, value: str, *, reading_s: int) -> None:
        """Note how far this read came, by a field; it counts once the outputs of the run stand."""
        ...


class RunContext(NamedTuple):
    """What one step is given.

    `cancel` is set when the run must stop; waits end when it is. `limit` is the most records that a source may
    give (`--limit`), or None.
    """

    workspace: Workspace
    config: dict[str, Any]
    rest: Callable[[], Any]
    """The client of this step's api."""
    outputs: Outputs
    read: Callable[[str], RecordStream]
    """The stream of another step, which the step names in a field of type StepRef."""
    spool: Callable[[], Any]
    """A new place on disk for records: `write` batches, then `read` them; the step closes it."""
    reject: Callable[[Record, int, TxoBaseError], None]
    """Put a record (with its position, from 1) aside; raises the error when the step has no `rejects` file."""
    note: Callable[[str, JsonValue], None]
    """Add a fact to the run report."""
    lack: Callable[[str], None]
    """Say which part of what it should read this step went on without: the run ends in part then."""
    progress: Callable[[int | None], None]
    """Tell how many records a source expects, once it knows."""
    described: Described | None
    """What a snapshot tells of the records that this step asks for."""
    warn: Callable[[str], None]
    """Add a sentence to the warnings of the run."""
    log: logging.Logger
    watermark: Callable[[str, Mapping[str, str]], Watermark]
    """That of an entity set, for a question: a digest of each part of what is asked."""
    cancel: threading.Event
    deadline: Callable[[], float]
    """When this step must be done, on the monotonic clock in seconds; counted from its first call."""
    now: datetime
    batch_size: int
    limit: int | None
    reads_all: bool = True
    """Whether the run has no `--limit`; of a dry run, which reads little: the run that it tries."""
    facts: Callable[[], list[tuple[str, JsonValue]]] = list
    """Return what is known of the run and of what this step reads, for people, topic by topic; no secret."""
