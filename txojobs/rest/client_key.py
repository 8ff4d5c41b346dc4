"""The private key with which an application proves who it is, in place of a client secret.

The file is PEM: the private key (RSA, or an elliptic curve), encrypted or not, and for Microsoft Entra its
certificate beside it, in any order. Every line of the key is known to the redactor before the key is used. An
assertion lives for five minutes and is made for one request.

Source: RFC 7523 section 3, RFC 7468, RFC 7515 section 4.1.8, OpenID Connect Core section 9 (private_key_jwt).
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from txojobs.errors import HelpfulError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.x509 import Certificate

    from txojobs.redact import Redactor

    PrivateKey: TypeAlias = RSAPrivateKey | EllipticCurvePrivateKey

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LIFETIME_S = 300
_MAX_BYTES = 1024 * 1024
_KEY = re.compile(r"-----BEGIN ([A-Z ]*)PRIVATE KEY-----.*?-----END \1PRIVATE KEY-----", re.DOTALL)
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
_CURVES = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}
"""RFC 7518 section 3.4."""


@dataclass(frozen=True, slots=True)
class ClientKey:
    """A private key, its PEM text as it stands in the file, and the certificate that belongs to it."""

    private_key: PrivateKey = field(repr=False)
    pem: str = field(repr=False)
    algorithm: str
    certificate: Certificate | None

    @property
    def certificate_pem(self) -> str:
        """The certificate alone, empty when there is none."""
        from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415  # heavy

        return "" if self.certificate is None else self.certificate.public_bytes(Encoding.PEM).decode("ascii")

    def assertion(self, *, client_id: str, audience: str, now: float) -> str:
        """Return a signed statement that `client_id` asks `audience`; `now` in seconds since 1970."""
        import jwt  # noqa: PLC0415  # only a run with a certificate pays for it

        issued = int(now)
        claims = {
            "iss": client_id,
            "sub": client_id,
            "aud": audience,
            "jti": str(uuid.uuid4()),
            "iat": issued,
            "exp": issued + _LIFETIME_S,
        }
        return jwt.encode(claims, self.private_key, algorithm=self.algorithm, headers=self._thumbprint())

    def _thumbprint(self) -> dict[str, str]:
        if self.certificate is None:
            return {}
        import base64  # noqa: PLC0415

        from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415

        digest = base64.urlsafe_b64encode(self.certificate.fingerprint(SHA256())).decode("ascii")
        return {"x5t#S256": digest.rstrip("=")}


def read_client_key(file: str, passphrase: str, redactor: Redactor) -> ClientKey:
    """Return the key in a PEM file, with the certificate of it when there is one.

    Raises:
        HelpfulError: the file cannot be read, or holds no key that can be used; no message shows a part of it.
    """
    text = _text_of(file)
    found = _KEY.search(text)
    if found is None:
        raise _unusable(file, "it holds no private key in PEM form")
    redactor.add(found[0])
    if passphrase:
        redactor.add(passphrase)
    key = _loaded(file, found[0], passphrase)
    return ClientKey(key, found[0], _algorithm(file, key), _certificate(file, text, key))


def _text_of(file: str) -> str:
    try:
        with Path(file).open("rb") as opened:
            return opened.read(_MAX_BYTES).decode("ascii", errors="replace").replace("\r\n", "\n")
    except OSError as err:
        raise HelpfulError(
            f"the file {file} named by `certificate` cannot be read: {err.strerror or err}",
            "correct the path in `certificate`; a relative one starts at the workspace",
            '"certificate": "config/acme-prod.pem"',
        ) from err


def _loaded(file: str, pem: str, passphrase: str) -> PrivateKey:
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    encrypted = "ENCRYPTED" in pem[:200]
    if encrypted and not passphrase:
        raise HelpfulError(
            f"the private key in {file} is encrypted, and there is no secret 'certificate-passphrase'",
            "add it to the secrets file of this organisation and environment, or set its variable",
            '"certificate-passphrase": "..."',
        )
    try:
        key = load_pem_private_key(pem.encode("ascii", "replace"), passphrase.encode() if encrypted else None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        why = "the passphrase is wrong, or the key is damaged" if encrypted else "the key is damaged"
        raise _unusable(file, why) from None
    if not isinstance(key, RSAPrivateKey | EllipticCurvePrivateKey):
        raise _unusable(file, "its key is neither RSA nor of an elliptic curve")
    return key


def _algorithm(file: str, key: PrivateKey) -> str:
    curve = getattr(key, "curve", None)
    if curve is None:
        return "RS256"
    if curve.name not in _CURVES:
        raise _unusable(file, f"no signature is defined for its curve {curve.name}")
    return _CURVES[curve.name]


def _certificate(file: str, text: str, key: PrivateKey) -> Certificate | None:
    """Return the certificate of the key; others in the file are those of its issuers."""
    from cryptography.x509 import load_pem_x509_certificate  # noqa: PLC0415

    blocks = _CERTIFICATE.findall(text)
    try:
        certificates = [load_pem_x509_certificate(block.encode("ascii", "replace")) for block in blocks]
    except ValueError:
        raise _unusable(file, "a certificate in it is damaged") from None
    for certificate in certificates:
        if certificate.public_key() == key.public_key():
            return certificate
    if certificates:
        raise _unusable(file, "its certificate belongs to another private key")
    return None


def _unusable(file: str, why: str) -> HelpfulError:
    return HelpfulError(
        f"the file {file} named by `certificate` cannot be used: {why}",
        "put the private key and its certificate into one PEM file",
        "openssl pkcs12 -in acme-prod.pfx -out config/acme-prod.pem -nodes",
    )
