"""What a service sends beyond `select` goes, and what it silently leaves out of it is an error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from txojobs.errors import StepError
from txojobs.steps.fetch import Fetch
from txojobs.steps.kinds import EntityPath
from txojobs.steps.selected import held_to

if TYPE_CHECKING:
    from txojobs.records import Batch


def held(*batches: Batch, select: tuple[str, ...], **options: Any) -> list[Batch]:
    step = Fetch(entity=EntityPath("Items"), select=select, **options)
    columns = step.outgoing(None)
    return list(held_to(step.select, iter(batches), columns=columns, optional=step.optional))


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
