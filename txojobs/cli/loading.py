"""From the word on the command line to a job without errors; its warnings are shown on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from txojobs.cli.console import stderr
from txojobs.cli.finding import load_named
from txojobs.cli.main import source_lines
from txojobs.cli.render import show_problem

if TYPE_CHECKING:
    from txojobs.job.model import Job
    from txojobs.workspace import Workspace


def load_valid_job(workspace: Workspace, word: str, *, quiet: bool = False) -> Job:
    """Return the job; `quiet` keeps its warnings from the screen.

    Raises:
        ValidationError: there is none of that name.
        InvalidJobError: it is faulty; every problem of it is in there.
    """
    job, warnings = load_named(workspace, word)
    for problem in () if quiet else warnings:
        show_problem(stderr(), problem, source_lines(problem.where.file) if problem.where else ())
    return job
