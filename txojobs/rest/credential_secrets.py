"""The secrets of an api: their names, where they are found, where they are renewed.

A secret is looked up by its one name: `_api_key` for the default api, `_helpdesk_api_key` for the api
`helpdesk`. Only the default api has a `_token`, which a program injects. So no name belongs to two apis, and
none is sent the secret of another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from txojobs.config.names import SECRET_NAMES, injected_name, kebab, nearly, variable_name
from txojobs.errors import ConfigurationError, MissingKeyError
from txojobs.redact import escape_foreign
from txojobs.rest.settings import AuthSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

SECRET_OF: dict[str, str] = {
    "bearer": "az-token",
    "api-key": "api-key",
    "basic": "password",
    "oauth2": "client-secret",
}
"""The secret that each kind of credential needs; `none` needs none, and `oauth2` none with a certificate."""


def secret_name(api: str, name: str) -> str:
    """Return what a secret of an api is called in the secrets file."""
    return name if api == "default" else f"{api}-{name}"


def secrets_of(config: Mapping[str, Any], api: str) -> dict[str, str]:
    """Return each secret of an api by its short name, an empty text where there is none.

    Raises:
        ConfigurationError: one is no text.
    """
    secrets = {name: _secret(config, secret_name(api, name)) for name in SECRET_NAMES}
    if api == "default":
        secrets["az-token"] = _secret(config, "token") or secrets["az-token"]
    secrets["az-token"] = secrets["az-token"].removeprefix("Bearer ").strip()
    return secrets


def secret_home(config: Mapping[str, Any], name: str) -> str:
    """Return in words where a secret is renewed: its variable when that is set, else the file or the variable."""
    place = [config[key] for key in ("_org_id", "_env_type") if key in config]
    if len(place) < 2:  # noqa: PLR2004  # a mapping of a program, which says neither
        return AuthSettings().secret_home
    org, env = map(str, place)
    variable = variable_name(org, env, name)
    origins = getattr(config, "origins", None)
    if injected_name(name) in dict(getattr(origins, "variables", ())):
        return f"the variable {variable}, which is set and wins over the secrets file"
    return f"`{name}` in config/{org}-{env}-config-secrets.json, or the variable {variable}"


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


def missing_setting(path: str, kind: str, example: str) -> MissingKeyError:
    """Return the error for a key that a kind of credential needs."""
    section, _, key = path.rpartition(".")
    return MissingKeyError(
        f"{path} is missing in the configuration, and a credential of type {kind} needs it",
        f'add "{key}" to the "{section}" section',
        example,
    )


def missing_secret(config: Mapping[str, Any], name: str, kind: str) -> MissingKeyError:
    """Return the error for a secret that a kind of credential needs: where it belongs, and the one that was meant."""
    apis = config["apis"] if "apis" in config else {}  # noqa: SIM401  # a mapping that fails hard
    known = {injected_name(secret_name(api, other)) for api in ("default", *apis) for other in SECRET_NAMES}
    strangers = [kebab(key) for key in config if key.startswith("_") and key not in known]
    meant = nearly(name, strangers, cutoff=0.75)
    return MissingKeyError(
        f"there is no secret {name!r} for the credential of type {kind}"
        + (f", but one called {escape_foreign(meant)!r}" if meant else ""),
        (f"rename {escape_foreign(meant)!r} to {name!r}, or " if meant else "")
        + f"set {secret_home(config, name)}",
        f'{{"{name}": "<the secret itself>"}}',
    )
