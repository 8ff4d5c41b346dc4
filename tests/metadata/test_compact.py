"""The compact form of a service holds all that the document says, and is used for that document alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.metadata.documents import V2, V4, large_document, service
from txojobs.metadata import compact
from txojobs.metadata.compact import pack, unpack
from txojobs.metadata.csdl import parse

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("path", [V2, V4], ids=["v2", "v4"])
def test_it_holds_everything_in_its_order(path: Path) -> None:
    whole = service(path)
    found = unpack(pack(whole, of="x"), of="x")
    assert found is not None
    assert found == whole
    assert list(found.entity_sets) == list(whole.entity_sets)
    assert list(found.types.items()) == list(whole.types.items())
    assert {**found.singletons} == whole.singletons


def test_a_type_is_read_only_when_it_is_asked_for() -> None:
    found = unpack(pack(parse([large_document()]), of="x"), of="x")
    assert found is not None
    assert "Things7" in found.entity_sets
    assert "Nothing" not in found.entity_sets
    assert len(found.types) == 120
    assert found.entity_sets["Things7"].key == ("No",)
    assert list(found.types._made) == ["S.Thing7"]  # type: ignore[attr-defined]  # what it is for


def test_another_document_is_not_taken_for_this_one() -> None:
    assert unpack(pack(service(V4), of="x"), of="y") is None


@pytest.mark.parametrize("name", ["FORMAT", "__version__"])
def test_another_version_of_the_form_is_not_read(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = pack(service(V4), of="x")
    monkeypatch.setattr(compact, name, 99)
    assert unpack(packed, of="x") is None


def test_a_damaged_one_is_not_read_wherever_it_was_cut_or_changed() -> None:
    packed = pack(service(V4), of="x")
    assert all(unpack(packed[:size], of="x") is None for size in range(0, len(packed), 37))
    changed = bytearray(packed)
    changed[-20] ^= 1
    assert unpack(bytes(changed), of="x") is None
    assert unpack(b"[]\n{}", of="x") is None
    assert unpack(b"null", of="x") is None
