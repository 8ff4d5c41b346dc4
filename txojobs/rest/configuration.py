"""Read the settings of one api from the configuration mapping, and say exactly what is missing or wrong.

`global` and `script-behavior` describe the api called `default`; `apis.<name>` takes the same keys. A
behaviour that an api does not name is that of `script-behavior`. Keys that begin with `_` are secrets:
`_token` for the default api, `_helpdesk_token` for the api `helpdesk`.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from txojobs.errors import ConfigurationError, MissingKeyError
from txojobs.rest.origin import shown
from txojobs.rest.settings import (
    AUTH_TYPES,
    MICROSOFT_AUTHORITY,
    ODATA_VERSIONS,
    ApiSettings,
    AuthSettings,
    BreakerSettings,
    LimiterSettings,
    RetrySettings,
    TimeoutSettings,
    auth_parts,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_OAUTH_KEYS = ("tenant-id", "client-id", "oauth-scope")


class Section:
    """A part of the configuration that knows its path; looks into further parts for what it lacks."""

    def __init__(self, path: str, *parts: Any) -> None:
        self.path = path
        self._parts = [part for part in parts if part is not None]
        for part in self._parts:
            if not hasattr(part, "keys"):
                raise ConfigurationError(f"{path} must be an object, not {part!r}")

    def get(self, key: str) -> Any:
        """Return a value, None when no part has it."""
        return next((part[key] for part in self._parts if key in part), None)

    def section(self, key: str) -> Section:
        """Return the section of that name, empty when there is none."""
        return Section(f"{self.path}.{key}", *(part[key] for part in self._parts if key in part))

    def text(self, key: str, default: str = "") -> str:
        """Return a text."""
        value = self.get(key)
        if value is None:
            return default
        if not isinstance(value, str):
            raise self._wrong(key, "text", value)
        return value.strip()

    def number(self, key: str, default: float, *, least: float = 0.0) -> float:
        """Return a finite number of at least `least`."""
        value = self.get(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value < float("inf"):
            raise self._wrong(key, f"a number of at least {least:g}", value)
        return float(value)

    def whole(self, key: str, default: int, *, least: int = 0) -> int:
        """Return a whole number of at least `least`."""
        number = self.number(key, default, least=least)
        if number != int(number):
            raise self._wrong(key, "a whole number", number)
        return int(number)

    def flag(self, key: str, *, default: bool) -> bool:
        """Return true or false."""
        value = self.get(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self._wrong(key, "true or false", value)
        return value

    def one_of(self, key: str, default: str, known: tuple[str, ...]) -> str:
        """Return one of the known texts."""
        value = self.text(key, default)
        if value not in known:
            raise self._wrong(key, f"one of {', '.join(known)}", value)
        return value

    def _wrong(self, key: str, wanted: str, value: object) -> ConfigurationError:
        return ConfigurationError(
            f"{self.path}.{key} must be {wanted}, not {value!r}", how_to_fix="correct it in the configuration"
        )


def read_settings(config: Mapping[str, Any], *, api: str, with_auth: bool) -> ApiSettings:
    """Return the settings of `api`; see ApiSettings.from_config."""
    home = _home(config, api)
    shared = _part(config, "script-behavior")
    behaviour = Section("script-behavior", shared)
    if api != "default":
        own = home.get("script-behavior")
        behaviour = Section(home.path, _Flat(home), own, shared)
    prefix = "_" if api == "default" else f"_{api.replace('-', '_')}_"
    odata = "v2" if home.one_of("odata", "v4", ODATA_VERSIONS) == "v2" else "v4"
    return ApiSettings(
        name=api,
        base_url=_base_url(home, api),
        odata=odata,  # type: ignore[arg-type]  # one of the two, just compared
        profile=home.text("profile") or None,
        auth=_auth(home, config, prefix=prefix) if with_auth else AuthSettings(),
        trusted_origins=_origins(home),
        ca_bundle=home.text("ca-bundle") or None,
        retry=_retry(behaviour),
        breaker=_breaker(behaviour.section("circuit-breaker")),
        limiter=_limiter(behaviour),
        timeouts=_timeouts(behaviour.section("api-timeouts")),
        max_body_bytes=behaviour.whole("max-answer-bytes", 100 * 1024 * 1024, least=1024),
    )


class _Flat:
    """An api's own keys, seen as a part: each behaviour may stand directly in the api."""

    def __init__(self, home: Section) -> None:
        self._home = home

    def keys(self) -> tuple[str, ...]:
        return ()

    def __contains__(self, key: str) -> bool:
        return self._home.get(key) is not None

    def __getitem__(self, key: str) -> Any:
        return self._home.get(key)


def _part(config: Mapping[str, Any], key: str) -> Any:
    return config[key] if key in config else None  # noqa: SIM401  # a mapping that fails hard may have no soft get


def _home(config: Mapping[str, Any], api: str) -> Section:
    apis = _part(config, "apis") or {}
    if api in apis:
        return Section(f"apis.{api}", apis[api], _part(config, "global") if api == "default" else None)
    if api == "default":
        return Section("global", _part(config, "global"))
    near = difflib.get_close_matches(api, list(apis), n=1)
    known = ", ".join(sorted(apis)) or "none"
    raise MissingKeyError(
        f"the configuration has no api {api!r} (known: default, {known})"
        + (f"; did you mean {near[0]!r}?" if near else ""),
        f'add "{api}" to the "apis" section of the configuration, or correct the name',
        f'"apis": {{"{api}": {{"base-url": "https://api.example.com"}}}}',
    )


def _base_url(home: Section, api: str) -> str:
    key = "api-base-url" if api == "default" and not home.text("base-url") else "base-url"
    url = home.text(key)
    if not url:
        raise MissingKeyError(
            f"{home.path}.{key} is missing in the configuration",
            f'add "{key}" to the "{home.path}" section',
            f'"{home.path.rpartition(".")[2]}": {{"{key}": "https://api.example.com"}}',
        )
    authority = url.partition("://")[2].partition("/")[0]
    if not url.lower().startswith(("http://", "https://")) or not authority or "?" in url or "#" in url:
        raise ConfigurationError(
            f"{home.path}.{key} must be a full http(s) address without ? and #, not {shown(url)!r}",
            how_to_fix="write it as https://host/path",
        )
    if "@" in authority:
        raise ConfigurationError(
            f"{home.path}.{key} holds a user name; addresses are shown in logs",
            how_to_fix='take it out and use "auth": {"type": "basic", "username": ...} with the secret '
            '"password" in the secrets file',
        )
    return url.rstrip("/")


def _origins(home: Section) -> tuple[str, ...]:
    value = home.get("trusted-origins") or ()
    if isinstance(value, str) or not all(isinstance(origin, str) for origin in value):
        raise ConfigurationError(
            f"{home.path}.trusted-origins must be a list of addresses like https://host:port"
        )
    return tuple(value)


def _retry(behaviour: Section) -> RetrySettings:
    strategy, jitter = behaviour.section("retry-strategy"), behaviour.section("jitter")
    low = jitter.number("min-factor", 0.8)
    return RetrySettings(
        max_retries=strategy.whole("max-retries", 3),
        backoff_factor=strategy.number("backoff-factor", 2.0),
        max_retry_after_s=strategy.number("max-retry-after-seconds", 600.0),
        jitter_min=low,
        jitter_max=jitter.number("max-factor", max(1.2, low), least=low),
    )


def _breaker(section: Section) -> BreakerSettings:
    return BreakerSettings(
        enabled=section.flag("enabled", default=True),
        failure_threshold=section.whole("failure-threshold", 5, least=1),
        timeout_s=section.number("timeout-seconds", 60.0),
    )


def _limiter(behaviour: Section) -> LimiterSettings:
    section = behaviour.section("rate-limiting")
    given = behaviour.get("rate-limiting") is not None
    if given and section.flag("enabled", default=True):
        return LimiterSettings(
            calls_per_second=section.number("calls-per-second", 10.0, least=0.001),
            burst_size=section.whole("burst-size", 1, least=1),
        )
    delay_s = behaviour.number("api-delay-seconds", 0.0)
    return LimiterSettings(calls_per_second=1 / delay_s if delay_s else None)


def _timeouts(section: Section) -> TimeoutSettings:
    return TimeoutSettings(
        request_s=section.number("rest-timeout-seconds", 60.0, least=0.01),
        async_max_wait_s=section.number("async-max-wait", 300.0),
        async_poll_interval_s=section.number("async-poll-interval", 5.0),
    )


def _auth(home: Section, config: Mapping[str, Any], *, prefix: str) -> AuthSettings:
    section = Section(f"{home.path}.auth", *auth_parts(home.get))
    secrets = Section("secrets", {key[1:]: config[key] for key in config if key.startswith("_")})

    def secret(name: str) -> str:
        return secrets.text(f"{prefix[1:]}{name}")

    token = (secret("token") or secret("az_token")).removeprefix("Bearer ").strip()
    kind = section.text("type") or _inferred(home, secret("client_secret"), token, secret("api_key"))
    if kind not in AUTH_TYPES:
        raise ConfigurationError(f"{section.path}.type must be one of {', '.join(AUTH_TYPES)}, not {kind!r}")
    if kind == "oauth2":
        return _oauth(home, section, secret("client_secret"), token, prefix)
    names = {"bearer": "token", "api-key": "api_key", "basic": "password"}
    value = token if kind == "bearer" else secret(names[kind]) if kind in names else ""
    if kind != "none" and not value:
        raise _no_secret(prefix + names[kind], kind)
    return AuthSettings(
        type=kind,
        secret=value,
        username=section.text("username"),
        key_name=section.text("name", "x-api-key"),
        key_in="query" if section.one_of("in", "header", ("header", "query")) == "query" else "header",
    )


def _inferred(home: Section, client_secret: str, token: str, api_key: str) -> str:
    """Return the kind that the guide's fields alone mean."""
    has_client = any(home.text(key) for key in _OAUTH_KEYS)
    if has_client and (client_secret or not (token or api_key)):
        return "oauth2"
    return "bearer" if token else "api-key" if api_key else "none"


def _oauth(home: Section, section: Section, client_secret: str, token: str, prefix: str) -> AuthSettings:
    tenant = section.text("tenant-id") or home.text("tenant-id")
    client_id = section.text("client-id") or home.text("client-id")
    scope = section.text("scope") or section.text("oauth-scope") or home.text("oauth-scope")
    authority = section.text("authority") or (f"{MICROSOFT_AUTHORITY}/{tenant}" if tenant else "")
    for key, value in (("tenant-id", authority), ("client-id", client_id), ("oauth-scope", scope)):
        if not value:
            raise MissingKeyError(
                f"{home.path}.{key} is missing in the configuration, and OAuth needs it",
                f'add "{key}" to the "{home.path}" section',
                '"tenant-id": "...", "client-id": "...", "oauth-scope": "https://api.example.com/.default"',
            )
    if not client_secret and not token:
        raise _no_secret(f"{prefix}client_secret", "oauth2")
    return AuthSettings(
        type="oauth2",
        secret=client_secret,
        fallback_token=token,
        authority=authority,
        client_id=client_id,
        scope=scope,
    )


def _no_secret(key: str, kind: str) -> MissingKeyError:
    name = key[1:].replace("_", "-")
    return MissingKeyError(
        f"there is no secret {name!r} for the credential of type {kind}",
        f'add "{name}" to the secrets file of this organisation and environment, or set its variable',
        f'"{name}": "..."',
    )
