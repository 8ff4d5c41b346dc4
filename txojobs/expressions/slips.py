"""Slips that people make who know SQL, Excel, Python or OData, and what to write instead.

Each function looks at one place that is already known to be wrong; nothing here decides what is valid.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from txojobs.expressions.errors import ExpressionError, shorten

if TYPE_CHECKING:
    from collections.abc import Iterable

SIGNS: tuple[tuple[str, str, str, str | None], ...] = (
    # as written, what is wrong, how to fix it, example; the longest first
    ("===", "=== is not known", "write ==", "status == 'Open'"),
    ("!==", "!== is not known", "write !=", "status != 'Open'"),
    ("<>", "<> is not known", "write != for 'is not equal to'", "status != 'Open'"),
    ("=>", "=> is not known", "write >=", "balance >= 0"),
    ("=<", "=< is not known", "write <=", "balance <= 0"),
    ("=", "a single = compares nothing", "write == to compare", "status == 'Open'"),
    ("+", "there is no operator +", "use add() for numbers, concat() for texts", "add(net, vat)"),
    (
        "-",
        "there is no operator -",
        "use sub() to subtract; put a field name with a hyphen in double quotes",
        'sub(gross, vat), "first-name"',
    ),
    ("/", "there is no operator /", "use div()", "div(total, count)"),
    ("%", "there is no operator %", "use mod() for a remainder; write 5 % as 0.05", "mod(number, 2)"),
    ("$", "$ has no meaning here", "begin with the field's name; the record itself is @", "Address.City"),
    (
        "?",
        "? has no meaning here",
        "a filter is written list[?condition], a choice if()",
        "if(a > 0, 'x', 'y')",
    ),
    ("\u2018", "this is a typographic quote", "put a text in straight single quotes", "'Open'"),
    ("\u2019", "this is a typographic quote", "put a text in straight single quotes", "'Open'"),
    ("\u201c", "this is a typographic quote", "put a text in straight single quotes", "'Open'"),
    ("\u201d", "this is a typographic quote", "put a text in straight single quotes", "'Open'"),
)

WORDS: dict[str, tuple[str, str]] = {
    # a word between two values or before one: how to fix it, example
    "and": ("write && for 'and'", "a > 0 && b > 0"),
    "or": ("write || for 'or'", "a > 0 || b > 0"),
    "not": ("write ! for 'not'", "!(a > 0)"),
    "in": ("write in() as a function", "in(country, ['SE', 'NO'])"),
    "is": ("write == or is_null()", "is_null(city)"),
    "like": ("use contains(), starts_with() or ends_with()", "starts_with(name, 'A')"),
    "between": ("write two comparisons", "a >= 1 && a <= 9"),
    "eq": ("write ==", "status == 'Open'"),
    "ne": ("write !=", "status != 'Open'"),
    "gt": ("write >", "balance > 0"),
    "ge": ("write >=", "balance >= 0"),
    "lt": ("write <", "balance < 0"),
    "le": ("write <=", "balance <= 0"),
}

CLOCK = ("today", "now", "getdate", "sysdate", "current_date", "current_timestamp", "utcnow")
"""Functions that an expression cannot have: what it gives depends on the record alone."""

FUNCTION_ALIASES: dict[str, str] = {
    # names of other languages that spelling alone does not lead to ours
    "average": "avg",
    "count": "length",
    "len": "length",
    "size": "length",
    "mean": "avg",
    "iif": "if",
    "iff": "if",
    "case": "if",
    "switch": "lookup",
    "ifnull": "coalesce",
    "nvl": "coalesce",
    "isnull": "is_null",
    "isblank": "is_null",
    "lower_case": "lower",
    "tolower": "lower",
    "toupper": "upper",
    "lcase": "lower",
    "ucase": "upper",
    "substr": "substring",
    "mid": "substring",
    "left": "substring",
    "concatenate": "concat",
    "textjoin": "join",
    "text": "format_date",
    "str": "to_string",
    "string": "to_string",
    "int": "to_number",
    "float": "to_number",
    "number": "to_number",
    "value": "to_number",
    "lpad": "pad_left",
    "zfill": "pad_left",
    "padleft": "pad_left",
    "datediff": "days_between",
    "dateadd": "date_add",
    "multiply": "mul",
    "subtract": "sub",
    "minus": "sub",
    "plus": "add",
    "divide": "div",
    "indexof": "contains",
    "vlookup": "lookup",
}


def strange_character(text: str, at: int, *, taken: str = "") -> ExpressionError | None:
    """Return the error for a sign of another language that begins at `at` and is longer than `taken`."""
    for sign, what, fix, example in SIGNS:
        if len(sign) > len(taken) and text.startswith(sign, at):
            return ExpressionError(what, offset=at, length=len(sign), how_to_fix=fix, example=example)
    return None


def unexpected(tokens: list[dict[str, Any]], index: int) -> ExpressionError:
    """Return the error for the token at `index`, which cannot stand there."""
    token = tokens[index]
    before = tokens[index - 1] if index else None
    spelled = token.get("spelled", "")
    if token["type"] == "eof":
        return ExpressionError(
            "the expression is empty" if before is None else "the expression ends where a value is expected",
            offset=token["start"],
            how_to_fix="complete it",
        )
    for word in (token, before):
        hint = WORDS.get(str(word["value"]).lower()) if word and _is_name(word) else None
        if word and hint:
            return ExpressionError(
                f"'{word['spelled']}' has no meaning here",
                offset=word["start"],
                length=len(word["spelled"]),
                how_to_fix=hint[0],
                example=hint[1],
            )
    what, fix, example = _by_type(token, before)
    return ExpressionError(
        what or f"{shorten(spelled)} cannot stand here",
        offset=token["start"],
        length=len(spelled),
        how_to_fix=fix,
        example=example,
    )


def _is_name(token: dict[str, Any]) -> bool:
    return bool(token["type"] == "unquoted_identifier")


_Advice: TypeAlias = "tuple[str | None, str | None, str | None]"
"""What is wrong, how to fix it, an example."""

_BY_TYPE: dict[str, _Advice] = {
    "star": ("* cannot stand here", "use mul() to multiply", "mul(price, quantity)"),
    "expref": ("a single & cannot stand here", "write && for 'and'", "a > 0 && b > 0"),
}
_OPERATORS = ("eq", "ne", "lt", "gt", "lte", "gte", "and", "or", "not")
_VALUES = ("unquoted_identifier", "quoted_identifier", "literal", "number")


def _by_type(token: dict[str, Any], before: dict[str, Any] | None) -> _Advice:
    spelled = shorten(token["spelled"])
    if spelled.startswith("-"):
        return "there is no operator -", "use sub() to subtract", "sub(gross, vat)"
    if before is None:
        return (
            f"an expression cannot begin with {spelled}",
            "write 0.5 for .5" if spelled == "." else "begin with a field, a function, a number or a text",
            "balance > 0",
        )
    if before["type"] == "dot":
        return (
            f"after a dot stands a field, not {spelled}",
            "write an index in brackets, and a name with special characters in double quotes",
            'lines[0], Address."zip-code"',
        )
    if token["type"] in _BY_TYPE:
        return _BY_TYPE[token["type"]]
    if before["type"] == "lbracket":
        return (
            f"in the brackets after a list stands an index, a slice or *, not {spelled}",
            "write [?condition] to filter",
            "lines[0], lines[?Amount > 5]",
        )
    return _between(spelled, token, before)


def _between(spelled: str, token: dict[str, Any], before: dict[str, Any]) -> _Advice:
    if before["type"] == "comma":
        return f"a value is missing between the comma and {spelled}", "write it, or remove the comma", None
    if token["type"] == "dot" and before["type"] in ("number", "literal"):
        return f"the number {before['spelled']} has no fields", "write its decimals or remove the dot", None
    if before["type"] == "current" and token["type"] in _VALUES:
        return (
            f"between @ and {spelled} a dot is missing",
            "leave out @: a field stands for itself",
            "Country == 'SE'",
        )
    if token["type"] == "comma" and before["type"] in ("number", "literal"):
        fix = "a number has a decimal point, and no separators of thousands"
        return f"a comma cannot stand behind the number {before['spelled']}", fix, "balance > 1000.50"
    if before["type"] in _OPERATORS:
        fix = f"write it, or remove one of the two: {before['spelled']} or {spelled}"
        return f"a value is missing between {before['spelled']} and {spelled}", fix, "balance > 0"
    if before["type"] in _VALUES and token["type"] in _VALUES:
        return (
            f"an operator or a comma is missing between {shorten(before['spelled'])} and {spelled}",
            "a name with spaces is written in double quotes, a text in single quotes",
            "\"Customer Name\" == 'Contoso'",
        )
    if token["type"] == "not":
        return "! cannot stand between two values", "write != for 'is not equal to'", "status != 'Open'"
    return None, "remove it, or put a comparison or && or || between two values", "a > 0 && b == 'x'"


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that was probably meant, or None.

    The same letters and digits in any case come first, whatever stands between them; then a close spelling.
    """
    import difflib  # noqa: PLC0415  # only an error needs it

    names = sorted(known)
    bare = {_bare(each): each for each in reversed(names)}
    if _bare(name) in bare:
        return bare[_bare(name)]
    close = difflib.get_close_matches(_bare(name), list(bare), n=1, cutoff=0.6)
    return bare[close[0]] if close else None


def _bare(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum()) or name
