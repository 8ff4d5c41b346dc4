"""What a job would do, told without doing it."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from txojobs.engine.plan import Plan, make_plan
from txojobs.errors import ConfigurationError, InvalidJobError
from txojobs.job.load import load_text
from txojobs.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CONFIG = '{"global": {"api-base-url": "https://api.example.com/v2.0/"%s}, "jobs": {"folder": "north"}}'
NOW = datetime(2026, 1, 15, 23, 30, tzinfo=timezone.utc)
ADDRESS = "GET https://api.example.com/v2.0"
HEAD = "version: 1\nsteps:\n"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "config").mkdir()
    configure(tmp_path, "")
    return Workspace(tmp_path)


def configure(root: Path, more: str, secrets: str | None = None) -> None:
    (root / "config" / "acme-prod-config.json").write_text(CONFIG % more, encoding="utf-8")
    if secrets is not None:
        path = root / "config" / "acme-prod-config-secrets.json"
        path.write_text(secrets, encoding="utf-8")
        path.chmod(0o600)


def plan(
    workspace: Workspace,
    text: str,
    *,
    place: tuple[str, str] | None = ("acme", "prod"),
    given: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Plan:
    loaded = load_text(text, file="job.yaml", stem="job")
    assert loaded.job is not None, loaded.problems
    return make_plan(loaded.job, workspace, place=place, given=given, environ=environ or {}, now=NOW)


def lines(workspace: Workspace, steps: str, **options: Any) -> list[tuple[str, ...]]:
    return [step.lines for step in plan(workspace, HEAD + steps, **options).steps]


def test_shows_the_address_decoded_and_the_page_size(workspace: Workspace) -> None:
    steps = (
        "  - fetch: {entity: Customers, select: [No, Näme], filter: Name eq 'O''Brien', page-size: 1000}\n"
    )
    assert lines(workspace, steps) == [
        (
            "GET https://api.example.com/v2.0/Customers?$select=No,Näme&$filter=Name eq 'O''Brien'&$count=true",
            "pages of 1,000 rows",
        )
    ]


def test_the_address_is_the_one_that_the_client_would_ask(workspace: Workspace) -> None:
    (first, *_), *_ = lines(workspace, "  - fetch: {entity: \"Company('A B')/Customers\", limit: 5}\n")
    assert first == "GET https://api.example.com/v2.0/Company('A B')/Customers"


def test_without_a_place_the_address_has_a_gap(workspace: Workspace) -> None:
    (first, *_), *_ = lines(workspace, "  - fetch: Customers\n", place=None)
    assert first == "GET <base-url>/Customers?$count=true"


def test_tells_each_step_in_its_own_words(workspace: Workspace) -> None:
    steps = """\
  - load: {file: data/a.xlsx, sheet: One, range: B3:F, types: {A: decimal}}
  - filter: A > 1 && B == 'x'
  - unnest: {field: L, empty: drop}
  - transform: {add: {X: A}, rename: {N: A}, drop: [B], types: {N: text}}
  - query: "[:10]"
  - transform: {columns: {Only: N}}
  - save: {file: sub/a.csv, stamp: false, when-empty: fail}
  - save: {file: a.xlsx, stamp: false, sheet-per: Only, about-sheet: true}
"""
    assert lines(workspace, steps) == [
        ("data/a.xlsx, sheet One, cells B3:F", "as A: decimal"),
        ("A > 1 && B == 'x'",),
        ("one row for each element of L", "a row without elements is left out"),
        ("adds X", "renames A to N", "drops B", "converts N to text"),
        ("[:10]",),
        ("1 column: Only",),
        ("output/sub/acme-prod-a.csv", "when there is no row: fail"),
        ("output/acme-prod-a.xlsx", "a sheet for each Only", "a last sheet tells where it comes from"),
    ]


def test_common_keys_are_told(workspace: Workspace) -> None:
    text = """\
version: 1
params: {all: {type: boolean, default: true}}
steps:
  - load: data/a.csv
  - filter: A > 1
    if: ${{ params.all }} == false
    rejects: bad.csv
    on-error: continue
    timeout: 10m
  - save: a.csv
    disabled: true
"""
    assert [step.lines for step in plan(workspace, text).steps[1:]] == [
        (
            "A > 1",
            "only if true == false, which is not so",
            "rows that it cannot work on go to output/acme-prod-bad_<now>.csv",
            "if it fails, the run goes on without it",
            "ends with an error after 600 s",
        ),
        ("output/acme-prod-a_<now>.csv", "disabled: left out"),
    ]


JOB = """\
version: 1
params:
  since: {type: date, default: "${{ run.month-start }}", description: First day}
  least: {type: number, description: Smallest amount}
  size: {type: integer}
  region: {env: REGION}
  note: {required: false}
steps:
  - id: orders
    fetch:
      entity: Orders('${{ params.region }}')/Lines
      filter: Day ge ${{ params.since }} and Region eq ${{ params.region }}
      page-size: ${{ params.size }}
  - filter: round(Amount, 2) > ${{ params.least }} && ${{ steps.orders.count }} > 0
  - save: orders-${{ params.region }}-${{ config.jobs.folder }}.csv
""".replace("('${{ params.region }}')", "")


def test_what_is_not_known_yet_stays_as_it_is_written(workspace: Workspace) -> None:
    assert [step.lines for step in plan(workspace, JOB, place=None).steps] == [
        (
            "GET <base-url>/Orders/Lines?$filter=Day ge 2026-01-01 and Region eq ${{ params.region }}&$count=true",
            "pages of ${{ params.size }} rows",
        ),
        ("round(Amount, 2) > ${{ params.least }} && ${{ steps.orders.count }} > 0",),
        ("output/<org>-<env>-orders-${{ params.region }}-${{ config.jobs.folder }}_<now>.csv",),
    ]


def test_what_is_known_stands_in_its_place(workspace: Workspace) -> None:
    found = plan(workspace, JOB, given={"least": "1.50", "size": "20"}, environ={"REGION": "NORTH"})
    assert [step.lines for step in found.steps] == [
        (
            f"{ADDRESS}/Orders/Lines?$filter=Day ge 2026-01-01 and Region eq 'NORTH'&$count=true",
            "pages of 20 rows",
        ),
        ("round(Amount, 2) > 1.50 && ${{ steps.orders.count }} > 0",),
        ("output/acme-prod-orders-NORTH-north_<now>.csv",),
    ]


def test_each_param_says_where_its_value_comes_from(workspace: Workspace) -> None:
    found = plan(workspace, JOB, given={"least": "1.50"}, environ={"REGION": "NORTH"})
    assert [(param.name, param.value, param.source) for param in found.params] == [
        ("since", "2026-01-01", "default"),
        ("least", "1.50", "given"),
        ("size", "", "required"),
        ("region", "NORTH", "from REGION"),
        ("note", "", "none"),
    ]
    assert found.params[0].description == "First day"


def test_a_value_that_does_not_suit_is_an_error_as_in_a_run(workspace: Workspace) -> None:
    with pytest.raises(InvalidJobError) as caught:
        plan(workspace, JOB, given={"size": "many", "sise": "1"})
    assert len(caught.value.problems) == 2


def test_today_is_that_of_the_jobs_time_zone(workspace: Workspace) -> None:
    text = "version: 1\ntimezone: Asia/Tokyo\nsteps:\n  - load: a.csv\n  - save: a-${{ run.today }}.csv\n"
    assert plan(workspace, text).steps[1].lines == ("output/acme-prod-a-2026-01-16_<now>.csv",)


def needs(workspace: Workspace, text: str, **options: Any) -> dict[str, bool | None]:
    return {need.name: need.found for need in plan(workspace, text, **options).needs}


FETCH = HEAD + "  - fetch: {entity: A, search: '${{ config.jobs.folder }}'}\n"


def test_needs_the_address_and_the_keys_that_the_job_names(workspace: Workspace) -> None:
    assert needs(workspace, FETCH) == {"global.api-base-url": True, "jobs.folder": True}
    assert needs(workspace, FETCH, place=None) == {"global.api-base-url": None, "jobs.folder": None}


@pytest.mark.parametrize(
    ("more", "secrets", "expected"),
    [
        (
            ', "auth": {"type": "oauth2"}, "tenant-id": "t", "client-id": "c"',
            None,
            {"global.oauth-scope": False, "secret client-secret": False},
        ),
        (', "auth": {"type": "api-key"}', '{"api-key": "k3y-of-acme"}', {"secret api-key": True}),
        (', "auth": {"type": "basic", "username": "me"}', None, {"secret password": False}),
        ("", '{"az-token": "t0ken-of-acme"}', {"secret az-token": True}),
        (', "auth": {"type": "none"}', None, {}),
        (
            ', "auth": {"type": "oauth2"}, "tenant-id": "t", "client-id": "c", "oauth-scope": "s"',
            '{"az-token": "t0ken-of-acme"}',
            {"global.oauth-scope": True, "secret az-token": True},
        ),
        (
            ', "auth": {"type": "oauth2", "oidc-issuer": "https://a", "client-id": "c"}',
            '{"client-secret": "s3cret-of-acme"}',
            {"global.auth.oidc-issuer": True, "secret client-secret": True},
        ),
        (
            ', "auth": {"type": "oauth2", "certificate": "key.pem"}, "tenant-id": "t", "client-id": "c"',
            None,
            {"global.oauth-scope": False, "global.auth.certificate": False},
        ),
    ],
    ids=[
        "oauth",
        "api-key",
        "basic",
        "token",
        "none",
        "a token instead of oauth",
        "an issuer",
        "a certificate",
    ],
)
def test_says_which_secrets_are_there(
    workspace: Workspace, more: str, secrets: str | None, expected: dict[str, bool]
) -> None:
    configure(workspace.root, more, secrets)
    found = needs(workspace, FETCH)
    assert expected.items() <= found.items()
    assert {name for name in found if name.startswith("secret")} == {
        name for name in expected if name.startswith("secret")
    }


def test_a_service_of_its_own_has_an_address_and_secrets_of_its_own(workspace: Workspace) -> None:
    text = (
        '{"global": {"api-base-url": "https://a.example.com"}, '
        '"apis": {"desk": {"base-url": "https://desk.example.com", "auth": {"type": "api-key"}}}}'
    )
    (workspace.root / "config" / "acme-prod-config.json").write_text(text, encoding="utf-8")
    job = HEAD + "  - fetch: Tickets\n    api: desk\n"
    assert needs(workspace, job) == {"apis.desk.base-url": True, "secret desk-api-key": False}
    assert plan(workspace, job).steps[0].lines[0] == "GET https://desk.example.com/Tickets?$count=true"


def test_a_secret_shows_nowhere(workspace: Workspace) -> None:
    configure(workspace.root, "", '{"api-key": "k3y-of-acme"}')
    text = """\
version: 1
params: {api-key: {env: KEY}}
steps:
  - fetch: {entity: A, query: {code: "${{ params.api-key }}"}}
"""
    found = plan(workspace, text, environ={"KEY": "k3y-of-acme"})
    assert "k3y-of-acme" not in repr(found)
    assert found.params[0].value == "***"
    assert found.steps[0].lines[0] == "GET https://api.example.com/v2.0/A?$count=true&code=***"


def test_memory_is_that_of_the_hungriest_step(workspace: Workspace) -> None:
    chain = "  - load: a.csv\n  - filter: A > 1\n"
    assert plan(workspace, HEAD + chain).memory == "one page at a time"
    assert plan(workspace, HEAD + chain + '  - query: "[0]"\n').memory == "all rows (query-3)"


def test_a_stream_that_several_read_is_kept_on_disk(workspace: Workspace) -> None:
    steps = "  - {id: a, load: a.csv}\n  - filter: A > 1\n  - save: b.csv\n  - {save: c.csv, from: a}\n"
    found = plan(workspace, HEAD + steps)
    assert found.memory == "one page at a time; on disk: a, read by several steps"
    assert [(step.reads, step.from_above) for step in found.steps] == [
        ((), False),
        (("a",), True),
        (("filter-2",), True),
        (("a",), False),
    ]


def test_warns_of_a_source_without_order(workspace: Workspace) -> None:
    steps = (
        "  - {id: a, fetch: {entity: A}}\n  - {id: b, fetch: {entity: B, order-by: [No]}}\n"
        "  - {id: c, fetch: {entity: C, key: [No]}}\n"
        "  - {id: d, fetch: {entity: D, key: [No], complete: none}}\n"  # there the key orders nothing
    )
    save = "  - save: {file: a.xlsx, sheets: {A: a, B: b, C: c, D: d}}\n"
    assert plan(workspace, HEAD + steps + save).warnings == (
        "a has neither order-by nor key: the order may differ from run to run",
        "d has no order-by: the order may differ from run to run",
    )


def test_an_organisation_without_configuration_is_an_error(workspace: Workspace) -> None:
    with pytest.raises(ConfigurationError):
        plan(workspace, FETCH, place=("acme", "test"))


def test_a_configuration_without_the_key_is_an_error(workspace: Workspace) -> None:
    with pytest.raises(InvalidJobError) as caught:
        plan(workspace, HEAD + "  - fetch: {entity: A, search: '${{ config.jobs.foldr }}'}\n")
    assert caught.value.problems[0].fix == "did you mean 'folder'?"


def test_writes_nothing(workspace: Workspace) -> None:
    before = sorted(workspace.root.rglob("*"))
    plan(workspace, JOB, environ={"REGION": "N"})
    assert sorted(workspace.root.rglob("*")) == before
