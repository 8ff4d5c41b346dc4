"""`txojobs config ORG ENV`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.invoking import invoke, make_workspace

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "s3cr3t-of-acme-prod"


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = make_workspace(tmp_path)
    secrets = root / "config" / "acme-prod-config-secrets.json"
    secrets.write_text(json.dumps({"api-key": SECRET}), encoding="utf-8")
    secrets.chmod(0o600)
    monkeypatch.chdir(root)
    return root


def test_shows_each_value_with_the_place_it_comes_from(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TXO_ACME_PROD_PASSWORD", SECRET)
    done = invoke("config", "acme", "prod")
    assert done.code == 0
    lines = done.out.splitlines()
    assert "global.api-base-url = https://api.example.com/v2.0   (config/acme-prod-config.json:1:13)" in lines
    assert "script-behavior.retry-strategy.max-retries = 3   (default)" in lines
    assert "_api_key = ***   (config/acme-prod-config-secrets.json:1:2)" in lines
    assert "_password = ***   (environment variable TXO_ACME_PROD_PASSWORD)" in lines
    assert SECRET not in done.out + done.err
    assert (workspace / "config").is_dir()


@pytest.mark.usefixtures("workspace")
def test_as_json_without_the_secret() -> None:
    done = invoke("config", "acme", "prod", "--json")
    found = json.loads(done.out)
    assert (found["org"], found["env"]) == ("acme", "prod")
    values = {each["path"]: (each["value"], each["from"]) for each in found["values"]}
    assert values["global.api-base-url"][0] == "https://api.example.com/v2.0"
    assert values["_api_key"][0] == "***"
    assert SECRET not in done.out


@pytest.mark.usefixtures("workspace")
def test_an_unknown_environment_names_the_nearest() -> None:
    done = invoke("config", "acme", "prd")
    assert done.code == 2
    assert "did you mean acme prod?" in done.err


def test_a_secrets_file_that_others_can_read_warns(workspace: Path) -> None:
    import os  # noqa: PLC0415

    if os.name == "nt":
        pytest.skip("permissions are other ones there")
    (workspace / "config" / "acme-prod-config-secrets.json").chmod(0o644)
    done = invoke("config", "acme", "prod", "--json")
    assert done.code == 0
    assert "chmod 600" in done.err
    assert json.loads(done.out)


def test_what_a_profile_says_shows_with_its_name(workspace: Path) -> None:
    path = workspace / "config" / "acme-prod-config.json"
    service = {"api-base-url": "https://api.example.com", "profile": "dataverse", "reading": {"page-size": 9}}
    path.write_text(json.dumps({"global": service}), encoding="utf-8")
    lines = invoke("config", "acme", "prod").out.splitlines()
    assert "global.reading.counts-up-to = 5000   (profile dataverse)" in lines
    assert "global.rate-limiting.calls-per-second = 15   (profile dataverse)" in lines
    assert [line for line in lines if "page-size" in line] == [
        "global.reading.page-size = 9   (config/acme-prod-config.json:1:92)"
    ]
