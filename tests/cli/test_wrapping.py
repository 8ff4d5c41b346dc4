"""No word, path or number is ever broken, however narrow a terminal is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cli.invoking import invoke
from tests.cli.test_progress import everything, on_terminal, pty_only
from tests.engine.workplace import Workplace
from txojobs.cli.wrapping import width_of, wrapped

STEP = (
    "  fetch Customers        5,000 of 5,000       5 requests   0.5 s   complete: rows = $count, no key twice"
)


@pytest.mark.parametrize(
    ("width", "lines"),
    [
        (120, [STEP]),
        (
            79,
            [
                "  fetch Customers        5,000 of 5,000       5 requests   0.5 s",
                "      complete: rows = $count, no key twice",
            ],
        ),
        (
            39,
            [
                "  fetch Customers        5,000 of 5,000",
                "      5 requests   0.5 s   complete:",
                "      rows = $count, no key twice",
            ],
        ),
    ],
)
def test_a_line_of_columns_breaks_between_them(width: int, lines: list[str]) -> None:
    assert wrapped(STEP, width) == lines


def test_what_is_wider_than_the_terminal_stands_alone() -> None:
    path = "output/" + "x" * 60 + ".csv"
    assert wrapped(f"see {path} there", 40) == ["see", f"    {path}", "    there"]


def test_colours_take_no_columns_and_wide_letters_two() -> None:
    assert width_of("\x1b[31merror\x1b[0m") == 5
    assert width_of("顧客e\u0301") == 5
    assert wrapped("\x1b[31merror\x1b[0m: ab", 9) == ["\x1b[31merror\x1b[0m: ab"]
    assert wrapped("顧客 顧客", 8) == ["顧客", "  顧客"]


@given(
    st.lists(st.text("ab1,.$/é顧", min_size=1, max_size=30), min_size=1),
    st.integers(20, 120),
    st.integers(1, 4),
)
def test_every_word_stays_whole(words: list[str], width: int, spaces: int) -> None:
    lines = wrapped(" " * 2 + (" " * spaces).join(words), width)
    assert [word for line in lines for word in line.split()] == words
    for line in lines:
        assert width_of(line) <= width or len(line.split()) == 1


JOB = (
    "version: 1\ndescription: Customers whose balance is open, for everybody who has to know of it each morning.\n"
    "params: {country: {default: SE, description: The country of the customers whose balance is asked for}}\n"
    "steps:\n  - load: data/n.csv\n  - filter: Country == ${{ params.contry }}\n  - save: x.csv\n"
)


@pty_only
@pytest.mark.parametrize("columns", [40, 80, 120])
def test_a_terminal_gets_whole_words_and_a_pipe_whole_lines(tmp_path: object, columns: int) -> None:
    work = Workplace(tmp_path)  # type: ignore[arg-type]  # a path of pytest
    work.job(JOB)
    words = ("validate", "jobs/job.yaml")
    told = work.command(*words)
    assert "fix: did you mean 'country'?" in told.out.splitlines()
    assert "jobs/job.yaml:6:24: error: params has no 'contry'" in told.out.splitlines()
    shown = everything(*on_terminal(work, *words, columns=columns, env={"NO_COLOR": "1"}))
    assert shown.split() == told.out.split()
    prose = [line for line in shown.splitlines() if " | " not in line]
    assert all(len(line) < columns for line in prose)


@pty_only
@pytest.mark.parametrize("columns", [40, 80])
def test_jobs_and_steps_are_listed_in_whole_words(tmp_path: object, columns: int) -> None:
    work = Workplace(tmp_path)  # type: ignore[arg-type]  # a path of pytest
    work.job(JOB.replace("contry", "country"))
    for words in (("list",), ("steps", "fetch"), ("show", "job", "acme", "test"), ("config", "acme", "test")):
        shown = everything(*on_terminal(work, *words, columns=columns, env={"NO_COLOR": "1"}))
        assert shown.split() == work.command(*words).out.split()


@pty_only
def test_what_doctor_says_stands_below_itself_on_a_terminal(tmp_path: object) -> None:
    work = Workplace(tmp_path)  # type: ignore[arg-type]  # a path of pytest
    work.config({"api-base-url": "http://127.0.0.1:9"})
    words = ("doctor", "acme", "test", "--offline")
    shown = everything(*on_terminal(work, *words, columns=80, env={"NO_COLOR": "1"}))
    told = work.command(*words).out
    assert shown.split() == told.split()
    assert max(map(len, told.splitlines())) > max(map(len, shown.splitlines()))
    wide = [line for line in shown.splitlines() if len(line) >= 80 and " " in line[26:]]
    assert not wide
    further = [line for line in shown.splitlines() if line.startswith(" " * 20)]
    assert further
    assert all(line[25] == " " != line[26] for line in further)


@pytest.mark.parametrize(("words", "first"), [((), "Usage: txojobs ["), (("demo",), "Usage: txojobs demo [")])
def test_saying_nothing_shows_the_help(words: tuple[str, ...], first: str) -> None:
    done = invoke(*words)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(first)
    assert done.out == invoke(*words, "--help").out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("runn",), "there is no command 'runn': did you mean 'run'?"),
        (("demo", "start"), "there is no command 'start': there is serve"),
        (
            ("completion", "powershell"),
            "Invalid value for '[SHELL]': 'powershell' is not one of 'bash', 'zsh', 'fish'.",
        ),
    ],
)
def test_a_command_that_is_none_is_answered_with_what_there_is(words: tuple[str, ...], said: str) -> None:
    done = invoke(*words)
    assert (done.code, done.err.splitlines()[0]) == (2, f"Error: {said}")


def test_validate_names_the_file_that_was_meant(tmp_path: object) -> None:
    work = Workplace(tmp_path)  # type: ignore[arg-type]  # a path of pytest
    work.job(JOB.replace("contry", "country"))
    assert "fix: did you mean jobs/job.yaml?" in work.command("validate", "job").out.splitlines()
    told = work.command("validate", "jobs/jbo.yaml").out.splitlines()
    assert told[:2] == ["error: there is no file jobs/jbo.yaml", "fix: did you mean 'job.yaml'?"]
    done = work.command("run", "jobs/job", "acme", "test")
    assert "did you mean 'job'?" in done.err
