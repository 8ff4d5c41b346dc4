"""`txojobs demo serve`, as a process of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.cli.invoking import invoke

REPOSITORY = Path(__file__).parents[2]


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "txojobs", "demo", "serve", *arguments],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.skipif(os.name == "nt", reason="a child cannot be sent Ctrl-C alone there")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serves_until_it_is_stopped_and_says_where_and_how(number: signal.Signals) -> None:
    process = start()
    try:
        assert process.stdout is not None
        first = process.stdout.readline()
        url = first.split()[0]
        with urlopen(url, timeout=30) as answer:
            assert len(json.load(answer)["value"]) == 5
        told = first + process.stdout.readline() + process.stdout.readline()
        assert "Stop it with Ctrl-C." in told
        assert f'"api-base-url": "{url.partition("/Customers")[0]}"' in told
        process.send_signal(number)
        assert process.wait(30) == 0
    finally:
        process.kill()
        _, err = process.communicate()
    assert err == ""


def test_a_port_that_is_taken_is_an_error_with_a_way_out() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        process = start("--port", str(taken.getsockname()[1]))
        try:
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert (process.returncode, out) == (1, "")
    assert "it is in use" in err
    assert "choose another port" in err


def test_a_number_that_is_no_port_is_refused() -> None:
    assert invoke("demo", "serve", "--port", "70000").code == 2


def test_the_group_explains_itself() -> None:
    done = invoke("demo", "--help")
    assert done.code == 0
    assert "serve" in done.out
