"""`txojobs doctor ORG ENV`: its lines, its JSON, its exit codes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.invoking import invoke, make_workspace
from tests.rest.fault_server import FaultServer, answer, by_target, says

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "s3cr3t-of-acme-prod"
EDMX = b'<?xml version="1.0"?><edmx:Edmx Version="4.0"/>'


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = make_workspace(tmp_path)
    monkeypatch.chdir(root)
    monkeypatch.setenv("TXO_ACME_PROD_API_KEY", SECRET)
    return root


def configure(root: Path, url: str) -> None:
    content = {"global": {"api-base-url": url, "auth": {"type": "api-key", "name": "X-Key"}}}
    (root / "config" / "acme-prod-config.json").write_text(json.dumps(content))


def test_a_line_for_each_part_and_0_when_nothing_failed(workspace: Path) -> None:
    step = by_target({"/": says({}), "/$metadata": answer(200, EDMX, content_type="application/xml")})
    with FaultServer([step]) as server:
        configure(workspace, server.url)
        done = invoke("doctor", "acme", "prod")
    assert done.code == 0, done
    lines = done.out.splitlines()
    assert any(line.startswith("  ok       configuration  config/acme-prod-config.json") for line in lines)
    assert "service default" in lines
    assert f"  ok       base URL       {server.url} answers with 200" in lines
    assert f"  ok       $metadata      {len(EDMX)} bytes" in lines
    assert lines[-1] == "1 warning in 19 checks", "there is no snapshot yet"
    assert SECRET not in done.out + done.err


def test_a_way_out_below_what_failed_and_1(workspace: Path) -> None:
    with FaultServer([answer(401, SECRET.encode(), content_type="text/plain")]) as server:
        configure(workspace, server.url)
        done = invoke("doctor", "acme", "prod")
    assert done.code == 1, done
    lines = done.out.splitlines()
    at = next(index for index, line in enumerate(lines) if line.startswith("  failed   base URL"))
    assert "(401" in lines[at]
    assert "***" in lines[at]
    assert lines[at + 1].startswith(" " * 26 + "fix: ")
    assert "TXO_ACME_PROD_API_KEY" in lines[at + 1]
    assert "  skipped  $metadata      not checked: base URL failed" in lines
    assert lines[-1] == "1 failed and 1 warning in 19 checks"
    assert SECRET not in done.out + done.err


def test_foreign_text_cannot_command_the_terminal(workspace: Path) -> None:
    with FaultServer([answer(400, "\x1b[2Jgone\u202e".encode(), content_type="text/plain")]) as server:
        configure(workspace, server.url)
        done = invoke("doctor", "acme", "prod")
    assert "gone" in done.out
    assert all(char.isprintable() or char == "\n" for char in done.out)


def test_as_json(workspace: Path) -> None:
    with FaultServer([answer(404)]) as server:
        configure(workspace, server.url)
        done = invoke("doctor", "acme", "prod", "--json", "--api", "default")
    assert done.code == 1
    told = json.loads(done.out)
    assert (told["version"], told["org"], told["env"], told["ok"]) == (1, "acme", "prod", False)
    (failed,) = [check for check in told["checks"] if check["state"] == "failed"]
    assert failed["name"] == "base URL"
    assert failed["api"] == "default"
    assert failed["fix"]
    assert {check["state"] for check in told["checks"]} <= {"ok", "warning", "failed", "skipped"}


def test_offline_needs_no_service(workspace: Path) -> None:
    configure(workspace, "https://no-such-host.invalid")
    done = invoke("doctor", "acme", "prod", "--offline")
    assert done.code == 0, done
    assert "tls" not in done.out
    assert "TXO_ACME_PROD_API_KEY" in done.out


@pytest.mark.usefixtures("workspace")
def test_an_environment_that_is_not_there_is_a_line_and_an_api_that_is_not_there_is_misuse() -> None:
    done = invoke("doctor", "acme", "prd", "--offline")
    assert done.code == 2
    assert "  failed   configuration" in done.out
    assert "did you mean acme prod?" in done.out
    done = invoke("doctor", "acme", "prod", "--offline", "--api", "nope")
    assert done.code == 2
    assert "there is no api 'nope'" in done.err
