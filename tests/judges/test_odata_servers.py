"""Jobs read the same from services that are not ours: odatapy and SAP CAP over V4, the CAP adapter over V2."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.judges.reading import KEYS, Reader, Service, differences

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("entity", KEYS)
def test_every_row_of_a_paged_set_is_what_the_source_says(tmp_path: Path, v4: Service, entity: str) -> None:
    key = ", ".join(KEYS[entity])
    found = Reader(tmp_path, v4).read(f"{{entity: {entity}, key: [{key}]}}")
    assert differences(found, v4.rows[entity]) == []
