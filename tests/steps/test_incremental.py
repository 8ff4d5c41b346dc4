"""`incremental` of fetch: what it takes, what it cannot be combined with, and where each fault stands."""

from __future__ import annotations

import pytest

from txojobs.job.load import load_text

FETCH = "version: 1\nparams: {back: {type: string, default: 5m}}\nsteps:\n  - fetch: {entity: Customers, OPTIONS}\n"


def problems(options: str) -> list[str]:
    text = FETCH.replace("OPTIONS", options) + "  - save: a.csv\n"
    return [
        f"{each.message} | {each.fix}"
        for each in load_text(text, file="job.yaml", stem="job").problems
        if each.severity == "error"
    ]


@pytest.mark.parametrize(
    "options",
    [
        "key: [No], incremental: {by: Changed}",
        "key: [No], incremental: {by: Changed, lookback: 10m}",
        "key: [No], incremental: {by: Changed, lookback: 100}",
        "key: [No], incremental: {by: Changed, lookback: '${{ params.back }}'}",
        "key: [No], select: [No, Changed], incremental: {by: Changed}",
        "incremental: {by: Changed}",
    ],
)
def test_is_valid(options: str) -> None:
    assert problems(options) == []


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ("incremental: {by: Changed, lookback: 10m}", "add key: [...]"),
        (
            "key: [No], incremental: {by: Changed, lookback: soon}",
            "'soon' is no duration | write 90s, 10m, 2h or 1d",
        ),
        ("key: [No], incremental: {lookback: 10m}", "incremental lacks 'by'"),
        ("key: [No], incremental: {by: Changed, since: 3}", "incremental has no option 'since'"),
        ("key: [No], incremental: {by: Meta/Changed}", "by takes the name of a field, not 'Meta/Changed'"),
        ("key: [No], select: [No], incremental: {by: Changed}", "add Changed to select"),
        ("key: [No], companies: all, incremental: {by: Changed}", "cannot be had with companies"),
        ("key: [No], limit: 5, incremental: {by: Changed}", "incremental cannot be had with limit"),
        ("apply: 'groupby((No))', incremental: {by: No}", "incremental cannot be had with apply"),
    ],
)
def test_is_refused_before_the_run(options: str, told: str) -> None:
    found = problems(options)
    assert any(told in each for each in found), found


BOTH = "  - {ID fetch: {entity: Customers, key: [No], incremental: {by: Changed}}}\n  - save: FILE.csv\n"


@pytest.mark.parametrize(("id_", "told"), [("", True), ("id: second,", False), ("api: helpdesk,", False)])
def test_two_steps_on_one_entity_set_need_an_id(id_: str, told: bool) -> None:  # noqa: FBT001  # a case
    steps = BOTH.replace("ID ", "").replace("FILE", "a") + BOTH.replace("ID", id_).replace("FILE", "b")
    found = load_text("version: 1\nsteps:\n" + steps, file="job.yaml", stem="job").problems
    errors = [each.message for each in found if each.severity == "error"]
    assert errors == (["the step on line 3 reads Customers incrementally, too"] if told else [])
