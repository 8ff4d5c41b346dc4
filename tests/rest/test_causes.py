"""What leaves the client shows no secret anywhere in its chain, and still says where and why it failed (P5)."""

from __future__ import annotations

import base64
import ssl
import traceback
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from tests.rest import fault_server as fault
from tests.rest import greetings
from tests.rest.fault_server import Connection, FaultServer, Step, answer, says
from tests.rest.faults import LOST, OK_HEAD, UNREADABLE
from txojobs.errors import ApiError, ApiOperationError, TxoBaseError
from txojobs.rest.causes import LibraryError
from txojobs.rest.settings import ApiSettings, AuthSettings, RetrySettings, TimeoutSettings
from txojobs.rest.timing import Timing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from txojobs.rest.client import TxoRestAPI

    Connect = Callable[..., TxoRestAPI]
    Serve = Callable[..., FaultServer]

CANARY = "Zq9xW4vB7nM2&kJ5hG8fD"
SPELLINGS = (
    CANARY,
    quote(CANARY, safe=""),
    CANARY[:12],
    CANARY[13:],
    base64.b64encode(f"me:{CANARY}".encode()).decode(),
)
SIGNED = f"/jobs/7?sig={quote(CANARY, safe='')}&code=Zq9xW4vB7nM2"

KINDS = {
    "key in the query": AuthSettings(type="api-key", secret=CANARY, key_name="subscription", key_in="query"),
    "key in a header": AuthSettings(type="api-key", secret=CANARY, key_name="X-Key"),
    "bearer": AuthSettings(type="bearer", secret=CANARY),
    "basic": AuthSettings(type="basic", username="me", secret=CANARY),
    "a signed Location": AuthSettings(),
}


def echo(before: bytes, after: bytes = b"\r\n\r\n") -> Step:
    """Repeat what was asked, credential and all, where no client looks for it."""

    def step(connection: Connection) -> bool:
        asked = connection.request
        told = f"{asked.target} {asked.headers}".encode("latin-1", "replace")
        connection.sock.sendall(before + told + after)
        return False

    return step


ECHOES = {
    "in the status line": echo(b"HTTP/1.1 "),
    "in place of HTTP": echo(b""),
    "in a header": echo(b"HTTP/1.1 200 OK\r\n"),
    "as size of a chunk": echo(OK_HEAD + b"Transfer-Encoding: chunked\r\n\r\n"),
    "as length": echo(b"HTTP/1.1 200 OK\r\nContent-Length: "),
    "as coding": echo(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Type: "),
    "in broken JSON": echo(OK_HEAD + b"\r\n{", b""),
    "in an error": echo(b"HTTP/1.1 400 Bad\r\n\r\n", b""),
    "in a link": echo(b"HTTP/1.1 307 Go\r\nContent-Length: 0\r\nLocation: http://[", b"]\r\n\r\n"),
}
FAULTS = {**LOST, **UNREADABLE, **ECHOES, "silence": fault.silence_after()}


def parts_of(value: Any, seen: set[int], depth: int = 0) -> Iterator[str]:
    """Yield each text that can be reached from an exception, also by the objects that it holds."""
    if id(value) in seen or depth > 8:
        return
    seen.add(id(value))
    if isinstance(value, str | bytes):
        yield value if isinstance(value, str) else value.decode("latin-1")
        return
    if isinstance(value, BaseException):
        yield f"{value}\n{value!r}\n{value.args!r}"
        yield "".join(traceback.format_exception(value))
        below = [*value.args, value.__cause__, value.__context__, *value.__reduce__()[1:]]
    else:
        below = [*value.items()] if isinstance(value, dict) else []
        below += [*value] if isinstance(value, list | tuple | set) else []
    held = dict(vars(value)) if hasattr(value, "__dict__") and not isinstance(value, type) else {}
    if isinstance(value, TxoBaseError):
        held.pop("operation_url")  # to go on from: it is promised to be there, and shown nowhere
        below = [each for each in below if not isinstance(each, dict)]
    for each in (*below, *held.values()):
        yield from parts_of(each, seen, depth + 1)


def texts_of(error: BaseException) -> str:
    return "\n".join(parts_of(error, set()))


def failed(kind: str, step: Step, serve: Serve, connect: Connect, **options: Any) -> ApiError:
    """Return the error of one call that meets a fault, with a credential of a kind."""
    script = [answer(202, b"", Location=SIGNED), step] if kind == "a signed Location" else [step]
    server = serve(*script)
    client = connect(
        server,
        auth=KINDS[kind],
        retry=RetrySettings(max_retries=0),
        timeouts=TimeoutSettings(request_s=0.3),
        **options,
    )
    with pytest.raises(ApiError) as caught:
        client.get("/x")
    assert any(CANARY[:12] in f"{asked.target} {asked.headers}" for asked in server.requests) or (
        kind == "basic"
    ), "there was something to hide"
    return caught.value


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", FAULTS)
def test_p5_no_secret_is_in_the_chain_of_what_a_fault_raises(
    name: str, kind: str, serve: Serve, connect: Connect
) -> None:
    waits = {"timing": Timing(wait=lambda *_: None)} if name == "silence" else {}
    told = texts_of(failed(kind, FAULTS[name], serve, connect, **waits))
    assert not [each for each in SPELLINGS if each in told], told


def test_p5_nor_of_an_answer_within_an_answer(serve: Serve, connect: Connect) -> None:
    step = echo(b"HTTP/1.1 200 OK\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 ")
    told = texts_of(failed("a signed Location", step, serve, connect))
    assert not [each for each in SPELLINGS if each in told], told
    assert "cannot be read" in told


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "a signed Location"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_p5_nor_of_what_is_never_sent(scheme: str, kind: str, serve: Serve, connect: Connect) -> None:
    deaf_to_tls = serve(answer(200), greeting=greetings.speak_plainly)
    port = fault.closed_port() if scheme == "http" else deaf_to_tls.port
    client = connect(f"{scheme}://127.0.0.1:{port}", auth=KINDS[kind], retry=RetrySettings(max_retries=0))
    with pytest.raises(ApiError) as caught:
        client.get("/x")
    told = texts_of(caught.value)
    assert not [each for each in SPELLINGS if each in told], told
    assert "LibraryError" in told


def test_p5_an_untrusted_certificate_shows_no_key(
    serve: Serve, connect: Connect, private_ca: tuple[Any, str]
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    private_ca[0].issue_cert("127.0.0.1").configure_cert(context)
    server = serve(answer(200), tls=context)
    client = connect(server, auth=KINDS["key in the query"], retry=RetrySettings(max_retries=0))
    with pytest.raises(ApiOperationError, match="not trusted") as caught:
        client.get("/x")
    told = texts_of(caught.value)
    assert not [each for each in SPELLINGS if each in told], told
    assert "certificate verify failed" in told


def test_the_cause_keeps_its_kind_its_words_and_its_frames(connect: Connect) -> None:
    port = fault.closed_port()
    client = connect(
        f"http://127.0.0.1:{port}", auth=KINDS["key in the query"], retry=RetrySettings(max_retries=0)
    )
    with pytest.raises(ApiOperationError) as caught:
        client.get("/x", {"$filter": "No eq 5"})
    cause = caught.value.__cause__
    assert isinstance(cause, LibraryError)
    assert str(cause).startswith("requests.exceptions.ConnectionError: ")
    assert f"port={port}): Max retries exceeded with url: /x?*** (Caused by" in str(cause)
    told = "".join(traceback.format_exception(caught.value))
    for word in ("urllib3.exceptions.MaxRetryError", "refused", "in _exchange", "adapters.py", "in dial"):
        assert word in told, word


def test_what_the_caller_was_handling_stays_the_callers(connect: Connect) -> None:
    client = connect(f"http://127.0.0.1:{fault.closed_port()}", retry=RetrySettings(max_retries=0))
    theirs = ValueError("theirs")

    def mending() -> None:
        try:
            raise theirs
        except ValueError:
            client.get("/x")

    with pytest.raises(ApiOperationError) as caught:
        mending()
    chain: list[BaseException | None] = [caught.value]
    while (last := chain[-1]) is not None:
        chain.append(last.__cause__ or last.__context__)
    assert chain[-2] is theirs
    assert "theirs" in "".join(traceback.format_exception(caught.value))


def test_p5_the_address_that_an_error_names_shows_no_secret(serve: Serve, connect: Connect) -> None:
    link = f"/x?subscription={quote(CANARY, safe='')}&$skiptoken=5&sig=AbCd1234EfGh5678"
    client = connect(serve(answer(404)), auth=KINDS["key in the query"])
    with pytest.raises(ApiError) as caught:
        client.get(link)
    assert (caught.value.url or "").endswith("/x?subscription=***&$skiptoken=5&sig=***")


def test_p5_of_a_poll_the_address_stands_without_its_query(serve: Serve, connect: Connect) -> None:
    error = failed("a signed Location", fault.hang_up, serve, connect)
    assert (error.url or "").endswith("/jobs/7")
    assert (error.operation_url or "").endswith(SIGNED)


def test_p5_a_link_that_leaves_the_service_is_refused_without_its_query(connect: Connect) -> None:
    client = connect("https://a.example", auth=KINDS["key in the query"])
    with pytest.raises(TxoBaseError) as caught:
        client.get(f"/../x?subscription={CANARY}")
    assert CANARY[:12] not in texts_of(caught.value)


def test_a_good_answer_raises_nothing(serve: Serve, connect: Connect) -> None:
    assert connect(serve(says({"fine": True})), auth=KINDS["key in the query"]).get("/x") == {"fine": True}
    assert ApiSettings(base_url="https://a").auth.type == "none"
