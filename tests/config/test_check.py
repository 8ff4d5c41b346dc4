"""Every problem of a configuration is found at once, with its place and a way out."""

from __future__ import annotations

import json
import re
import socket
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from txojobs.config import check_config_file, check_config_text
from txojobs.config.schema import fits, load_schema
from txojobs.errors import ConfigurationError

ROOT = Path(__file__).parents[2]
SCHEMA = load_schema()

GUIDE = """
{
  "global": {
    "api-base-url": "https://api.example.com", "api-version": "v2", "tenant-id": "your-tenant-id",
    "client-id": "your-client-id", "oauth-scope": "https://api.example.com/.default"
  },
  "script-behavior": {
    "api-delay-seconds": 1,
    "api-timeouts": {
      "rest-timeout-seconds": 60, "soap-timeout-seconds": 120, "wsdl-timeout-seconds": 60,
      "async-max-wait": 300, "async-poll-interval": 5
    },
    "retry-strategy": {"max-retries": 3, "backoff-factor": 2.0},
    "jitter": {"min-factor": 0.8, "max-factor": 1.2},
    "rate-limiting": {"enabled": true, "calls-per-second": 10, "burst-size": 1},
    "circuit-breaker": {"enabled": true, "failure-threshold": 5, "timeout-seconds": 60},
    "batch-handling": {"read-batch-size": 100, "update-batch-size": 50, "vat-batch-size": 10}
  },
  "environments": {
    "test": {"api-endpoint": "https://test-api.example.com"},
    "prod": {"api-endpoint": "https://api.example.com"}
  },
  "my-feature": {
    "enabled": true, "custom-endpoint": "https://my-api.com",
    "processing-options": {"skip-validation": false, "output-format": "excel"}
  }
}
"""


def found(text: str, **facts: Any) -> list[tuple[int, int, str, str | None]]:
    problems = check_config_text(text, **facts)
    return [(p.where.line, p.where.column, p.message, p.fix) for p in problems if p.where]


def test_g22_the_configuration_of_the_guide_passes_as_it_stands() -> None:
    assert check_config_text(GUIDE) == []
    assert fits(json.loads(GUIDE), SCHEMA, SCHEMA)


@pytest.mark.parametrize("name", ["demo-test-config.json", "example.json"])
def test_the_configurations_that_txojobs_brings_pass(name: str) -> None:
    assert check_config_file(ROOT / "config" / name, environ={}) == []


def test_tabs_surrogates_and_windows_line_ends_do_not_move_a_mark() -> None:
    text = '{\r\n\t"my-a": {"x": "\\ud83d\\ude00 🙂"},\r\n\t"my-b": {"y": "🙂", "Z": 1}\r\n}'
    assert [row[:2] for row in found(text)] == [(3, 21)]


ALL_AT_ONCE = """{
  "globals": {"a": 1},
  "global": {
    "api_base_url": "http://x",
    "api-base-url": "ftp://x",
    "odata": "v5",
    "rest-timeout-seconds": 3,
    "auth": {"type": "none"}, "auth": {"type": "none"}
  },
  "script-behavior": {
    "rate-limiting": {"enabled": "true", "calls-per-second": 0, "burst-size": 1.5},
    "jitter": {"min-factor": 2, "max-factor": 1},
    "retry-strategy": {"max-retries": 99},
    "api-delay-seconds": -1,
    "api-timeouts": []
  },
  "api-base-url": "x",
  "apis": {"bc": {}, "B_c": {"base-url": "", "trusted-origins": ["https://a", "https://a"]}},
  "environments": {"a-b": {}, "test": {"api-endpint": "x"}},
  "my_feature": {"countryCode": [{"x_y": 1}]},
  "my-number": 5,
  "gloBal": 5
}"""


def test_g22_every_problem_at_once_with_line_and_column() -> None:
    rows = found(ALL_AT_ONCE)
    assert [(line, column) for line, column, *_ in rows] == [
        (2, 3), (4, 5), (5, 21), (6, 14), (7, 5), (8, 31), (11, 34), (11, 62), (11, 79), (12, 5), (13, 39),
        (14, 26), (15, 21), (17, 3), (18, 12), (18, 22), (18, 42), (18, 65), (19, 20), (19, 40),
        (20, 3), (20, 18), (20, 35), (21, 3), (22, 3),
    ]  # fmt: skip
    said = {(line, column): (message, fix) for line, column, message, fix in rows}
    assert said[2, 3] == ("'globals' is nearly 'global'", "did you mean 'global'?")
    assert said[4, 5] == ("global has no key 'api_base_url'", "did you mean 'api-base-url'?")
    assert said[5, 21][0].startswith("global.api-base-url must be demo: or an address such as https://")
    assert said[6, 14] == ("global.odata cannot be 'v5'", "allowed: v2, v3, v4")
    assert said[7, 5][1] == "it belongs into 'script-behavior.api-timeouts'"
    assert said[8, 31] == ("global.auth stands here a second time, first in line 8", "keep one of the two")
    assert said[11, 34] == (
        "script-behavior.rate-limiting.enabled must be true or false, not a text",
        "remove the quotes",
    )
    assert said[11, 62][0].endswith("calls-per-second must be at least 0.001, not 0")
    assert said[11, 79][0].endswith("burst-size must be a whole number, not 1.5")
    assert said[12, 5][0].endswith("min-factor is more than max-factor")
    assert said[13, 39][0].endswith("max-retries must be at most 20, not 99")
    assert said[14, 26][0].endswith("api-delay-seconds must be at least 0, not -1")
    assert said[15, 21][0].endswith("api-timeouts must be an object {...}, not a list [...]")
    assert said[17, 3] == ("'api-base-url' stands outside of a section", "it belongs into 'global'")
    assert said[18, 12] == ("apis.bc has no 'base-url'", "add 'base-url'")
    assert said[18, 22] == ("the key 'B_c' is not in kebab-case", "did you mean 'b-c'?")
    assert said[18, 65][0].endswith("trusted-origins holds a value twice")
    assert said[19, 20][0] == "'a-b' cannot be the name of an environment"
    assert said[19, 40][1] == "did you mean 'api-endpoint'?"
    assert said[20, 18][1] == "did you mean 'country-code'?"
    assert said[22, 3][1] == "did you mean 'global'?"
    assert said[21, 3][1] == "put it into a section of your own"


@pytest.mark.parametrize(
    ("member", "name"),
    [
        ('"global": {"client-secret": "x"}', "global.client-secret"),
        ('"global": {"clientSecret": "x"}', "global.clientSecret"),
        ('"my-mail": {"smtp-password": "x"}', "my-mail.smtp-password"),
        ('"my-mail": {"servers": [{"api-key": "x"}]}', "my-mail.servers[0].api-key"),
        ('"my-mail": {"access-token": "x"}', "my-mail.access-token"),
        ('"my-mail": {"url": "https://bob:pw@x.example/"}', "my-mail.url"),
        ('"my-mail": {"header": "Bearer abcdefgh123"}', "my-mail.header"),
        ('"my-mail": {"note": "eyJhbGciOi.eyJzdWIiOi.x"}', "my-mail.note"),
    ],
)
def test_g15_no_secret_in_the_main_file_passes(member: str, name: str) -> None:
    (row,) = found(f"{{\n  {member}\n}}")
    assert row[0] == 2
    assert row[2] == f"{name} holds a secret, in a file that is made to be shared"
    assert "secrets file" in (row[3] or "")


def test_g15_what_only_speaks_of_secrets_passes() -> None:
    text = '{"my-a": {"use-token": true, "password-length": 12, "token-lifetime": 5, "password": ""}}'
    assert check_config_text(text) == []


@pytest.mark.parametrize(
    ("text", "fix", "example"),
    [
        ('{"global": {"api-base-url": "a.example.com/v2"}}', "write https:// in front of it", None),
        ('{"global": {"api-base-url": "demo.example.com"}}', "write https:// in front of it", None),
        (
            '{"global": {"api-base-url": "demo"}}',
            "write demo: for the service inside txojobs, with its colon and nothing behind it",
            None,
        ),
        (
            '{"global": {"api-base-url": "Demo:8000"}}',
            "write demo: for the service inside txojobs, with its colon and nothing behind it",
            None,
        ),
        ('{"global": {"api-base-url": "https://a b"}}', None, '"api-base-url": "https://api.example.com"'),
        ('{"global": {"auth": "basic"}}', None, '"auth": {"type": "basic"}'),
        ('{"apis": [1]}', None, '"apis": {"helpdesk": {"base-url": "https://helpdesk.example.com"}}'),
        ('{"timeout": 30}', "write it into 'script-behavior.api-timeouts': rest-timeout-seconds", None),
        ('{"global": {"retries": 3}}', "write it into 'script-behavior.retry-strategy': max-retries", None),
        ('{"global": {"proxy": "x"}}', "proxies are taken from the environment: HTTPS_PROXY", None),
    ],
)
def test_what_was_meant_is_said(text: str, fix: str | None, example: str | None) -> None:
    (problem,) = check_config_text(text)
    assert (problem.fix or "").startswith(fix or "")
    assert bool(problem.fix) == bool(fix)
    assert problem.example == example


@pytest.mark.parametrize(
    ("written", "env"), [("tset", "test"), ("Test", "test"), ("prd", "prod"), ("test", "test2")]
)
def test_an_environment_of_nearly_this_name_is_told_not_to_be_used(written: str, env: str) -> None:
    text = json.dumps({"global": {}, "environments": {written: {"api-endpoint": "https://a.example.com"}}})
    (problem,) = check_config_text(text, env=env)
    assert problem.severity == "warning"
    assert problem.message == (
        f"{written!r} is not the environment {env!r} of this file, so that nothing in it is used"
    )
    assert problem.fix == f"write {env!r} if it is meant; remove it if not"
    assert problem.where is not None
    assert text[problem.where.column - 1 :].startswith(f'"{written}"')


@pytest.mark.parametrize(
    ("written", "env"), [("prod", "test"), ("test", "test"), ("uat", "dev"), ("tset", None)]
)
def test_environments_of_other_names_are_fine(written: str, env: str | None) -> None:
    text = json.dumps({"global": {}, "environments": {written: {"api-endpoint": "https://a.example.com"}}})
    assert check_config_text(text, env=env) == []


def test_a_section_of_ones_own_may_not_be_nearly_a_known_one() -> None:
    for name in ("globals", "script-behaviour", "enviroments", "api", "Global"):
        assert [row[:2] for row in found(f'{{"{name}": {{}}}}')] == [(1, 2)], name
    assert check_config_text('{"my-apis": {}, "feature": {}, "reports": {}, "apps": {"a": {"b": 1}}}') == []


@pytest.mark.parametrize("name", ["apiz", "aips", "apps"])
def test_services_below_nearly_the_name_of_theirs_are_told(name: str) -> None:
    (row,) = found(f'{{"{name}": {{"helpdesk": {{"base-url": "https://a.example.com"}}}}}}')
    assert row[:4] == (1, 2, f"{name!r} is nearly 'apis'", "did you mean 'apis'?")


@pytest.mark.parametrize(
    ("text", "secrets", "at"),
    [
        ('{"global": {"api-base-url": "http://10.0.0.1"}}', ["client-secret"], (1, 29)),
        ('{"global": {"api-base-url": "http://10.0.0.1", "auth": {"type": "bearer"}}}', [], (1, 29)),
        ('{"apis": {"bc": {"base-url": "http://x.example"}}}', ["bc-api-key"], (1, 30)),
        (
            '{"environments": {"prod": {"api-endpoint": "http://x.example"}}, "global": {}}',
            ["az-token"],
            (1, 44),
        ),
        ('{"global": {"api-base-url": "http://127.0.0.1.evil.example"}}', ["api-key"], (1, 29)),
    ],
)
def test_b2_no_credential_travels_in_clear_text(text: str, secrets: list[str], at: tuple[int, int]) -> None:
    (row,) = found(text, secrets=secrets, env="prod")
    assert row[:2] == at
    assert "unencrypted" in row[2]


@pytest.mark.parametrize(
    ("text", "secrets"),
    [
        ('{"global": {"api-base-url": "http://10.0.0.1"}}', []),
        ('{"global": {"api-base-url": "http://10.0.0.1", "auth": {"type": "none"}}}', ["api-key"]),
        ('{"global": {"api-base-url": "http://localhost:8080/x"}}', ["api-key"]),
        ('{"global": {"api-base-url": "http://127.1.2.3"}}', ["api-key"]),
        ('{"global": {"api-base-url": "http://[::1]:80"}}', ["api-key"]),
        ('{"apis": {"bc": {"base-url": "http://x.example"}}}', ["api-key"]),
        ('{"environments": {"test": {"api-endpoint": "http://x.example"}}, "global": {}}', ["api-key"]),
    ],
)
def test_b2_plain_http_without_a_credential_or_on_loopback_passes(text: str, secrets: list[str]) -> None:
    assert check_config_text(text, secrets=secrets, env="prod") == []


@pytest.mark.parametrize(
    "url",
    [
        "https://x.example\\n",
        "https://x/?a=1",
        "https://x/#a",
        "https://u@x",
        "x",
        "//x",
        "https://",
        "https://a\\\\@b",
    ],
)
def test_a_base_address_is_scheme_host_and_path(url: str) -> None:
    assert len(found(f'{{"global": {{"api-base-url": "{url}"}}}}')) == 1


def workspace_schema(root: Path, extra: dict[str, Any]) -> None:
    (root / "schemas").mkdir()
    (root / "schemas" / "org-env-config-schema.json").write_text(json.dumps(extra), encoding="utf-8")
    (root / "config").mkdir()


def test_what_the_workspace_adds_to_the_schema_counts(tmp_path: Path) -> None:
    mine = {
        "properties": {
            "my-feature": {
                "type": "object",
                "required": ["level"],
                "properties": {"level": {"multipleOf": 5}},
            },
            "global": {"properties": {"company-id": {"type": "string"}, "odata": {"enum": ["v9"]}}},
        }
    }
    workspace_schema(tmp_path, mine)
    path = tmp_path / "config" / "acme-prod-config.json"
    path.write_text('{"global": {"company-id": "7", "odata": "v9"},\n"my-feature": {"level": 7}}')
    problems = check_config_file(path, environ={})
    assert [(str(p.where), p.message) for p in problems] == [
        ("config/acme-prod-config.json:1:41", "global.odata cannot be 'v9'"),
        ("config/acme-prod-config.json:2:25", "my-feature.level does not fit 'multipleOf' of the schema: 5"),
    ]
    path.write_text('{"my-feature": {}}')
    assert [p.message for p in check_config_file(path, environ={})] == ["my-feature has no 'level'"]


def test_b21_a_remote_reference_is_never_fetched(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)  # noqa: FBT003 - the socket's own signature
        url = f"http://127.0.0.1:{server.getsockname()[1]}/schema.json"
        workspace_schema(tmp_path, {"properties": {"my-feature": {"$ref": url}}})
        path = tmp_path / "config" / "acme-prod-config.json"
        path.write_text('{"my-feature": {"a": 1}}')
        with pytest.raises(ConfigurationError, match="refers to"):
            check_config_file(path, environ={})
        with pytest.raises(BlockingIOError):
            server.accept()


@pytest.mark.parametrize("text", ["{", '{"properties": {"my-a": {"type": "strnig"}}}'])
def test_a_broken_schema_in_the_workspace_is_named(tmp_path: Path, text: str) -> None:
    workspace_schema(tmp_path, {})
    (tmp_path / "schemas" / "org-env-config-schema.json").write_text(text)
    path = tmp_path / "config" / "acme-prod-config.json"
    path.write_text('{"my-a": {}}')
    with pytest.raises(ConfigurationError, match="org-env-config-schema"):
        check_config_file(path, environ={})


def every_schema(node: Any, path: str = "") -> list[tuple[str, dict[str, Any]]]:
    rows = []
    if isinstance(node, dict):
        for keyword in ("properties", "$defs"):
            rows += [(f"{path}/{name}", sub) for name, sub in node.get(keyword, {}).items()]
        for name, sub in node.items():
            rows += every_schema(sub, f"{path}/{name}")
    elif isinstance(node, list):
        for sub in node:
            rows += every_schema(sub, path)
    return rows


def test_g22_each_key_of_the_schema_is_described() -> None:
    rows = every_schema(SCHEMA)
    assert len(rows) > 80
    assert [path for path, sub in rows if not sub.get("description", "").endswith((".", ";"))] == []
    Draft202012Validator.check_schema(SCHEMA)


def test_b10_the_patterns_are_linear() -> None:
    patterns = set(re.findall(r'"pattern": ("(?:[^"\\]|\\.)*")', json.dumps(SCHEMA)))
    assert len(patterns) >= 5
    for pattern in patterns:
        compiled = re.compile(json.loads(pattern))
        for hostile in (
            "a" * 10_000 + "!",
            "a-" * 5_000 + "!",
            "https://" + "a/" * 5_000 + "?",
            "." * 10_000 + "\n",
        ):
            begun = time.process_time()
            compiled.search(hostile)
            assert time.process_time() - begun < 1, pattern


words = st.sampled_from(
    (
        "global", "apis", "bc", "api-base-url", "base-url", "odata", "v4", "demo:", "environments", "test",
        "A_b", "script-behavior", "rate-limiting", "enabled", "calls-per-second", "trusted-origins",
        "https://a", "api-endpoint",
    )
)  # fmt: skip
leaves = words | st.booleans() | st.integers(-1, 70) | st.floats(-1, 70) | st.none() | st.just("x\n")
trees = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)


@given(value=st.dictionaries(words, trees, max_size=3))
def test_the_quick_check_and_jsonschema_agree(value: dict[str, Any]) -> None:
    assert fits(value, SCHEMA, SCHEMA) == Draft202012Validator(SCHEMA).is_valid(value)


@given(value=st.dictionaries(words, trees, max_size=3))
def test_whatever_does_not_fit_is_explained(value: dict[str, Any]) -> None:
    problems = check_config_text(json.dumps(value, indent=1))
    assert bool(problems) or Draft202012Validator(SCHEMA).is_valid(value)
    assert all(problem.where and problem.message for problem in problems)
