"""`txojobs preview`: a look at a file, and at what a job would write."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.invoking import invoke
from tests.engine.pages_server import PagesServer, customers
from txojobs.files.table import WriteOptions
from txojobs.files.xlsx import open_workbook

if TYPE_CHECKING:
    from tests.engine.workplace import Workplace
    from txojobs.records import Record

CSV = "No,Name,Amount\r\n1,O'Neil & Sons,12.50\r\n2,,-3\r\n3,=1+1\x1b[31m,100\r\n"
SHOWN = """\
data/a.csv   3 rows, 3 columns

No  Name           Amount
1   O'Neil & Sons  12.50
2                  -3
and 1 further row

column  type                      values  empty  smallest      largest
No      text, looks like integer       3      0  1             3
Name    text                           2      1  =1+1\\x1b[31m  O'Neil & Sons
Amount  text, looks like decimal       3      0  -3            100
"""


def test_shows_the_first_rows_and_each_column(work: Workplace) -> None:
    work.data("a.csv", CSV)
    done = work.command("preview", "data/a.csv", "--rows", "2")
    assert (done.code, done.err) == (0, "")
    assert done.out == SHOWN


def test_the_same_as_json(work: Workplace) -> None:
    work.data("a.jsonl", '{"a": 1.50, "b": null}\n{"a": 2}\n')
    (table,) = json.loads(work.command("preview", "data/a.jsonl", "--json").out)
    assert table["rows"] == 2
    assert table["first"] == [{"a": 1.5, "b": None}, {"a": 2}]
    assert table["columns"][0] == {
        "name": "a", "types": {"decimal": 1, "integer": 1}, "looks": None,
        "nulls": 0, "blanks": 0, "smallest": 1.5, "largest": 2,
    }  # fmt: skip
    assert table["columns"][1]["nulls"] == 2


def test_a_workbook_shows_one_sheet_and_names_the_others(work: Workplace) -> None:
    path = work.root / "output" / "a.xlsx"
    path.parent.mkdir()
    book = open_workbook(path, options=WriteOptions())
    for name in ("One", "Two"):
        book.sheet(name, columns=None).write([{"n": name}])
    book.close()
    done = work.command("preview", "a.xlsx")
    assert done.out.startswith("output/a.xlsx, sheet One   1 row, 1 column\n\nn\nOne\n")
    assert done.out.endswith("further sheets, each shown with --sheet NAME: Two\n")
    assert "sheet Two   1 row" in work.command("preview", "a.xlsx", "--sheet", "Two").out
    wrong = work.command("preview", "a.xlsx", "--sheet", "Tow")
    assert wrong.code == 1
    assert "its sheets are: One, Two" in wrong.err


def test_only_as_many_columns_as_the_screen_holds_stand_beside_each_other(
    work: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from txojobs.cli.console import Console  # noqa: PLC0415
    from txojobs.cli.preview_tables import Previewed, show_profile  # noqa: PLC0415
    from txojobs.files.profile import profile  # noqa: PLC0415

    class Terminal:
        encoding = "utf-8"

        def __init__(self) -> None:
            self.text = ""

        def isatty(self) -> bool:
            return True

        def write(self, text: str) -> int:
            self.text += text
            return len(text)

        def flush(self) -> None:
            pass

    del work
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("NO_COLOR", "1")
    terminal = Terminal()
    record: Record = {f"column-{number}": "x" * 40 for number in range(9)}
    found = profile([[record]], keep=5)
    show_profile(Console(terminal), Previewed("a", found, []))  # type: ignore[arg-type]  # as much of a stream as it needs
    assert "column-0" + " " * 22 + "column-1\n" in terminal.text
    assert "and 7 further columns, see below" in terminal.text
    assert all(len(line) < 60 for line in terminal.text.splitlines()[:6])


def test_a_job_is_tried_on_a_few_records_and_nothing_is_kept(work: Workplace) -> None:
    with PagesServer(customers(rows=50, size=10)) as server:
        work.config({"api-base-url": server.url})
        work.steps(
            "  - {id: all, fetch: {entity: Customers, key: [Id]}}\n  - save: all.csv\n"
            "  - {from: all, transform: {columns: {Number: Id}}}\n  - save: {file: few.xlsx, stamp: false}\n"
        )
        done = work.command("preview", "job", "acme", "test", "--limit", "7", "--rows", "1")
    assert done.code == 0, done.err
    assert "all_first-7_" in done.out
    assert "7 rows" in done.out
    assert "few_first-7.xlsx   7 rows, 1 column   the first 7 records of each source\n\nNumber\n" in done.out
    assert work.outputs() == {}
    assert work.left_behind() == []


def test_a_job_that_fails_says_why(work: Workplace) -> None:
    work.steps("  - fetch: {entity: Customers, key: [Id]}\n  - save: a.csv\n")  # nobody listens there
    done = work.command("preview", "job", "acme", "test")
    assert done.code == 1
    assert "Problem" in done.err
    assert done.out == ""


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("nothing",), 2, "of a job: txojobs preview nothing ORG ENV"),
        (("data/nothing.csv",), 2, "there is no file 'data/nothing.csv'"),
        (("job", "acme"), 2, "say for which ENV: txojobs preview JOB ORG ENV"),
        (("jbo", "acme", "test"), 2, "did you mean 'job'?"),
        (("data/n.jsonl", "--sheet", "A"), 2, "only a workbook (.xlsx) has sheets"),
        (("data/n.jsonl", "--rows", "0"), 2, "whole number from 1 on"),
        (("data/n.jsonl", "--delimiter", ";;"), 2, "it is one character"),
        (("data/n.jsonl", "--encoding", "cp9999"), 2, "there is no encoding 'cp9999'"),
        (("data/n.jsonl", "--range", "3:9"), 2, "'3:9' is no part of a sheet"),
        (("data",), 2, "that is a folder: name a file in it"),
        (("jobs/job.yaml",), 2, "of a job: txojobs preview jobs/job.yaml ORG ENV"),
    ],
)
def test_what_cannot_be_shown_is_told(work: Workplace, words: tuple[str, ...], code: int, said: str) -> None:
    done = work.command("preview", *words)
    assert said in done.err
    assert done.code == code


def test_foreign_text_obeys_nothing(work: Workplace, tmp_path: Path) -> None:
    del tmp_path
    work.data("a.jsonl", '{"\\u001b]0;x\\u0007": "\\u001b[2J\\n"}\n')
    done = work.command("preview", "data/a.jsonl")
    assert done.code == 0
    assert "\x1b" not in done.out
    assert "\x07" not in done.out


def test_a_csv_with_semicolons_needs_no_word_for_it(work: Workplace) -> None:
    work.data("a.csv", "No;Amount\r\n1;2,50\r\n")
    assert work.command("preview", "data/a.csv").out.startswith("data/a.csv   1 row, 2 columns")
    work.steps("  - load: data/n.jsonl\n  - save: {file: n.csv, dialect: excel-eu}\n")
    done = work.command("preview", "job", "acme", "test")
    assert (done.code, "3 rows, 2 columns" in done.out) == (0, True), done.err


def test_encoding_and_range_are_told_as_load_has_them(work: Workplace) -> None:
    (work.root / "data" / "a.csv").write_bytes("No,Name\r\n1,Ærø\r\n".encode("cp1252"))
    assert work.command("preview", "data/a.csv").code == 1
    assert "Ærø" in work.command("preview", "data/a.csv", "--encoding", "cp1252").out
    path = work.root / "data" / "a.xlsx"
    book = open_workbook(path, options=WriteOptions())
    book.sheet("One", columns=None).write(
        [{"a": "Title", "b": None}, {"a": "No", "b": "N"}, {"a": 1, "b": 2}]
    )
    book.close()
    assert "1 row, 2 columns" in work.command("preview", "data/a.xlsx", "--range", "A3").out


def test_a_file_needs_no_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.csv").write_text("No\n1\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    done = invoke("preview", "a.csv")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("a.csv   1 row, 1 column")


def test_a_folder_that_may_not_be_looked_into_is_no_empty_one(
    work: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: object) -> object:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.chdir(work.root)
    monkeypatch.setattr(os, "scandir", refuse)
    for words in (("validate",), ("list",)):
        done = invoke(*words)
        assert done.code == 1
        assert "cannot look into" in done.err
        assert "ask for the right to read" in done.err


def test_what_may_not_be_looked_at_is_no_bug(work: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path.is_file

    def refuse(path: Path) -> bool:
        if path.name == "n.jsonl":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.chdir(work.root)
    monkeypatch.setattr(Path, "is_file", refuse)
    for words in (("preview", "data/n.jsonl"), ("run", "job", "acme", "test")):
        done = invoke(*words)
        assert done.code == 1, done.err
        assert "cannot look into" in done.err
        assert "bug" not in done.err
