"""Each line of a check-up, against a real service, certificate or folder that is wrong in just this way."""

from __future__ import annotations

import base64
import datetime as dt
import json
import os
import re
import shutil
import ssl
import subprocess
import sys
from contextlib import ExitStack
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from tests.rest.fault_server import FaultServer, answer, closed_port, hang_up, html_login, says
from txojobs.engine.doctor import examine
from txojobs.errors import ConfigurationError
from txojobs.files.publish import Publication
from txojobs.state.lock import run_lock
from txojobs.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.engine.workplace import Workplace
    from tests.rest.fault_server import Connection, Step
    from txojobs.checkup import Check

    Serve = Callable[..., FaultServer]

EDMX = b"""<?xml version="1.0"?><edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">
<edmx:DataServices><Schema Namespace="a" xmlns="http://docs.oasis-open.org/odata/ns/edm"><EntityType Name="C"><Key>
<PropertyRef Name="Id"/></Key><Property Name="Id" Type="Edm.Int32"/></EntityType><EntityContainer Name="D">
<EntitySet Name="Cs" EntityType="a.C"/></EntityContainer></Schema></edmx:DataServices></edmx:Edmx>"""
NOW = dt.datetime.now(dt.timezone.utc)
SECRET = "cl1ent+s3cret/Wert"


@pytest.fixture
def serve() -> Iterator[Serve]:
    with ExitStack() as stack:

        def start(*script: Step, **options: Any) -> FaultServer:
            return stack.enter_context(FaultServer(list(script), **options))

        yield start


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA()


def context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(made)
    return made


def odata(root: Step | None = None, *, described: Step | None = None, token: str = "") -> Step:
    """Be an OData service; with `token` only for who has it."""

    def step(connection: Connection) -> bool:
        request = connection.request
        if token and request.headers.get("authorization") != f"Bearer {token}":
            return answer(401, b"", WWW_Authenticate="Bearer")(connection)
        if request.target.endswith("$metadata"):
            return (described or answer(200, EDMX, content_type="application/xml"))(connection)
        return (root or says({"value": []}, Date=format_datetime(dt.datetime.now(dt.timezone.utc))))(
            connection
        )

    return step


def checks(work: Workplace, **options: Any) -> dict[str, Check]:
    """Return each line by its name."""
    found = list(examine(Workspace(work.root), "acme", "test", environ={}, **options))
    assert all(check.fix for check in found if check.state in ("failed", "warning")), "no way out"
    return {check.name: check for check in found}


def states(found: dict[str, Check], *names: str) -> list[str]:
    return [found[name].state for name in names or SERVICE]


SERVICE = ("proxy", "name", "connection", "tls", "clock", "token", "base URL", "$metadata")
OFFLINE = (
    "versions",
    "permissions",
    "git",
    "output",
    "logs",
    "state",
    "runs",
    "publications",
    "configuration",
)


# ---- the way to a service


def test_a_good_service_is_well_in_each_line(serve: Serve, work: Workplace) -> None:
    server = serve(odata())
    work.config({"api-base-url": server.url})
    found = checks(work)
    assert states(found) == ["ok"] * 8
    assert found["base URL"].told == f"{server.url} answers with 200"
    assert list(found) == [*OFFLINE, "secrets", "snapshot", *SERVICE]


def test_a_port_where_nothing_listens(work: Workplace) -> None:
    port = closed_port()
    work.config({"api-base-url": f"http://127.0.0.1:{port}"})
    found = checks(work)
    assert states(found) == ["ok", "ok", "failed", *["skipped"] * 5]
    assert "nothing listens there" in found["connection"].told
    assert "base-url`" in (found["connection"].fix or "")
    assert found["clock"].told == "not checked: connection failed"
    assert found["token"].told == "not checked: the service was not reached"


def test_a_host_that_nobody_knows(work: Workplace) -> None:
    work.config({"api-base-url": "https://no-such-host.invalid/api"})
    found = checks(work)
    assert states(found) == ["ok", "failed", *["skipped"] * 6]
    assert "the host name is not known" in found["name"].told


def test_a_certificate_of_an_unknown_authority(serve: Serve, work: Workplace) -> None:
    server = serve(odata(), tls=context(trustme.CA().issue_cert("127.0.0.1")))
    work.config({"api-base-url": server.url})
    found = checks(work)
    assert states(found) == ["ok", "ok", "ok", "failed", *["skipped"] * 4]
    assert "certificate is not trusted" in found["tls"].told
    assert "it is for 127.0.0.1, from " in found["tls"].told
    assert "trustme" in found["tls"].told
    assert "`ca-bundle`" in (found["tls"].fix or "")
    assert not server.requests, "nothing was sent to whom nobody trusts"


def test_a_certificate_that_has_expired(serve: Serve, ca: trustme.CA, work: Workplace) -> None:
    ended = NOW - dt.timedelta(days=2)
    server = serve(odata(), tls=context(ca.issue_cert("127.0.0.1", not_after=ended)))
    ca.cert_pem.write_to_path(str(work.root / "config" / "ca.pem"))
    work.config({"api-base-url": server.url, "ca-bundle": "config/ca.pem"})
    found = checks(work)
    assert found["tls"].state == "failed"
    assert "expired" in found["tls"].told
    assert f"to {ended:%Y-%m-%d}" in found["tls"].told
    assert not server.requests


def test_an_authority_of_ones_own_and_a_certificate_that_ends_soon(
    serve: Serve, ca: trustme.CA, work: Workplace
) -> None:
    ca.cert_pem.write_to_path(str(work.root / "config" / "ca.pem"))
    for days, state in ((90.5, "ok"), (5.5, "warning")):
        certificate = ca.issue_cert("127.0.0.1", not_after=NOW + dt.timedelta(days=days))
        server = serve(odata(), tls=context(certificate))
        work.config({"api-base-url": server.url, "ca-bundle": "config/ca.pem"})
        found = checks(work)
        assert found["tls"].state == state
        assert "TLSv1.3" in found["tls"].told
        assert f"valid for {days - 0.5:.0f} more days" in found["tls"].told
        assert "ca.pem, named by `ca-bundle`" in found["tls"].told
        assert states(found, "clock", "token", "base URL", "$metadata") == ["ok"] * 4


def test_a_service_that_hangs_up(serve: Serve, work: Workplace) -> None:
    server = serve(hang_up)
    work.config({"api-base-url": server.url})
    found = checks(work)
    assert states(found, "connection", "tls", "clock", "base URL", "$metadata") == [
        *("ok", "ok", "skipped", "failed", "skipped")
    ]
    assert "connection broke" in found["base URL"].told


@pytest.mark.parametrize(
    ("hours", "words"), [(1, "60 minutes behind"), (-1, "60 minutes ahead of"), (72, "3 days behind")]
)
def test_a_clock_that_is_off(hours: int, words: str, serve: Serve, work: Workplace) -> None:
    date = format_datetime(dt.datetime.now(dt.timezone.utc) + dt.timedelta(hours=hours, seconds=5))
    work.config({"api-base-url": serve(odata(says({}, Date=date))).url})
    found = checks(work)
    assert found["clock"].state == "failed"
    assert words in found["clock"].told
    assert states(found, "token", "base URL", "$metadata") == ["ok"] * 3


def test_a_clock_is_compared_with_an_answer_of_a_cache_by_its_age(serve: Serve, work: Workplace) -> None:
    date = format_datetime(dt.datetime.now(dt.timezone.utc) - dt.timedelta(hours=1))
    work.config({"api-base-url": serve(odata(says({}, Date=date, Age="3600"))).url})
    assert checks(work)["clock"].state == "ok"
    work.config({"api-base-url": serve(odata(says({}, Date="yesterday"))).url})
    assert checks(work)["clock"].told == "the service does not tell its time"


def test_a_proxy_is_named_and_looked_up_in_place_of_the_service(
    serve: Serve, work: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve(odata())
    monkeypatch.setenv("HTTP_PROXY", proxy.url.replace("://", "://ann:p4ssw0rd-x@"))
    monkeypatch.setenv("NO_PROXY", "")
    work.config({"api-base-url": "http://far.example/api"})
    found = checks(work)
    assert found["proxy"].told == f"through {proxy.url}"
    assert found["name"].told == "127.0.0.1 is 127.0.0.1"
    assert states(found) == ["ok"] * 8
    assert proxy.requests[0].target == "http://far.example/api"
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{closed_port()}")
    assert "through the proxy" in checks(work)["connection"].told
    monkeypatch.setenv("HTTP_PROXY", "http://:0")
    found = checks(work)
    assert found["proxy"].state == "failed"
    assert states(found)[1:] == ["skipped"] * 7


# ---- what a service says to the credential


def with_oauth(serve: Serve, ca: trustme.CA, work: Workplace, service: Step, identity: Step) -> FaultServer:
    tokens = serve(identity, tls=context(ca.issue_cert("127.0.0.1")))
    ca.cert_pem.write_to_path(str(work.root / "config" / "ca.pem"))
    auth = {"type": "oauth2", "token-url": f"{tokens.url}/token", "client-id": "app", "token-cache": "file"}
    server = serve(service)
    work.config({"api-base-url": server.url, "ca-bundle": "config/ca.pem", "auth": auth})
    work.secrets(client_secret=SECRET)
    return server


TOKEN = says({"access_token": "t0ken-of-today", "token_type": "Bearer", "expires_in": 3600})


def test_a_new_token_is_asked_for(serve: Serve, ca: trustme.CA, work: Workplace) -> None:
    with_oauth(serve, ca, work, odata(token="t0ken-of-today"), TOKEN)
    found = checks(work)
    assert states(found, "token", "base URL", "$metadata") == ["ok"] * 3
    assert "gave a new one" in found["token"].told


def test_a_wrong_client_secret_is_found_though_an_older_token_is_kept(
    serve: Serve, ca: trustme.CA, work: Workplace
) -> None:
    refused = says({"error": "invalid_client", "error_description": f"{SECRET} is wrong"}, 401)
    identity = serve_in_turn(TOKEN, TOKEN, refused)
    with_oauth(serve, ca, work, odata(token="t0ken-of-today"), identity)
    assert checks(work)["token"].state == "ok"
    assert list((work.root / ".txojobs" / "tokens").glob("*.json")), "a token is kept"
    found = checks(work)
    assert states(found, "token", "base URL", "$metadata") == ["failed", "skipped", "skipped"]
    assert "Failed to acquire authentication token" in found["token"].told
    assert SECRET not in str(found)
    assert "***" in found["token"].told


def serve_in_turn(*steps: Step) -> Step:
    """Answer with each step once, then with the last."""
    left = list(steps)

    def step(connection: Connection) -> bool:
        return (left.pop(0) if len(left) > 1 else left[0])(connection)

    return step


def test_a_token_that_the_service_refuses(serve: Serve, ca: trustme.CA, work: Workplace) -> None:
    with_oauth(serve, ca, work, odata(token="another"), TOKEN)
    found = checks(work)
    assert states(found, "clock", "token", "base URL", "$metadata") == ["ok", "ok", "failed", "skipped"]
    assert "(401" in found["base URL"].told
    assert "made a moment ago" in (found["base URL"].fix or "")


def jwt(expires: float) -> str:
    parts = ({"alg": "none"}, {"exp": expires})
    packed = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join((*packed, "c2lnbmF0dXJl"))


def test_a_ready_token_tells_how_long_it_lives(serve: Serve, work: Workplace) -> None:
    work.config({"api-base-url": serve(odata()).url, "auth": {"type": "bearer"}})
    for minutes, state, words in (
        (30, "ok", r"lives for (30|29|28) more"),
        (-90, "failed", r"expired 9[0-2] min"),
    ):
        work.secrets(az_token=jwt(dt.datetime.now(dt.timezone.utc).timestamp() + minutes * 60))
        found = checks(work)
        assert found["token"].state == state
        assert re.search(words, found["token"].told), found["token"]
    work.secrets(az_token="opaque-token-4711")
    assert "does not tell" in checks(work)["token"].told


def test_a_base_url_where_nothing_is(serve: Serve, work: Workplace) -> None:
    server = serve(answer(404))
    work.config({"api-base-url": f"{server.url}/wrong"})
    found = checks(work)
    assert states(found) == [*["ok"] * 6, "failed", "warning"]
    assert found["base URL"].told == f"{server.url}/wrong answers with 404: there is nothing"
    assert "base-url`" in (found["base URL"].fix or "")


def test_a_root_that_answers_nothing_is_well_when_its_description_is_there(
    serve: Serve, work: Workplace
) -> None:
    work.config({"api-base-url": serve(odata(answer(404))).url})
    found = checks(work)
    assert states(found) == ["ok"] * 8
    assert "$metadata below it is there" in found["base URL"].told


def test_a_service_that_jobs_read_by_url_alone_needs_neither_root_nor_metadata(
    serve: Serve, work: Workplace
) -> None:
    work.config({"api-base-url": serve(answer(404)).url})
    work.steps("  - fetch: {url: v1/things, paging: none}\n  - save: things.csv\n", "things")
    found = checks(work)
    assert states(found) == [*["ok"] * 7, "skipped"]
    assert "the jobs ask below it" in found["base URL"].told
    assert "snapshot" not in found
    work.steps("  - fetch: {entity: Things, key: [Id]}\n  - save: more.csv\n", "more")
    assert states(checks(work), "base URL", "$metadata") == ["failed", "warning"]


def test_a_login_page_in_place_of_the_service(serve: Serve, work: Workplace) -> None:
    work.config({"api-base-url": serve(html_login()).url})
    found = checks(work)
    assert states(found, "token", "base URL", "$metadata") == ["ok", "failed", "skipped"]
    assert "a web page came" in found["base URL"].told
    assert "login page" in (found["base URL"].fix or "")


@pytest.mark.parametrize("described", [answer(404), says({}), answer(200, b"")])
def test_a_service_without_metadata_is_warned_of(described: Step, serve: Serve, work: Workplace) -> None:
    """Jobs can read it all the same."""
    work.config({"api-base-url": serve(odata(described=described)).url})
    found = checks(work)
    assert states(found, "base URL", "$metadata") == ["ok", "warning"]
    assert "`url`" in (found["$metadata"].fix or "")


def test_each_service_is_looked_at_or_the_one_that_is_named(serve: Serve, work: Workplace) -> None:
    good, bad = serve(odata()), serve(answer(500))
    apis = {"good": {"base-url": good.url}, "bad": {"base-url": bad.url}}
    (work.root / "config" / "acme-test-config.json").write_text(json.dumps({"apis": apis}))
    found = list(examine(Workspace(work.root), "acme", "test", environ={}))
    assert {check.api for check in found} == {None, "good", "bad"}
    assert [check.api for check in found if check.state == "failed"] == ["bad"]
    requests = len(bad.requests)
    found = list(examine(Workspace(work.root), "acme", "test", environ={}, api="good"))
    assert {check.api for check in found} == {None, "good"}
    assert len(bad.requests) == requests
    with pytest.raises(ConfigurationError, match="no api 'god'"):
        list(examine(Workspace(work.root), "acme", "test", environ={}, api="god"))


# ---- what can be looked at without a network


def test_offline_asks_nobody(serve: Serve, work: Workplace) -> None:
    server = serve(odata())
    work.config({"api-base-url": server.url, "auth": {"type": "api-key"}})
    work.secrets(api_key="k3y-of-the-shop")
    found = checks(work, offline=True)
    assert list(found) == [*OFFLINE, "secrets", "snapshot"]
    assert "config/acme-test-config-secrets.json" in found["secrets"].told
    assert server.connections == 0
    assert "txojobs 0." in found["versions"].told
    assert "requests 2." in found["versions"].told


def test_a_configuration_that_is_wrong(work: Workplace) -> None:
    work.config({"api-base-url": "http://127.0.0.1:9", "api-base-ulr": "x"})
    found = checks(work)
    assert found["configuration"].state == "failed"
    assert "config/acme-test-config.json:1:" in found["configuration"].told
    assert states(found, "secrets", "snapshot", "service") == ["skipped"] * 3


def test_a_secret_that_is_missing(work: Workplace) -> None:
    work.config({"api-base-url": "http://127.0.0.1:9", "auth": {"type": "api-key"}})
    found = checks(work)
    assert states(found, "configuration", "secrets", "service") == ["ok", "failed", "skipped"]
    assert "api-key" in found["secrets"].told


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no mode bits")
def test_a_secrets_file_that_others_can_read(work: Workplace) -> None:
    work.secrets(api_key="k3y-of-the-shop")
    assert checks(work, offline=True)["permissions"].state == "ok"
    (work.root / "config" / "acme-test-config-secrets.json").chmod(0o644)
    found = checks(work, offline=True)["permissions"]
    assert found.state == "warning"
    assert "chmod 600" in (found.fix or "")


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_what_git_tracks_or_would_take(work: Workplace) -> None:
    def git(*words: str) -> None:
        subprocess.run(["git", *words], cwd=work.root, check=True, capture_output=True)

    assert "no git repository" in checks(work, offline=True)["git"].told
    work.secrets(api_key="k3y-of-the-shop")
    git("init", "-q")
    found = checks(work, offline=True)["git"]
    assert found.state == "warning"
    assert found.example == "config/*-config-secrets.json\nlogs/\noutput/\n.txojobs/"
    (work.root / ".gitignore").write_text(found.example)
    assert checks(work, offline=True)["git"].state == "ok"
    git("add", "-f", "config/acme-test-config-secrets.json")
    found = checks(work, offline=True)["git"]
    assert found.state == "failed"
    assert "git tracks" in found.told


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written(work: Workplace) -> None:
    (work.root / "output").mkdir(mode=0o500)
    found = checks(work, offline=True)
    assert states(found, "output", "logs", "state") == ["failed", "ok", "ok"]


def test_a_state_folder_that_is_none(work: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody can write below a file, not even root."""
    monkeypatch.setenv(
        "TXOJOBS_STATE", "/proc/self" if sys.platform == "linux" else str(work.root / "config")
    )
    expected = "failed" if sys.platform == "linux" else "ok"
    assert checks(work, offline=True)["state"].state == expected


def test_runs_that_go_on_and_runs_that_were_killed(work: Workplace) -> None:
    folder = work.root / ".txojobs" / "locks"
    assert checks(work, offline=True)["runs"].told == "none is running, none was killed"
    with run_lock(folder, "job.acme.test", owner="txojobs run job acme test"):
        found = checks(work, offline=True)["runs"]
        assert found.state == "ok"
        assert f"now running: job.acme.test (process {os.getpid()}" in found.told
        left = (folder / "job.acme.test.lock").read_bytes()
    assert checks(work, offline=True)["runs"].state == "ok"
    (folder / "job.acme.test.lock").write_bytes(left)  # as a killed process leaves it
    found = checks(work, offline=True)["runs"]
    assert found.state == "warning"
    assert "job.acme.test" in found.told
    with run_lock(folder, "job.acme.test", owner="again"):
        pass


def test_publications_that_were_interrupted(work: Workplace) -> None:
    journal = work.root / ".txojobs" / "publish"
    final = work.root / "output" / "a.csv"
    final.parent.mkdir()
    with Publication(journal, run="alive") as publication:
        publication.add(final, stamped=False).write_text("a")
        assert checks(work, offline=True)["publications"].state == "ok", "it is alive"
        (registry,) = journal.glob("*.publication")
        left = registry.read_bytes()
    (journal / "dead.publication").write_bytes(left)
    found = checks(work, offline=True)["publications"]
    assert found.state == "warning"
    assert found.told == "a run that was killed left temporary files behind: dead"
    (journal / "dead.publication").write_bytes(left + b'\n{"commit": []}\n')
    assert "waits to be published: dead" in checks(work, offline=True)["publications"].told
    (journal / "dead.publication").rename(journal / "dead.damaged")
    assert "could not be published" in checks(work, offline=True)["publications"].told


def test_the_snapshot_of_a_service(work: Workplace) -> None:
    missing = checks(work, offline=True)["snapshot"]
    assert (missing.state, missing.example) == ("warning", "txojobs metadata acme test --save")
    folder = work.root / "schemas" / "services"
    folder.mkdir(parents=True)
    (folder / "default.metadata.xml").write_bytes(EDMX)
    found = checks(work, offline=True)["snapshot"]
    assert found.told == "schemas/services/default.metadata.xml, saved today: 1 entity sets"
    (folder / "default.metadata.xml").write_bytes(EDMX[:200])
    assert checks(work, offline=True)["snapshot"].state == "failed"
