"""`txojobs metadata`: a service's entity sets and fields, its snapshot, and what it has changed since."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.engine.workplace import Workplace
from tests.metadata.documents import V2, V4
from tests.rest.fault_server import FaultServer, answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.rest.fault_server import Step

SNAPSHOT = "schemas/services/default.metadata.xml"


@pytest.fixture
def work(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path)


@pytest.fixture
def serving(work: Workplace) -> Iterator[Callable[..., FaultServer]]:
    """Start a service of `acme test` that answers so."""
    servers: list[FaultServer] = []

    def start(*script: Step) -> FaultServer:
        server = FaultServer(list(script))
        server.__enter__()
        servers.append(server)
        work.config({"api-base-url": server.url})
        return server

    yield start
    for server in servers:
        server.__exit__()


def document(path: Path = V4) -> Step:
    return answer(body=path.read_bytes(), content_type="application/xml")


def changed(*replaced: tuple[str, str]) -> Step:
    text = V4.read_text(encoding="utf-8")
    for old, new in replaced:
        assert old in text
        text = text.replace(old, new)
    return answer(body=text.encode())


def test_the_entity_sets_of_the_demo_service_are_listed(work: Workplace) -> None:
    work.config({"api-base-url": "demo:"})
    done = work.command("metadata", "acme", "test")
    assert (done.code, done.err) == (0, "")
    assert "SalesOrders      OrderNo               8  SalesOrderLines" in done.out.splitlines()
    assert "SalesOrderLines  OrderNo, LineNo       7" in done.out.splitlines()
    assert "6 entity sets, OData 4.0" in done.out
    assert "More about one:  txojobs metadata acme test ENTITY" in done.out
    assert not (work.root / "schemas").exists()


def test_an_entity_set_shows_its_fields_their_types_and_where_it_leads(
    work: Workplace, serving: Callable[..., FaultServer]
) -> None:
    serving(document())
    done = work.command("metadata", "acme", "test", "Customers")
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[:2] == ["Customers   Shop.Customer", "16 fields, key No"]
    assert [" ".join(line.split()) for line in lines[3:8]] == [
        "field type label",
        "No Edm.String(20) key",
        "Name Edm.String Full name",
        "Id Edm.Guid never null",
        "Balance Shop.Types.Money(20, variable)",
    ]
    assert "Orders      many Shop.Order" in lines
    assert "Seller      Shop.Person" in lines
    assert "Shop.Types.OrderState: Open, Released, Credit_x0020_Hold" in lines
    assert "Shop.Types.Address: City, Country, Street" in lines


def test_a_service_of_v2_shows_its_labels(work: Workplace, serving: Callable[..., FaultServer]) -> None:
    serving(document(V2))
    done = work.command("metadata", "acme", "test")
    assert "Customers of the shop" in done.out
    assert "2 entity sets, OData 2.0\nfunctions: FindCustomers" in done.out
    assert "Created On" in work.command("metadata", "acme", "test", "Customers").out


def test_as_json_it_is_the_same_for_machines(work: Workplace, serving: Callable[..., FaultServer]) -> None:
    serving(document())
    whole = json.loads(work.command("metadata", "acme", "test", "--json").out)
    assert (whole["api"], whole["odata"]) == ("default", "4.0")
    assert [each["name"] for each in whole["entity-sets"]][:2] == ["Customers", "Orders"]
    assert whole["functions"] == ["Reset", "TopCustomers"]
    one = json.loads(work.command("metadata", "acme", "test", "Orders", "--json").out)["entity-sets"]
    assert len(one) == 1
    assert one[0]["key"] == ["No", "Line"]
    assert one[0]["fields"][2] == {
        "name": "Amount",
        "type": "Edm.Decimal",
        "nullable": True,
        "label": "Amount incl. VAT",
        "max-length": None,
        "precision": 18,
        "scale": 2,
    }
    assert one[0]["navigation"] == [{"name": "Customer", "type": "Shop.Customer", "many": False}]


def test_the_snapshot_holds_each_byte_that_the_service_sent(
    work: Workplace, serving: Callable[..., FaultServer]
) -> None:
    serving(document())
    done = work.command("metadata", "acme", "test", "--save")
    assert done.code == 0
    assert (work.root / SNAPSHOT).read_bytes() == V4.read_bytes()
    assert done.out.splitlines() == [
        SNAPSHOT,
        "6 entity sets saved; txojobs validate checks jobs against them from now on",
    ]
    assert [path.name for path in (work.root / "schemas" / "services").iterdir()] == ["default.metadata.xml"]


def test_a_later_snapshot_says_what_the_service_has_changed(
    work: Workplace, serving: Callable[..., FaultServer]
) -> None:
    visits = ('Name="Visits" Type="Edm.Int32"', 'Name="Visits" Type="Edm.Int64"')
    email = ('<Property Name="Email" Type="Edm.String"/>', '<Property Name="Mail" Type="Edm.String"/>')
    serving(document(), changed(visits, email))
    work.command("metadata", "acme", "test", "--save")
    done = work.command("metadata", "acme", "test", "--save")
    assert done.out.splitlines() == [
        "gone     People.Email   Edm.String",
        "gone     Me.Email   Edm.String",
        "changed  Customers.Visits   Edm.Int32 -> Edm.Int64",
        "added    People.Mail   Edm.String",
        "added    Me.Mail   Edm.String",
        "",
        SNAPSHOT,
        "6 entity sets saved; txojobs validate checks jobs against them from now on",
    ]
    again = work.command("metadata", "acme", "test", "--save")
    assert again.out.startswith("the service has changed nothing since the snapshot before\n")


def test_what_changed_is_in_the_json_too(work: Workplace, serving: Callable[..., FaultServer]) -> None:
    serving(document(), changed(('<EntitySet Name="Notes" EntityType="Self.Note"/>', "")))
    first = json.loads(work.command("metadata", "acme", "test", "--save", "--json").out)
    assert "changes" not in first
    then = json.loads(work.command("metadata", "acme", "test", "--save", "--json").out)
    assert then["saved"] == SNAPSHOT
    assert then["changes"] == [{"kind": "gone", "what": "Notes", "detail": "an entity set with 1 fields"}]


def test_many_additions_are_counted_and_losses_all_told(
    work: Workplace, serving: Callable[..., FaultServer]
) -> None:
    many = "".join(f'<Property Name="New{number}" Type="Edm.String"/>' for number in range(30))
    mail = '<Property Name="Email" Type="Edm.String"/>'
    serving(document(), changed((mail, mail + many)), document())
    work.command("metadata", "acme", "test", "--save")
    grown = work.command("metadata", "acme", "test", "--save").out
    assert grown.count("added    ") == 20
    assert "... and 40 more that were added" in grown
    assert work.command("metadata", "acme", "test", "--save").out.count("gone     ") == 60


def test_offline_the_snapshot_is_shown_and_nobody_asked(
    work: Workplace, serving: Callable[..., FaultServer]
) -> None:
    server = serving(document())
    work.command("metadata", "acme", "test", "--save")
    asked = len(server.requests)
    assert "People" in work.command("metadata", "--offline").out
    assert "Shop.Person" in work.command("metadata", "--offline", "People").out
    assert "Shop.Person" in work.command("metadata", "acme", "test", "People", "--offline").out
    assert len(server.requests) == asked


def test_each_service_has_a_snapshot_of_its_own(work: Workplace, serving: Callable[..., FaultServer]) -> None:
    server = serving(document(V2))
    config = {
        "global": {"api-base-url": "http://127.0.0.1:9"},
        "apis": {"sap": {"base-url": server.url, "odata": "v2"}},
    }
    (work.root / "config" / "acme-test-config.json").write_text(json.dumps(config))
    assert work.command("metadata", "acme", "test", "--api", "sap", "--save").code == 0
    assert (work.root / "schemas" / "services" / "sap.metadata.xml").read_bytes() == V2.read_bytes()
    unknown = work.command("metadata", "acme", "test", "--api", "spa")
    assert unknown.code == 2
    assert "there is no api 'spa'" in unknown.err
    assert "did you mean 'sap'?" in unknown.err


def test_what_the_service_sends_cannot_command_the_terminal(
    work: Workplace, serving: Callable[..., FaultServer]
) -> None:
    serving(changed(("Full name", "Full&#x202E;name")))
    done = work.command("metadata", "acme", "test", "Customers")
    assert "\u202e" not in done.out
    assert "u202e" in done.out.lower()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("metadata", "acme"), "say for which ORG and ENV"),
        (("metadata", "acme", "test", "--offline", "--save"), "exclude each other"),
        (("metadata", "--offline"), "there is no schemas/services/default.metadata.xml"),
        (("metadata", "--offline", "--api", "../x"), "cannot be the name of an api"),
        (("metadata", "acme", "test", "Custmers"), "did you mean 'Customers'?"),
    ],
)
def test_what_cannot_be_is_told_with_exit_code_2(
    words: tuple[str, ...], told: str, work: Workplace, serving: Callable[..., FaultServer]
) -> None:
    serving(document())
    done = work.command(*words)
    assert done.code == 2, done
    assert told in done.err


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b'<!DOCTYPE a [<!ENTITY b "c">]><Edmx>&b;</Edmx>', "$metadata of default: it has a DOCTYPE"),
        (b"<Edmx>", "it ends in the middle"),
        (b"<!doctype html><p>Sign in</p>", "a web page came where $metadata was expected"),
    ],
)
def test_a_bad_answer_leaves_the_snapshot_as_it_was(
    body: bytes, told: str, work: Workplace, serving: Callable[..., FaultServer]
) -> None:
    serving(document(), answer(body=body))
    work.command("metadata", "acme", "test", "--save")
    done = work.command("metadata", "acme", "test", "--save")
    assert done.code == 1, done
    assert told in done.err
    assert (work.root / SNAPSHOT).read_bytes() == V4.read_bytes()


def test_a_damaged_snapshot_is_told_and_replaced(
    work: Workplace, serving: Callable[..., FaultServer]
) -> None:
    serving(document())
    (work.root / "schemas" / "services").mkdir(parents=True)
    (work.root / SNAPSHOT).write_text("<<<<<<< HEAD")
    done = work.command("metadata", "acme", "test", "--save")
    assert done.code == 0
    assert (
        f"warning: the snapshot before was damaged ({SNAPSHOT}:1:2): {SNAPSHOT}: it is no well-formed"
        in done.err
    )
    assert (work.root / SNAPSHOT).read_bytes() == V4.read_bytes()


def test_p5_a_secret_that_the_service_echoes_is_not_shown(
    work: Workplace, serving: Callable[..., FaultServer]
) -> None:
    server = serving(answer(403, b'{"error":{"code":"no","message":"bad key s3cr3t-value-1"}}'))
    work.config({"api-base-url": server.url, "auth": {"type": "bearer"}})
    work.secrets(az_token="s3cr3t-value-1")
    done = work.command("metadata", "acme", "test")
    assert done.code == 1
    assert "s3cr3t" not in done.out + done.err
    assert "bad key ***" in done.err
