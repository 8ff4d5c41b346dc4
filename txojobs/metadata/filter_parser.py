"""Parse an OData filter or order expression, of V2 or V4, into parts that know where they stand.

A whole parser of our own, because a checked filter needs what no library gives. `odata-query` 0.10 (June 2024) keeps
no places for what it parsed, refuses all of V2 and much of V4 (`Ns.Enum'A'`, `has`, `/$count`, `cast`, `$it`,
`@alias`), and takes 130 ms to import; that of `odatapy` ends at the first fault, knows V4 alone and takes 290 ms.

Source: OData 4.01 Part 2 sections 5.1.1 ($filter) and 5.1.1.17 (precedence); V2 URI Conventions section 4.5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from txojobs.metadata.faults import IN_4_01_ALONE, Fault, Unjudged
from txojobs.metadata.filter_lexer import Refusal, Token, tokens
from txojobs.metadata.filter_nodes import (
    Binary,
    Call,
    Every,
    Group,
    Hole,
    Literal,
    Opaque,
    Path,
    Span,
    Unary,
)
from txojobs.metadata.operators import HABITS, MEANT, POWERS
from txojobs.metadata.reach import Segment
from txojobs.suggest import nearest_name

if TYPE_CHECKING:
    from txojobs.metadata.filter_nodes import Node

_UNARY_POWER = 8
WORDS = ("true", "false", "null", "INF", "NaN")
_LITERALS = ("text", "prefixed", "guid", "moment", "date", "time", "number")
MAX_DEPTH = 60
"""A filter that nests deeper is not judged."""


def parse_filter(text: str) -> tuple[Node, list[Fault]]:
    """Return the parts of a filter, and what is doubtful in how it is written.

    Raises:
        Refusal: it cannot be read; the fault says where.
        Unjudged: it holds what is not known here.
    """
    parser = _Parser(text)
    node = parser.expression(0)
    parser.expect_end()
    return node, parser.doubts


def parse_order(text: str) -> tuple[Node, list[Fault]]:
    """Return the parts of one order expression, without `asc` or `desc` behind it; as parse_filter."""
    parser = _Parser(text)
    node = parser.expression(0)
    if parser.here is not None and parser.here.text in ("asc", "desc"):
        parser.advance()
    parser.expect_end(known=("asc", "desc"))
    return node, parser.doubts


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(tokens(text))
        self._place = 0
        self._depth = 0
        self.doubts: list[Fault] = []

    @property
    def here(self) -> Token | None:
        """The word that comes next."""
        return self._tokens[self._place] if self._place < len(self._tokens) else None

    def advance(self) -> Token:
        """Take the next word; what must follow at the end of the text is missing."""
        token = self.here
        if token is None:
            end = len(self._text.rstrip())
            span = Span(max(end - 1, 0), end)
            self._refuse(span, "something is missing at the end", "complete it, as in Balance gt 0")
        self._place += 1
        return token

    def _refuse(self, span: Span, message: str, fix: str | None) -> NoReturn:
        raise Refusal(Fault(span.start, max(1, span.end - span.start), message, fix))

    def _is(self, text: str, *, ahead: int = 0) -> bool:
        place = self._place + ahead
        return place < len(self._tokens) and self._tokens[place].text == text

    def _close(self, opened: Token) -> Token:
        token = self.here
        if token is None:
            self._refuse(Span(opened.offset, opened.end), "this ( is not closed", "add a )")
        if token.text != ")":
            self._refuse_operator(token)
        return self.advance()

    def expect_end(self, *, known: tuple[str, ...] = ()) -> None:
        """Refuse a word that stands behind a whole expression."""
        token = self.here
        if token is not None:
            if token.text == ")":
                self._refuse(Span(token.offset, token.end), "this ) closes nothing", "remove it, or add a (")
            self._refuse_operator(token, known)

    def _refuse_operator(self, token: Token, known: tuple[str, ...] = ()) -> NoReturn:
        operators = (*POWERS, *known)
        near = nearest_name(token.text, operators) if token.kind == "name" else None
        sign = MEANT.get(token.text)
        fix = HABITS.get(token.text.lower()) or (f"did you mean {near!r}?" if near else None)
        fix = fix or (f"write {sign}" if sign else f"the operators are {', '.join(operators)}")
        self._refuse(Span(token.offset, token.end), f"an operator is expected here, not {token.text}", fix)

    # -- operators ----------------------------------------------------------------------------------------------

    def expression(self, power: int) -> Node:
        """Return what stands here up to an operator that binds no stronger than `power`."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise Unjudged
        left = self._operand()
        while (token := self.here) is not None and token.kind == "name":
            operator = token.text.lower()
            strength = POWERS.get(operator, 0)
            if strength <= power:
                break
            self.advance()
            self._doubt_case(token, operator)
            right = self._list() if operator == "in" and self._is("(") else self.expression(strength)
            left = Binary(operator, left, right, Span(left.span.start, right.span.end))
        self._depth -= 1
        return left

    def _doubt_case(self, token: Token, operator: str) -> None:
        if token.text != operator:
            message = f"{token.text} is an operator {IN_4_01_ALONE}"
            fault = Fault(token.offset, len(token.text), message, f"write {operator}", "warning")
            self.doubts.append(fault)

    def _operand(self) -> Node:
        token = self.advance()
        span = Span(token.offset, token.end)
        if token.kind in _LITERALS:
            return Literal(token.kind, token.text, span)
        if token.kind == "hole":
            return Hole(token.text[3:-2].strip(), span)
        if token.kind == "typed":
            word, _, path = token.text.partition("${{")
            return Hole(path[:-2].strip(), span, word)
        if token.text == "(":
            return self._parenthesis(token)
        if token.text == "-":
            return self._minus(token)
        if token.kind == "special":
            return self._special(token)
        if token.kind != "name" or (token.text in POWERS and not self._is_operand_name()):
            message = f"a field or a value is expected here, not {token.text}"
            self._refuse(span, message, "write what is compared in front of it, as in Balance gt 0")
        if token.text.lower() == "not" and not self._is_operand_name():
            operand = self.expression(POWERS["and"])
            return Unary("not", operand, Span(span.start, operand.span.end))
        if token.text in WORDS and not self._is("/"):
            return Literal("word", token.text, span)
        return self._named(token)

    def _is_operand_name(self) -> bool:
        """Tell whether the word just taken is a field that has the name of an operator: an operator follows it."""
        token = self.here
        return token is not None and (token.text.lower() in POWERS or token.text in ("/", ")", ","))

    def _minus(self, token: Token) -> Node:
        following = self.here
        if following is not None and following.kind == "number" and following.offset == token.end:
            self.advance()
            return Literal("number", f"-{following.text}", Span(token.offset, following.end))
        operand = self.expression(_UNARY_POWER)
        return Unary("-", operand, Span(token.offset, operand.span.end))

    def _parenthesis(self, opened: Token) -> Node:
        item = self.expression(0)
        span = Span(opened.offset, self._close(opened).end)
        return Group((item,), span) if isinstance(item, Literal | Hole) else item

    def _list(self) -> Node:
        """Take the values in parentheses that stand behind `in`."""
        opened = self.advance()
        items: list[Node] = []
        while not self._is(")"):
            token = self.here
            if items and token is not None and self.advance().text != ",":
                message = f"a comma or a ) is expected here, not {token.text}"
                self._refuse(Span(token.offset, token.end), message, "write in (1,2,3)")
            items.append(self.expression(POWERS["le"]))
            if self.here is None:
                break
        return Group(tuple(items), Span(opened.offset, self._close(opened).end))

    # -- names --------------------------------------------------------------------------------------------------

    def _special(self, token: Token) -> Node:
        """Take `$it/...`, `$root/...` or `@alias`; of names behind `$it` alone it is known what they lead to."""
        end = token.end
        segments = [Segment(token.text, token.offset)]
        is_plain = token.text == "$it"
        while self._is("/"):
            self.advance()
            name = self.advance()
            segments.append(Segment(name.text, name.offset))
            end = name.end
            is_plain = is_plain and name.kind in ("name", "special")
            if self._is("("):
                end = self._skip_parentheses()
                is_plain = False
        span = Span(token.offset, end)
        return Path(tuple(segments), span) if is_plain and len(segments) > 1 else Opaque(span)

    def _skip_parentheses(self) -> int:
        """Pass over a balanced pair, whatever is in it; return the place behind it."""
        opened = self.advance()
        depth = 1
        while depth:
            token = self.here
            if token is None:
                self._refuse(Span(opened.offset, opened.end), "this ( is not closed", "add a )")
            self.advance()
            depth += (token.text == "(") - (token.text == ")")
        return self._tokens[self._place - 1].end

    def _named(self, first: Token) -> Node:
        """Take a path, a function or `path/any(...)`."""
        if self._is("("):
            return self._call(first)
        segments = [Segment(first.text, first.offset)]
        end = first.end
        while self._is("/"):
            self.advance()
            token = self.advance()
            if token.kind not in ("name", "special"):
                self._refuse(
                    Span(token.offset, token.end), f"a name is expected here, not {token.text}", None
                )
            if token.text in ("any", "all") and self._is("("):
                return self._every(Path(tuple(segments), Span(first.offset, end)))
            segments.append(Segment(token.text, token.offset))
            end = token.end
            if self._is("("):  # a function of the service, a key, or $count($filter=...)
                end = self._skip_parentheses()
                if token.text != "$count":
                    return self._rest_unknown(first, end)
        return Path(tuple(segments), Span(first.offset, end))

    def _rest_unknown(self, first: Token, end: int) -> Node:
        while self._is("/"):
            self.advance()
            end = self.advance().end
            if self._is("("):
                end = self._skip_parentheses()
        return Opaque(Span(first.offset, end))

    def _call(self, name: Token) -> Node:
        if "." in name.text and not name.text.startswith("geo."):  # a function of the service: its own affair
            return self._rest_unknown(name, self._skip_parentheses())
        opened = self.advance()
        arguments: list[Node] = []
        if not self._is(")"):
            arguments.append(self.expression(0))
            while self._is(","):
                self.advance()
                arguments.append(self.expression(0))
            if self._is("=") or self._is(":"):  # f(name=value), case(a:b): not ours
                raise Unjudged
        closed = self._close(opened)
        call = Call(Segment(name.text, name.offset), tuple(arguments), Span(name.offset, closed.end))
        return self._rest_unknown(name, closed.end) if self._is("/") else call

    def _every(self, path: Path) -> Node:
        opened = self.advance()
        if self._is(")"):
            return Every(path, None, None, Span(path.span.start, self.advance().end))
        variable = self.advance()
        if variable.kind != "name" or not self._is(":"):
            message = "a variable and a colon are expected here"
            fix = "write any(x: x/Field eq 1)"
            self._refuse(Span(variable.offset, variable.end), message, fix)
        self.advance()
        condition = self.expression(0)
        closed = self._close(opened)
        return Every(path, variable.text, condition, Span(path.span.start, closed.end))
