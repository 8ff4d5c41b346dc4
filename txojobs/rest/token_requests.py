"""Ask for a token with OAuth 2.0 client credentials: through msal, or at a token URL.

`EntraSource` is Microsoft's way, for a tenant or any other `authority`; msal builds the request. `GrantSource`
is that of any other service: its token URL is configured, or found by the discovery of its OpenID issuer, which
must then be of the issuer's own origin. (msal knows no issuer without a path, no client_secret_basic, and takes
an issuer at Microsoft's hosts for any other.) Neither remembers a token: that is the credential's part.

What is known of msal and kept away here: its memory of tokens and refusals, instance discovery at a fixed
host, a region from the environment, scopes as a list.

Source: RFC 6749 sections 2.3.1 and 4.4, RFC 7523 section 2.2, OpenID Connect Discovery sections 4.1 and 4.3.
"""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote_plus

from txojobs.errors import ConfigurationError, HelpfulError
from txojobs.rest.authority import AuthorityClient
from txojobs.rest.client_key import ASSERTION_TYPE, read_client_key
from txojobs.rest.origin import shown
from txojobs.rest.service_text import clean_text
from txojobs.rest.token_refusals import BEGINNING, refusal
from txojobs.rest.tokens import token_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from txojobs.redact import Redactor
    from txojobs.rest.authority import AuthorityAnswer
    from txojobs.rest.client_key import ClientKey
    from txojobs.rest.gate import TrafficSnapshot
    from txojobs.rest.settings import ApiSettings, AuthSettings
    from txojobs.rest.timing import Limits, Timing
    from txojobs.rest.tokens import Token

_GRANT = "client_credentials"
_DISCOVERY = "/.well-known/openid-configuration"
_SUCCESS = range(200, 300)


class TokenSource(Protocol):
    """Gives new tokens; one thread at a time."""

    def ask(self, limits: Limits) -> Token:
        """Return a token that was made now.

        Raises:
            HelpfulError: the identity service refused, or the key of the application cannot be used.
            ApiError: the identity service could not be asked.
        """
        ...

    @property
    def traffic(self) -> tuple[TrafficSnapshot, ...]:
        """What was asked so far."""
        ...

    def close(self) -> None:
        """Close the connections."""
        ...


def token_source(settings: ApiSettings, timing: Timing, redactor: Redactor) -> TokenSource:
    """Return the source that the settings describe; asks nobody yet."""
    if settings.auth.authority:
        return EntraSource(settings, timing, redactor)
    return GrantSource(settings, timing, redactor)


class _Source:
    def __init__(self, settings: ApiSettings, timing: Timing, redactor: Redactor) -> None:
        self._auth: AuthSettings = settings.auth
        self._timing = timing
        self._redactor = redactor
        self._http = AuthorityClient(settings, timing, redactor)
        self._key: ClientKey | None = None

    @property
    def traffic(self) -> tuple[TrafficSnapshot, ...]:
        """What was asked so far."""
        return self._http.traffic

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _client_key(self) -> ClientKey | None:
        if self._key is None and self._auth.certificate:
            self._key = read_client_key(self._auth.certificate, self._auth.passphrase, self._redactor)
        return self._key

    def _token_in(self, answer: Mapping[str, Any], asked_at: float) -> Token:
        token = token_in(answer, asked_at=asked_at, redactor=self._redactor)
        if token is None:
            raise self._refused(answer)
        return token

    def _refused(self, answer: Mapping[str, Any]) -> HelpfulError:
        error = refusal(answer, self._auth)
        error.redact(self._redactor.clean)
        return error


class _MsalHttp:
    """The `http_client` of msal: keeps aside what the authority told, and hands msal what cannot trip it.

    msal fails on an odd `expires_in` or `id_token`, and says of a refused document only that it was refused.
    """

    def __init__(self, http: AuthorityClient, refused: Callable[[Mapping[str, Any]], HelpfulError]) -> None:
        self._http = http
        self._refused = refused
        self.close = http.close
        self.told: dict[str, Any] = {}

    def get(self, url: str, **options: Any) -> AuthorityAnswer:
        """Return a document of the authority."""
        answer = self._http.get(url, **options)
        if answer.status_code not in _SUCCESS:
            raise self._refused(answer.content)
        return replace(answer, status_code=200)  # of another success msal says that it failed

    def post(self, url: str, **options: Any) -> AuthorityAnswer:
        """Return a token without its details, or the authority's refusal."""
        answer = self._http.post(url, **options)
        self.told = answer.content
        if "access_token" not in self.told:
            return answer
        return replace(
            answer, text='{"access_token": "kept aside", "token_type": "Bearer", "expires_in": 600}'
        )


class EntraSource(_Source):
    """Asks Microsoft Entra, AD FS, or what speaks like them."""

    def __init__(self, settings: ApiSettings, timing: Timing, redactor: Redactor) -> None:
        super().__init__(settings, timing, redactor)
        self._app: Any = None
        self._msal_http = _MsalHttp(self._http, self._refused)
        self._remembered: dict[Any, Any] = {}

    def ask(self, limits: Limits) -> Token:
        """Return a token that was made now; see TokenSource."""
        asked_at = self._timing.clock()
        with self._http.within(limits):
            if self._app is None:
                self._app = self._application()
            self._remembered.clear()
            self._app.remove_tokens_for_client()
            self._msal_http.told = {}
            said = self._app.acquire_token_for_client([self._auth.scope])
        return self._token_in(self._msal_http.told or said, asked_at)

    def _application(self) -> Any:
        import msal  # noqa: PLC0415  # heavy: only a run with OAuth pays for it

        try:
            return msal.ConfidentialClientApplication(
                self._auth.client_id,
                client_credential=self._credential(),
                authority=self._auth.authority,
                instance_discovery=False,
                azure_region=False,
                http_client=self._msal_http,
                http_cache=self._remembered,
            )
        except (ValueError, KeyError) as err:
            raise ConfigurationError(
                f"the authority {self._auth.authority} cannot be used: {clean_text(str(err))}",
                how_to_fix="check `tenant-id`; an `authority` is https and ends in the tenant",
            ) from err

    def _credential(self) -> str | dict[str, str]:
        key = self._client_key()
        if key is None:
            return self._auth.secret
        if key.certificate is None or key.algorithm != "RS256":
            raise HelpfulError(
                f"the file {self._auth.certificate} named by `certificate` cannot be used: Microsoft Entra wants "
                "an RSA key together with its certificate",
                "put both into one PEM file",
                "openssl pkcs12 -in acme-prod.pfx -out config/acme-prod.pem -nodes",
            )
        return {
            "private_key": key.pem,
            "public_certificate": key.certificate_pem,
            "passphrase": self._auth.passphrase if "ENCRYPTED" in key.pem else "",
        }


class GrantSource(_Source):
    """Asks a token URL, the configured one or that of an OpenID issuer."""

    def __init__(self, settings: ApiSettings, timing: Timing, redactor: Redactor) -> None:
        super().__init__(settings, timing, redactor)
        self._url = self._auth.token_url
        self._audience = self._url
        """Whom an assertion speaks to: the issuer, where there is one."""

    def ask(self, limits: Limits) -> Token:
        """Return a token that was made now; see TokenSource."""
        with self._http.within(limits):
            if not self._url:
                self._url = self._discovered()
            form = {"grant_type": _GRANT, **dict(self._auth.parameters)}
            if self._auth.scope:
                form["scope"] = self._auth.scope
            proof, headers = self._proof()
            asked_at = self._timing.clock()
            answer = self._http.post(self._url, data={**form, **proof}, headers=headers)
        return self._token_in(answer.content, asked_at)

    def _discovered(self) -> str:
        issuer = self._auth.issuer.rstrip("/")
        found: AuthorityAnswer = self._http.get(issuer + _DISCOVERY)
        if found.status_code not in _SUCCESS:
            raise self._no_issuer(f"it answered {found.status_code}")
        told, url = found.content.get("issuer"), found.content.get("token_endpoint")
        if not isinstance(told, str) or told.rstrip("/") != issuer:
            raise self._no_issuer(f"the document there is that of the issuer {clean_text(str(told))!r}")
        if not isinstance(url, str) or not url:
            raise self._no_issuer("the document there names no token_endpoint")
        self._audience = told
        return url

    def _no_issuer(self, why: str) -> HelpfulError:
        return HelpfulError(
            f"{BEGINNING}: {shown(self._auth.issuer)} is no OpenID issuer that can be used: {why}",
            f"check `oidc-issuer`: {_DISCOVERY} below it must be its document; or write the service's `token-url`",
            '"token-url": "https://login.example.com/oauth/token"',
        )

    def _proof(self) -> tuple[dict[str, str], dict[str, str]]:
        """Return what shows who asks: members of the form, and headers."""
        auth, key = self._auth, self._client_key()
        if key is not None:
            now = self._timing.wall_clock()
            assertion = key.assertion(client_id=auth.client_id, audience=self._audience, now=now)
            return {
                "client_id": auth.client_id,
                "client_assertion_type": ASSERTION_TYPE,
                "client_assertion": assertion,
            }, {}
        if auth.client_authentication == "post":
            return {"client_id": auth.client_id, "client_secret": auth.secret}, {}
        # encoded before they are joined: RFC 6749 section 2.3.1
        user, password = quote_plus(auth.client_id), quote_plus(auth.secret)
        pair = base64.b64encode(f"{user}:{password}".encode("ascii")).decode("ascii")
        self._redactor.add(pair)
        return {}, {"Authorization": f"Basic {pair}"}
