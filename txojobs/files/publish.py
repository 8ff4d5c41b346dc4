"""Publish all outputs of a run together: complete under their final names, or not at all (promise P1).

Each output is written to a temporary file beside its final name. `commit` syncs them all, then writes one
line into the run's registry: from that line on the run is published, and whatever interrupts the renaming
is finished by `recover` at the next start. Before that line nothing under a final name has changed, and
`recover` removes the temporary files of runs that have died. A run that is alive keeps its registry locked;
nobody touches its files. Runs that replace files in one folder do so one after the other, each its whole set.

A stamped output never replaces a file; an output with a stable name replaces the one before it atomically.
"""

from __future__ import annotations

import errno
import os
import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING

from txojobs.errors import ValidationError
from txojobs.files import disk
from txojobs.files.os_errors import NONE_CHANGED, STATE_ELSEWHERE, UNCHANGED, explained
from txojobs.files.placing import free_name
from txojobs.files.recovery import (
    LATER,
    Output,
    awaited,
    clean_up,
    may_be_committed,
    recover,
    replaced_in,
    roll_forward,
    token_of,
)
from txojobs.files.registry import SUFFIX, Registry
from txojobs.files.turns import in_turn

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from types import TracebackType

    from typing_extensions import Self

__all__ = ["Publication", "recover"]


class Publication:
    """All outputs of one run. Used by one thread; leaving a `with` block abandons what is not committed."""

    def __init__(
        self,
        journal_dir: Path,
        *,
        run: str = "run",
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._journal_dir = journal_dir
        self._clock = clock
        self._sleep = sleep
        self._token = f"{token_of(run)}-{secrets.token_hex(4)}"
        self._registry: Registry | None = None
        self._outputs: list[Output] = []
        self._committed = False
        self._over = False

    @property
    def is_committed(self) -> bool:
        """Whether the deciding line is written: from then on `recover` finishes what is interrupted."""
        return self._committed

    def add(self, final: Path, *, stamped: bool) -> Path:
        """Return a new, empty temporary file in the folder of `final`, to be written by its path.

        Raises:
            ValidationError: another output of this run has the same final name.
            FileOperationError: the file cannot be created.
        """
        if self._over or self._committed:
            raise ValidationError("an output cannot be added to a run that is already published or abandoned")
        final = Path(os.path.abspath(final))  # noqa: PTH100  # links stay: the last part is to be replaced
        self._refuse_same_name(final)
        number = len(self._outputs)
        with explained(final, doing="write"):
            temp = final.with_name(f".{_clip(final.name)}.{self._token}-{number}.part")
        journal = self._journal_dir / f"{self._token}{SUFFIX}"  # it may lie on another disk than the output
        with explained(journal, doing="write", safe=NONE_CHANGED, example=STATE_ELSEWHERE):
            if self._registry is None:
                self._registry = Registry.create(self._journal_dir, self._token)
            self._registry.append({"add": number, "temp": str(temp), "final": str(final), "stamped": stamped})
        with explained(final, doing="write", safe=UNCHANGED):
            os.close(disk.create(temp))
        self._outputs.append(Output(number, temp, final, stamped, final))
        return temp

    def commit(self, *, note: Callable[[list[Output]], None] | None = None) -> list[Path]:
        """Publish all outputs and return their final names, in the order of `add`.

        `note` is given the outputs once they are proven, before the line that decides is written.

        Raises:
            FileOperationError: either nothing was changed, or everything is kept for `recover`; it says
            which.
                May be called again.
        """
        if self._over:
            raise ValidationError("a run that is published or abandoned cannot be published")
        if self._registry is None:
            self._over = True
            return []
        if not self._committed:
            self._prove()
            if note is not None:
                note(self._outputs)
            with self._in_turn(self._registry.path):
                self._record(self._registry)
        roll_forward(self._registry, self._outputs)
        self._over = True
        try:
            self._registry.remove()
        except OSError:  # everything is published and noted as done; the next start removes it
            self._registry.release()
        return [output.name for output in self._outputs]

    def discard(self, temp: Path) -> None:
        """Take one output out of the run and remove its temporary file; the others are not touched."""
        for output in list(self._outputs):
            if output.temp == temp and not self._committed:
                self._outputs.remove(output)
                with explained(output.final, doing="discard", safe=UNCHANGED):
                    temp.unlink(missing_ok=True)

    def abandon(self) -> None:
        """Remove the temporary files, unless they are committed. May be called at any time, also twice.

        What cannot be removed now is removed by `recover`.
        """
        if self._registry is None or self._over:
            return
        self._over = True
        if self._committed:
            self._registry.release()
            return
        try:
            clean_up(self._registry, self._outputs)
        except OSError:
            self._registry.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.abandon()

    def _refuse_same_name(self, final: Path) -> None:
        for output in self._outputs:
            if str(output.final).casefold() == str(final).casefold():
                raise ValidationError(
                    f"two outputs of this run have one name: {output.final.name!r} and {final.name!r} "
                    f"in {final.parent}",
                    how_to_fix="give each save step its own file name; upper and lower case are the same",
                )

    def _prove(self) -> None:
        """Make every output durable and take down what identifies it."""
        wanted = {output.final for output in self._outputs}
        for output in self._outputs:
            with explained(output.final, doing="publish", safe=UNCHANGED):
                if not output.stamped and output.final.is_dir() and not output.final.is_symlink():
                    raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(output.final))
                descriptor = disk.open_existing(output.temp)
                try:
                    disk.sync(descriptor)
                    facts = os.fstat(descriptor)
                finally:
                    os.close(descriptor)
                output.size, output.mtime_ns = facts.st_size, facts.st_mtime_ns
                if output.stamped:
                    output.name = free_name(output.final, taken=wanted - {output.final})
        for folder in {output.final.parent for output in self._outputs}:
            with explained(folder, doing="publish", safe=NONE_CHANGED):
                disk.sync_folder(folder)

    def _in_turn(self, own: Path) -> AbstractContextManager[None]:
        """Keep others from deciding, once nobody has still to replace files where this run does.

        What a dead run left undone there is finished first: later it would mix with what this one publishes.
        """
        folders = replaced_in(self._outputs)

        def others() -> list[Path]:
            with explained(self._journal_dir, doing="read", safe=NONE_CHANGED):
                return awaited(self._journal_dir, folders, but=own)

        def sleep(seconds: float) -> None:
            recover(self._journal_dir, only=others())
            self._sleep(seconds)

        return in_turn(
            self._journal_dir, folders, is_awaited=lambda: bool(others()), clock=self._clock, sleep=sleep
        )

    def _record(self, registry: Registry) -> None:
        """Write the line that decides."""
        facts = [
            {"number": output.number, "name": str(output.name), "size": output.size, "mtime": output.mtime_ns}
            for output in self._outputs
        ]
        try:
            registry.append({"commit": facts})
        except OSError:
            # the line may be on the disk or not: take it back, or else stand by it
            try:
                registry.append({"cancel": True})
            except OSError:
                self._committed = may_be_committed(registry)
            safe = LATER if self._committed else NONE_CHANGED
            with explained(registry.path, doing="write", safe=safe, example=STATE_ELSEWHERE):
                raise
        self._committed = True


def _clip(name: str) -> str:
    return os.fsencode(name)[:100].decode("utf-8", "ignore")
