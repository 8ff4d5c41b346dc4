"""Each promise of the README, and each row of the contract that holds by now, has a test that carries its number."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LATER = {"P3"}
"""Writing to services comes later; the README says so."""
ROWS = ("G1", "G2", "G4", "G5", "G7", "G9", "G15", "G22", "G28")
"""What jobs need of the guide's rows; the others are about scripts."""
CLIENT_ROWS = ("G10", "G11", "G12", "G13", "G14", "G16", "G17", "G19", "G20", "G24", "G29")
"""The rows about the client that jobs and scripts share."""


def names() -> set[str]:
    """Return the number in the name of each test: test_p7_the_second_... carries P7."""
    text = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    return {number.upper() for number in re.findall(r"def test_([pg]\d+)_", text)}


def promises() -> list[str]:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.findall(r"^\| (P\d) \|", text, re.MULTILINE)


def test_the_readme_has_seven_promises() -> None:
    assert promises() == [f"P{number}" for number in range(1, 8)]


@pytest.mark.parametrize("number", [*promises(), *ROWS, *CLIENT_ROWS])
def test_a_test_carries_the_number(number: str) -> None:
    assert (number in names()) is (number not in LATER)
