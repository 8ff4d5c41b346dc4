"""Texts that break queries which are pasted together: the keys of a set of their own, and what more are made of."""

from __future__ import annotations

WORDS = (
    # what ends or continues a literal, a key, an option, a path
    *("'", "''", "'''", "a'b", "O'Neil & Sons", "' or 1 eq 1 or Text eq '", "') or (1 eq 1", "')/$count"),
    *("&$top=1", "x&$filter=1 eq 1", "a=b", "#", "a#b", "?", "a?b=c", "/", "a/b", "..", ".", "//", "\\", ";"),
    *(
        "a\\'b",
        "(",
        ")",
        "()",
        ",",
        "a,b",
        ":",
        "@p1",
        "$it",
        "$count",
        "*",
        "~",
        "!",
        "|",
        "[",
        "]",
        "{",
        "}",
    ),
    *("^", "`", "<", ">"),
    # what is decoded once too often, or not at all
    *("%", "%25", "%27", "%2527", "100%", "%2F", "%zz", "+", "a+b", "a b", "%20", "%2B"),
    *(" ", "  ", " lead", "trail "),
    # what looks like another type or word
    *(
        "",
        "null",
        "true",
        "false",
        "1",
        "007",
        "1E5",
        "-0",
        "12L",
        "1.5M",
        "3f",
        "NaN",
        "INF",
        "eq",
        "a eq b",
    ),
    *(
        "in",
        "not",
        "2026-01-15",
        "datetime'2026-01-15T00:00:00'",
        "guid'x'",
        "X'00'",
        "time'PT1H'",
        "Enum'a'",
    ),
    *("duration'P1D'", "00000000-0000-0000-0000-000000000000", "/Date(0)/", "undefined", "__proto__"),
    *("${{ params.x }}", "{{ x }}"),
    # letters: composed and not, right to left, beyond the first plane, invisible
    *("Åström", "A\u030astro\u0308m", "ÅSTRÖM", "ספרים בע״מ", "\u202eRTL\u202c", "🚲", "👨‍👩‍👧", "ß", "SS"),
    *("a\u200bb", "a\u00a0b", "line\nbreak", "carriage\r\nreturn", "tab\there", '"', '"quoted"', '\\"'),
    *("\u2028", "\ufeff", "a" * 255, "é" * 255),
)

FRAGMENTS = (*"'\"%&#?/\\+;=()$@,: \n", "''", "%27", "%2F", "&$", " or ", " eq ", "é", "🚲", "a", "0")
