"""What a service answers, as a person at the screen and a program that reads the report see it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.engine.workplace import FETCH, Workplace
from tests.rest.fault_server import FaultServer, answer, says

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("how", [(), ("--debug",)], ids=["plain", "debug"])
def test_p5_a_run_that_waits_in_vain_names_the_operation_without_its_signature(
    tmp_path: Path, how: tuple[str, ...]
) -> None:
    work = Workplace(tmp_path)
    work.job(FETCH)
    accepted = answer(202, b"", Location="/jobs/7?api-version=1&sig=canary")
    with FaultServer([accepted, answer(404)]) as server:
        work.config({"api-base-url": server.url})
        done = work.command("run", "job", "acme", "test", *how)
    assert done.code == 1, done
    (kept,) = (work.root / "logs").glob("*.json")
    error = json.loads(kept.read_text(encoding="utf-8"))["error"]
    assert error["operation"] == f"{server.url}/jobs/7?api-version=1&sig=***"
    assert f"{server.url}/jobs/7" in error["problem"]
    assert f"{server.url}/jobs/7" in done.err
    assert "canary" not in f"{done.err} {done.out} {work.texts()}"


def test_the_report_of_another_error_names_no_operation(tmp_path: Path) -> None:
    work = Workplace(tmp_path)
    work.job(FETCH)
    told = {
        "error": {
            "code": "Authorization_RequestDenied",
            "message": "\u0414\u043e\u0441\u0442\u0443\u043f \x1b[2J",
        }
    }
    with FaultServer([says(told, 403)]) as server:
        work.config({"api-base-url": server.url})
        done = work.command("run", "job", "acme", "test", env={"PYTHONUTF8": "1"})
    assert done.code == 1, done
    (kept,) = (work.root / "logs").glob("*.json")
    error = json.loads(kept.read_text(encoding="utf-8"))["error"]
    assert "operation" not in error
    problem, solution, example = (
        line
        for line in done.err.splitlines()
        if any(word in line for word in ("Problem:", "Solution:", "Example:"))
    )
    assert "code Authorization_RequestDenied): \u0414\u043e\u0441\u0442\u0443\u043f \\x1b[2J" in problem
    assert solution.endswith(error["solution"])
    assert "permission" in solution
    assert example.endswith(error["example"])
    assert "Grant admin consent" in example
    assert "\x1b[2J" not in done.err
