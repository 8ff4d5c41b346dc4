"""The schema of the configuration and the client that reads it are one: names, bounds, defaults, secrets."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import pytest

from txojobs.config import check_config_text
from txojobs.config.defaults import applied_defaults
from txojobs.config.names import SECRET_NAMES, injected_name
from txojobs.config.schema import load_schema, resolve
from txojobs.errors import TxoBaseError
from txojobs.rest.settings import AUTH_TYPES, ApiSettings

SCHEMA = load_schema()
PLACES: dict[str, Any] = {
    "global": SCHEMA["properties"]["global"],
    "script-behavior": SCHEMA["properties"]["script-behavior"],
    "apis.help-desk": SCHEMA["properties"]["apis"]["additionalProperties"],
}
ELSEWHERE = {
    "description", "api-version", "soap-timeout-seconds", "wsdl-timeout-seconds", "read-batch-size",
    "update-batch-size", "vat-batch-size",
}  # fmt: skip
"""Keys that no REST client reads; each says who does."""


def leaves(schema: Any, path: str) -> list[tuple[str, dict[str, Any]]]:
    known = resolve(schema, SCHEMA)
    if "properties" not in known:
        return [(path, known)]
    return [row for name, sub in known["properties"].items() for row in leaves(sub, f"{path}.{name}")]


ALL = [row for place, schema in PLACES.items() for row in leaves(schema, place)]
REST = [row for row in ALL if row[0].rpartition(".")[2] not in ELSEWHERE]
SECRETS = {
    injected_name(prefix + name): f"{prefix}{name}-value"
    for prefix in ("", "help-desk-")
    for name in SECRET_NAMES
}


def put(config: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    config = copy.deepcopy(config)
    section = config
    *above, key = path.split(".")
    for name in above:
        section = section.setdefault(name, {})
    section[key] = value
    return config


def base(path: str = "") -> dict[str, Any]:
    """A configuration in which the value at `path` counts."""
    service = {"tenant-id": "t", "client-id": "c", "oauth-scope": "s"}
    config: dict[str, Any] = {
        "global": {"api-base-url": "https://a.example", **service},
        "apis": {"help-desk": {"base-url": "https://b.example", **service}},
    }
    section, _, key = path.rpartition(".")
    if section.endswith(".auth"):
        kind = {"name": "api-key", "in": "api-key", "username": "basic"}.get(key, "oauth2")
        beside = {
            "username": {"username": "me"},
            "client-authentication": {"token-url": "https://login.example/token"},
            "token-parameters": {"oidc-issuer": "https://login.example/realm"},
        }
        config = put(config, section, {"type": kind, **beside.get(key, {})})
    elif section.endswith(".rate-limiting"):
        config = put(config, section, {})
    elif key == "max-factor":
        config = put(config, f"{section}.min-factor", 0)
    return config


def settings(config: dict[str, Any], **more: Any) -> tuple[ApiSettings, ...]:
    whole = {**config, **SECRETS, **more}
    return tuple(ApiSettings.from_config(whole, api=api) for api in ("default", *config.get("apis", ())))


def other_than_default(path: str, leaf: dict[str, Any]) -> Any:
    if path.endswith("-url"):
        return "https://other.example/v2.0"
    if path.endswith((".authority", ".oidc-issuer", ".token-url")):
        return "https://login.example/realm"
    if "enum" in leaf:
        return next(each for each in leaf["enum"] if each not in (leaf.get("default"), "none", "basic"))
    if leaf["type"] == "boolean":
        return not leaf["default"]
    if leaf["type"] == "array":
        return ["https://other.example"]
    if leaf["type"] == "object":
        return {"audience": "https://other.example"}
    if leaf["type"] == "string":
        return "other"
    return {"min-factor": 0.9}.get(path.rpartition(".")[2], leaf.get("default", 5) + 2)


def accepted(config: dict[str, Any]) -> None:
    assert check_config_text(json.dumps(config)) == []


def test_the_walk_sees_the_whole_schema() -> None:
    assert len(REST) > 60
    assert {path.rpartition(".")[2] for path, _ in ALL} >= ELSEWHERE


@pytest.mark.parametrize(("path", "leaf"), REST, ids=lambda each: each if isinstance(each, str) else "")
def test_each_key_of_the_schema_changes_what_a_client_does(path: str, leaf: dict[str, Any]) -> None:
    config = put(base(path), path, other_than_default(path, leaf))
    accepted(base(path))
    accepted(config)
    assert settings(config) != settings(base(path))


def test_keys_that_no_client_reads_say_who_does() -> None:
    for path, leaf in ALL:
        if path.rpartition(".")[2] in ELSEWHERE:
            assert re.search(r"later version|script|people", leaf["description"]), path
            assert "default" not in leaf, path


DEFAULTS = [row for row in REST if "default" in row[1]]


@pytest.mark.parametrize(("path", "leaf"), DEFAULTS, ids=lambda each: each if isinstance(each, str) else "")
def test_a_default_that_is_written_out_changes_nothing(path: str, leaf: dict[str, Any]) -> None:
    assert settings(put(base(path), path, leaf["default"])) == settings(base(path))


def test_the_default_of_a_whole_section_changes_nothing() -> None:
    found = 0
    for place, schema in PLACES.items():
        for name, sub in resolve(schema, SCHEMA)["properties"].items():
            if "properties" in resolve(sub, SCHEMA) and "default" in sub:
                found += 1
                assert settings(put(base(), f"{place}.{name}", sub["default"])) == settings(base())
    assert found == 3


WRONG = [
    (path, {"string": 7, "boolean": "yes", "array": "x", "object": "x"}.get(leaf.get("type", ""), True))
    for path, leaf in REST
]
WRONG += [(path, "x") for path, leaf in REST if "enum" in leaf]
for _path, _leaf in REST:
    if "minimum" in _leaf:
        _step = 1 if _leaf["type"] == "integer" else 0.0005
        WRONG.append((_path, _leaf["minimum"] - _step))
    if "maximum" in _leaf:
        WRONG.append((_path, _leaf["maximum"] + 1))


@pytest.mark.parametrize(("path", "value"), WRONG)
def test_both_refuse_the_same_values(path: str, value: Any) -> None:
    config = put(base(path), path, value)
    assert check_config_text(json.dumps(config)) != []
    with pytest.raises(TxoBaseError, match=re.escape(path.rpartition(".")[2])) as caught:
        settings(config)
    assert caught.value.how_to_fix


BOUNDS = [(path, leaf[bound]) for path, leaf in REST for bound in ("minimum", "maximum") if bound in leaf]


@pytest.mark.parametrize(("path", "value"), BOUNDS)
def test_both_accept_the_bounds(path: str, value: Any) -> None:
    config = put(base(path), path, value)
    accepted(config)
    assert settings(config)


class Recording(dict[str, Any]):
    """A section that notes which keys are looked for."""

    def __init__(self, members: dict[str, Any], path: str, asked: set[str]) -> None:
        self.path, self.asked = path, asked
        super().__init__(
            (key, Recording(value, f"{path}{key}.", asked) if isinstance(value, dict) else value)
            for key, value in members.items()
        )

    def __contains__(self, key: object) -> bool:
        self.asked.add(f"{self.path}{key}")
        return super().__contains__(key)


def asked_for(kind: str) -> set[str]:
    config = base()
    for place, schema in PLACES.items():
        for name, sub in resolve(schema, SCHEMA)["properties"].items():
            if "properties" in resolve(sub, SCHEMA) and name != "auth":
                config = put(config, f"{place}.{name}", {})
    for place in ("global", "apis.help-desk"):
        config = put(config, f"{place}.auth", {"type": kind, "username": "me"})
    asked: set[str] = set()
    recording = Recording({**config, **SECRETS}, "", asked)
    for api in ("default", "help-desk"):
        ApiSettings.from_config(recording, api=api)
    return asked


@pytest.mark.parametrize("kind", AUTH_TYPES)
def test_a_client_reads_no_key_that_the_schema_does_not_know(kind: str) -> None:
    known = {path for path, _ in ALL}
    known |= {
        f"{place}.{name}" for place, sub in PLACES.items() for name in resolve(sub, SCHEMA)["properties"]
    }
    known |= {*SCHEMA["properties"], "apis.help-desk"}
    injected = {*SECRETS, "_token", "_org_id", "_env_type"}
    asked = asked_for(kind)
    # parts that an api shares with others are asked for each key of both
    assert {path for path in asked if not path.startswith("_")} <= known | {
        f"script-behavior.{name}" for name in resolve(PLACES["global"], SCHEMA)["properties"]
    }
    of_none = injected - {"_org_id", "_env_type"}  # where its secret is renewed is nobody's question
    assert {path for path in asked if path.startswith("_")} == (of_none if kind == "none" else injected)


PACES: list[dict[str, Any]] = [{}, {"enabled": False}, {"calls-per-second": 3}]


def varied() -> list[dict[str, Any]]:
    configs = [base(), put(base(), "apis.help-desk.auth", {"type": "api-key"})]
    sources: tuple[dict[str, str], ...] = (
        {},
        {"token-url": "https://a/t"},
        {"oidc-issuer": "https://a", "certificate": "key.pem"},
    )
    configs += [put(base(), "global.auth", {"type": "oauth2", **more}) for more in sources]
    for place in PLACES:
        paced = [put(base(), f"{place}.rate-limiting", section) for section in PACES]
        off = {"enabled": False}
        configs += [
            *paced,
            *(put(each, "script-behavior.rate-limiting", off) for each in paced),
            put(base(), f"{place}.circuit-breaker", off),
            put(base(), f"{place}.retry-strategy", {"max-retries": 1}),
        ]
    return configs


@pytest.mark.parametrize("config", varied(), ids=json.dumps)
def test_each_default_that_is_listed_is_applied(config: dict[str, Any]) -> None:
    listed = applied_defaults(config)
    schemas = dict(ALL)
    written = config
    for path, value in listed.items():
        written = put(written, path, value)
        changed = put(config, path, other_than_default(path, {**schemas[path], "default": value}))
        if path.endswith("max-factor"):
            changed = put(changed, path.replace("max-", "min-"), 0.8)
        assert settings(changed) != settings(config), path
    assert settings(written) == settings(config)
