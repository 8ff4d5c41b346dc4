"""What the configuration says about one api, typed and frozen.

`ApiSettings.from_config` is the only place where the configuration mapping is read; everything behind it
works with these records. Secrets never show in a repr.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

AuthType = Literal["none", "bearer", "api-key", "basic", "oauth2"]
AUTH_TYPES: tuple[AuthType, ...] = ("none", "bearer", "api-key", "basic", "oauth2")
ODATA_VERSIONS = ("v4", "v3", "v2")
PROFILES = ("business-central", "dataverse", "sap")
"""Names that are reserved; none has an effect yet."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeoutSettings:
    """Seconds: one whole request, making its connection, a long operation, the pause between two polls."""

    request_s: float = 60.0
    connect_s: float = 15.0
    async_max_wait_s: float = 300.0
    async_poll_interval_s: float = 5.0


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
    """Which credential an api takes. `secret` is the token, key, password or client secret."""

    type: AuthType = "none"
    secret: str = field(default="", repr=False)
    fallback_token: str = field(default="", repr=False)
    """A ready token that is used when OAuth gives none."""
    username: str = ""
    key_name: str = "X-API-Key"
    key_in: Literal["header", "query"] = "header"
    authority: str = ""
    client_id: str = ""
    scope: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings:
    """One api: where it is, how it wants to be asked, and with which credential."""

    name: str = "default"
    base_url: str
    odata: str = "v4"
    """One of ODATA_VERSIONS."""
    profile: str | None = None
    auth: AuthSettings = AuthSettings()
    trusted_origins: tuple[str, ...] = ()
    ca_bundle: str | None = None
    retry: RetrySettings = RetrySettings()
    breaker: BreakerSettings = BreakerSettings()
    limiter: LimiterSettings = LimiterSettings()
    timeouts: TimeoutSettings = TimeoutSettings()
    operations: OperationSettings = OperationSettings()
    max_body_bytes: int = MAX_BODY_BYTES

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
