"""What a job needs of the configuration: keys that it names, the address and the secrets of the services it asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from txojobs.engine.explain import paths_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from txojobs.config.mapping import Config
    from txojobs.job.model import StepUse

ASKING = ("fetch",)
"""Verbs that ask a service."""

_OAUTH = ("tenant-id", "client-id", "oauth-scope")
_SECRETS = {"oauth": "client-secret", "token": "az-token", "api-key": "api-key", "basic": "password"}


class Need(NamedTuple):
    """One thing: a dotted key, or `secret NAME`. `found` is None where there is no configuration to look at."""

    name: str
    found: bool | None


def needs_of(steps: Iterable[StepUse], apis: Iterable[str], config: Config | None) -> tuple[Need, ...]:
    """Return what is needed, each once: addresses and credentials first, then keys in the order of use."""
    found: dict[str, Need] = {}
    for api in dict.fromkeys(apis):
        for need in _of_service(api, config):
            found.setdefault(need.name, need)
    for use in steps:
        nodes = [node for node in (use.options, use.condition, use.rejects, use.api) if node is not None]
        for path in (path for node in nodes for path in paths_in(node)):
            if path.startswith("config."):
                name = path.removeprefix("config.")
                found.setdefault(name, Need(name, None if config is None else _has(config, name)))
    return tuple(found.values())


def base_url(config: Config, api: str) -> str | None:
    """Return the address of a service as configured, None when there is none."""
    section = _section(config, api)
    url = section.get("base-url") or section.get("api-base-url")
    return url.rstrip("/") if isinstance(url, str) else None


def _of_service(api: str, config: Config | None) -> Iterator[Need]:
    place = "global" if api == "default" else f"apis.{api}"
    if config is None:
        yield Need(f"{place}.{'api-base-url' if api == 'default' else 'base-url'}", None)
        return
    section = _section(config, api)
    key = "api-base-url" if api == "default" and "base-url" not in section else "base-url"
    yield Need(f"{place}.{key}", base_url(config, api) is not None)
    prefix = "" if api == "default" else f"{api}-"
    there = {name for name in _SECRETS.values() if config.get(_key(prefix + name))}
    wanted = _secret(section, there)
    if wanted == "client-secret":
        for name in _OAUTH:
            yield Need(f"{place}.{name}", bool(section.get(name)))
        if "client-secret" not in there and "az-token" in there:
            wanted = "az-token"  # a ready token takes the place of asking for one
    if wanted is not None:
        yield Need(f"secret {prefix}{wanted}", wanted in there)


def _secret(section: dict[str, Any], there: set[str]) -> str | None:
    """Return the name of the secret that a service takes, None when it takes none."""
    auth = section.get("auth")
    if isinstance(auth, str):
        return _SECRETS.get(auth)
    if any(section.get(name) for name in _OAUTH):
        return "client-secret"
    return next((name for name in _SECRETS.values() if name in there), None)


def _section(config: Config, api: str) -> dict[str, Any]:
    apis = config.get("apis", {})
    section: dict[str, Any] = (
        apis.get(api, {}) if api in apis or api != "default" else config.get("global", {})
    )
    return section


def _key(name: str) -> str:
    return "_" + name.replace("-", "_")


def _has(config: Config, path: str) -> bool:
    value: Any = config
    for part in path.split("."):
        if not isinstance(value, dict) or part not in value:
            return False
        value = value[part]
    return True
