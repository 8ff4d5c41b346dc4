"""What a run shows while it works: in a pipe, on a terminal, in any encoding, without colours and with."""

from __future__ import annotations

import io
import os
import re
import select
import signal
import sys
import time
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.engine.pages_server import PagesServer, Reply, customers
from tests.engine.workplace import FETCH, Workplace
from txojobs.cli.console import Console
from txojobs.cli.progress import PlainProgress
from txojobs.cli.step_lines import (
    amount,
    headline,
    name_of,
    size_in_words,
    step_line,
    width_for,
)
from txojobs.engine.about import proof_in_words
from txojobs.engine.report import RunReport, StepResult
from txojobs.steps.kinds import FilePath

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path


def step(**facts: object) -> StepResult:
    result = StepResult(key="a", verb="fetch", title="Customers", where="jobs/a.yaml:3:5")
    for name, value in facts.items():
        setattr(result, name, value)
    return result


def report(**facts: object) -> RunReport:
    now = datetime(2026, 1, 15, 14, 30, tzinfo=timezone.utc)
    made = RunReport(run_id="r", job="open", org="acme", env="prod", started=now, params={}, steps=[])
    for name, value in facts.items():
        setattr(made, name, value)
    return made


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


# -- lines ----------------------------------------------------------------------------------------------------------


def test_numbers_are_grouped_and_units_said() -> None:
    fetched = {
        "requests": 1234,
        "strength": "counted",
        "count": 1234567,
        "count-note": None,
        "counted-by": "$count",
        "key-checked": True,
        "links": "opaque",
        "second-reading": False,
        "duplicates": 0,
    }
    line = step_line(
        step(records=1234567, expected=1234567, state="done", seconds=61.26, notes={"fetched": fetched})
    )
    assert line == (
        "  fetch Customers        1,234,567 of 1,234,567   1,234 requests   61.3 s   "
        "complete: rows = $count, no key twice"
    )


def test_a_read_that_nothing_proves_says_so() -> None:
    proof = {"strength": "unproven", "count": None, "count-note": "no count", "key-checked": False}
    assert proof_in_words(proof) == "not proven to be complete (no count)"


def test_a_read_that_was_to_be_a_part_is_called_one() -> None:
    proof = {"strength": "unproven", "count": None, "count-note": "not asked: limit", "key-checked": False}
    assert proof_in_words(proof) == "the first records only: limit"
    assert proof_in_words(proof, dry_run=True) == "the first page only"


def test_a_dry_run_claims_no_file() -> None:
    written = {"rows": 64, "size-bytes": 8000, "conversions": {}}
    saved = step(verb="save", title="a.xlsx", records=64, state="done", notes={"written": written})
    assert step_line(saved, dry_run=True).endswith("64 rows              checked, not written")
    assert step_line(saved).endswith("64 rows              8 KB")


def test_long_names_keep_their_ends_and_all_lines_stand_in_line() -> None:
    long = step(verb="save", title="a-very-long-name-of-a-file-that-goes-on.xlsx", state="done", records=1)
    short = step(state="done", records=1234, expected=1234)
    assert name_of(long) == "save a-very-long-na...-that-goes-on.xlsx"
    width = width_for([long, short])
    assert width == len(name_of(long)) == 40
    lines = [step_line(each, width=width) for each in (long, short)]
    assert [line.index(word) for line, word in zip(lines, ("1 row", "1,234 of"), strict=True)] == [43, 43]
    assert width_for([short]) == 22
    assert width_for([step(title="", verb="save")]) == 30


def test_one_is_not_many() -> None:
    assert amount(step(verb="transform", records=1)) == "1 row"
    assert amount(step(verb="save", notes={"written": {"rows": 1}})) == "1 row"
    assert amount(step(verb="load", records=0)) == "0 rows"
    assert size_in_words(1) == "1 byte"
    assert headline(report(limit=1)) == "open  acme-prod  the first record of each source"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (["Open", "Closed"], "x=Open,Closed"),
        (["A, B", "C"], """x='["A, B", "C"]'"""),
        ([], "x=[]"),
        (True, "x=true"),
        (date(2026, 1, 15), "x=2026-01-15"),
        (datetime(2021, 1, 1, tzinfo=timezone.utc), "x=2021-01-01T00:00:00Z"),
        (Decimal("1.10"), "x=1.10"),
        (FilePath("data/a.csv"), "x=data/a.csv"),
        ("a b", 'x="a b"'),
        ("", 'x=""'),
    ],
)
def test_params_are_shown_as_they_are_given(value: object, shown: str) -> None:
    assert headline(report(params={"x": value})) == f"open  acme-prod  {shown}"


@pytest.mark.parametrize(
    ("size", "words"),
    [(0, "0 bytes"), (999, "999 bytes"), (38_400, "38 KB"), (1_500_000, "1.5 MB"), (2e9, "2.0 GB")],
)
def test_sizes(size: int, words: str) -> None:
    assert size_in_words(size) == words


@pytest.mark.parametrize(
    ("state", "word"), [("failed", "stopped"), ("stopped", "stopped"), ("left-out", "left out")]
)
def test_states(state: str, word: str) -> None:
    assert step_line(step(records=3000, expected=5000, state=state)).endswith(word)


def test_what_was_put_aside_is_said() -> None:
    assert "2 put aside" in step_line(step(records=3, rejected=2, state="done"))
    assert amount(step(verb="filter", records=412)) == "412 kept"


def test_the_headline() -> None:
    assert headline(report(params={"country": "NO", "none": None})) == "open  acme-prod  country=NO"
    assert headline(report(params={"country": "S\nE"})) == r'open  acme-prod  country="S\nE"'
    assert headline(report(limit=1000)) == "open  acme-prod  first 1,000 records of each source"
    assert headline(report(dry_run=True)).endswith("(dry run: nothing is written)")


def test_foreign_text_in_a_title_or_param_is_shown_escaped() -> None:
    assert "\x1b" not in headline(report(params={"x": "\x1b[2J\n"}))
    assert "\x1b" not in step_line(step(title="\x1b[2J"))


# -- in a pipe ------------------------------------------------------------------------------------------------------


def test_a_pipe_gets_a_line_at_the_beginning_every_ten_seconds_and_at_the_end() -> None:
    clock = Clock()
    stream = io.StringIO()
    progress = PlainProgress(Console(stream), clock=clock)
    progress.run_started(report())
    fetch = step(state="running", expected=5000)
    progress.step_started(fetch)
    for second in range(1, 26):
        clock.now = float(second)
        fetch.records += 100
        progress.step_moved(fetch)
    fetch.state = "done"
    progress.step_finished(fetch)
    assert stream.getvalue().splitlines() == [
        "open  acme-prod",
        "  fetch Customers        begins",
        "  fetch Customers        1,000 of 5,000 so far",
        "  fetch Customers        2,000 of 5,000 so far",
        "  fetch Customers        2,500 of 5,000",
    ]


def test_a_secret_is_hidden_in_every_line() -> None:
    stream = io.StringIO()
    progress = PlainProgress(Console(stream))
    made = report(params={"x": "canary-4711"})
    made.redactor.add("canary-4711")
    progress.run_started(made)
    progress.waiting("the service said canary-4711")
    progress.step_finished(step(title="canary-4711"))
    assert "canary" not in stream.getvalue()
    assert stream.getvalue().count("***") == 3


def test_the_summary_ends_with_the_path_alone(tmp_path: Path) -> None:
    work = Workplace(tmp_path)
    with PagesServer(customers(rows=1500, size=500)) as server:
        work.config({"api-base-url": server.url})
        work.job(FETCH)
        done = work.command("run", "job", "acme", "test")
    lines = done.out.rstrip("\n").split("\n")
    assert lines[0] == "job  acme-test"
    assert re.fullmatch(
        r"  fetch Customers        1,500 of 1,500 +3 requests   \d+\.\d s   complete: .*", lines[2]
    )
    assert lines[3] == "  filter                 1,500 kept"
    assert re.fullmatch(r"  save customers.csv     1,500 rows +\d+ KB", lines[5])
    assert re.fullmatch(r"done in \d+\.\d s", lines[-2])
    assert re.fullmatch(r"output/acme-test-customers_\S+Z\.csv", lines[-1])
    assert (work.root / lines[-1]).is_file()
    assert "\x1b" not in done.out


@pytest.mark.parametrize("encoding", ["cp437", "ascii", "utf-8", "latin-1", "utf-16-le"])
def test_no_encoding_breaks_a_run_or_its_error(tmp_path: Path, encoding: str) -> None:
    work = Workplace(tmp_path)
    work.data("n.csv", "Größe\n1\n")
    work.job(
        "version: 1\nparams: {ort: {default: Žižkov ❤}}\nsteps:\n  - load: data/n.csv\n"
        "  - filter: Groesse > `1`\n  - save: Ž.csv\n"
    )
    process = work.start("run", "job", "acme", "test", env={"PYTHONIOENCODING": encoding})
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1
    text = out.decode(encoding) + err.decode(encoding)
    assert "Groesse" in text
    assert "Traceback" not in text
    assert ("❌ Problem:" if encoding.startswith("utf") else "\nProblem:") in text


def test_colours_are_a_choice(tmp_path: Path) -> None:
    work = Workplace(tmp_path)
    work.steps("  - load: data/none.csv\n  - save: x.csv\n")
    plain = work.command("run", "job", "acme", "test")
    forced = work.command("run", "job", "acme", "test", env={"FORCE_COLOR": "1"})
    neither = work.command("run", "job", "acme", "test", env={"FORCE_COLOR": "1", "NO_COLOR": "1"})
    assert "\x1b[31m" in forced.err
    assert "\x1b" not in plain.err + neither.err


# -- on a terminal --------------------------------------------------------------------------------------------------

pty_only = pytest.mark.skipif(sys.platform == "win32", reason="pseudo terminals of POSIX")


def on_terminal(
    work: Workplace, *words: str, env: dict[str, str] | None = None, columns: int = 80
) -> tuple[subprocess.Popen[bytes], int]:
    """Start the command with a terminal of its own for both outputs."""
    import fcntl  # noqa: PLC0415  # not on Windows
    import pty  # noqa: PLC0415
    import struct  # noqa: PLC0415
    import termios  # noqa: PLC0415

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    env = {"TERM": "xterm-256color", "COLUMNS": "", "LINES": "", **(env or {})}
    process = work.start(*words, env=env, stdout=theirs, stderr=theirs, stdin=theirs)
    os.close(theirs)
    return process, ours


def everything(process: subprocess.Popen[bytes], terminal: int) -> str:
    """Return all that came to the terminal until the process ended."""
    parts = []
    until = time.monotonic() + 60
    try:
        while time.monotonic() < until:
            if select.select([terminal], [], [], 0.1)[0]:
                try:
                    part = os.read(terminal, 65536)
                except OSError:
                    break
                if not part:
                    break
                parts.append(part)
            elif process.poll() is not None:
                break
        process.wait(10)
    finally:
        process.kill()
        os.close(terminal)
    return b"".join(parts).decode("utf-8")


def screen(text: str, columns: int) -> list[str]:
    """Return the lines that a simple terminal shows after `text`."""
    lines = [""]
    row = column = 0
    for part in re.findall(r"\x1b\[\??[0-9;]*[A-Za-z]|\r|\n|[^\x1b\r\n]", text):
        if part == "\n":
            row += 1
            if row == len(lines):
                lines.append("")
        elif part == "\r":
            column = 0
        elif part.endswith("A") and part.startswith("\x1b"):
            row = max(0, row - int(part[2:-1] or 1))
        elif part == "\x1b[2K":
            lines[row] = ""
        elif not part.startswith("\x1b"):
            if column == columns:
                row, column = row + 1, 0
                if row == len(lines):
                    lines.append("")
            lines[row] = lines[row].ljust(column)[:column] + part + lines[row][column + 1 :]
            column += 1
    return [line.rstrip() for line in lines]


@pty_only
def test_a_terminal_that_does_not_know_its_width_is_as_wide_as_usual(work: Workplace) -> None:
    said = everything(*on_terminal(work, "run", "none", "acme", "test", columns=0))
    assert " there is no job 'none' in jobs/\r\n" in said


@pty_only
@pytest.mark.parametrize("columns", [40, 80, 200])
def test_a_terminal_is_left_clean(tmp_path: Path, columns: int) -> None:
    work = Workplace(tmp_path)
    with PagesServer(customers(rows=40)) as server:
        work.config({"api-base-url": server.url})
        work.job(FETCH)
        server.hold(3)
        process, terminal = on_terminal(work, "run", "job", "acme", "test", columns=columns)
        server.wait_for(3)
        server.let_go()
        text = everything(process, terminal)
    assert process.returncode == 0, text
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") == 1
    lines = screen(text, columns)
    shown = "".join(line.ljust(columns) for line in lines)
    assert re.search(r"output/acme-test-customers_\S+\.csv *$", shown.rstrip())
    assert shown.count("fetch Customers") == 1
    assert shown.count("40 kept") == 1
    assert "job  acme-test" in lines[0]


@pty_only
def test_a_terminal_without_colours_gets_none(tmp_path: Path) -> None:
    work = Workplace(tmp_path)
    work.steps("  - load: data/none.csv\n  - save: x.csv\n")
    coloured = everything(*on_terminal(work, "run", "job", "acme", "test"))
    plain = everything(*on_terminal(work, "run", "job", "acme", "test", env={"NO_COLOR": "1"}))
    assert re.search(r"\x1b\[[0-9;]*m", coloured)
    assert not re.search(r"\x1b\[[0-9;]*[1-9][0-9;]*m", plain)
    assert plain.count("\x1b[?25l") == plain.count("\x1b[?25h")


@pty_only
@pytest.mark.parametrize("env", [{"TERM": "dumb"}, {"CI": "true", "NO_COLOR": "1"}])
def test_a_terminal_that_cannot_move_its_cursor_gets_plain_lines(tmp_path: Path, env: dict[str, str]) -> None:
    work = Workplace(tmp_path)
    work.data("n.csv", "a\n1\n")
    work.steps("  - load: data/n.csv\n  - save: x.csv\n")
    text = everything(*on_terminal(work, "run", "job", "acme", "test", env=env))
    assert "load data/n.csv        begins" in text
    assert "\x1b" not in text


@pty_only
def test_a_terminal_shows_what_is_waited_for_and_how_far_it_is(tmp_path: Path) -> None:
    work = Workplace(tmp_path)
    with PagesServer(lambda _: Reply(429, b"", {"Retry-After": "77"})) as server:
        work.config({"api-base-url": server.url}, behaviour={"retry-strategy": {"max-retries": 1}})
        work.job(FETCH)
        process, terminal = on_terminal(work, "run", "job", "acme", "test")
        seen = b""
        try:
            while b"as the service asked" not in seen.replace(b"\r\n", b" "):
                seen += os.read(terminal, 65536)
            process.send_signal(signal.SIGINT)
            rest = everything(process, terminal)
        finally:
            process.kill()
            process.wait()
    text = seen.decode() + rest
    assert "\x1b[?25h" in rest
    assert process.returncode == 130, text
