"""A private key in place of a client secret: read whole or refused with the reason, and never shown."""

from __future__ import annotations

import base64
import datetime as dt
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from tests.rest.fault_server import FaultServer, answer
from tests.rest.identity_service import IdentityService, anyone
from txojobs.errors import HelpfulError
from txojobs.redact import Redactor
from txojobs.rest.client_key import read_client_key
from txojobs.rest.settings import AuthSettings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from txojobs.rest.client import TxoRestAPI
    from txojobs.rest.client_key import PrivateKey

    Connect = Callable[..., TxoRestAPI]
    Serve = Callable[..., FaultServer]

PASSPHRASE = "open sesame"
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC = ec.generate_private_key(ec.SECP256R1())
NOW = 1_700_000_000.0


def pem(key: Any, *, passphrase: str = "", form: PrivateFormat = PrivateFormat.PKCS8) -> str:
    protection = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    text: bytes = key.private_bytes(Encoding.PEM, form, protection)
    return text.decode()


def certificate(key: PrivateKey, name: str = "acme") -> str:
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    start = dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc)
    builder = x509.CertificateBuilder(
        subject,
        subject,
        key.public_key(),
        x509.random_serial_number(),
        start,
        start + dt.timedelta(days=3650),
    )
    return builder.sign(key, SHA256()).public_bytes(Encoding.PEM).decode()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "acme.pem"


def read(file: Path, text: str, passphrase: str = "", redactor: Redactor | None = None) -> Any:
    file.write_text(text)
    return read_client_key(str(file), passphrase, redactor or Redactor())


FORMS: dict[str, tuple[str, str]] = {
    "key alone": (pem(RSA), ""),
    "encrypted": (pem(RSA, passphrase=PASSPHRASE), PASSPHRASE),
    "a passphrase for nothing": (pem(RSA), PASSPHRASE),
    "the old form": (pem(RSA, form=PrivateFormat.TraditionalOpenSSL), ""),
    "the old form, encrypted": (
        pem(RSA, passphrase=PASSPHRASE, form=PrivateFormat.TraditionalOpenSSL),
        PASSPHRASE,
    ),
    "certificate before": (certificate(RSA) + pem(RSA), ""),
    "certificate behind, with its issuer": (pem(RSA) + certificate(EC, "issuer") + certificate(RSA), ""),
    "with words around": ("Bag Attributes\r\n  name: x\r\n" + pem(RSA).replace("\n", "\r\n") + "more", ""),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_key_is_read_in_each_form_of_pem(form: str, file: Path) -> None:
    text, passphrase = FORMS[form]
    key = read(file, text, passphrase)
    assert key.private_key.private_numbers() == RSA.private_numbers()
    assert (key.certificate_pem == certificate_text(text)) or not key.certificate_pem
    assert bool(key.certificate_pem) == ("certificate" in form)


def certificate_text(text: str) -> str:
    """Return the last certificate of a file: in these it is the key's own."""
    return (
        text[text.rindex("-----BEGIN CERTIFICATE") :].partition("-----END CERTIFICATE-----\n")[0]
        + ("-----END CERTIFICATE-----\n")
        if "BEGIN CERTIFICATE" in text
        else ""
    )


WRONG: dict[str, tuple[str, str, str]] = {
    "no key": (certificate(RSA), "", "holds no private key"),
    "no PEM": ("\x00\x01\x02 pfx", "", "holds no private key"),
    "damaged": (pem(RSA).replace("\nMII", "\nAAA"), "", "the key is damaged"),
    "no passphrase": (pem(RSA, passphrase=PASSPHRASE), "", "no secret 'certificate-passphrase'"),
    "wrong passphrase": (pem(RSA, passphrase=PASSPHRASE), "another word", "the passphrase is wrong"),
    "another key": (certificate(EC) + pem(RSA), "", "belongs to another private key"),
    "damaged certificate": (
        pem(RSA) + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
        "",
        "a certificate in it is damaged",
    ),
    "ed25519": (pem(ed25519.Ed25519PrivateKey.generate()), "", "neither RSA nor of an elliptic curve"),
    "odd curve": (pem(ec.generate_private_key(ec.SECP256K1())), "", "no signature is defined for its curve"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_file_that_cannot_be_used_is_refused_with_the_reason(name: str, file: Path) -> None:
    text, passphrase, said = WRONG[name]
    with pytest.raises(HelpfulError) as caught:
        read(file, text, passphrase)
    shown = f"{caught.value} {caught.value.how_to_fix} {caught.value.example}"
    assert said in shown
    assert str(file) in shown
    assert "another word" not in shown
    assert not any(line in shown for line in text.splitlines() if len(line) > 30 and "---" not in line)
    assert caught.value.__cause__ is None


def test_a_file_that_is_not_there_is_named(file: Path) -> None:
    with pytest.raises(HelpfulError, match="cannot be read") as caught:
        read_client_key(str(file), "", Redactor())
    assert "starts at the workspace" in (caught.value.how_to_fix or "")


def test_p5_every_line_of_the_key_is_known_to_the_redactor(file: Path) -> None:
    redactor = Redactor()
    text = pem(RSA, passphrase=PASSPHRASE)
    read(file, certificate(RSA) + text, PASSPHRASE, redactor)
    assert {redactor.clean(line) for line in text.splitlines()[1:-1]} == {"***"}
    assert redactor.clean(PASSPHRASE) == "***"


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (RSA, "RS256"),
        (EC, "ES256"),
        (ec.generate_private_key(ec.SECP384R1()), "ES384"),
        (ec.generate_private_key(ec.SECP521R1()), "ES512"),
    ],
    ids=("rsa", "p256", "p384", "p521"),
)
def test_an_assertion_says_who_asks_whom_for_five_minutes(
    key: PrivateKey, algorithm: str, file: Path
) -> None:
    found = read(file, pem(key) + certificate(key))
    one, other = (found.assertion(client_id="app", audience="https://idp", now=NOW) for _ in range(2))
    assert one != other
    claims = jwt.decode(
        one,
        key.public_key(),
        algorithms=[algorithm],
        audience="https://idp",
        options={"verify_exp": False, "require": ["iss", "sub", "aud", "exp", "iat", "jti"]},
    )
    assert (claims["iss"], claims["sub"], claims["exp"] - claims["iat"]) == ("app", "app", 300)
    assert claims["iat"] == NOW
    thumbprint = x509.load_pem_x509_certificate(certificate_text(file.read_text()).encode()).fingerprint(
        SHA256()
    )
    sent = jwt.get_unverified_header(one)["x5t#S256"]
    assert base64.urlsafe_b64decode(sent + "=") == thumbprint


@pytest.fixture
def asked(serve: Serve, connect: Connect, authority: IdentityService, file: Path) -> Callable[..., str]:
    """Ask for a token with a key, and return the assertion that went out."""

    def ask(text: str, redactor: Redactor, **auth: str) -> str:
        file.write_text(text)
        settings = AuthSettings(
            type="oauth2", client_id="app", scope="s", certificate=str(file), **auth  # type: ignore[arg-type]  # texts
        )  # fmt: skip
        connect(serve(anyone), auth=settings, ca_bundle=authority.ca, redactor=redactor).get("/a")
        (form,) = authority.forms
        assert form["client_assertion_type"] == ["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"]
        assert form["client_id"] == ["app"]
        assert "client_secret" not in form
        return form["client_assertion"][0]

    return ask


def claims_of(assertion: str) -> dict[str, Any]:
    return jwt.decode(assertion, options={"verify_signature": False})


def test_an_assertion_speaks_to_the_token_url_or_to_the_issuer(
    asked: Callable[..., str], authority: IdentityService
) -> None:
    token_url = authority.token_url
    assert claims_of(asked(pem(RSA), Redactor(), token_url=token_url))["aud"] == token_url
    authority.forms.clear()
    issuer = f"{authority.url}/v2.0"
    assert claims_of(asked(pem(RSA), Redactor(), issuer=issuer))["aud"] == issuer


@pytest.mark.parametrize("source", ["token_url", "authority"])
def test_p5_an_assertion_is_known_to_the_redactor_before_it_leaves(
    source: str, asked: Callable[..., str], authority: IdentityService
) -> None:
    redactor = Redactor()
    known: list[str] = []

    def looked_at(connection: Any) -> bool:
        sent = authority.forms[-1]["client_assertion"][0]
        known.append(redactor.clean(f"a {sent} b"))
        return answer(200, b'{"access_token": "t0ken-9", "token_type": "Bearer"}')(connection)

    authority.before = [looked_at]
    address = authority.url if source == "authority" else authority.token_url
    asked(pem(RSA) + certificate(RSA), redactor, **{source: address})
    assert known == ["a *** b"]


def test_entra_gets_the_thumbprint_of_the_certificate(
    asked: Callable[..., str], authority: IdentityService
) -> None:
    text = pem(RSA, passphrase=PASSPHRASE) + certificate(RSA)
    assertion = asked(text, Redactor(), authority=authority.url, passphrase=PASSPHRASE)
    header = jwt.get_unverified_header(assertion)
    thumbprint = x509.load_pem_x509_certificate(certificate_text(text).encode()).fingerprint(SHA256())
    assert header["alg"] == "PS256"
    assert base64.urlsafe_b64decode(header["x5t#S256"] + "==") == thumbprint
    assert claims_of(assertion)["aud"] == authority.token_url


@pytest.mark.parametrize(
    "text", [pem(RSA), pem(EC) + certificate(EC)], ids=["no certificate", "elliptic curve"]
)
def test_entra_wants_rsa_and_a_certificate(
    text: str, asked: Callable[..., str], authority: IdentityService
) -> None:
    with pytest.raises(HelpfulError, match="wants an RSA key together with its certificate"):
        asked(text, Redactor(), authority=authority.url)
    assert authority.forms == []
