"""What a snapshot tells of a service is used in the run: types, the key, columns; and what differs is said."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest

from tests.engine.pages_server import Asked, PagesServer, Reply, as_reply
from tests.metadata.documents import V2, v4_document
from txojobs.errors import IncompleteReadError, InvalidJobError
from txojobs.exact_json import decode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from tests.engine.workplace import Workplace

V4 = v4_document(
    '<EntityType Name="Item"><Key><PropertyRef Name="No"/></Key><Property Name="No" Type="Edm.String"/>'
    '<Property Name="Price" Type="Edm.Decimal"/><Property Name="Entry" Type="Edm.Int64"/>'
    '<Property Name="Rate" Type="Edm.Double"/><Property Name="Day" Type="Edm.Date"/>'
    '<Property Name="Tags" Type="Collection(Edm.Int64)"/><Property Name="Home" Type="S.Place"/>'
    '<NavigationProperty Name="Lines" Type="Collection(S.Line)"/></EntityType>'
    '<ComplexType Name="Place"><Property Name="City" Type="Edm.String"/>'
    '<Property Name="Metres" Type="Edm.Decimal"/></ComplexType>'
    '<EntityType Name="Line"><Key><PropertyRef Name="Line"/></Key><Property Name="Line" Type="Edm.Int32"/>'
    '<Property Name="Sum" Type="Edm.Decimal"/></EntityType>'
    '<EntityType Name="Special" BaseType="S.Wide"><Property Name="Extra" Type="Edm.Decimal"/></EntityType>'
    '<EntityType Name="Wide"><Key><PropertyRef Name="No"/></Key><Property Name="No" Type="Edm.String"/></EntityType>'
    '<EntityContainer Name="C"><EntitySet Name="Items" EntityType="S.Item"/>'
    '<EntitySet Name="Wides" EntityType="S.Wide"/></EntityContainer>'
)
ITEM = {
    "No": "00123",
    "Price": "1.50",
    "Entry": "9007199254740993",
    "Rate": 0.5,
    "Day": "2026-01-15",
    "Tags": ["1", None, "2"],
    "Home": {"City": "12", "Metres": "3.10"},
}


@pytest.fixture
def service(work: Workplace) -> Iterator[Callable[..., AbstractContextManager[PagesServer]]]:
    def serve(script: Callable[[Asked], Reply], *, odata: str = "v4", document: bytes = V4) -> PagesServer:
        server = PagesServer(script)
        servers.append(server)
        work.config({"api-base-url": server.url, "odata": odata})
        work.snapshot(document)
        return server

    servers: list[PagesServer] = []
    yield serve
    for server in servers:
        server.__exit__(None, None, None)


def sends(*records: dict[str, Any]) -> Callable[[Asked], Reply]:
    return lambda _: as_reply({"value": list(records), "@odata.count": len(records)})


def rows(work: Workplace, fetch: str, rest: str = "") -> list[Any]:
    work.steps(f"  - fetch: {{{fetch}}}\n{rest}  - save: {{file: n.jsonl, stamp: false}}\n")
    work.good_run()
    return [decode(line.encode()) for line in work.rows("n.jsonl")]


def warnings(work: Workplace, fetch: str) -> list[str]:
    work.steps(f"  - fetch: {{{fetch}}}\n  - save: {{file: n.jsonl, stamp: false}}\n")
    return work.good_run().warnings


# -- types ------------------------------------------------------------------------------------------------------


def test_numbers_that_come_as_text_are_exact_numbers_at_every_depth(work: Workplace, service: Any) -> None:
    lines = [{"Line": 1, "Sum": "-0.10"}, {"Line": 2, "Sum": None}]
    service(sends({**ITEM, "Lines": lines}))
    (row,) = rows(work, "entity: Items, expand: [Lines]")
    text = work.outputs()["n.jsonl"]
    assert '"No":"00123","Price":1.50,"Entry":9007199254740993,"Rate":0.5,"Day":"2026-01-15"' in text
    assert '"Tags":[1,null,2],"Home":{"City":"12","Metres":3.10}' in text
    assert '"Lines":[{"Line":1,"Sum":-0.10},{"Line":2,"Sum":null}]' in text
    assert list(row) == ["No", "Price", "Entry", "Rate", "Day", "Tags", "Home", "Lines"]


def test_expressions_calculate_with_them(work: Workplace, service: Any) -> None:
    service(sends(ITEM, {**ITEM, "No": "2", "Price": "0.90"}))
    found = rows(
        work, "entity: Items", "  - filter: Price > 1\n  - transform: {columns: {Twice: 'mul(Price, 2)'}}\n"
    )
    assert [str(row["Twice"]) for row in found] == ["3.00"]


def test_without_a_snapshot_texts_stay_texts(work: Workplace) -> None:
    with PagesServer(sends(ITEM)) as server:
        work.config({"api-base-url": server.url})
        (row,) = rows(work, "entity: Items, key: [No]")
    assert row["Price"] == "1.50"


def test_v2_numbers_are_numbers_and_what_is_no_number_for_json_stays_text(
    work: Workplace, service: Any
) -> None:
    record = {"Kunnr": "001", "Saldo": "-12.340", "Visits": 3, "Total": "12", "Rate": "1.5E+02"}
    other = {"Kunnr": "002", "Saldo": None, "Visits": 4, "Total": "0", "Rate": "INF"}
    answer = {"d": {"results": [record, other], "__count": "2"}}
    server = service(lambda _: as_reply(answer), odata="v2", document=V2.read_bytes())
    fields = ", ".join(record)
    assert warnings(work, f"entity: Customers, select: [{fields}]") == []
    assert work.rows("n.jsonl") == [
        '{"Kunnr":"001","Saldo":-12.340,"Visits":3,"Total":12,"Rate":1.5E+2}',
        '{"Kunnr":"002","Saldo":null,"Visits":4,"Total":0,"Rate":"INF"}',
    ]
    assert server.asked[0].query["$orderby"] == "Kunnr"


def test_a_time_of_day_of_v2_becomes_that_of_v4(work: Workplace, service: Any) -> None:
    times = ["PT08H55M50S", None, "09:30", "PT25H", 7]
    records = [{"Kunnr": str(at), "Opens": each} for at, each in enumerate(times)]
    service(
        lambda _: as_reply({"d": {"results": records, "__count": "5"}}), odata="v2", document=V2.read_bytes()
    )
    told = warnings(work, "entity: Customers, select: [Kunnr, Opens]")
    assert [decode(row.encode())["Opens"] for row in work.rows("n.jsonl")] == [  # type: ignore[call-overload,index]  # records
        *("08:55:50", None, "09:30", "PT25H", 7)
    ]
    assert told == ["Customers: Opens is Edm.Time in the snapshot, and came as the text 'PT25H'; it stays so"]


def test_fields_of_a_narrower_type_have_their_types_too(work: Workplace, service: Any) -> None:
    service(sends({"No": "1"}, {"No": "2", "Extra": "2.0"}))
    assert [str(row.get("Extra")) for row in rows(work, "entity: Wides")] == ["None", "2.0"]
    assert '"Extra":2.0' in work.outputs()["n.jsonl"]


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("Price", "n/a", "Price is Edm.Decimal in the snapshot, and came as the text 'n/a'"),
        ("Price", "007", "Price is Edm.Decimal in the snapshot, and came as the text '007'"),
        ("Price", "1E9999", "Price is Edm.Decimal in the snapshot, and came as the text '1E9999'"),
        ("Price", "INF", "Price is Edm.Decimal in the snapshot, and came as the text 'INF'"),
        ("Price", True, "Price is Edm.Decimal in the snapshot, and came as true"),
        ("Entry", "1.5", "Entry is Edm.Int64 in the snapshot, and came as the text '1.5'"),
        ("Entry", 1.5, "Entry is Edm.Int64 in the snapshot, and came as the number 1.5"),
        ("No", 5, "No is Edm.String in the snapshot, and came as the number 5"),
        ("Day", {"x": 1}, "Day is Edm.Date in the snapshot, and came as a structure"),
        ("Home", {"City": "x", "Metres": "far"}, "Home/Metres is Edm.Decimal in the snapshot, and came as the text"),
    ],
)  # fmt: skip
def test_a_value_that_the_snapshot_does_not_expect_is_kept_and_told_once(
    work: Workplace, service: Any, field: str, value: Any, told: str
) -> None:
    records = [{**ITEM, "No": f"N{number}"} for number in range(3)]
    for record in records[1:]:
        record[field] = value
    records[2]["No"] = 6 if field == "No" else "last"
    service(sends(*records))
    (warning,) = warnings(work, "entity: Items")
    assert warning.startswith(f"Items: {told}")
    assert "it stays so" in warning
    kept = [json.loads(line) for line in work.rows("n.jsonl")]
    assert kept[1][field] == value


def test_fields_that_only_the_service_or_only_the_snapshot_has_are_told(
    work: Workplace, service: Any
) -> None:
    record = {**ITEM, "Newest": 1, "@odata.etag": "x"}
    del record["Price"]
    service(sends(record))
    assert warnings(work, "entity: Items") == [
        "Items: the service sends Newest, which the snapshot does not have",
        "Items: no record has Price, which the snapshot says there is",
    ]
    assert '"Newest":1' in work.outputs()["n.jsonl"]


def test_companies_have_their_fields_in_front_and_only_what_the_service_sends_more_is_told(
    work: Workplace, service: Any
) -> None:
    def script(asked: Asked) -> Reply:
        if asked.path.endswith("/companies"):
            return as_reply({"value": [{"id": "0c6e2d0e-0a36-4a5e-9c7b-0e6e5a3c1111", "name": "North"}]})
        return as_reply({"value": [{**ITEM, "Newest": 1}], "@odata.count": 1})

    server = service(script)
    work.steps(
        "  - fetch: {entity: Items, companies: all}\n  - save: {file: n.csv, stamp: false, when-empty: write}\n"
    )
    report = work.good_run()
    assert report.warnings == ["Items: the service sends Newest, which the snapshot does not have"]
    assert work.rows("n.csv")[0].lstrip("\ufeff").startswith("_company,_company_id,No,Price,")
    assert server.asked[-1].query["$orderby"] == "No"


@pytest.mark.parametrize("fetch", ["entity: Items, select: [No, Entry]", "entity: Wides", "entity: Items"])
def test_nothing_is_told_of_fields_where_nothing_can_be_known(
    work: Workplace, service: Any, fetch: str
) -> None:
    records = [] if fetch.endswith("Items") else [{"No": "1", "Entry": "5", "Newest": 1}]
    service(sends(*records))
    assert warnings(work, fetch) == []


def test_a_snapshot_of_another_version_is_not_used_and_told(work: Workplace, service: Any) -> None:
    service(sends({"Kunnr": "1", "Saldo": "1.50"}), document=V2.read_bytes())
    found = warnings(work, "entity: Customers, key: [Kunnr]")
    told = "Customers: the snapshot is of OData 2.0, and the configuration says odata: v4; it is not used"
    assert found == [told]
    assert '"Saldo":"1.50"' in work.outputs()["n.jsonl"]


# -- the key ----------------------------------------------------------------------------------------------------


def test_the_key_of_the_snapshot_completes_the_order_and_finds_doubles(work: Workplace, service: Any) -> None:
    server = service(sends(ITEM, {**ITEM, "Price": "2"}))
    work.steps("  - fetch: {entity: Items, order-by: [Price desc]}\n  - save: n.csv\n")
    report = work.run()
    assert isinstance(report.error, IncompleteReadError)
    assert "1 record came twice (No=00123)" in str(report.error)
    assert server.asked[0].query["$orderby"] == "Price desc,No"


def test_a_key_that_was_not_selected_is_read_and_not_written(work: Workplace, service: Any) -> None:
    server = service(sends({"No": "1", "Price": "1.0"}, {"No": "2", "Price": "1.0"}))
    assert [list(row) for row in rows(work, "entity: Items, select: [Price]")] == [["Price"], ["Price"]]
    assert server.asked[0].query["$select"] == "Price,No"
    assert server.asked[0].query["$orderby"] == "No"


def test_the_report_says_that_the_key_was_checked(work: Workplace, service: Any) -> None:
    service(sends(ITEM))
    work.steps("  - fetch: Items\n  - save: n.csv\n")
    proof: Any = work.good_run().steps[0].notes["fetched"]
    assert (proof["key"], proof["key-checked"]) == (["No"], True)


@pytest.mark.parametrize(
    "options",
    [
        "select: [Price], complete: none",
        "limit: 5",
        "select: [Price], labels: true",
        "select: [Price], annotations: true",
    ],
)
def test_no_key_is_taken_where_the_job_claims_nothing_or_all_that_comes_is_kept(
    work: Workplace, service: Any, options: str
) -> None:
    server = service(sends({"No": "1", "Price": "1.0"}))
    rows(work, f"entity: Items, {options}")
    assert "$orderby" not in server.asked[0].query
    assert "No" not in server.asked[0].query.get("$select", "")


def test_a_key_that_the_job_names_counts(work: Workplace, service: Any) -> None:
    server = service(sends(ITEM))
    rows(work, "entity: Items, key: [Entry]")
    assert server.asked[0].query["$orderby"] == "Entry"


def test_verify_needs_no_key_in_the_job_and_compares_by_its_type(work: Workplace, service: Any) -> None:
    def script(asked: Asked) -> Reply:
        first = "$filter" not in asked.query
        page: dict[str, Any] = {"value": [{"Entry": "5" if first else "6"}], "@odata.count": 2}
        return as_reply({**page, "@odata.nextLink": f"{asked.path}?page=2"} if first else page)

    document = V4.replace(b'<PropertyRef Name="No"/>', b'<PropertyRef Name="Entry"/>', 1)
    server = service(script, document=document)
    assert rows(work, "entity: Items, select: [Entry], complete: verify") == [{"Entry": 5}, {"Entry": 6}]
    assert server.asked[1].query["$filter"] == "Entry gt 5"


def test_without_a_snapshot_verify_still_needs_a_key(work: Workplace) -> None:
    work.steps("  - fetch: {entity: Items, complete: verify}\n  - save: n.csv\n")
    with pytest.raises((AssertionError, InvalidJobError), match="needs the key of the records"):
        work.request()


# -- columns ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rest", ["", "  - filter: Price > 1\n", "  - {if: 1 > 2, transform: {drop: [No]}}\n"]
)
def test_an_empty_result_has_the_headers_of_the_service(work: Workplace, service: Any, rest: str) -> None:
    service(sends())
    work.steps(f"  - fetch: Items\n{rest}  - save: {{file: n.csv, stamp: false}}\n")
    work.good_run()
    assert work.rows("n.csv")[0].lstrip("\ufeff") == "No,Price,Entry,Rate,Day,Tags,Home"


def test_what_a_step_changes_changes_the_headers_of_an_empty_result(work: Workplace, service: Any) -> None:
    service(sends())
    work.steps(
        "  - {id: a, fetch: {entity: Items, expand: [Lines]}}\n"
        "  - {id: b, transform: {drop: [Tags, Home, Day, Rate], add: {Twice: 'mul(Price, 2)'}}}\n"
        "  - {save: {file: n.csv, stamp: false}}\n"
        "  - {from: [b, a], save: {file: both.csv, stamp: false}}\n"
        "  - save: {file: n.xlsx, stamp: false, sheets: {First: b}}\n"
    )
    work.good_run()
    assert work.rows("n.csv")[0].lstrip("\ufeff") == "No,Price,Entry,Lines,Twice"
    assert work.rows("both.csv")[0].lstrip("\ufeff") == "No,Price,Entry,Lines,Twice,Rate,Day,Tags,Home"
    sheet = openpyxl.load_workbook(work.root / "output" / "acme-test-n.xlsx").worksheets[0]
    assert [cell.value for cell in sheet[1]] == ["No", "Price", "Entry", "Lines", "Twice"]


def test_cells_have_the_types_of_the_service(work: Workplace, service: Any) -> None:
    service(sends({**ITEM, "More": "x"}))
    work.steps("  - fetch: Items\n  - save: {file: n.xlsx, stamp: false}\n")
    work.good_run()
    sheet = openpyxl.load_workbook(work.root / "output" / "acme-test-n.xlsx").worksheets[0]
    cells = {head.value: cell for head, cell in zip(sheet[1], sheet[2], strict=True)}
    assert (cells["No"].value, cells["Price"].value, cells["More"].value) == ("00123", 1.5, "x")
    assert cells["Day"].number_format == "yyyy-mm-dd"
    assert cells["Entry"].value == "9007199254740993"  # a worksheet would lose its last digit


# -- what a service leaves out ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fetch", "field"),
    [
        ("select: [No], expand: [Linez]", "Linez"),
        ("expand: {Lines: {select: [Line, Summ]}}", "Lines/Summ"),
        ("select: [No, Home/Cty]", "Home/Cty"),
    ],
)
def test_a_misspelt_name_that_the_service_says_nothing_about_fails_the_run(
    work: Workplace, fetch: str, field: str
) -> None:
    with PagesServer(sends({**ITEM, "Lines": [{"Line": 1, "Sum": 2}]})) as server:
        work.config({"api-base-url": server.url})
        work.steps(f"  - fetch: {{entity: Items, key: [No], {fetch}}}\n  - save: n.jsonl\n")
        report = work.run()
    assert str(report.error).startswith(f"no record has a field '{field}', which ")
    assert work.outputs() == {}


def test_what_stands_in_a_structure_is_expanded_by_its_path(
    work: Workplace, service: Callable[..., AbstractContextManager[PagesServer]]
) -> None:
    """A structure is a part of the record: `$expand` goes through it, and has no options for it."""
    document = v4_document(
        '<EntityType Name="Item"><Key><PropertyRef Name="No"/></Key><Property Name="No" Type="Edm.String"/>'
        '<Property Name="Home" Type="S.Place"/><NavigationProperty Name="Maker" Type="S.Firm"/></EntityType>'
        '<ComplexType Name="Place"><NavigationProperty Name="Country" Type="S.Firm"/></ComplexType>'
        '<EntityType Name="Firm"><Key><PropertyRef Name="Code"/></Key><Property Name="Code" Type="Edm.String"/>'
        '<Property Name="Seat" Type="S.Place"/></EntityType>'
        '<EntityContainer Name="C"><EntitySet Name="Items" EntityType="S.Item"/></EntityContainer>'
    )
    record = {"No": "1", "Home": {"Country": {"Code": "SE"}}, "Maker": {"Seat": {"Country": {"Code": "NO"}}}}
    asked: list[str] = []

    def script(request: Asked) -> Reply:
        asked.append(request.query["$expand"])
        return as_reply({"value": [record], "@odata.count": 1})

    with service(script, document=document):
        found = rows(work, "entity: Items, expand: {Home/Country: {select: [Code]}, Maker/Seat/Country: {}}")
    assert asked == ["Home/Country($select=Code),Maker($expand=Seat/Country)"]
    assert found == [record]
