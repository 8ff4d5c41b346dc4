"""Start servers that are not ours and run on Node.js, and be sure that they end.

A judge is a folder below this one with `package.json`, `package-lock.json` and `server.mjs`. The server imports
`lifeline.mjs`, which says how the two talk: it ends with the test run, however that ends, because it holds the
reading end of a pipe. `make judges` installs what the lock files name; where that is not possible the tests are
skipped and say why, and on a machine that says CI they fail.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

JUDGES = Path(__file__).parent
OLDEST_NODE = 20
_READY_TIMEOUT_S = 60.0
_GRACE_S = 5.0
_FOREIGN = ("NODE_", "CDS_", "PORT", "DEBUG", "COV_")
"""What the environment may hold that would make a server another one than the tests expect."""


def missing(folder: Path, environ: Mapping[str, str] | None = None) -> str | None:
    """Say why the server of `folder` cannot run here, None when it can."""
    node = shutil.which("node", path=(os.environ if environ is None else environ).get("PATH"))
    if node is None:
        return f"Node.js is not installed, and {folder.name} needs it"
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    major = said.removeprefix("v").partition(".")[0]
    if not major.isdigit() or int(major) < OLDEST_NODE:
        return f"{folder.name} needs Node.js {OLDEST_NODE} or newer, not {said or 'one that does not start'}"
    lock, mark = folder / "package-lock.json", folder / "node_modules" / ".installed"
    if lock.exists() and not (mark.exists() and mark.read_bytes() == lock.read_bytes()):
        return f"what {folder.name} needs is not installed: make judges"
    return None


def need(folder: Path, environ: Mapping[str, str] | None = None) -> None:
    """Skip the test when the server of `folder` cannot run here; fail it on a machine that says CI."""
    environ = os.environ if environ is None else environ
    reason = missing(folder, environ)
    if reason is None:
        return
    if environ.get("CI", "").lower() not in ("", "0", "false"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@contextmanager
def serving(folder: Path, **options: object) -> Iterator[dict[str, Any]]:
    """Run `server.mjs` of a folder with these options; yield what it says when it is ready, its `url` among it.

    Raises:
        AssertionError: it did not become ready; what it wrote to standard error is in the message.
    """
    with tempfile.TemporaryFile() as complaints:
        process = _launch(folder, complaints)
        try:
            yield _ready(process, complaints, json.dumps(options))
        finally:
            _end(process)


def _launch(folder: Path, complaints: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["node", str(folder / "server.mjs")],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=complaints,
    )


def _ready(process: subprocess.Popen[bytes], complaints: IO[bytes], options: str) -> dict[str, Any]:
    stdin, stdout = cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stdout)
    # a pipe cannot be waited for with a deadline on Windows; the end of the process ends the wait everywhere
    alarm = threading.Timer(_READY_TIMEOUT_S, process.kill)
    alarm.start()
    try:
        with suppress(OSError):  # it has ended already; what it left on its other pipes says why
            stdin.write(options.encode("ascii") + b"\n")
            stdin.flush()
        line = stdout.readline()
    finally:
        alarm.cancel()
        alarm.join()
    if not line.endswith(b"\n"):
        complaints.seek(0)
        raise AssertionError(f"the server did not start:\n{complaints.read().decode('utf-8', 'replace')}")
    facts: dict[str, Any] = json.loads(line)
    return facts


def _end(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        with suppress(OSError):
            cast("IO[bytes]", pipe).close()
    try:
        process.wait(_GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
