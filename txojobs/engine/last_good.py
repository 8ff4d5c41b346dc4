"""The newest whole file of each output of a job, as its earlier runs have reported it.

A name alone proves nothing: another job may write under it. So only what a report under logs/ lists counts, of the
same job, organisation, environment and output, and only as long as nobody has changed the file since.
"""

from __future__ import annotations

import contextlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from txojobs.files.names import split_extension

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from txojobs.engine.report import StepResult
    from txojobs.engine.request import RunRequest

MAX_REPORTS = 300
"""How many of the job's newest reports are looked at."""


def last_good_files(request: RunRequest, results: Iterable[StepResult], *, folder: Path) -> list[Path]:
    """Return the newest file in `folder` of each output that has one; of runs with `--limit` none.

    Of an output that is split it is all the files that one run made of it, or none.
    """
    saves = {result.title: result.key for result in results if result.verb == "save" and result.title}
    left = {name: _pattern(request, name, key) for name, key in saves.items()}
    found: dict[str, list[Path]] = {}
    for report in _reports(request):
        paths = [Path(path) for path in report["outputs"]]
        for name, pattern in list(left.items()):
            place = (folder / name).parent.resolve()
            own = [path for path in paths if path.parent == place and pattern.fullmatch(path.name)]
            if own:
                if all(_is_unchanged(path, report["written"]) for path in own):
                    found[name] = own
                del left[name]  # an older file would not be the last one
        if not left:
            break
    return [path for name in saves for path in found.get(name, [])]


def _pattern(request: RunRequest, name: str, key: str) -> re.Pattern[str]:
    stem, extension = split_extension(name.replace("\\", "/").rpartition("/")[2])
    part = r"_\d+" if getattr(request.job.step(key).sample, "split", None) == "files" else ""
    stamp = r"(_\d{4}-\d\d-\d\dT\d{4}Z(-\d+)?)?"
    whole = re.escape(f"{request.org}-{request.env}-{stem}") + part + stamp + re.escape(extension)
    return re.compile(whole)


def _reports(request: RunRequest) -> Iterator[dict[str, Any]]:
    """Yield the reports of the job's whole runs, the newest first, each with the time when it was `written`."""
    begin = f"{request.org}-{request.env}-{request.identity}_"
    with contextlib.suppress(OSError):
        logs = request.workspace.root / "logs"
        paths = [path for path in logs.iterdir() if path.name.startswith(begin) and path.suffix == ".json"]
        dated = sorted(((path.stat().st_mtime_ns, path) for path in paths), reverse=True)
        for written, path in dated[:MAX_REPORTS]:
            with contextlib.suppress(
                OSError, ValueError, KeyError, TypeError
            ):  # no report of ours, or a part of one
                report = json.loads(path.read_bytes())
                whose = (report["org"], report["env"], report["job"])
                if whose == (request.org, request.env, request.job.name) and report["limit"] is None:
                    yield {"outputs": list(report["outputs"]), "written": written}


def _is_unchanged(path: Path, written_ns: int) -> bool:
    with contextlib.suppress(OSError):
        return path.is_file() and not path.is_symlink() and path.stat().st_mtime_ns <= written_ns
    return False
