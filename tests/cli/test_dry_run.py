"""`txojobs run --dry-run`: what it tells is what the run then does."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.engine.pages_server import PagesServer, customers

if TYPE_CHECKING:
    from tests.engine.workplace import Workplace

STEPS = {
    "all": "{entity: Customers, key: [Id], select: [Id, Name]}",
    "some": "{entity: Customers, key: [Id], limit: 7}",
    "without a count": "{entity: Customers, key: [Id], complete: none}",
    "a collection": "{url: Customers, records: value, paging: none}",
}


@pytest.mark.parametrize("limited", [(), ("--limit", "5")], ids=["whole", "limited"])
@pytest.mark.parametrize("case", STEPS)
def test_a_dry_run_tells_the_first_request_of_the_run(
    work: Workplace, case: str, limited: tuple[str, ...]
) -> None:
    work.steps(f"  - fetch: {STEPS[case]}\n  - save: c.csv\n")
    with PagesServer(customers(rows=9)) as server:
        work.config({"api-base-url": server.url})
        tried = work.command("run", "job", "acme", "test", "--dry-run", *limited)
        assert tried.code == 0, tried
        (told,) = [line for line in tried.out.splitlines() if line.startswith("would ask ")]
        server.asked.clear()
        done = work.command("run", "job", "acme", "test", *limited)
        assert done.code == 0, done
        origin = server.url.rsplit("/", 1)[0]
        first = server.asked[0]
    asked = "&".join(f"{name}={value}" for name, value in first.query.items())
    assert told == f"would ask GET {origin}{first.path}{'?' if asked else ''}{asked}"


def test_a_dry_run_keeps_the_limit(work: Workplace) -> None:
    work.steps("  - fetch: {entity: Customers, key: [Id]}\n  - save: c.csv\n")
    with PagesServer(customers(rows=500, size=200)) as server:
        work.config({"api-base-url": server.url})
        for limit, rows in (("5", "5 rows"), ("300", "100 rows")):
            done = work.command("run", "job", "acme", "test", "--dry-run", "--limit", limit)
            assert done.code == 0, done
            (line,) = [
                line for line in done.out.splitlines() if line.strip().startswith("fetch") and "rows" in line
            ]
            assert f" {rows}" in line
            assert f"first-{limit}" in done.out


def refused(work: Workplace) -> None:
    """Try a run, then run it: both fail, at the same file."""
    work.numbers("n.jsonl", 3)
    work.steps("  - load: data/n.jsonl\n  - save: a/n.csv\n")
    tried = work.command("run", "job", "acme", "test", "--dry-run")
    done = work.command("run", "job", "acme", "test")
    assert tried.code == done.code == 1, tried
    for each in (tried, done):
        (problem,) = [line for line in each.err.splitlines() if "Problem:" in line]
        assert f"cannot write {work.root / 'output'}" in problem
        assert "Solution:" in each.err


def test_a_dry_run_fails_where_a_file_stands_in_the_way_of_the_output_folder(work: Workplace) -> None:
    (work.root / "output").write_text("a file")
    refused(work)


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the administrator may write anywhere"
)
def test_a_dry_run_fails_where_the_output_folder_may_not_be_written(work: Workplace) -> None:
    (work.root / "output").mkdir(mode=0o500)
    refused(work)


def test_a_dry_run_makes_no_folder(work: Workplace) -> None:
    work.numbers("n.jsonl", 3)
    work.steps("  - load: data/n.jsonl\n  - save: a/n.csv\n")
    assert work.command("run", "job", "acme", "test", "--dry-run", "--output", "x/y").code == 0
    assert not (work.root / "x").exists()
