"""A judge answers when it is said to be ready, and ends with whoever started it, however that ended."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.judges.node import JUDGES, missing, need, serving

if TYPE_CHECKING:
    from pathlib import Path

SERVER = f"""\
import {{ options, ready }} from {json.dumps((JUDGES / "lifeline.mjs").as_uri())}
import http from 'node:http'
const {{ word }} = await options
if (word === 'no') throw new Error('it cannot be')
console.log('some library says hello')
const server = http.createServer((_, response) => response.end(word)).listen(0, '127.0.0.1', () =>
  ready({{ url: `http://127.0.0.1:${{server.address().port}}`, pid: process.pid }}))
"""
STARTER = """\
import sys
from pathlib import Path
from tests.judges.node import serving
with serving(Path(sys.argv[1]), word="yes") as facts:
    print(facts["url"], flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "server.mjs").write_text(SERVER, encoding="utf-8")
    need(tmp_path)
    return tmp_path


def connected(url: str) -> socket.socket:
    place = urlsplit(url)
    return socket.create_connection((str(place.hostname), int(place.port or 0)), timeout=60)


def wait_until_gone(url: str) -> None:
    """Return when nobody listens; a connection on which nothing is asked ends with the server alone.

    Raises:
        TimeoutError: the server lives on.
    """
    while True:
        try:
            with connected(url) as line, suppress(ConnectionResetError):
                line.recv(1)
        except ConnectionRefusedError:
            return


def test_is_ready_when_it_says_so_and_has_gone_afterwards(folder: Path) -> None:
    with serving(folder, word="grün") as facts, connected(facts["url"]) as line:
        line.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert b"".join(iter(lambda: line.recv(4096), b"")).endswith("grün".encode())
    with pytest.raises(ConnectionRefusedError):
        connected(facts["url"])


def test_says_what_the_server_said_when_it_does_not_start(folder: Path) -> None:
    with pytest.raises(AssertionError, match="it cannot be"), serving(folder, word="no"):
        pass


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL on Windows")
def test_ends_when_the_tests_are_killed(folder: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STARTER, str(folder)],
        cwd=JUDGES.parents[1],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as tests:
        assert tests.stdout is not None
        url = tests.stdout.readline().strip()
        tests.send_signal(signal.SIGKILL)
    wait_until_gone(url)


def test_a_machine_without_node_skips_and_ci_fails(tmp_path: Path) -> None:
    with pytest.raises(pytest.skip.Exception, match=r"Node\.js is not installed"):
        need(tmp_path, {"PATH": str(tmp_path)})
    with pytest.raises(pytest.fail.Exception, match=r"Node\.js is not installed"):
        need(tmp_path, {"PATH": str(tmp_path), "CI": "true"})


def test_an_old_node_is_refused(tmp_path: Path) -> None:
    if os.name == "nt":
        pytest.skip("a script is no program on Windows")
    (tmp_path / "node").write_text("#!/bin/sh\necho v18.20.0\n", encoding="utf-8")
    (tmp_path / "node").chmod(0o755)
    assert "needs Node.js 20 or newer, not v18.20.0" in str(missing(tmp_path, {"PATH": str(tmp_path)}))


def test_what_the_lock_file_names_must_be_installed(folder: Path) -> None:
    assert missing(folder) is None
    lock, mark = folder / "package-lock.json", folder / "node_modules" / ".installed"
    lock.write_text("one", encoding="utf-8")
    assert "make judges" in str(missing(folder))
    mark.parent.mkdir()
    mark.write_text("another", encoding="utf-8")
    assert "make judges" in str(missing(folder))
    mark.write_text("one", encoding="utf-8")
    assert missing(folder) is None


def test_lock_files_name_no_host() -> None:
    for lock in JUDGES.glob("*/package-lock.json"):
        packages = json.loads(lock.read_text(encoding="utf-8"))["packages"]
        assert not [name for name, each in packages.items() if "resolved" in each], lock
        assert not [name for name, each in packages.items() if name and "integrity" not in each], lock
