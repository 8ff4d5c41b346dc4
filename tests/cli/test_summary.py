"""What a run says when it is over about requests that were sent again, and about waits."""

from __future__ import annotations

import io
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from txojobs.cli.console import Console
from txojobs.cli.summary import show_summary
from txojobs.engine.report import RunReport
from txojobs.errors import ApiOperationError
from txojobs.rest.gate import TrafficSnapshot
from txojobs.workspace import Workspace

if TYPE_CHECKING:
    from pathlib import Path


def summary(root: Path, *traffic: TrafficSnapshot, error: Exception | None = None) -> list[str]:
    facts: dict[str, Any] = {
        "run_id": "r",
        "job": "job",
        "org": "acme",
        "env": "test",
        "params": {},
        "steps": [],
    }
    report = RunReport(started=datetime.now(timezone.utc), outcome="failed" if error else "done", **facts)
    report.error = error
    report.traffic = [each.as_json() for each in traffic]
    stream = io.StringIO()
    show_summary(Console(stream), report, Workspace(root), source=lambda _: [], again="txojobs run job")
    return stream.getvalue().splitlines()


@pytest.mark.parametrize(
    ("retries", "waits", "line"),
    [
        (1, {}, "1 request was sent again"),
        (1200, {"retry": 3.4}, "1,200 requests were sent again; waited 3 s between attempts"),
        (0, {"throttled": 61.0, "rate limit": 5.2}, "waited 61 s because the service asked for it, 5 s for"),
        (0, {"operation": 12.0, "retry": 0.3}, "waited 12 s for long operations"),
    ],
)
def test_what_made_a_run_slow_is_said_in_one_line(
    retries: int, waits: dict[str, float], line: str, tmp_path: Path
) -> None:
    traffic = TrafficSnapshot("https://a", 5000, retries, 100, waits)
    assert summary(tmp_path, traffic)[-1].startswith(line)
    failed = summary(tmp_path, traffic, error=ApiOperationError("it broke"))
    assert any(each.startswith(line) for each in failed)


def test_services_are_added_up(tmp_path: Path) -> None:
    one = TrafficSnapshot("https://a", 5, 1, 100, {"retry": 0.6})
    other = TrafficSnapshot("https://b", 5, 0, 100, {})
    assert (
        summary(tmp_path, other, one, other, one)[-1]
        == "2 requests were sent again; waited 1 s between attempts"
    )


def test_a_run_without_trouble_says_nothing_of_it(tmp_path: Path) -> None:
    calm = TrafficSnapshot("https://a", 5, 0, 100, {"rate limit": 0.9})
    assert summary(tmp_path, calm)[-1] == "done in 0.0 s"
    assert summary(tmp_path)[-1] == "done in 0.0 s"
