"""What a job needs: keys of the configuration, addresses and secrets of services, and their snapshots."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from txojobs.config.names import injected_name
from txojobs.errors import ValidationError
from txojobs.job.snapshots import snapshot_path
from txojobs.job.wiring import paths_in
from txojobs.rest.credential_secrets import SECRET_OF, secret_name
from txojobs.rest.credential_settings import inferred_auth
from txojobs.rest.oauth_settings import OAUTH_KEYS, SOURCES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from txojobs.config.mapping import Config
    from txojobs.job.model import StepUse

ASKING = ("fetch",)
"""Verbs that ask a service."""


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
        for path in (path for node in use.nodes() for path in paths_in(node)):
            if path.startswith("config."):
                name = path.removeprefix("config.")
                found.setdefault(name, Need(name, None if config is None else _has(config, name)))
    return tuple(found.values())


def checked_by(apis: Iterable[str], root: Path, place: tuple[str, str] | None) -> Iterator[str]:
    """Yield for each service which snapshot the job is checked against, or how to get one."""
    for api in dict.fromkeys(apis):
        if "${{" in api:
            yield f"none: which service is asked is known when the job runs ({api})"
            continue
        org, env = place or ("ORG", "ENV")
        option = "" if api == "default" else f" --api {api}"
        command = f"txojobs metadata {org} {env}{option} --save"
        try:
            path = snapshot_path(root, api)
        except ValidationError:  # no api has such a name, and the run will say so
            continue
        if path.is_file():
            yield path.relative_to(root).as_posix()
        else:
            yield f"none of {api}, so its fields are not checked; to have them checked: {command}"


def base_url(config: dict[str, Any], api: str) -> str | None:
    """Return the address of a service as configured, None when there is none."""
    section, key = _place(config, api)
    url = section.get(key)
    return url.rstrip("/") if isinstance(url, str) else None


def _of_service(api: str, config: Config | None) -> Iterator[Need]:
    place = "global" if api == "default" else f"apis.{api}"
    if config is None:
        yield Need(f"{place}.{'api-base-url' if api == 'default' else 'base-url'}", None)
        return
    section, key = _place(config, api)
    yield Need(f"{place}.{key}", base_url(config, api) is not None)
    there = {name for name in SECRET_OF.values() if config.get(injected_name(secret_name(api, name)))}
    auth = section.get("auth", {})
    has_oauth_keys = any(section.get(name) for name in OAUTH_KEYS)
    kind = auth.get("type") or inferred_auth(has_oauth_keys=has_oauth_keys, secrets=there)
    wanted = SECRET_OF.get(kind)
    if kind == "oauth2":
        source = next((key for key in SOURCES if auth.get(key)), "tenant-id")
        for name in (source if name == "tenant-id" else name for name in OAUTH_KEYS):
            if name != "oauth-scope" or source in ("tenant-id", "authority"):
                path = f"{place}.auth.{name}" if name in SOURCES else f"{place}.{name}"
                yield Need(path, bool(section.get(name) or auth.get(name)))
        if auth.get("certificate"):
            yield Need(f"{place}.auth.certificate", Path(auth["certificate"]).is_file())
            wanted = None
        elif "client-secret" not in there and "az-token" in there:
            wanted = "az-token"  # a ready token takes the place of asking for one
    if wanted is not None:
        yield Need(f"secret {secret_name(api, wanted)}", wanted in there)


def _place(config: dict[str, Any], api: str) -> tuple[dict[str, Any], str]:
    """Return the section of a service, and the key of its address."""
    if api == "default":
        return config.get("global", {}), "api-base-url"
    return config.get("apis", {}).get(api, {}), "base-url"


def _has(config: Config, path: str) -> bool:
    value: Any = config
    for part in path.split("."):
        if not isinstance(value, dict) or part not in value:
            return False
        value = value[part]
    return True
