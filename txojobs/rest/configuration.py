"""Read the settings of one api from the configuration mapping, and say exactly what is missing or wrong.

`global` describes the api called `default`, `apis.<name>` each other one. What an api does not say about
limits and time is that of `script-behavior`, key by key. The names, bounds and defaults are those of
schemas/org-env-config-schema.json; a test walks both.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from txojobs.config.profiles import PROFILES, known_of_profile
from txojobs.errors import ConfigurationError, MissingKeyError
from txojobs.rest.credential_settings import read_auth
from txojobs.rest.origin import shown
from txojobs.rest.section import Section
from txojobs.rest.settings import (
    MAX_BODY_BYTES,
    ODATA_VERSIONS,
    ApiSettings,
    AuthSettings,
    BreakerSettings,
    LimiterSettings,
    OperationSettings,
    ReadingSettings,
    RetrySettings,
    TimeoutSettings,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_LEAST_S = 0.01
_MOST_RETRIES = 20


def read_settings(config: Mapping[str, Any], *, api: str, with_auth: bool) -> ApiSettings:
    """Return the settings of `api`; see ApiSettings.from_config."""
    place, own = _place(config, api)
    shared = _part(config, "script-behavior")
    profile = ("the profile", known_of_profile(own, shared))
    home = Section(place, (place, own), profile)
    behaviour = Section(place, (place, own), ("script-behavior", shared), profile)
    key = "api-base-url" if api == "default" else "base-url"
    return ApiSettings(
        name=api,
        base_url=_base_url(home, key, file=getattr(config, "file", None)),
        base_url_key=f"{home.path}.{key}",
        odata=home.one_of("odata", "v4", ODATA_VERSIONS),
        profile=home.one_of("profile", "generic", tuple(PROFILES)),
        auth=read_auth(home, config, api=api) if with_auth else AuthSettings(),
        trusted_origins=home.texts(
            "trusted-origins", (), wanted="a list of addresses like https://host:port"
        ),
        ca_bundle=home.text("ca-bundle") or None,
        retry=_retry(behaviour),
        breaker=_breaker(behaviour.section("circuit-breaker")),
        limiter=_limiter(behaviour),
        timeouts=_timeouts(behaviour.section("api-timeouts")),
        operations=_operations(behaviour.section("async-operations")),
        reading=_reading(behaviour.section("reading")),
        max_body_bytes=behaviour.whole("max-answer-bytes", MAX_BODY_BYTES, least=1024),
    )


def _part(config: Mapping[str, Any], key: str) -> Any:
    return config[key] if key in config else None  # noqa: SIM401  # a mapping that fails hard may have no soft get


def _place(config: Mapping[str, Any], api: str) -> tuple[str, Any]:
    """Return where an api is described, and what stands there."""
    if api == "default":
        return "global", _part(config, "global")
    apis = _part(config, "apis") or {}
    if api in apis:
        return f"apis.{api}", apis[api]
    near = difflib.get_close_matches(api, list(apis), n=1)
    known = ", ".join(["default, which is `global`", *sorted(apis)])
    raise MissingKeyError(
        f"the configuration has no api {api!r} (known: {known})"
        + (f"; did you mean {near[0]!r}?" if near else ""),
        f'add "{api}" to the "apis" section of the configuration, or correct the name',
        f'"apis": {{"{api}": {{"base-url": "https://api.example.com"}}}}',
    )


def _base_url(home: Section, key: str, *, file: str | None) -> str:
    url = home.text(key)
    if not url:
        raise MissingKeyError(
            f"{home.path}.{key} is missing in {file or 'the configuration'}",
            f'add "{key}" to the "{home.path}" section',
            f'"{home.path.rpartition(".")[2]}": {{"{key}": "https://api.example.com"}}',
        )
    authority = url.partition("://")[2].partition("/")[0]
    if not url.lower().startswith(("http://", "https://")) or not authority or "?" in url or "#" in url:
        raise ConfigurationError(
            f"{home.path}.{key} must be a full http(s) address without ? and #, not {shown(url)!r}",
            how_to_fix="only jobs start the service behind demo:; a script needs its address, which "
            "`txojobs demo serve` tells"
            if url == "demo:"
            else "write it as https://host/path",
        )
    if "@" in authority:
        raise ConfigurationError(
            f"{home.path}.{key} holds a user name; addresses are shown in logs",
            how_to_fix='take it out and use "auth": {"type": "basic", "username": ...} with the secret '
            '"password" in the secrets file',
        )
    return url.rstrip("/")


def _retry(behaviour: Section) -> RetrySettings:
    strategy, jitter, default = (
        behaviour.section("retry-strategy"),
        behaviour.section("jitter"),
        RetrySettings(),
    )
    low = jitter.number("min-factor", default.jitter_min)
    high = jitter.number("max-factor", default.jitter_max)
    if low > high:
        raise ConfigurationError(
            f"{jitter.path}: min-factor is {low:g}, max-factor {high:g}, which is less",
            how_to_fix="swap them",
        )
    return RetrySettings(
        max_retries=strategy.whole("max-retries", default.max_retries, most=_MOST_RETRIES),
        backoff_factor=strategy.number("backoff-factor", default.backoff_factor, least=1.0),
        max_retry_after_s=strategy.number("max-retry-after-seconds", default.max_retry_after_s),
        jitter_min=low,
        jitter_max=high,
    )


def _breaker(section: Section) -> BreakerSettings:
    default = BreakerSettings()
    return BreakerSettings(
        enabled=section.flag("enabled", default=default.enabled),
        failure_threshold=section.whole("failure-threshold", default.failure_threshold, least=1),
        timeout_s=section.number("timeout-seconds", default.timeout_s),
    )


def _limiter(behaviour: Section) -> LimiterSettings:
    """Return the pace; without a section `rate-limiting` there is none but that of `api-delay-seconds`."""
    section = behaviour.section("rate-limiting")
    if section.flag("enabled", default=section.is_given):
        return LimiterSettings(
            calls_per_second=section.number("calls-per-second", 10.0, least=0.001),
            burst_size=section.whole("burst-size", 1, least=1),
            shared=section.flag("shared", default=False),
        )
    delay_s = behaviour.number("api-delay-seconds", 0.0)
    return LimiterSettings(calls_per_second=1 / delay_s if delay_s else None)


def _timeouts(section: Section) -> TimeoutSettings:
    default = TimeoutSettings()
    return TimeoutSettings(
        request_s=section.number("rest-timeout-seconds", default.request_s, least=_LEAST_S),
        async_max_wait_s=section.number("async-max-wait", default.async_max_wait_s, least=_LEAST_S),
        async_poll_interval_s=section.number(
            "async-poll-interval", default.async_poll_interval_s, least=_LEAST_S
        ),
    )


def _reading(section: Section) -> ReadingSettings:
    return ReadingSettings(
        page_size=section.whole("page-size", 0, least=1) or None,
        headers=section.named_texts("headers"),
        null_dates=section.texts("null-dates", ()),
        counts_up_to=section.whole("counts-up-to", 0, least=1) or None,
        max_parallel=section.whole("max-parallel", 0, least=1) or None,
    )


def _operations(section: Section) -> OperationSettings:
    default = OperationSettings()
    return OperationSettings(
        status_field=section.text("status-field") or default.status_field,
        succeeded=section.texts("succeeded", default.succeeded),
        failed=section.texts("failed", default.failed),
        running=section.texts("running", default.running),
    )
