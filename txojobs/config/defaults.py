"""Tell which defaults count for a configuration: those of the schema that a client really uses.

What a service does not say is said by `script-behavior`, and what neither says is the schema's default. The
`default` of a whole section is what counts where the section is left out. Of a section that is off nothing
but that counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from txojobs.config.profiles import known_of_profile
from txojobs.config.schema import load_schema, resolve

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from txojobs.config.schema import Schema

_SHARED = "script-behavior"


def applied_defaults(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return each default that some service of the configuration uses, by the dotted path of its key."""
    root = load_schema()
    behaviours = _members(root["properties"][_SHARED], root)
    found: dict[str, Any] = {}
    for place, own, known in _services(config, root):
        shared = _section(config, _SHARED)
        profile = known_of_profile(own, shared)
        parts = [(place, own), (_SHARED, shared), (place, profile)]
        for name, sub in known.items():
            if name in behaviours:
                found.update(_of_behaviour(name, sub, parts))
            elif name == "auth":
                found.update(_of_auth(f"{place}.auth", _section(own, "auth"), sub))
            elif "default" in sub and name not in own and name not in profile:
                found[f"{place}.{name}"] = sub["default"]
    return found


def values_of_profiles(config: Mapping[str, Any]) -> dict[str, tuple[Any, str]]:
    """Return each value that only a profile says, with the profile's name, by the dotted path of its key."""
    root = load_schema()
    found: dict[str, tuple[Any, str]] = {}
    for place, own, _ in _services(config, root):
        shared = _section(config, _SHARED)
        for name, known in known_of_profile(own, shared).items():
            if not isinstance(known, dict):
                if name not in own:
                    found[f"{place}.{name}"] = known, own["profile"]
                continue
            said = {*_section(own, name), *_section(shared, name)}
            for key, value in known.items():
                if key not in said:
                    found[f"{place}.{name}.{key}"] = value, own["profile"]
    return found


def _services(
    config: Mapping[str, Any], root: Schema
) -> Iterator[tuple[str, Mapping[str, Any], dict[str, Schema]]]:
    """Yield path, section and known keys of each service."""
    yield "global", _section(config, "global"), _members(root["properties"]["global"], root)
    apis = _section(config, "apis")
    known = _members(root["properties"]["apis"]["additionalProperties"], root)
    for name in apis:
        yield f"apis.{name}", _section(apis, name), known


def _of_behaviour(
    name: str, known: Schema, parts: list[tuple[str, Mapping[str, Any]]]
) -> Iterator[tuple[str, Any]]:
    """Yield the defaults of a limit or time that count for one service; `parts` say it, the first before others."""
    if "properties" not in known:
        paced = name == "api-delay-seconds" and _is_paced(parts)
        if "default" in known and not paced and not any(name in part for _, part in parts):
            yield f"{_SHARED}.{name}", known["default"]
        return
    given = [(place, _section(part, name)) for place, part in parts if name in part]
    said = {key: value for _, section in reversed(given) for key, value in section.items()}
    values = {key: sub["default"] for key, sub in known["properties"].items() if "default" in sub}
    if not given:
        values.update(known.get("default", {}))
    is_on = said.get("enabled", values.get("enabled", True))
    home = given[0][0] if given else _SHARED
    for key, value in values.items():
        if key not in said and (is_on or key == "enabled"):
            yield f"{home}.{name}.{key}", value


def _is_paced(parts: list[tuple[str, Mapping[str, Any]]]) -> bool:
    """Whether a service has a rate limit, which makes its pause between calls idle."""
    given = [_section(part, "rate-limiting") for _, part in parts if "rate-limiting" in part]
    return bool(given) and next((part["enabled"] for part in given if "enabled" in part), True) is True


def _of_auth(path: str, auth: Mapping[str, Any], known: Schema) -> Iterator[tuple[str, Any]]:
    """Yield the defaults that count for a kind of credential."""
    kind = auth.get("type")
    keys: tuple[str, ...] = ("name", "in") if kind == "api-key" else ()
    if kind == "oauth2":
        travels = ("token-url" in auth or "oidc-issuer" in auth) and "certificate" not in auth
        keys = ("token-cache", "client-authentication") if travels else ("token-cache",)
    for key in keys:
        if "default" in known["properties"][key] and key not in auth:
            yield f"{path}.{key}", known["properties"][key]["default"]


def _members(schema: Schema, root: Schema) -> dict[str, Schema]:
    """Return the known keys of a section, each with what its reference says."""
    return {name: resolve(sub, root) for name, sub in resolve(schema, root)["properties"].items()}


def _section(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Return a section, an empty one where there is none; an unchecked file may hold anything."""
    section = value[key] if key in value else {}  # noqa: SIM401  # a mapping that fails hard may have no soft get
    return section if isinstance(section, dict) else {}
