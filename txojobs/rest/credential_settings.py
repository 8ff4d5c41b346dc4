"""Read from the configuration which credential an api takes, and find its secret.

`auth: {type: ...}` decides; without it the guide's OAuth fields do, then the secrets that there are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from txojobs.rest.credential_secrets import (
    SECRET_OF,
    missing_secret,
    missing_setting,
    secret_home,
    secret_name,
    secrets_of,
)
from txojobs.rest.oauth_settings import OAUTH_KEYS, read_oauth
from txojobs.rest.settings import AUTH_TYPES, AuthSettings, AuthType

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from txojobs.rest.section import Section


def inferred_auth(*, has_oauth_keys: bool, secrets: Collection[str]) -> AuthType:
    """Return the kind of credential of an api that has no `auth`; `secrets` names those that it has."""
    token = "az-token" in secrets
    if has_oauth_keys and ("client-secret" in secrets or not (token or "api-key" in secrets)):
        return "oauth2"
    return "bearer" if token else "api-key" if "api-key" in secrets else "none"


def read_auth(home: Section, config: Mapping[str, Any], *, api: str) -> AuthSettings:
    """Return the credential of an api.

    Raises:
        MissingKeyError: its secret, or what OAuth needs, is not configured.
        ConfigurationError: a value does not fit.
    """
    section = home.section("auth")
    secrets = secrets_of(config, api)
    kind = _kind(home, section, {name for name, value in secrets.items() if value})
    if kind == "none":
        return AuthSettings()
    where = secret_home(config, secret_name(api, SECRET_OF[kind]))
    if kind == "oauth2":
        return read_oauth(home, section, secrets, config=config, api=api, secret_home=where)
    value = secrets[SECRET_OF[kind]]
    if not value:
        raise missing_secret(config, secret_name(api, SECRET_OF[kind]), kind)
    username = section.text("username")
    if kind == "basic" and not username:
        example = '"auth": {"type": "basic", "username": "..."}'
        raise missing_setting(f"{section.path}.username", "basic", example)
    return AuthSettings(
        type=kind,
        secret=value,
        secret_home=where,
        username=username,
        key_name=section.text("name", AuthSettings().key_name),
        key_in="query" if section.one_of("in", "header", ("header", "query")) == "query" else "header",
    )


def _kind(home: Section, section: Section, secrets: Collection[str]) -> AuthType:
    if not section.is_given:
        return inferred_auth(has_oauth_keys=any(home.text(key) for key in OAUTH_KEYS), secrets=secrets)
    written = section.text("type")
    for kind in AUTH_TYPES:
        if written == kind:
            return kind
    raise section.wrong("type", f"one of {', '.join(AUTH_TYPES)}")
