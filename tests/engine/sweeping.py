"""A workspace with a canary in each place that holds a secret, and a service that repeats whatever it is told."""

from __future__ import annotations

import base64
import html
import json
import re
import signal
import ssl
import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote

import trustme
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from tests.engine.canary import Canary, Witness, canary, files_below, found_in
from tests.engine.workplace import Done, Workplace, third_party
from tests.rest.fault_server import FaultServer, Step, answer, chunked, page, raw, says
from txojobs.state.tape import Tape

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from typing_extensions import Self

    from tests.rest.fault_server import Connection

ODD = '+/&<"%='
"""Letters that are written otherwise in addresses, JSON and HTML."""

CRASHES = third_party(
    "Crashes",
    """
    import os
    names = ("_az_token", "_header_api_key", "_basic_password", "_oauth_client_secret")
    told = " ".join(str(ctx.config[name]) for name in names)
    try:
        raise LookupError(f"inside: {told}")
    except LookupError as err:
        err.add_note(f"note: {told}") if hasattr(err, "add_note") else None
        raise RuntimeError(f"a bug with {told!r}") from err
    """,
)
REFUSES = third_party(
    "Refuses",
    """
    from txojobs.errors import HelpfulError
    key = ctx.config["_header_api_key"]
    raise HelpfulError(f"cannot use {key}", f"replace {key}", f"key: {key}")
    """,
)
SPEAKS = third_party(
    "Speaks",
    """
    key = ctx.config["_header_api_key"]
    ctx.log.warning("the key is %s", key)
    ctx.log.debug("the key is " + key[:9] + "\\n" + key[9:])
    ctx.note("key", key)
    return records
    """,
)
STUMBLES = third_party("Stumbles", "return records").replace(
    "    def run(",
    """
    def check(self, job):
        import os, pathlib
        secrets = pathlib.Path("config/acme-test-config-secrets.json").read_text()
        raise RuntimeError(f"a bug with {secrets} {os.environ['TXO_ACME_TEST_AZ_TOKEN']}")
    def run(""",
)


class Aviary:
    """The workspace, its services and its canaries; leaving it stops the services."""

    def __init__(self, root: Path) -> None:
        self.work = Workplace(root)
        self.temp = root / "temp"
        self.temp.mkdir()
        self.witness = Witness()
        self.process: subprocess.Popen[bytes] | None = None
        self.started = threading.Event()
        self.step: Step = answer(500)
        self.token_step: Step | None = None
        slots = ("header", "query", "basic", "bearer", "client secret", "passphrase", "proxy")
        self.canaries = {slot: canary(slot, f"a{ODD}") for slot in slots}
        self.canaries["bearer"] = canary("bearer", "az.")
        for slot in ("cookie", "csrf", "token", "refresh", "location", "link"):
            self.canaries[slot] = canary(slot, "v-", "~x")
        self._exit = ExitStack()

    def __enter__(self) -> Self:
        ca = trustme.CA()
        ca.cert_pem.write_to_path(str(self.work.root / "config" / "ca.pem"))
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        ca.issue_cert("127.0.0.1").configure_cert(tls)
        self.service = self._exit.enter_context(FaultServer([self._serve]))
        self.identity = self._exit.enter_context(FaultServer([self._give_token], tls=tls))
        self._write_key()
        self._write_configuration()
        return self

    def __exit__(self, *_: object) -> None:
        self._exit.close()

    def __getitem__(self, slot: str) -> str:
        return self.canaries[slot].value

    # -- its files ----------------------------------------------------------------------------------------------

    def _write_key(self) -> None:
        secret = BestAvailableEncryption(self["passphrase"].encode())
        pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, secret)
        path = self.work.root / "config" / "key.pem"
        path.write_bytes(pem)
        path.chmod(0o600)
        line = pem.decode().splitlines()[2]
        self.canaries["private key"] = Canary("private key", pem.decode(), line[:22])

    def _write_configuration(self) -> None:
        token = {"type": "oauth2", "token-url": f"{self.identity.url}/token", "client-id": "app"}
        auths: dict[str, dict[str, str]] = {
            "header": {"type": "api-key", "name": "X-Shop-Door"},
            "query": {"type": "api-key", "name": "door", "in": "query"},
            "basic": {"type": "basic", "username": "ann"},
            "oauth": {**token, "client-authentication": "post"},
            "kept": {**token, "token-cache": "file"},
            "cert": {**token, "certificate": "config/key.pem"},
        }
        common = {"base-url": f"{self.service.url}/api", "ca-bundle": "config/ca.pem"}
        content = {
            "global": {"api-base-url": f"{self.service.url}/api", "auth": {"type": "bearer"}},
            "apis": {
                **{name: {**common, "auth": auth} for name, auth in auths.items()},
                "far": {"base-url": "http://far.example/api", "auth": {"type": "none"}},
                "demo": {"base-url": "demo:", "auth": {"type": "none"}},
            },
            "script-behavior": {
                "retry-strategy": {"max-retries": 0},
                "rate-limiting": {"enabled": False},
                "api-timeouts": {"async-poll-interval": 0.01},
            },
        }
        path = self.work.root / "config" / "acme-test-config.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        self.work.secrets(
            header_api_key=self["header"],
            query_api_key=self["query"],
            basic_password=self["basic"],
            oauth_client_secret=self["client secret"],
            kept_client_secret=self["client secret"],
            cert_certificate_passphrase=self["passphrase"],
        )

    # -- its services -------------------------------------------------------------------------------------------

    def _serve(self, connection: Connection) -> bool:
        self._watch()
        return self.step(connection)

    def _give_token(self, connection: Connection) -> bool:
        self._watch()
        if self.token_step is not None:
            return self.token_step(connection)
        token = {"access_token": self["token"], "refresh_token": self["refresh"], "expires_in": 3600}
        return says({"token_type": "Bearer", **token})(connection)

    def _watch(self) -> None:
        if self.started.wait(30) and self.process is not None:
            self.witness.look(self.process.pid)

    # -- runs ---------------------------------------------------------------------------------------------------

    def command(self, *words: str, signal_number: int = 0, **env: str) -> Done:
        """Run the real command to its end; with `signal_number` that is sent when the first request has come."""
        variables = {"TXO_ACME_TEST_AZ_TOKEN": self["bearer"], "TMPDIR": str(self.temp), **env}
        self.process = self.work.start(*words, env=variables)
        self.started.set()
        try:
            if signal_number:
                while not self.service.requests and self.process.poll() is None:
                    self.started.wait()
                self.process.send_signal(signal_number)
            out, err = self.process.communicate(timeout=60)
        finally:
            self.process.kill()
        return Done(self.process.returncode, out.decode("utf-8"), err.decode("utf-8"))

    def leaks(self, done: Done) -> list[str]:
        """Return which canaries sing where; the places where they live are left out."""
        root = self.work.root
        made = files_below(root, self.temp)
        homes = ("work/config/", "work/.txojobs/tokens/")
        places = {name: content for name, content in made.items() if not name.startswith(homes)}
        places |= {"stdout": done.out.encode(), "stderr": done.err.encode(), **self.witness.seen}
        # for --resume pages are kept as the service sent them, and addresses; of headers none with a secret
        kept = {f"answers {at}": text.partition(b"\n")[0] for at, text in enumerate(self.kept_answers())}
        hidden = [each for each in self.canaries.values() if each.slot != "link"]
        return [*found_in(places, self.canaries.values()), *found_in(kept, hidden)]

    def kept_answers(self) -> list[bytes]:
        """Return what is kept for --resume, unpacked."""
        found: list[bytes] = []
        for path in self.work.root.glob(".txojobs/resume/*/answers"):
            tape = Tape(path)
            found += [tape.find(key) or b"" for key in tuple(tape._places)]
            tape.close()
        return found

    # -- what the service repeats -------------------------------------------------------------------------------

    def known(self, connection: Connection) -> list[str]:
        """Return each secret that came with a request, and those that the service has handed out itself."""
        request = connection.request
        sent = [value for name, value in request.headers.items() if name in HEADERS]
        sent += [value for values in parse_qs(request.target.partition("?")[2]).values() for value in values]
        form = parse_qs(request.body.decode("latin-1"))
        sent += [value for values in form.values() for value in values]
        return [*sent, *(self[slot] for slot in ("header", "basic", "bearer", "client secret"))]


HEADERS = ("authorization", "x-shop-door", "cookie", "x-csrf-token")
Repeat = Callable[[list[str]], Step]


def repeat_plain(words: list[str]) -> Step:
    return answer(403, f"no entry with {' and '.join(words)}".encode(), content_type="text/plain")


def repeat_json(words: list[str]) -> Step:
    told = " ".join(words)
    inner = {"stack": told, "transactionid": words[-1]}
    return says({"error": {"code": words[-1], "message": told, "innererror": inner}}, 400)


def repeat_html(words: list[str]) -> Step:
    told = html.escape(" ".join(words))
    text = f"<html><head><title>Error {told}</title></head><body><pre>{told}</pre></body></html>"
    return answer(500, text.encode(), content_type="text/html")


def repeat_login_page(words: list[str]) -> Step:
    text = f"<html><title>Sign in {html.escape(words[0])}</title>{words}</html>"
    return answer(200, text.encode(), content_type="text/html")


def repeat_percent(words: list[str]) -> Step:
    """Write percent-encoding with capitals and without: RFC 3986 section 2.1 calls both the same."""
    packed = [each for word in words for each in (quote(word), quote(word, safe=""))]
    small = [re.sub("%..", lambda found: found[0].lower(), each) for each in packed]
    return answer(403, " ".join((*packed, *small)).encode(), content_type="text/plain")


def repeat_base64(words: list[str]) -> Step:
    told = [base64.b64encode(f"{'u' * at}:{word}".encode()).decode() for word in words for at in range(3)]
    return says({"error": {"code": "echo", "message": " ".join(told)}}, 400)


def repeat_folded(words: list[str]) -> Step:
    """Break each secret, and its Base64, over lines; in the middle, so that no half is short."""
    told = []
    for word in words:
        packed = base64.b64encode(word.encode()).decode()
        told += [f"{text[: len(text) // 2]}\n{text[len(text) // 2 :]}" for text in (word, packed)]
    return answer(400, "\n".join(told).encode(), content_type="text/plain")


def repeat_folded_json(words: list[str]) -> Step:
    told = " ".join(f"{word[: len(word) // 2]}\r\n{word[len(word) // 2 :]}" for word in words)
    return says({"error": {"code": "echo", "message": told}}, 400)


def repeat_in_chunks(words: list[str]) -> Step:
    """End a chunk in the middle of each secret."""
    text = json.dumps({"error": {"code": "echo", "message": " ".join(words)}}).encode()
    return chunked(*(text[start : start + 7] for start in range(0, len(text), 7)))


def repeat_at_the_cut(words: list[str]) -> Step:
    """Put a secret where a long message is shortened."""
    word = words[-1]
    return says({"error": {"code": "echo", "message": "- " * 135 + word + " -" * 99}}, 400)


def repeat_in_headers(words: list[str]) -> Step:
    word = words[-1]
    told = f'Bearer realm="x", error="invalid_token", error_description="not {word}"'
    return answer(401, b"", WWW_Authenticate=told, x_request_id=word, Server=word)


def repeat_in_the_reason(words: list[str]) -> Step:
    return raw(f"HTTP/1.1 400 {words[-1]}\r\nContent-Length: 0\r\n\r\n".encode("latin-1"))


def repeat_without_http(words: list[str]) -> Step:
    return raw(f"{words[-1]} is no status line\r\n\r\n".encode("latin-1"))


def repeat_in_a_redirect(words: list[str]) -> Step:
    where = quote(words[-1], safe="")
    return answer(307, b"", Location=f"http://127.0.0.2:9/{where}?door={where}")


def repeat_in_the_host_of_a_redirect(words: list[str]) -> Step:
    """Names of hosts are written in small letters, so only a token without odd letters can be in one."""
    return answer(307, b"", Location=f"http://{words[-2]}.example/")


def repeat_at_the_cut_of_an_address(words: list[str]) -> Step:
    """Put a secret where a long address is shortened in messages, at 200 letters."""
    return answer(303, b"", Location=f"http://127.0.0.2:9/{'x/' * 80}{words[-2]}/y")


def repeat_at_the_cut_of_no_http(words: list[str]) -> Step:
    return raw(f"{'x ' * 50}{words[-2]} is no status line\r\n\r\n".encode("latin-1"))


def repeat_in_a_foreign_link(words: list[str]) -> Step:
    return page({"Id": 1}, next_link=f"http://127.0.0.2:9/{quote(words[-1], safe='')}?x={words[-1]}")


def repeat_in_a_wrong_value(words: list[str]) -> Step:
    """Send the secret where a number is compared: the error names the value."""
    return page({"Id": 1, "Name": "a", "Balance": words[-1]})


REPEATS: dict[str, Repeat] = {
    name.removeprefix("repeat_"): each for name, each in globals().items() if name.startswith("repeat_")
}

INTERRUPT = signal.SIGINT
TERMINATE = signal.SIGTERM
