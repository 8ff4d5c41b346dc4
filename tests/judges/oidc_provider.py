"""What the tests know of node-oidc-provider: its applications, what it saw, which tokens are alive."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import requests
import trustme
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from tests.judges.node import JUDGES, serving
from tests.rest.fault_server import answer, says

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import ExitStack
    from pathlib import Path

    from tests.rest.fault_server import Connection
    from txojobs.rest.client_key import PrivateKey

SECRET = "s3cret/of+the app:1"
PASSPHRASE = "open sesame"


class Seen(NamedTuple):
    """A token request as the provider saw it."""

    issuer: str
    client: str | None
    method: str | None
    outcome: str


class Provider:
    """The provider, running until the stack ends: `url` is the issuer at the root, `tenant` the other one."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        ca = trustme.CA()
        self.ca = str(folder / "ca.pem")
        ca.cert_pem.write_to_path(self.ca)
        self.keys: dict[str, PrivateKey] = {
            "rsa": rsa.generate_private_key(public_exponent=65537, key_size=2048),
            "ec": ec.generate_private_key(ec.SECP256R1()),
        }
        self._lock = threading.Lock()
        self._session = stack.enter_context(requests.Session())
        self._session.trust_env = False
        self._session.verify = self.ca
        leaf = ca.issue_cert("127.0.0.1")
        chain = "".join(part.bytes().decode() for part in leaf.cert_chain_pems)
        key = leaf.private_key_pem.bytes().decode()
        facts = stack.enter_context(serving(JUDGES / "oidc", cert=chain, key=key, clients=self._clients()))
        self.url, self.tenant = str(facts["url"]), str(facts["tenant"])

    def _clients(self) -> list[dict[str, Any]]:
        shared = {"grant_types": ["client_credentials"], "redirect_uris": [], "response_types": []}
        clients: list[dict[str, Any]] = [
            {"client_id": "basic", "token_endpoint_auth_method": "client_secret_basic", "scope": "api.read"},
            {"client_id": "post", "token_endpoint_auth_method": "client_secret_post"},
            {"client_id": "short", "token_endpoint_auth_method": "client_secret_basic"},
        ]
        clients = [{"client_secret": SECRET, **each} for each in clients]
        for name, key in self.keys.items():
            public = key.public_key()
            to_jwk = RSAAlgorithm.to_jwk if isinstance(public, rsa.RSAPublicKey) else ECAlgorithm.to_jwk
            jwk = json.loads(to_jwk(public))  # type: ignore[arg-type]  # each takes its own kind of key
            clients.append(
                {
                    "client_id": name,
                    "token_endpoint_auth_method": "private_key_jwt",
                    "jwks": {"keys": [{**jwk, "use": "sig"}]},
                }
            )
        return [{**shared, **each} for each in clients]

    def seen(self) -> list[Seen]:
        """Return each token request so far."""
        return [Seen(**each) for each in self._session.get(f"{self.url}/judge/seen", timeout=10).json()]

    @contextmanager
    def later(self, seconds: float) -> Iterator[None]:
        """Let it be later for the provider alone: the tokens that it gave are that much older."""
        clock = f"{self.url}/judge/clock"
        self._session.post(clock, params={"seconds": seconds}, timeout=10)
        try:
            yield
        finally:
            self._session.post(clock, params={"seconds": -seconds}, timeout=10)

    def is_active(self, token: str) -> bool:
        """Ask one of its issuers after the other whether a token is one of theirs and still lives."""
        with self._lock:
            answers = [
                self._session.post(
                    f"{issuer}/token/introspection",
                    data={"token": token, "client_id": "post", "client_secret": SECRET},
                    timeout=10,
                ).json()
                for issuer in (self.url, self.tenant)
            ]
        return any(answer["active"] for answer in answers)

    def api(self, connection: Connection) -> bool:
        """Be an API: answer who brings a token that lives, and nobody else."""
        token = connection.request.headers.get("authorization", "").removeprefix("Bearer ")
        if self.is_active(token):
            return says({"fine": True})(connection)
        demand = 'Bearer error="invalid_token", error_description="the token is not active"'
        return answer(401, b"", WWW_Authenticate=demand)(connection)


def pem_of(key: PrivateKey, passphrase: str = "") -> str:
    """Return a private key as PEM, encrypted when there is a passphrase."""
    protection = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection).decode()
