"""A private key that a configuration names is looked after like the secrets file."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from txojobs.config import check_config_file, load_config
from txojobs.workspace import Workspace

if TYPE_CHECKING:
    from pathlib import Path

GIT = shutil.which("git")
AUTH = {"type": "oauth2", "oidc-issuer": "https://login.example", "client-id": "app"}
CONFIG = {
    "global": {"api-base-url": "https://a", "auth": {**AUTH, "certificate": "config/acme.pem"}},
    "apis": {"help-desk": {"base-url": "https://b", "auth": {**AUTH, "certificate": "keys/desk.pem"}}},
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("config/acme.pem", "keys/desk.pem"):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text("a key")
        file.chmod(0o600)
    (tmp_path / "config" / "acme-prod-config.json").write_text(json.dumps(CONFIG, indent=2))
    return tmp_path


def config_of(root: Path) -> Path:
    return root / "config" / "acme-prod-config.json"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
@pytest.mark.parametrize("name", ["config/acme.pem", "keys/desk.pem"])
def test_b14_a_key_that_others_can_read_warns_where_it_is_named(root: Path, name: str) -> None:
    assert check_config_file(config_of(root)) == []
    (root / name).chmod(0o644)
    (problem,) = check_config_file(config_of(root))
    assert problem.severity == "warning"
    assert problem.message == "other users of this machine can read this file of a private key"
    assert problem.fix == f"let only its owner read it: chmod 600 {root / name}"
    assert problem.where is not None
    assert json.dumps(name) in config_of(root).read_text().splitlines()[problem.where.line - 1]
    assert load_config(Workspace(root), "acme", "prod", environ={}).warnings == (problem,)


def test_a_key_that_is_not_here_is_no_problem_of_the_configuration(root: Path) -> None:
    (root / "keys" / "desk.pem").unlink()
    assert check_config_file(config_of(root)) == []


def test_a_key_is_found_from_wherever_the_run_was_started(root: Path) -> None:
    config = load_config(Workspace(root), "acme", "prod", environ={})
    assert config["global"]["auth"]["certificate"] == str(root / "config" / "acme.pem")
    assert config["apis"]["help-desk"]["auth"]["certificate"] == str(root / "keys" / "desk.pem")


@pytest.mark.skipif(GIT is None, reason="needs git")
def test_b14_a_key_that_git_tracks_is_an_error(root: Path) -> None:
    def git(*words: str) -> None:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        subprocess.run([str(GIT), *words], cwd=root, env=clean, check=True, capture_output=True)

    git("init", "-q")
    assert check_config_file(config_of(root)) == []
    git("add", "keys/desk.pem")
    (problem,) = check_config_file(config_of(root))
    assert problem.severity == "error"
    assert problem.message.startswith("git tracks this file of a private key")
    assert problem.example == "git rm --cached keys/desk.pem"


@pytest.mark.parametrize("value", [7, "", "a\u0000b", ["x"]])
def test_a_value_that_is_no_file_breaks_nothing(root: Path, value: object) -> None:
    auth = {**AUTH, "certificate": value}
    config_of(root).write_text(json.dumps({"global": {"api-base-url": "https://a", "auth": auth}}))
    assert all("private key" not in problem.message for problem in check_config_file(config_of(root)))
