"""Promise P5 for whole runs: a secret is in no stream, log, report, state or output."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.engine.pages_server import Asked, PagesServer, Reply, as_reply, page_of
from tests.engine.workplace import FETCH, Workplace, third_party

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CANARY = "c4n4ry/Wert+471147"


def in_the_error(asked: Asked) -> Reply:
    """Echo the credential in an error, as debug pages do."""
    told = f"the key {asked.headers['x-api-key']} is not welcome at {asked.path}"
    return as_reply({"error": {"code": CANARY, "message": told, "innererror": {"stack": told}}}, status=400)


def in_a_page(asked: Asked) -> Reply:
    assert asked.headers["x-api-key"] == CANARY
    html = f"<html><title>Sign in {CANARY}</title>{asked.headers}</html>"
    return Reply(500, html.encode(), {"Content-Type": "text/html", "x-ms-correlation-id": CANARY})


def in_the_link(asked: Asked) -> Reply:
    page = page_of(asked, rows=50, size=10)
    if "@odata.nextLink" in page:
        page["@odata.nextLink"] += f"&key={CANARY}"
    return as_reply(page) if asked.page < 3 else in_a_page(asked)


def in_a_header(asked: Asked) -> Reply:
    assert asked.headers["x-api-key"] == CANARY
    return Reply(307, b"", {"Location": f"http://127.0.0.2:9/{CANARY}?key={CANARY}"})


SCRIPTS = {script.__name__: script for script in (in_the_error, in_a_page, in_the_link, in_a_header)}


@pytest.mark.parametrize(
    "words", [(), ("--debug",), ("--json",), ("--dry-run", "--json"), ("--quiet",)], ids=" ".join
)
@pytest.mark.parametrize("name", SCRIPTS)
def test_a_secret_that_the_service_echoes_is_shown_nowhere(
    tmp_path: Path, name: str, words: tuple[str, ...]
) -> None:
    work, texts = run_with_secret(tmp_path, SCRIPTS[name], words, in_file=True)
    assert "471147" not in texts, texts
    assert "471147" not in work.texts()


@pytest.mark.parametrize("in_file", [True, False])
def test_a_secret_that_is_a_param_or_a_record_is_not_in_log_and_report(
    tmp_path: Path, *, in_file: bool
) -> None:
    def script(asked: Asked) -> Reply:
        assert asked.headers["x-api-key"] == CANARY
        return as_reply(page_of(asked, rows=20, size=10))

    words = ("-p", f"word={CANARY}", "--debug")
    work, texts = run_with_secret(tmp_path, script, words, in_file=in_file)
    assert "471147" not in texts, texts
    assert "471147" not in work.texts()
    assert work.outputs(), texts
    (kept,) = (work.root / "logs").glob("*.json")
    assert json.loads(kept.read_text())["params"] == {"word": "***"}
    assert len(work.rows("customers.csv")) == 21


def run_with_secret(
    tmp_path: Path, script: Callable[[Asked], Reply], words: tuple[str, ...], *, in_file: bool
) -> tuple[Workplace, str]:
    work = Workplace(tmp_path)
    env = {}
    with PagesServer(script) as server:
        work.config({"api-base-url": server.url, "auth": {"type": "api-key", "name": "x-api-key"}})
        if in_file:
            work.secrets(api_key=CANARY)
        else:
            env = {"TXO_ACME_TEST_API_KEY": CANARY}
        work.job(FETCH.replace("version: 1", "version: 1\nparams: {word: {default: x}}"))
        done = work.command("run", "job", "acme", "test", *words, env=env)
        assert {asked.headers["x-api-key"] for asked in server.asked} == {CANARY}, done.err
    return work, done.out + done.err


LEAKY = third_party(
    "Leaky",
    """
    from txojobs.errors import HelpfulError
    key = ctx.config["_api_key"]
    raise HelpfulError(f"cannot use {key}", f"replace {key}", f"key: {key}")
    """,
)


@pytest.mark.parametrize("words", [(), ("--json",), ("--debug",)], ids=" ".join)
def test_a_secret_in_the_error_of_a_step_is_shown_nowhere(tmp_path: Path, words: tuple[str, ...]) -> None:
    work = Workplace(tmp_path)
    plugins = work.plugin(LEAKY, leaky="Leaky")
    work.secrets(api_key=CANARY)
    work.numbers("n.jsonl", 1)
    work.steps("  - load: data/n.jsonl\n  - leaky: {}\n  - save: n.csv\n")
    done = work.command("run", "job", "acme", "test", *words, env={"PYTHONPATH": str(plugins)})
    assert done.code == 1
    assert "cannot use ***" in done.err
    assert "471147" not in done.err + done.out + work.texts()


def test_the_test_would_see_a_secret(tmp_path: Path) -> None:
    """Without knowing that it is one, the same text is shown."""
    work = Workplace(tmp_path)
    with PagesServer(lambda _: as_reply({"error": {"code": "x", "message": CANARY}}, status=400)) as server:
        work.config({"api-base-url": server.url})
        work.job(FETCH)
        done = work.command("run", "job", "acme", "test")
    assert CANARY in done.err
