"""The header Link as RFC 8288 has it, and as services write it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from txojobs.errors import ApiOperationError, ForeignOriginError
from txojobs.rest.link_header import links, next_link

BASE = "https://api.example.com/v1/items?page=1"
NEXT = "https://api.example.com/v1/items?page=2"

SAME = {
    "absolute": f'<{NEXT}>; rel="next"',
    "without quotes": f"<{NEXT}>; rel=next",
    "rooted": '</v1/items?page=2>; rel="next"',
    "relative": '<items?page=2>; rel="next"',
    "a query alone": '<?page=2>; rel="next"',
    "spaces within": f'< {NEXT} > ; rel = "next"',
    "no spaces": f'<{NEXT}>;rel="next"',
    "in capitals": f'<{NEXT}>; REL="NEXT"',
    "several relations": f'<{NEXT}>; rel="last next"',
    "rel behind others": f'<{NEXT}>; type="application/json"; title="a; b, c"; rel="next"',
    "a parameter without value": f'<{NEXT}>; crossorigin; rel="next"',
    "an empty parameter": f'<{NEXT}>;; rel="next"',
    "among others": f'<?page=1>; rel="first", <{NEXT}>; rel="next", <?page=9>; rel="last"',
    "behind a quoted comma": f'<?page=0>; title="a, <?page=7>; rel=next"; rel="prev", <{NEXT}>; rel="next"',
    "behind a quoted quote": f'<?page=0>; title="a \\", b"; rel="prev", <{NEXT}>; rel="next"',
    "empty elements": f', <?page=0>; rel="prev",, <{NEXT}>; rel="next",',
    "twice the same": f'<{NEXT}>; rel="next", <?page=2>; rel="next"',
    "the first rel counts": f'<{NEXT}>; rel="next"; rel="prev"',
    "its own anchor": f'<{NEXT}>; rel="next"; anchor="?page=1"',
    "a foreign anchor beside": f'<?page=5>; rel="next"; anchor="/other", <{NEXT}>; rel="next"',
    "an extension relation": f'<?page=8>; rel="https://example.com/rels/next", <{NEXT}>; rel="next"',
}


@pytest.mark.parametrize("name", SAME)
def test_finds_the_next_page_however_it_is_written(name: str) -> None:
    assert next_link(SAME[name], BASE) == NEXT


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        " ",
        ",",
        '<?page=1>; rel="prev"',
        "<?page=1>",
        '<?page=1>; rel="nextone"',
        '<?p>; rel="prev"; rel="next"',
    ],
)
def test_names_no_next_page(header: str | None) -> None:
    assert next_link(header, BASE) is None


def test_a_comma_and_a_semicolon_may_stand_in_an_address() -> None:
    assert (
        next_link('<?a=1,2;3>; rel="next", <?b>; rel="last"', BASE)
        == "https://api.example.com/v1/items?a=1,2;3"
    )


@pytest.mark.parametrize(
    "header",
    [
        "https://api.example.com/v1/items?page=2; rel=next",
        f"<{NEXT}; rel=next",
        f"<{NEXT}> rel=next",
        f'<{NEXT}>; rel="next',
        f'<{NEXT}>; title="a" b; rel="next"',
    ],
)
def test_p2_what_cannot_be_read_is_an_error_and_no_absent_link(header: str) -> None:
    with pytest.raises(ApiOperationError, match="no list of links"):
        next_link(header, BASE)


def test_two_different_next_pages_are_an_error() -> None:
    with pytest.raises(ApiOperationError, match="2 different next pages"):
        next_link('<?page=2>; rel="next", <?page=3>; rel="next"', BASE)


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(ForeignOriginError, match="no valid address"):
        next_link('<http://[x>; rel="next"', BASE)


TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=126))
TARGET = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="<>"), min_size=1)


@given(st.lists(st.tuples(TARGET, TEXT, st.sampled_from(("next", "prev", "last"))), max_size=5))
def test_reads_back_what_was_written(written: list[tuple[str, str, str]]) -> None:
    quoted = [
        (target, title.replace("\\", "\\\\").replace('"', '\\"'), rel) for target, title, rel in written
    ]
    header = ", ".join(f'<{target}>; title="{title}"; rel="{rel}"' for target, title, rel in quoted)
    assert [(link.target, *link.relations) for link in links(header)] == [
        (target, rel) for target, _, rel in written
    ]
