"""`txojobs publish`: what was read and proven gets its name later, and nothing is read again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.engine.pages_server import PagesServer, customers
from tests.engine.workplace import Workplace, third_party
from txojobs.files.registry import entries_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STABLE = "acme-test-customers.jsonl"
HELD_OPEN = third_party(
    "HeldOpen",
    """
    import os

    def refuse(*_, **__):  # as Windows does while somebody has the file open
        raise PermissionError(13, "Permission denied")

    def batches():
        yield from records.batches
        os.replace = refuse

    return RecordStream(records.columns, batches())
    """,
)
JOB = """\
version: 1
steps:
  - fetch: {entity: Customers, key: [Id]}
  - heldopen: {}
  - save: {file: customers.jsonl, stamp: false}
  - save: customers.csv
"""


class Held(NamedTuple):
    """A workspace in which a run could not put its file in place, and the id of that run."""

    work: Workplace
    run: str
    said: str


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Held]:
    work = Workplace(tmp_path)
    plugins = work.plugin(HELD_OPEN, heldopen="HeldOpen")
    with PagesServer(customers(rows=20)) as server:
        work.config({"api-base-url": server.url})
        work.job(JOB)
        done = work.command("run", "job", "acme", "test", env={"PYTHONPATH": str(plugins)})
        assert done.code == 1, done.err
        (report,) = (work.root / "logs").glob("*.json")
        asked = len(server.asked)
        yield Held(work, json.loads(report.read_text())["run-id"], done.err)
        assert len(server.asked) == asked


def test_p1_a_file_that_could_not_be_put_in_place_is_published_later_without_reading(held: Held) -> None:
    assert f"txojobs publish {held.run}" in held.said
    work = held.work
    assert work.command("publish", "--list").out == f"{held.run}: output/{STABLE}, output/{csv(work)}\n"
    (work.root / "output" / STABLE).mkdir()
    still = work.command("publish", held.run)
    assert still.code == 1
    assert "its new content is complete and kept" in still.err
    (work.root / "output" / STABLE).rmdir()
    name = csv(work)
    done = work.command("publish", held.run)
    assert (done.code, done.err) == (0, "")
    assert done.out == f"published output/{STABLE}\npublished output/{name}\n"
    lines = (work.root / "output" / STABLE).read_text(encoding="utf-8").splitlines()
    assert len(lines) == 20
    assert len(work.rows("customers.csv")) == 21
    assert work.command("publish").out == "nothing waits to be published\n"
    assert [each.name for each in (work.root / "output").iterdir() if each.name.startswith(".")] == []


def csv(work: Workplace) -> str:
    """Return the name that the csv has or will have."""
    (registry,) = (work.root / ".txojobs" / "publish").glob("*.publication")
    name: str = next(each["final"] for each in entries_of(registry) if each.get("final", "").endswith(".csv"))
    return name.rpartition("/")[2]


def test_another_run_does_not_answer_for_it(held: Held) -> None:
    done = held.work.command("publish", "20200101T000000Z-000000")
    assert done.code == 2
    assert f"what waits is of {held.run}" in done.err
    done = held.work.command("publish")
    assert done.code == 0
    assert f"published output/{STABLE}" in done.out
    assert "nothing waits at all" in held.work.command("publish", held.run).err
