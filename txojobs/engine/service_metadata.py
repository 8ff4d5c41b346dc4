"""The `$metadata` of a service: asked for with the configuration of an organisation and environment, and kept.

A snapshot stands in `schemas/services/<api>.metadata.xml`, byte for byte as the service sent it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from txojobs.errors import ApiOperationError, ConfigurationError, TxoBaseError, ValidationError
from txojobs.suggest import nearest

if TYPE_CHECKING:
    from typing import TextIO

    from txojobs.config import Config
    from txojobs.metadata.model import Service


class ServiceMetadata(NamedTuple):
    """A document, and what it says."""

    document: bytes
    service: Service


def read_service(
    config: Config, *, api: str, state_dir: Path, console: TextIO | None = None
) -> ServiceMetadata:
    """Ask a service for its `$metadata`; `console` is told when it has to be asked again.

    `state_dir` is that of the workspace: a token may be kept there.

    Raises:
        ConfigurationError: there is no such api, or it is not configured rightly.
        ApiError: the service did not answer with its description.
    """
    from txojobs.engine.services import Services  # noqa: PLC0415  # requests: only when something is asked
    from txojobs.logs import start_logging  # noqa: PLC0415
    from txojobs.metadata.csdl import parse, pieces  # noqa: PLC0415
    from txojobs.redact import Redactor  # noqa: PLC0415
    from txojobs.rest.metadata_document import read_metadata  # noqa: PLC0415

    check_api(config, api)
    redactor = Redactor()
    for secret in config.secret_values():
        redactor.add(secret)
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        log = Path(folder) / "log"
        stack.enter_context(start_logging(log, redactor=redactor, console=console, level=logging.WARNING))
        services = Services(config, redactor=redactor, cancel=threading.Event(), state_dir=state_dir)
        stack.callback(services.close)
        try:
            document = read_metadata(services.client(api))
        except TxoBaseError as err:
            err.redact(redactor.clean)
            raise
    try:
        return ServiceMetadata(document, parse(pieces(document), name=f"$metadata of {api}"))
    except ValidationError as err:
        error = ApiOperationError(err.what_went_wrong, how_to_fix="report it to the provider of the service")
        error.where = err.where
        raise error from err


def check_api(config: Config, api: str) -> None:
    """Raise ConfigurationError when there is no api of that name."""
    known = ["default", *config.get("apis", {})]
    if api not in known:
        raise ConfigurationError(
            f"there is no api {api!r}", how_to_fix=nearest(api, known) or f"the apis are: {', '.join(known)}"
        )


def save_snapshot(path: Path, document: bytes) -> None:
    """Put a document in place of the snapshot, whole or not at all.

    Raises:
        FileOperationError: it cannot be written; the one before still stands.
    """
    from txojobs.files import disk  # noqa: PLC0415
    from txojobs.files.os_errors import UNCHANGED, explained  # noqa: PLC0415

    temp = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with explained(path, doing="write", safe=UNCHANGED):
        path.parent.mkdir(parents=True, exist_ok=True)
        disk.remove(temp)  # of a process that had this number and crashed
        descriptor = disk.create(temp)
        try:
            try:
                disk.write_all(descriptor, document)
                disk.sync(descriptor)
            finally:
                os.close(descriptor)
            disk.replace(temp, path)
        finally:
            disk.remove(temp)
        disk.sync_folder(path.parent)
