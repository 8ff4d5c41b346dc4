"""What --json prints can be read in whatever encoding standard output has, as in each pipe of Windows."""

from __future__ import annotations

import contextlib
import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.invoking import make_workspace
from txojobs.cli.console import Console
from txojobs.cli.main import run_command_line

if TYPE_CHECKING:
    from pathlib import Path

WORDS = "Kräftig ❤ 😀"
JOB = f"version: 1\ndescription: {WORDS}\nsteps:\n  - load: data/n.jsonl\n  - save: {WORDS}.csv\n"
CONFIG = {"description": WORDS, "global": {"api-base-url": "http://127.0.0.1:9"}}
DOCUMENTS: dict[str, tuple[str, ...]] = {
    "a report": ("run", "words", "acme", "prod", "--json"),
    "a refusal": ("run", f"words {WORDS}", "acme", "prod", "--json"),
    "the jobs": ("list", "--json"),
    "the configuration": ("config", "acme", "prod", "--json"),
    "the checks": ("doctor", "acme", "prod", "--offline", "--json"),
}


def printed(*words: str, encoding: str) -> str:
    """Run a command whose standard output has an encoding; return what it wrote there."""
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding=encoding)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        run_command_line(words)
    out.flush()
    return raw.getvalue().decode(encoding)


def texts(value: Any) -> str:
    """Return all texts of a document."""
    if isinstance(value, dict):
        value = list(value.values())
    return "".join(texts(each) for each in value) if isinstance(value, list) else str(value)


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "ascii", "utf-16-le"])
@pytest.mark.parametrize("case", DOCUMENTS)
def test_a_document_is_json_in_each_encoding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str, encoding: str
) -> None:
    root = make_workspace(tmp_path / WORDS, words=JOB)
    (root / "data").mkdir()
    (root / "data" / "n.jsonl").write_text('{"n": 1}\n', encoding="utf-8")
    (root / "config" / "acme-prod-config.json").write_text(json.dumps(CONFIG), encoding="utf-8")
    monkeypatch.chdir(root)
    text = printed(*DOCUMENTS[case], encoding=encoding)
    assert WORDS in texts(json.loads(text))
    assert (WORDS in text) == (encoding == "utf-8")


def test_a_stream_of_text_needs_no_escapes() -> None:
    stream = io.StringIO()
    Console(stream).json('{"a": "❤"}')
    assert stream.getvalue() == '{"a": "❤"}\n'
