"""The operators of OData, and what people write instead who know another language.

Source: OData 4.01 Part 2 section 5.1.1.17 (precedence).
"""

from __future__ import annotations

POWERS = {
    "or": 1,
    "and": 2,
    "eq": 3,
    "ne": 3,
    "gt": 4,
    "ge": 4,
    "lt": 4,
    "le": 4,
    "add": 5,
    "sub": 5,
    "mul": 6,
    "div": 6,
    "divby": 6,
    "mod": 6,
    "has": 7,
    "in": 7,
}
"""How strongly each operator binds. `not` takes a whole comparison: some services read `not A eq 1` so."""
HABITS = {
    "like": "write contains(Field,'text'), startswith(Field,'text') or endswith(Field,'text')",
    "between": "write Field ge 1 and Field le 9",
    "is": "write eq null, or ne null",
    ",": "a number has a point, not a comma, and several values stand in parentheses behind `in`",
}
"""What people write who know another language, and what OData has instead."""
MEANT: dict[str, str] = {
    "==": "eq",
    "=": "eq",
    "!=": "ne",
    "<>": "ne",
    "<=": "le",
    ">=": "ge",
    "<": "lt",
    ">": "gt",
    "&&": "and",
    "||": "or",
    "&": "and",
    "|": "or",
    "!": "not",
    "*": "mul",
    "+": "add",
}
"""What is meant by the operators of other languages."""
