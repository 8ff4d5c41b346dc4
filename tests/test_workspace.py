"""Nothing that a name says leads out of the workspace, and nothing is made outside of it."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from txojobs.errors import ConfigurationError, FileOperationError, TxoBaseError, ValidationError
from txojobs.workspace import CATEGORIES, Workspace, check_name, inside, path_parts, private_folder, shipped

if TYPE_CHECKING:
    from pathlib import Path

BAD_NAMES = (
    *(
        "",
        ".",
        "..",
        "../x",
        "/etc/x",
        "a/../../b",
        "a/..",
        "./a",
        "a//b",
        "a/",
        "\\x",
        "C:\\x",
        "c:x",
        "\0",
        "a\0b",
    ),
    *(
        "name\n",
        "a\tb",
        "x.",
        "x ",
        "a/ /b",
        "a:b",
        "a*",
        "a?",
        'a"',
        "a<b",
        "a|b",
        "\\\\host\\share",
        "~\x7f",
    ),
    *(
        "CON",
        "nul.txt",
        "a/AUX",
        "com1",
        "LPT9.csv",
        "COM¹",
        "con .txt",
        "CONIN$",
        "x" * 300,
        "é" * 200,
        "\ud800",
    ),
)


@pytest.mark.parametrize("name", BAD_NAMES)
def test_b5_a_name_that_some_system_refuses_is_an_error(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "output"
    folder.mkdir()
    with pytest.raises(ValidationError):
        path_parts(name)
    with pytest.raises(ValidationError):
        inside(folder, name)
    assert list(tmp_path.rglob("*")) == [folder]


@pytest.mark.parametrize(
    ("name", "said", "fix"),
    [
        ("../a.csv", "is not allowed: it leaves its folder", "write it without ../; a folder below"),
        ("a//b.csv", "is not allowed: a part of it is empty", "write each folder once"),
        ("a./b.csv", "is not allowed: 'a.' ends with a point or a space", "remove it"),
        ("aux.csv", "is not allowed: Windows keeps the name 'aux.csv' for itself", "choose another name"),
        ("o:<>?.csv", "holds ':', which a file system refuses", "leave out < > :"),
        ("a?.csv", "holds '?', which a file system refuses", "leave out < > :"),
        ("C:/a.csv", "is no relative file name", "write it without a drive"),
        ("x" * 300, "is too long", "choose one of at most 240 bytes"),
    ],
)
def test_a_name_that_some_system_refuses_says_why_and_what_to_write(name: str, said: str, fix: str) -> None:
    with pytest.raises(ValidationError) as caught:
        path_parts(name)
    assert str(caught.value).endswith(said)
    assert str(caught.value.how_to_fix).startswith(fix)


@pytest.mark.parametrize(
    "name",
    ["a.csv", "a b.csv", "sub/a.csv", "sub\\a.csv", "ÅÄÖ 😀.xlsx", "\uff0e\uff0e", "console", ".hidden"],
)
def test_a_good_name_stays_what_it_is(tmp_path: Path, name: str) -> None:
    assert inside(tmp_path, name) == tmp_path.joinpath(*name.replace("\\", "/").split("/"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.text(max_size=20)
    | st.lists(st.sampled_from(["..", ".", "/", "\\", "a", "C:", " ", "\0", "con"]), max_size=8).map("".join)
)
def test_b5_no_text_makes_a_file_outside(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "ws" / "output"
    folder.mkdir(parents=True, exist_ok=True)
    before = {path for path in tmp_path.rglob("*") if folder not in path.parents}
    try:
        path = inside(folder, name)
        path.write_bytes(b"x")
    except (TxoBaseError, IsADirectoryError):
        pass
    else:
        assert folder in path.resolve().parents
    assert {path for path in tmp_path.rglob("*") if folder not in path.parents} == before


def test_b6_a_linked_parent_that_leads_out_is_refused(tmp_path: Path) -> None:
    outside, folder = tmp_path / "outside", tmp_path / "output"
    outside.mkdir()
    folder.mkdir()
    (folder / "link").symlink_to(outside)
    for name in ("link/x.csv", "link/new/x.csv"):
        with pytest.raises(ValidationError, match="leaves the folder"):
            inside(folder, name)
    assert list(outside.iterdir()) == []


def test_a_linked_parent_that_stays_inside_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert inside(tmp_path, "link/x.csv") == tmp_path / "real" / "x.csv"


def test_b6_the_last_part_may_be_a_link_which_is_then_replaced(tmp_path: Path) -> None:
    target = tmp_path / "target"
    (tmp_path / "x.csv").symlink_to(target)
    assert inside(tmp_path, "x.csv") == tmp_path / "x.csv"


def test_links_in_a_circle_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(TxoBaseError):
        inside(tmp_path, "a/x.csv")


def test_a_parent_that_is_a_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    with pytest.raises(FileOperationError, match="cannot be used"):
        inside(tmp_path, "a/x.csv")


def test_a_path_beyond_the_limits_of_the_system_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileOperationError):
        inside(tmp_path, "/".join(["x" * 200] * 40) + "/y")


def test_the_parent_is_made_only_where_something_is_written(tmp_path: Path) -> None:
    assert inside(tmp_path, "a/b/x.csv", create=False) == tmp_path / "a" / "b" / "x.csv"
    assert list(tmp_path.iterdir()) == []
    inside(tmp_path, "a/b/x.csv")
    assert (tmp_path / "a" / "b").is_dir()


# -- categories -------------------------------------------------------------------------------------------------


def test_get_path_makes_the_folder_and_the_parent(tmp_path: Path) -> None:
    workspace = Workspace.at(tmp_path)
    for category in CATEGORIES:
        path = workspace.get_path(category, "sub/x.txt")
        assert path == tmp_path / category / "sub" / "x.txt"
        assert path.parent.is_dir()


@pytest.mark.parametrize("category", ["", "..", "home", "output/..", "txojobs"])
def test_other_folders_are_none_of_a_workspace(tmp_path: Path, category: str) -> None:
    with pytest.raises(ValidationError, match="known: config"):
        Workspace.at(tmp_path).folder(category)


def test_a_category_that_is_a_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "output").write_text("x")
    with pytest.raises(FileOperationError, match="cannot be made"):
        Workspace.at(tmp_path).folder("output")


# -- names ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["acme", "a", "A-1_b.c", "0", "x" * 64])
def test_b5_a_plain_word_is_a_name(name: str) -> None:
    assert check_name("a job", name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "-a",
        ".a",
        "_a",
        "a/b",
        "a\\b",
        "a..b",
        "a.",
        "a b",
        "a\n",
        "con",
        "NUL.x",
        "x" * 65,
        "é",
        "a:b",
        "\uff0e\uff0e",
        "\0",
    ],
)
def test_b5_anything_else_is_none(name: str) -> None:
    with pytest.raises(ValidationError, match="cannot be the name of a job"):
        check_name("a job", name)


# -- where the workspace is -------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TXOJOBS_WORKSPACE", raising=False)
    monkeypatch.delenv("TXOJOBS_STATE", raising=False)


@pytest.mark.parametrize("marker", ["jobs", "config"])
def test_the_nearest_parent_with_jobs_or_config_is_the_workspace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, marker: str
) -> None:
    (tmp_path / marker).mkdir()
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    assert Workspace.find().root == tmp_path.resolve()
    assert Workspace.find(deep).root == tmp_path.resolve()


def test_a_file_called_jobs_marks_nothing(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "jobs").write_text("")
    assert Workspace.find(inner).root == tmp_path.resolve()


def test_the_variable_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "jobs").mkdir()
    other = tmp_path / "other"
    other.mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TXOJOBS_WORKSPACE", str(other))
    assert Workspace.find().root == other.resolve()
    assert Workspace.find(tmp_path).root == tmp_path.resolve()
    monkeypatch.setenv("TXOJOBS_WORKSPACE", str(tmp_path / "missing"))
    with pytest.raises(ConfigurationError, match="is no folder"):
        Workspace.find()


def test_without_a_workspace_the_way_out_is_named(tmp_path: Path) -> None:
    if any(
        (parent / "jobs").is_dir() or (parent / "config").is_dir() for parent in tmp_path.resolve().parents
    ):
        pytest.skip("a folder above the temporary one is a workspace")
    with pytest.raises(ConfigurationError, match="no workspace found") as caught:
        Workspace.find(tmp_path)
    assert caught.value.example == "txojobs init"


def test_the_state_moves_by_its_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = Workspace.at(tmp_path)
    assert workspace.state_dir == tmp_path.resolve() / ".txojobs"
    monkeypatch.setenv("TXOJOBS_STATE", str(tmp_path / "elsewhere"))
    assert workspace.state_dir == (tmp_path / "elsewhere").resolve()
    assert list(tmp_path.iterdir()) == []


def test_what_the_package_carries_is_there() -> None:
    assert shipped("schemas/org-env-config-schema.json").is_file()
    assert os.sep in str(shipped("jobs"))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_a_private_folder_is_private_with_all_that_was_missing_above_it(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        private_folder(tmp_path / "open" / "a" / "b")
        (tmp_path / "there").mkdir()
        private_folder(tmp_path / "there" / "c")
        private_folder(tmp_path / "there" / "c")
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*")}
    assert modes == {"open": 0o700, "a": 0o700, "b": 0o700, "there": 0o755, "c": 0o700}
