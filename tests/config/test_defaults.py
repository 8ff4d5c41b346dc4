"""Of the defaults in the schema, those are listed that a run would use."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from txojobs.config import effective, load_config
from txojobs.config.defaults import applied_defaults
from txojobs.config.origins import DEFAULT
from txojobs.errors import MissingKeyError
from txojobs.workspace import Workspace

if TYPE_CHECKING:
    from pathlib import Path

PACE = "script-behavior.rate-limiting"


def test_without_a_rate_limit_its_values_are_not_listed() -> None:
    listed = applied_defaults({})
    assert listed[f"{PACE}.enabled"] is False
    assert f"{PACE}.calls-per-second" not in listed
    assert listed["script-behavior.api-delay-seconds"] == 0
    assert listed["script-behavior.circuit-breaker.failure-threshold"] == 5
    assert not [path for path in listed if "soap" in path or "wsdl" in path or "batch" in path]


def test_with_a_rate_limit_the_pause_between_calls_is_not_listed() -> None:
    listed = applied_defaults({"script-behavior": {"rate-limiting": {"burst-size": 2}}})
    assert {path: value for path, value in listed.items() if path.startswith(PACE)} == {
        f"{PACE}.enabled": True,
        f"{PACE}.calls-per-second": 10,
        f"{PACE}.shared": False,
    }
    assert "script-behavior.api-delay-seconds" not in listed


@pytest.mark.parametrize("section", ["rate-limiting", "circuit-breaker"])
def test_what_is_off_has_no_values(section: str) -> None:
    listed = applied_defaults({"script-behavior": {section: {"enabled": False}}})
    assert not [path for path in listed if path.startswith(f"script-behavior.{section}")]


def test_a_service_with_its_own_limit_lists_what_it_leaves_out() -> None:
    config: dict[str, Any] = {"apis": {"bc": {"rate-limiting": {"calls-per-second": 8}}}}
    listed = applied_defaults(config)
    assert listed["apis.bc.rate-limiting.burst-size"] == 1
    assert listed[f"{PACE}.enabled"] is False, "the default service is not limited"


def test_an_unchecked_configuration_of_odd_shapes_lists_defaults_too() -> None:
    assert applied_defaults({"global": [], "apis": {"x": 5}, "script-behavior": {"jitter": None}})


def test_the_list_of_a_loaded_configuration_agrees_with_its_origins(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    text = json.dumps({"global": {"api-base-url": "https://a", "auth": {"type": "api-key"}}})
    (tmp_path / "config" / "acme-prod-config.json").write_text(text)
    config = load_config(Workspace(tmp_path), "acme", "prod", environ={})
    listed = {path for path, _, source in effective(config) if source == DEFAULT}
    assert "global.auth.name" in listed
    assert {config.origin(path) for path in listed} == {DEFAULT}
    with pytest.raises(MissingKeyError):
        config.origin(f"{PACE}.calls-per-second")
