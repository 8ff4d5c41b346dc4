"""A token on disk: one request for many runs, readable to its owner only, and never trusted blindly."""

from __future__ import annotations

import json
import os
import stat
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.rest.fault_server import FaultServer, says
from tests.rest.identity_service import IdentityService, anyone, guarded, in_threads
from txojobs.errors import ConfigurationError, RunCancelledError
from txojobs.file_lock import lock_at
from txojobs.redact import Redactor
from txojobs.rest.client import TxoRestAPI
from txojobs.rest.settings import ApiSettings, AuthSettings
from txojobs.rest.timing import Timing
from txojobs.rest.token_file import LOCK_PATIENCE_S, TokenFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.rest.conftest import FakeClock

    Serve = Callable[..., FaultServer]
    Run = Callable[..., TxoRestAPI]

posix = pytest.mark.skipif(os.name == "nt", reason="on Windows the folder's own permissions decide")


@pytest.fixture
def wall(clock: FakeClock) -> Timing:
    """Time of which the wall clock goes with the monotonic one."""
    return replace(clock.timing(), wall_clock=lambda: 1_700_000_000.0 + clock.now)


@pytest.fixture
def run(serve: Serve, authority: IdentityService, wall: Timing, tmp_path: Path) -> Iterator[Run]:
    """Make clients as later runs would, each with no memory but the state folder."""
    made: list[TxoRestAPI] = []

    def make(
        server: FaultServer | None = None,
        *,
        redactor: Redactor | None = None,
        cancel: Any = None,
        timing: Timing = wall,
        **auth: Any,
    ) -> TxoRestAPI:
        settings = ApiSettings(
            base_url=(server or serve(anyone)).url,
            ca_bundle=authority.ca,
            state_dir=tmp_path / "state",
            auth=AuthSettings(
                type="oauth2",
                kept_in="file",
                **{"token_url": authority.token_url, "client_id": "app", "secret": "cl1ent-s3cret", **auth},
            ),
        )
        made.append(TxoRestAPI(settings, timing=timing, redactor=redactor, cancel=cancel))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def tokens(tmp_path: Path) -> Path:
    return tmp_path / "state" / "tokens"


def kept(tokens: Path) -> Path:
    """Return the one file with a token."""
    (found,) = tokens.glob("*.json")
    return found


def test_a_later_run_uses_the_token_of_an_earlier_one(
    run: Run, authority: IdentityService, clock: FakeClock
) -> None:
    for _ in range(3):
        run().get("/a")
        clock.now += 1000
    assert authority.tokens == 1
    clock.now += 301
    run().get("/a")
    assert authority.tokens == 2
    run().get("/a")
    assert authority.tokens == 2


@pytest.mark.parametrize(
    "other",
    [{"client_id": "another"}, {"scope": "another"}, {"parameters": (("audience", "another"),)}],
    ids=str,
)
def test_each_application_and_scope_has_a_token_of_its_own(
    other: dict[str, Any], run: Run, authority: IdentityService, tokens: Path
) -> None:
    run().get("/a")
    run(**other).get("/a")
    assert authority.tokens == 2
    assert len(list(tokens.glob("*.json"))) == 2


def test_msal_and_token_urls_keep_their_tokens_alike(
    run: Run, authority: IdentityService, tokens: Path
) -> None:
    for _ in range(2):
        run(token_url="", authority=authority.url, scope="s").get("/a")
    assert authority.tokens == 1
    assert json.loads(kept(tokens).read_text())["for"]["from"] == authority.url


@posix
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_p5_file_and_folder_are_for_their_owner_only(
    umask: int, run: Run, tokens: Path, caplog: pytest.LogCaptureFixture
) -> None:
    before = os.umask(umask)
    try:
        run().get("/a")
    finally:
        os.umask(before)
    modes = {
        path.name: stat.S_IMODE(path.stat().st_mode) for path in (tokens.parent, tokens, *tokens.iterdir())
    }
    assert modes == {name: 0o700 if name in ("state", "tokens") else 0o600 for name in modes}
    assert len(modes) == 4, "state, tokens, the token, its lock"
    assert not caplog.records, "it was so from the beginning"


@posix
def test_p5_a_folder_that_others_can_look_into_is_closed(
    run: Run, tokens: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tokens.mkdir(parents=True)
    tokens.chmod(0o755)
    run().get("/a")
    assert stat.S_IMODE(tokens.stat().st_mode) == 0o700
    assert "others could look into" in caplog.text


def test_p5_the_file_holds_no_secret_but_the_token(
    run: Run, authority: IdentityService, tokens: Path
) -> None:
    authority.more = {"refresh_token": "refr3sh-me"}
    run(parameters=(("audience", "x"),)).get("/a")
    text = kept(tokens).read_text()
    assert "token-1" in text
    assert "cl1ent" not in text
    assert "refr3sh" not in text


def test_p5_a_token_from_the_file_is_known_to_the_redactor(run: Run) -> None:
    run().get("/a")
    redactor = Redactor()
    run(redactor=redactor).get("/a")
    assert redactor.clean("token-1") == "***"


def damaged(text: str) -> Callable[[Path], None]:
    return lambda path: (path.write_text(text), None)[1]


def changed(**members: object) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        path.write_text(json.dumps({**json.loads(path.read_text()), **members}))

    return change


def replaced_by_a_link(path: Path) -> None:
    elsewhere = path.with_name("elsewhere")
    path.rename(elsewhere)
    path.symlink_to(elsewhere)


def replaced_by_a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path, 0o600)


DISTRUSTED: dict[str, tuple[Callable[[Path], None], str]] = {
    "empty": (damaged(""), "it is damaged"),
    "cut": (damaged('{"version": 1, "access_to'), "it is damaged"),
    "no object": (damaged("[1]"), "it is damaged"),
    "deep": (damaged("[" * 100_000), "it is damaged"),
    "no bytes of text": (lambda path: (path.write_bytes(b"\xff\xfe\x00"), None)[1], "it is damaged"),
    "no token": (changed(access_token=7), "it is damaged"),
    "empty token": (changed(access_token=""), "it is damaged"),
    "no moment": (changed(expires_at="soon"), "it is damaged"),
    "no end": (changed(expires_at=float("inf")), "it is damaged"),
    "another version": (changed(version=2), "of another kind"),
    "another application": (changed(**{"for": {"client": "evil"}}), "of another kind or application"),
}
if os.name != "nt":
    DISTRUSTED |= {
        "readable": (lambda path: path.chmod(0o644), "other users can read or write it"),
        "writable": (lambda path: path.chmod(0o622), "other users can read or write it"),
        "link": (replaced_by_a_link, "symbolic links"),
        "pipe": (replaced_by_a_pipe, "it is no ordinary file"),
    }


@pytest.mark.parametrize("name", DISTRUSTED)
def test_what_is_damaged_or_open_to_others_is_replaced_and_the_log_says_so(
    name: str, run: Run, authority: IdentityService, tokens: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run().get("/a")
    change, why = DISTRUSTED[name]
    path = kept(tokens)
    change(path)
    assert run().get("/a") == {"fine": True}
    assert authority.tokens == 2
    assert f"{path} is not used: " in caplog.text
    assert why in caplog.text
    assert "token-1" not in caplog.text
    assert json.loads(path.read_text())["access_token"] == "token-2"
    assert not path.is_symlink()
    if os.name != "nt":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    run().get("/a")
    assert authority.tokens == 2


def test_what_a_crash_left_beside_it_is_in_nobodys_way(
    run: Run, authority: IdentityService, tokens: Path
) -> None:
    run().get("/a")
    kept(tokens).with_suffix(".new").write_text("half a tok")
    kept(tokens).unlink()
    run().get("/a")
    run().get("/a")
    assert authority.tokens == 2
    assert sorted(path.suffix for path in tokens.iterdir()) == [".json", ".lock"]


def test_a_clock_that_was_set_back_lengthens_no_life(
    run: Run, authority: IdentityService, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    clock.now += 10_000
    run().get("/a")
    clock.now -= 3
    run().get("/a")
    assert authority.tokens == 1, "a small correction is no reason"
    clock.now -= 5000
    run().get("/a")
    assert authority.tokens == 2
    assert "the clock was set back" in caplog.text


def test_a_token_that_the_service_refused_is_not_taken_from_the_file_again(
    run: Run, serve: Serve, authority: IdentityService, tokens: Path
) -> None:
    run().get("/a")
    server = serve(guarded(lambda: "token-2"))
    assert run(server).get("/a") == {"fine": True}
    assert authority.tokens == 2
    assert json.loads(kept(tokens).read_text())["access_token"] == "token-2"


def test_of_two_runs_whose_token_is_refused_one_asks_for_a_new_one(
    run: Run, serve: Serve, authority: IdentityService
) -> None:
    accepted = ["token-1"]
    server = serve(guarded(lambda: accepted[0]))
    first, second = run(server), run(server)
    for client in (first, second):
        client.get("/a")
    accepted[0] = "token-2"
    assert first.get("/a") == second.get("/a") == {"fine": True}
    assert authority.tokens == 2


def test_eight_clients_of_one_process_make_one_token_request(run: Run, authority: IdentityService) -> None:
    clients = [run(timing=Timing()) for _ in range(8)]
    each = iter(clients)
    lock = threading.Lock()

    def ask() -> Any:
        with lock:
            client = next(each)
        return client.get("/a")

    assert in_threads(8, ask) == [{"fine": True}] * 8
    assert authority.tokens == 1


@pytest.mark.parametrize("lifetime", [None, 0])
def test_a_token_without_an_end_or_a_life_serves_no_other_run(
    lifetime: object, run: Run, authority: IdentityService, caplog: pytest.LogCaptureFixture
) -> None:
    authority.expires_in = lifetime
    for _ in range(2):
        run().get("/a")
    assert authority.tokens == 2
    assert not caplog.records


def test_a_disk_that_cannot_be_written_costs_a_request_and_no_run(
    run: Run, authority: IdentityService, tokens: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tokens.parent.mkdir()
    tokens.write_text("a file in the place of the folder")
    for _ in range(2):
        assert run().get("/a") == {"fine": True}
    assert authority.tokens == 2
    assert "the token is not kept in" in caplog.text


def test_a_name_that_cannot_be_taken_costs_a_request_and_no_run(
    run: Run, tokens: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run().get("/a")
    path = kept(tokens)
    path.unlink()
    path.mkdir()
    (path / "occupied").touch()
    assert run().get("/a") == {"fine": True}
    assert "the token cannot be kept in" in caplog.text
    assert list(tokens.glob("*.new")) == []


def held_by_another(tokens: Path) -> int:
    path = next(tokens.glob("*.lock"))
    descriptor = os.open(path, os.O_RDWR)
    assert lock_at(path, descriptor)
    return descriptor


def test_p6_the_wait_for_another_process_ends(
    run: Run, authority: IdentityService, tokens: Path, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    run().get("/a")
    descriptor = held_by_another(tokens)
    started = clock.now
    try:
        assert run().get("/a") == {"fine": True}
    finally:
        os.close(descriptor)
    assert authority.tokens == 2
    assert clock.now - started == pytest.approx(LOCK_PATIENCE_S, abs=1)
    assert "not waiting for it" in caplog.text


def test_a_run_that_is_stopped_waits_for_no_other_process(run: Run, tokens: Path) -> None:
    run().get("/a")
    descriptor = held_by_another(tokens)
    cancel = threading.Event()
    client = run(cancel=cancel)
    cancel.set()
    try:
        with pytest.raises(RunCancelledError):
            client.get("/a")
    finally:
        os.close(descriptor)


@pytest.mark.parametrize("by_variable", [False, True])
def test_the_state_folder_of_the_current_workspace_is_the_default(
    serve: Serve,
    authority: IdentityService,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    by_variable: bool,
) -> None:
    (tmp_path / "jobs").mkdir()
    monkeypatch.chdir(tmp_path)
    if by_variable:
        monkeypatch.setenv("TXOJOBS_STATE", str(tmp_path / "elsewhere"))
    auth = AuthSettings(
        type="oauth2", kept_in="file", secret="s3cret", token_url=authority.token_url, client_id="app"
    )
    client = TxoRestAPI(ApiSettings(base_url=serve(says({})).url, ca_bundle=authority.ca, auth=auth))
    client.get("/a")
    client.close()
    folder = tmp_path / ("elsewhere" if by_variable else ".txojobs") / "tokens"
    assert len(list(folder.glob("*.json"))) == 1


def test_without_a_workspace_there_is_no_place_for_a_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    auth = AuthSettings(
        type="oauth2", kept_in="file", secret="s3cret", token_url="https://a/token", client_id="app"
    )
    with pytest.raises(ConfigurationError, match="no workspace found"):
        TxoRestAPI(ApiSettings(base_url="https://a", auth=auth))


def test_facts_in_another_order_are_the_same_file(tmp_path: Path) -> None:
    one = TokenFile(tmp_path, {"from": "a", "client": "b"}, Timing())
    other = TokenFile(tmp_path, {"client": "b", "from": "a"}, Timing())
    assert one.path == other.path
