from __future__ import annotations

import datetime as dt
import socket
import ssl
import threading
from typing import TYPE_CHECKING

import pytest
import trustme

from tests.rest.fault_server import says
from txojobs.errors import ApiOperationError, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.rest.conftest import FakeClock
    from tests.rest.fault_server import Connection, FaultServer
    from txojobs.rest.client import TxoRestAPI

    Connect = Callable[..., TxoRestAPI]
    Serve = Callable[..., FaultServer]

YESTERDAY = dt.datetime.now(dt.timezone.utc) - dt.timedelta(days=1)


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
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", bundle)
    assert connect(server).get("/a") == {"fine": True}


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


def test_an_unknown_authority_is_refused_at_once(
    ca: trustme.CA, serve: Serve, connect: Connect, clock: FakeClock
) -> None:
    server = serve(says({}), tls=context(ca.issue_cert("127.0.0.1")))
    with pytest.raises(ApiOperationError, match="certificate is not trusted") as caught:
        connect(server).get("/a")
    assert "ca-bundle" in (caught.value.how_to_fix or "")
    assert not clock.waits, "asking again does not help"
    assert not server.requests


@pytest.mark.parametrize("fault", ["host", "expired"])
def test_a_wrong_certificate_is_refused(
    fault: str, ca: trustme.CA, bundle: str, serve: Serve, connect: Connect
) -> None:
    cert = (
        ca.issue_cert("other.example") if fault == "host" else ca.issue_cert("127.0.0.1", not_after=YESTERDAY)
    )
    server = serve(says({}), tls=context(cert))
    with pytest.raises(ApiOperationError, match="certificate is not trusted"):
        connect(server, ca_bundle=bundle).get("/a")
    assert not server.requests


def test_https_to_a_plain_port_is_explained(connect: Connect, clock: FakeClock) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def speak_plainly() -> None:
            sock, _ = listener.accept()
            with sock:
                sock.recv(1)
                sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=speak_plainly)
        thread.start()
        with pytest.raises(ApiOperationError, match="no secure connection"):
            connect(f"https://127.0.0.1:{listener.getsockname()[1]}").get("/a")
        thread.join(10)
    assert not clock.waits


def test_a_bundle_that_does_not_exist_is_named(connect: Connect) -> None:
    with pytest.raises(ConfigurationError, match=r"no-such-file.*ca-bundle"):
        connect("https://127.0.0.1:9", ca_bundle="no-such-file.pem").get("/a")
