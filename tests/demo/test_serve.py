"""The demo service in the foreground."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.request import urlopen

import pytest

from txojobs.demo.serve import serve
from txojobs.errors import HelpfulError

ROOT = Path(__file__).parents[2]
PROGRAM = (
    "import sys\n"
    "from txojobs.demo.serve import serve\n"
    "def ready(url):\n"
    "    sys.stdout.write(url + '\\n')\n"
    "    sys.stdout.flush()\n"
    "serve(port=0, ready=ready)\n"
    "sys.stdout.write('ended')\n"
)


def count_items(url: str) -> bytes:
    with urlopen(url + "/Items/$count", timeout=30) as answer:
        return bytes(answer.read())


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ends_cleanly_at_a_signal(number: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().decode().strip()
        with ThreadPoolExecutor(20) as clients:  # more than there are threads: some requests wait
            assert set(clients.map(count_items, [url] * 20)) == {b"800"}
        process.send_signal(number)
        out, err = process.communicate()
    assert (process.returncode, out, err) == (0, b"ended", b"")


def test_an_interrupt_in_ready_closes_the_port() -> None:
    urls: list[str] = []

    def interrupt(url: str) -> None:
        urls.append(url)
        raise KeyboardInterrupt

    serve(port=0, ready=interrupt)
    with pytest.raises(OSError, match="refused"):
        urlopen(urls[0], timeout=30)


def test_a_taken_port_is_named_and_signals_are_as_before() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(HelpfulError, match=f"port {port}: it is in use"):
            serve(port=port, ready=pytest.fail)
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
