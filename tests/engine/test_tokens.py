"""OAuth in whole runs: a token that runs share, an expired secret on the screen, and nothing secret anywhere else."""

from __future__ import annotations

import ssl
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from tests.engine.pages_server import Asked, PagesServer, Reply, as_reply, page_of
from tests.engine.workplace import FETCH, Workplace
from tests.rest.fault_server import FaultServer, says
from tests.rest.identity_service import IdentityService

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRET = "cl1ent-s3cret-4711"


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as made:
        yield made


@pytest.fixture
def identity(stack: ExitStack, tmp_path: Path) -> IdentityService:
    ca = trustme.CA()
    ca.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1").configure_cert(context)

    def serve(*script: Any, tls: ssl.SSLContext, host: str) -> FaultServer:
        return stack.enter_context(FaultServer(list(script), tls=tls, host=host))

    return IdentityService(serve, context, str(tmp_path / "ca.pem"))


def guarded(asked: Asked) -> Reply:
    if "Bearer token-1" not in asked.headers.values():
        return as_reply({}, status=401)
    return as_reply(page_of(asked, rows=20, size=10))


def prepared(tmp_path: Path, stack: ExitStack, identity: IdentityService, **auth: Any) -> Workplace:
    work = Workplace(tmp_path)
    server = stack.enter_context(PagesServer(guarded))
    told = {"type": "oauth2", "token-url": identity.token_url, "client-id": "app", **auth}
    work.config({"api-base-url": server.url, "ca-bundle": identity.ca, "auth": told})
    work.job(FETCH)
    return work


def test_runs_share_a_token_in_the_state_folder_of_their_workspace(
    tmp_path: Path, stack: ExitStack, identity: IdentityService
) -> None:
    work = prepared(tmp_path, stack, identity, **{"token-cache": "file"})
    work.secrets(client_secret=SECRET)
    texts = ""
    for _ in range(2):
        done = work.command("-w", str(work.root), "run", "job", "acme", "test", "--debug", cwd=tmp_path)
        assert done.code == 0, done.err
        texts += done.out + done.err
    assert identity.tokens == 1
    (kept,) = (work.root / ".txojobs" / "tokens").glob("*.json")
    assert "token-1" in kept.read_text()
    kept.unlink()
    texts += work.texts()
    assert "4711" not in texts
    assert "token-1" not in texts
    assert "using the token kept in" in texts


def test_g29_a_run_whose_secret_has_expired_says_which_variable_to_set(
    tmp_path: Path, stack: ExitStack, identity: IdentityService
) -> None:
    said = f"AADSTS7000222: The provided client secret keys are expired: {SECRET}"
    identity.before = [says({"error": "invalid_client", "error_description": said}, 401)]
    work = prepared(tmp_path, stack, identity)
    done = work.command("run", "job", "acme", "test", env={"TXO_ACME_TEST_CLIENT_SECRET": SECRET})
    screen = " ".join(done.err.split())
    assert done.code == 1
    assert "the client secret has expired" in screen
    assert "the variable TXO_ACME_TEST_CLIENT_SECRET, which is set" in screen
    assert "4711" not in done.out + done.err + work.texts()
