"""No text that leaves a run shows a secret, and none misleads a console."""

from __future__ import annotations

import base64
import html
import json
import threading
import time
from decimal import Decimal
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

import pytest
import requests.utils
from hypothesis import given
from hypothesis import strategies as st

from txojobs.redact import HIDDEN, Redactor, escape_foreign

if TYPE_CHECKING:
    from txojobs.records import JsonValue

SECRET = 'p+s/w:"rd\\ä~&<7Kq'


def knowing(*secrets: str) -> Redactor:
    redactor = Redactor()
    for secret in secrets:
        redactor.add(secret)
    return redactor


@pytest.mark.parametrize(
    "spelled",
    [
        SECRET,
        quote(SECRET, safe=""),
        quote(SECRET),
        quote_plus(SECRET),
        requests.utils.requote_uri(SECRET),
        "p\\u002Bs/w:\\u0022rd\\u005C\\u00E4~\\u0026\\u003C7Kq",  # as .NET writes JSON
        quote(SECRET, safe="").lower().replace("kq", "Kq").replace("%c3%a4", "%c3%a4"),
        json.dumps(SECRET)[1:-1],
        json.dumps(SECRET, ensure_ascii=False)[1:-1],
        json.dumps(SECRET)[1:-1].replace("/", "\\/"),
        repr(SECRET)[1:-1],
        html.escape(SECRET),
    ],
)
def test_hides_a_secret_in_each_spelling(spelled: str) -> None:
    assert knowing(SECRET).clean(f"before {spelled} after") == f"before {HIDDEN} after"


ODD = "abc8Q~Zq9x+W4vB/7nM2k_J5hG-8fD.tR=p1L"


def _odd(form: str) -> str:
    return "".join(letter if letter.isalnum() else form.format(ord(letter)) for letter in ODD)


@pytest.mark.parametrize(
    "spelled",
    [
        quote(ODD, safe="*").replace("~", "%7E"),  # as Java and .NET write addresses
        *map(
            _odd,
            (
                "%{:02X}",
                "%{:02x}",
                "&#{};",
                "&#x{:x};",
                "&#x{:02X};",
                "\\u{:04x}",
                "\\\\u{:04X}",
                "\\x{:02x}",
            ),
        ),
        quote(quote(ODD, safe=""), safe=""),
        quote(_odd("&#x{:x};"), safe=""),
        ODD.replace("+", "&plus;").replace("/", "&sol;").replace("=", "&equals;"),
        "".join(f"%{letter:02X}" for letter in ODD.encode()),
        "".join(f"&#{letter};" for letter in ODD.encode()),
        ODD.upper(),
        ODD.encode().hex(),
        ODD.encode().hex().upper(),
    ],
)
@pytest.mark.parametrize("around", ["{}", "50% of &amp; \\u0041 {} %41 100%", "?a=%20{}&b=1"])
def test_hides_a_secret_whatever_letters_of_it_are_escaped(spelled: str, around: str) -> None:
    assert knowing(ODD).clean(around.format(spelled)) == around.format(HIDDEN)


def test_leaves_escapes_that_hide_nothing_as_they_are() -> None:
    text = "%7E 100% %zz &amp; &nothing; &#0; &#x110000; \\u0041 \\\\ \\x7e abc8Q%7EZq9x"
    assert knowing(ODD).clean(text) == text


@pytest.mark.parametrize("user", ["a", "bo", "api", "someone@example.com"])
def test_hides_a_secret_inside_the_base64_of_basic_credentials(user: str) -> None:
    encoded = base64.b64encode(f"{user}:{SECRET}".encode()).decode()
    told = Redactor()
    told.add(SECRET, user=user)
    assert told.clean(f"Basic {encoded}").rstrip("=") == f"Basic {HIDDEN}"
    shown = knowing(SECRET).clean(encoded)
    left = shown.replace(HIDDEN, "")
    assert HIDDEN in shown
    assert len(left) <= len(base64.b64encode(user.encode())) + 6  # the user, the padding, two odd letters


@pytest.mark.parametrize("gap", ["\n", "\r\n", " ", "\n    ", "\\n", "\\r\\n"])
def test_hides_a_secret_that_is_broken_over_lines(gap: str) -> None:
    secret = "k7Zt4-Xb19.Kd83_mW2"
    for at in range(1, len(secret)):
        text = f"said: {secret[:at]}{gap}{secret[at:]} and more"
        assert knowing(secret).clean(text) == f"said: {HIDDEN} and more"


def test_hides_a_secret_in_base64_that_is_folded_as_mail_does() -> None:
    encoded = base64.encodebytes(b"x" * 50 + SECRET.encode() + b"x" * 50).decode()
    assert encoded.count("\n") > 1
    shown = "".join(knowing(SECRET).clean(encoded).split())
    for at in range(3):
        core = base64.b64encode(b"\0" * at + SECRET.encode()).decode()[4:-4]
        assert core[:8] not in shown
        assert core[-8:] not in shown


def test_takes_no_words_that_stand_one_after_the_other_for_a_short_secret() -> None:
    assert knowing("nowhere-to").clean("now here-to stay") == "now here-to stay"


@pytest.mark.parametrize("dots", ["...", " ...", "....", "...'"])
def test_hides_the_beginning_of_a_secret_where_a_text_was_shortened(dots: str) -> None:
    secret = "k7Zt4-Xb19+Kd83_mW2"
    for length in range(6, len(secret) + 1):
        assert knowing(secret).clean(f"said: {secret[:length]}{dots} more") == f"said: {HIDDEN}{dots} more"
    assert knowing(secret).clean("said k7Z... and k7Zt4-Xb19 more...") == "said k7Z... and k7Zt4-Xb19 more..."


def test_leaves_a_text_without_secrets_alone() -> None:
    text = "412 rows kept"
    assert Redactor().clean(text) is text
    assert knowing(SECRET).clean(text) is text


def test_hides_overlapping_secrets_wholly() -> None:
    assert knowing("abcdefgh", "efghijkl").clean("<abcdefghijkl>") == f"<{HIDDEN}>"


def test_takes_the_scheme_of_a_token_for_no_part_of_it() -> None:
    assert knowing("Bearer abcdefgh1").clean("X-Auth: abcdefgh1") == f"X-Auth: {HIDDEN}"


def test_hides_a_short_secret_only_where_it_is_the_whole_value() -> None:
    redactor = knowing("on")
    assert redactor.clean("nothing is on") == "nothing is on"
    assert redactor.clean("on") == HIDDEN


def test_hides_each_line_of_a_key_in_pem_form() -> None:
    redactor = knowing("-----BEGIN KEY-----\nMIIEvQIBADANB\ngkqhkiG9w0BAQ\n-----END KEY-----\n")
    assert redactor.clean("found gkqhkiG9w0BAQ here") == f"found {HIDDEN} here"


def test_hides_secrets_in_keys_texts_and_numbers_of_a_tree() -> None:
    tree: JsonValue = {
        "rows": 3,
        "k-s3cret-1": [{"deep": "x s3cret-1 y"}, 778899, Decimal("77.5"), True, None],
    }
    redactor = knowing("s3cret-1", "778899", "True", "77.5")
    assert redactor.clean_value(tree) == {
        "rows": 3,
        f"k-{HIDDEN}": [{"deep": f"x {HIDDEN} y"}, HIDDEN, HIDDEN, True, None],
    }


JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("Token: Bearer abc-DEF.123", "Token: Bearer [REDACTED]"),
        (f"Token: Bearer {JWT}", "Token: Bearer [REDACTED]"),
        (f"JWT: {JWT}", "JWT: [REDACTED_JWT]"),
        ('Config: {"password": "secret"}', 'Config: {"password": "[REDACTED]"}'),
        ('{"client-secret": "a\\"b", "x": 1}', '{"client-secret": "[REDACTED]", "x": 1}'),
        ("{'api_key': 'abc', 'n': 2}", "{'api_key': '[REDACTED]', 'n': 2}"),
        ('{\\"db-password\\": \\"abc\\"}', '{\\"db-password\\": \\"[REDACTED]\\"}'),
        ('{"access_token":"abc', '{"access_token":"[REDACTED]"'),
        ('{"Authorization": "Basic dTpw"}', '{"Authorization": "[REDACTED]"}'),
        ("Authorization: Basic dTpw", "Authorization: Basic [REDACTED]"),
        (
            "POST client_secret=abc~1&grant_type=client_credentials",
            "POST client_secret=[REDACTED]&grant_type=client_credentials",
        ),
        ("GET https://x.example/a?code=s3&b=1", "GET https://x.example/a?code=[REDACTED]&b=1"),
        ("https://bob:hunter2@x.example/", "https://bob:[REDACTED]@x.example/"),
        ("key " + "A" * 40 + ".", "key [REDACTED_TOKEN]."),
        ("key sk-" + "a1B2" * 10, "key [REDACTED_TOKEN]"),
        ("sha1 2fd4e1c67a2d28fced849ee1bb76e7391b93eb12", "sha1 [REDACTED_TOKEN]"),
        ("abC8Q~" + "x-._~y" * 5 + "wq2", "[REDACTED]"),
        # what must stay readable
        ("the Bearer token was refused", "the Bearer token was refused"),
        ('WWW-Authenticate: Bearer realm="x"', 'WWW-Authenticate: Bearer realm="x"'),
        ("status code=403", "status code=403"),
        ('"token_type": "Bearer"', '"token_type": "Bearer"'),
        ("id 9f1c2d3e-4b5a-6789-abcd-ef0123456789", "id 9f1c2d3e-4b5a-6789-abcd-ef0123456789"),
        (
            "output/acme-prod-export-customers-with-balance_2026-01-15T1430Z.xlsx",
            "output/acme-prod-export-customers-with-balance_2026-01-15T1430Z.xlsx",
        ),
        (
            "/srv/txojobs/work/Reports2026/acme/customers/output/january",
            "/srv/txojobs/work/Reports2026/acme/customers/output/january",
        ),
        (
            "fetch CustomerLedgerEntriesWithDimensionsOverview",
            "fetch CustomerLedgerEntriesWithDimensionsOverview",
        ),
    ],
)
def test_g9_hides_what_looks_like_a_secret_in_a_log_line(line: str, shown: str) -> None:
    assert Redactor().clean_line(line) == shown


def test_g9_reports_hide_known_values_only() -> None:
    assert Redactor().clean("A" * 40) == "A" * 40


@pytest.mark.parametrize(
    "hostile",
    [
        '"' * 50_000,
        '"password' * 6_000,
        "a-" * 40_000,
        "eyJ" * 30_000,
        "\\" * 50_000,
        "://a" * 20_000,
        "p+s/w: a..." * 9_000,
        "%25" * 50_000 + "%70%2Bs",
        "&#x26;" * 20_000,
        "&amp" * 20_000,
    ],
)
def test_a_hostile_line_costs_no_more_than_its_length(hostile: str) -> None:
    begun = time.process_time()
    knowing(SECRET).clean_line(hostile)
    assert time.process_time() - begun < 20


def test_learns_secrets_from_many_threads() -> None:
    redactor = Redactor()
    secrets = [f"secret-of-thread-{number:03}" for number in range(64)]
    threads = [threading.Thread(target=redactor.add, args=(secret,)) for secret in secrets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert redactor.clean(" ".join(secrets)) == " ".join([HIDDEN] * 64)


@given(secret=st.text(min_size=4).filter(lambda text: len(text.strip()) >= 4), around=st.text())
def test_never_shows_a_secret_whatever_stands_around_it(secret: str, around: str) -> None:
    redactor = knowing(secret)
    bare = secret.strip()
    if HIDDEN in bare or bare.lower().startswith(("bearer", "basic")):
        return
    assert bare not in redactor.clean(around + bare + around).replace(HIDDEN, "\0")


@pytest.mark.parametrize(
    ("foreign", "shown"),
    [
        ("a\nb\r\tc", "a\\nb\\r\\tc"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("\x00\x7f\x85\x9b", "\\x00\\x7f\\x85\\x9b"),
        ("a\u2028b\u2029", "a\\u2028b\\u2029"),
        ("\u202eevil\u2066\u200f\u061c", "\\u202eevil\\u2066\\u200f\\u061c"),
        ("half \ud83d", "half \\ud83d"),
        ("Åse 漢字 🙂 C:\\new\u00a0", "Åse 漢字 🙂 C:\\new\u00a0"),
    ],
)
def test_b17_makes_control_characters_visible(foreign: str, shown: str) -> None:
    assert escape_foreign(foreign) == shown
