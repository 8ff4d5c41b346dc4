"""Keys that people look for in a configuration, and where the matter is told: asked for what is unknown alone."""

from __future__ import annotations

_TIMEOUT = "write it into 'script-behavior.api-timeouts': rest-timeout-seconds"
_RETRIES = "write it into 'script-behavior.retry-strategy': max-retries"
_PACE = "write it into 'script-behavior.rate-limiting': calls-per-second"
_PROXY = "proxies are taken from the environment: HTTPS_PROXY, HTTP_PROXY and NO_PROXY"

KEYS = {
    **dict.fromkeys(("timeout", "timeouts", "timeout-seconds", "read-timeout"), _TIMEOUT),
    **dict.fromkeys(("retries", "retry", "max-retry", "retry-count"), _RETRIES),
    **dict.fromkeys(("rate-limit", "requests-per-second", "calls-per-second", "throttle"), _PACE),
    **dict.fromkeys(("proxy", "http-proxy", "https-proxy", "proxies"), _PROXY),
    **dict.fromkeys(("page-size", "select", "filter", "headers"), "it is an option of fetch, in the job"),
    **dict.fromkeys(("company", "companies"), "companies is an option of fetch, in the job"),
    **dict.fromkeys(
        ("verify", "verify-ssl", "ssl-verify"), "they are always checked; ca-bundle names your own"
    ),
}
"""What other tools have there."""
