"""The record of one publication: an append-only file of JSON lines, locked while its run is alive.

A line that a crash tore apart is ignored: what it announced has not been done. The lock is the system's
own, so a dead run never holds it.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from txojobs.file_lock import lock_at
from txojobs.files import disk
from txojobs.workspace import private_folder

if TYPE_CHECKING:
    from pathlib import Path

SUFFIX = ".publication"
DAMAGED = ".damaged"


def entries_of(path: Path) -> list[dict[str, Any]]:
    """Return what the registry at `path` records, in order; its run may be alive."""
    found = []
    for line in path.read_bytes().splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict):
            found.append(entry)
    return found


class Registry:
    """One registry file, open and locked."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor: int | None = descriptor

    @classmethod
    def create(cls, folder: Path, name: str) -> Registry:
        """Make a registry of one's own, durably."""
        private_folder(folder)
        path = folder / f"{name}{SUFFIX}"
        number = 1
        # between making and locking it, a starting run may have taken it for a dead one's: that run removes it
        while (registry := cls._locked(path, disk.create(path, mode=0o600))) is None:
            number += 1
            path = folder / f"{name}-{number}{SUFFIX}"
        try:
            disk.sync_folder(folder)
        except BaseException:
            registry.release()  # empty: the next start removes it
            raise
        return registry

    @classmethod
    def take_over(cls, path: Path) -> Registry | None:
        """Return the registry of a dead run; None when its run is alive, or somebody else was quicker."""
        try:
            descriptor = disk.open_existing(path)
        except FileNotFoundError:
            return None
        return cls._locked(path, descriptor)

    @classmethod
    def _locked(cls, path: Path, descriptor: int) -> Registry | None:
        registry = cls(path, descriptor)
        mine = False
        try:
            mine = lock_at(path, descriptor)
        finally:
            if not mine:
                registry.release()
        return registry if mine else None

    def append(self, entry: dict[str, Any], *, durable: bool = True) -> None:
        """Add one line; the line break in front ends whatever an earlier failure left."""
        if self._descriptor is None:
            raise OSError(0, "the publication is over")
        disk.write_all(self._descriptor, b"\n" + json.dumps(entry).encode("ascii") + b"\n")
        if durable:
            disk.sync(self._descriptor)

    def entries(self) -> list[dict[str, Any]]:
        """Return what was recorded, in order."""
        return entries_of(self.path)

    def release(self) -> None:
        """Give the lock back and keep the file, for the next start to find."""
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            os.close(descriptor)

    def remove(self) -> None:
        """Remove the file, durably, and give the lock back."""
        if os.name == "nt":
            self.release()  # an open file cannot be removed there
            with suppress(PermissionError):  # another start has it open: finds it done with, and removes it
                disk.remove(self.path)
            return
        disk.remove(self.path)
        disk.sync_folder(self.path.parent)
        self.release()

    def set_aside(self) -> Path:
        """Keep the file out of the way of later starts, for a person to look at."""
        aside = self.path.with_suffix(DAMAGED)
        self.release()
        disk.replace(self.path, aside)
        return aside
