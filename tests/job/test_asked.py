"""A job is checked against the snapshot of the service that it asks: with line, column and what was meant."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.metadata.documents import V2, V4
from txojobs.job.load import Loaded, load_text
from txojobs.job.snapshots import Snapshots
from txojobs.workspace import Workspace

if TYPE_CHECKING:
    from pathlib import Path

HEAD = """\
version: 1
params:
  text: {type: string, default: x}
  number: {type: number, default: 1}
  day: {type: date, default: 2026-01-15}
  fields: {type: list, default: [Line]}
  entity: {type: string, default: Customers}
steps:
"""
LINES = HEAD.count("\n")


@pytest.fixture
def snapshots(tmp_path: Path) -> Snapshots:
    folder = tmp_path / "schemas" / "services"
    folder.mkdir(parents=True)
    shutil.copy(V4, folder / "default.metadata.xml")
    shutil.copy(V2, folder / "sap.metadata.xml")
    return Snapshots(Workspace(tmp_path))


def load(steps: str, snapshots: Snapshots, *, top: str = "") -> Loaded:
    return load_text(top + HEAD + steps, file="jobs/x.yaml", stem="x", snapshots=snapshots)


def told(steps: str, snapshots: Snapshots, *, top: str = "") -> list[tuple[int, int, int, str, str | None]]:
    """Return each error: its line below `steps:`, column, length, message and fix."""
    found = []
    for each in load(steps, snapshots, top=top).problems:
        if each.severity == "error":
            assert each.where is not None
            line = each.where.line - LINES - top.count("\n")
            found.append((line, each.where.column, each.length, each.message, each.fix))
    return found


GOOD = """\
  - fetch:
      entity: Customers
      select: [No, Name, Home/City, Balance]
      filter:
        - Name eq ${{ params.text }} and Balance gt ${{ params.number }}
        - Founded ge ${{ params.day }}
        - Founded lt ${{ run.today }} and Changed lt ${{ run.now }}
        - Balance gt ${{ config.limit }}
      order-by: [Name desc, No]
      expand: {Orders: {select: [Line], filter: Amount gt 5, order-by: [Line], expand: [Customer]}, Seller: {}}
      key: [No]
  - transform: {columns: {Name: Name, City: Home.City, Seller: Seller.Email, Orders: length(Orders)}}
  - save: a.csv
"""


def test_a_good_job_has_no_problem(snapshots: Snapshots) -> None:
    assert load(GOOD, snapshots).problems == []


def test_each_name_is_told_where_it_stands(snapshots: Snapshots) -> None:
    steps = """\
  - fetch:
      entity: Customers
      select: [No, Nmae, "Balanse"]
      filter: Nmae eq 'x' and Balance gt '5'
      order-by: [Fonded desc]
      expand: [Ordrs]
      key: [No, Naem]
  - save: a.csv
"""
    assert told(steps, snapshots) == [
        (3, 20, 4, "'Nmae' is no field of Customers", "did you mean 'Name'?"),
        (3, 27, 7, "'Balanse' is no field of Customers", "did you mean 'Balance'?"),
        (4, 15, 4, "'Nmae' is no field of Customers", "did you mean 'Name'?"),
        (4, 42, 3, "Balance is a number (Edm.Decimal), and '5' is a text", "write 5"),
        (5, 18, 6, "'Fonded' is no field of Customers", "did you mean 'Founded'?"),
        (6, 16, 5, "'Ordrs' is no way from Customers to other records", "did you mean 'Orders'?"),
        (7, 7, 1, "key names 'Naem', which select does not read", "add Naem to select"),
        (7, 17, 4, "'Naem' is no field of Customers", "did you mean 'Name'?"),
    ]


def test_expansions_with_options_are_looked_into(snapshots: Snapshots) -> None:
    steps = """\
  - fetch:
      entity: Customers
      key: [No]
      expand:
        Orders: {select: [Lnie], filter: Amount gt '5', order-by: [Dat]}
        Orders/Custmer: {}
        Name: {}
  - save: a.csv
"""
    assert told(steps, snapshots) == [
        (5, 27, 4, "'Lnie' is no field of Orders", "did you mean 'Line'?"),
        (5, 52, 3, "Amount is a number (Edm.Decimal), and '5' is a text", "write 5"),
        (5, 68, 3, "'Dat' is no field of Orders", "did you mean 'Date'?"),
        (6, 16, 7, "'Custmer' is no field of Orders", "did you mean 'Customer'?"),
        (7, 9, 4, "'Name' is a text (Edm.String), and leads to no other records",
         "remove it here: it comes with the record, or name it in select"),
    ]  # fmt: skip


def test_expansions_inside_of_expansions_are_looked_into(snapshots: Snapshots) -> None:
    steps = """\
  - fetch:
      entity: Customers
      key: [No]
      expand:
        Orders:
          expand: {Customer: {select: [Nmae], expand: [Ordrs]}, Nobody: {}}
  - save: a.csv
"""
    assert told(steps, snapshots) == [
        (6, 40, 4, "'Nmae' is no field of Customer", "did you mean 'Name'?"),
        (6, 56, 5, "'Ordrs' is no way from Customer to other records", "did you mean 'Orders'?"),
        (6, 65, 6, "'Nobody' is no way from Orders to other records",
         ("Orders leads to Customer; if the service has it by now, renew the snapshot: "
         "txojobs metadata ORG ENV --save")),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("step", "column", "length"),
    [
        ("  - fetch: Custmers\n", 12, 8),
        ('  - fetch: "Custmers"\n', 13, 8),
        ("  - fetch: {entity: Custmers, key: [No]}\n", 21, 8),
    ],
)
def test_the_entity_set_is_told_in_each_spelling_of_the_step(
    step: str, column: int, length: int, snapshots: Snapshots
) -> None:
    message = "'Custmers' is no entity set of the service (schemas/services/default.metadata.xml)"
    assert told(step + "  - save: a.csv\n", snapshots) == [
        (1, column, length, message, "did you mean 'Customers'?")
    ]


@pytest.mark.parametrize(
    ("by", "message", "fix"),
    [
        ("No", "No is Edm.String: no moment, date or whole number, whose order is known", "name the field"),
        ("Balance", "Balance is Shop.Types.Money: no moment, date or whole number", "name the field"),
        ("Nmae", "'Nmae' is no field of Customers", "did you mean 'Name'?"),
    ],
)
def test_a_field_to_go_by_must_be_there_and_have_an_order(
    by: str, message: str, fix: str, snapshots: Snapshots
) -> None:
    step = (
        "  - fetch:\n      entity: Customers\n      key: [No]\n      incremental: {by: BY}\n  - save: a.csv\n"
    )
    ((line, column, length, found, hint),) = told(step.replace("BY", by), snapshots)
    assert (line, column, length) == (4, 25, len(by))
    assert found.startswith(message)
    assert str(hint).startswith(fix)


@pytest.mark.parametrize(
    ("partition", "message", "hint"),
    [
        ("{by: Nmae, parts: 3}", "'Nmae' is no field of Customers", "did you mean 'Name'?"),
        ("{by: Nmae, at: [A, B]}", "'Nmae' is no field of Customers", "did you mean 'Name'?"),
        ("{by: No, parts: 3}", "No is Edm.String: no number, date or moment", "write at: [...]"),
    ],
)
def test_a_field_whose_ranges_are_read_must_be_there_and_have_a_width(
    partition: str, message: str, hint: str, snapshots: Snapshots
) -> None:
    step = f"  - fetch:\n      entity: Customers\n      key: [No]\n      partition: {partition}\n  - save: a.csv\n"
    ((line, column, _, found, fix),) = told(step, snapshots)
    assert (line, column) == (4, 23)
    assert found.startswith(message)
    assert str(fix).startswith(hint)


@pytest.mark.parametrize(
    ("options", "value", "message", "fix"),
    [
        ("incremental: {by: Changed, lookback: 100}", "100",
         "lookback is 100, and Changed is Edm.DateTimeOffset", "write its unit: 90s, 10m, 2h or 1d"),
        ("incremental: {by: Founded, lookback: 3}", "3",
         "lookback is 3, and Founded is Edm.Date", "write its unit: 90s, 10m, 2h or 1d"),
        ("incremental: {by: Visits, lookback: 10m}", "10m",
         "lookback is 10m, and Visits is Edm.Int32", "write an amount, like 100"),
        ("partition: {by: Founded, at: [1]}", "1",
         "Founded is a date (Edm.Date), and 1 is a number", "write it without quotes, like 2026-01-15"),
        ("partition: {by: Visits, at: [7, A8]}", "A8", "Visits is a number (Edm.Int32), and 'A8' is a text",
         "write a number without quotes, like 100 or 0.5"),
        ("partition: {by: No, at: [A, 1]}", "1", "No is a text (Edm.String), and 1 is a number", "write '1'"),
        ("partition: {by: Id, at: [a]}", "a", "Id is a GUID (Edm.Guid), and 'a' is a text",
         "write it without quotes, like 0c6e2d0e-0a36-4a5e-9c7b-0e6e5a3c1111"),
    ],
)  # fmt: skip
def test_a_value_beside_the_field_to_go_by_must_be_of_its_type(
    options: str, value: str, message: str, fix: str, snapshots: Snapshots
) -> None:
    step = f"  - fetch:\n      entity: Customers\n      key: [No]\n      {options}\n  - save: a.csv\n"
    line, column, length, *said = next(each for each in told(step, snapshots) if "must be" not in each[3])
    assert (line, column) == (4, options.rindex(value) + 7)
    assert (length, said) == (len(value), [message, fix])


@pytest.mark.parametrize(
    "options",
    [
        "incremental: {by: Changed, lookback: 10m}",
        "incremental: {by: Visits, lookback: 100}",
        "incremental: {by: Visits}",
        "partition: {by: Founded, at: [2024-01-01, 2025-01-01]}",
        "partition: {by: Changed, at: [2024-01-01, 2025-01-01T10:00:00Z]}",
        "partition: {by: Visits, at: [1, 2]}",
        "partition: {by: Opens, at: [08:00, 12:00]}",
        "partition: {by: Id, at: [0c6e2d0e-0a36-4a5e-9c7b-0e6e5a3c1111, 8c6e2d0e-0a36-4a5e-9c7b-0e6e5a3c1111]}",
    ],
)
def test_values_of_its_type_are_good(options: str, snapshots: Snapshots) -> None:
    step = f"  - fetch:\n      entity: Customers\n      key: [No]\n      {options}\n  - save: a.csv\n"
    assert told(step, snapshots) == []


def test_a_key_in_the_address_is_told_where_it_stands(snapshots: Snapshots) -> None:
    step = "  - fetch:\n      entity: Customers(Id=${{ params.text }})/Orders\n      key: [No, Line]\n"
    ((line, column, length, message, fix),) = told(step + "  - save: a.csv\n", snapshots)
    assert (line, column, length) == (2, 28, len("${{ params.text }}"))
    assert message == "Id is a GUID (Edm.Guid), and params.text gives a text"
    assert fix == "write guid${{ params.text }}"


def test_the_fields_of_an_aggregation_are_told_where_they_stand(snapshots: Snapshots) -> None:
    step = "  - fetch:\n      entity: Customers\n      complete: none\n      apply: groupby((Nmae))\n"
    found = told(step + "  - save: a.csv\n", snapshots)
    assert found == [(4, 23, 4, "'Nmae' is no field of Customers", "did you mean 'Name'?")]


def test_it_inside_of_an_expansion_is_not_judged(snapshots: Snapshots) -> None:
    step = "  - fetch:\n      entity: Customers\n      key: [No]\n"
    step += "      expand: {Orders: {filter: $it/Founded eq null}}\n  - save: a.csv\n"
    assert told(step, snapshots) == []


def test_texts_may_be_cut_at_given_ones(snapshots: Snapshots) -> None:
    step = "  - fetch:\n      entity: Customers\n      key: [No]\n      partition: {by: No, at: [A, B]}\n"
    assert told(step + "  - save: a.csv\n", snapshots) == []


def test_a_filter_on_several_lines_is_told_on_its_line(snapshots: Snapshots) -> None:
    steps = """\
  - fetch:
      entity: Customers
      key: [No]
      filter: |
        Name eq 'x'
        and Nmae eq 'y'
  - save: a.csv
"""
    assert told(steps, snapshots) == [(6, 13, 4, "'Nmae' is no field of Customers", "did you mean 'Name'?")]


@pytest.mark.parametrize(
    ("begin", "place"),
    [(">", (6, 13)), ("&sought", (4, 15))],
    ids=["on a folded line", "where the place cannot be told, the start"],
)
def test_the_place_in_a_text_of_several_lines(
    snapshots: Snapshots, begin: str, place: tuple[int, int]
) -> None:
    steps = f"""\
  - fetch:
      entity: Customers
      key: [No]
      filter: {begin}
        Name eq 'x'
        and Nmae eq 'y'
  - save: a.csv
"""
    assert [each[:2] for each in told(steps, snapshots)] == [place]


def test_a_param_counts_by_its_type_and_the_place_is_that_in_the_job(snapshots: Snapshots) -> None:
    filters = "Name eq ${{ params.text }} and Balance gt ${{ params.text }}"
    steps = f"  - fetch: {{entity: Customers, key: [No], filter: '{filters}'}}\n"
    found = told(steps + "  - save: a.csv\n", snapshots)
    message = "Balance is a number (Edm.Decimal), and params.text gives a text"
    assert found == [(1, steps.rindex("${{") + 1, 18, message, "give the param `type: number`")]


# -- the key ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        "",
        ", complete: verify",
        ", on-duplicate: keep-last",
        ", select: [Amount]",
        ", complete: verify, partition: {by: Line, parts: 2}",
    ],
)
def test_the_key_of_the_snapshot_is_as_good_as_one_of_the_job(options: str, snapshots: Snapshots) -> None:
    steps = f"  - fetch: {{entity: Orders{options}}}\n  - save: a.csv\n"
    assert load(steps, snapshots).problems == []
    without = load_text(HEAD + steps, file="f", stem="f").problems
    assert any("key" in problem.message for problem in without)


def test_a_type_without_a_key_leaves_the_warning(snapshots: Snapshots) -> None:
    (problem,) = load("  - fetch: {entity: Unknown}\n  - save: a.csv\n", snapshots).problems
    assert problem.message.startswith("no key: ")


# -- the steps that follow --------------------------------------------------------------------------------------


def test_following_steps_are_held_to_the_fields_of_the_service_without_a_select(snapshots: Snapshots) -> None:
    steps = """\
  - fetch: {entity: Orders, key: [No, Line], expand: [Customer]}
  - filter: Amonut > 5
  - transform: {columns: {No: No, Customer: Customer.Name, Datum: Datum}}
  - save: a.csv
"""
    assert told(steps, snapshots) == [
        (2, 13, 10, "'Amonut' is none of the fields that come in here", "did you mean 'Amount'?"),
        (3, 67, 5, "'Datum' is none of the fields that come in here", "did you mean 'Date'?"),
    ]


@pytest.mark.parametrize(
    "fetch",
    [
        "{entity: Notes, key: [Id]}",  # an open type
        "{entity: Customers, key: [No]}",  # some are key customers
        "{entity: Unknown}",  # described elsewhere
        "{entity: Orders, key: [No], expand: '${{ params.fields }}'}",
        "{entity: Orders, key: [No], expand: ['*']}",
        "{entity: Orders, key: [No], query: {$compute: 'Amount mul 2 as Anything'}}",
        "{entity: Orders, key: [No], labels: true}",
        "{entity: Orders, key: [No], annotations: true}",
        "{entity: Orders, apply: 'aggregate(Amount with sum as Anything)'}",
        "{entity: '${{ params.entity }}', key: [Any], select: [Any, Anything], filter: Any eq 1, order-by: [Any]}",
    ],
)
def test_following_steps_may_use_any_field_where_more_may_come(fetch: str, snapshots: Snapshots) -> None:
    steps = f"  - fetch: {fetch}\n  - filter: Anything > 5\n  - save: a.csv\n"
    assert told(steps, snapshots) == []


def test_selected_fields_carry_their_types_to_what_follows(snapshots: Snapshots) -> None:
    steps = """\
  - fetch: {entity: Orders, key: [No, Line], select: [No, Line, Amount, Date], expand: [Customer]}
  - transform: {columns: {Number: No, Sum: Amount}}
  - save: a.csv
"""
    job = load(steps, snapshots).job
    assert job is not None
    fetched, made, _ = (use.columns for use in job.steps)
    assert [(each.name, each.type) for each in fetched or ()] == [
        *(("No", "text"), ("Line", "integer"), ("Amount", "decimal"), ("Date", "date"), ("Customer", None))
    ]
    assert [(each.name, each.type) for each in made or ()] == [("Number", "text"), ("Sum", "decimal")]


def test_other_faults_of_the_job_do_not_hide_what_the_service_lacks(snapshots: Snapshots) -> None:
    steps = "  - fetch: {entity: Custmers}\n  - filter: {were: x}\n  - save: a.csv\n"
    assert [each[3].split(" is ")[0].split(" has ")[0] for each in told(steps, snapshots)] == [
        "'Custmers'",
        "filter",
    ]


# -- which snapshot ---------------------------------------------------------------------------------------------


def test_each_api_is_checked_against_its_own_snapshot(snapshots: Snapshots) -> None:
    steps = """\
  - api: sap
    fetch: {entity: Customers, key: [Kunnr], filter: Erdat ge datetime'2026-01-01T00:00:00'}
  - save: a.csv
  - fetch: {entity: Customers, key: [Kunnr]}
  - save: b.csv
"""
    assert [each[3] for each in told(steps, snapshots)] == ["'Kunnr' is no field of Customers"]
    only = "  - fetch: {entity: Customers, key: [Kunnr]}\n  - save: b.csv\n"
    assert told(only, snapshots, top="api: sap\n") == []


@pytest.mark.parametrize("api", ["helpdesk", "'${{ params.text }}'", "../default", "default/"])
def test_a_service_without_a_snapshot_is_not_judged(api: str, snapshots: Snapshots) -> None:
    steps = f"  - api: {api}\n    fetch: {{entity: Custmers, key: [Any]}}\n  - save: a.csv\n"
    assert told(steps, snapshots) == []


def test_a_damaged_snapshot_is_told_with_its_line_and_read_once(tmp_path: Path) -> None:
    folder = tmp_path / "schemas" / "services"
    folder.mkdir(parents=True)
    (folder / "default.metadata.xml").write_text("<Edmx>\n<oops>")
    snapshots = Snapshots(Workspace(tmp_path))
    step = "  - fetch: {entity: Customers, key: [No]}\n  - save: a.csv\n"
    told_once = (
        "schemas/services/default.metadata.xml: it is no well-formed XML: it ends in the middle, line 2",
        "read it again: txojobs metadata ORG ENV --save",
    )
    assert [each[3:] for each in told(step, snapshots)] == [told_once]
    (folder / "default.metadata.xml").unlink()
    assert [each[3:] for each in told(step, snapshots)] == [told_once]


def test_a_workspace_without_snapshots_checks_nothing(tmp_path: Path) -> None:
    assert not Snapshots(Workspace(tmp_path)).there
    assert (
        told("  - fetch: {entity: Custmers, key: [Any]}\n  - save: a.csv\n", Snapshots(Workspace(tmp_path)))
        == []
    )


def test_a_file_is_not_asked_for_its_fields(snapshots: Snapshots) -> None:
    assert told("  - load: data/x.csv\n  - filter: Anything > 5\n  - save: a.csv\n", snapshots) == []


# -- fields below the first level -------------------------------------------------------------------------------

NESTED = """\
<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">
<edmx:DataServices><Schema Namespace="S" xmlns="http://docs.oasis-open.org/odata/ns/edm">
  <ComplexType Name="Place"><Property Name="City" Type="Edm.String"/><Property Name="Within" Type="S.Place"/>
  </ComplexType>
  <ComplexType Name="Loose" OpenType="true"><Property Name="City" Type="Edm.String"/></ComplexType>
  <EntityType Name="Order"><Key><PropertyRef Name="No"/></Key><Property Name="No" Type="Edm.String"/>
    <Property Name="Home" Type="S.Place"/><Property Name="Stops" Type="Collection(S.Place)"/>
    <Property Name="Any" Type="S.Loose"/><NavigationProperty Name="Lines" Type="Collection(S.Line)"/></EntityType>
  <EntityType Name="Line"><Key><PropertyRef Name="Id"/></Key><Property Name="Id" Type="Edm.Int32"/>
    <Property Name="Amount" Type="Edm.Decimal"/><Property Name="Unit" Type="Edm.String"/></EntityType>
  <EntityContainer Name="C"><EntitySet Name="Orders" EntityType="S.Order"/></EntityContainer>
</Schema></edmx:DataServices></edmx:Edmx>
"""


@pytest.fixture
def nested(tmp_path: Path) -> Snapshots:
    folder = tmp_path / "schemas" / "services"
    folder.mkdir(parents=True)
    (folder / "default.metadata.xml").write_text(NESTED, encoding="utf-8")
    return Snapshots(Workspace(tmp_path))


@pytest.mark.parametrize(
    ("steps", "message", "fix"),
    [
        ("filter: Home.Citty == 'X'", "'Citty' is none of the fields of 'Home'", "did you mean 'City'?"),
        (
            "filter: Home.Within.Citty == 'X'",
            "'Citty' is none of the fields of 'Within'",
            "did you mean 'City'?",
        ),
        ("filter: length(Stops[?Citty == 'X']) > 0", "'Citty' is none of the fields of 'Stops'", None),
        ("filter: length(Lines[].Amonut) > 0", "'Amonut' is none of the fields of 'Lines'", None),
        ("transform: {columns: {A: 'Lines[0].Amonut'}}", "'Amonut' is none of the fields of 'Lines'", None),
        (
            "transform: {columns: {A: 'Few[0].Amonut'}, rename: {Few: Lines}}",
            "'Amonut' is none of the fields",
            None,
        ),
        ("unnest: Lines\n  - filter: Lines.Amonut > 0", "'Amonut' is none of the fields of 'Lines'", None),
    ],
)
def test_a_field_below_the_first_level_is_told_with_its_place(
    steps: str, message: str, fix: str | None, nested: Snapshots
) -> None:
    job = f"  - fetch: {{entity: Orders, expand: [Lines]}}\n  - {steps}\n  - save: a.csv\n"
    ((_, _, _, said, hint),) = told(job, nested)
    assert said.startswith(message)
    assert fix is None or hint == fix


@pytest.mark.parametrize(
    ("expand", "step"),
    [
        (
            "[Lines]",
            "filter: Home.City == 'X' && Home.Within.Within.City == 'Y' && length(Lines[].Amount) > 0",
        ),
        ("[Lines]", "filter: Any.Thing == 'X'"),
        ("[Lines]", "filter: {where: Home.Citty == 'X', optional: [Home.Citty]}"),
        ("{Lines: {select: [Amount]}}", "filter: sum(Lines[].Amount) > 0 && Lines[0].Id > 0"),
    ],
)
def test_a_field_below_the_first_level_that_may_come_is_no_problem(
    expand: str, step: str, nested: Snapshots
) -> None:
    job = f"  - fetch: {{entity: Orders, expand: {expand}}}\n  - {step}\n  - save: a.csv\n"
    assert told(job, nested) == []


def test_what_an_expansion_does_not_select_is_told(nested: Snapshots) -> None:
    fetch = "fetch: {entity: Orders, expand: {Lines: {select: [Amount]}}}"
    ((_, _, _, said, hint),) = told(
        f"  - {fetch}\n  - filter: Lines[0].Unit == 'X'\n  - save: a.csv\n", nested
    )
    assert said == "'Unit' is none of the fields of 'Lines'"
    assert hint is not None


def test_what_v4_alone_can_be_asked_is_told_for_a_service_of_v2(snapshots: Snapshots) -> None:
    steps = """\
  - fetch:
      entity: Customers
      key: [Kunnr]
      search: bicycle
      expand: {Orders: {select: [Vbeln], filter: Vbeln eq '1', limit: 3}}
  - save: a.csv
"""
    found = told(steps, snapshots, top="api: sap\n")
    assert [(line, column, message.partition(" is ")[0]) for line, column, _, message, _ in found] == [
        (4, 15, "search"),
        (5, 42, "filter of what"),
        (5, 64, "limit of what"),
    ]
