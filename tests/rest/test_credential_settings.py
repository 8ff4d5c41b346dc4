"""A secret reaches the client of its own api, and both readers accept each configuration that we show."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.config.test_check import GUIDE
from tests.rest.fault_server import FaultServer, says
from tests.rest.test_configuration import base, put, settings
from txojobs.config import check_config_text, load_config
from txojobs.config.names import SECRET_NAMES, injected_name
from txojobs.errors import ConfigurationError, HelpfulError
from txojobs.rest.factory import create_rest_api
from txojobs.rest.settings import ApiSettings
from txojobs.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]


def test_p5_no_secret_has_the_name_of_another_apis_secret() -> None:
    config = {**base(), "_token": "of-default", "_az_token": "of-default", "_client_secret": "c"}
    for name in ("az", "client", "api", "az-token"):
        config["apis"] = {name: {"base-url": "https://b", "auth": {"type": "bearer"}}}
        with pytest.raises(HelpfulError, match=f"{name}-az-token"):
            ApiSettings.from_config(config, api=name)


BEARER = {"global": {"api-base-url": "https://a", "auth": {"type": "bearer"}}}


@pytest.mark.parametrize(
    ("secrets", "token"),
    [
        ({"_token": "of-the-script"}, "of-the-script"),
        ({"_token": "Bearer of-the-script"}, "of-the-script"),
        ({"_token": "of-the-script", "_az_token": "of-the-file"}, "of-the-script"),
        ({"_token": "", "_az_token": "Bearer of-the-file\n"}, "of-the-file"),
    ],
)
def test_g3_a_token_that_a_script_has_serves_bearer(secrets: dict[str, str], token: str) -> None:
    for auth in ({"type": "bearer"}, None):
        config: dict[str, Any] = {"global": {"api-base-url": "https://a"}, **secrets}
        if auth is not None:
            config["global"]["auth"] = auth
        found = ApiSettings.from_config(config).auth
        assert (found.type, found.secret) == ("bearer", token)


def test_g3_the_token_of_a_script_travels_with_its_requests(serve: Callable[..., FaultServer]) -> None:
    server = serve(says({"fine": True}))
    config = {"global": {"api-base-url": server.url, "auth": {"type": "bearer"}}, "_token": "of-the-script"}
    client = create_rest_api(config)
    assert client.get("/a") == {"fine": True}
    client.close()
    assert server.requests[0].headers["authorization"] == "Bearer of-the-script"


def test_p5_the_token_of_a_script_belongs_to_the_default_service() -> None:
    config = {
        **BEARER,
        "apis": {"desk": {"base-url": "https://b", "auth": {"type": "bearer"}}},
        "_token": "t",
    }
    with pytest.raises(HelpfulError, match="desk-az-token"):
        ApiSettings.from_config(config, api="desk")


def oauth(**auth: Any) -> dict[str, Any]:
    config: dict[str, Any] = {"global": {"api-base-url": "https://a", "auth": {"type": "oauth2", **auth}}}
    return {**config, "_client_secret": "s3cret"}


def test_tokens_come_from_one_place() -> None:
    everything = {"token-url": "https://a/t", "oidc-issuer": "https://b", "authority": "https://c/d"}
    tenant = {"tenant-id": "t", "client-id": "c", "oauth-scope": "s"}
    for key, url in everything.items():
        found = ApiSettings.from_config(oauth(**{**tenant, key: url})).auth
        assert found.tokens_from == url
        assert [found.token_url, found.issuer, found.authority].count("") == 2
    assert ApiSettings.from_config(oauth(**tenant)).auth.authority == "https://login.microsoftonline.com/t"
    with pytest.raises(ConfigurationError, match="tokens come from one place"):
        ApiSettings.from_config(oauth(**tenant, **everything))


@pytest.mark.parametrize("url", ["http://a/t", "https://me@a/t", "a/t", "https:///t", "https://a/t#x"])
@pytest.mark.parametrize("key", ["token-url", "oidc-issuer", "authority"])
def test_p5_a_secret_is_never_sent_unencrypted_or_with_a_user(key: str, url: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{key} must be an https address"):
        ApiSettings.from_config(oauth(**{"client-id": "c", "oauth-scope": "s", key: url}))


@pytest.mark.parametrize("value", [["audience"], {"audience": 7}, "audience=x"])
def test_parameters_are_an_object_of_texts(value: object) -> None:
    auth = {"client-id": "c", "token-url": "https://a/t", "token-parameters": value}
    with pytest.raises(ConfigurationError, match="token-parameters must be an object of texts"):
        ApiSettings.from_config(oauth(**auth))


def test_parameters_do_not_speak_for_the_secret() -> None:
    auth = {"client-id": "c", "token-url": "https://a/t", "token-parameters": {"client_secret": "x"}}
    with pytest.raises(ConfigurationError, match="is said by txojobs itself"):
        ApiSettings.from_config(oauth(**auth))


def test_a_missing_secret_names_its_places_and_the_one_that_was_meant() -> None:
    config = {
        **base(),
        "_org_id": "acme",
        "_env_type": "prod",
        "_az_toeken": "c4n4ry",
        "_desk_az_token": "c4n4ry",
    }
    config["global"]["auth"] = {"type": "bearer"}
    config["apis"] = {"desk": {"base-url": "https://b"}}
    with pytest.raises(HelpfulError) as caught:
        ApiSettings.from_config(config)
    home = "`az-token` in config/acme-prod-config-secrets.json, or the variable TXO_ACME_PROD_AZ_TOKEN"
    assert str(caught.value).endswith("of type bearer, but one called 'az-toeken'")
    assert caught.value.how_to_fix == f"rename 'az-toeken' to 'az-token', or set {home}"
    del config["_az_toeken"]
    with pytest.raises(HelpfulError) as caught:
        ApiSettings.from_config(config)
    assert str(caught.value).endswith("of type bearer")  # the secret of another service is not meant
    assert caught.value.how_to_fix == f"set {home}"


def test_a_scope_is_needed_by_an_authority_alone() -> None:
    assert ApiSettings.from_config(oauth(**{"client-id": "c", "token-url": "https://a/t"})).auth.scope == ""
    with pytest.raises(HelpfulError, match="oauth-scope is missing"):
        ApiSettings.from_config(oauth(**{"client-id": "c", "authority": "https://a/t"}))


def test_a_certificate_takes_the_place_of_the_secret() -> None:
    auth = {"client-id": "c", "token-url": "https://a/t", "certificate": "key.pem"}
    config = {**oauth(**auth), "_certificate_passphrase": "open sesame"}
    found = ApiSettings.from_config(config).auth
    assert (found.secret, found.certificate, found.passphrase) == ("", "key.pem", "open sesame")
    assert "sesame" not in repr(found)
    del config["_client_secret"]
    assert ApiSettings.from_config(config).auth.certificate == "key.pem"


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
