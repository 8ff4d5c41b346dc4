"""A secret reaches the client of its own api, and both readers accept each configuration that we show."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.config.test_check import GUIDE
from tests.rest.test_configuration import base, put, settings
from txojobs.config import check_config_text, load_config
from txojobs.config.names import SECRET_NAMES, injected_name
from txojobs.errors import HelpfulError
from txojobs.rest.settings import ApiSettings
from txojobs.workspace import Workspace

ROOT = Path(__file__).parents[2]


def test_p5_no_secret_has_the_name_of_another_apis_secret() -> None:
    config = {**base(), "_token": "of-default", "_az_token": "of-default", "_client_secret": "c"}
    for name in ("az", "client", "api", "az-token"):
        config["apis"] = {name: {"base-url": "https://b", "auth": {"type": "bearer"}}}
        with pytest.raises(HelpfulError, match=f"{name}-az-token"):
            ApiSettings.from_config(config, api=name)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "config").mkdir()
    return Workspace(tmp_path)


KINDS: list[tuple[dict[str, Any], str]] = [
    ({"type": "bearer"}, "az-token"),
    ({"type": "api-key"}, "api-key"),
    ({"type": "basic", "username": "me"}, "password"),
    ({"type": "oauth2", "tenant-id": "t", "client-id": "c", "oauth-scope": "s"}, "client-secret"),
]


@pytest.mark.parametrize(("auth", "name"), KINDS)
@pytest.mark.parametrize("api", ["default", "help-desk"])
@pytest.mark.parametrize("by_variable", [False, True])
def test_g15_a_loaded_secret_reaches_its_client(
    workspace: Workspace, auth: dict[str, Any], name: str, api: str, *, by_variable: bool
) -> None:
    config: dict[str, Any] = {
        "global": {"api-base-url": "https://a", "auth": auth},
        "apis": {"help-desk": {"base-url": "https://b", "auth": auth}},
    }
    folder = workspace.root / "config"
    (folder / "acme-prod-config.json").write_text(json.dumps(config))
    full = name if api == "default" else f"{api}-{name}"
    environ = {}
    if by_variable:
        environ = {f"TXO_ACME_PROD_{full.upper().replace('-', '_')}": "v4lue-of-it"}
    else:
        path = folder / "acme-prod-config-secrets.json"
        path.write_text(json.dumps({full: "v4lue-of-it"}))
        path.chmod(0o600)
    loaded = load_config(workspace, "acme", "prod", environ=environ)
    found = ApiSettings.from_config(loaded, api=api).auth
    assert (found.type, found.secret) == (auth["type"], "v4lue-of-it")
    with pytest.raises(HelpfulError, match=name):
        ApiSettings.from_config(loaded, api="help-desk" if api == "default" else "default")


def test_certificates_are_found_from_wherever_the_run_was_started(workspace: Workspace) -> None:
    config = put(put(base(), "global.ca-bundle", "config/ca.pem"), "apis.help-desk.ca-bundle", "/etc/ca.pem")
    (workspace.root / "config" / "acme-prod-config.json").write_text(json.dumps(config))
    loaded = load_config(workspace, "acme", "prod", environ={})
    bundles = [each.ca_bundle for each in settings(loaded)]
    assert bundles == [str(workspace.root / "config" / "ca.pem"), str(Path(workspace.root, "/etc/ca.pem"))]


def written_somewhere() -> list[Any]:
    found = [pytest.param(GUIDE, id="guide")]
    found += [
        pytest.param(path.read_text(), id=path.name) for path in sorted((ROOT / "config").glob("*.json"))
    ]
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))):
        blocks = re.findall(r"```json\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
        found += [
            pytest.param(text, id=f"{page.name}-{number}")
            for number, text in enumerate(text for text in blocks if '"global"' in text)
        ]
    return found


@pytest.mark.parametrize("text", written_somewhere())
def test_g22_both_accept_each_configuration_that_is_shown(text: str) -> None:
    assert check_config_text(text) == []
    config = json.loads(text.replace('"demo:"', '"http://127.0.0.1:1"'))
    secrets = {
        injected_name(prefix + name): "v4lue"
        for prefix in ("", *(f"{api}-" for api in config.get("apis", ())))
        for name in SECRET_NAMES
    }
    assert settings(config, **secrets)
