"""`txojobs steps [VERB]`."""

from __future__ import annotations

import pytest

from tests.cli.invoking import invoke
from txojobs.steps.catalogue import STEPS


def test_lists_each_step_with_what_it_does() -> None:
    done = invoke("steps")
    assert (done.code, done.err) == (0, "")
    names = [line.split()[0] for line in done.out.splitlines() if line.startswith("  ") and line[2] != " "]
    assert names == list(STEPS)
    assert "Keep the records for which an expression is true." in done.out


@pytest.mark.parametrize("verb", STEPS)
def test_shows_every_option_of_a_step_within_the_width(verb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from txojobs.steps.describe import step_page  # noqa: PLC0415

    monkeypatch.setenv("COLUMNS", "80")
    done = invoke("steps", verb)
    page = step_page(verb)
    assert done.code == 0
    assert page is not None
    for row in page.options:
        assert f"\n  {row.name} " in done.out
    assert all(len(line) <= 80 or "{" in line for line in done.out.splitlines())
    for line in page.example.splitlines():
        assert f"  {line}".rstrip() in done.out


def test_shows_what_is_required_the_default_and_the_example() -> None:
    text = " ".join(invoke("steps", "save").out.split())
    assert "file file name; required" in text
    assert "when-empty one of write, skip, fail; default write" in text
    assert "Example: customers.xlsx" in text


def test_an_unknown_verb_names_the_nearest() -> None:
    done = invoke("steps", "fiter")
    assert done.code == 2
    assert "there is no step 'fiter'" in done.err
    assert "did you mean 'filter'?" in done.err


def test_a_verb_that_is_like_none_names_all() -> None:
    assert "the steps are: fetch, " in invoke("steps", "zzz").err
