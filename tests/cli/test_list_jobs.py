"""`txojobs list`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.cli.invoking import invoke, make_workspace

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

BROKEN = "version: 1\nsteps:\n  - fetsch: Customers\n  - {}\n"


def test_lists_each_job_with_its_description_and_params(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(make_workspace(tmp_path))
    done = invoke("list")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        "customers",
        "  Customers of a country.",
        "  -p country=...   default SE   ISO 3166 country code",
        "  -p limit=...     required",
    ]


def test_marks_a_faulty_job_and_ends_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(make_workspace(tmp_path, broken=BROKEN))
    done = invoke("list")
    assert done.code == 0
    assert done.out.startswith(
        "broken\n  invalid: 2 errors, see: txojobs validate jobs/broken.yaml\n\ncustomers\n"
    )


def test_names_jobs_in_folders_by_their_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = make_workspace(tmp_path)
    (root / "jobs" / "monthly").mkdir()
    (root / "jobs" / "customers.yaml").rename(root / "jobs" / "monthly" / "customers.yml")
    monkeypatch.chdir(root)
    assert invoke("list").out.startswith("monthly/customers\n")


def test_as_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(make_workspace(tmp_path, broken=BROKEN))
    done = invoke("list", "--json")
    assert done.code == 0
    broken, customers = json.loads(done.out)["jobs"]
    assert (broken["name"], broken["valid"], broken["errors"]) == ("broken", False, 2)
    assert customers["params"][0] == {
        "name": "country",
        "type": "string",
        "required": False,
        "default": "SE",
        "env": None,
        "description": "ISO 3166 country code",
    }
    assert customers["path"] == "jobs/customers.yaml"


def test_escapes_what_a_terminal_would_obey(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = 'version: 1\ndescription: "red \\x1b[31m"\nsteps:\n  - load: a.csv\n'
    monkeypatch.chdir(make_workspace(tmp_path, red=job))
    assert "\x1b" not in invoke("list").out


def test_says_how_to_begin_when_there_is_no_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "jobs").mkdir()
    monkeypatch.chdir(tmp_path)
    done = invoke("list")
    assert done.code == 0
    assert "txojobs init" in done.out
    assert json.loads(invoke("list", "--json").out) == {"jobs": [], "unfinished": []}


def test_without_a_workspace_it_says_so(tmp_path: Path) -> None:
    done = invoke("--workspace", str(tmp_path / "nowhere"), "list")
    assert done.code == 2
    assert "no folder" in done.err


def test_hidden_files_are_no_jobs_and_no_configurations(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """macOS leaves `._name` beside each file on a network drive, Emacs a link `.#name` to nowhere while it edits."""
    root = make_workspace(tmp_path)
    monkeypatch.chdir(root)
    names = ("jobs/._customers.yaml", "jobs/.old/a.yaml", "config/._acme-prod-config.json")
    for name in names:
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(b"\0\5\x16\7")
    assert [job["name"] for job in json.loads(invoke("list", "--json").out)["jobs"]] == ["customers"]
    assert invoke("validate").out == "2 files checked, no problem\n"
    assert "._acme" not in invoke("config", "acme", "prd").err
    assert invoke("validate", *names).code == 2
