"""The snapshots of services that a workspace keeps: `schemas/services/<api>.metadata.xml`.

Each is read once, when a job that asks its service is checked. A workspace without any pays for a look into a folder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from txojobs.errors import ValidationError
from txojobs.workspace import check_name

if TYPE_CHECKING:
    from pathlib import Path

    from txojobs.metadata.model import Service
    from txojobs.workspace import Workspace

ENDING = ".metadata.xml"


class Snapshot(NamedTuple):
    """One service, and the name of the file that describes it."""

    name: str
    service: Service


def snapshot_path(root: Path, api: str) -> Path:
    """Return where the snapshot of an api stands in a workspace, or would.

    Raises:
        ValidationError: the api has a name that no file can have.
    """
    return root / "schemas" / "services" / f"{check_name('an api', api)}{ENDING}"


class Snapshots:
    """The snapshots of one workspace; for one thread."""

    def __init__(self, workspace: Workspace) -> None:
        self._root = workspace.root
        self._state_dir = workspace.state_dir
        self._read: dict[str, Snapshot | ValidationError | None] = {}
        self._there: bool | None = None

    @property
    def there(self) -> bool:
        """Whether there is any."""
        if self._there is None:
            folder = self._root / "schemas" / "services"
            self._there = any(folder.glob(f"*{ENDING}"))
        return self._there

    def of(self, api: str) -> Snapshot | None:
        """Return the snapshot of an api, or None when there is none.

        Raises:
            ValidationError: it is damaged.
        """
        if api not in self._read:
            self._read[api] = self._found(api)
        found = self._read[api]
        if isinstance(found, ValidationError):
            raise found
        return found

    def _found(self, api: str) -> Snapshot | ValidationError | None:
        try:
            path = snapshot_path(self._root, api)
        except ValidationError:  # no api has such a name, and the run will say so
            return None
        if not path.is_file():
            return None
        from txojobs.state.metadata_cache import service_in  # noqa: PLC0415  # only where there is one

        name = path.relative_to(self._root).as_posix()
        try:
            return Snapshot(name, service_in(path, shown_as=name, state_dir=self._state_dir))
        except ValidationError as err:
            return err
