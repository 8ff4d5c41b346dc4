"""OAuth against a real OpenID provider over HTTPS with a private authority, not against what we think one says."""

from __future__ import annotations

import base64
import datetime as dt
import json
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from tests.judges.node import JUDGES, need
from tests.judges.oidc_provider import PASSPHRASE, SECRET, Provider, pem_of
from tests.rest.fault_server import FaultServer
from tests.rest.identity_service import in_threads
from txojobs.errors import HelpfulError
from txojobs.redact import Redactor
from txojobs.rest.factory import acquire_token, create_rest_api
from txojobs.rest.timing import Timing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from txojobs.rest.client import TxoRestAPI
    from txojobs.rest.client_key import PrivateKey

    Serve = Callable[..., FaultServer]
    Connect = Callable[..., TxoRestAPI]

ROOT = Path(__file__).parents[2]
READ = {"oauth-scope": "api.read"}


@pytest.fixture(scope="session")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    need(JUDGES / "oidc")
    with ExitStack() as stack:
        yield Provider(stack, tmp_path_factory.mktemp("provider"))


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start servers that end with the test."""
    with ExitStack() as stack:
        yield lambda *script: stack.enter_context(FaultServer(list(script)))


class Later:
    """Real clocks that may be moved ahead."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def timing(self) -> Timing:
        return replace(
            Timing(),
            clock=lambda: time.monotonic() + self.seconds,
            wall_clock=lambda: time.time() + self.seconds,
        )


@pytest.fixture
def later() -> Later:
    return Later()


@pytest.fixture
def connected(provider: Provider, serve: Serve, later: Later) -> Iterator[Connect]:
    """Make clients of an API that trusts the provider; they are closed with the test."""
    made: list[TxoRestAPI] = []

    def connect(auth: dict[str, Any], *, redactor: Redactor | None = None, **secrets: str) -> TxoRestAPI:
        config = configured(provider, auth, serve(provider.api).url, **secrets)
        made.append(create_rest_api(config, timing=later.timing(), redactor=redactor))
        return made[-1]

    yield connect
    for client in made:
        client.close()


def configured(provider: Provider, auth: dict[str, Any], api: str, **secrets: str) -> dict[str, Any]:
    given = {f"_{name}": value for name, value in ({"client_secret": SECRET} | secrets).items()}
    auth = {"type": "oauth2", "client-id": "basic", **auth}
    return {"global": {"api-base-url": api, "ca-bundle": provider.ca, "auth": auth}, **given}


def places(provider: Provider) -> dict[str, dict[str, Any]]:
    """Return the ways to the provider that a configuration knows, each with an application that it accepts."""
    in_form = {"client-id": "post", "oauth-scope": "https://api.example.com/.default"}
    return {
        "token-url": {"token-url": f"{provider.tenant}/token", **READ},
        "token-url, secret in the form": {
            "token-url": f"{provider.url}/token",
            "client-authentication": "post",
            **in_form,
        },
        "issuer with a path": {"oidc-issuer": provider.tenant, **READ},
        "issuer without a path": {"oidc-issuer": f"{provider.url}/", **READ},
        "authority": {"authority": provider.tenant.removesuffix("/v2.0"), **in_form},
    }


PLACES = (
    "token-url",
    "token-url, secret in the form",
    "issuer with a path",
    "issuer without a path",
    "authority",
)


@pytest.mark.parametrize("place", PLACES)
def test_g16_a_secret_gives_a_token_that_the_provider_knows(
    place: str, provider: Provider, connected: Connect
) -> None:
    auth = places(provider)[place]
    before = len(provider.seen())
    redactor = Redactor()
    client = connected(auth, redactor=redactor)
    for _ in range(5):
        assert client.get("/a") == {"fine": True}
    (seen,) = provider.seen()[before:]
    in_form = place in ("token-url, secret in the form", "authority")
    assert seen.method == ("client_secret_post" if in_form else "client_secret_basic")
    assert redactor.clean(f"{SECRET} {quote_plus(SECRET)}") == "*** ***"
    pair = base64.b64encode(f"basic:{quote_plus(SECRET)}".encode()).decode()
    assert in_form or redactor.clean(pair) == "***"


@pytest.mark.parametrize("place", PLACES)
def test_g29_a_wrong_secret_is_named_and_not_shown(
    place: str, provider: Provider, connected: Connect
) -> None:
    with pytest.raises(HelpfulError, match="Failed to acquire authentication token") as caught:
        connected(places(provider)[place], client_secret="wr0ng-s3cret").get("/a")
    assert "invalid_client: client authentication failed" in str(caught.value)
    assert "client-id" in (caught.value.how_to_fix or "")
    assert "the secrets file" in (caught.value.how_to_fix or "")
    assert "wr0ng" not in f"{caught.value} {caught.value.how_to_fix}"
    assert provider.seen()[-1].outcome == "invalid_client"


def test_a_scope_that_the_application_has_not_is_named(provider: Provider, connected: Connect) -> None:
    with pytest.raises(HelpfulError, match="invalid_scope") as caught:
        connected({"token-url": f"{provider.url}/token", "oauth-scope": "api.write"}).get("/a")
    assert "check `oauth-scope`" in (caught.value.how_to_fix or "")


def test_a_further_parameter_names_the_service_that_the_token_is_for(provider: Provider) -> None:
    service = "https://api.example.com"
    auth = {"token-url": f"{provider.url}/token", "token-parameters": {"resource": service}, **READ}
    token = acquire_token(configured(provider, auth, "https://unused"))
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["aud"], claims["scope"]) == (service, "api.read")
    auth["token-parameters"] = {"resource": "https://other.example.com"}
    with pytest.raises(HelpfulError, match="invalid_target") as caught:
        acquire_token(configured(provider, auth, "https://unused"))
    assert "token-parameters" in (caught.value.how_to_fix or "")


@pytest.mark.parametrize("kind", ["rsa", "ec"])
@pytest.mark.parametrize("encrypted", [False, True])
@pytest.mark.parametrize("place", ["oidc-issuer", "token-url"])
def test_a_private_key_takes_the_place_of_the_secret(
    kind: str, place: str, provider: Provider, connected: Connect, tmp_path: Path, *, encrypted: bool
) -> None:
    file = tmp_path / "key.pem"
    file.write_text(pem_of(provider.keys[kind], PASSPHRASE if encrypted else ""))
    url = provider.tenant if place == "oidc-issuer" else f"{provider.tenant}/token"
    auth = {place: url, "client-id": kind, "certificate": str(file)}
    secrets = {"certificate_passphrase": PASSPHRASE} if encrypted else {}
    redactor = Redactor()
    assert connected(auth, redactor=redactor, client_secret="", **secrets).get("/a") == {"fine": True}
    seen = provider.seen()[-1]
    assert (seen.client, seen.method, seen.outcome) == (kind, "private_key_jwt", "token")
    for line in file.read_text().splitlines()[1:-1]:
        assert redactor.clean(line) == "***"


def test_a_certificate_is_shown_to_an_authority(
    provider: Provider, connected: Connect, tmp_path: Path
) -> None:
    file = tmp_path / "acme.pem"
    key = provider.keys["rsa"]
    file.write_text(certificate_of(key) + pem_of(key, PASSPHRASE))
    auth = {
        "authority": provider.tenant.removesuffix("/v2.0"),
        "client-id": "rsa",
        "oauth-scope": "https://api.example.com/.default",
        "certificate": str(file),
    }
    assert connected(auth, client_secret="", certificate_passphrase=PASSPHRASE).get("/a") == {"fine": True}
    assert provider.seen()[-1].method == "private_key_jwt"


def test_a_key_that_the_provider_does_not_know_is_refused(
    provider: Provider, connected: Connect, tmp_path: Path
) -> None:
    file = tmp_path / "key.pem"
    file.write_text(pem_of(rsa.generate_private_key(public_exponent=65537, key_size=2048)))
    auth = {"oidc-issuer": provider.tenant, "client-id": "rsa", "certificate": str(file)}
    with pytest.raises(HelpfulError, match="refuses its private key") as caught:
        connected(auth, client_secret="").get("/a")
    assert "the file of `certificate`" in (caught.value.how_to_fix or "")


def test_a_short_token_serves_nine_tenths_of_its_life(
    provider: Provider, connected: Connect, later: Later
) -> None:
    before = len(provider.seen())
    client = connected({"token-url": f"{provider.url}/token", "client-id": "short"})
    for _ in range(10):
        client.get("/a")
        later.seconds += 5
    assert len(provider.seen()) - before == 1
    later.seconds += 4
    client.get("/a")
    assert len(provider.seen()) - before == 2


def test_a_token_that_has_expired_is_renewed_without_an_error(provider: Provider, connected: Connect) -> None:
    before = len(provider.seen())
    client = connected({"oidc-issuer": provider.tenant, **READ})
    client.get("/a")
    with provider.later(601):
        assert client.get("/a") == {"fine": True}
    assert len(provider.seen()) - before == 2


@pytest.mark.parametrize("place", PLACES)
def test_g16_eight_threads_make_one_token_request(place: str, provider: Provider, connected: Connect) -> None:
    before = len(provider.seen())
    client = connected(places(provider)[place])
    assert in_threads(8, lambda: client.get("/a")) == [{"fine": True}] * 8
    assert len(provider.seen()) - before == 1
    with provider.later(601):
        assert in_threads(8, lambda: client.get("/a")) == [{"fine": True}] * 8
    assert len(provider.seen()) - before == 2


ASK = """
import json, sys
from pathlib import Path
from txojobs.rest.factory import create_rest_api
config, state = json.loads(sys.argv[1]), Path(sys.argv[2])
with_token = create_rest_api(config, state_dir=state)
print("ready", flush=True)
sys.stdin.readline()
print(json.dumps(with_token.get("/a")), flush=True)
with_token.close()
"""


@pytest.mark.parametrize("place", ["issuer with a path", "authority"])
def test_processes_that_keep_their_token_make_one_token_request(
    place: str, provider: Provider, serve: Serve, tmp_path: Path
) -> None:
    auth = {**places(provider)[place], "token-cache": "file"}
    config = configured(provider, auth, serve(provider.api).url)
    before = len(provider.seen())
    command = [sys.executable, "-c", ASK, json.dumps(config), str(tmp_path)]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": ROOT}
    processes = [subprocess.Popen(command, **pipes) for _ in range(3)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.communicate(timeout=60)[0] for process in processes] == ['{"fine": true}\n'] * 3
    assert [process.returncode for process in processes] == [0] * 3
    assert len(provider.seen()) - before == 1


def test_a_provider_whose_certificate_is_unknown_gets_no_secret(
    provider: Provider, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    config = configured(provider, {"token-url": f"{provider.url}/token", **READ}, serve(provider.api).url)
    del config["global"]["ca-bundle"]
    before = len(provider.seen())
    client = create_rest_api(config)
    with pytest.raises(HelpfulError, match="certificate is not trusted") as caught:
        client.get("/a")
    client.close()
    assert "ca-bundle" in (caught.value.how_to_fix or "")
    assert len(provider.seen()) == before


def certificate_of(key: PrivateKey) -> str:
    """Return a certificate that the key signed itself."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "acme-prod")])
    now = dt.datetime.now(dt.timezone.utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
    )
    return builder.sign(key, SHA256()).public_bytes(Encoding.PEM).decode()
