"""A configuration is found, merged with its secrets and handed out; or everything that is wrong is said."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from txojobs.config import check_config_file, effective, load_config
from txojobs.errors import ConfigurationError, MissingKeyError, ValidationError
from txojobs.workspace import Workspace

ROOT = Path(__file__).parents[2]
MAIN = """{
  "global": {
    "api-base-url": "https://api.example.com",
    "client-id": "public"
  },
  "environments": {
    "prod": {
      "api-endpoint": "https://prod.example.com"
    }
  },
  "apis": {"helpdesk": {"base-url": "https://help.example.com"}},
  "my-feature": {"level": 0.1, "list": [1, {"a": "b"}]}
}
"""
SECRETS = """{
  "client-secret": "c4n4ry-file",
  "helpdesk-api-key": "c4n4ry-help",
  "az-token": "Bearer c4n4ry"
}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "acme-prod-config.json").write_text(MAIN, encoding="utf-8")
    secrets = folder / "acme-prod-config-secrets.json"
    secrets.write_text(SECRETS, encoding="utf-8")
    secrets.chmod(0o600)
    return folder


def load(folder: Path, org: str = "acme", env: str = "prod", **options: Any) -> Any:
    return load_config(Workspace(folder.parent), org, env, **{"environ": {}, **options})


def test_long_numbers_are_checked_as_numbers_and_shown_as_they_are_written(folder: Path) -> None:
    path = folder / "acme-prod-config.json"
    text = MAIN.replace("0.1,", "12345678901234567.890,").replace(
        '"global": {', '"script-behavior": {"api-delay-seconds": 0.10000000000000000001},\n  "global": {'
    )
    path.write_text(text, encoding="utf-8")
    assert check_config_file(path, environ={}) == []
    rows = {name: value for name, value, _ in effective(load(folder))}
    assert rows["my-feature.level"] == "12345678901234567.890"
    assert rows["script-behavior.api-delay-seconds"] == "0.10000000000000000001"
    path.write_text(text.replace("0.10000000000000000001", "-0.10000000000000000001"), encoding="utf-8")
    (problem,) = check_config_file(path, environ={})
    assert "must be at least 0" in problem.message


def test_g1_g3_names_secrets_and_organisation_are_injected(folder: Path) -> None:
    config = load(folder)
    assert (config["_org_id"], config["_env_type"]) == ("acme", "prod")
    assert config["_client_secret"] == "c4n4ry-file"
    assert config["_helpdesk_api_key"] == "c4n4ry-help"
    assert config["_az_token"] == "Bearer c4n4ry"
    assert "_api_key" not in config
    assert "_token" not in config
    assert config["my-feature"] == {"level": 0.1, "list": [1, {"a": "b"}]}
    assert config.warnings == ()
    assert "c4n4ry" not in repr(config) + json.dumps(config) + repr(config.origins)


def test_g15_a_variable_wins_over_the_file_and_stands_alone(folder: Path) -> None:
    environ = {
        "TXO_ACME_PROD_CLIENT_SECRET": "from-variable\n",
        "TXO_ACME_PROD_API_KEY": "key-variable",
        "TXO_ACME_PROD_AZ_TOKEN": "",
        "TXO_ACME_TEST_PASSWORD": "other",
        "TXO_ACME_PROD_": "nameless",
    }
    config = load(folder, environ=environ)
    assert config["_client_secret"] == "from-variable"
    assert config["_api_key"] == "key-variable"
    assert config["_az_token"] == "Bearer c4n4ry"
    assert "_password" not in config
    (folder / "acme-prod-config-secrets.json").unlink()
    assert load(folder, environ=environ)["_api_key"] == "key-variable"


def test_a_variable_belongs_to_the_closest_configuration(folder: Path) -> None:
    shutil.copy(folder / "acme-prod-config.json", folder / "acme-prod-x-config.json")
    environ = {"TXO_ACME_PROD_X_API_KEY": "of-x", "TXO_ACME_PROD_API_KEY": "of-prod"}
    assert load(folder, environ=environ).secret_values()[-1] == "of-prod"
    assert "_x_api_key" not in load(folder, environ=environ)
    assert load(folder, "acme-prod", "x", environ=environ)["_api_key"] == "of-x"


def test_a_mistyped_variable_is_an_error(folder: Path) -> None:
    with pytest.raises(
        ConfigurationError, match=r"TXO_ACME_PROD_CLIENT_SECERT: .* is nearly 'client-secret'"
    ):
        load(folder, environ={"TXO_ACME_PROD_CLIENT_SECERT": "x-value"})


@pytest.mark.parametrize("name", ["az-toekn", "passwrod", "client-secert", "api-keys"])
def test_a_misspelt_secret_is_an_error_that_names_the_one_that_was_meant(folder: Path, name: str) -> None:
    path = folder / "acme-prod-config-secrets.json"
    path.write_text(json.dumps({name: "c4n4ry"}))
    (problem,) = check_config_file(path)
    assert problem.severity == "error"
    assert re.fullmatch("did you mean '(az-token|password|client-secret|api-key)'[?]", problem.fix or "")


@pytest.mark.parametrize("name", ["ap-token", "smtp-password", "sharepoint-key"])
def test_a_secret_of_ones_own_may_have_any_other_name(folder: Path, name: str) -> None:
    path = folder / "acme-prod-config-secrets.json"
    path.write_text(json.dumps({name: "c4n4ry"}))
    assert check_config_file(path) == []


def test_a_setting_among_the_secrets_is_told_to_do_nothing(folder: Path) -> None:
    config = load(folder, environ={"TXO_ACME_PROD_API_BASE_URL": "https://elsewhere.example.com"})
    (problem,) = config.warnings
    assert problem.severity == "warning"
    assert problem.message == (
        "environment variable TXO_ACME_PROD_API_BASE_URL: 'api-base-url' is no secret, and is not looked at here"
    )
    assert problem.fix == "write it into 'global' of the configuration"
    (folder / "acme-prod-config-secrets.json").write_text('{"burst-size": "c4n4ry"}')
    (problem,) = load(folder).warnings
    assert problem.fix == "write it into 'script-behavior.rate-limiting' of the configuration"


@pytest.mark.parametrize(
    "value",
    ["...", "…", "***", "xxx", "XXXXXXXX", "<client secret>", "changeme", "your-secret", "your-api-key"],
)
def test_a_placeholder_is_no_secret(folder: Path, value: str) -> None:
    path = folder / "acme-prod-config-secrets.json"
    path.write_text(json.dumps({"api-key": value}), encoding="utf-8")
    (problem,) = check_config_file(path)
    assert (problem.severity, problem.message) == (
        "error",
        "the secret 'api-key' is a placeholder, not a secret",
    )
    path.write_text("{}")
    with pytest.raises(
        ConfigurationError, match="TXO_ACME_PROD_API_KEY: the secret 'api-key' is a placeholder"
    ):
        load(folder, environ={"TXO_ACME_PROD_API_KEY": value})


@pytest.mark.parametrize("value", ["a...b", "x.y.z.w", "<<<<", "{}{}{}x", "your-majesty"])
def test_what_only_resembles_a_placeholder_is_a_secret(folder: Path, value: str) -> None:
    (folder / "acme-prod-config-secrets.json").write_text(json.dumps({"api-key": value}))
    assert load(folder).warnings == ()


def test_names_with_signs_make_variables_too(folder: Path) -> None:
    shutil.copy(folder / "acme-prod-config.json", folder / "my-org.se-prod_2-config.json")
    config = load(folder, "my-org.se", "prod_2", environ={"TXO_MY_ORG_SE_PROD_2_API_KEY": "abcd"})
    assert config["_api_key"] == "abcd"


def test_g28_the_endpoint_of_the_environment_is_the_base_address(folder: Path) -> None:
    assert load(folder)["global"]["api-base-url"] == "https://prod.example.com"
    shutil.copy(folder / "acme-prod-config.json", folder / "acme-dev-config.json")
    assert load(folder, env="dev")["global"]["api-base-url"] == "https://api.example.com"
    (folder / "acme-dev-config.json").write_text('{"environments": {"dev": {"api-endpoint": "demo:"}}}')
    assert load(folder, env="dev")["global"]["api-base-url"] == "demo:"


@pytest.mark.parametrize(
    ("org", "env"),
    [
        ("../x", "prod"),
        ("acme", "../../x"),
        ("/etc", "prod"),
        ("acme", "a-b"),
        ("", "prod"),
        ("CON", "prod"),
        ("acme\n", "prod"),
        ("a" * 65, "prod"),
        ("\uff41", "prod"),
        ("acme", "pr\0d"),
        ("acme.", "prod"),
    ],
)
def test_b5_names_that_leave_the_folder_are_refused(folder: Path, org: str, env: str) -> None:
    before = sorted(folder.parent.rglob("*"))
    with pytest.raises(ValidationError, match="cannot be the name"):
        load(folder, org, env)
    assert sorted(folder.parent.rglob("*")) == before


def test_g29_a_missing_file_names_what_there_is_and_the_way_out(folder: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(folder, "acmee", "prod")
    err = caught.value
    assert str(err).startswith(
        "Configuration file 'acmee-prod-config.json' not found; there are acme-prod-config.json"
    )
    assert (err.how_to_fix or "").startswith("did you mean acme prod?")
    assert err.example == "Copy config/example.json to config/acmee-prod-config.json"
    with pytest.raises(ConfigurationError, match="has none"):
        load(folder.parent / "nothing" / "config")


@pytest.mark.parametrize(
    ("org", "env", "fix"),
    [
        ("prod", "acme", "the organisation comes first: acme prod"),
        ("acme", "prd", "did you mean acme prod?"),
        ("acme", "sandbox", "of acme there is prod; otherwise create the file"),
        ("beta", "dev", "Create the file in the config/ directory"),
    ],
)
def test_a_configuration_that_is_not_there_is_near_another(
    folder: Path, org: str, env: str, fix: str
) -> None:
    with pytest.raises(ConfigurationError, match="not found") as caught:
        load(folder, org, env)
    assert str(caught.value.how_to_fix).startswith(fix)


def test_all_problems_of_both_files_at_once(folder: Path) -> None:
    (folder / "acme-prod-config.json").write_text('{"global": {"odata": "v5"}, "globl": {}}')
    (folder / "acme-prod-config-secrets.json").write_text('{"client_secret": "c4n4ry", "api-key": 5}')
    with pytest.raises(ConfigurationError) as caught:
        load(folder)
    assert [(str(p.where), p.message) for p in caught.value.problems] == [
        ("config/acme-prod-config-secrets.json:1:2", "the key 'client_secret' is not in kebab-case"),
        ("config/acme-prod-config-secrets.json:1:29", "the secret 'api-key' must be a text"),
        ("config/acme-prod-config.json:1:22", "global.odata cannot be 'v5'"),
        ("config/acme-prod-config.json:1:29", "'globl' is nearly 'global'"),
    ]
    assert str(caught.value).startswith("4 problems in config/acme-prod-config-secrets.json and ")
    assert str(caught.value.where) == "config/acme-prod-config-secrets.json:1:2"


def test_without_validation_only_what_cannot_be_used_is_refused(folder: Path) -> None:
    main = folder / "acme-prod-config.json"
    main.write_text('{"global": {"odata": "v5", "client-secret": "stray-secret"}}')
    config = load(folder, validate=False)
    assert config["global"]["odata"] == "v5"
    assert "stray-secret" in config.secret_values()
    for text in ('{"a": 1, "a": 2}', "[]", "{", '{"a": NaN}'):
        main.write_text(text)
        with pytest.raises(ConfigurationError):
            load(folder, validate=False)


def test_b2_a_credential_over_plain_http_is_refused_at_load(folder: Path) -> None:
    text = '{"global": {"api-base-url": "http://10.0.0.1"}}'
    (folder / "acme-prod-config.json").write_text(text)
    with pytest.raises(ConfigurationError, match="unencrypted"):
        load(folder)
    (folder / "acme-prod-config-secrets.json").unlink()
    assert load(folder)["global"]["api-base-url"] == "http://10.0.0.1"
    with pytest.raises(ConfigurationError, match="unencrypted"):
        load(folder, environ={"TXO_ACME_PROD_API_KEY": "abcd"})
    assert check_config_file(folder / "acme-prod-config.json", environ={}) == []
    (problem,) = check_config_file(
        folder / "acme-prod-config.json", environ={"TXO_ACME_PROD_API_KEY": "abcd"}
    )
    assert "unencrypted" in problem.message


def test_origins_name_the_line_the_variable_or_the_default(folder: Path) -> None:
    config = load(folder, environ={"TXO_ACME_PROD_API_KEY": "abcd"})
    config["_token"] = "abcdefgh"
    for path, source in {
        "global.client-id": "config/acme-prod-config.json:4:5",
        "global.api-base-url": "config/acme-prod-config.json:8:7",
        "apis.helpdesk.base-url": "config/acme-prod-config.json:11:25",
        "my-feature.list[1].a": "config/acme-prod-config.json:12:45",
        "script-behavior.jitter.min-factor": "default",
        "_client_secret": "config/acme-prod-config-secrets.json:2:3",
        "_api_key": "environment variable TXO_ACME_PROD_API_KEY",
        "_org_id": "command line",
        "_token": "set by the program",
    }.items():
        assert config.origin(path) == source, path
    for path in ("global.client-idd", "nothing", "global.client-id.x", "my-feature.list[7]", "_password", ""):
        with pytest.raises(MissingKeyError):
            config.origin(path)


def test_p5_the_effective_values_show_sources_and_no_secret(folder: Path) -> None:
    config = load(folder)
    config["_token"] = "c4n4ry-token"
    rows = effective(config)
    assert ("global.api-base-url", "https://prod.example.com", "config/acme-prod-config.json:8:7") in rows
    assert ("script-behavior.api-timeouts.rest-timeout-seconds", "60", "default") in rows
    assert ("my-feature.list", '[1, {"a": "b"}]', "config/acme-prod-config.json:12:32") in rows
    assert ("_client_secret", "***", "config/acme-prod-config-secrets.json:2:3") in rows
    assert "c4n4ry" not in repr(rows)
    assert [path for path, *_ in rows] == sorted((p for p, *_ in rows), key=lambda p: (p.startswith("_"), p))


@pytest.mark.parametrize(
    ("text", "at", "message"),
    [
        ('["c4n4ry"]', "1:1", "one object of texts"),
        ('{"api-key": {"x": "c4n4ry"}}', "1:2", "'api-key' must be a text"),
        ('{"c4n4ry": "api-key"}', "1:2", "the name 'api-key' stands where its value belongs"),
        ('{"api-key": null}', "1:2", "'api-key' must be a text"),
        ('{"api-key": " "}', "1:2", "'api-key' is empty"),
        ('{"token": "c4n4ry"}', "1:2", "'token' is set by txojobs itself, as _token"),
        ('{"org-id": "c4n4ry"}', "1:2", "'org-id' is set by txojobs itself"),
        ('{"client-secrt": "c4n4ry"}', "1:2", "'client-secrt' is nearly 'client-secret'"),
        ('{"api-key": "c4n4ry", "api-key": "c4n4ry"}', "1:23", "api-key stands here a second time"),
        ('{"api-key": c4n4ry}', "1:13", "a text here has no quotes"),
        ("{c4n4ry: 1}", "1:2", "a text here has no quotes"),
        ('{"api-key": "c4n4ry",}', "1:21", "comma before the closing }"),
    ],
)
def test_g15_a_wrong_secrets_file_is_refused_without_showing_a_value(
    folder: Path, text: str, at: str, message: str
) -> None:
    path = folder / "acme-prod-config-secrets.json"
    path.write_text(text)
    (problem,) = check_config_file(path)
    assert str(problem.where) == f"config/acme-prod-config-secrets.json:{at}"
    assert message in problem.message
    assert problem.severity == "error"
    assert "c4n4ry" not in repr(problem)
    with pytest.raises(ConfigurationError) as caught:
        load(folder)
    assert "c4n4ry" not in f"{caught.value} {caught.value.problems} {caught.value.how_to_fix}"


@pytest.mark.parametrize("value", [" spaced-value", "abc"])
def test_doubtful_secrets_are_warnings(folder: Path, value: str) -> None:
    path = folder / "acme-prod-config-secrets.json"
    path.write_text(json.dumps({"smtp-user": "someone", "api-key": value}))
    (problem,) = check_config_file(path)
    assert problem.severity == "warning"
    config = load(folder)
    assert config["_api_key"] == value
    assert config.warnings == (problem,)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_b14_a_secrets_file_that_others_can_read_warns(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder / "acme-prod-config-secrets.json"
    for mode in (0o640, 0o604, 0o620):
        path.chmod(mode)
        (problem,) = check_config_file(path)
        assert problem.severity == "warning"
        assert (problem.fix or "").endswith(f"chmod 600 {path}")
        assert load(folder).warnings == (problem,)
    monkeypatch.chdir(folder.parent)
    (problem,) = check_config_file(path)
    assert (problem.fix or "").endswith("chmod 600 config/acme-prod-config-secrets.json")


GIT = shutil.which("git")


@pytest.mark.skipif(GIT is None, reason="needs git")
def test_b14_a_secrets_file_that_git_tracks_is_an_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def git(*words: str) -> None:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        subprocess.run([str(GIT), *words], cwd=folder.parent, env=clean, check=True, capture_output=True)

    path = folder / "acme-prod-config-secrets.json"
    git("init", "-q")
    assert check_config_file(path) == []
    git("add", "config/acme-prod-config.json")
    assert check_config_file(path) == []
    git("add", "-f", "config/acme-prod-config-secrets.json")
    monkeypatch.setenv("GIT_DIR", "/nowhere")  # as inside the hook of another repository
    (problem,) = check_config_file(path)
    assert problem.severity == "error"
    assert problem.message.startswith("git tracks this secrets file")
    assert problem.example == "git rm --cached config/acme-prod-config-secrets.json"


@pytest.mark.skipif(GIT is None, reason="needs git")
def test_a_broken_repository_is_a_warning(folder: Path) -> None:
    (folder.parent / ".git").mkdir()
    (problem,) = check_config_file(folder / "acme-prod-config-secrets.json")
    assert (problem.severity, "git could not say" in problem.message) == ("warning", True)


def test_without_git_nothing_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder.parent / ".git").mkdir()
    monkeypatch.setenv("PATH", str(folder))
    assert check_config_file(folder / "acme-prod-config-secrets.json") == []


def test_a_file_that_cannot_be_read_is_a_problem(folder: Path) -> None:
    (problem,) = check_config_file(folder / "none-config.json")
    assert "cannot be read" in problem.message
    (folder / "dir-prod-config.json").mkdir()
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load(folder, "dir", "prod")


def test_g21_a_good_configuration_imports_nothing_heavy(folder: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from txojobs.config import load_config;"
        "from txojobs.workspace import Workspace;"
        f"load_config(Workspace(Path({str(folder.parent)!r})), 'acme', 'prod')['global'];"
        "heavy = {'jsonschema', 'ruamel', 'requests', 'subprocess', 'logging'} & set(sys.modules);"
        "sys.exit(', '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
