"""A job file, read and checked as section 6 of the design says; every mistake at once, each where it stands."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.job.loading import STEPS, job_of, problem_of, problems_of
from txojobs.errors import Mark
from txojobs.job.load import RESERVED, load_job, load_text
from txojobs.steps.base import Role
from txojobs.yaml_slips import split_lines

ROOT = Path(__file__).parents[2]
SHIPPED = (ROOT / "jobs" / "export-customers.yaml").read_text(encoding="utf-8")
DESIGN = """\
# yaml-language-server: $schema=../schemas/job-schema.json
version: 1
description: Customers with an open balance, for the credit team.

params:                                     # -p country=NO, or --country NO
  country: {type: string, default: SE, description: ISO 3166 country code}
  min-balance: {type: number, default: 0}

steps:
  - id: customers
    fetch:
      entity: Customers
      select: [CustomerNo, DisplayName, Country, BalanceDue, Address]
      filter: Country eq ${{ params.country }}          # the value becomes an OData literal, quotes and all
      order-by: [CustomerNo]
      page-size: 1000                                   # Prefer: odata.maxpagesize; never $top
      key: [CustomerNo]

  - filter: BalanceDue > ${{ params.min-balance }}      # the value becomes a JMESPath literal

  - transform:
      columns:                                          # the output, column by column; each value is JMESPath
        Customer No.: CustomerNo
        Name: DisplayName
        City: Address.City
        Balance: {value: BalanceDue, type: decimal, format: "#,##0.00"}
        Source: {const: Business Central}

  - save: customers.xlsx                                # output/acme-prod-customers_2026-01-15T1430Z.xlsx
"""


# -- the example and the top level ------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [DESIGN, SHIPPED])
def test_the_designs_own_job_is_right(text: str) -> None:
    job = job_of(text)
    assert [use.verb for use in job.steps] == ["fetch", "filter", "transform", "save"]
    assert [use.reads for use in job.steps] == [(), ("customers",), ("filter-2",), ("transform-3",)]
    assert [column.name for column in job.steps[-1].columns or ()] == [
        "Customer No.",
        "Name",
        "City",
        "Balance",
        "Source",
    ]


@pytest.mark.parametrize("change", ["\r\n", "\r", "bom"])
def test_the_designs_job_is_right_with_other_line_ends_and_a_byte_order_mark(change: str) -> None:
    found = job_of("\ufeff" + DESIGN if change == "bom" else DESIGN.replace("\n", change))
    assert [use.verb for use in found.steps] == ["fetch", "filter", "transform", "save"]


def test_the_name_is_the_files_stem_when_left_out(tmp_path: Path) -> None:
    for name in ("open.yaml", "open.yml"):
        path = tmp_path / name
        path.write_text(f"version: 1\n{STEPS}")
        loaded = load_job(path)
        assert loaded.job is not None
        assert loaded.job.name == "open"
    assert job_of(f"version: 1\nname: other\n{STEPS}").name == "other"


@pytest.mark.parametrize("name", ["con", "a..b", "a/b", "''", "-a", "a b", "[a]", "x" * 65, "å"])
def test_b5_a_name_must_suit_every_file_system(name: str) -> None:
    assert problem_of(f"version: 1\nname: {name}\n{STEPS}").where == Mark("f", 2, 7)


def test_b5_the_stem_must_suit_every_file_system() -> None:
    loaded = load_text(f"version: 1\n{STEPS}", file="my job.yaml", stem="my job")
    assert loaded.job is None
    assert loaded.problems[0].fix == "rename the file, or give the job a `name:`"
    assert load_text(f"version: 1\nname: mine\n{STEPS}", file="my job.yaml", stem="my job").job is not None


@pytest.mark.parametrize("version", ["2", "'1'", "true", "[1]", "", "1.5"])
def test_only_version_1_is_known(version: str) -> None:
    assert "only 1 is known" in problem_of(f"version: {version}\n{STEPS}").message


def test_the_version_is_required() -> None:
    assert problem_of(STEPS).message == "the version is missing"


@pytest.mark.parametrize("key", RESERVED)
def test_keys_of_later_versions_are_reserved(key: str) -> None:
    problem = problem_of(f"version: 1\n{key}: []\n{STEPS}")
    assert problem.message == f"{key!r} is reserved for a later version"
    assert problem.where == Mark("f", 2, 1)


def test_x_keys_are_a_home_for_anchors() -> None:
    text = "version: 1\nx-home:\n  page: &page {page-size: 5, key: [Nr]}\nsteps:\n  - fetch: {entity: C, <<: *page}\n"
    assert getattr(job_of(text).steps[0].sample, "page_size", None) == 5


def test_a_fault_behind_a_merge_key_is_shown_where_it_is_written() -> None:
    text = "version: 1\nx-a: &a\n  page-siz: 5\nsteps:\n  - fetch:\n      <<: *a\n      entity: C\n"
    problem = problem_of(text)
    assert problem.where == Mark("f", 3, 3)
    assert problem.fix == "did you mean 'page-size'?"


def test_a_fault_behind_an_alias_is_told_once() -> None:
    text = "version: 1\nx-a: &a\n  where: A ==\nsteps:\n  - load: a.csv\n  - filter: *a\n  - filter: *a\n"
    assert problem_of(text).where == Mark("f", 3, 14)


@pytest.mark.parametrize(
    ("key", "fix"),
    [("step", "did you mean 'steps'?"), ("Params", "did you mean 'params'?"), ("qqq", "known: version")],
)
def test_an_unknown_key_is_an_error_with_the_nearest(key: str, fix: str) -> None:
    problem = problem_of(f"version: 1\n{key}: []\n{STEPS}")
    assert fix in str(problem.fix)
    assert problem.length == len(key)


@pytest.mark.parametrize("root", ["[1]", "text", "5"])
def test_a_job_is_a_mapping(root: str) -> None:
    assert "a job is a mapping" in problem_of(root).message


@pytest.mark.parametrize("steps", ["", "steps:", "steps: []", "steps: {load: a.csv}", "steps: load"])
def test_a_job_needs_steps(steps: str) -> None:
    assert "steps" in problem_of(f"version: 1\n{steps}\n").message


def test_a_job_without_save_is_valid() -> None:
    assert job_of(f"version: 1\n{STEPS}").steps[0].cls.role is Role.SOURCE


@pytest.mark.parametrize("zone", ["Europe/Stockholm", "UTC", "America/New_York"])
def test_the_timezone_is_one_that_there_is(zone: str) -> None:
    assert job_of(f"version: 1\ntimezone: {zone}\n{STEPS}").timezone == zone


def test_a_timezone_that_there_is_not() -> None:
    problem = problem_of(f"version: 1\ntimezone: Europe/Stokholm\n{STEPS}")
    assert problem.fix == "did you mean 'Europe/Stockholm'?"
    for zone in ("../etc", "Europe", "''", "'a\\0b'", '"\\0"'):
        assert problem_of(f"version: 1\ntimezone: {zone}\n{STEPS}").where == Mark("f", 2, 11)


@pytest.mark.parametrize("key", ["description", "api", "timezone"])
@pytest.mark.parametrize("value", ["5", "[a]", "true", "${{ params.x }}"])
def test_a_text_of_the_top_level_is_a_plain_text(key: str, value: str) -> None:
    assert problem_of(f"version: 1\n{key}: {value}\n{STEPS}").where == Mark("f", 2, len(key) + 3)


# -- files ------------------------------------------------------------------------------------------------------


def test_a_file_that_is_not_utf8_is_one_problem_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"version: 1\n# \xe9\n")
    (problem,) = load_job(path, shown_as="jobs/a.yaml").problems
    assert problem.where == Mark("jobs/a.yaml", 2, 1)


def test_a_file_that_cannot_be_read_is_one_problem(tmp_path: Path) -> None:
    for path, told in (
        (tmp_path / "missing.yaml", "there is no file"),
        (tmp_path, "the file cannot be read"),
    ):
        (problem,) = load_job(path).problems
        assert problem.message.startswith(told)


@pytest.mark.parametrize("letter", [b"x", "é".encode()])
def test_a_huge_file_is_one_problem(tmp_path: Path, letter: bytes) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"version: 1 # " + letter * 3_000_000)
    (problem,) = load_job(path).problems
    assert "larger than 1,048,576 bytes" in problem.message


# -- everything at once -----------------------------------------------------------------------------------------

TWENTY = """\
version: 2
nmae: x
timezone: Mars/Base
vars: {}
params:
  a: {tpye: string, default: x}
  b: {type: integer, default: x}
  c: {enum: [NO, 1]}
steps:
  - id: one
    fetch:
      entity: C
      page-size: 0
      limit: many
      filtre: A eq 1
  - filter: A = 1
  - id: one
    filter: A == '${{ params.a }}'
  - filter: A == ${{ params.z }}
    form: one
  - transform:
      columns: {A: "B ==", C: {vlaue: D}}
    timeout: never
  - save: a.foo
  - save: {file: b.csv, when-empty: maybe}
    if: A > 1
  - sort: A
  - from: nobody
    query: "[].A"
"""


def test_twenty_mistakes_are_told_at_once_and_in_order() -> None:
    problems = problems_of(TWENTY)
    places = [(problem.where.line, problem.where.column) for problem in problems if problem.where]
    assert places == sorted(places)
    assert len(problems) >= 20
    lines = {line for line, _ in places}
    assert lines >= {1, 2, 3, 4, 6, 7, 8, 14, 15, 16, 17, 18, 19, 20, 22, 23, 24, 25, 26, 27, 28}
    assert all(problem.message and not problem.message.startswith("a bug") for problem in problems)


def test_a_warning_does_not_spoil_a_job() -> None:
    loaded = load_text(f"version: 1\nparams: {{c: {{default: NO}}}}\n{STEPS}", file="f", stem="s")
    assert loaded.job is not None
    assert [problem.severity for problem in loaded.problems] == ["warning"]


def doubts_of(text: str) -> list[tuple[str, str, str]]:
    """Return message, place and fix of the warnings of a job that is right."""
    loaded = load_text(text, file="f", stem="s")
    assert loaded.job is not None, loaded.problems
    assert {problem.severity for problem in loaded.problems} <= {"warning"}
    return [(problem.message, str(problem.where), problem.fix or "") for problem in loaded.problems]


AMBIGUOUS = {
    "NO": "false",
    "off": "false",
    "n": "false",
    "Yes": "true",
    "on": "true",
    "012": "a number",
    "00123": "a number",
    "1_000": "a number",
    "0x1F": "a number",
    "0o17": "a number",
    "1:30": "a number",
    ".inf": "a number",
    "012.5": "a number",
}


@pytest.mark.parametrize("word", AMBIGUOUS)
def test_a_value_of_any_type_that_other_tools_read_differently_is_warned_of_where_it_stands(
    word: str,
) -> None:
    said = f"{word} is read as text by txojobs, as {AMBIGUOUS[word]} by YAML 1.1 tools"
    fix = f'quote it: "{word}"'
    for before, after, steps in (
        ("params: {c: {default: ", "}}", ""),
        ("params: {c: {enum: [SE, ", "]}}", ""),
        ("params: {c: {type: list, default: [SE, ", "]}}", ""),
        ("x-list: &list [", "]", "  - transform: {columns: {A: {const: *list}, B: {const: *list}}}\n"),
        ("x-map: &map {NO: {a: ", "}}", "  - transform: {add: {A: {const: *map}}}\n"),
    ):
        job = f"version: 1\n{before}{word}{after}\n{STEPS}{steps}"
        assert doubts_of(job) == [(said, f"f:2:{len(before) + 1}", fix)]
        assert doubts_of(job.replace(f"{before}{word}", f"{before}'{word}'")) == []


@pytest.mark.parametrize(
    "steps",
    [
        (
            "  - fetch: {entity: No, select: [No, On], key: [No], order-by: [No, On], expand: [Off]}\n"
            "  - filter: {where: No, optional: [No]}\n"
            "  - transform: {add: {On: No}, columns: {No: No, On: {value: No}}, types: {No: text}}\n"
            "  - save: a.csv\n"
            "  - save: {file: a.xlsx, sheets: {No: No}}\n"
            "  - {id: No, load: a.csv}\n"
        ),
        (
            "  - {id: Y, load: {file: a.csv, types: {No: text, 012: text}, optional: [No, 012]}}\n"
            "  - {from: Y, unnest: No}\n"
            "  - transform: {rename: {No: Off}, drop: [On]}\n"
        ),
    ],
)
def test_a_field_or_step_called_no_is_no_doubt(steps: str) -> None:
    assert doubts_of(f"version: 1\nparams: {{No: {{default: x}}}}\nsteps:\n{steps}") == []


WORDS = (
    *(
        "steps:",
        "- ",
        "fetch:",
        "filter:",
        "save:",
        "id:",
        "from:",
        "params:",
        "${{",
        "}}",
        "${{ params.x }}",
        "if:",
    ),
    *(
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "'",
        '"',
        "|",
        "&a",
        "*a",
        "<<: *a",
        "#",
        "\n",
        "\n  ",
        "\t",
        "!x",
        "`",
        "@",
        "NO",
    ),
    *(
        "null",
        "true",
        "1e9999",
        "e5",
        "-1",
        "version: 1",
        "transform:",
        "columns:",
        "sheets:",
        "\ufeff",
        "\x00",
        "é",
        "x" * 99,
    ),
)
TOKENS = st.sampled_from(WORDS)


@settings(max_examples=150)
@given(data=st.data())
def test_no_change_to_a_job_raises_and_every_mark_is_inside_the_file(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from([SHIPPED, DESIGN, TWENTY]))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        length = data.draw(st.integers(0, 30))
        text = text[:start] + data.draw(TOKENS | st.just("")) + text[start + length :]
    check_marks(text)


def test_no_line_taken_out_or_moved_raises() -> None:
    chance = random.Random(7)  # not for secrets
    for original in (SHIPPED, TWENTY):
        lines = original.splitlines(keepends=True)
        for number in range(len(lines)):
            check_marks("".join(lines[:number] + lines[number + 1 :]))
            check_marks("".join([*lines[:number], " " * chance.randrange(5), *lines[number:]]))


def check_marks(text: str) -> None:
    loaded = load_text(text, file="f", stem="stem")
    assert loaded.job is not None or loaded.problems
    lines = split_lines(text.removeprefix("\ufeff"))
    for problem in loaded.problems:
        assert problem.where is not None
        assert problem.where.file == "f"
        assert 1 <= problem.where.line <= len(lines)
        assert 1 <= problem.where.column <= len(lines[problem.where.line - 1]) + 1


@pytest.mark.parametrize(
    ("steps", "what", "example"),
    [
        ("\n  load: a.csv\n  save: b.csv", "a mapping", "- load: ..."),
        (" []", "an empty list", "- fetch: ..."),
        (" load", "the text 'load'", "- fetch: ..."),
        ("", "nothing", "- fetch: ..."),
    ],
)
def test_steps_that_are_no_list_say_how_one_is_written(steps: str, what: str, example: str) -> None:
    problem = problem_of(f"version: 1\nsteps:{steps}\n")
    assert problem.message == f"steps is a list of steps, not {what}"
    assert problem.fix == "begin each step on a line of its own, with '- ' in front of its verb"
    assert problem.example == example


@pytest.mark.parametrize(
    ("params", "fix", "example"),
    [
        (
            "",
            "declare it below params, at the top of the job",
            "params: {contry: {type: string, description: ...}}",
        ),
        ("params: {country: {}}\n", "did you mean 'country'?", None),
        (
            "params: {limit: {}}\n",
            "declare it below params; declared are: limit",
            "params: {contry: {type: string, description: ...}}",
        ),
    ],
)
def test_a_param_that_is_not_declared_says_how_it_is(params: str, fix: str, example: str | None) -> None:
    text = f"version: 1\n{params}steps:\n  - load: a.csv\n  - filter: A == ${{{{ params.contry }}}}\n"
    (problem,) = [each for each in problems_of(text) if each.severity == "error"]
    assert (problem.message, problem.fix, problem.example) == ("params has no 'contry'", fix, example)


@pytest.mark.parametrize(
    ("entity", "fix"),
    [
        ("Customers?$top=5", "write limit below fetch"),
        ("Customers?$filter=A eq 1&$select=A", "write filter and select below fetch"),
        ("Customers?sap-client=100", "write it below fetch as query: {...}"),
    ],
)
def test_a_query_behind_the_entity_is_refused(entity: str, fix: str) -> None:
    problem = problem_of(
        f"version: 1\nsteps:\n  - fetch: {{entity: '{entity}', key: [A]}}\n  - save: a.csv\n"
    )
    assert (problem.message, problem.fix) == ("entity takes no query, and this one has a ?", fix)


@pytest.mark.parametrize(
    ("text", "column", "message", "fix"),
    [
        ("Country == 'SE'", 23, "== is no operator of OData", "write eq"),
        ("A eq 1 && B eq 2", 22, "&& is no operator of OData", "write and"),
        ("A eq 1 || B eq 2", 22, "|| is no operator of OData", "write or"),
        ("A != ${{ params.x }}", 17, "!= is no operator of OData", "write ne"),
        ("A = 1", 17, None, None),
        ('A eq "SE"', 20, "texts stand in single quotes", "write 'SE'"),
        ("A like 'S%'", 17, None, None),
        (
            "A eq 'x",
            20,
            "a text begins here and does not end",
            "end it with ', and write a ' inside of it twice",
        ),
        (
            "A eq 'O'Neil'",
            27,
            "a text begins here and does not end",
            "end it with ', and write a ' inside of it twice",
        ),
        ("A eq 1 and (B eq 2", 26, "this ( is not closed", "add a )"),
        ("A in ('(',')'))", 29, "this ) closes nothing", "remove it, or add a ("),
        ("A eq 1 and", 24, "something is missing at the end", "complete it, as in Balance gt 0"),
        (
            "A eq ${{ params.x }} or not",
            41,
            "something is missing at the end",
            "complete it, as in Balance gt 0",
        ),
        ("eq", 16, None, None),
    ],
)
def test_a_filter_in_another_language_or_without_an_end_is_found_without_a_snapshot(
    text: str, column: int, message: str | None, fix: str | None
) -> None:
    start = "version: 1\nparams: {x: {type: integer}}\nsteps:\n  - fetch:\n      entity: C\n      key: [A]\n"
    for job in (
        f"{start}      filter: {text}\n  - save: a.csv\n",
        f"{start}      filter:\n        -     {text}\n  - save: a.csv\n",
        f"{start}      expand:\n        B:\n          filter: {text}\n  - save: a.csv\n",
    ):
        (problem,) = [each for each in problems_of(job) if each.severity == "error"]
        assert problem.where is not None
        line = job.splitlines()[problem.where.line - 1]
        shift = line.index(text) - len("      filter: ")
        if message is not None:
            assert (problem.message, problem.fix) == (message, fix)
            assert problem.where.column - shift == column
        else:
            assert problem.fix is not None


@pytest.mark.parametrize(
    "text",
    [
        "Country eq 'a == \"b\" && c'",
        "contains(Name,'=')",
        "Orders/any(o: o/Amount gt 5)",
        "Orders/$count($filter=Amount gt 5) gt 2",
        "Name in ('a','b') and is eq 1",
        "startswith(Name,${{ params.x }})",
        "guid${{ params.x }} eq Id",
        "Name eq 'O''Neil (and)' and Text eq 'eq'",
        "Text eq ' and'",
        "Status eq Ns.Color'Red'",
        "Amount eq ${{ params.x }}",
    ],
)
def test_no_filter_in_odatas_words_is_refused(text: str) -> None:
    start = "version: 1\nparams: {x: {default: 0c6e2d0e-0a36-4a5e-9c7b-0e6e5a3c1111}}\nsteps:\n  - fetch:\n"
    quoted = text.replace("'", "''")
    job = f"{start}      entity: C\n      key: [A]\n      filter: '{quoted}'\n  - save: a.csv\n"
    assert [each for each in load_text(job, file="f", stem="s").problems if each.severity == "error"] == []
