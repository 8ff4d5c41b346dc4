"""What a service sends beyond `select` goes, and what it silently leaves out of it is an error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from txojobs.errors import StepError
from txojobs.steps.fetch import Fetch
from txojobs.steps.kinds import EntityPath
from txojobs.steps.related import Expand
from txojobs.steps.selected import held_to

if TYPE_CHECKING:
    from txojobs.records import Batch


def held(*batches: Batch, select: tuple[str, ...], **options: Any) -> list[Batch]:
    step = Fetch(entity=EntityPath("Items"), select=select, **options)
    columns = step.outgoing(None)
    pages = iter(batches)
    return list(held_to(step.select, pages, expand=step.expand, columns=columns, optional=step.optional))


def test_what_was_not_selected_goes_and_all_else_stays_as_it_is() -> None:
    pages: list[Batch] = [[{"No": 1, "Name": "a", "Key": 7}, {"Name": None}], [{"No": 2, "Key": 8}]]
    assert held(*pages, select=("Name", "No")) == [[{"No": 1, "Name": "a"}, {"Name": None}], [{"No": 2}]]


def test_what_is_expanded_stays() -> None:
    page: Batch = [{"No": 1, "Lines": [{"LineNo": 1, "Key": 2}], "Owner": None, "Key": 7}]
    assert held(page, select=("No",), expand=("Lines", "Owner/Boss")) == [
        [{"No": 1, "Lines": [{"LineNo": 1, "Key": 2}], "Owner": None}]
    ]


def test_a_path_selects_its_structure() -> None:
    page: Batch = [{"Address": {"City": "Umeå"}, "Key": 7}]
    assert held(page, select=("Address/City",)) == [[{"Address": {"City": "Umeå"}}]]


@pytest.mark.parametrize("select", [("*",), ("No", "Sales.Special/Extra")])
def test_where_the_service_decides_everything_stays(select: tuple[str, ...]) -> None:
    page: Batch = [{"No": 1, "Extra": 2, "Key": 7}]
    assert held(page, select=select) == [page]


def test_labels_and_annotations_stay() -> None:
    page: Batch = [{"No": 1, "No_label": "one", "@odata.etag": "x"}]
    assert held(page, select=("No",), labels=True) == [page]
    assert held(page, select=("No",), annotations=True) == [page]


def test_a_name_that_is_in_no_record_fails_behind_the_last() -> None:
    pages = held_to(("No", "Nmae"), iter([[{"No": 1, "Name": "a"}]]), columns=None, optional=())
    assert next(pages) == [{"No": 1, "Name": "a"}]
    with pytest.raises(StepError, match="no record has a field 'Nmae'") as caught:
        next(pages)
    assert caught.value.how_to_fix == "did you mean 'Name'?"
    assert caught.value.example == "optional: [Nmae]    # below fetch, when all records may lack it"


def test_a_name_like_none_gets_the_list_of_those_that_came() -> None:
    with pytest.raises(StepError) as caught:
        held([{"No": 1, "Name": "a"}], select=("Email",))
    assert caught.value.how_to_fix == "correct select; fields that came: No, Name"


def test_one_record_that_has_it_is_enough() -> None:
    pages: list[Batch] = [[{"No": 1}], [{"No": 2}, {"No": 3, "Email": "x"}]]
    assert held(*pages, select=("No", "Email")) == pages


def test_no_record_at_all_lacks_nothing() -> None:
    assert held(select=("No", "Email")) == []


def test_optional_allows_it() -> None:
    assert held([{"No": 1}], select=("No", "Email"), optional=("Email",)) == [[{"No": 1}]]


def missing(*batches: Batch, **options: Any) -> str:
    with pytest.raises(StepError) as caught:
        held(*batches, **options)
    return caught.value.what_went_wrong.partition(";")[0]


NO_FIELD = "no record has a field {!r}, which {} names"


@pytest.mark.parametrize("select", [(), ("No",)])
@pytest.mark.parametrize("expand", [("Linez",), {"Linez": Expand()}])
def test_an_expansion_that_the_service_left_out_fails(select: tuple[str, ...], expand: Any) -> None:
    page: Batch = [{"No": 1, "Name": "a", "Lines": []}]
    with pytest.raises(StepError, match=r"no record has a field 'Linez', which expand names") as caught:
        held(page, select=select, expand=expand)
    assert caught.value.how_to_fix == "did you mean 'Lines'?"
    assert caught.value.example == "optional: [Linez]    # below fetch, when all records may lack it"


@pytest.mark.parametrize("annotations", [False, True])
def test_a_deferred_member_is_nothing_that_was_expanded(annotations: bool) -> None:  # noqa: FBT001
    page: Batch = [{"No": 1, "Lines": {"__deferred": {"uri": "x"}}}]
    options: dict[str, Any] = {"select": ("No",), "annotations": annotations}
    assert missing(page, expand=("Lines",), **options) == NO_FIELD.format("Lines", "expand")
    assert held(page, select=("No", "Lines"), annotations=annotations) == [page]


@pytest.mark.parametrize("value", [None, [], {"A": 1}, [{"A": 1}]])
def test_what_was_expanded_may_be_empty_or_null(value: Any) -> None:
    page: Batch = [{"No": 1, "Lines": value}]
    assert held(page, select=("No",), expand={"Lines": Expand(select=("A",))}) == [page]


def test_a_field_of_what_is_expanded_must_be_in_one_of_its_records() -> None:
    pages: list[Batch] = [[{"No": 1, "Lines": []}], [{"No": 2, "Lines": [{"A": 1}, {"A": 2}]}]]
    options: dict[str, Any] = {"select": ("No",), "expand": {"Lines": Expand(select=("A", "Bb"))}}
    assert missing(*pages, **options) == NO_FIELD.format("Lines/Bb", "expand")
    assert held(*pages, **options, optional=("Lines/Bb",)) == pages
    pages.append([{"No": 3, "Lines": [{"A": 3}, {"Bb": 1}]}])
    assert held(*pages, **options) == pages


def test_each_name_of_an_expanded_path_must_come() -> None:
    page: Batch = [{"No": 1, "Orders": [{"Id": 1}, {"Id": 2}]}]
    assert missing(page, select=(), expand=("Orders/Lines",)) == NO_FIELD.format("Orders/Lines", "expand")
    page = [{"No": 1, "Orders": [{"Id": 1}, {"Id": 2, "Lines": []}]}]
    assert held(page, select=(), expand=("Orders/Lines",)) == [page]


def test_a_field_inside_a_structure_must_come() -> None:
    page: Batch = [{"No": 1, "Address": None}, {"No": 2, "Address": {"City": "Umeå"}}]
    assert missing(page, select=("Address/Cty",)) == NO_FIELD.format("Address/Cty", "select")
    assert held(page, select=("No", "Address/City")) == [page]
    assert held([{"Address": None}], select=("Address/Cty",)) == [[{"Address": None}]]


@pytest.mark.parametrize(
    "expand",
    [
        ("*",),
        ("Lines/$count",),
        ("Sales.Special/Extra",),
        ("Lines($select=A)",),
        ("Lines/$ref",),
        ("Lines/Sales.Big/X",),
    ],
)
def test_what_is_written_in_words_of_odata_is_looked_at_as_far_as_it_is_a_plain_name(expand: Any) -> None:
    page: Batch = [{"No": 1, "Lines": [{"A": 1}], "Lines@odata.count": 1}]
    assert held(page, select=(), expand=expand) == [page]
    if expand[0].startswith("Lines") and "count" not in expand[0]:
        assert missing([{"No": 1}], select=(), expand=expand) == NO_FIELD.format("Lines", "expand")
