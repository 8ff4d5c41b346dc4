"""A run that can go on: what it was asked, kept beside the answers that it has had (promise P4).

`<state>/resume/<job, organisation, environment>/` holds run.json, the tape of answers, and the outputs about to be
published, 0600. They are made when a run begins to read, and removed when it has ended well, when what it read
proved incomplete, and when another run of the same job begins. What is older than a week, or beyond 8 GiB together,
goes as well.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from txojobs._version import __version__
from txojobs.errors import ConfigurationError
from txojobs.files.recovery import is_as_proven
from txojobs.workspace import private_folder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from txojobs.engine.report import RunReport
    from txojobs.engine.request import RunRequest
    from txojobs.files.recovery import Output

KEPT_FOR = timedelta(days=7)
SPARED_FOR = timedelta(hours=7)
"""A step may take six hours: what has been written since may be of a run that goes on."""
MOST_BYTES = 8 * 1024**3
VERSION = 1
_RUN, _TAPE, _OUTPUTS = "run.json", "answers", "outputs.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """A run that was not finished. `given` are its params as they were given, `values` what they were, as JSON."""

    run_id: str
    started: datetime
    given: dict[str, str]
    values: str
    limit: int | None
    full: bool
    output: str | None
    job_hash: str
    config_hash: str
    version: str


def folder_of(request: RunRequest, identity: str) -> Path:
    """Return where a run keeps what it needs to go on; `identity` tells jobs of one name apart."""
    mark = hashlib.sha256(
        f"{identity}\n{request.org}\n{request.env}".encode("utf-8", "surrogatepass")
    ).hexdigest()[:16]
    return request.workspace.state_dir / "resume" / mark


def tape_of(folder: Path) -> Path:
    """Return the file with the answers."""
    return folder / _TAPE


def earlier_run(folder: Path, request: RunRequest) -> Earlier:
    """Return the run that is to go on.

    Raises:
        ConfigurationError: there is none, or it cannot go on with what is asked now.
    """
    again = f"run it anew: {request.command}"
    try:
        earlier = _read(folder / _RUN)
    except (OSError, ValueError, KeyError, TypeError) as err:
        raise ConfigurationError(
            f"there is no run of {request.job.name} for {request.org}-{request.env} to go on with: the last one came "
            "to its end, or never began to read",
            how_to_fix=again,
        ) from err
    if earlier.version != __version__:
        raise _changed("txojobs itself", again)
    if earlier.job_hash != job_hash(request):
        raise _changed("the job", again)
    _refuse_others(earlier, request)
    return earlier


def _read(path: Path) -> Earlier:
    facts = json.loads(path.read_bytes())
    return Earlier(
        run_id=facts["run-id"],
        started=datetime.fromisoformat(facts["started"]),
        given=facts["given"],
        values=facts["values"],
        limit=facts["limit"],
        full=facts["full"],
        output=facts["output"],
        job_hash=facts["job"],
        config_hash=facts["config"],
        version=facts["version"],
    )


def _refuse_others(earlier: Earlier, request: RunRequest) -> None:
    """Refuse params, a limit or a folder other than those of the run that is to go on."""
    for name, value in request.params.items():
        if earlier.given.get(name) != str(value):
            raise ConfigurationError(
                f"the run that is to go on had {name} = {earlier.given.get(name, 'its default')}, not {value}",
                how_to_fix="leave the params out: they are those of that run; or run it anew",
            )
    output = None if request.output is None else str(request.output)
    for what, now, then in (("limit", request.limit, earlier.limit), ("output", output, earlier.output)):
        if now is not None and now != then:
            raise ConfigurationError(
                f"the run that is to go on had {f'--{what} {then}' if then else f'no --{what}'}",
                how_to_fix=f"leave --{what} out, or run it anew",
            )


def must_be_unchanged(
    earlier: Earlier, report: RunReport, config: Mapping[str, Any], *, request: RunRequest
) -> None:
    """Refuse to go on with another configuration or other values of params.

    Raises:
        ConfigurationError: they have changed since.
    """
    again = f"run it anew: {request.command}"
    if earlier.config_hash != config_hash(config):
        raise _changed("the configuration", again)
    if earlier.values != values_of(report):
        raise _changed("a param (its default, or the variable that sets it)", again)


def _changed(what: str, again: str) -> ConfigurationError:
    return ConfigurationError(
        f"{what} has changed since the run that is to go on: its records would not fit together",
        how_to_fix=again,
    )


def keep(folder: Path, request: RunRequest, report: RunReport, config: Mapping[str, Any]) -> None:
    """Note what a run was asked, in place of any earlier one.

    Raises:
        OSError: the folder cannot be written.
    """
    discard(folder)
    private_folder(folder)
    facts = {
        "format": VERSION,
        "version": __version__,
        "run-id": report.run_id,
        "job-name": report.job,
        "org": report.org,
        "env": report.env,
        "started": report.started.isoformat(),
        "given": {name: str(value) for name, value in request.params.items()},
        "values": values_of(report),
        "limit": request.limit,
        "full": request.full,
        "output": None if request.output is None else str(request.output),
        "job": job_hash(request),
        "config": config_hash(config),
    }
    descriptor = os.open(folder / _RUN, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
        json.dump(facts, file)


def note_outputs(folder: Path, outputs: list[Output]) -> None:
    """Note the outputs that are about to be published, so that `published` knows them again.

    Raises:
        OSError: it cannot be written.
    """
    facts = [[str(output.name), output.size, output.mtime_ns] for output in outputs]
    descriptor = os.open(folder / _OUTPUTS, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
        json.dump(facts, file)
        file.flush()
        os.fsync(descriptor)


def published(folder: Path) -> list[Path]:
    """Return the outputs that were noted, when each of them stands as it was; else nothing."""
    try:
        text = (folder / _OUTPUTS).read_text(encoding="utf-8", errors="surrogateescape")
        found = [(Path(name), size, mtime) for name, size, mtime in json.loads(text)]
    except (OSError, ValueError, TypeError):
        return []
    stands = all(is_as_proven(path, size=size, mtime_ns=mtime) for path, size, mtime in found)
    return [path for path, _, _ in found] if stands else []


def discard(folder: Path) -> None:
    """Remove what a run has kept; a second call does nothing."""
    shutil.rmtree(folder, ignore_errors=True)


def clean_up(state_dir: Path, *, now: datetime, keeping: Path) -> None:
    """Remove what is too old, and the oldest of what is too much, never `keeping`. Quiet: a later run tries again."""
    found = []
    with contextlib.suppress(OSError):
        for folder in (state_dir / "resume").iterdir():
            with contextlib.suppress(OSError):
                files = [folder.stat(), *(path.stat() for path in folder.iterdir())]
                written = datetime.fromtimestamp(max(each.st_mtime for each in files), timezone.utc)
                found.append((written, sum(each.st_size for each in files[1:]), folder))
    left = sum(size for _, size, _ in found)
    for written, size, folder in sorted(found):
        may_go = folder != keeping and written < now - SPARED_FOR
        if may_go and (written < now - KEPT_FOR or left > MOST_BYTES):
            discard(folder)
            left -= size


def job_hash(request: RunRequest) -> str:
    """Return what tells one text of a job from another; a job without a file counts by its name."""
    source = request.job.source
    text = b"" if source is None else source.read_bytes()
    return hashlib.sha256(request.job.name.encode() + b"\n" + text).hexdigest()


def config_hash(config: Mapping[str, Any]) -> str:
    """Return what tells one configuration from another; secrets show as *** and may be renewed."""
    return hashlib.sha256(json.dumps(config, sort_keys=True, default=str).encode()).hexdigest()


def values_of(report: RunReport) -> str:
    """Return the values of the params as JSON, without secrets."""
    return json.dumps(report.as_json()["params"], sort_keys=True, default=str)
