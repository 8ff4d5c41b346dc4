"""Read from the configuration which credential an api takes, and find its secret.

`auth: {type: ...}` decides; without it the guide's OAuth fields do, then the secrets that there are. A secret
is looked up by its one name: `_api_key` for the default api, `_helpdesk_api_key` for the api `helpdesk`. Only
the default api has a `_token`, which a program injects. So no name belongs to two apis, and none is sent the
secret of another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from txojobs.config.names import injected_name
from txojobs.errors import ConfigurationError, MissingKeyError
from txojobs.rest.settings import AUTH_TYPES, MICROSOFT_AUTHORITY, AuthSettings, AuthType

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from txojobs.rest.section import Section

OAUTH_KEYS = ("tenant-id", "client-id", "oauth-scope")
SECRET_OF: dict[str, str] = {
    "bearer": "az-token",
    "api-key": "api-key",
    "basic": "password",
    "oauth2": "client-secret",
}
"""The secret that each kind of credential needs; `none` needs none."""


def secret_name(api: str, name: str) -> str:
    """Return what a secret of an api is called in the secrets file."""
    return name if api == "default" else f"{api}-{name}"


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
    secrets = {name: _secret(config, secret_name(api, name)) for name in SECRET_OF.values()}
    if api == "default":
        secrets["az-token"] = _secret(config, "token") or secrets["az-token"]
    secrets["az-token"] = secrets["az-token"].removeprefix("Bearer ").strip()
    kind = _kind(home, section, {name for name, value in secrets.items() if value})
    if kind == "oauth2":
        return _oauth(home, section, secrets, api=api)
    value = secrets[SECRET_OF[kind]] if kind in SECRET_OF else ""
    if kind != "none" and not value:
        raise _no_secret(secret_name(api, SECRET_OF[kind]), kind)
    username = section.text("username")
    if kind == "basic" and not username:
        raise _missing(f"{section.path}.username", "basic", '"auth": {"type": "basic", "username": "..."}')
    return AuthSettings(
        type=kind,
        secret=value,
        username=username,
        key_name=section.text("name", AuthSettings().key_name),
        key_in="query" if section.one_of("in", "header", ("header", "query")) == "query" else "header",
    )


def _secret(config: Mapping[str, Any], name: str) -> str:
    """Return a secret, an empty text when there is none.

    It is asked for by its name: a loaded configuration hides secrets from whoever takes all values.
    """
    key = injected_name(name)
    value = config[key] if key in config else None  # noqa: SIM401  # a mapping that fails hard may have no soft get
    if value is not None and not isinstance(value, str):
        raise ConfigurationError(
            f"the secret {name!r} must be text",
            how_to_fix="correct it where it is injected, or write it in quotes",
        )
    return (value or "").strip()


def _kind(home: Section, section: Section, secrets: Collection[str]) -> AuthType:
    if not section.is_given:
        return inferred_auth(has_oauth_keys=any(home.text(key) for key in OAUTH_KEYS), secrets=secrets)
    written = section.text("type")
    for kind in AUTH_TYPES:
        if written == kind:
            return kind
    raise section.wrong("type", f"one of {', '.join(AUTH_TYPES)}")


def _oauth(home: Section, section: Section, secrets: Mapping[str, str], *, api: str) -> AuthSettings:
    tenant, client_id, scope = (section.text(key) or home.text(key) for key in OAUTH_KEYS)
    authority = section.text("authority") or (f"{MICROSOFT_AUTHORITY}/{tenant}" if tenant else "")
    for key, value in zip(OAUTH_KEYS, (authority, client_id, scope), strict=True):
        if not value:
            example = (
                '"tenant-id": "...", "client-id": "...", "oauth-scope": "https://api.example.com/.default"'
            )
            raise _missing(f"{home.path}.{key}", "oauth2", example)
    if not secrets["client-secret"] and not secrets["az-token"]:
        raise _no_secret(secret_name(api, "client-secret"), "oauth2")
    return AuthSettings(
        type="oauth2",
        secret=secrets["client-secret"],
        fallback_token=secrets["az-token"],
        authority=authority,
        client_id=client_id,
        scope=scope,
    )


def _missing(path: str, kind: str, example: str) -> MissingKeyError:
    section, _, key = path.rpartition(".")
    return MissingKeyError(
        f"{path} is missing in the configuration, and a credential of type {kind} needs it",
        f'add "{key}" to the "{section}" section',
        example,
    )


def _no_secret(name: str, kind: str) -> MissingKeyError:
    return MissingKeyError(
        f"there is no secret {name!r} for the credential of type {kind}",
        f'add "{name}" to the secrets file of this organisation and environment, or set its variable',
        f'"{name}": "..."',
    )
