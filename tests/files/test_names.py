from __future__ import annotations

import unicodedata
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from txojobs.errors import ValidationError
from txojobs.files.names import MAX_PART, clean_part, distinct_part, output_name
from txojobs.workspace import inside

NOW = datetime(2026, 1, 15, 15, 30, 59, tzinfo=timezone(timedelta(hours=1)))


def test_g7_names_carry_org_env_and_the_minute_in_utc() -> None:
    assert (
        output_name("acme", "prod", "customers.xlsx", now=NOW) == "acme-prod-customers_2026-01-15T1430Z.xlsx"
    )


def test_a_stable_name_has_no_stamp() -> None:
    assert output_name("acme", "prod", "customers.xlsx", now=NOW, stamped=False) == "acme-prod-customers.xlsx"


def test_a_trial_run_is_marked() -> None:
    name = output_name("acme", "prod", "customers.xlsx", now=NOW, first_n=5)
    assert name == "acme-prod-customers_first-5_2026-01-15T1430Z.xlsx"
    assert (
        output_name("acme", "prod", "c.csv", now=NOW, stamped=False, first_n=5) == "acme-prod-c_first-5.csv"
    )


def test_folders_stay_in_front_and_double_extensions_behind() -> None:
    assert output_name("a", "b", "x/y/c.v2.csv", now=NOW) == "x/y/a-b-c.v2_2026-01-15T1430Z.csv"
    assert output_name("a", "b", "x\\c.csv.gz", now=NOW) == "x/a-b-c_2026-01-15T1430Z.csv.gz"


@pytest.mark.parametrize(
    ("org", "env", "name"),
    [("a/b", "c", "x.csv"), ("", "c", "x.csv"), ("a", "..", "x.csv"), ("a", "b", ".csv")],
)
def test_parts_that_cannot_be_names_are_errors(org: str, env: str, name: str) -> None:
    with pytest.raises(ValidationError):
        output_name(org, env, name, now=NOW)


def test_a_time_without_zone_and_a_name_without_end_are_errors() -> None:
    with pytest.raises(ValidationError, match="time zone"):
        output_name("a", "b", "c.csv", now=NOW.replace(tzinfo=None))
    with pytest.raises(ValidationError, match="too long"):
        output_name("a", "b", "ö" * 110 + ".csv", now=NOW)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Adatum AS", "Adatum-AS"),
        ("a/b\\c:d", "a-b-c-d"),
        ("../../etc/passwd", "etc-passwd"),
        ("con", "con_"),
        ("NUL.txt", "NUL_.txt"),
        ("com1", "com1_"),
        ("console", "console"),
        (" .x. ", "x"),
        ("-rf", "rf"),
        ("a\0\x1b[31m\nb", "a-[31m-b"),
        ("\u202egpj.exe", "gpj.exe"),
        ("Göteborg 🐍", "Göteborg-🐍"),
        ("e\u0301", "é"),
        ("\ud800x", "x"),
        ("\uff0e\uff0e\uff0fx", "\uff0e\uff0e\uff0fx"),
    ],
)
def test_a_value_becomes_one_word(text: str, word: str) -> None:
    assert clean_part(text) == word


@pytest.mark.parametrize("text", ["", " ", "...", "///", "\0", "\u200b"])
def test_nothing_left_is_an_error(text: str) -> None:
    with pytest.raises(ValidationError):
        clean_part(text)


def test_a_long_value_is_cut_and_stays_unique() -> None:
    words = {clean_part("x" * 300 + end) for end in "ab"}
    assert len(words) == 2
    assert all(len(word) == MAX_PART for word in words)


@pytest.mark.parametrize(
    "texts",
    [
        ["a/b", "a:b", "a\\b", "a-b", "a--b", "-a-b", "a b", "a-b."],
        ["../../evil", "evil", ".evil"],
        ["con", "con_", "con."],
        ["5", "-5"],
        ["x" * 300 + "/", "x" * 300 + ":", "x" * 300],
        ["a\0", "a\ud800", "a"],
    ],
)
def test_two_values_never_become_one_word(texts: list[str]) -> None:
    words = [distinct_part(text) for text in texts]
    assert len({word.casefold() for word in words}) == len(texts)
    assert [distinct_part(word) for word in words] == words


@pytest.mark.parametrize("text", ["a-b", "SE", "Göteborg-🐍", "2026-01-15", "1.10", "a_b.c", "e\u0301"])
def test_a_value_that_can_stand_in_a_name_stays_as_it_is(text: str) -> None:
    assert distinct_part(text) == clean_part(text) == unicodedata.normalize("NFC", text)


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(codec=None, exclude_categories=()), max_size=300))
def test_a_cleaned_word_is_one_allowed_name_and_stays_itself(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    try:
        word = clean_part(text)
    except ValidationError:
        return
    folder = tmp_path_factory.getbasetemp()
    assert inside(folder, word) == folder.resolve() / word
    assert len(word.encode()) <= 2 * MAX_PART + 1
    assert clean_part(word) == word
    distinct = distinct_part(text)
    assert inside(folder, distinct) == folder.resolve() / distinct
    assert len(distinct.encode()) <= 2 * MAX_PART + 1
    assert distinct_part(distinct) == distinct
