"""Keep what the snapshot of a large service says in a form that is read at once.

A file in the state folder for each snapshot. It counts for the very bytes of that snapshot and this version of
txojobs; anything else is made anew. A folder that cannot be written costs time, and nothing else.
"""

from __future__ import annotations

import contextlib
import os
from hashlib import blake2b
from typing import TYPE_CHECKING

from txojobs.errors import ValidationError
from txojobs.workspace import private_folder

if TYPE_CHECKING:
    from pathlib import Path

    from txojobs.metadata.model import Service

SMALL = 64 * 1024
"""A document of so many bytes is read in a few milliseconds, and is not kept (benchmarks/start_up.py)."""


def service_in(path: Path, *, shown_as: str, state_dir: Path) -> Service:
    """Return the service that a snapshot describes; `shown_as` is the name that marks carry.

    Raises:
        ValidationError: the file cannot be read, or holds no such document.
    """
    try:
        if path.stat().st_size <= SMALL:
            return _parsed(path, shown_as)
        document = path.read_bytes()
    except OSError as err:
        raise ValidationError(f"{shown_as} cannot be read: {err.strerror}") from err
    from txojobs.metadata.compact import pack, unpack  # noqa: PLC0415  # only for a large one

    mark = blake2b(document, digest_size=16).hexdigest()
    kept = state_dir / "metadata" / f"{path.name.removesuffix('.xml')}.json"
    with contextlib.suppress(OSError):
        service = unpack(kept.read_bytes(), of=mark)
        if service is not None:
            return service
    service = _parsed(path, shown_as)
    _keep(kept, pack(service, of=mark))
    return service


def _parsed(path: Path, shown_as: str) -> Service:
    from txojobs.metadata.csdl import read_snapshot  # noqa: PLC0415  # the XML parser

    return read_snapshot(path, shown_as=shown_as)


def _keep(path: Path, packed: bytes) -> None:
    temp = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with contextlib.suppress(OSError):  # read-only, full: it is read from the XML the next time, too
        private_folder(path.parent)
        try:
            temp.write_bytes(packed)
            temp.replace(path)
        finally:
            temp.unlink(missing_ok=True)
