"""Promise P5, byte by byte: thirty and more runs of the real command, and no part of a secret in what they leave.

Each place that holds a secret holds one that nothing else has (canary.py). The service repeats what it is told, in
every spelling; the runs succeed, fail, crash and are interrupted, with and without --debug. Searched are both
streams, logs, reports, state, outputs, temporary files, command lines, and what child processes are given.
"""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.engine import sweeping
from tests.engine.canary import WINDOW, canary, files_below, found_in
from tests.engine.sweeping import CRASHES, REFUSES, REPEATS, SPEAKS, STUMBLES, Aviary
from tests.engine.workplace import Done
from tests.rest.fault_server import answer, hang_up, page, says, silence_after

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.engine.sweeping import Repeat
    from tests.rest.fault_server import Connection, Step

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="reads /proc, and passes odd letters in variables"
)

JOB = """\
version: 1
steps:
  - id: customers
    api: API
    fetch: {entity: Customers, key: [Id]}
  - filter: Balance > 0
  - save: customers.csv
"""
APIS = ("header", "query", "basic", "default", "oauth", "kept", "cert")
WORDS = ((), ("--debug",), ("--json",), ("--debug", "--json"), ("--dry-run", "--debug"), ("--quiet",))


@pytest.fixture
def aviary(tmp_path: Path) -> Iterator[Aviary]:
    with Aviary(tmp_path) as made:
        yield made


def job(api: str) -> str:
    return JOB.replace("API", api)


@pytest.mark.parametrize("number", range(len(REPEATS)), ids=list(REPEATS))
def test_p5_what_a_service_repeats_is_found_nowhere(number: int, aviary: Aviary) -> None:
    """Each spelling meets another kind of credential, once with --debug and once without."""
    repeat = REPEATS[list(REPEATS)[number]]
    api = APIS[number % len(APIS)]
    aviary.step = lambda connection: repeat(aviary.known(connection))(connection)
    aviary.work.job(job(api))
    for words in (("--debug",), WORDS[number % len(WORDS)]):
        done = aviary.command("run", "job", "acme", "test", *words)
        assert done.code in (1, 2, 3), done
        assert aviary.leaks(done) == [], done
    assert aviary.service.requests, "nothing was repeated"


@pytest.mark.parametrize("words", [("--json",), ("--debug",)], ids=" ".join)
@pytest.mark.parametrize("api", APIS)
def test_p5_a_good_run_leaves_no_secret(api: str, words: tuple[str, ...], aviary: Aviary) -> None:
    aviary.step = pages_with_secrets(aviary)
    aviary.work.job(job(api))
    done = aviary.command("run", "job", "acme", "test", *words)
    assert done.code == 0, done
    assert len(aviary.service.requests) >= 2
    assert aviary.leaks(done) == [], done
    if api == "kept":
        tokens = files_below(aviary.work.root / ".txojobs" / "tokens")
        assert found_in(tokens, aviary.canaries.values()), "the one place where a token may lie"


def pages_with_secrets(aviary: Aviary, *, last: Repeat | None = None) -> Step:
    """Hand out a cookie, a CSRF token and a signed link, then end, or repeat them."""

    def step(connection: Connection) -> bool:
        if "sig=" not in connection.request.target:
            link = f"{connection.base}/api/Customers?door=x&sig={aviary['link']}"
            found = page({"Id": 1, "Name": "a", "Balance": 5}, next_link=link)
            return with_headers(
                found, Set_Cookie=f"S={aviary['cookie']}; Path=/", X_CSRF_Token=aviary["csrf"]
            )(connection)
        if last is None:
            return page({"Id": 2, "Name": "b", "Balance": 6})(connection)
        handed_out = [aviary[slot] for slot in ("cookie", "csrf", "link", "token", "refresh")]
        return last([*aviary.known(connection), *handed_out])(connection)

    return step


def with_headers(step: Step, **headers: str) -> Step:
    """Add headers to a whole answer."""

    def sent(connection: Connection) -> bool:
        sock = connection.sock
        more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())

        class Adding:
            def sendall(self, data: bytes) -> None:
                head, _, body = data.partition(b"\r\n")
                sock.sendall(head + b"\r\n" + more.encode("latin-1") + body)

        connection.sock = Adding()  # type: ignore[assignment]  # all that a step needs of a socket
        try:
            return step(connection)
        finally:
            connection.sock = sock

    return sent


def test_a_killed_run_keeps_only_the_link_that_it_needs_to_go_on(aviary: Aviary) -> None:
    """What a page says is kept, its signed link to the next one too, for nobody but the owner; no header is."""
    first = pages_with_secrets(aviary)

    def step(connection: Connection) -> bool:
        if "sig=" in connection.request.target and aviary.process is not None:
            aviary.process.kill()
            return hang_up(connection)
        return with_headers(first, X_Session_Token=aviary["token"])(connection)

    aviary.step = step
    aviary.work.job(job("header"))
    done = aviary.command("run", "job", "acme", "test", "--debug")
    assert done.code < 0, done
    assert aviary.leaks(done) == [], done
    assert [aviary["link"].encode() in text for text in aviary.kept_answers()] == [True]
    made = [path for path in (aviary.work.root / ".txojobs" / "resume").rglob("*") if path.is_file()]
    assert {path.stat().st_mode & 0o077 for path in made} == {0}


@pytest.mark.parametrize("repeat", ["json", "folded", "html", "at_the_cut"])
@pytest.mark.parametrize("words", [(), ("--debug",)], ids=" ".join)
def test_p5_what_a_service_has_handed_out_itself_is_found_nowhere(
    repeat: str, words: tuple[str, ...], aviary: Aviary
) -> None:
    aviary.step = pages_with_secrets(aviary, last=REPEATS[repeat])
    aviary.work.job(job("oauth"))
    done = aviary.command("run", "job", "acme", "test", *words)
    assert done.code == 1, done
    assert "sig=" in aviary.service.requests[1].target
    assert aviary.leaks(done) == [], done


@pytest.mark.parametrize("words", [(), ("--debug",)], ids=" ".join)
def test_p5_a_signed_location_is_found_nowhere(words: tuple[str, ...], aviary: Aviary) -> None:
    def step(connection: Connection) -> bool:
        if "/operation" not in connection.request.target:
            return answer(202, b"", Location=f"{{base}}/operation/7?sig={aviary['location']}")(connection)
        told = [connection.request.target, aviary["location"], aviary["header"]]
        return REPEATS["json"](told)(connection)

    aviary.step = step
    aviary.work.job(job("header"))
    done = aviary.command("run", "job", "acme", "test", *words)
    assert done.code == 1, done
    assert "operation" in aviary.service.requests[-1].target
    assert aviary.leaks(done) == [], done


@pytest.mark.parametrize("repeat", ["json", "plain", "html", "folded", "without_http", "in_headers"])
@pytest.mark.parametrize("api", ["oauth", "kept", "cert"])
def test_what_an_identity_service_repeats_is_found_nowhere(api: str, repeat: str, aviary: Aviary) -> None:
    def refuse(connection: Connection) -> bool:
        words = aviary.known(connection)
        if repeat == "json":
            told = {"error": "invalid_client", "error_description": " ".join(words)}
            return says(told, 401)(connection)
        return REPEATS[repeat](words)(connection)

    aviary.token_step = refuse
    aviary.work.job(job(api))
    done = aviary.command("run", "job", "acme", "test", "--debug")
    assert done.code == 1, done
    assert aviary.identity.requests
    assert aviary.leaks(done) == [], done


@pytest.mark.parametrize("words", [(), ("--debug",), ("--json",), ("--dry-run",)], ids=" ".join)
@pytest.mark.parametrize("steps", ["crashes", "refuses", "speaks"])
def test_a_step_that_tells_secrets_tells_nobody(steps: str, words: tuple[str, ...], aviary: Aviary) -> None:
    """A bug with secrets in its exception, an error that shows them, a log call with them."""
    source = CRASHES + REFUSES + SPEAKS
    plugins = aviary.work.plugin(source, crashes="Crashes", refuses="Refuses", speaks="Speaks")
    aviary.work.numbers("n.jsonl", 3)
    aviary.work.steps(f"  - load: data/n.jsonl\n  - {steps}: {{}}\n  - save: n.csv\n")
    done = aviary.command("run", "job", "acme", "test", *words, PYTHONPATH=str(plugins))
    assert done.code == {"crashes": 70, "refuses": 1, "speaks": 0}[steps], done
    assert aviary.leaks(done) == [], done


@pytest.mark.parametrize(
    "words", [("validate",), ("run", "job", "acme", "test"), ("show", "job")], ids=" ".join
)
def test_p5_a_bug_outside_of_a_run_tells_no_secret(words: tuple[str, ...], aviary: Aviary) -> None:
    plugins = aviary.work.plugin(STUMBLES, stumbles="Stumbles")
    aviary.work.numbers("n.jsonl", 3)
    aviary.work.steps("  - load: data/n.jsonl\n  - stumbles: {}\n  - save: n.csv\n")
    done = aviary.command(*words, PYTHONPATH=str(plugins))
    assert done.code == 70, done
    assert any("a bug with" in text.decode() for text in files_below(aviary.temp).values())
    assert aviary.leaks(done) == [], done


@pytest.mark.parametrize("number", [sweeping.INTERRUPT, sweeping.TERMINATE])
def test_an_interrupted_run_leaves_no_secret(number: int, aviary: Aviary) -> None:
    head = f"HTTP/1.1 200 OK\r\nSet-Cookie: S={aviary['cookie']}\r\nContent-Length: 99\r\n\r\n".encode()
    aviary.step = silence_after(head + aviary["query"].encode())
    aviary.work.job(job("query"))
    done = aviary.command("run", "job", "acme", "test", "--debug", signal_number=number)
    assert done.code == 128 + number, done
    assert aviary.leaks(done) == [], done


def test_a_lost_answer_leaves_no_secret(aviary: Aviary) -> None:
    aviary.step = hang_up
    aviary.work.job(job("query"))
    done = aviary.command("run", "job", "acme", "test", "--debug")
    assert done.code == 1, done
    assert "no answer" in done.err
    assert aviary.leaks(done) == [], done


@pytest.mark.parametrize("repeat", ["json", "html", "in_a_redirect"])
def test_the_password_of_a_proxy_is_found_nowhere(repeat: str, aviary: Aviary) -> None:
    from urllib.parse import quote  # noqa: PLC0415

    password = aviary["proxy"]
    aviary.step = lambda connection: REPEATS[repeat](
        [connection.request.headers["proxy-authorization"], password]
    )(connection)
    aviary.work.job(job("far"))
    proxy = aviary.service.url.replace("://", f"://ann:{quote(password, safe='')}@")
    done = aviary.command("run", "job", "acme", "test", "--debug", HTTP_PROXY=proxy, http_proxy=proxy)
    assert done.code == 1, done
    assert "proxy-authorization" in aviary.service.requests[0].headers
    assert aviary.leaks(done) == [], done


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="looks at children through /proc")
def test_a_child_process_is_given_no_secret(aviary: Aviary) -> None:
    """The demo service is a child; while it serves, the run asks us, too, and we look at both."""
    aviary.step = page({"Id": 1, "Name": "a", "Balance": 5})
    both = job("demo").replace("Id]", "CustomerNo]").replace("Balance", "BalanceDue")
    again = "  - id: ours\n    api: header\n    fetch: {entity: Customers, key: [Id]}\n  - save: ours.csv\n"
    aviary.work.job(both + again)
    done = aviary.command("run", "job", "acme", "test")
    assert done.code == 0, done
    assert aviary.witness.children, "nobody saw the child"
    assert aviary.leaks(done) == [], done


@pytest.mark.parametrize(
    "words",
    [
        ("config", "acme", "test"),
        ("config", "acme", "test", "--json"),
        ("show", "job", "acme", "test"),
        ("validate",),
        ("metadata", "acme", "test", "--api", "header"),
        ("doctor", "acme", "test"),
        ("doctor", "acme", "test", "--json"),
    ],
    ids=" ".join,
)
def test_other_commands_show_no_secret(words: tuple[str, ...], aviary: Aviary) -> None:
    aviary.step = lambda connection: REPEATS["json"](aviary.known(connection))(connection)
    aviary.work.job(job("header"))
    done = aviary.command(*words)
    assert aviary.leaks(done) == [], done


SCRIPT = """
from txojobs.config import load_config
from txojobs.logs import hide_in_script_logs, setup_logger
from txojobs.rest.factory import create_rest_api
from txojobs.workspace import Workspace

config = load_config(Workspace.find(), "acme", "test")
log = setup_logger("acme")
hide_in_script_logs(config.secret_values())
api = create_rest_api(config, api="header")
try:
    api.post("Customers", {"Name": "a"})
except Exception as err:
    log.exception("it failed: %s", err)
    log.error("with %s", config["_header_api_key"])
    print(err, getattr(err, "how_to_fix", ""))
"""


def test_a_script_and_its_csrf_token(aviary: Aviary) -> None:
    def step(connection: Connection) -> bool:
        headers = connection.request.headers
        if connection.request.method == "GET":
            return answer(200, b"{}", X_CSRF_Token=aviary["csrf"])(connection)
        if "x-csrf-token" not in headers:
            return answer(403, b"", X_CSRF_Token="Required")(connection)
        words = [
            word for word in aviary.known(connection) if word != aviary["bearer"]
        ]  # it is not told of it
        return REPEATS["json"]([*words, aviary["csrf"]])(connection)

    aviary.step = step
    aviary.started.set()
    ran = aviary.work.python(SCRIPT)
    assert "it failed" in ran.stderr, ran
    assert aviary.service.requests[-1].headers["x-csrf-token"] == aviary["csrf"]
    done = Done(ran.returncode, ran.stdout, ran.stderr)
    assert aviary.leaks(done) == [], done


# ---- the sweep itself


SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it is": lambda text: text,
    "half of it": lambda text: text[: len(text) // 2 + 2],
    "over two lines": lambda text: f"{text[:12]}\n{text[12:]}",
    "over two lines of a debug log": lambda text: f"{text[:12]}\n    | {text[12:]}",
    "over two lines in JSON": lambda text: json.dumps(f"{text[:12]}\r\n{text[12:]}"),
    "in Base64": lambda text: base64.b64encode(f"ann:{text}".encode()).decode(),
    "in folded Base64": lambda text: base64.encodebytes(b"x" * 45 + text.encode()).decode(),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_the_sweep_finds_a_secret(spelling: str, tmp_path: Path) -> None:
    secret = canary("slot", "a+", "&b")
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "file.log").write_text(f"before {SPELLINGS[spelling](secret.value)} after")
    assert found_in(files_below(tmp_path / "made"), [secret]) == ["slot in made/file.log"]


def test_the_sweep_finds_nothing_where_there_is_nothing(tmp_path: Path) -> None:
    secret = canary("slot")
    (tmp_path / "file.log").write_text(f"{secret.core[: WINDOW - 1]}-{canary('other').value}")
    assert found_in(files_below(tmp_path), [secret]) == []


def test_the_sweep_finds_what_nobody_hides(aviary: Aviary) -> None:
    """A secret that no run was told of is seen on the screen, in log, report and debug log."""
    free = canary("free")
    aviary.canaries = {"free": free, **aviary.canaries}
    aviary.step = REPEATS["json"]([free.value])
    aviary.work.job(job("header"))
    done = aviary.command("run", "job", "acme", "test", "--debug")
    places = {leak.rpartition(" in ")[2] for leak in aviary.leaks(done)}
    assert "stderr" in places
    assert any(place.endswith(".log") for place in places)
    assert any(place.endswith(".json") for place in places)
