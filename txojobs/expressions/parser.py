"""jmespath's parser on our tokens: the same grammar, with bare numbers, true, false and null as literals.

Every node of the tree carries `span`, its place in the text, and every error the exact place. Functions are
known here, so a misspelt name or a wrong number of arguments is found before anything is evaluated.

Source: JMESPath specification, grammar.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import jmespath.parser

from txojobs.expressions.errors import SPLIT, ExpressionError
from txojobs.expressions.function import check_call
from txojobs.expressions.growth import check_growth
from txojobs.expressions.lexer import Token, tokenize
from txojobs.expressions.limits import MAX_TREE, check_depth, check_length
from txojobs.expressions.slips import unexpected
from txojobs.expressions.table import FUNCTIONS

Node: TypeAlias = "dict[str, Any]"
"""`type`, `value`, `children` as jmespath names them; `span` and, for a field in quotes, `quoted`."""

_WORDS = {"true": True, "false": False, "null": None}
_ORDER = ("lt", "gt", "lte", "gte")
_BOOLEAN = ("comparator", "not_expression")


def parse_tree(text: str) -> Node:
    """Return the syntax tree of an expression, checked against the limits.

    Raises:
        ExpressionError: the text is no valid expression.
    """
    check_length(text)
    tree = _Grammar(tokenize(text)).tree()
    check_depth(tree)
    check_growth(tree)
    return tree


_Parser: Any = jmespath.parser.Parser
"""Its stubs name only what is public; the hooks overridden here have been the same since jmespath 0.9."""


class _Grammar(_Parser):  # type: ignore[misc]  # see _Parser
    """One parse of one text; the methods are the hooks that jmespath's parser calls by name."""

    def __init__(self, tokens: list[Token]) -> None:
        super().__init__()
        self._tokens = tokens
        self._index = 0
        self._depth = 0

    def tree(self) -> Node:
        tree = self._expression(0)
        if self._tokens[self._index]["type"] != "eof":
            raise unexpected(self._tokens, self._index)
        return tree

    def _expression(self, binding_power: int = 0) -> Node:
        first = self._index
        self._depth += 1
        if self._depth > MAX_TREE:
            raise ExpressionError(
                "the expression nests too deeply", offset=self._tokens[first]["start"], how_to_fix=SPLIT
            )
        token = self._tokens[first]
        left = self._spanned(self._hook("nud", token)(token), first)
        while binding_power < self.BINDING_POWER[self._tokens[self._index]["type"]]:
            left = self._spanned(self._hook("led", self._tokens[self._index])(left), first)
        self._depth -= 1
        return left

    def _hook(self, place: str, token: Token) -> Any:
        hook = getattr(self, f"_token_{place}_{token['type']}", None)
        if hook is None:
            raise unexpected(self._tokens, self._index)
        self._index += 1
        return hook

    def _spanned(self, node: Node, first: int) -> Node:
        node["span"] = (self._tokens[first]["start"], self._tokens[self._index - 1]["end"])
        return node

    def _at(self, kind: str, ahead: int = 0) -> bool:
        return bool(self._tokens[self._index + ahead]["type"] == kind)

    def _raise_parse_error_for_token(self, token: Token, reason: str) -> None:  # noqa: ARG002  # jmespath's hook
        raise unexpected(self._tokens, next(i for i, each in enumerate(self._tokens) if each is token))

    def _raise_parse_error_maybe_eof(self, expected: object, token: Token) -> None:  # noqa: ARG002  # as above
        raise unexpected(self._tokens, self._index)

    # literals and names

    def _token_nud_number(self, token: Token) -> Node:
        digits = token["spelled"].lstrip("-")
        if len(digits) > 1 and digits[0] == "0":
            raise ExpressionError(
                f"the number {token['spelled']} begins with a zero",
                offset=token["start"],
                length=len(token["spelled"]),
                how_to_fix="put it in single quotes when the field is text, else remove the zero",
                example=f"'{token['spelled']}'",
            )
        return self._token_nud_literal(token)

    def _token_nud_literal(self, token: Token) -> Node:
        if token["spelled"][0] not in "`'" and (self._at("dot") or self._at("lbracket")):
            raise unexpected(self._tokens, self._index)
        return {"type": "literal", "children": [], "value": token["value"]}

    def _token_nud_unquoted_identifier(self, token: Token) -> Node:
        word = token["value"]
        after_dot = self._index > 1 and self._at("dot", -2)
        if word in _WORDS and not after_dot and not self._at("lparen"):
            return {"type": "literal", "children": [], "value": _WORDS[word]}
        return {"type": "field", "children": [], "value": word}

    def _token_nud_quoted_identifier(self, token: Token) -> Node:
        if self._at("lparen"):
            raise _no_function(token)
        return {"type": "field", "children": [], "value": token["value"], "quoted": True}

    # lists, objects, calls

    def _token_nud_lbracket(self, token: Token) -> Node:
        if self._at("number") and not self._at("rbracket", 1) and not self._at("colon", 1):
            several: Node = self._parse_multi_select_list()
            return several
        other: Node = super()._token_nud_lbracket(token)
        return other

    def _parse_dot_rhs(self, binding_power: int) -> Node:
        if self._at("lbracket") and self._at("number", 1) and self._at("rbracket", 2):
            token = self._tokens[self._index]
            raise ExpressionError(
                "an index follows the list without a dot",
                offset=token["start"],
                how_to_fix="remove the dot before the bracket",
                example="lines[0]",
            )
        right: Node = super()._parse_dot_rhs(binding_power)
        return right

    def _parse_slice_expression(self) -> Node:
        token = self._tokens[self._index]
        node: Node = super()._parse_slice_expression()
        if node["children"][2] == 0:
            raise ExpressionError(
                "the step of a slice cannot be 0",
                offset=token["start"],
                how_to_fix="write 1 or more, or -1 for the list from its end",
                example="lines[::2]",
            )
        return node

    def _parse_multi_select_hash(self) -> Node:
        pairs: dict[str, Node] = {}
        while not pairs or self._comma_before("rbrace"):
            key = self._tokens[self._index]
            self._match_multiple_tokens(["quoted_identifier", "unquoted_identifier"])
            if key["value"] in pairs:
                raise ExpressionError(
                    f"{key['spelled']} is named twice",
                    offset=key["start"],
                    length=len(key["spelled"]),
                    how_to_fix="give one of the two another name, or remove it",
                )
            self._match("colon")
            value = self._expression(0)
            pairs[key["value"]] = {"type": "key_val_pair", "children": [value], "value": key["value"]}
        return {"type": "multi_select_dict", "children": list(pairs.values())}

    def _comma_before(self, closing: str) -> bool:
        """Step over a comma (True) or over the closing bracket (False)."""
        if self._at(closing):
            self._index += 1
            return False
        self._match("comma")
        return True

    def _token_led_lparen(self, left: Node) -> Node:
        name = self._tokens[self._index - 2]
        if left["type"] != "field" or name["type"] != "unquoted_identifier":
            raise _no_function(name)
        arguments: list[Node] = []
        if self._at("rparen"):
            self._index += 1
        else:
            arguments.append(self._expression())
            while self._comma_before("rparen"):
                arguments.append(self._expression())
        if name["value"] == "in":
            arguments[1:] = map(_list_of_one, arguments[1:])
        check_call(name["value"], arguments, known=FUNCTIONS, place=(name["start"], name["end"]))
        return {"type": "function_expression", "children": arguments, "value": name["value"]}

    # what is valid JMESPath and never what was meant

    def _parse_comparator(self, left: Node, comparator: str) -> Node:
        sign = self._tokens[self._index - 1]
        if comparator in _ORDER and left["type"] == "comparator":
            raise ExpressionError(
                "a comparison cannot be compared again",
                offset=sign["start"],
                length=len(sign["spelled"]),
                how_to_fix="write two comparisons, joined by &&",
                example="a > 0 && a < 10",
            )
        node: Node = super()._parse_comparator(left, comparator)
        for operand in node["children"]:
            if operand["type"] == "projection" and operand["children"][0]["type"] == "flatten":
                _refuse_empty_list(operand)
        return node

    def _token_led_pipe(self, left: Node) -> Node:
        sign = self._tokens[self._index - 1]
        node: Node = super()._token_led_pipe(left)
        if left["type"] in ("or_expression", "and_expression"):
            left = left["children"][1]
        right = node["children"][1]
        names = any(child["type"] == "field" for child in right["children"])
        if left["type"] in _BOOLEAN and right["type"] in _BOOLEAN and names:
            raise ExpressionError(
                "a single | hands the result on; what follows sees no field of the record any more",
                offset=sign["start"],
                how_to_fix="write || for 'or'",
                example="a > 0 || b > 0",
            )
        return node


def _list_of_one(node: Node) -> Node:
    """Take `[1]` for the list that it looks like in `in(x, [1])`, where an index would never be meant."""
    parts = node["children"]
    if node["type"] != "index_expression" or [part["type"] for part in parts] != ["identity", "index"]:
        return node
    literal = {"type": "literal", "children": [], "value": parts[1]["value"], "span": node["span"]}
    return {"type": "multi_select_list", "children": [literal], "span": node["span"]}


def _refuse_empty_list(node: Node) -> None:
    start, end = node["span"]
    if end - start == len("[]"):
        raise ExpressionError(
            "[] flattens a list, it is no empty list",
            offset=start,
            length=end - start,
            how_to_fix="write the empty list in backticks, or ask for the length",
            example="length(Lines) == 0",
        )


def _no_function(token: Token) -> ExpressionError:
    return ExpressionError(
        f"{token['spelled']} is no function and cannot stand before (",
        offset=token["start"],
        length=len(token["spelled"]),
        how_to_fix="a function's name is written without quotes, directly before its arguments",
    )
