"""`txojobs show JOB [ORG ENV]`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.invoking import invoke, make_workspace
from tests.metadata.documents import V4

UNCHECKED = "so its fields are not checked; to have them checked:"


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = make_workspace(tmp_path)
    monkeypatch.chdir(root)
    return root


def test_shows_the_whole_job() -> None:
    done = invoke("show", "customers", "acme", "prod", "-p", "limit=5")
    assert (done.code, done.err) == (0, "")
    address = "https://api.example.com/v2.0/Customers?$filter=Country eq 'SE'&$orderby=CustomerNo&$count=true"
    assert done.out.splitlines() == [
        "Customers of a country.",
        "",
        f"  fetch customers   GET {address}",
        "    |               pages of the service's own size",
        "    |",
        "  filter            BalanceDue > 5",
        "    |",
        "  save              output/acme-prod-customers-SE_<now>.xlsx",
        "",
        "parameters   country  SE  (default)  ISO 3166 country code",
        "             limit    5   (given)",
        "needs        global.api-base-url (found)",
        f"metadata     none of default, {UNCHECKED} txojobs metadata acme prod --save",
        "memory       one page at a time",
    ]


def test_without_org_and_env_it_shows_what_is_known() -> None:
    done = invoke("show", "customers")
    assert done.code == 0
    assert "GET <base-url>/Customers" in done.out
    assert "BalanceDue > ${{ params.limit }}" in done.out
    assert "output/<org>-<env>-customers-SE_<now>.xlsx" in done.out
    assert "(required)" in done.out
    assert "needs        global.api-base-url\n" in done.out


def test_says_by_which_snapshot_the_job_is_checked_for_each_service(workspace: Path) -> None:
    text = "version: 1\nsteps:\n"
    for api in ("default", "crm", "default", "'${{ params.where }}'"):
        text += f"  - api: {api}\n    fetch: {{entity: Customers, key: [No]}}\n  - save: '{len(text)}.csv'\n"
    text = text.replace("steps:", "params: {where: {type: string, required: true}}\nsteps:", 1)
    (workspace / "jobs" / "two.yaml").write_text(text, encoding="utf-8")
    folder = workspace / "schemas" / "services"
    folder.mkdir(parents=True)
    (folder / "default.metadata.xml").write_bytes(V4.read_bytes())
    lines = invoke("show", "two").out.splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("metadata"))
    assert lines[first : first + 3] == [
        "metadata     schemas/services/default.metadata.xml",
        f"             none of crm, {UNCHECKED} txojobs metadata ORG ENV --api crm --save",
        "             none: which service is asked is known when the job runs (${{ params.where }})",
    ]


def test_a_collection_is_shown_with_its_first_request_and_its_paging(workspace: Path) -> None:
    (workspace / "jobs" / "rest.yaml").write_text(
        """\
version: 1
params: {status: {type: string, required: true}, page: {type: integer, required: true}}
steps:
  - fetch:
      url: /v1/${{ params.status }}/orders
      query: {status: "${{ params.status }}", from: "${{ params.page }}", size: 5}
      paging: {kind: offset, as: skip, ends: empty-page}
      key: [id]
  - save: orders.csv
  - fetch: {url: v1/query, method: POST, paging: none}
  - save: other.csv
""",
        encoding="utf-8",
    )
    out = invoke("show", "rest").out
    address = "<base-url>/v1/${{ params.status }}/orders"
    assert f"GET {address}?status=${{{{ params.status }}}}&from=${{{{ params.page }}}}&size=5&skip=0\n" in out
    assert "pages by offset\n" in out
    assert "POST <base-url>/v1/query\n" in out
    assert "all in one answer\n" in out
    assert out.count("own size") == 1
    assert "no order-by" not in out
    assert "metadata" not in out


def test_a_fetch_that_reads_in_a_way_of_its_own_says_so(workspace: Path) -> None:
    (workspace / "jobs" / "ways.yaml").write_text(
        """\
version: 1
steps:
  - fetch: {entity: Entries, key: [No], partition: {by: No, parts: 8}, parallel: 4, complete: verify}
  - save: ranges.csv
  - fetch: {entity: Entries, key: [No], incremental: {by: Changed, lookback: 10m}}
  - save: {file: changes.csv}
  - fetch: {entity: Entries, key: [No], companies: [One, Two]}
  - save: {file: both.csv}
  - fetch: {entity: Entries, key: [No], partition: {by: No, at: [10, 20]}}
  - save: three.csv
""",
        encoding="utf-8",
    )
    done = invoke("show", "ways")
    assert done.code == 0, done
    out = done.out
    assert "in 8 ranges of No\n" in out
    assert "in 3 ranges of No\n" in out
    assert out.count("4 pages at once") == 1
    assert "complete: verify\n" in out
    assert "only what is new by Changed since the last run" in out
    assert "in One, Two, one after the other\n" in out


def test_a_job_that_asks_no_service_has_no_metadata(workspace: Path) -> None:
    text = "version: 1\nsteps:\n  - load: a.csv\n  - save: b.csv\n"
    (workspace / "jobs" / "two.yaml").write_text(text, encoding="utf-8")
    assert "metadata" not in invoke("show", "two").out


def test_branches_say_what_they_read(workspace: Path) -> None:
    text = "version: 1\nsteps:\n  - {id: a, load: a.csv}\n  - save: b.csv\n  - {save: c.csv, from: a}\n"
    (workspace / "jobs" / "two.yaml").write_text(text, encoding="utf-8")
    assert invoke("show", "two").out.splitlines()[:7] == [
        "  load a   a.csv",
        "    |",
        "  save     output/<org>-<env>-b_<now>.csv",
        "",
        "  save     output/<org>-<env>-c_<now>.csv",
        "           reads a",
        "",
    ]


def test_warns_of_what_a_source_leaves_unproven(workspace: Path) -> None:
    (workspace / "jobs" / "bare.yaml").write_text(
        "version: 1\nsteps:\n  - fetch: Customers\n", encoding="utf-8"
    )
    done = invoke("show", "bare")
    assert done.err.count("warning: no key: ") == 1
    assert "no key" not in done.out
    assert "warning: fetch-1 has neither order-by nor key" in done.out


def test_a_faulty_job_shows_every_problem(workspace: Path) -> None:
    text = "version: 1\nsteps:\n  - fetsch: A\n  - filter: A >\n"
    (workspace / "jobs" / "broken.yaml").write_text(text, encoding="utf-8")
    done = invoke("show", "broken")
    assert done.code == 2
    assert "jobs/broken.yaml:3:5: error: there is no step 'fetsch'" in done.err
    assert "jobs/broken.yaml:4:" in done.err
    assert done.out == ""


def test_an_unknown_job_names_the_nearest() -> None:
    done = invoke("show", "custmers")
    assert done.code == 2
    assert "did you mean 'customers'?" in done.err


def test_org_alone_is_a_usage_error() -> None:
    done = invoke("show", "customers", "acme")
    assert done.code == 2
    assert "ENV" in done.err


@pytest.mark.parametrize("pair", ["country", "=SE"])
def test_a_param_without_name_or_value_is_a_usage_error(pair: str) -> None:
    assert invoke("show", "customers", "-p", pair).code == 2


def test_an_unknown_param_names_the_nearest() -> None:
    done = invoke("show", "customers", "-p", "contry=NO")
    assert done.code == 2
    assert "did you mean 'country'?" in done.err


def test_loads_neither_http_nor_workbook_libraries() -> None:
    import os  # noqa: PLC0415
    import subprocess  # noqa: PLC0415
    import sys  # noqa: PLC0415

    program = (
        "import sys; from txojobs.cli.main import run_command_line;"
        "code = run_command_line(['show', 'customers', 'acme', 'prod', '-p', 'limit=5']);"
        "heavy = {'requests', 'msal', 'openpyxl', 'xlsxwriter', 'pandas', 'jsonschema', 'odatapy', 'rich'};"
        "sys.exit(code or (sorted(heavy & set(sys.modules)) or 0))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
