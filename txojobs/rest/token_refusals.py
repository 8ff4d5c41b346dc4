"""What an identity service means when it gives no token, and what a person does about it.

`REFUSALS` is the literal table: the code of Microsoft Entra, or the `error` of any other service -> Problem,
Solution, Example. The service's own words are always shown beside it, escaped; a code that is not in the table
is shown with them alone.

Source: RFC 6749 section 5.2, RFC 8707 section 2, OpenID Connect Core section 3.1.2.6; Microsoft's reference
of authentication and authorization error codes (AADSTS).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from txojobs.errors import ApiError, ApiRateLimitError, ApiTimeoutError, ForeignOriginError, HelpfulError
from txojobs.rest.origin import origin_of, shown
from txojobs.rest.service_text import clean_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from txojobs.rest.settings import AuthSettings

BEGINNING = "Failed to acquire authentication token"
BY_HAND = "; or add a ready token as `az-token` to the secrets file"


class Refusal(NamedTuple):
    """`{home}` stands for where the secret is renewed, `{key}` for what proves who asks."""

    problem: str
    solution: str
    example: str | None = None


_SCOPE = '"oauth-scope": "https://api.businesscentral.dynamics.com/.default"'
_TENANT = '"tenant-id": "11111111-2222-3333-4444-555555555555"'
_MAKE_NEW = (
    "make a new one in the application's registration, Certificates & secrets, and put its value into {home}"
)
_CERTIFICATE = (
    "upload the certificate that stands in the file of `certificate` to the application's registration, "
    "Certificates & secrets > Certificates"
)
_NO_TENANT = Refusal(
    "there is no such tenant", "check `tenant-id`: the directory id, or a domain of the organisation", _TENANT
)
_NO_APPLICATION = Refusal(
    "this tenant does not know the application",
    "check `client-id` and `tenant-id`: the application must be registered in this tenant, or consented to there",
    '"client-id": "11111111-2222-3333-4444-555555555555"',
)
_DISABLED = Refusal(
    "the application is disabled in this tenant",
    "ask an administrator to enable it: Enterprise applications > the application > Properties",
)
_BAD_SCOPE = Refusal(
    "the scope is not valid for an application that asks by itself",
    "`oauth-scope` is the address of one service with /.default at its end",
    _SCOPE,
)
_BLOCKED = Refusal(
    "a Conditional Access policy blocks this application",
    "ask your administrator for an exception, or run from a place that the policy allows",
)
_CONSENT = Refusal(
    "nobody has consented to what this application asks for",
    "let an administrator grant consent: App registrations > the application > API permissions",
)
_PASSING = Refusal("the identity service is busy or out of order", "run again in a few minutes")

REFUSALS: dict[str, Refusal] = {
    "AADSTS7000222": Refusal("the client secret has expired", _MAKE_NEW, '"client-secret": "..."'),
    "AADSTS7000215": Refusal(
        "the client secret is wrong",
        "copy its value (not its id) again, or make a new one, and put it into {home}",
        '"client-secret": "..."',
    ),
    "AADSTS70002": Refusal(
        "the client secret is wrong", "copy its value (not its id) again, and put it into {home}"
    ),
    "AADSTS7000218": Refusal(
        "the request came without a client secret or certificate", "put the client secret into {home}"
    ),
    "AADSTS7000216": Refusal(
        "the request came without a client secret or certificate", "put the client secret into {home}"
    ),
    "AADSTS700025": Refusal(
        "the application is registered as a public client, which has no secret",
        "switch off Allow public client flows: App registrations > the application > Authentication",
    ),
    "AADSTS700027": Refusal(
        "the tenant does not know the certificate of this application, or it has expired",
        _CERTIFICATE,
        '"certificate": "config/acme-prod.pem"',
    ),
    "AADSTS1000502": Refusal("the certificate has expired, or is not valid yet", _CERTIFICATE),
    "AADSTS700030": Refusal("the subject of the certificate is not one that the tenant allows", _CERTIFICATE),
    "AADSTS7000214": Refusal("the certificate was revoked", _CERTIFICATE),
    "AADSTS700024": Refusal(
        "the assertion is out of its time: the clock of this machine is wrong",
        "set the clock, or let it follow a time server",
    ),
    "AADSTS700016": _NO_APPLICATION,
    "AADSTS700011": _NO_APPLICATION,
    "AADSTS7000112": _DISABLED,
    "AADSTS70001": _DISABLED,
    "AADSTS90002": _NO_TENANT,
    "AADSTS900023": _NO_TENANT,
    "AADSTS90019": _NO_TENANT,
    "AADSTS9001023": Refusal(
        "`common` and `consumers` are no tenants for an application that asks by itself",
        "name the tenant in `tenant-id`",
        _TENANT,
    ),
    "AADSTS90038": Refusal(
        "the tenant belongs to a national cloud",
        "name that cloud's login service as `authority`",
        '"authority": "https://login.microsoftonline.us/<tenant>"',
    ),
    "AADSTS500011": Refusal(
        "this tenant does not know the service that the token is for", "check `oauth-scope`", _SCOPE
    ),
    "AADSTS500014": Refusal(
        "the service that the token is for is disabled in this tenant", "ask an administrator to enable it"
    ),
    "AADSTS50001": Refusal(
        "the service that the token is for is disabled or does not exist", "check `oauth-scope`", _SCOPE
    ),
    "AADSTS70011": _BAD_SCOPE,
    "AADSTS1002012": _BAD_SCOPE,
    "AADSTS700022": _BAD_SCOPE,
    "AADSTS700023": _BAD_SCOPE,
    "AADSTS28002": _BAD_SCOPE,
    "AADSTS501051": Refusal(
        "the application has no role in the service that the token is for",
        "let an administrator assign one: Enterprise applications > the service > Users and groups",
    ),
    "AADSTS65001": _CONSENT,
    "AADSTS650056": _CONSENT,
    "AADSTS650057": _CONSENT,
    "AADSTS650052": Refusal(
        "your organisation lacks a licence or subscription for the service",
        "ask your administrator to subscribe to it or to enable it",
    ),
    "AADSTS53003": _BLOCKED,
    "AADSTS530032": _BLOCKED,
    "AADSTS53000": _BLOCKED,
    "AADSTS50196": Refusal(
        "the identity service saw the same request too often",
        "let runs share a token, and wait a few minutes",
        '"token-cache": "file"',
    ),
    "AADSTS90055": _PASSING,
    "AADSTS90033": _PASSING,
    "invalid_client": Refusal(
        "the identity service does not know the application, or refuses its {key}",
        "check `client-id`, and put the right {key} into {home}",
    ),
    "unauthorized_client": Refusal(
        "the application may not ask for tokens by itself, or its {key} is wrong",
        "allow it client credentials (a service account, machine to machine) at the identity service, and "
        "check `client-id` and {home}",
    ),
    "invalid_scope": Refusal(
        "the scope is unknown, or not one of this application", "check `oauth-scope`", '"oauth-scope": "..."'
    ),
    "invalid_target": Refusal(
        "the service that the token is for is unknown to the identity service",
        "check `oauth-scope`, and `audience` or `resource` in `token-parameters`",
        '"token-parameters": {"audience": "https://api.example.com"}',
    ),
    "invalid_resource": Refusal(
        "the service that the token is for is unknown to the identity service", "check `oauth-scope`", _SCOPE
    ),
    "access_denied": Refusal(
        "the application may not have a token for this service",
        "authorise it for the service at the identity service, and check `audience` in `token-parameters`",
        '"token-parameters": {"audience": "https://api.example.com"}',
    ),
    "unsupported_grant_type": Refusal(
        "the identity service gives no tokens to applications that ask by themselves",
        "enable the grant client_credentials there, or check the address that is asked",
    ),
    "invalid_request": Refusal(
        "the identity service misses something in the request, or does not expect something",
        "compare `oauth-scope` and `token-parameters` with what the identity service's documentation asks for",
    ),
    "invalid_grant": Refusal(
        "the identity service refuses what the application proved itself with",
        "check `client-id` and {home}",
    ),
    "temporarily_unavailable": _PASSING,
    "server_error": _PASSING,
}

_UNKNOWN = Refusal(
    "", "check `client-id`, the {key} and `oauth-scope` in the configuration with whoever runs the service"
)


_IN_THE_FORM = Refusal(
    "",
    ". When both are right: some services want the secret in the form of the request",
    '"client-authentication": "post"',
)
"""What else an invalid_client may mean, where the secret travels in a header (RFC 6749 section 2.3.1)."""


def refusal(answer: Mapping[str, Any], auth: AuthSettings) -> HelpfulError:
    """Return the error for an answer without a token; the caller cleans it of secrets."""
    error = _text(answer.get("error"))
    said = _text(answer.get("error_description")) or error or "it gave no reason"
    code = re.search(r"\bAADSTS\d{4,9}\b", said)
    known = REFUSALS.get(code[0] if code else "") or REFUSALS.get(error) or _UNKNOWN
    solution, example = known.solution, known.example
    if known is REFUSALS["invalid_client"] and _travels_in_header(auth):
        solution, example = solution + _IN_THE_FORM.solution, _IN_THE_FORM.example
    if error and error not in said:
        said = f"{error}: {said}"
    who = origin_of(auth.tokens_from).host
    problem = _filled(known.problem, auth)
    return HelpfulError(
        f"{BEGINNING}: {f'{problem}. ' if problem else ''}{who} says: {said}",
        _filled(solution, auth) + ("" if auth.fallback_token else BY_HAND),
        example,
    )


def _travels_in_header(auth: AuthSettings) -> bool:
    return not (auth.authority or auth.certificate) and auth.client_authentication == "basic"


def no_answer(err: ApiError, auth: AuthSettings) -> HelpfulError:
    """Return the error for an identity service that could not be asked, or did not answer as one."""
    fix = err.how_to_fix or ""
    if isinstance(err, ForeignOriginError):
        fix = (
            "if that address is right, write it as `token-url` in place of `oidc-issuer` or `authority`: only "
            "an address of the configuration is sent the secret"
        )
    elif isinstance(err, ApiTimeoutError):
        fix = (
            "check the network and any proxy on the way to the identity service, then run again; "
            "`rest-timeout-seconds` allows it more time"
        )
    elif isinstance(err, ApiRateLimitError):
        fix = "wait, then let runs share a token with `token-cache: file`"
    elif err.status is not None and err.status >= 500:  # noqa: PLR2004  # RFC 9110: 5xx
        fix = "the fault is the identity service's: run again in a few minutes, or ask whoever runs it"
    elif err.status is not None:
        fix = f"check that {shown(auth.tokens_from)} is the address of the identity service"
    return HelpfulError(f"{BEGINNING}: {err.what_went_wrong}", fix + BY_HAND, err.example)


def _filled(text: str, auth: AuthSettings) -> str:
    if auth.certificate:
        return text.replace("{home}", "the file of `certificate`").replace("{key}", "private key")
    return text.replace("{home}", auth.secret_home).replace("{key}", "client secret")


def _text(value: object) -> str:
    return clean_text(str(value)) if isinstance(value, str) else ""
