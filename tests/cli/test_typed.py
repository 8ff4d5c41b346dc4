"""The commands that messages tell can be typed as they stand: they find the same job in the same workspace."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

import pytest

from tests.engine.pages_server import PagesServer, Reply, customers

if TYPE_CHECKING:
    from tests.engine.workplace import Done, Workplace

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="reads the command as a POSIX shell does")

TEXT = (
    "version: 1\nname: weekly-report\nsteps:\n  - fetch: {entity: Customers, key: [Id]}\n  - save: c.jsonl\n"
)
PLACES = {
    "a name of its own": ("jobs/nam.yaml", ["run", "nam"]),
    "below a folder": ("jobs/sub/nam.yaml", ["run", "sub/nam"]),
    "a path": ("bad jobs/nam.yaml", ["run", "bad jobs/nam.yaml"]),
    "another workspace": ("jobs/nam.yaml", ["-w", "WORK", "run", "nam"]),
}


def line(done: Done, beginning: str) -> list[str]:
    """Return the words of the command that a line tells."""
    (found,) = [each for each in done.err.splitlines() if each.startswith(beginning)]
    program, *words = shlex.split(found.removeprefix(beginning))
    assert program == "txojobs"
    return words


@pytest.mark.parametrize("case", PLACES)
def test_again_and_go_on_name_the_job_as_it_was_typed(work: Workplace, case: str) -> None:
    place, words = PLACES[case]
    path = work.root / place
    path.parent.mkdir(exist_ok=True)
    path.write_text(TEXT, encoding="utf-8")
    words = [str(work.root) if word == "WORK" else word for word in words]
    folder = work.root.parent if "-w" in words else work.root
    good = customers(rows=30, size=10)
    with PagesServer(lambda asked: Reply(403) if asked.page == 3 else good(asked)) as server:
        work.config({"api-base-url": server.url})
        failed = work.command(*words, "acme", "test", "--limit", "25", cwd=folder)
        assert failed.code == 1, failed
        again = work.command(*line(failed, "Again: "), cwd=folder)
        assert again.code == 1, again
        assert line(again, "Again: ") == line(failed, "Again: ")
        server.script = good
        gone_on = work.command(*line(failed, "Go on: "), cwd=folder)
    assert gone_on.code == 0, gone_on
    assert len(work.outputs()) == 1


def test_who_comes_second_is_told_the_command_that_waits(work: Workplace) -> None:
    work.job(TEXT, "nam")
    with PagesServer(customers()) as server:
        work.config({"api-base-url": server.url})
        server.hold(1)
        first = work.start("run", "nam", "acme", "test")
        try:
            server.wait_for(1)
            second = work.command("run", "jobs/nam.yaml", "acme", "test", "--limit", "3")
        finally:
            first.kill()
            first.communicate()
        assert second.code == 75, second
        words = line(second, "📝 Example: ")
        assert words == ["run", "jobs/nam.yaml", "acme", "test", "--limit", "3", "--wait"]
        server.let_go()
        assert work.command(*words).code == 0


def test_what_has_changed_since_is_told_with_the_command_that_begins_anew(work: Workplace) -> None:
    work.job(TEXT, "nam")
    good = customers(rows=30, size=10)
    with PagesServer(lambda asked: Reply(403) if asked.page == 3 else good(asked)) as server:
        work.config({"api-base-url": server.url})
        assert work.command("run", "nam", "acme", "test").code == 1
        work.job(TEXT.replace("c.jsonl", "d.jsonl"), "nam")
        done = work.command("run", "nam", "acme", "test", "--resume")
    assert done.code == 2, done
    assert "run it anew: txojobs run nam acme test\n" in done.err


def test_an_unknown_option_points_to_the_help_of_the_job_as_it_was_typed(work: Workplace) -> None:
    work.job(TEXT, "nam")
    done = work.command("run", "jobs/nam.yaml", "acme", "test", "--zzzzzzzz", "x")
    assert done.code == 2
    assert "see txojobs run jobs/nam.yaml --help" in done.err
