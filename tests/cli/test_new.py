"""`txojobs new`: a job that is right as it is written, and no file overwritten."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.invoking import invoke
from tests.metadata.documents import V2, V4, v2_document, v4_document
from txojobs.job.load import load_job
from txojobs.job.snapshots import Snapshots
from txojobs.workspace import Workspace

if TYPE_CHECKING:
    from pathlib import Path

    from txojobs.job.model import Job


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for folder in ("jobs", "config", "schemas/services"):
        (tmp_path / folder).mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    snapshot(tmp_path, V4.read_bytes())
    return tmp_path


def snapshot(root: Path, document: bytes, api: str = "default") -> None:
    (root / "schemas" / "services" / f"{api}.metadata.xml").write_bytes(document)


def written(root: Path, *words: str) -> str:
    """Return the job that the command writes."""
    done = invoke("new", "mine", *words)
    assert (done.code, done.err) == (0, "")
    return (root / "jobs" / "mine.yaml").read_text(encoding="utf-8")


def job(root: Path) -> Job:
    """Return the job that was written, which must have no problem, without the snapshot and with it."""
    path = root / "jobs" / "mine.yaml"
    for snapshots in (None, Snapshots(Workspace(root))):
        loaded = load_job(path, shown_as="mine.yaml", snapshots=snapshots)
        assert loaded.problems == []
    assert loaded.job is not None
    return loaded.job


def columns(root: Path) -> list[str]:
    return [column.name for column in job(root).steps[1].columns or ()]


def test_the_whole_job_from_a_service_of_v2(root: Path) -> None:
    snapshot(root, V2.read_bytes())
    assert (
        written(root, "--from", "Customers")
        == """\
# yaml-language-server: $schema=../schemas/job-schema.json
version: 1
description: Customers of the shop

steps:
  - fetch:
      entity: Customers
      select: [Kunnr, Name1, Id, Saldo, Visits, Total, Rate, Erdat, Changed, Opens, Blocked, Home]
      order-by: [Kunnr]
      page-size: 1000
      key: [Kunnr]

  - transform:
      columns:
        Customer: Kunnr
        Name: Name1
        Id: Id
        Balance: {value: Saldo, type: decimal, format: "#,##0.00"}
        Visits: Visits
        Total: Total
        Rate: Rate
        Created On: {value: date(Erdat), type: date}
        Changed: Changed
        Opens: Opens
        Blocked: Blocked
        Home City: Home.City

  - save: mine.xlsx
"""
    )
    assert job(root).description == "Customers of the shop"


def test_what_no_cell_holds_is_left_out_and_named(root: Path) -> None:
    text = written(root, "--from", "Customers")
    assert "  # left out, because no cell holds it: Picture, Tags" in text.splitlines()
    assert "Tags" not in columns(root)


def test_the_fields_that_are_named_in_their_order_and_the_key_read_with_them(root: Path) -> None:
    text = written(root, "--from", "Customers", "--fields", "Balance, Home/City,Name")
    assert "select: [Balance, Home/City, Name, No]" in text
    assert columns(root) == ["Balance", "City", "Full name"]


def test_a_job_of_another_api_says_so(root: Path) -> None:
    snapshot(root, V2.read_bytes(), api="sap")
    assert "\napi: sap\n" in written(root, "--from", "Orders", "--api", "sap")
    assert job(root).api == "sap"


def test_names_and_labels_that_yaml_or_expressions_would_misread_are_quoted(root: Path) -> None:
    names = ("null", "true", "Größe", "No", "on", "Ünlü_1", "_x")
    labels = (
        "a: b",
        "x #y",
        "say &quot;no&quot;",
        "two&#10;lines",
        "{brace}",
        "- dash",
        "yes",
        "1",
        "Größe",
        "null",
    )
    fields = "".join(f'<Property Name="{name}" Type="Edm.String"/>' for name in names)
    for number, label in enumerate(labels):
        note = f'<Annotation Term="com.sap.vocabularies.Common.v1.Label" String="{label}"/>'
        fields += f'<Property Name="F{number}" Type="Edm.Decimal" Scale="2">{note}</Property>'
    key = '<Key><PropertyRef Name="Größe"/></Key>'
    sets = '<EntityContainer Name="C"><EntitySet Name="Äpfel" EntityType="S.T"/></EntityContainer>'
    snapshot(root, v4_document(f'<EntityType Name="T">{key}{fields}</EntityType>{sets}'))
    written(root, "--from", "Äpfel")
    assert columns(root) == [
        *names,
        *("a: b", "x #y", 'say "no"', "two lines", "{brace}", "- dash", "yes", "1", "Größe (F8)", "null (F9)"),
    ]  # fmt: skip


def test_headings_are_unique_whatever_the_labels_are(root: Path) -> None:
    labels = {"A": "x", "B": "x", "C": "x (B)", "D": " "}
    fields = "".join(
        f'<Property Name="{name}" Type="Edm.String" s:label="{text}"/>' for name, text in labels.items()
    )
    schema = (
        f'<EntityType Name="T"><Key><PropertyRef Name="A"/></Key>{fields}</EntityType>'
        '<EntityContainer Name="C"><EntitySet Name="Ts" EntityType="S.T"/></EntityContainer>'
    ).replace("<EntityType", '<EntityType xmlns:s="http://www.sap.com/Protocols/SAPData"', 1)
    snapshot(root, v2_document(schema))
    written(root, "--from", "Ts")
    assert columns(root) == ["x", "x (B)", "x (B) (C)", "D"]


def test_a_structure_that_holds_itself_ends(root: Path) -> None:
    snapshot(
        root,
        v4_document(
            '<ComplexType Name="P"><Property Name="N" Type="Edm.String"/>'
            '<Property Name="Up" Type="S.P"/></ComplexType>'
            '<EntityType Name="T"><Key><PropertyRef Name="A"/></Key><Property Name="A" Type="Edm.String"/>'
            '<Property Name="At" Type="S.P"/></EntityType>'
            '<EntityContainer Name="C"><EntitySet Name="Ts" EntityType="S.T"/></EntityContainer>'
        ),
    )
    written(root, "--from", "Ts")
    assert columns(root) == ["A", "At N"]


def test_without_a_key_nothing_is_claimed(root: Path) -> None:
    snapshot(
        root,
        v4_document(
            '<EntityType Name="T"><Property Name="A" Type="Edm.String"/></EntityType>'
            '<EntityContainer Name="C"><EntitySet Name="Ts" EntityType="S.T"/></EntityContainer>'
        ),
    )
    text = written(root, "--from", "Ts")
    assert "complete: none    # the service names no key" in text
    assert "order-by" not in text
    job(root)


def test_many_fields_stand_on_several_lines(root: Path) -> None:
    fields = "".join(
        f'<Property Name="A_long_field_name_{number}" Type="Edm.String"/>' for number in range(40)
    )
    snapshot(
        root,
        v4_document(
            f'<EntityType Name="T"><Key><PropertyRef Name="A_long_field_name_0"/></Key>{fields}</EntityType>'
            '<EntityContainer Name="C"><EntitySet Name="Ts" EntityType="S.T"/></EntityContainer>'
        ),
    )
    text = written(root, "--from", "Ts")
    assert max(map(len, text.splitlines())) <= 100
    assert len(columns(root)) == 40


@pytest.mark.parametrize("name", ["mine.yaml", "mine.yml"])
def test_a_job_that_is_there_is_never_overwritten(root: Path, name: str) -> None:
    (root / "jobs" / name).write_text("# mine\n")
    done = invoke("new", "mine", "--from", "Customers")
    assert done.code == 2
    assert "jobs/mine.yaml is there already" in done.err
    assert [path.name for path in (root / "jobs").iterdir()] == [name]
    assert (root / "jobs" / name).read_text() == "# mine\n"


@pytest.mark.parametrize(
    ("words", "told", "fix"),
    [
        (("mine", "--from", "Custmers"), "no entity set 'Custmers'", "did you mean 'Customers'?"),
        (("mine", "--from", "Customers", "--fields", "Nmae"), "'Nmae' is no field", "did you mean 'Name'?"),
        (("mine", "--from", "Customers", "--fields", "Seller/Code"), "to other records", "expand"),
        (("mine", "--from", "Unknown"), "does not describe the records", "by hand"),
        (("mine", "acme", "--from", "Customers"), "for which ENV", ""),
        (("a/b", "--from", "Customers"), "cannot be the name of a job", ""),
        (("mine", "--from", "Customers", "--api", "crm"), "no schemas/services/crm.metadata.xml", "txojobs new"),
        (("mine",), "--from", ""),
    ],
)  # fmt: skip
def test_what_cannot_be_written_is_told_and_nothing_is_left(
    root: Path, words: tuple[str, ...], told: str, fix: str
) -> None:
    done = invoke("new", *words)
    assert done.code == 2
    assert told in done.err
    assert fix in done.err
    assert list((root / "jobs").iterdir()) == []


def test_the_first_job_asks_the_service_and_runs_and_the_second_needs_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert invoke("init").code == 0
    done = invoke("new", "orders", "demo", "test", "--from", "SalesOrders")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        "saved   schemas/services/default.metadata.xml",
        "wrote   jobs/orders.yaml",
        "",
        "Try it:  txojobs run orders demo test --limit 20",
    ]
    (tmp_path / "config" / "demo-test-config.json").rename(tmp_path / "config" / "away.txt")
    assert invoke("new", "lines", "--from", "SalesOrderLines").code == 0
    (tmp_path / "config" / "away.txt").rename(tmp_path / "config" / "demo-test-config.json")
    assert invoke("validate", "--strict").code == 0
    for name in ("orders", "lines"):
        done = invoke("run", name, "demo", "test")
        assert done.code == 0
        assert "complete: rows = $count, no key twice" in done.out
