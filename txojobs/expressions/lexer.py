"""From the text of an expression to the tokens that jmespath's parser takes.

Differs from jmespath's own lexer where the language is a superset (fractions and exponents in bare numbers),
keeps the digits of every number, and knows the exact place of each token. Brackets are balanced here.

Source: JMESPath specification, grammar; RFC 8259 section 6 for numbers.
"""

from __future__ import annotations

import json
import re
from typing import Any, TypeAlias

from txojobs.errors import ValidationError
from txojobs.expressions.errors import SPLIT, ExpressionError
from txojobs.expressions.literal import decode_literal, decode_number
from txojobs.expressions.slips import strange_character

Token: TypeAlias = "dict[str, Any]"  # noqa: S105  # no password
"""`type` and `value` as jmespath names them; `start` and `end` in the text, `end` exclusive."""

MAX_NESTING = 50
"""Brackets within brackets."""

_TOKEN = re.compile(
    r"""
      (?P<space> [ \t\n\r]+ )
    | (?P<name> [A-Za-z_][A-Za-z0-9_]* )
    | (?P<number> -?[0-9]+ (?:\.[0-9]+)? (?:[eE][+-]?[0-9]+)? )
    | (?P<quoted> "[^"\\]*(?:\\.[^"\\]*)*" )
    | (?P<raw> '[^'\\]*(?:\\.[^'\\]*)*' )
    | (?P<json> `[^`\\]*(?:\\.[^`\\]*)*` )
    | (?P<sign> \|\| | && | == | != | <= | >= | \[\? | \[\] | [\[\].*,:@(){}|&<>!] )
    """,
    re.VERBOSE | re.DOTALL,
)
_SIGNS = {
    "||": "or",
    "&&": "and",
    "==": "eq",
    "!=": "ne",
    "<=": "lte",
    ">=": "gte",
    "[?": "filter",
    "[]": "flatten",
    "[": "lbracket",
    "]": "rbracket",
    ".": "dot",
    "*": "star",
    ",": "comma",
    ":": "colon",
    "@": "current",
    "(": "lparen",
    ")": "rparen",
    "{": "lbrace",
    "}": "rbrace",
    "|": "pipe",
    "&": "expref",
    "<": "lt",
    ">": "gt",
    "!": "not",
}
_CLOSES = {"(": ")", "[": "]", "[?": "]", "{": "}"}
_OPENS = {")": "(", "]": "[", "}": "{"}
_QUOTES = {"'": "text", '"': "quoted name", "`": "literal"}
_WHOLE = re.compile(r"-?[0-9]+")


def tokenize(text: str) -> list[Token]:
    """Return the tokens of a text, the last of type `eof`.

    Raises:
        ExpressionError: a character, number, literal or bracket is wrong.
    """
    tokens: list[Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _unknown(text, at)
        at = match.end()
        if match.lastgroup != "space":
            tokens.append(_token(text, match))
    tokens.append({"type": "eof", "value": "", "start": len(text), "end": len(text)})
    _balance(tokens)
    return tokens


def _token(text: str, match: re.Match[str]) -> Token:
    spelled, start, end = match[0], match.start(), match.end()
    kind: str
    value: Any
    if match.lastgroup == "sign":
        kind, value = _SIGNS[spelled], spelled
        wrong = strange_character(text, start, taken=spelled)
        if wrong:
            raise wrong
    elif match.lastgroup == "name":
        kind, value = "unquoted_identifier", spelled
    elif match.lastgroup == "number":
        kind, value = ("number" if _WHOLE.fullmatch(spelled) else "literal"), _number(text, match)
    elif match.lastgroup == "raw":
        kind, value = "literal", spelled[1:-1].replace("\\'", "'")
    elif match.lastgroup == "json":
        kind, value = "literal", _json(match)
    else:
        kind, value = "quoted_identifier", _name(match)
    return {"type": kind, "value": value, "start": start, "end": end, "spelled": spelled}


def _number(text: str, match: re.Match[str]) -> Any:
    follows = re.compile(r"[A-Za-z0-9_]+").match(text, match.end())
    if follows:
        whole = match[0] + follows[0]
        raise ExpressionError(
            f"{whole} is neither a number nor a name",
            offset=match.start(),
            length=len(whole),
            how_to_fix="put a text in single quotes, a field name that begins with a digit in double quotes",
            example=f"'{whole}' is a text, \"{whole}\" is a field",
        )
    try:
        return decode_number(match[0])
    except ValidationError as err:
        raise ExpressionError(
            str(err),
            offset=match.start(),
            length=len(match[0]),
            how_to_fix="write a shorter number, or a text in single quotes",
        ) from None


def _json(match: re.Match[str]) -> Any:
    content = match[0][1:-1].replace("\\`", "`")
    try:
        return decode_literal(content)
    except ValidationError as err:
        no_json = str(err).startswith("not")
        raise ExpressionError(
            f"between backticks stands JSON, and this is {err}"
            if no_json
            else f"the literal is wrong: {err}",
            offset=match.start(),
            length=len(match[0]),
            how_to_fix="put a text in single quotes, without backticks"
            if no_json
            else "write a smaller one, or `load` it from a file",
            example="status == 'Open'" if no_json else None,
        ) from None


def _name(match: re.Match[str]) -> str:
    try:
        name: str = json.loads(match[0])
    except ValueError as err:
        raise ExpressionError(
            f"the name in double quotes is spelt wrong: {str(err).split(':')[0]}",
            offset=match.start(),
            length=len(match[0]),
            how_to_fix="a name in double quotes follows JSON: a backslash is written twice",
        ) from None
    return name


def _unknown(text: str, at: int) -> ExpressionError:
    sign = text[at]
    if sign in _QUOTES:
        return ExpressionError(
            f"the {_QUOTES[sign]} that begins here has no closing {sign}",
            offset=at,
            length=len(text) - at,
            how_to_fix=f"close it with {sign}"
            + (r"; a quote inside a text is written \'" if sign == "'" else ""),
            example=r"'O\'Neil'" if sign == "'" else None,
        )
    return strange_character(text, at) or ExpressionError(
        f"the character {sign!r} has no meaning here",
        offset=at,
        how_to_fix="put a text in single quotes, a name with special characters in double quotes",
    )


def _balance(tokens: list[Token]) -> None:
    still_open: list[Token] = []
    for token in tokens:
        spelled = token.get("spelled", "")
        if token["type"] in ("lparen", "lbracket", "filter", "lbrace"):
            still_open.append(token)
            if len(still_open) > MAX_NESTING:
                raise ExpressionError(
                    f"the expression nests more than {MAX_NESTING} brackets",
                    offset=token["start"],
                    how_to_fix=SPLIT,
                )
        elif token["type"] in ("rparen", "rbracket", "rbrace"):
            if not still_open:
                raise ExpressionError(
                    f"{spelled} closes a bracket that was never opened",
                    offset=token["start"],
                    how_to_fix=f"remove it, or open one before it with {_OPENS[spelled]}",
                )
            opening = still_open.pop()
            closing = _CLOSES[opening["spelled"]]
            if spelled != closing:
                raise ExpressionError(
                    f"{spelled} stands where {closing} has to close the {opening['spelled']} "
                    f"at character {opening['start'] + 1}",
                    offset=token["start"],
                    how_to_fix=f"write {closing} in its place, or remove it",
                )
    if still_open:
        opening = still_open[-1]
        raise ExpressionError(
            f"the {opening['spelled']} is never closed",
            offset=opening["start"],
            length=len(opening["spelled"]),
            how_to_fix=f"add the missing {_CLOSES[opening['spelled']]}",
        )
