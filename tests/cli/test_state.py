"""`txojobs state` and `txojobs run --full`: where incremental reads go on from, shown and changed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.invoking import Result, invoke
from tests.engine.changing_service import ChangingService
from txojobs.state.lock import run_lock
from txojobs.state.store import NAME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.engine.workplace import Workplace

JOB = """\
version: 1
params:
  country: {default: SE}
  api-key: {default: ''}
steps:
  - fetch: {entity: Customers, key: [Id], incremental: {by: Changed}}
  - save: changed.jsonl
"""
MORE = """\
  - id: more
    fetch: {entity: Customers, key: [Id], incremental: {by: Changed}}
  - save: more.csv
"""
FIRST, LAST = "2026-01-15T10:00:01Z", "2026-01-15T10:00:03Z"


@pytest.fixture
def service() -> Iterator[ChangingService]:
    found = ChangingService({"Id": "a", "Changed": FIRST}, {"Id": "b", "Changed": LAST})
    with found.server:
        yield found


@pytest.fixture
def work(work: Workplace, service: ChangingService) -> Workplace:
    work.config({"api-base-url": service.server.url})
    work.job(JOB)
    return work


def txojobs(work: Workplace, *words: str) -> Result:
    return invoke("-w", str(work.root), *words)


def state(work: Workplace, what: str, *words: str) -> str:
    done = txojobs(work, "state", what, "job", "acme", "test", *words)
    assert done.code == 0, done
    return done.out


def run(work: Workplace, *words: str) -> str:
    done = txojobs(work, "run", "job", "acme", "test", *words)
    assert done.code == 0, done
    return done.out


def test_a_run_says_what_it_asked_for_and_where_the_next_one_goes_on(work: Workplace) -> None:
    first = run(work)
    assert "no watermark, full read" in first
    assert f"Customers: watermark {LAST}\n" in first
    second = run(work)
    assert f"0 new since {LAST}" in second
    assert "--full, full read" in run(work, "--full")
    trial = run(work, "--limit", "1")
    assert f"Customers: watermark {LAST} (--limit)" in trial


def test_a_new_value_stands_beside_the_old_one(work: Workplace, service: ChangingService) -> None:
    run(work)
    service.change("a", "2026-02-01T00:00:00Z")
    assert f"watermark 2026-02-01T00:00:00Z, before {LAST}" in run(work)


def test_full_is_refused_where_nothing_is_incremental(work: Workplace) -> None:
    work.numbers("n.jsonl", 3)
    work.steps("  - load: data/n.jsonl\n  - save: n.csv\n")
    done = txojobs(work, "run", "job", "acme", "test", "--full")
    assert done.code == 2
    assert "no step of job is incremental" in done.err


def test_show_lists_what_is_kept(work: Workplace) -> None:
    assert state(work, "show") == "no watermark of job for acme-test: the next run reads all\n"
    assert not (work.root / ".txojobs" / NAME).exists(), "looking makes nothing"
    run(work)
    run(work, "-p", "country=NO")
    shown = state(work, "show")
    assert f"Customers api-key= country=NO: Changed {LAST}" in shown
    assert f"Customers api-key= country=SE: Changed {LAST}" in shown
    facts = json.loads(state(work, "show", "--json"))
    assert [each["params"]["country"] for each in facts] == ["NO", "SE"]
    assert facts[0]["value"] == LAST
    assert facts[0]["entity"] == "Customers"


def test_show_hides_a_secret_among_the_params(work: Workplace) -> None:
    run(work, "-p", "api-key=hunter2hunter2")
    assert "api-key=***" in state(work, "show")
    assert "hunter2" not in state(work, "show") + state(work, "show", "--json")


def test_show_names_the_organisation_that_was_meant(work: Workplace) -> None:
    done = txojobs(work, "state", "show", "job", "acmee", "test")
    assert done.code == 2
    assert "acme" in done.err


def test_set_lets_the_next_run_go_on_from_a_value(work: Workplace, service: ChangingService) -> None:
    """Also where there was none, so that the first run need not read all."""
    assert state(work, "set", "2026-01-15T10:00:02Z").endswith("Changed 2026-01-15T10:00:02Z\n")
    run(work)
    assert service.filters == ["Changed ge 2026-01-15T10:00:02Z"]
    assert f"before {LAST}" in state(work, "set", FIRST)
    run(work)
    assert service.filters[-1] == f"Changed ge {FIRST}"
    assert "set by hand" in state(work, "set", FIRST) + state(work, "show")


def test_set_is_for_the_params_that_are_given(work: Workplace, service: ChangingService) -> None:
    state(work, "set", FIRST, "-p", "country=NO")
    run(work)
    run(work, "-p", "country=NO")
    assert service.filters == [None, f"Changed ge {FIRST}"]


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("yesterday", "is no moment, date or whole number"),
        ("2026-02-30", "is no moment, date or whole number"),
        ("2026-01-15", "is a date, and Changed holds a moment"),
        ("12", "is a whole number, and Changed holds a moment"),
    ],
)
def test_set_refuses_what_does_not_suit(work: Workplace, value: str, told: str) -> None:
    run(work)
    done = txojobs(work, "state", "set", "job", "acme", "test", value)
    assert done.code == 2
    assert told in done.err
    assert LAST in state(work, "show")


def test_set_asks_which_step_is_meant(work: Workplace, service: ChangingService) -> None:
    work.job(JOB + MORE)
    done = txojobs(work, "state", "set", "job", "acme", "test", FIRST)
    assert (done.code, "several incremental steps: fetch-1, more" in done.err) == (2, True)
    assert state(work, "set", FIRST, "--step", "more").startswith("more, Customers")
    done = txojobs(work, "state", "set", "job", "acme", "test", FIRST, "--step", "mor")
    assert "more" in done.err
    run(work)
    assert sorted(map(str, service.filters)) == [f"Changed ge {FIRST}", "None"]


def test_reset_lets_the_next_run_read_all(work: Workplace, service: ChangingService) -> None:
    run(work)
    run(work, "-p", "country=NO")
    assert f"forgotten, it was {LAST}; the next run reads all" in state(work, "reset", "-p", "country=NO")
    run(work)
    run(work, "-p", "country=NO")
    assert service.filters[-2:] == [f"Changed ge {LAST}", None]
    assert state(work, "reset").count("forgotten") == 2
    assert "nothing was changed" in state(work, "reset")


def test_reset_forgets_those_of_one_step_alone(work: Workplace) -> None:
    work.job(JOB + MORE)
    run(work)
    assert state(work, "reset", "--step", "more").startswith("more, Customers")
    assert state(work, "show").count("Changed") == 1


@pytest.mark.parametrize("words", [("set", FIRST), ("reset",)])
def test_nothing_is_changed_while_a_run_of_the_job_goes_on(work: Workplace, words: tuple[str, ...]) -> None:
    run(work)
    with run_lock(work.root / ".txojobs" / "locks", "job.acme.test", owner="txojobs run job acme test"):
        done = txojobs(work, "state", words[0], "job", "acme", "test", *words[1:])
        assert done.code == 75
        assert LAST in state(work, "show")


def test_a_damaged_state_is_told_with_a_way_out(work: Workplace) -> None:
    (work.root / ".txojobs").mkdir()
    (work.root / ".txojobs" / NAME).write_bytes(b"")
    for words in (("show",), ("reset",), ("set", FIRST)):
        done = txojobs(work, "state", words[0], "job", "acme", "test", *words[1:])
        assert done.code == 1
        assert "is damaged" in done.err
        assert "move it away" in done.err


def test_a_moment_ahead_of_the_clock_is_refused(work: Workplace) -> None:
    done = txojobs(work, "state", "set", "job", "acme", "test", "2099-01-01T00:00:00Z")
    assert done.code != 0
    assert "lies ahead of the clock" in done.err
    assert "no watermark" in state(work, "show")


def test_a_file_that_each_run_replaces_by_what_has_changed_is_warned_of(work: Workplace) -> None:
    clean = "replaces this file by what has changed"
    assert clean not in txojobs(work, "validate").out
    work.job(JOB.replace("save: changed.jsonl", "save: {file: changed.jsonl, stamp: false}"))
    done = txojobs(work, "validate")
    assert done.code == 0
    assert clean in " ".join(done.out.split())
