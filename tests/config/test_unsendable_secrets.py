"""A secret that no request can carry is refused where it is written, not when it is sent (RFC 9110 section 5.5)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from txojobs.config import check_config_file, load_config
from txojobs.config.secret_files import secrets_of_everybody
from txojobs.errors import ConfigurationError
from txojobs.redact import Redactor
from txojobs.workspace import Workspace

if TYPE_CHECKING:
    from pathlib import Path

HEADER_KEY = {"type": "api-key", "name": "X-Key"}
QUERY_KEY = {"type": "api-key", "name": "key", "in": "query"}
CANARY = "Zq9xW4vB"


def write(root: Path, secrets: dict[str, str], auth: dict[str, str] | None = None) -> Path:
    folder = root / "config"
    folder.mkdir()
    main = {
        "global": {"api-base-url": "https://a.example", "auth": auth or {"type": "bearer"}},
        "apis": {"desk": {"base-url": "https://d.example", "auth": QUERY_KEY}},
    }
    (folder / "acme-prod-config.json").write_text(json.dumps(main), encoding="utf-8")
    path = folder / "acme-prod-config-secrets.json"
    path.write_text(json.dumps(secrets), encoding="utf-8")
    path.chmod(0o600)
    return path


@pytest.mark.parametrize(
    ("name", "value", "what"),
    [
        ("az-token", f"{CANARY}\nX", "a line break as character 9"),
        ("az-token", f"{CANARY}\r\nX", "a line break as character 9"),
        ("az-token", f"{CANARY}\tX", "a control character as character 9"),
        ("az-token", f"{CANARY}\x7f", "a control character as character 9"),
        ("az-token", f"\u0141{CANARY}", "a letter that no HTTP header can carry as character 1"),
        ("az-token", f"\u201c{CANARY}\u201d", "a letter that no HTTP header can carry as character 1"),
        ("az-token", f"{CANARY}\u00e9", "a letter that no HTTP header can carry as character 9"),
        ("api-key", f"{CANARY}\nX", "a line break as character 9"),
        ("api-key", f"{CANARY}\u0141", "a letter that no HTTP header can carry as character 9"),
        ("desk-api-key", f"{CANARY}\nX", "a line break as character 9"),
        ("desk-az-token", f"{CANARY}\u0141", "a letter that no HTTP header can carry as character 9"),
        ("password", f"{CANARY}\nX", "a line break as character 9"),
        ("password", f"{CANARY}\0X", "a control character as character 9"),
        ("client-secret", f"{CANARY}\nX", "a line break as character 9"),
    ],
)
def test_b15_a_secret_that_cannot_be_sent_is_refused_with_its_name_and_place(
    tmp_path: Path, name: str, value: str, what: str
) -> None:
    path = write(tmp_path, {name: value}, HEADER_KEY)
    (problem,) = check_config_file(path)
    assert (problem.severity, problem.message) == ("error", f"the secret '{name}' holds {what}")
    assert str(problem.where) == "config/acme-prod-config-secrets.json:1:2"
    assert (problem.fix or "").startswith("copy it again, as one line")
    with pytest.raises(ConfigurationError, match=what) as caught:
        load_config(Workspace(tmp_path), "acme", "prod", environ={})
    assert CANARY not in f"{problem} {caught.value} {caught.value.problems}"


@pytest.mark.parametrize(
    ("name", "value", "auth"),
    [
        ("desk-api-key", "\u0141\u00f3d\u017a-12345", HEADER_KEY),  # the query is percent-encoded
        ("api-key", "\u0141\u00f3d\u017a-12345", QUERY_KEY),
        (
            "password",
            "\u0141\u00f3d\u017a-12345",
            {"type": "basic", "username": "bob"},
        ),  # RFC 7617: UTF-8, then Base64
        ("signing-pem", "-----BEGIN\nabc", HEADER_KEY),  # one's own
    ],
)
def test_b15_what_can_be_sent_is_no_fault(
    tmp_path: Path, name: str, value: str, auth: dict[str, str]
) -> None:
    path = write(tmp_path, {name: value}, auth)
    assert check_config_file(path) == []
    assert load_config(Workspace(tmp_path), "acme", "prod", environ={})["_" + name.replace("-", "_")] == value


def test_b15_a_line_break_at_the_end_is_cut_off_before_it_is_sent_and_warned_of(tmp_path: Path) -> None:
    (problem,) = check_config_file(write(tmp_path, {"az-token": f"{CANARY}\n"}))
    assert (problem.severity, "begins or ends" in problem.message) == ("warning", True)


def test_b15_the_same_holds_for_a_variable(tmp_path: Path) -> None:
    write(tmp_path, {})
    with pytest.raises(ConfigurationError) as caught:
        load_config(Workspace(tmp_path), "acme", "prod", environ={"TXO_ACME_PROD_AZ_TOKEN": f"{CANARY}\nX"})
    assert str(caught.value) == (
        "environment variable TXO_ACME_PROD_AZ_TOKEN: the secret 'az-token' holds a line break as character 9"
    )


@pytest.mark.parametrize(
    "text",
    [
        f'{{"az-token": "{CANARY}" "x": 1}}',
        f"{{'az-token': '{CANARY}',}}",
        f'{{"az-token": ["{CANARY}"]}}',
        f'["{CANARY}"]',
        f"AZ_TOKEN={CANARY}",
        f'{{"az-token": "{CANARY}"}}',
    ],
)
def test_p5_a_bug_is_told_without_the_secrets_of_a_faulty_file(tmp_path: Path, text: str) -> None:
    write(tmp_path, {}).write_text(text, encoding="utf-8")
    redactor = Redactor()
    for secret in secrets_of_everybody(tmp_path, {}):
        redactor.add(secret)
    assert CANARY not in redactor.clean(f"bug: {text} and {CANARY} alone")
    assert redactor.clean("the az-token of client-id") == "the az-token of client-id"
