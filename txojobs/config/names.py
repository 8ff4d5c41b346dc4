"""The names that secrets go by: in files, in variables, in the loaded configuration.

`client-secret` in the secrets file of acme-prod is `TXO_ACME_PROD_CLIENT_SECRET` in the environment and
`_client_secret` in the configuration.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from txojobs.redact import HIDDEN

if TYPE_CHECKING:
    from collections.abc import Iterable

KEBAB = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
SECRET_NAMES = ("client-secret", "az-token", "api-key", "password", "certificate-passphrase")
"""The secrets that a service may have; of a service in `apis` they begin with its name and `-`.

None is another one with words in front, so no name belongs to two services.
"""

RESERVED = {"org-id": "_org_id", "env-type": "_env_type", "token": "_token"}
"""What txojobs itself injects under these names."""

_SECRET = re.compile(
    r"(?:^|-)(?:secret|password|passwd|passphrase|pwd|token|apikey|credentials?|connection-string"
    r"|(?:api|access|private|account|subscription|shared|signing|encryption|storage)-key)(?:-value)?$"
)


def kebab(name: str) -> str:
    """Return the kebab-case spelling of a name: `apiBaseUrl`, `api_base_url` and `API Base URL` alike."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", name)
    return re.sub(r"[^a-z0-9]+", "-", parted.lower()).strip("-")


def looks_like_secret(key: str) -> bool:
    """Whether a text under this key is a secret: its last word says so, however it is spelled."""
    return bool(_SECRET.search(kebab(key)))


_WORD = re.compile(r"[A-Za-z]{1,24}[0-9]{0,4}|[0-9]{1,4}")
_MIXED = re.compile(r"[A-Za-z0-9]{1,8}")
_LONGEST_NAME = 80


def shown_name(key: str) -> str:
    """Return a key as a message may show it: `***` unless it is made of words, for it may be a secret itself.

    A secret is written in the place of a name where somebody swaps the two, or forgets a quote or a colon. One
    word may mix letters and digits, as d365bc does; more of them are a licence or a hash.
    """
    words = [word for word in re.split(r"[-_. $]", key) if word]
    mixed = [word for word in words if not _WORD.fullmatch(word)]
    is_name = len(key) <= _LONGEST_NAME and len(mixed) <= 1 and all(map(_MIXED.fullmatch, mixed))
    return key if is_name else HIDDEN


def injected_name(secret: str) -> str:
    """Return the key of a secret in the configuration: `client-secret` -> `_client_secret`."""
    return "_" + secret.replace("-", "_")


def variable_prefix(org: str, env: str) -> str:
    """Return what the variables of an organisation and environment begin with."""
    return f"TXO_{_upper(org)}_{_upper(env)}_"


def variable_name(org: str, env: str, secret: str) -> str:
    """Return the environment variable of a secret."""
    return variable_prefix(org, env) + _upper(secret)


def _upper(name: str) -> str:
    return re.sub(r"[^A-Z0-9]", "_", name.upper())


def nearly(name: str, known: Iterable[str], *, cutoff: float = 0.8) -> str | None:
    """Return the known name that `name` was probably meant to be; None for a known one."""
    names = list(known)
    if name in names:
        return None
    spelled = kebab(name)
    if spelled in names:
        return spelled
    import difflib  # noqa: PLC0415 - only for what is unknown

    close = difflib.get_close_matches(spelled, names, n=1, cutoff=cutoff)
    return close[0] if close else None
