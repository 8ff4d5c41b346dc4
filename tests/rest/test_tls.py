from __future__ import annotations

import datetime as dt
import json
import re
import ssl
from ipaddress import IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.rest import greetings
from tests.rest.fault_server import says
from txojobs.config import check_config_text
from txojobs.errors import ApiOperationError, ApiTimeoutError, ConfigurationError
from txojobs.rest.client import TxoRestAPI
from txojobs.rest.settings import ApiSettings, RetrySettings, TimeoutSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.rest.conftest import FakeClock
    from tests.rest.fault_server import Connection, FaultServer, Greeting

    Connect = Callable[..., TxoRestAPI]
    Serve = Callable[..., FaultServer]

YESTERDAY = dt.datetime.now(dt.timezone.utc) - dt.timedelta(days=1)
TOMORROW = YESTERDAY + dt.timedelta(days=2)


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def bundle(ca: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    ca.cert_pem.write_to_path(str(path))
    return str(path)


def context(cert: trustme.LeafCert) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    cert.configure_cert(made)
    return made


def test_a_private_authority_comes_by_setting_or_environment(
    ca: trustme.CA, bundle: str, serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(says({"fine": True}), tls=context(ca.issue_cert("127.0.0.1")))
    assert connect(server, ca_bundle=bundle).get("/a") == {"fine": True}
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ApiOperationError, match="not trusted"):
        connect(server).get("/a")
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        with monkeypatch.context() as patch:
            patch.setenv(name, bundle)
            assert connect(server).get("/a") == {"fine": True}
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere")
    monkeypatch.setenv("SSL_CERT_DIR", str(Path(bundle).parent))
    with pytest.raises(ApiOperationError, match="not trusted"):
        connect(server).get("/a")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", bundle)  # counts before those of OpenSSL
    assert connect(server).get("/a") == {"fine": True}


@pytest.mark.parametrize(
    "text", ["", "no certificate", "-----BEGIN CERTIFICATE-----\n%%\n-----END CERTIFICATE-----\n"]
)
def test_a_bundle_that_holds_no_certificate_is_named(
    text: str, ca: trustme.CA, serve: Serve, connect: Connect, tmp_path: Path
) -> None:
    (tmp_path / "ca.pem").write_text(text)
    server = serve(says({}), tls=context(ca.issue_cert("127.0.0.1")))
    with pytest.raises(ApiOperationError, match="file of trusted certificates holds none") as caught:
        connect(server, ca_bundle=str(tmp_path / "ca.pem")).get("/a")
    assert "must name certificates in PEM form" in (caught.value.how_to_fix or "")
    assert server.connections <= 1, "asking again does not help"


def test_a_slow_answer_over_tls_is_read_whole(
    ca: trustme.CA, bundle: str, serve: Serve, connect: Connect
) -> None:
    def slowly(connection: Connection) -> bool:
        body = b'{"text": "' + b"x" * 100_000 + b'"}'
        connection.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
        connection.closing.wait(0.5)  # longer than one look at the clock
        connection.sock.sendall(body[:50_000])
        connection.closing.wait(0.5)
        connection.sock.sendall(body[50_000:])
        return True

    server = serve(slowly, says({"fine": True}), tls=context(ca.issue_cert("127.0.0.1")))
    client = connect(server, ca_bundle=bundle)
    assert len(client.get("/a")["text"]) == 100_000
    assert client.get("/b") == {"fine": True}
    assert server.connections == 1


def self_signed() -> ssl.SSLContext:
    """A certificate for the right host that nobody but itself vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(YESTERDAY)
        .not_valid_after(TOMORROW)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return context(trustme.LeafCert(secret, made.public_bytes(Encoding.PEM), []))


BAD: dict[str, tuple[Callable[[trustme.CA], ssl.SSLContext], str, str]] = {
    "expired": (
        lambda ca: context(ca.issue_cert("127.0.0.1", not_after=YESTERDAY)),
        "expired",
        "renew its certificate",
    ),
    "not yet valid": (
        lambda ca: context(
            ca.issue_cert("127.0.0.1", not_before=TOMORROW, not_after=TOMORROW + dt.timedelta(days=1))
        ),
        "not yet valid",
        "check this machine's clock",
    ),
    "of another host": (
        lambda ca: context(ca.issue_cert("other.example")),
        "127.0.0.1|mismatch",
        "check the host name",
    ),
    "of an unknown authority": (
        lambda _: context(trustme.CA().issue_cert("127.0.0.1")),
        "issuer|self",
        "`ca-bundle`",
    ),
    "of itself": (lambda _: self_signed(), "self.signed", "`ca-bundle`"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_certificate_is_refused_at_once_and_says_what_is_bad(
    name: str, ca: trustme.CA, bundle: str, serve: Serve, connect: Connect
) -> None:
    make, why, fix = BAD[name]
    for method in ("get", "post"):
        server = serve(says({}), tls=make(ca))
        with pytest.raises(ApiOperationError, match="certificate is not trusted") as caught:
            getattr(connect(server, ca_bundle=bundle), method)("/a")
        assert re.search(why, str(caught.value))
        assert fix in (caught.value.how_to_fix or "")
        assert not caught.value.outcome_unknown
        assert server.connections == 1, "asking again does not help"
        assert not server.requests


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PYTHONHTTPSVERIFY", "0"),
        ("CURL_CA_BUNDLE", ""),
        ("REQUESTS_CA_BUNDLE", ""),
        ("SSL_CERT_FILE", "/nowhere"),
        ("GIT_SSL_NO_VERIFY", "1"),
    ],
)
def test_no_variable_switches_verification_off(
    name: str, value: str, serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    server = serve(says({}), tls=self_signed())
    with pytest.raises(ApiOperationError, match="certificate is not trusted"):
        connect(server).get("/a")
    assert not server.requests


@pytest.mark.parametrize("key", ["verify", "verify-tls", "insecure", "ssl-verify", "allow-insecure-http"])
def test_no_key_of_the_configuration_switches_verification_off(key: str) -> None:
    config = {"global": {"api-base-url": "https://a.example", key: False}}
    assert [problem.severity for problem in check_config_text(json.dumps(config))] == ["error"]


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("greeting", [greetings.never_speak, greetings.drip_handshake])
def test_a_handshake_that_takes_for_ever_ends(greeting: Greeting, method: str, serve: Serve) -> None:
    server = serve(says({}), greeting=greeting)
    settings = ApiSettings(
        base_url=f"https://127.0.0.1:{server.port}",
        timeouts=TimeoutSettings(connect_s=0.3),
        retry=RetrySettings(max_retries=0),
    )
    client = TxoRestAPI(settings)
    with pytest.raises(ApiTimeoutError, match="no connection in time") as caught:
        getattr(client, method)("/a")
    client.close()
    assert not caught.value.outcome_unknown, "nothing was sent"
    assert "the port was reached, and gave no secure connection (TLS)" in str(caught.value)
    assert caught.value.how_to_fix == (
        "check that this port of `base-url` speaks TLS: an address without it begins with http://"
    )


def test_a_handshake_that_breaks_is_tried_again(serve: Serve, connect: Connect, clock: FakeClock) -> None:
    server = serve(says({}), greeting=greetings.break_handshake)
    with pytest.raises(ApiOperationError, match=r"while it was being secured|no connection could be made"):
        connect(f"https://127.0.0.1:{server.port}").post("/a", {})
    assert server.connections == 4
    assert len(clock.waits) == 3, "nothing was sent, so even a POST is tried again"


def test_https_to_a_plain_port_is_explained(serve: Serve, connect: Connect, clock: FakeClock) -> None:
    server = serve(says({}), greeting=greetings.speak_plainly)
    with pytest.raises(ApiOperationError, match="no secure connection"):
        connect(f"https://127.0.0.1:{server.port}").get("/a")
    assert not clock.waits


def test_a_bundle_that_does_not_exist_is_named(connect: Connect) -> None:
    with pytest.raises(ConfigurationError, match=r"no-such-file.*ca-bundle"):
        connect("https://127.0.0.1:9", ca_bundle="no-such-file.pem").get("/a")
