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

    def __init__(self, root: Path) -> None:
        self._root = root
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
        from txojobs.metadata.csdl import read_snapshot  # noqa: PLC0415  # only where there is one

        name = path.relative_to(self._root).as_posix()
        try:
            return Snapshot(name, read_snapshot(path, shown_as=name))
        except ValidationError as err:
            return err
