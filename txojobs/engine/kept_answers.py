"""The answers that a run keeps while it goes on, and when it lets go of them (promise P4)."""

from __future__ import annotations

import contextlib
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from txojobs.errors import (
    ApiError,
    ApiValidationError,
    EntityNotFoundError,
    FileOperationError,
    ForeignOriginError,
    IncompleteReadError,
    RunCancelledError,
    TxoBaseError,
)

if TYPE_CHECKING:
    from pathlib import Path

    from txojobs.config import Config
    from txojobs.engine.report import RunReport
    from txojobs.engine.request import RunRequest
    from txojobs.engine.services import Services
    from txojobs.files.recovery import Output
    from txojobs.state.tape import Tape


class KeptAnswers:
    """What one run keeps in `folder`; None keeps nothing."""

    def __init__(self, request: RunRequest, report: RunReport, folder: Path | None) -> None:
        self._request = request
        self._report = report
        self._folder = folder
        self._tape: Tape | None = None

    def keep(self, services: Services, config: Config) -> None:
        """Begin to keep what the services answer, or find what an earlier process has kept; again does nothing."""
        if self._folder is None or self._tape is not None:
            return
        from txojobs.engine.resume import clean_up, keep, tape_of  # noqa: PLC0415  # only for a run that reads
        from txojobs.state.tape import Tape  # noqa: PLC0415

        try:
            if not self._report.resumed:
                keep(self._folder, self._request, self._report, config)
            services.tape = self._tape = Tape(tape_of(self._folder))
        except (OSError, FileOperationError) as err:
            self._report.warnings.append(f"the run cannot be resumed when it breaks: {err}")
            return
        clean_up(self._request.workspace.state_dir, now=datetime.now(timezone.utc), keeping=self._folder)

    def note(self, outputs: list[Output]) -> None:
        """Note what is about to be published: whoever goes on must know it, whoever finishes it."""
        if self._folder is None or self._tape is None:
            return
        from txojobs.engine.resume import note_outputs  # noqa: PLC0415

        with contextlib.suppress(OSError):  # at worst it is published twice
            note_outputs(self._folder, outputs)

    def published(self) -> list[Path]:
        """Return the outputs of the run that is to go on when all of them stand; it was stopped after it decided."""
        if self._folder is None or not self._report.resumed:
            return []
        from txojobs.engine.resume import published  # noqa: PLC0415

        return published(self._folder)

    def let_go(self) -> None:
        """Close the tape, and remove all unless the run may go on: what proved incomplete would be so again."""
        report, tape = self._report, self._tape
        done = report.outcome not in ("failed", "interrupted") or report.is_kept
        if self._folder is None or (tape is None and not done):
            return
        from txojobs.engine.resume import discard  # noqa: PLC0415

        if tape is not None:
            tape.close()
            if tape.failure is not None:
                report.warnings.append(f"not all that was read is kept for --resume: {tape.failure.strerror}")
            report.can_resume = not done and len(tape) > 0 and _may_help(report.error)
        if not report.can_resume:
            discard(self._folder)


def _may_help(error: BaseException | None) -> bool:
    """Whether going on may help: not where the job must be changed first, or what was read proved incomplete."""
    never = (IncompleteReadError, ApiValidationError, EntityNotFoundError, ForeignOriginError)
    if isinstance(error, TxoBaseError):
        return isinstance(error, ApiError | FileOperationError | RunCancelledError) and not isinstance(
            error, never
        )
    return True
