"""`txojobs schema`: print, write and check what is generated."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.invoking import invoke, make_workspace
from txojobs.cli.schema import generated
from txojobs.job.schema import job_schema

REPOSITORY = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["schemas/job-schema.json", "docs/steps.md", "docs/expressions.md"])
def test_the_committed_file_is_up_to_date(name: str) -> None:
    path = REPOSITORY / name
    committed = path.read_text(encoding="utf-8") if path.is_file() else None
    assert committed == generated()[name], f"{name} is not up to date; write it anew: txojobs schema --write"


def test_prints_the_schema() -> None:
    done = invoke("schema")
    assert done.code == 0
    assert json.loads(done.out) == job_schema()
    assert done.err == ""


def keep_pages(root: Path) -> None:
    """Make the pages, which are only kept up to date where somebody keeps them."""
    for name in ("docs/steps.md", "docs/expressions.md"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).touch()


def test_a_workspace_of_jobs_has_the_schema_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(make_workspace(tmp_path))
    assert invoke("schema", "--write").out == "schemas/job-schema.json\n"
    assert invoke("schema", "--check") == (0, "", "")
    assert not (tmp_path / "docs").exists()


def test_writes_checks_and_writes_only_what_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(make_workspace(tmp_path))
    keep_pages(tmp_path)
    before = invoke("schema", "--check")
    assert before.code == 1
    assert "schemas/job-schema.json is not up to date" in before.err
    assert "txojobs schema --write" in before.err

    assert invoke("schema", "--write").out.split() == [
        "schemas/job-schema.json",
        "docs/steps.md",
        "docs/expressions.md",
    ]
    assert {name: (tmp_path / name).read_bytes().decode() for name in generated()} == generated()
    assert invoke("schema", "--check") == (0, "", "")

    page = tmp_path / "docs" / "steps.md"
    page.write_text("changed by hand\n", encoding="utf-8")
    assert invoke("schema", "--check").code == 1
    assert invoke("schema", "--write").out == "docs/steps.md\n"
    assert sorted(path.name for path in page.parent.iterdir()) == ["expressions.md", "steps.md"]


def test_line_ends_that_git_has_changed_are_no_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(make_workspace(tmp_path))
    keep_pages(tmp_path)
    invoke("schema", "--write")
    page = tmp_path / "docs" / "steps.md"
    page.write_bytes(page.read_bytes().replace(b"\n", b"\r\n"))
    assert invoke("schema", "--check").code == 0


def test_a_folder_in_the_way_is_an_error_that_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(make_workspace(tmp_path))
    (tmp_path / "docs" / "steps.md").mkdir(parents=True)
    done = invoke("schema", "--write")
    assert done.code == 1
    assert "cannot write" in done.err
    assert [path.name for path in (tmp_path / "docs").iterdir()] == ["steps.md"]


def test_write_and_check_exclude_each_other() -> None:
    assert invoke("schema", "--write", "--check").code == 2
