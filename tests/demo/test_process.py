"""The demo service as a process: started, stopped, and gone when its parent is."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from txojobs.demo.process import start
from txojobs.errors import HelpfulError

ROOT = Path(__file__).parents[2]
posix = pytest.mark.skipif(os.name == "nt", reason="signals and sessions of POSIX")


def connect(url: str) -> socket.socket:
    parts = urlsplit(url)
    return socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10)


def ask(url: str) -> int:
    connection = HTTPConnection(urlsplit(url).netloc, timeout=30)
    connection.request("GET", "/Salespersons")
    response = connection.getresponse()
    response.read()
    connection.close()
    return response.status


def wait_until_closed(client: socket.socket) -> None:
    with suppress(ConnectionResetError):  # it was not accepted yet
        assert client.recv(1) == b""


def assert_refused(url: str) -> None:
    """A kernel may close the connections of a process that ends before the port they came by."""
    deadline = time.monotonic() + 10
    while accepts(url):
        assert time.monotonic() < deadline, f"{url} still accepts connections"


def accepts(url: str) -> bool:
    try:
        with connect(url) as client:
            wait_until_closed(client)
    except ConnectionRefusedError:
        return False
    return True


def run_parent(program: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=os.name != "nt",
    )


def test_answers_once_started_and_refuses_once_stopped() -> None:
    with start() as service:
        assert service.base_url.startswith("http://127.0.0.1:")
        assert service.pid != os.getpid()
        assert ask(service.base_url) == 200
    assert_refused(service.base_url)


def test_stopping_leaves_no_zombie_no_thread_and_no_file_descriptor() -> None:
    def descriptors() -> set[str]:
        folder = Path("/proc/self/fd")
        return {path.name for path in folder.iterdir()} if folder.is_dir() else set()

    before = (threading.enumerate(), descriptors())
    service = start()
    service.stop()
    service.stop()
    assert service._process.returncode == 0, "it was not ended by force"
    assert (threading.enumerate(), descriptors()) == before
    if os.name != "nt":
        with pytest.raises(ChildProcessError):
            os.waitpid(service.pid, os.WNOHANG)


def test_stops_while_a_client_keeps_its_connection() -> None:
    with start() as service, connect(service.base_url) as client:
        service.stop()
        wait_until_closed(client)


def test_two_services_run_at_once() -> None:
    with start() as one, start() as other:
        assert one.base_url != other.base_url
        assert one.pid != other.pid
        assert [ask(one.base_url), ask(other.base_url)] == [200, 200]
        one.stop()
        assert ask(other.base_url) == 200


def test_takes_the_port_it_is_told_and_again_after_a_stop() -> None:
    with start() as first:
        port = urlsplit(first.base_url).port or 0
        assert ask(first.base_url) == 200
    with start(port=port) as second:
        assert second.base_url == first.base_url
        assert ask(second.base_url) == 200


def test_a_taken_port_is_named() -> None:
    with start() as first:
        port = urlsplit(first.base_url).port or 0
        with pytest.raises(HelpfulError, match=f"port {port}: it is in use") as caught:
            start(port=port)
        assert "another port" in str(caught.value.how_to_fix)
        assert ask(first.base_url) == 200


def test_a_number_that_is_no_port_is_refused() -> None:
    with pytest.raises(HelpfulError, match="70000 is no port"):
        start(port=70000)


def test_ends_when_its_parent_is_killed() -> None:
    program = (
        "import sys\n"
        "from txojobs.demo.process import start\n"
        "service = start()\n"
        "sys.stdout.write(f'{service.pid} {service.base_url}\\n')\n"
        "sys.stdout.flush()\n"
        "sys.stdin.read()\n"
    )
    with run_parent(program) as parent:
        assert parent.stdout is not None
        url = parent.stdout.readline().split()[1].decode()
        with connect(url) as client:
            parent.kill()
            wait_until_closed(client)
    assert_refused(url)


@posix
def test_outlives_the_terminals_interrupt_until_its_parent_is_done() -> None:
    # it waits in slices, as an interrupt just before a read would be noticed only after it, and it listens also
    # when the tests were started in the background, where shells let children ignore interrupts
    program = (
        "import select, signal, sys\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from urllib.request import urlopen\n"
        "from txojobs.demo.process import start\n"
        "with start() as service:\n"
        "    try:\n"
        "        sys.stdout.write('ready\\n')\n"
        "        sys.stdout.flush()\n"
        "        while not select.select([sys.stdin], [], [], 0.1)[0]: pass\n"
        "    except KeyboardInterrupt:\n"
        "        with urlopen(service.base_url + '/Salespersons') as answer:\n"
        "            sys.stdout.write(str(answer.status))\n"
    )
    with run_parent(program) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"ready\n"
        os.killpg(parent.pid, signal.SIGINT)
        assert parent.stdout.read() == b"200"
    assert parent.returncode == 0


@posix
def test_a_service_that_does_not_react_is_ended_by_force() -> None:
    service = start()
    os.kill(service.pid, signal.SIGSTOP)
    service.stop(grace_s=0.1)
    assert_refused(service.base_url)


def test_stopping_a_service_that_has_ended_is_no_error() -> None:
    service = start()
    with connect(service.base_url) as client:
        os.kill(service.pid, signal.SIGTERM)
        wait_until_closed(client)
    service.stop()


def test_modules_in_the_users_folder_are_not_taken_for_pythons(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http.py", "json.py", "txojobs.py"):
        (tmp_path / name).write_text("raise ImportError('the wrong module')\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONSAFEPATH", "1")
    with start() as service:
        assert ask(service.base_url) == 200


def test_a_missing_library_is_the_reason_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "odatapy.py").write_text("raise ImportError('odatapy is broken')\n", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(HelpfulError, match="did not start: ImportError: odatapy is broken"):
        start()


def test_a_start_that_takes_too_long_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "odatapy.py").write_text("import sys; sys.stdin.read()\n", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    before = threading.enumerate()
    with pytest.raises(HelpfulError, match=r"not ready after 0\.2 seconds"):
        start(ready_timeout_s=0.2)
    assert threading.enumerate() == before


def test_a_missing_interpreter_is_the_reason_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(HelpfulError, match="did not start"):
        start()


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="looks at the process as Linux shows it")
def test_what_it_says_once_it_runs_goes_nowhere() -> None:
    with start() as service:
        targets = [str(Path(f"/proc/{service.pid}/fd/{number}").readlink()) for number in (1, 2)]
    assert targets == ["/dev/null", "/dev/null"]


def test_writes_nothing_to_the_console(capfd: pytest.CaptureFixture[str]) -> None:
    with start() as service:
        assert ask(service.base_url + "/") == 200
    assert capfd.readouterr() == ("", "")
