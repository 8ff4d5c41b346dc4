"""Each error that `txojobs validate` tells comes with a way out: how to mend it, or an example."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.test_run import BAD_JOBS
from txojobs.config.check import check_config_file, check_config_text
from txojobs.errors import InvalidJobError, Problem
from txojobs.job.load import load_job, load_text
from txojobs.job.params import param_values
from txojobs.job.scope import Scope
from txojobs.yaml_limits import MAX_BYTES, MAX_NODES

if TYPE_CHECKING:
    from pathlib import Path

EXPRESSIONS = [
    *("n > > 1", "n > 1)", "n ! b", "n >", "(n > 1", "[n > 1)", "n = 1", "n <> 1", "n and b", "n == 'a", 'n == "a'),
    *("f(n,, 1)", "add(n)", "add(n, 1", "sum(,n)", "nosuch(n)", "n[?a", "n[::0]", "{a: n, a: b}", "{a n}", "{1: n}"),
    *("n == `{`", "n == `1e999999`", "1e999999", "9" * 6000, "n.5", "n..b", ".n", ")", "] n", "n b", "12ab == n"),
    *("n + 1", "n - 1", "n * 2", "n / 2", "n % 2", "$n", "n ? 1", "n == 1,000", "@n == 1", "n.[0]", "# n", "n ==~ 1"),
    *("(" * 300 + "n" + ")" * 300, "!" * 200 + "n", "n" * 20_000, "today() > n", 'n == "\\x"', "length()", "&n"),
    "n &b",
    *("a.b.'c'", "a['b']", "n[1:2:3:4]", "n[a]", "a | | b", "a ||", "|| a", "a, b", "n > 'a' > 2"),
]  # fmt: skip
HEAD = "version: 1\nsteps:\n  - load: data/n.jsonl\n"
FETCHES = [
    *("{entity: Customers, page-size: 0}", "{entity: Customers, limit: 0}", "{entity: Customers, parallel: 0}"),
    *("{entity: Customers, page-size: a}", "{entity: Customers, page-size: 1.5}", "{entity: Customers, select: 1}"),
    *("{entity: 5}", "{}", "null", "[]", "{url: ''}", "{entity: A, url: b}", "{entity: A?x=1}"),
    *("{entity: A, incremental: {by: 'a b'}}", "{entity: A, partition: {by: N, parts: 1}}", "{entity: A, key: {}}"),
    *("{entity: A, partition: {by: N, at: [2, 1]}}", "{entity: A, partition: {by: N}}", "{entity: A, order-by: 1}"),
    *("{entity: A, expand: 5}", "{entity: A, x: 1}"),
]  # fmt: skip
JOBS: dict[str, str] = {
    **{name: text for name, (text, _, _) in BAD_JOBS.items()},
    **{f"filter {text[:30]}": HEAD + f"  - filter: {json.dumps(text)}\n" for text in EXPRESSIONS},
    **{f"fetch {text}": f"version: 1\nsteps:\n  - fetch: {text}\n  - save: x.csv\n" for text in FETCHES},
    "a comment alone": "# nothing\n",
    "alias bomb": "x-a: &a [1,1,1,1,1,1,1,1,1,1]\n"
    + "".join(
        f"x-{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n" for old, new in zip("abcd", "bcde", strict=True)
    )
    + "version: 1\nsteps: [load: n.csv]\n",
    "self-alias": "version: 1\nsteps: &a [*a]\n",
    "beyond 1 MiB": "version: 1\nx-a: '" + "a" * MAX_BYTES + "'\n",
    "many values": "version: 1\nx-a: [" + "1, " * (2 * MAX_NODES + 9) + "]\n",
    "deep": "version: 1\nx-a: " + "[" * 60 + "]" * 60 + "\n",
    "a list": "- load: n.csv\n",
    "a text": "load\n",
    "params as a list": "version: 1\nparams: [a]\nsteps:\n  - load: n.csv\n  - save: x.csv\n",
    "a param of no type": "version: 1\nparams: {a: {type: txt}}\nsteps:\n  - load: n.csv\n  - save: x.csv\n",
    "a default of another type": "version: 1\nparams: {a: {type: integer, default: b}}\nsteps: [load: n.csv]\n",
    "an unknown option of a param": "version: 1\nparams: {a: {tpye: string}}\nsteps: [load: n.csv]\n",
    "version 2": "version: 2\nsteps:\n  - load: n.csv\n  - save: x.csv\n",
    "version text": "version: one\nsteps:\n  - load: n.csv\n  - save: x.csv\n",
    "no version": "steps:\n  - load: n.csv\n  - save: x.csv\n",
    "no steps in the list": "version: 1\nsteps: []\n",
    "a step that is a text": "version: 1\nsteps: [load]\n",
    "a step without a verb": "version: 1\nsteps: [{id: a}]\n",
    "an empty step": "version: 1\nsteps: [{}]\n",
    "a key twice": "version: 1\nversion: 1\nsteps: [load: n.csv]\n",
    "a tag": "version: !!int 1\nsteps: [load: n.csv]\n",
    "two documents": HEAD + "---\nversion: 1\n",
    "a directive": "%YAML 1.2\n---\n" + HEAD,
    "a bell": "version: 1\ndescription: a\x07b\n",
    "an impossible escape": 'version: 1\ndescription: "\\UFFFFFFFF"\n',
    "a quote that is open": "version: 1\ndescription: 'a\n",
    "a bracket that is open": "version: 1\nsteps: [load: n.csv\n",
    "a zone": "version: 1\ntimezone: Mars/Base\nsteps:\n  - load: n.csv\n  - save: x.csv\n",
    "an id twice": HEAD + "    id: a\n  - {id: a, filter: n > 1}\n  - save: x.csv\n",
    "an id": HEAD + "    id: 'a b'\n  - save: x.csv\n",
    "a name": "version: 1\nname: a/b\nsteps:\n  - load: n.csv\n  - save: x.csv\n",
    "a timeout": HEAD + "    timeout: soon\n  - save: x.csv\n",
    "on-error": HEAD + "    on-error: ignore\n  - save: x.csv\n",
    "disabled": HEAD + "    disabled: perhaps\n  - save: x.csv\n",
    "from on a source": HEAD + "  - {load: n.csv, from: load}\n  - save: x.csv\n",
    "a sink first": "version: 1\nsteps:\n  - save: x.csv\n",
    "a file outside": HEAD + "  - save: ../x.csv\n",
    "no file": HEAD + "  - save: ''\n",
    "an extension that is missing": HEAD + "  - save: x\n",
    "when-empty": HEAD + "  - save: {file: x.csv, when-empty: maybe}\n",
    "columns as a list": HEAD + "  - transform: {columns: [a]}\n  - save: x.csv\n",
    "an empty transform": HEAD + "  - transform: {}\n  - save: x.csv\n",
    "a type": HEAD + "  - transform: {types: {a: txt}}\n  - save: x.csv\n",
    "unnest": HEAD + "  - unnest: {field: lines, empty: maybe}\n  - save: x.csv\n",
    "an unknown root": HEAD + "  - filter: n > ${{ secrets.x }}\n  - save: x.csv\n",
    "a template that is open": HEAD + "  - filter: n > ${{ params.x\n  - save: x.csv\n",
    "an empty template": HEAD + "  - filter: n > ${{ }}\n  - save: x.csv\n",
    "a count of no step": HEAD + "  - filter: n > ${{ steps.x.count }}\n  - save: x.csv\n",
}
GOOD = {"api-base-url": "https://a.example"}
CONFIGS: dict[str, object] = {
    "a list": [],
    "global is a list": {"global": []},
    "null": {"global": {"api-base-url": None}},
    "ftp": {"global": {"api-base-url": "ftp://x"}},
    "a number": {"global": {"api-base-url": 5}},
    "an empty text": {"global": {"api-base-url": ""}},
    "a user": {"global": {"api-base-url": "https://a:b@x.example"}},
    "an unknown key": {"global": {**GOOD, "bananas": 1}},
    "an unknown section": {"globel": GOOD},
    "a key outside": {"global": GOOD, "bananas": 1},
    "snake": {"global": {"api_base_url": "https://a.example"}},
    "an origin": {"global": {**GOOD, "trusted-origins": ["https://a.example/path"]}},
    "origins": {"global": {**GOOD, "trusted-origins": "https://a.example"}},
    "a type of auth": {"global": {**GOOD, "auth": {"type": "magic"}}},
    "auth": {"global": {**GOOD, "auth": 5}},
    "odata": {"global": {**GOOD, "odata": "v9"}},
    "a profile": {"global": {**GOOD, "profile": "erp"}},
    "apis": {"global": GOOD, "apis": []},
    "a name of an api": {"global": GOOD, "apis": {"Help Desk": {"base-url": "https://b.example"}}},
    "an api without address": {"global": GOOD, "apis": {"helpdesk": {}}},
    "a name of an environment": {"global": GOOD, "environments": {"a-b": {}}},
    "behaviour": {"global": GOOD, "script-behavior": 5},
    **{
        f"{section} {name} {json.dumps(value)}": {"global": GOOD, "script-behavior": {section: {name: value}}}
        for section, name, value in [
            ("rate-limiting", "enabled", "yes"),
            ("rate-limiting", "calls-per-second", "a"),
            ("rate-limiting", "calls-per-second", 0),
            ("circuit-breaker", "failure-threshold", 0),
            ("circuit-breaker", "failure-threshold", "9"),
            ("retry-strategy", "max-retries", -1),
            ("retry-strategy", "max-retries", 1.5),
            ("retry-strategy", "max-retries", None),
            ("retry-strategy", "jitter", []),
        ]
    },
}
BROKEN = {
    "empty": b"",
    "no JSON": b"hello",
    "a comma": b'{"global": {},}',
    "a comment": b"// x\n{}",
    "single quotes": b"{'global': {}}",
    "twice": b'{"global": {"api-base-url": "https://a.example", "api-base-url": "https://b.example"}}',
    "open": b'{"global": {',
    "a number": b'{"global": {"api-base-url": 1e999}}',
    "NaN": b'{"x": {"y": NaN}}',
    "deep": b"[" * 500 + b"]" * 500,
    "UTF-16": '{"global": {}}'.encode("utf-16"),
    "Latin-1": b'{"x": {"y": "\xe4"}}',
    "large": b'{"x": {"y": "' + b"a" * (2 << 20) + b'"}}',
    "a strange letter": b'{"x": ;}',
    "more": b"{} {}",
}


def without_a_way_out(problems: list[Problem]) -> list[Problem]:
    assert any(problem.severity == "error" for problem in problems), "no error at all"
    return [each for each in problems if each.severity == "error" and not (each.fix or each.example)]


@pytest.mark.parametrize("case", JOBS)
def test_each_error_of_a_job(case: str) -> None:
    assert without_a_way_out(load_text(JOBS[case], file="job.yaml", stem="job").problems) == []


@pytest.mark.parametrize("case", CONFIGS)
def test_each_error_of_a_configuration(case: str) -> None:
    assert without_a_way_out(check_config_text(json.dumps(CONFIGS[case]))) == []


@pytest.mark.parametrize("case", BROKEN)
def test_each_error_of_a_file_that_is_no_configuration(case: str) -> None:
    assert without_a_way_out(check_config_text(BROKEN[case])) == []


def test_a_folder_in_place_of_a_file(tmp_path: Path) -> None:
    job, config = tmp_path / "job.yaml", tmp_path / "a-b-config.json"
    for each in (job, config):
        each.mkdir()
    assert without_a_way_out(load_job(job).problems) == []
    assert without_a_way_out(check_config_file(config)) == []


PARAMS = """
version: 1
params:
  s: {type: string, enum: [a, b]}
  i: {type: integer}
  n: {type: number}
  b: {type: boolean}
  d: {type: date}
  t: {type: datetime}
  l: {type: list}
  r: {type: string, required: true}
steps:
  - load: n.csv
  - save: x.csv
"""


@pytest.mark.parametrize(
    "given",
    [
        *({"s": "c"}, {"i": "1.5"}, {"i": "abc"}, {"n": "abc"}, {"n": "1,5"}, {"b": "maybe"}, {"d": "yesterday"}),
        *({"t": "noon"}, {"l": "[1"}, {"x": "1"}, {}, {"i": ""}, {"n": "1 000"}),
    ],
    ids=str,
)  # fmt: skip
def test_each_error_of_a_param(given: dict[str, str]) -> None:
    job = load_text(PARAMS, file="job.yaml", stem="job").job
    assert job is not None
    with pytest.raises(InvalidJobError) as caught:
        param_values(job, given, environ={}, scope=Scope(params={}, config={}, run={}, counts={}))
    assert without_a_way_out(list(caught.value.problems)) == []
