"""What `--debug` shows of each request and answer, and what it never shows."""

from __future__ import annotations

import io
import logging
import re
from typing import TYPE_CHECKING

import pytest

from tests.rest.conftest import FakeClock
from tests.rest.fault_server import answer, hang_up, packed, redirect, says
from txojobs.errors import ApiError
from txojobs.logs import start_logging
from txojobs.redact import PASSING, Redactor
from txojobs.rest.settings import AuthSettings, RetrySettings
from txojobs.rest.timing import Limits
from txojobs.rest.transport import Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.rest.fault_server import FaultServer
    from txojobs.rest.client import TxoRestAPI

    Connect = Callable[..., TxoRestAPI]
    Serve = Callable[..., FaultServer]

UNKNOWN = "q7Zt4-Xb19.Kd83_mW2"
"""A secret that nobody has told the redactor, and that it can learn."""
PLAIN = "opensesame"
"""One that nobody would take for a secret but for its place."""
ONCE = RetrySettings(max_retries=0)


class Told:
    """The log file and the console of a run that wants to see its traffic."""

    def __init__(self, path: Path, redactor: Redactor, *, traffic: bool = True) -> None:
        self.path = path
        self.console = io.StringIO()
        self.log = start_logging(path, redactor=redactor, console=self.console, traffic=traffic)

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    def blocks(self) -> list[list[str]]:
        """Return each block without its stamp, level and logger."""
        lines = [re.sub(r"^\S+Z \w+ +txojobs\.rest ", "#", line) for line in self.text.splitlines()]
        found: list[list[str]] = []
        for line in lines:
            if line.startswith("##"):
                found.append([line[1:]])
            elif line.startswith("    "):
                found[-1].append(line[4:])
        return found


@pytest.fixture
def redactor() -> Redactor:
    return Redactor()


@pytest.fixture
def told(tmp_path: Path, redactor: Redactor) -> Iterator[Told]:
    made = Told(tmp_path / "run.log", redactor)
    with made.log:
        yield made


def test_shows_method_address_headers_status_sizes_and_times(
    serve: Serve, connect: Connect, told: Told
) -> None:
    server = serve(says({"value": [1, 2]}, x_note="here"), says({"done": True}, 201))
    client = connect(server)
    client.get("/Customers?$filter=a eq 'b'", headers={"X-Who": "me"})
    client.post("/Customers", {"Name": "Å"})
    asked, answered, sent, created = told.blocks()
    assert asked[0] == f"#1 GET {server.url}/Customers?$filter=a%20eq%20'b'"
    assert "> X-Who: me" in asked
    assert "> Accept: application/json" in asked
    expected = (
        rf"#1 200 OK to GET {server.url}/Customers: 17 bytes, first byte \d+\.\d{{3}} s, "
        rf"whole \d+\.\d{{3}} s, a new connection to 127\.0\.0\.1:{server.port}"
    )
    assert re.fullmatch(expected, answered[0]), answered[0]
    assert answered[1:] == [
        "< Content-Length: 17",
        "< content-type: application/json",
        "< x-note: here",
        '| {"value": [1, 2]}',
    ]
    assert sent[0] == f"#2 POST {server.url}/Customers"
    assert sent[-1] == '| {"Name":"Å"}'
    assert created[0].startswith(f"#2 201 Said to POST {server.url}/Customers: 14 bytes")
    assert "the same connection" in created[0]


def test_times_are_those_of_the_clock(serve: Serve, connect: Connect, told: Told) -> None:
    connect(serve(says({})), timing=FakeClock(tick=0.25).timing()).get("/")
    found = re.search(r"first byte (\S+) s, whole (\S+) s", told.blocks()[1][0])
    assert found is not None
    assert 0 < float(found[1]) < float(found[2])
    assert float(found[1]) % 0.25 == float(found[2]) % 0.25 == 0


def test_packed_answers_tell_both_sizes(serve: Serve, connect: Connect, told: Told) -> None:
    connect(serve(packed(b'{"text": "' + b"x " * 5000 + b'"}'))).get("/")
    head = told.blocks()[1][0]
    size, wire = re.findall(r"([\d,]+) (?:bytes|on the wire)", head)
    assert size == "10,012"
    assert 20 < int(wire) < 500


def test_each_attempt_has_its_blocks_and_a_failure_says_why(
    serve: Serve, connect: Connect, told: Told
) -> None:
    server = serve(hang_up, says({"error": {"message": "busy"}}, 503), says({}))
    connect(server).get("/a")
    heads = [block[0] for block in told.blocks()]
    assert [head.split()[0] for head in heads] == ["#1", "#1", "#2", "#2", "#3", "#3"]
    assert re.match(rf"#1 no answer to GET {server.url}/a, \d\.\d+ s: .*connection broke", heads[1])
    assert " 503 " in heads[3]
    assert " 200 " in heads[5]


def test_only_the_first_kilobyte_is_shown(serve: Serve, connect: Connect, told: Told) -> None:
    words = " ".join(f"w{number:04}" for number in range(5000))
    connect(serve(answer(200, words.encode(), content_type="text/plain"))).get("/")
    *_, excerpt, rest = told.blocks()[1]
    assert excerpt == f"| {words[:1024]}"
    assert rest == "| (and so on: 29,999 bytes in all)"


@pytest.mark.parametrize("at", [*range(990, 1030, 7), 8178, 8188])
def test_a_secret_at_the_cut_is_not_shown_by_half(
    at: int, serve: Serve, connect: Connect, told: Told, redactor: Redactor
) -> None:
    secret = "abcdefghijklmnopqrstuvwxyz"
    redactor.add(secret)
    text = ("- " * 10000)[:at] + secret + "- " * 10000
    connect(serve(answer(200, text.encode(), content_type="text/plain")), redactor=redactor).get("/")
    assert "- - -" in told.text
    assert "abcde" not in told.text


def test_a_secret_cut_off_behind_a_very_long_one_is_not_shown_by_half(
    serve: Serve, connect: Connect, told: Told, redactor: Redactor
) -> None:
    """Hidden, the long one makes room, and what was cut off far behind it would move up into the kilobyte."""
    long, secret = "L0ng" * 2032, "abcde fghij klmno " * 6
    for each in (long, secret):
        redactor.add(each)
    text = f"- {long} {secret} and {'- ' * 5000}"
    connect(serve(answer(200, text.encode(), content_type="text/plain")), redactor=redactor).get("/")
    assert "and so on" in told.text
    assert "abcde" not in told.text


def test_binary_is_only_mentioned(serve: Serve, connect: Connect, told: Told) -> None:
    server = serve(answer(200, b"\x89PNG\0\1\2", content_type="image/png"), answer(200, b"\xff\xfe\xfd"))
    client = connect(server)
    client.request("GET", "/a")
    client.request("GET", "/b")
    assert told.blocks()[1][-1] == "| (7 bytes that are no text: image/png)"
    assert told.blocks()[3][-1] == "| (3 bytes that are no text: no type given)"


def test_foreign_text_cannot_forge_lines_or_command_the_terminal(
    serve: Serve, connect: Connect, told: Told
) -> None:
    body = "a\r\n2026-01-01T00:00:00.000Z INFO forged\n\x1b[2Jb\u202ec\x9b1m".encode()
    connect(serve(answer(200, body, content_type="text/plain", x_evil="\x1b[31mred"))).get("/")
    block = told.blocks()[1]
    assert "< x-evil: \\x1b[31mred" in block
    assert block[-3:] == [
        "| a\\r",
        "| 2026-01-01T00:00:00.000Z INFO forged",
        "| \\x1b[2Jb\\u202ec\\x9b1m",
    ]
    for text in (told.text, told.console.getvalue()):
        assert all(char.isprintable() or char == "\n" for char in text)


HEADERS = {
    "Authorization": f"Bearer {PLAIN}",
    "Proxy-Authorization": f"Basic {PLAIN}",
    "Cookie": f"SAP_SESSION={PLAIN}; other=1",
    "X-CSRF-Token": PLAIN,
    "X-Api-Key": PLAIN,
    "Ocp-Apim-Subscription-Key": PLAIN,
    "X-Functions-Key": PLAIN,
    "X-Shop-Door": PLAIN,  # named by the configuration, and by nothing else
}


@pytest.mark.parametrize("name", HEADERS)
def test_a_secret_header_is_hidden_though_nobody_knows_its_value(
    name: str, serve: Serve, connect: Connect, told: Told
) -> None:
    server = serve(says({}))
    connect(server, auth=AuthSettings(key_name="x-shop-door")).get("/", headers={name: HEADERS[name]})
    assert server.requests[0].headers[name.lower()] == HEADERS[name]
    assert f"> {name}: " in told.text
    assert PLAIN not in told.text + told.console.getvalue()


@pytest.mark.parametrize(
    "option",
    [
        *("sig", "code", "token", "access_token", "api-key", "apikey", "Subscription-Key", "X-Amz-Signature"),
        *("X-Amz-Security-Token", "client_secret", "SharedAccessSignature", "x-shop-door", "sessionid"),
    ],
)
def test_a_signed_address_is_hidden_though_nobody_knows_its_value(
    option: str, serve: Serve, connect: Connect, told: Told
) -> None:
    link = f"/next?first=1&{option}={PLAIN}&last=2"
    echo = f'<a href="{link.replace("&", "&amp;")}">{link}</a> /login?back=%2Fx%3F{option}%3D{PLAIN}'
    server = serve(
        says({"link": link}),
        answer(200, link.replace("&", "\\u0026").encode(), content_type="text/plain"),
        answer(200, echo.encode(), content_type="text/plain"),
        answer(202, b"", Location="{base}" + link),
        says({}),
    )
    client = connect(server, auth=AuthSettings(key_name="x-shop-door"))
    client.get("/a")
    client.get("/b")
    client.get("/c")
    client.get("/d")
    assert server.requests[-1].target == link
    assert f"{option}=" in told.text
    assert "first=1" in told.text
    assert PLAIN not in told.text + told.console.getvalue()


def test_a_location_shows_no_long_value_under_any_name(serve: Serve, connect: Connect, told: Told) -> None:
    where = "/op?api-version=2026-01-31&x=opensesameopensesame"
    connect(serve(answer(202, b"", Operation_Location=where), says({}))).get("/start")
    assert "Operation-Location: /op?api-version=2026-01-31&x=***" in told.text


def test_names_that_only_look_alike_stay_readable(serve: Serve, connect: Connect, told: Told) -> None:
    connect(serve(says({}))).get(
        "/x?$skiptoken=page-7&country-code=SE&keys=a&$select=Code", headers={"X-Keys": "b"}
    )
    assert "$skiptoken=page-7&country-code=SE&keys=a&$select=Code" in told.text
    assert "> X-Keys: b" in told.text


def test_what_a_form_sends_is_hidden(serve: Serve, connect: Connect, told: Told) -> None:
    body = f"code={PLAIN}&client_secret={PLAIN}&client_id=me&assertion={PLAIN}".encode()
    client = connect(serve(says({})))
    client._exchange.run(Request("POST", client.settings.base_url, {}, body), parse=str, limits=Limits())
    assert "client_id=me" in told.text
    assert PLAIN not in told.text


HANDED_OUT = {
    "a cookie": answer(200, b"{}", Set_Cookie=f"S={UNKNOWN}; Path=/; Expires=Wed, 21 Oct 2026 07:28:00 GMT"),
    "a csrf token": answer(200, b"{}", x_csrf_token=UNKNOWN),
    "a token": says({"token_type": "Bearer", "access_token": UNKNOWN, "expires_in": 60}),
    "a refresh token": says({"access_token": "short", "refresh_token": UNKNOWN}),
    "a signed operation": answer(202, b"", Location=f"{{base}}/op?sig={UNKNOWN}"),
    "a signed redirect": redirect(307, f"/op?a=b&code={UNKNOWN}"),
}


@pytest.mark.parametrize("traffic", [True, False])
@pytest.mark.parametrize("what", HANDED_OUT)
def test_what_an_answer_hands_out_is_known_from_then_on(
    what: str, *, traffic: bool, serve: Serve, connect: Connect, tmp_path: Path, redactor: Redactor
) -> None:
    """In the places where it stands, and wherever else it turns up: also while nothing is told at DEBUG."""
    told = Told(tmp_path / "run.log", redactor, traffic=traffic)
    echo = says({"error": {"code": "Oops", "message": f"bad: {UNKNOWN}!"}}, 400)
    client = connect(serve(HANDED_OUT[what], echo), redactor=redactor, retry=ONCE)
    with told.log:
        with pytest.raises(ApiError, match=r"bad: \*\*\*!") as caught:  # noqa: PT012  # which of the two depends on `what`
            client.get("/a")
            client.get("/b")
        told.log.logger.error("failed", exc_info=caught.value)
    assert UNKNOWN not in told.text + told.console.getvalue()
    assert redactor.clean(f"<{UNKNOWN}>") == "<***>"


@pytest.mark.parametrize("place", ["header", "address"])
def test_a_secret_of_the_request_is_known_from_then_on(
    place: str, serve: Serve, connect: Connect, redactor: Redactor
) -> None:
    """A job's own header, or the signed link to the next page."""
    server = serve(says({"error": {"code": "Oops", "message": f"bad: {UNKNOWN}!"}}, 400))
    url = f"/a?sig={UNKNOWN}" if place == "address" else "/a"
    headers = {"X-Shop-Token": UNKNOWN} if place == "header" else {}
    with pytest.raises(ApiError, match=r"bad: \*\*\*!"):
        connect(server, redactor=redactor).get(url, headers=headers)


@pytest.mark.parametrize(
    "word",
    [
        *("accepted", "customers", "acme-prod", "sap-client=100", "true", "2026-01-15"),
        *("SharedAccessSignature", "acceptAllCookiesOfThisShop", "ONLY-CAPITALS-HERE", "2026-01-15T14:30Z"),
    ],
)
def test_a_plain_word_is_not_taken_for_a_secret(
    word: str, serve: Serve, connect: Connect, redactor: Redactor
) -> None:
    connect(serve(answer(200, b"{}", Set_Cookie=f"consent={word}")), redactor=redactor).get(f"/a?key={word}")
    assert redactor.clean(f"<{word}>") == f"<{word}>"


@pytest.mark.parametrize("secret", ["kXWqbZtRMYplsVDn", "0f9c2b7a11d84e55", "a7Zt4-Xb19.Kd83_m"])
def test_what_a_machine_made_is_taken_for_a_secret(
    secret: str, serve: Serve, connect: Connect, redactor: Redactor
) -> None:
    connect(serve(answer(200, b"{}", Set_Cookie=f"session={secret}")), redactor=redactor).get("/a")
    assert redactor.clean(f"<{secret}>") == "<***>"


def test_a_new_cookie_with_each_answer_does_not_grow_for_ever(
    serve: Serve, connect: Connect, redactor: Redactor
) -> None:
    redactor.add("the-lasting-secret")
    cookies = [f"{UNKNOWN}x{number}" for number in range(PASSING + 30)]
    steps = [answer(200, b"{}", Set_Cookie=f"S={cookie}") for cookie in cookies]
    client = connect(serve(*steps), redactor=redactor)
    for _ in cookies:
        client.get("/")
    assert redactor.clean(cookies[-1]) == "***"
    assert redactor.clean(cookies[-PASSING]) == "***"
    assert len(redactor._passing) == PASSING
    assert redactor.clean("the-lasting-secret") == "***"


def test_a_cookie_in_use_outlives_those_that_come_and_go(
    serve: Serve, connect: Connect, redactor: Redactor
) -> None:
    steps = [answer(200, b"{}", Set_Cookie=f"T={UNKNOWN}x{number}") for number in range(PASSING + 30)]
    client = connect(serve(answer(200, b"{}", Set_Cookie=f"S={UNKNOWN}"), *steps), redactor=redactor)
    for _ in (0, *steps):
        client.get("/")
    assert redactor.clean(f"<{UNKNOWN}>") == "<***>"


def test_nothing_is_told_unless_asked_for(serve: Serve, connect: Connect, tmp_path: Path) -> None:
    quiet = Told(tmp_path / "quiet.log", Redactor(), traffic=False)
    with quiet.log:
        assert not logging.getLogger("txojobs.rest").isEnabledFor(logging.DEBUG)
        connect(serve(says({}))).get("/")
        quiet.log.logger.debug("a step may still speak")
    assert quiet.text.count("\n") == 1
    assert "a step may still speak" in quiet.text
    assert not quiet.console.getvalue()


def test_a_run_that_does_not_ask_hears_nothing_of_one_that_does(
    serve: Serve, connect: Connect, tmp_path: Path
) -> None:
    before = logging.getLogger("txojobs.rest").level
    loud = Told(tmp_path / "loud.log", Redactor())
    quiet = Told(tmp_path / "quiet.log", Redactor(), traffic=False)
    with quiet.log:
        connect(serve(says({}))).get("/")  # in the context of the run that was opened last
    with loud.log:
        assert quiet.text == ""
        assert logging.getLogger("txojobs.rest").level == logging.DEBUG
    assert logging.getLogger("txojobs.rest").level == before


def test_the_console_shows_it_too(serve: Serve, connect: Connect, told: Told) -> None:
    server = serve(says({}))
    connect(server).get("/a")
    lines = told.console.getvalue().splitlines()
    assert lines[0] == f"DEBUG: #1 GET {server.url}/a"
    assert "    > Accept: application/json" in lines
    assert "    | {}" in lines


def test_handlers_of_others_see_whole_blocks_without_secrets(
    serve: Serve, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, "txojobs.rest"):
        connect(serve(answer(200, b"a\nb", content_type="text/plain"))).get(f"/a?ticket={PLAIN}")
    assert "ticket=" in caplog.messages[0]
    assert caplog.messages[1].endswith("\n    | a\n    | b")
    assert PLAIN not in caplog.text
