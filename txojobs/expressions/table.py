"""The literal table of functions: JMESPath's own, redone for exact numbers, and ours.

Everything that is said about a function is said here: its check, its documentation and its test come from
this table. The order is that of the documentation.

Source: JMESPath specification, "Built-in Functions", for the standard ones.
"""

# ruff: noqa: FBT003  # true and false are results here, not switches

from __future__ import annotations

from decimal import Decimal

from txojobs.expressions import arithmetic, dates, lists, text
from txojobs.expressions.function import NULL_GIVES_NULL as GIVES
from txojobs.expressions.function import NULL_SEEN as SEEN
from txojobs.expressions.function import NULLS_SKIPPED as SKIPS
from txojobs.expressions.function import Function as F  # noqa: N817  # one letter keeps a row on a line or two

_N, _T, _L = "Numbers", "Text", "Lists"
_C, _D, _O = "Choices and nulls", "Dates", "Types and objects"

# fmt: off
FUNCTIONS: dict[str, F] = {
    "add": F(_N, "add(number, number)", ("number", "number"), "number", GIVES,
        "The exact sum of two numbers.", "add(0.1, 0.2)", Decimal("0.3"), arithmetic.add),
    "sub": F(_N, "sub(number, number)", ("number", "number"), "number", GIVES,
        "The first number minus the second, exactly.", "sub(10, 0.01)", Decimal("9.99"), arithmetic.sub),
    "mul": F(_N, "mul(number, number)", ("number", "number"), "number", GIVES,
        "The exact product of two numbers.", "mul(3, 19.99)", Decimal("59.97"), arithmetic.mul),
    "div": F(_N, "div(number, number)", ("number", "number"), "number", GIVES,
        "The first number divided by the second, to 38 significant digits; division by zero is an error.",
        "div(1, 4)", Decimal("0.25"), arithmetic.div),
    "mod": F(_N, "mod(number, number)", ("number", "number"), "number", GIVES,
        "The remainder of a division, with the sign of the divisor.", "mod(-7, 3)", 2, arithmetic.mod),
    "round": F(_N, "round(number, decimals?)", ("number", "number?"), "number", GIVES,
        "Rounded to that many decimals (0 when left out), halves away from zero as in Excel.",
        "round(2.345, 2)", Decimal("2.35"), arithmetic.round_half_up),
    "abs": F(_N, "abs(number)", ("number",), "number", GIVES,
        "The number without its sign.", "abs(-1.50)", Decimal("1.50"), arithmetic.absolute),
    "ceil": F(_N, "ceil(number)", ("number",), "number", GIVES,
        "The next whole number up.", "ceil(1.2)", 2, arithmetic.ceiling),
    "floor": F(_N, "floor(number)", ("number",), "number", GIVES,
        "The next whole number down.", "floor(-1.2)", -2, arithmetic.floor),
    "to_number": F(_N, "to_number(value)", ("any",), "number", GIVES,
        "The number that a text spells (as in JSON: 1234.50), exactly; null when it spells none.",
        "to_number('1234.50')", Decimal("1234.50"), text.to_number),

    "upper": F(_T, "upper(text)", ("text",), "text", GIVES,
        "The text in capitals.", "upper('se')", "SE", text.upper),
    "lower": F(_T, "lower(text)", ("text",), "text", GIVES,
        "The text in small letters.", "lower('SE')", "se", text.lower),
    "trim": F(_T, "trim(text)", ("text",), "text", GIVES,
        "The text without white space at both ends.", "trim('  Oslo ')", "Oslo", text.trim),
    "concat": F(_T, "concat(text, ...)", ("text|number...",), "text", GIVES,
        "Texts and numbers put together; null when one of them is null (join() leaves nulls out).",
        "concat('No. ', 7)", "No. 7", text.concat),
    "join": F(_T, "join(separator, texts)", ("text", "list"), "text", SKIPS,
        "The texts of a list put together, with the separator between them.",
        "join(', ', ['Oslo', null, 'Bergen'])", "Oslo, Bergen", text.join),
    "split": F(_T, "split(text, separator)", ("text", "text"), "list", GIVES,
        "The pieces of a text between the separators.", "split('a;b', ';')", ["a", "b"], text.split),
    "replace": F(_T, "replace(text, old, new)", ("text", "text", "text"), "text", GIVES,
        "The text with each old piece replaced by the new one.",
        "replace('1 234', ' ', '')", "1234", text.replace),
    "substring": F(_T, "substring(text, start, length?)", ("text", "number", "number?"), "text", GIVES,
        "A piece of the text. The first character is 0; a negative start counts from the end.",
        "substring('SE-0042', 3)", "0042", text.substring),
    "pad_left": F(_T, "pad_left(text, width, fill?)", ("text|number", "number", "text?"), "text", GIVES,
        "Filled up on the left with a character (a space when left out).",
        "pad_left(42, 6, '0')", "000042", text.pad_left),
    "starts_with": F(_T, "starts_with(text, start)", ("text", "text"), "boolean", GIVES,
        "Does the text begin so?", "starts_with('SE-42', 'SE')", True, text.starts_with),
    "ends_with": F(_T, "ends_with(text, end)", ("text", "text"), "boolean", GIVES,
        "Does the text end so?", "ends_with('a.csv', '.csv')", True, text.ends_with),
    "to_string": F(_T, "to_string(value)", ("text|number|boolean|list|object",), "text", GIVES,
        "The value as text: digits as they are, lists and objects as JSON.",
        "to_string(1.50)", "1.50", text.to_string),

    "if": F(_C, "if(condition, then, else?)", ("any", "any", "any?"), "any", SEEN,
        "One of two values; the condition is true or false, null counts as false. Only one is evaluated.",
        "if(5 > 3, 'more', 'less')", "more", lists.choose, lazy=True),
    "coalesce": F(_C, "coalesce(value, ...)", ("any...",), "any", SEEN,
        "The first value that is not null (SQL's name of not_null).",
        "coalesce(null, 'none')", "none", lists.first_not_null, lazy=True),
    "not_null": F(_C, "not_null(value, ...)", ("any...",), "any", SEEN,
        "The first value that is not null.", "not_null(null, 0)", 0, lists.first_not_null, lazy=True),
    "is_null": F(_C, "is_null(value)", ("any",), "boolean", SEEN,
        "Is the value null?", "is_null(null)", True, lists.is_null),
    "in": F(_C, "in(value, list)", ("any", "list"), "boolean", SEEN,
        "Is the value one of the list?", "in('NO', ['SE', 'NO'])", True, lists.is_in),
    "lookup": F(_C, "lookup(value, map, default?)", ("text|number|boolean", "object", "any?"), "any", GIVES,
        "What a map has for the value; without a default, a value that is not in the map is an error.",
        "lookup('B', {A: 'Active', B: 'Blocked'}, 'Other')", "Blocked", lists.lookup),

    "date": F(_D, "date(text)", ("text",), "text", GIVES,
        "The date of a date with a time, as it is written there.",
        "date('2026-01-15T14:30:00Z')", "2026-01-15", dates.date),
    "date_add": F(_D, "date_add(date, amount, unit?)", ("text", "number", "text?"), "text", GIVES,
        "The date moved by days (when left out), weeks, months or years; a time after it stays.",
        "date_add('2026-01-31', 1, 'months')", "2026-02-28", dates.date_add,
        vets=(2, dates.check_unit)),
    "days_between": F(_D, "days_between(from, to)", ("text", "text"), "number", GIVES,
        "The days from one date to another; times are not looked at.",
        "days_between('2026-01-15', '2026-02-01')", 17, dates.days_between),
    "format_date": F(_D, "format_date(date, pattern)", ("text", "text"), "text", GIVES,
        "The date in another notation: YYYY YY MM M DD D HH H mm ss; MM are months, mm minutes.",
        "format_date('2026-01-05', 'DD.MM.YYYY')", "05.01.2026", dates.format_date,
        vets=(1, dates.check_pattern)),
    "year": F(_D, "year(date)", ("text",), "number", GIVES,
        "The year.", "year('2026-01-15')", 2026, dates.year),
    "month": F(_D, "month(date)", ("text",), "number", GIVES,
        "The month, 1 to 12.", "month('2026-01-15')", 1, dates.month),
    "day": F(_D, "day(date)", ("text",), "number", GIVES,
        "The day of the month.", "day('2026-01-15')", 15, dates.day),

    "sum": F(_L, "sum(numbers)", ("list",), "number", SKIPS,
        "The exact sum of a list; 0 of an empty one.", "sum([0.1, 0.2, null])", Decimal("0.3"), lists.sum_of),
    "avg": F(_L, "avg(numbers)", ("list",), "number", SKIPS,
        "The mean, to 38 significant digits; null of an empty list.", "avg([1, 2])", Decimal("1.5"),
        lists.average),
    "min": F(_L, "min(list)", ("list",), "any", SKIPS,
        "The smallest number or the first text; null of an empty list.", "min([3, 1.5])", Decimal("1.5"),
        lists.smallest),
    "max": F(_L, "max(list)", ("list",), "any", SKIPS,
        "The largest number or the last text; null of an empty list.", "max([3, 1.5])", 3, lists.largest),
    "min_by": F(_L, "min_by(list, &expression)", ("list", "&"), "any", SKIPS,
        "The element for which the expression is smallest.",
        "min_by([{n: 2}, {n: 1}], &n)", {"n": 1}, lists.min_by),
    "max_by": F(_L, "max_by(list, &expression)", ("list", "&"), "any", SKIPS,
        "The element for which the expression is largest.",
        "max_by([{n: 2}, {n: 1}], &n)", {"n": 2}, lists.max_by),
    "sort": F(_L, "sort(list)", ("list",), "list", GIVES,
        "The list in order, numbers or texts; a null in it is an error.", "sort([2, 1])", [1, 2], lists.sort),
    "sort_by": F(_L, "sort_by(list, &expression)", ("list", "&"), "list", GIVES,
        "The list in the order of an expression; null is an error (coalesce it).",
        "sort_by([{n: 2}, {n: 1}], &n)", [{"n": 1}, {"n": 2}], lists.sort_by),
    "map": F(_L, "map(&expression, list)", ("&", "list"), "list", GIVES,
        "The expression for each element; unlike list[].x it keeps nulls.",
        "map(&x, [{x: 1}, {y: 2}])", [1, None], lists.map_each),
    "contains": F(_L, "contains(list or text, value)", ("list|text", "any"), "boolean", GIVES,
        "Is the value in the list, or the text in the text?", "contains('Contoso', 'oso')", True,
        lists.contains),
    "length": F(_L, "length(list, text or object)", ("list|text|object",), "number", GIVES,
        "The number of elements, characters or fields.", "length('abc')", 3, lists.length),
    "reverse": F(_L, "reverse(list or text)", ("list|text",), "any", GIVES,
        "Back to front.", "reverse([1, 2])", [2, 1], lists.reverse),
    "to_array": F(_L, "to_array(value)", ("any",), "list", SEEN,
        "A list as it is, anything else as a list of one.", "to_array('a')", ["a"], lists.to_array),

    "type": F(_O, "type(value)", ("any",), "text", SEEN,
        "string, number, boolean, array, object or null.", "type(1.5)", "number", lists.type_name),
    "keys": F(_O, "keys(object)", ("object",), "list", GIVES,
        "The names of its fields.", "keys({a: 1, b: 2})", ["a", "b"], lists.keys),
    "values": F(_O, "values(object)", ("object",), "list", GIVES,
        "The values of its fields.", "values({a: 1, b: 2})", [1, 2], lists.values_of),
    "merge": F(_O, "merge(object, ...)", ("object|null...",), "object", SKIPS,
        "One object of several; the last one that has a field decides.",
        "merge({a: 1}, {a: 2, b: 3})", {"a": 2, "b": 3}, lists.merge),
}
# fmt: on
