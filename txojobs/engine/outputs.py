"""Where the sinks of a run write, and which of it is published at its end."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from txojobs.errors import ValidationError
from txojobs.files.names import output_name
from txojobs.files.os_errors import explained
from txojobs.files.publish import Publication
from txojobs.workspace import inside

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from txojobs.files.recovery import Output
    from txojobs.workspace import Workspace


class RunOutputs:
    """The outputs of one run. A dry run writes into a scratch folder that is removed with it."""

    def __init__(
        self,
        workspace: Workspace,
        *,
        org: str,
        env: str,
        now: datetime,
        run_id: str,
        folder: Path | None,
        limit: int | None,
        dry_run: bool,
    ) -> None:
        self._org = org
        self._env = env
        self._now = now
        self._limit = limit
        self._dry_run = dry_run
        self._scratch: Path | None = None
        self.folder = (folder or workspace.root / "output").absolute()
        self._publication = Publication(workspace.state_dir / "publish", run=run_id)
        self._made: dict[Path, Path] = {}

    def create(self, name: str, *, stamped: bool) -> Path:
        """Return the temporary file of an output; see context.Outputs."""
        final_name = output_name(
            self._org, self._env, name, now=self._now, stamped=stamped, first_n=self._limit
        )
        if self._dry_run:
            return self._trial(final_name)
        with explained(self.folder / final_name, doing="write"):
            self.folder.mkdir(parents=True, exist_ok=True)
            final = inside(self.folder, final_name)
        temp = self._publication.add(final, stamped=stamped)
        self._made[temp] = final
        return temp

    def _trial(self, final_name: str) -> Path:
        final = self.folder / final_name
        if str(final).casefold() in {str(made).casefold() for made in self._made.values()}:
            raise ValidationError(
                f"two outputs of this run have one name: {final.name!r}",
                how_to_fix="give each save step its own file name; upper and lower case are the same",
            )
        with explained(final, doing="write"):
            os.fsencode(final)  # can this system spell it?
            _must_be_writable(final)
        with explained(final, doing="try to write"):
            if self._scratch is None:
                self._scratch = Path(tempfile.mkdtemp(prefix="txojobs-dry-run-"))
            path = inside(self._scratch, final_name)
        self._made[path] = final
        return path

    @property
    def is_decided(self) -> bool:
        """Whether publishing has passed the point from which on it is finished, if need be by the next start."""
        return self._publication.is_committed

    def planned(self) -> list[str]:
        """Return the names that the outputs have or would have."""
        return [str(final) for final in self._made.values()]

    def discard(self, temps: list[Path]) -> None:
        """Take outputs out of the run: a step that they depend on has failed, and the run goes on without."""
        for temp in temps:
            self._made.pop(temp, None)
            if not self._dry_run:
                self._publication.discard(temp)

    def start_over(self) -> None:
        """Throw away what was written so far, so that the same names can be written anew."""
        self.discard(list(self._made))

    def commit(self, *, note: Callable[[list[Output]], None] | None = None) -> list[Path]:
        """Publish everything; nothing when this is a dry run. For `note` see Publication."""
        if self._dry_run:
            self.abandon()
            return []
        return self._publication.commit(note=note)

    def abandon(self) -> None:
        """Remove what was written; safe to call at any time and more than once."""
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)
        self._publication.abandon()

    def standing(self, name: str) -> Path | None:
        """Return the file with the stable name of an output: a run that does not write it leaves it as it was."""
        with contextlib.suppress(ValidationError):  # a name that cannot be is why it was not written
            path = self.folder / output_name(
                self._org, self._env, name, now=self._now, stamped=False, first_n=self._limit
            )
            return path if path.is_file() else None
        return None


def _must_be_writable(path: Path) -> None:
    """Raise what a run would meet where it may not make or write the folder of an output; nothing is made."""
    folder = next(each for each in path.parents if os.path.lexists(each))
    if not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))
