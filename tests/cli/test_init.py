"""`txojobs init`: a workspace that works at once, and no file touched that was there."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.cli.invoking import invoke
from txojobs.workspace import shipped

WRITTEN = {
    "jobs/export-customers.yaml",
    "config/demo-test-config.json",
    "config/example.json",
    "schemas/job-schema.json",
    "schemas/org-env-config-schema.json",
    "data/.gitkeep",
    ".gitignore",
    ".pre-commit-config.yaml",
    ".vscode/settings.json",
}


def files(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


def test_makes_a_workspace_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = invoke("init")
    assert (done.code, done.err) == (0, "")
    assert files(tmp_path) == WRITTEN
    assert all((tmp_path / name).is_dir() for name in ("data", "output", "logs"))
    assert "wrote   jobs/export-customers.yaml\n" in done.out
    assert done.out.endswith(
        "Try it:  txojobs run export-customers demo test\n"
        "A job of your own:  txojobs new items demo test --from Items\n"
    )
    for name in ("jobs/export-customers.yaml", "config/example.json", "schemas/job-schema.json"):
        assert (tmp_path / name).read_text(encoding="utf-8") == shipped(name).read_text(encoding="utf-8")
    assert invoke("validate").code == 0


def test_makes_the_folder_that_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = invoke("init", "my exports/new")
    assert done.code == 0
    assert files(tmp_path / "my exports" / "new") == WRITTEN
    assert 'Try it:  cd "my exports' in done.out


def test_the_first_run_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    invoke("init")
    done = subprocess.run(
        [sys.executable, "-m", "txojobs", "run", "export-customers", "demo", "test", "--limit", "20"],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert [path.suffix for path in (tmp_path / "output").iterdir()] == [".xlsx"]


def test_keeps_every_file_that_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    mine = {name: f"mine: {name}\n".encode() for name in WRITTEN - {"data/.gitkeep"}}
    for name, content in mine.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "targets.csv").write_text("A\n1\n")
    before = {
        path: (path.read_bytes(), path.stat().st_mtime_ns) for path in tmp_path.rglob("*") if path.is_file()
    }
    done = invoke("init")
    assert done.code == 0
    assert done.out.count("kept ") == len(mine)
    assert "wrote" not in done.out
    assert {
        path: (path.read_bytes(), path.stat().st_mtime_ns) for path in tmp_path.rglob("*") if path.is_file()
    } == before


def test_a_second_time_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    invoke("init")
    (tmp_path / ".gitignore").write_text("mine\n")
    assert invoke("init").code == 0
    assert (tmp_path / ".gitignore").read_text() == "mine\n"


@pytest.mark.skipif(os.name == "nt", reason="links need a right there")
def test_does_not_write_through_a_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "workspace"
    root.mkdir()
    (root / ".gitignore").symlink_to(tmp_path / "elsewhere")
    monkeypatch.chdir(root)
    assert "kept    .gitignore" in invoke("init").out
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_git_ignores_secrets_and_what_a_run_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    invoke("init")
    for folder in ("tmp", ".txojobs"):
        (tmp_path / folder).mkdir()
    for name in (
        "config/acme-prod-config-secrets.json",
        "output/a.csv",
        "logs/a.log",
        "tmp/a",
        ".txojobs/a",
    ):
        (tmp_path / name).write_text("x")
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}

    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], env=environ, capture_output=True, text=True, check=True, timeout=30
        )
        return done.stdout

    git("init", "-q")
    git("add", "-A")
    assert set(git("ls-files").split()) == WRITTEN


def test_the_hook_takes_the_files_that_validate_knows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    invoke("init")
    config = YAML(typ="safe").load((tmp_path / ".pre-commit-config.yaml").read_text())
    (hook,) = config["repos"][0]["hooks"]
    assert (config["repos"][0]["repo"], hook["id"], hook["entry"]) == (
        "local",
        "txojobs-validate",
        "txojobs validate",
    )
    taken = {name for name in files(tmp_path) if re.search(hook["files"], name)}
    assert taken == {"jobs/export-customers.yaml", "config/demo-test-config.json", "config/example.json"}
    assert invoke("validate", *sorted(taken)).code == 0


def test_the_editor_finds_both_schemas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    invoke("init")
    settings = json.loads((tmp_path / ".vscode" / "settings.json").read_text())
    bound = [*settings["yaml.schemas"], *(each["url"] for each in settings["json.schemas"])]
    assert all((tmp_path / name).is_file() for name in bound)
    assert "jobs/**/*.yaml" in settings["yaml.schemas"]["./schemas/job-schema.json"]
    assert settings["json.schemas"][0]["fileMatch"] == ["/config/*-config.json"]


def test_a_file_of_that_name_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "exports").write_text("mine")
    done = invoke("init", "exports")
    assert done.code == 2
    assert "exports" in done.err
    assert (tmp_path / "exports").read_text() == "mine"


def test_a_file_in_the_place_of_a_folder_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "jobs").write_text("mine")
    done = invoke("init")
    assert done.code == 1
    assert "jobs" in done.err
    assert "Solution:" in done.err
    assert (tmp_path / "jobs").read_text() == "mine"


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="whoever may do all can write everywhere")
def test_a_folder_without_permission_is_an_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        done = invoke("init", str(tmp_path / "exports"))
    finally:
        tmp_path.chmod(0o700)
    assert done.code == 1
    assert "permission is missing" in done.err


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder in which nobody can write")
def test_a_folder_that_cannot_be_written_is_an_error() -> None:
    done = invoke("init", "/proc/exports")
    assert done.code == 1
    assert "cannot" in done.err
    assert "Traceback" not in done.err


def test_what_a_gitignore_of_somebody_else_lacks_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".gitignore").write_text("*.pyc\n/output\nlogs/\n", encoding="utf-8")
    done = invoke("init")
    assert (tmp_path / ".gitignore").read_text(encoding="utf-8") == "*.pyc\n/output\nlogs/\n"
    assert (
        "warning: .gitignore was kept, and git takes what it does not name; add to it:\n"
        "  config/*-config-secrets.json\n  tmp/\n  .txojobs/\n\n"
    ) in done.out


def test_nothing_is_told_of_a_gitignore_that_has_it_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "warning" not in invoke("init").out
    assert "warning" not in invoke("init").out
