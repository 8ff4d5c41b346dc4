"""What the configuration says about one api, typed and frozen.

`ApiSettings.from_config` is the only place where the configuration mapping is read; everything behind it
works with these records. Secrets never show in a repr.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

AuthType = Literal["none", "bearer", "api-key", "basic", "oauth2"]
ClientAuthentication = Literal["basic", "post"]
CLIENT_AUTHENTICATIONS = ("basic", "post")
KeptIn = Literal["memory", "file"]
TOKEN_CACHES = ("memory", "file")
AUTH_TYPES: tuple[AuthType, ...] = ("none", "bearer", "api-key", "basic", "oauth2")
ODATA_VERSIONS = ("v4", "v3", "v2")
MAX_BODY_BYTES = 100 * 1024 * 1024
MICROSOFT_AUTHORITY = "https://login.microsoftonline.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrySettings:
    """Attempts after the first one, and the waits before them: 1 s, factor, factor squared, ..."""

    max_retries: int = 3
    backoff_factor: float = 2.0
    jitter_min: float = 0.8
    jitter_max: float = 1.2
    max_retry_after_s: float = 600.0
    """A service that asks for a longer wait is given up at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerSettings:
    """How many calls must fail one after the other, and how long nothing is sent then."""

    enabled: bool = True
    failure_threshold: int = 5
    timeout_s: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LimiterSettings:
    """The pace of requests; None is as fast as the service answers."""

    calls_per_second: float | None = None
    burst_size: int = 1
    shared: bool = False
    """Whether all processes of this machine that use the same state folder keep the pace together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeoutSettings:
    """Seconds: one whole request, making its connection, a long operation, the pause between two polls."""

    request_s: float = 60.0
    connect_s: float = 15.0
    async_max_wait_s: float = 300.0
    async_poll_interval_s: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingSettings:
    """How records of entity sets are read where a query says nothing.

    `page_size` is asked for, `headers` go with each page's request. A text of `null_dates` stands for no date.
    A count that reaches `counts_up_to` says only that there are so many or more. No read asks for more than
    `max_parallel` pages at once.
    """

    page_size: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    null_dates: tuple[str, ...] = ()
    counts_up_to: int | None = None
    max_parallel: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationSettings:
    """How a long operation tells its state in a body: in which field (a path with dots), and in which words.

    Without words for success every word that is not listed is one.
    """

    status_field: str = "status"
    succeeded: tuple[str, ...] = ()
    failed: tuple[str, ...] = ("failed", "failure", "error", "canceled", "cancelled", "aborted")
    running: tuple[str, ...] = ("running", "in progress", "not started", "pending", "queued", "accepted")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthSettings:
    """Which credential an api takes. `secret` is the token, key, password or client secret.

    The tokens of OAuth come from exactly one of `authority`, `issuer` and `token_url`.
    """

    type: AuthType = "none"
    secret: str = field(default="", repr=False)
    secret_home: str = "the secrets file"  # noqa: S105  # words for a message
    """Where the secret is renewed: file and variable."""
    fallback_token: str = field(default="", repr=False)
    """A ready token that is used when OAuth gives none."""
    username: str = ""
    key_name: str = "X-API-Key"
    key_in: Literal["header", "query"] = "header"
    authority: str = ""
    issuer: str = ""
    token_url: str = ""
    client_id: str = ""
    scope: str = ""
    client_authentication: ClientAuthentication = "basic"
    parameters: tuple[tuple[str, str], ...] = ()
    """What a token request says beside the scope, such as an `audience`."""
    certificate: str = ""
    """The file with the private key that takes the place of the client secret."""
    passphrase: str = field(default="", repr=False)
    kept_in: KeptIn = "memory"
    """Where a token lives: with this run, or on disk for others too."""

    @property
    def tokens_from(self) -> str:
        """The address that OAuth asks for tokens."""
        return self.token_url or self.issuer or self.authority


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings:
    """One api: where it is, how it wants to be asked, and with which credential."""

    name: str = "default"
    base_url: str
    odata: str = "v4"
    """One of ODATA_VERSIONS."""
    base_url_key: str = "base-url"
    """The key of the configuration that holds the address, for messages."""
    profile: str = "generic"
    """The name of what is known of the product, one of config/profiles.py."""
    auth: AuthSettings = AuthSettings()
    trusted_origins: tuple[str, ...] = ()
    ca_bundle: str | None = None
    retry: RetrySettings = RetrySettings()
    breaker: BreakerSettings = BreakerSettings()
    limiter: LimiterSettings = LimiterSettings()
    timeouts: TimeoutSettings = TimeoutSettings()
    operations: OperationSettings = OperationSettings()
    reading: ReadingSettings = ReadingSettings()
    max_body_bytes: int = MAX_BODY_BYTES
    state_dir: Path | None = None
    """Where tokens are kept with `token-cache: file`, and the turns of a shared rate limit.

    None is the state folder of the current workspace.
    """

    @classmethod
    def from_config(
        cls, config: Mapping[str, Any], *, api: str = "default", with_auth: bool = True
    ) -> ApiSettings:
        """Return the settings of one api of the configuration mapping.

        Without `with_auth` no credential is read, and none may be missing.

        Raises:
            MissingKeyError: the api or its address is not configured.
            ConfigurationError: a value does not fit.
        """
        from txojobs.rest.configuration import read_settings  # noqa: PLC0415  # it imports these records

        return read_settings(config, api=api, with_auth=with_auth)
