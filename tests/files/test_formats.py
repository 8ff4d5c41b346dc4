from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from txojobs.errors import ValidationError
from txojobs.files.formats import FORMATS, format_of


@pytest.mark.parametrize(
    ("filename", "name"),
    [
        ("a.csv", "csv"), ("a.JSON", "json"), ("sub/a.b.jsonl", "jsonl"), ("sub\\a.XLSX", "xlsx"),
        (".csv", None), ("csv", None), ("a.csv/b", None),
    ],
)  # fmt: skip
def test_the_extension_decides(filename: str, name: str | None) -> None:
    if name is None:
        with pytest.raises(ValidationError, match="has no extension"):
            format_of(filename)
    else:
        assert format_of(filename).name == name


@pytest.mark.parametrize(
    ("filename", "fix"),
    [
        ("a.xls", "use .xlsx"),
        ("a.parq", "did you mean '.parquet'"),
        ("a.csv.zip", "use .gz"),
        ("a.xslx", "did you mean '.xlsx'"),
        ("a.cvs", "did you mean '.csv'"),
        ("a.jsn", "did you mean '.json'"),
        ("a.zzz", "use one of: .csv, .tsv, .txt, .json, .jsonl, .yaml, .xlsx, .parquet"),
    ],
)
def test_an_unknown_extension_lists_the_known_and_names_a_way(filename: str, fix: str) -> None:
    with pytest.raises(
        ValidationError, match=r"known: \.csv, \.tsv, \.txt, \.json, \.jsonl, \.yaml, \.xlsx, \.parquet"
    ) as caught:
        format_of(filename)
    assert fix in (caught.value.how_to_fix or "")


def test_every_format_keeps_its_promise() -> None:
    for extension, entry in FORMATS.items():
        assert entry.extension == extension
        assert {"open_writer", "read"} <= set(dir(entry._load()))


def test_finding_a_format_loads_none() -> None:
    script = "import sys; from txojobs.files.formats import format_of; format_of('a.xlsx')\n"
    script += "names = {'xlsxwriter','openpyxl','pyarrow','msgspec','csv','datetime','decimal'}\n"
    script += "print(*sorted(names & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=Path(__file__).parents[2], check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert done.stdout == "\n"
