from __future__ import annotations

import json
import logging
import subprocess
import sys
from datetime import date, datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import openpyxl
import pandas as pd
import pytest

from txojobs.errors import ConfigurationError, FileOperationError, ValidationError
from txojobs.files.handler import TxoDataHandler
from txojobs.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable

RECORDS: list[dict[str, Any]] = [{"No": "00123", "Sum": Decimal("12.50")}, {"No": "7", "Sum": None}]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "jobs").mkdir()
    return Workspace(tmp_path)


@pytest.fixture
def handler(workspace: Workspace) -> TxoDataHandler:
    return TxoDataHandler(workspace)


def test_a_dict_is_saved_as_readable_json_with_exact_numbers(
    handler: TxoDataHandler, workspace: Workspace
) -> None:
    path = handler.save({"sum": Decimal("12.50"), "rate": 0.1, "big": 2**70}, "output", "data.json")
    assert path == workspace.root / "output" / "data.json"
    assert path.read_text() == '{\n  "sum": 12.50,\n  "rate": 0.1,\n  "big": 1180591620717411303424\n}\n'
    assert handler.load_json("output", "data.json") == handler.load("output", "data.json")
    assert handler.load("output", "data.json")["sum"] == Decimal("12.50")


def test_records_are_saved_in_every_table_format(handler: TxoDataHandler) -> None:
    for name in ("a.json", "a.jsonl", "a.xlsx"):
        handler.save(RECORDS, "output", name)
        assert handler.load("output", name) == RECORDS
    handler.save(RECORDS, "output", "a.csv")
    assert handler.load("output", "a.csv") == [{"No": "00123", "Sum": "12.50"}, {"No": "7", "Sum": ""}]
    path = handler.save(RECORDS, "output", "b.json", indent=4)
    assert path.read_text().startswith('[\n    {\n        "No"')
    assert handler.load("output", "b.json") == RECORDS


def test_text_and_bytes_are_saved_as_they_are(handler: TxoDataHandler) -> None:
    assert handler.save("blåbær\n", "output", "a.txt").read_bytes() == "blåbær\n".encode()
    assert handler.load("output", "a.txt") == "blåbær\n"
    assert handler.save(b"\x00\xff", "tmp", "a.bin").read_bytes() == b"\x00\xff"
    assert handler.load("tmp", "a.bin") == b"\x00\xff"
    assert handler.save("a;b\r\n", "output", "own.csv").read_bytes() == b"a;b\r\n"


def frame() -> pd.DataFrame:
    made: pd.DataFrame = pd.DataFrame(
        {
            "No": ["00123", "x"],
            "Count": [1, 2],
            "Rate": [0.1, float("nan")],
            "When": [pd.Timestamp("2026-01-15T14:30"), pd.NaT],
            "Some": pd.array([1, None], dtype="Int64"),
            "Flag": [True, False],
        }
    )
    return made


EXPECTED = [
    {
        "No": "00123",
        "Count": 1,
        "Rate": Decimal("0.1"),
        "When": "2026-01-15T14:30:00",
        "Some": 1,
        "Flag": True,
    },
    {"No": "x", "Count": 2, "Rate": None, "When": None, "Some": None, "Flag": False},
]


@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a.xlsx"])
def test_a_data_frame_is_saved_in_every_table_format(handler: TxoDataHandler, name: str) -> None:
    handler.save(frame(), "output", name)
    assert handler.load("output", name) == EXPECTED


def test_the_index_of_a_frame_is_saved_on_request(handler: TxoDataHandler) -> None:
    handler.save(frame().rename_axis("Id"), "output", "a.csv", index=True)
    assert list(handler.load("output", "a.csv")[0]) == ["Id", *EXPECTED[0]]
    handler.save(frame(), "output", "a.csv", index=True)
    assert handler.load("output", "a.csv")[1]["index"] == "1"


def test_an_empty_frame_keeps_its_headings(handler: TxoDataHandler) -> None:
    assert handler.save(frame().iloc[:0], "output", "a.csv").read_text() == "No,Count,Rate,When,Some,Flag\n"


def test_a_dict_of_tables_makes_sheets(handler: TxoDataHandler) -> None:
    path = handler.save({"Orders": frame(), "Lines": RECORDS}, "output", "a.xlsx")
    assert openpyxl.load_workbook(path).sheetnames == ["Orders", "Lines"]
    assert handler.load("output", "a.xlsx", sheet_name="Lines") == RECORDS
    handler.save(RECORDS, "output", "b.xlsx", sheet_name="Results")
    assert handler.load("output", "b.xlsx", sheet_name="Results") == RECORDS


def test_foreign_values_become_plain_ones(handler: TxoDataHandler) -> None:
    data = {
        "numpy": np.int64(5),
        "array": np.array([1.5, 2.0]),
        "day": date(2026, 1, 15),
        "moment": datetime(2026, 1, 15, 14, 30, tzinfo=timezone.utc),
        "tuple": (1, float("inf")),
        "text": np.str_("x"),
    }
    handler.save(data, "output", "a.json")
    assert handler.load("output", "a.json") == {
        "numpy": 5,
        "array": [Decimal("1.5"), 2],
        "day": "2026-01-15",
        "moment": "2026-01-15T14:30:00+00:00",
        "tuple": [1, None],
        "text": "x",
    }


@pytest.mark.parametrize(
    ("data", "name", "message"),
    [
        ({"a": 1}, "a.csv", "a dict cannot be saved as 'a.csv'"),
        ([1, 2], "a.xlsx", "a list cannot be saved as 'a.xlsx'"),
        ("x", "a.xlsx", "a str cannot be saved as 'a.xlsx'"),
        ("x", "a.json", "a str cannot be saved as 'a.json'"),
        (RECORDS, "a.ods", "known: .csv"),
        (RECORDS, "a", "has no extension"),
        ({"a": object()}, "a.json", "a object cannot be saved"),
        ({1: 2}, "a.json", "the field name 1 is no text"),
        (RECORDS, "../a.json", "not allowed"),
    ],
)
def test_data_that_does_not_fit_is_an_error_and_leaves_the_old_file(
    handler: TxoDataHandler, workspace: Workspace, data: Any, name: str, message: str
) -> None:
    old = workspace.folder("output") / name
    if "/" not in name:
        old.write_bytes(b"old")
    with pytest.raises(ValidationError, match=message):
        handler.save(data, "output", name)
    assert [path.name for path in workspace.folder("output").iterdir()] == ([] if "/" in name else [name])
    if "/" not in name:
        assert old.read_bytes() == b"old"


def test_a_failure_in_the_middle_leaves_the_old_file(handler: TxoDataHandler, workspace: Workspace) -> None:
    path = handler.save(RECORDS, "output", "a.xlsx")
    before = path.read_bytes()
    with pytest.raises(FileOperationError, match=r"a\.xlsx, sheet 'Sheet1'"):
        handler.save([{"a": "x"}, {"a": "x" * 40_000}], "output", "a.xlsx")
    assert path.read_bytes() == before
    assert [entry.name for entry in path.parent.iterdir()] == ["a.xlsx"]
    assert list((workspace.state_dir / "publish").iterdir()) == []


def test_a_conversion_is_told(handler: TxoDataHandler, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        handler.save([{"a": "=1"}], "output", "a.csv")
    assert "a.csv: texts that begin like a formula" in caplog.text
    caplog.clear()
    handler.save([{"a": "=1"}], "output", "a.csv", formula_guard=False)
    assert caplog.text == ""


def test_exists_delete_and_size(handler: TxoDataHandler) -> None:
    assert not handler.exists("tmp", "a.txt")
    assert not handler.delete("tmp", "a.txt")
    handler.save("abc", "tmp", "a.txt")
    assert handler.exists("tmp", "a.txt")
    assert handler.get_size("tmp", "a.txt") == 3
    assert handler.delete("tmp", "a.txt")
    assert not handler.exists("tmp", "a.txt")


@pytest.mark.parametrize(
    "ask",
    [
        lambda handler: handler.get_size("tmp", "none.txt"),
        lambda handler: handler.load("tmp", "none.txt"),
        lambda handler: handler.load("tmp", "none.csv"),
        lambda handler: handler.load_json("tmp", "none.json"),
    ],
)
def test_a_missing_file_is_an_error(handler: TxoDataHandler, ask: Callable[[TxoDataHandler], object]) -> None:
    with pytest.raises(FileOperationError, match=r"none\..* does not exist"):
        ask(handler)


def test_broken_files_are_errors(handler: TxoDataHandler) -> None:
    handler.save(b"\xff", "tmp", "a.txt")
    with pytest.raises(FileOperationError, match="not UTF-8"):
        handler.load("tmp", "a.txt")
    (handler._find().folder("tmp") / "a.json").write_bytes(b"{")
    with pytest.raises(FileOperationError, match="not valid JSON"):
        handler.load_json("tmp", "a.json")


def test_the_workspace_is_found_at_the_first_use(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler = TxoDataHandler()
    inside = workspace.root / "jobs" / "deep"
    inside.mkdir()
    monkeypatch.delenv("TXOJOBS_WORKSPACE", raising=False)
    monkeypatch.chdir(inside)
    assert handler.save({"a": 1}, "output", "a.json") == tmp_path / "output" / "a.json"
    monkeypatch.chdir(Path(tmp_path.anchor))
    with pytest.raises(ConfigurationError):
        TxoDataHandler().exists("output", "a.json")


def test_importing_loads_nothing_heavy() -> None:
    script = "import sys, txojobs.files.handler\n"
    script += "print(*sorted({'xlsxwriter','openpyxl','pandas','msgspec','numpy'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=Path(__file__).parents[2], check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert done.stdout == "\n"


def test_json_that_others_read(handler: TxoDataHandler) -> None:
    path = handler.save(RECORDS, "output", "a.json")
    assert json.loads(path.read_text(), parse_float=Decimal) == RECORDS


def test_a_csv_comes_as_a_frame_of_texts(handler: TxoDataHandler) -> None:
    handler.save("No;Amount\n00123;1,50\n7;\n", "data", "a.csv")
    frame = handler.load_csv("data", "a.csv", delimiter=";")
    assert list(frame.columns) == ["No", "Amount"]
    assert frame.to_numpy().tolist() == [["00123", "1,50"], ["7", ""]]
    handler.save("No,Name\nÆ,1\n".encode("cp1252"), "data", "b.txt")
    assert handler.load_csv("data", "b.txt", delimiter=",", encoding="cp1252").columns.tolist() == ["No,Name"]


def test_a_sheet_comes_as_a_frame_with_the_values_that_it_holds(handler: TxoDataHandler) -> None:
    rows = [{"No": "00123", "Amount": Decimal("12.50"), "Last": 9007199254740993}]
    handler.save({"First": [{"A": 1}], "Second": rows}, "data", "a.xlsx")
    assert handler.load_excel("data", "a.xlsx").to_dict("records") == [{"A": 1}]
    (record,) = handler.load_excel("data", "a.xlsx", sheet_name="Second").to_dict("records")
    assert record == {"No": "00123", "Amount": Decimal("12.5"), "Last": "9007199254740993"}
    part = handler.load_excel("data", "a.xlsx", sheet_name="Second", cells="B1:B2")
    assert part.to_dict("records") == [{"Amount": Decimal("12.5")}]


def test_an_empty_table_is_a_frame_with_its_columns(handler: TxoDataHandler) -> None:
    handler.save("No,Name\n", "data", "a.csv")
    frame = handler.load_csv("data", "a.csv")
    assert (list(frame.columns), len(frame)) == (["No", "Name"], 0)


def test_without_pandas_it_is_told_what_to_install(
    handler: TxoDataHandler, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler.save("No\n1\n", "data", "a.csv")
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ValidationError, match="a data frame needs pandas") as caught:
        handler.load_csv("data", "a.csv")
    assert caught.value.example == 'pip install "txojobs[frames]"'


def test_what_is_not_there_is_an_error_where_it_must_be_there(handler: TxoDataHandler) -> None:
    with pytest.raises(FileOperationError, match=r"cannot delete .*none\.txt"):
        handler.delete("tmp", "none.txt", safe=False)
