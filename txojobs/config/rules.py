"""Check what a schema cannot say: no secrets in a shared file, no near misses, no credential in the clear."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from txojobs.config.explain import Breach
from txojobs.config.names import RESERVED, SECRET_NAMES, kebab, looks_like_secret, nearly, shown_name
from txojobs.config.places import dotted
from txojobs.redact import escape_foreign

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from txojobs.config.places import JsonPath

_TOKEN = re.compile(
    r"(?i)\b(?:bearer|basic)\s+\S{8,}|\beyJ[\w-]{5,}\.[\w-]{5,}|-----BEGIN [A-Z ]*PRIVATE KEY-----"
)
_SIGNED = re.compile(r"(?i)[?&](?:code|sig|signature|key|(?:[a-z]+[-_])*(?:token|secret|key))=[^\s&#]{8}")
_LEAST_DIGITS = 6
"""A shorter number is a limit, such as of the tokens that a request may cost."""
_USER_IN_URL = re.compile(r"^[a-z][a-z0-9+.-]{0,20}://[^\s/?#@]*:[^\s/?#@]*@", re.IGNORECASE)
_LOOPBACK = re.compile(r"localhost|127\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}|::1")


def _meant_for_apis(key: str, member: Any) -> str | None:
    """Return "apis" for a short name, such as apps, only when services stand below it."""
    parts = member.values() if isinstance(member, dict) else ()
    has_services = any(isinstance(part, dict) and "base-url" in part for part in parts)
    return nearly(key, ["apis"], cutoff=0.75) if has_services else None


def main_breaches(value: Any, known_sections: Collection[str]) -> Iterator[Breach]:
    """Yield what is wrong in a main file beyond its schema; `value` may be of any shape."""
    yield from _secrets_in((), value)
    if not isinstance(value, dict):
        return
    for key, member in value.items():
        meant = nearly(key, known_sections) or _meant_for_apis(key, member)
        if meant and isinstance(member, dict):
            shown = escape_foreign(shown_name(key))
            yield Breach((key,), f"{shown!r} is nearly {meant!r}", f"did you mean {meant!r}?")
    yield from _jitter_breaches(value)
    for path, part in services(value):
        yield from _auth_breaches((*path, "auth"), part.get("auth"))
    apis = value.get("apis")
    if isinstance(apis, dict) and "default" in apis:
        yield Breach(
            ("apis", "default"), "the service called default is described in global", "move it there"
        )


def _jitter_breaches(value: dict[str, Any]) -> Iterator[Breach]:
    """Yield each jitter whose factors, its own or those of script-behavior, are the wrong way round."""
    factors = {path: part["jitter"] for path, part in services(value) if isinstance(part.get("jitter"), dict)}
    shared = {"min-factor": 0.8, "max-factor": 1.2, **factors.get(("script-behavior",), {})}
    for path, own in factors.items():
        low, high = (own.get(key, shared[key]) for key in ("min-factor", "max-factor"))
        if isinstance(low, int | float) and isinstance(high, int | float) and low > high:
            where = (*path, "jitter")
            yield Breach(where, f"{dotted(where)}: min-factor is more than max-factor", "swap them")


_AUTH_KEYS: dict[str, tuple[str, ...]] = {
    "none": (),
    "bearer": (),
    "api-key": ("name", "in"),
    "basic": ("username",),
    "oauth2": (
        *("tenant-id", "client-id", "oauth-scope", "authority", "oidc-issuer", "token-url"),
        *("client-authentication", "token-parameters", "certificate", "token-cache"),
    ),
}
"""What each kind of credential looks at beside its type."""
_HEADERS_OF_HTTP = frozenset(
    {
        *("connection", "content-length", "expect", "host", "keep-alive", "te", "trailer"),
        *("transfer-encoding", "upgrade", "via"),
    }
)
_TOKEN_SOURCES = ("token-url", "oidc-issuer", "authority", "tenant-id")
_OWN_PARAMETERS = {
    "grant_type",
    "client_id",
    "client_secret",
    "scope",
    "client_assertion",
    "client_assertion_type",
}


def _auth_breaches(path: JsonPath, auth: Any) -> Iterator[Breach]:
    """Yield each key of an `auth` that its type never looks at, and what it lacks."""
    if not isinstance(auth, dict) or auth.get("type") not in _AUTH_KEYS:
        return
    kind = auth["type"]
    for key in auth:
        of = [other for other, keys in _AUTH_KEYS.items() if key in keys]
        if of and kind not in of:
            yield Breach((*path, key), f"{dotted((*path, key))} is for type {of[0]}, not {kind}", "remove it")
    if kind == "basic" and "username" not in auth:
        yield Breach(path, f"{dotted(path)} has no 'username'", "add 'username'", '"username": "..."')
    if kind == "basic" and ":" in str(auth.get("username", "")):
        where = (*path, "username")
        yield Breach(
            where, f"{dotted(where)} must hold no colon: it ends the name (RFC 7617)", "leave it out"
        )
    name = str(auth.get("name", "")).lower()
    if kind == "api-key" and auth.get("in", "header") == "header" and name in _HEADERS_OF_HTTP:
        where = (*path, "name")
        why = "is a header by which HTTP tells how a request is to be read"
        yield Breach(
            where, f"{dotted(where)} {why}", "name the header that the service wants", '"name": "X-API-Key"'
        )
    if kind == "oauth2":
        yield from _oauth_breaches(path, auth)


def _oauth_breaches(path: JsonPath, auth: dict[str, Any]) -> Iterator[Breach]:
    """Yield what does not go together: tokens come from one place, and msal needs no words of ours."""
    source, *others = [key for key in _TOKEN_SOURCES if key in auth] or ["tenant-id"]
    for key in others:
        name = dotted((*path, key))
        yield Breach(
            (*path, key), f"{name} is not looked at beside {source!r}: tokens come from one place", "keep one"
        )
    for key in ("client-authentication", "token-parameters"):
        if key in auth and source in ("authority", "tenant-id"):
            name = dotted((*path, key))
            yield Breach(
                (*path, key), f"{name} is for 'token-url' and 'oidc-issuer', not {source!r}", "remove it"
            )
    if "client-authentication" in auth and "certificate" in auth:
        name = dotted((*path, "client-authentication"))
        yield Breach(
            (*path, "client-authentication"), f"{name} is not looked at beside 'certificate'", "remove it"
        )
    parameters = auth.get("token-parameters")
    for key in parameters if isinstance(parameters, dict) else ():
        if key in _OWN_PARAMETERS:
            where = (*path, "token-parameters", key)
            yield Breach(
                where, f"{dotted(where)} is said by txojobs itself", "remove it; it has a key of its own"
            )


def services(value: dict[str, Any]) -> Iterator[tuple[JsonPath, dict[str, Any]]]:
    """Yield path and content of each part that describes services: global, script-behavior, each of apis."""
    apis = value.get("apis")
    parts: list[tuple[JsonPath, Any]] = [((name,), value.get(name)) for name in ("global", "script-behavior")]
    parts += [(("apis", name), part) for name, part in apis.items()] if isinstance(apis, dict) else []
    yield from ((path, part) for path, part in parts if isinstance(part, dict))


def _secrets_in(path: JsonPath, value: Any) -> Iterator[Breach]:
    if isinstance(value, dict):
        for key, member in value.items():
            yield from _secrets_in((*path, key), member)
    elif isinstance(value, list):
        for number, member in enumerate(value):
            yield from _secrets_in((*path, number), member)
    elif isinstance(value, str | int | float) and value and not isinstance(value, bool):
        names = [part for part in path if isinstance(part, str) and part not in ("value", "v")]
        key = names[-1] if names else ""
        if key != "description" and _is_secret(key, value):
            yield Breach(
                path,
                f"{escape_foreign(dotted(path))} holds a secret, in a file that is made to be shared",
                "move it to the secrets file beside it, <org>-<env>-config-secrets.json, and change it: "
                "whoever saw this file knows it",
                f'{{"{_secret_name(key)}": "..."}}',
            )


def _is_secret(key: str, value: str | float) -> bool:
    if not isinstance(value, str):
        return looks_like_secret(key) and len(str(value)) >= _LEAST_DIGITS
    patterns = (_TOKEN, _USER_IN_URL, _SIGNED)
    return looks_like_secret(key) or any(pattern.search(value) for pattern in patterns)


def _secret_name(key: str) -> str:
    name = kebab(key)
    return name if looks_like_secret(name) and name not in RESERVED else "api-key"


def environment_breaches(value: Any, env: str | None) -> Iterator[Breach]:
    """Yield a warning when `environments` lacks this environment and has one of nearly its name."""
    environments = value.get("environments") if isinstance(value, dict) else None
    if env is None or not isinstance(environments, dict) or env in environments:
        return
    near = nearly(env, environments, cutoff=0.65)
    if near:
        shown = escape_foreign(near)
        yield Breach(
            ("environments", near),
            f"{shown!r} is not the environment {env!r} of this file, so that nothing in it is used",
            f"write {env!r} if it is meant; remove it if not",
            severity="warning",
        )


def clear_text_breaches(value: Any, secrets: Collection[str], env: str | None) -> Iterator[Breach]:
    """Yield each address that would carry a credential unencrypted to another machine.

    `secrets` are the names that exist, in kebab-case. Without `env` the endpoints of no environment count.
    """
    if not isinstance(value, dict):
        return
    for path, part in services(value):
        if path == ("script-behavior",):
            continue
        prefix = f"{path[1]}-" if path[0] == "apis" else ""
        auth = part.get("auth")
        kind = auth.get("type") if isinstance(auth, dict) else None
        names = {f"{prefix}{name}" for name in SECRET_NAMES}
        if kind == "none" or (kind is None and not names & set(secrets)):
            continue
        addresses: list[tuple[JsonPath, Any]] = [
            ((*path, key), part.get(key)) for key in ("api-base-url", "base-url")
        ]
        if path == ("global",) and env is not None:
            addresses.append((("environments", env, "api-endpoint"), _endpoint(value, env)))
        for where, address in addresses:
            if isinstance(address, str) and _is_clear_text(address):
                yield Breach(
                    where,
                    f"{dotted(where)} would send a credential unencrypted to {_host(address)}",
                    "use https://; plain http carries a credential to this machine only (localhost)",
                    at_key=False,
                )


def _endpoint(value: dict[str, Any], env: str) -> Any:
    environments = value.get("environments")
    settings = environments.get(env) if isinstance(environments, dict) else None
    return settings.get("api-endpoint") if isinstance(settings, dict) else None


def _host(address: str) -> str:
    """Return where an address leads, without what else may stand in it: a path or a query may be signed."""
    from urllib.parse import urlsplit  # noqa: PLC0415 - only where a credential may travel

    return escape_foreign(urlsplit(address).hostname or "that host")


def _is_clear_text(address: str) -> bool:
    from urllib.parse import urlsplit  # noqa: PLC0415 - only where a credential may travel

    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return False  # no address at all: the schema says so
    return parts.scheme == "http" and not _LOOPBACK.fullmatch(host.rstrip("."))
