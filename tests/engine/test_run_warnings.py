"""What a person should hear of although the run went well stands in its report, once."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from txojobs.engine.events import Listener
from txojobs.engine.run import RunRequest, execute
from txojobs.job.load import load_job
from txojobs.workspace import Workspace

if TYPE_CHECKING:
    from txojobs.engine.report import RunReport

ROOT = Path(__file__).parents[2]
JOB = """\
version: 1
steps:
  - load: data/rows.jsonl
  - save: {file: rows.json, stamp: false}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder in ("jobs", "config", "data"):
        (tmp_path / folder).mkdir()
    (tmp_path / "data" / "rows.jsonl").write_text('{"n": 1}\n')
    (tmp_path / "jobs" / "rows.yaml").write_text(JOB)
    (tmp_path / "config" / "acme-test-config.json").write_text('{"global": {"api-base-url": "https://a"}}')
    return tmp_path


def run(root: Path, listener: Listener | None = None) -> RunReport:
    job = load_job(root / "jobs" / "rows.yaml", shown_as="jobs/rows.yaml").job
    assert job is not None
    request = RunRequest(job=job, workspace=Workspace(root), org="acme", env="test", environ={})
    return execute(request, listener)


def readable_secrets(root: Path) -> None:
    path = root / "config" / "acme-test-config-secrets.json"
    path.write_text('{"api-key": "c4n4ry-key"}')
    path.chmod(0o644)


WARNING = (
    "config/acme-test-config-secrets.json: other users of this machine can read this secrets file; "
    "let only its owner read it: chmod 600 config/acme-test-config-secrets.json"
)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_a_warning_about_the_configuration_is_in_the_report_once(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    readable_secrets(root)
    monkeypatch.chdir(root)
    report = run(root)
    assert (report.outcome, report.warnings) == ("done", [WARNING])
    assert report.log is not None
    kept = json.loads(report.log.with_suffix(".json").read_text(encoding="utf-8"))
    assert kept["warnings"] == [WARNING]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_a_warning_about_the_configuration_is_on_the_screen_once(root: Path) -> None:
    readable_secrets(root)
    command = [sys.executable, "-m", "txojobs", "-w", str(root), "run", "rows", "acme", "test"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = done.stdout + done.stderr
    assert said.count("other users of this machine can read this secrets file") == 1
    assert "c4n4ry" not in said


class LosesLogs(Listener):
    """Removes the folder of logs as the run begins."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.told: list[str] = []

    def run_started(self, report: RunReport) -> None:
        del report
        shutil.rmtree(self.folder)

    def run_finished(self, report: RunReport) -> None:
        self.told = list(report.warnings)


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps a folder with an open file")
def test_a_log_that_lost_lines_is_a_warning_and_the_output_is_whole(root: Path) -> None:
    listener = LosesLogs(root / "logs")
    report = run(root, listener)
    assert report.outcome == "done"
    assert json.loads((root / "output" / "acme-test-rows.json").read_text()) == [{"n": 1}]
    assert [warning for warning in report.warnings if warning.startswith("the log is not complete")] == [
        "the log is not complete: No such file or directory"
    ]
    assert listener.told == report.warnings, "whoever listens hears all of them"
