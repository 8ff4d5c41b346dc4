"""Problems for machines: JSON, GitHub annotations, SARIF 2.1.0."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from txojobs._version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from txojobs.errors import Problem


def as_json(problems: Sequence[Problem], *, checked: int) -> str:
    """Return one document with all problems and how many files were checked."""
    return json.dumps({"files": checked, "problems": [_facts(problem) for problem in problems]}, indent=2)


def _facts(problem: Problem) -> dict[str, Any]:
    where = problem.where
    return {
        "severity": problem.severity,
        "message": problem.message,
        "file": where.file if where else None,
        "line": where.line if where else None,
        "column": where.column if where else None,
        "length": problem.length,
        "fix": problem.fix,
        "example": problem.example,
    }


def as_github(problems: Iterable[Problem], *, checked: int) -> str:
    """Return workflow commands that GitHub shows beside the lines of a pull request."""
    del checked
    lines = []
    for problem in problems:
        place = ""
        if problem.where is not None:
            file, line, column = problem.where
            place = f" file={_property(file)},line={line},col={column},endColumn={column + problem.length}"
        text = problem.message + (f"\nfix: {problem.fix}" if problem.fix else "")
        lines.append(f"::{problem.severity}{place}::{_data(text)}")
    return "\n".join(lines)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def as_sarif(problems: Iterable[Problem], *, checked: int) -> str:
    """Return a SARIF log with one run."""
    del checked
    results = [_result(problem) for problem in problems]
    tool = {"driver": {"name": "txojobs", "version": __version__, "rules": [{"id": "txojobs"}]}}
    log = {
        "version": "2.1.0",
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "runs": [{"tool": tool, "columnKind": "unicodeCodePoints", "results": results}],
    }
    return json.dumps(log, indent=2)


def _result(problem: Problem) -> dict[str, Any]:
    text = problem.message + (f" ({problem.fix})" if problem.fix else "")
    result: dict[str, Any] = {"ruleId": "txojobs", "level": problem.severity, "message": {"text": text}}
    if problem.where is not None:
        file, line, column = problem.where
        region = {"startLine": line, "startColumn": column, "endColumn": column + problem.length}
        place = {"artifactLocation": {"uri": quote(file.replace("\\", "/"))}, "region": region}
        result["locations"] = [{"physicalLocation": place}]
    return result
