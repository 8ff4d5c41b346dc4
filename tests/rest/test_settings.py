from __future__ import annotations

import logging
from typing import Any

import pytest

from txojobs.errors import ConfigurationError, HelpfulError, MissingKeyError
from txojobs.rest.settings import (
    ApiSettings,
    AuthSettings,
    BreakerSettings,
    LimiterSettings,
    RetrySettings,
    TimeoutSettings,
)

GUIDE: dict[str, Any] = {
    "global": {
        "api-base-url": "https://api.example.com/",
        "api-version": "v2",
        "tenant-id": "your-tenant-id",
        "client-id": "your-client-id",
        "oauth-scope": "https://api.example.com/.default",
    },
    "script-behavior": {
        "api-delay-seconds": 1,
        "api-timeouts": {
            "rest-timeout-seconds": 50,
            "soap-timeout-seconds": 120,
            "wsdl-timeout-seconds": 60,
            "async-max-wait": 200,
            "async-poll-interval": 4,
        },
        "retry-strategy": {"max-retries": 2, "backoff-factor": 3.0},
        "jitter": {"min-factor": 0.7, "max-factor": 1.3},
        "rate-limiting": {"enabled": True, "calls-per-second": 12, "burst-size": 2},
        "circuit-breaker": {"enabled": True, "failure-threshold": 4, "timeout-seconds": 30},
        "batch-handling": {"read-batch-size": 100},
    },
    "_client_secret": "s3cret",
}


def test_reads_the_guides_structure() -> None:
    assert ApiSettings.from_config(GUIDE) == ApiSettings(
        base_url="https://api.example.com",
        base_url_key="global.api-base-url",
        auth=AuthSettings(
            type="oauth2",
            secret="s3cret",
            authority="https://login.microsoftonline.com/your-tenant-id",
            client_id="your-client-id",
            scope="https://api.example.com/.default",
        ),
        retry=RetrySettings(max_retries=2, backoff_factor=3, jitter_min=0.7, jitter_max=1.3),
        breaker=BreakerSettings(failure_threshold=4, timeout_s=30),
        limiter=LimiterSettings(calls_per_second=12, burst_size=2),
        timeouts=TimeoutSettings(request_s=50, async_max_wait_s=200, async_poll_interval_s=4),
    )


def test_the_address_alone_is_enough() -> None:
    settings = ApiSettings.from_config({"global": {"api-base-url": "https://a"}})
    assert settings == ApiSettings(base_url="https://a", base_url_key="global.api-base-url")
    assert settings.retry.max_retries == 3
    assert settings.breaker.failure_threshold == 5
    assert settings.timeouts.request_s == 60


@pytest.mark.parametrize(
    ("behaviour", "rate"),
    [
        ({"rate-limiting": {"enabled": False, "calls-per-second": 9}, "api-delay-seconds": 0.5}, 2),
        ({"rate-limiting": {"enabled": False}}, None),
        ({"rate-limiting": {}, "api-delay-seconds": 5}, 10),
        ({"api-delay-seconds": 2}, 0.5),
        ({"api-delay-seconds": 0}, None),
        ({}, None),
    ],
)
def test_g14_a_delay_paces_calls_when_rate_limiting_is_off(
    behaviour: dict[str, Any], rate: float | None
) -> None:
    config = {"global": {"api-base-url": "https://a"}, "script-behavior": behaviour}
    assert ApiSettings.from_config(config).limiter.calls_per_second == rate


APIS: dict[str, Any] = {
    **GUIDE,
    "apis": {
        "help-desk": {
            "base-url": "https://desk.example.com/api",
            "odata": "v2",
            "profile": "sap-v2",
            "auth": {"type": "api-key", "name": "X-Key"},
            "trusted-origins": ["https://backend.example.com:8443"],
            "ca-bundle": "config/ca.pem",
            "rate-limiting": {"calls-per-second": 1},
            "retry-strategy": {"max-retries": 9},
        }
    },
    "_help_desk_api_key": "k3y",
}


def test_another_api_has_its_own_keys_and_inherits_behaviour() -> None:
    settings = ApiSettings.from_config(APIS, api="help-desk")
    assert settings.name == "help-desk"
    assert settings.base_url == "https://desk.example.com/api"
    assert (settings.odata, settings.profile) == ("v2", "sap-v2")
    assert settings.auth.type == "api-key"
    assert (settings.auth.secret, settings.auth.key_name) == ("k3y", "X-Key")
    assert settings.trusted_origins == ("https://backend.example.com:8443",)
    assert settings.ca_bundle == "config/ca.pem"
    assert settings.limiter.calls_per_second == 1
    assert settings.retry.max_retries == 9
    assert settings.retry.backoff_factor == 3
    assert settings.timeouts.request_s == 50


def test_the_secret_of_one_api_is_not_that_of_another() -> None:
    config = {**APIS, "_api_key": "of-default"}
    del config["_help_desk_api_key"]
    with pytest.raises(MissingKeyError, match="help-desk-api-key"):
        ApiSettings.from_config(config, api="help-desk")


CREDENTIALS: list[tuple[dict[str, Any], dict[str, Any], str, str]] = [
    ({}, {}, "none", ""),
    ({}, {"_token": "t"}, "bearer", "t"),
    ({}, {"_az_token": "Bearer eyJ"}, "bearer", "eyJ"),
    ({}, {"_token": "t", "_az_token": "z"}, "bearer", "t"),
    ({}, {"_api_key": "k"}, "api-key", "k"),
    ({}, {"_api_key": " k\n"}, "api-key", "k"),
    ({}, {"_token": None}, "none", ""),
    ({"client-id": "c", "tenant-id": "t", "oauth-scope": "s"}, {"_az_token": "z"}, "bearer", "z"),
    ({"auth": {"type": "none"}}, {"_token": "t"}, "none", ""),
    ({"auth": {"type": "basic", "username": "me"}}, {"_password": "p"}, "basic", "p"),
]


@pytest.mark.parametrize(("own", "secrets", "kind", "secret"), CREDENTIALS)
def test_finds_the_credential(own: dict[str, Any], secrets: dict[str, Any], kind: str, secret: str) -> None:
    auth = ApiSettings.from_config({"global": {"api-base-url": "https://a", **own}, **secrets}).auth
    assert (auth.type, auth.secret) == (kind, secret)


def test_a_token_is_the_fallback_of_oauth() -> None:
    auth = ApiSettings.from_config({**GUIDE, "_az_token": "Bearer z"}).auth
    assert (auth.type, auth.secret, auth.fallback_token) == ("oauth2", "s3cret", "z")


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ({}, "global.api-base-url"),
        ({"global": {}}, "global.api-base-url"),
        ({"global": {"api-base-url": ""}}, "global.api-base-url"),
        ({"global": {"api-base-url": "https://a", "client-id": "c"}}, "global.tenant-id"),
        ({"global": {"api-base-url": "https://a", "client-id": "c", "tenant-id": "t"}}, "global.oauth-scope"),
        ({**GUIDE, "_client_secret": ""}, "client-secret"),
        ({"global": {"api-base-url": "https://a", "auth": {"type": "bearer"}}}, "'az-token'"),
        ({"global": {"api-base-url": "https://a", "auth": {"type": "basic"}}}, "'password'"),
    ],
)
def test_g2_what_is_missing_is_named_with_a_way_out(config: dict[str, Any], text: str) -> None:
    with pytest.raises(HelpfulError, match=text) as caught:
        ApiSettings.from_config(config)
    assert isinstance(caught.value, KeyError)
    assert caught.value.how_to_fix
    assert caught.value.example


def test_an_unknown_api_is_named_with_the_nearest() -> None:
    with pytest.raises(MissingKeyError, match="did you mean 'help-desk'"):
        ApiSettings.from_config(APIS, api="helpdesk")


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"global": {"api-base-url": "ftp://a"}}, "full http"),
    ({"global": {"api-base-url": "https://a?x=1"}}, "without"),
    ({"global": {"api-base-url": "https://me:pw@a"}}, "user name"),
    ({"global": {"api-base-url": 7}}, "must be text"),
    ({"global": {"api-base-url": "https://a", "odata": "v5"}}, "v4, v3, v2"),
    ({"global": {"api-base-url": "https://a", "auth": {"type": "magic"}}}, "none, bearer"),
    ({"global": {"api-base-url": "https://a", "trusted-origins": "https://b"}}, "list"),
    ({"global": []}, "must be an object"),
    *(
        ({"global": {"api-base-url": "https://a"}, "script-behavior": {section: values}}, path)
        for section, values, path in [
            ("retry-strategy", {"max-retries": -1}, "script-behavior.retry-strategy.max-retries"),
            ("retry-strategy", {"max-retries": 1.5}, "whole number"),
            ("retry-strategy", {"max-retries": True}, "max-retries"),
            ("rate-limiting", {"calls-per-second": 0}, "calls-per-second"),
            ("rate-limiting", {"calls-per-second": float("nan")}, "calls-per-second"),
            ("rate-limiting", {"enabled": "yes"}, "true or false"),
            ("circuit-breaker", {"failure-threshold": 0}, "failure-threshold"),
            ("jitter", {"min-factor": 2, "max-factor": 1}, "max-factor"),
            ("api-timeouts", {"rest-timeout-seconds": "60"}, "rest-timeout-seconds"),
            ("api-timeouts", 60, "must be an object"),
        ]
    ),
]


@pytest.mark.parametrize(("config", "text"), WRONG)
def test_a_wrong_value_is_named_by_its_path(config: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigurationError, match=text) as caught:
        ApiSettings.from_config(config)
    assert "pw" not in str(caught.value)


def test_secrets_never_show_in_a_repr() -> None:
    assert "s3cret" not in repr(ApiSettings.from_config({**GUIDE, "_az_token": "zzz"}))
    assert "zzz" not in repr(ApiSettings.from_config({**GUIDE, "_az_token": "zzz"}))


def test_importing_settings_is_light_and_configures_no_logging() -> None:
    assert not logging.getLogger("txojobs.rest").handlers
