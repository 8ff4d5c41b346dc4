"""Read what OAuth needs: who gives the tokens, who asks, for what, and with which proof.

Tokens come from one place: `token-url`, `oidc-issuer` or `authority` of `auth`, else the tenant of Microsoft
Entra. A `certificate` takes the place of the client secret.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from txojobs.errors import ConfigurationError
from txojobs.redact import escape_foreign
from txojobs.rest.credential_secrets import missing_secret, missing_setting, secret_name
from txojobs.rest.settings import CLIENT_AUTHENTICATIONS, MICROSOFT_AUTHORITY, TOKEN_CACHES, AuthSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from txojobs.rest.section import Section

OAUTH_KEYS = ("tenant-id", "client-id", "oauth-scope")
"""Keys that stand in `auth`, or in the guide's way beside it."""
SOURCES = ("token-url", "oidc-issuer", "authority")
"""Keys of `auth` that say where tokens come from; at most one of them stands there."""
OWN_PARAMETERS = frozenset(
    {"grant_type", "client_id", "client_secret", "scope", "client_assertion", "client_assertion_type"}
)
"""What a token request says of itself; the configuration has keys for it."""

_EXAMPLE = '"tenant-id": "...", "client-id": "...", "oauth-scope": "https://api.example.com/.default"'


def read_oauth(
    home: Section,
    section: Section,
    secrets: Mapping[str, str],
    *,
    config: Mapping[str, Any],
    api: str,
    secret_home: str,
) -> AuthSettings:
    """Return the settings of OAuth client credentials.

    Raises:
        MissingKeyError: something that OAuth needs is not configured.
        ConfigurationError: a value does not fit.
    """
    tenant, client_id, scope = (section.text(key) or home.text(key) for key in OAUTH_KEYS)
    token_url, issuer, authority = _sources(section, tenant)
    needed = {"tenant-id": token_url or issuer or authority, "client-id": client_id}
    _demand(home, {**needed, "oauth-scope": scope} if authority else needed)
    certificate = section.text("certificate")
    if not (certificate or secrets["client-secret"] or secrets["az-token"]):
        raise missing_secret(config, secret_name(api, "client-secret"), "oauth2")
    post = section.one_of("client-authentication", "basic", CLIENT_AUTHENTICATIONS) == "post"
    return AuthSettings(
        type="oauth2",
        secret="" if certificate else secrets["client-secret"],
        secret_home=secret_home,
        fallback_token=secrets["az-token"],
        authority=authority,
        issuer=issuer,
        token_url=token_url,
        client_id=client_id,
        scope=scope,
        client_authentication="post" if post else "basic",
        parameters=_parameters(section),
        certificate=certificate,
        passphrase=secrets["certificate-passphrase"] if certificate else "",
        kept_in="file" if section.one_of("token-cache", "memory", TOKEN_CACHES) == "file" else "memory",
    )


def _demand(home: Section, needed: Mapping[str, str]) -> None:
    for key, value in needed.items():
        if not value:
            raise missing_setting(f"{home.path}.{key}", "oauth2", _EXAMPLE)


def _sources(section: Section, tenant: str) -> tuple[str, str, str]:
    """Return token URL, issuer and authority; one of them, or none when nothing is configured."""
    found = {key: section.text(key) for key in SOURCES}
    given = [key for key, value in found.items() if value]
    if len(given) > 1:
        raise ConfigurationError(
            f"{section.path} has {given[0]} and {given[1]}: tokens come from one place",
            how_to_fix="keep one of them",
        )
    for key in given:
        if not re.match(r"https://[^\s/?#\\@]+(/|$)", found[key]) or "#" in found[key]:
            raise section.wrong(key, "an https address without user")
    if not given and tenant:
        found["authority"] = f"{MICROSOFT_AUTHORITY}/{tenant}"
    return found["token-url"], found["oidc-issuer"], found["authority"]


def _parameters(section: Section) -> tuple[tuple[str, str], ...]:
    given = section.named_texts("token-parameters")
    for key, _ in given:
        if key in OWN_PARAMETERS:
            raise ConfigurationError(
                f"{section.path}.token-parameters.{escape_foreign(key)} is said by txojobs itself",
                how_to_fix="take it out; `client-id`, `oauth-scope` and the secret have keys of their own",
            )
    return given
