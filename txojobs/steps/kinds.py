"""The kinds of text that options hold, and how a `${{ }}` value is put into each.

A value never becomes part of a query by mere pasting: inside an expression it becomes a JMESPath literal, inside an
OData filter an OData literal, inside a path one percent-encoded segment, inside a file name a cleaned word.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from txojobs.errors import Mark, ValidationError
from txojobs.records import number_text

if TYPE_CHECKING:
    from collections.abc import Collection

    from txojobs.expressions import Expression

NOWHERE = Mark("", 0, 0)


class Spliced(NamedTuple):
    """The value of one `${{ }}` within a text."""

    value: object


class Kind:
    """A text of one kind. `where` is the mark of its first character, `text` what stands after splicing."""

    __slots__ = ("is_sample", "pieces", "text", "where")

    name: ClassVar[str]
    """As the reference page calls it."""
    quotes: ClassVar[str] = ""
    """The characters that quote a text in it: a spliced value is a whole literal, and must not stand in them."""
    escape: ClassVar[str] = ""
    """What makes a quote an ordinary character."""

    def __init__(self, text: str, where: Mark = NOWHERE) -> None:
        self.text = text
        self.where = where
        self.is_sample = False
        """Whether a value in it is not known yet, so that checks of the whole text must wait."""
        self.pieces: tuple[str | Spliced, ...] = (text,)
        """The text as it was written, with each `${{ }}` as its value; see `made_of`."""

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.text == getattr(other, "text", None)

    def __hash__(self) -> int:
        return hash((type(self), self.text))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.text!r})"

    @classmethod
    def splice(cls, value: object, before: str) -> str:
        """Return the text of `value` at this place; `before` is the text in front of it."""
        raise NotImplementedError

    @classmethod
    def stand_in(cls, sample: object, before: str) -> object:
        """Return what stands for a value that is not known yet; `sample` is some value of its declared type."""
        del before
        return sample

    def vet(self) -> None:
        """Refuse what is certain to fail at the first record; asked when all values are known."""

    def made_of(self, pieces: tuple[str | Spliced, ...]) -> None:
        """Note what the text was put together from."""
        self.pieces = pieces


class JmesPath(Kind):
    """An expression on one record."""

    __slots__ = ("expression",)

    name = "JMESPath expression"
    quotes = "'\"`"
    escape = "\\"
    prefix: ClassVar[tuple[str, ...]] = ()
    """How a path of the expression is reached from the records: () on one record, ("[]",) on their list."""

    expression: Expression

    def __init__(self, text: str, where: Mark = NOWHERE) -> None:
        from txojobs.expressions import parse  # noqa: PLC0415  # only a job with an expression pays for jmespath

        super().__init__(text, where)
        self.expression = parse(text)

    def advice(self, known: Collection[str] | None = None) -> str | None:
        """Return what to tell whoever named a field that is not there, beside the nearest one of `known`."""
        del known
        return None

    def made_of(self, pieces: tuple[str | Spliced, ...]) -> None:
        """Note the pieces, and refuse a null in `<` or `>`; one that a `${{ }}` has brought may be a case of `||`."""
        super().made_of(pieces)
        end = 0
        for piece in pieces:
            start, end = end, end + len(self.splice(piece.value, "") if isinstance(piece, Spliced) else piece)
            for fault in self.expression.null_orders if isinstance(piece, str) else ():
                if start <= fault.offset < end:
                    raise fault

    def vet(self) -> None:
        """Refuse a literal that a function does not take."""
        for fault in self.expression.faults:
            raise fault

    @classmethod
    def splice(cls, value: object, before: str) -> str:
        """Return a JMESPath literal."""
        from txojobs.expressions import to_literal  # noqa: PLC0415

        del before
        return to_literal(plain_value(value))  # type: ignore[arg-type]  # plain_value gives JSON values


class ListJmesPath(JmesPath):
    """An expression on the list of all records."""

    __slots__ = ()

    name = "JMESPath expression on the whole list"
    prefix = ("[]",)


class _InDialect(Kind):
    """A text whose values are written differently in each version of OData; `text` is that of V4."""

    __slots__ = ()

    def made_of(self, pieces: tuple[str | Spliced, ...]) -> None:
        """Note the pieces, and write the text anew: a value may take along what stands before it."""
        super().made_of(pieces)
        self.text = self.in_dialect("v4")

    def in_dialect(self, dialect: str) -> str:
        """Return the text with its values as literals of a dialect: v4, v3 or v2.

        Raises:
            ValidationError: a value cannot be written in this dialect.
        """
        text = ""
        for piece in self.pieces:
            if isinstance(piece, Spliced):
                kept, literal = self._written(piece.value, text, dialect)
                text = kept + literal
            else:
                text += piece
        return text

    @classmethod
    def stand_in(cls, sample: object, before: str) -> object:
        """Return a value of the type that the word before it names."""
        from txojobs.rest.typed_literals import typed_sample  # noqa: PLC0415

        return typed_sample(sample, before)

    @classmethod
    def splice(cls, value: object, before: str) -> str:
        """Return the value as V4 writes it, to be refused now when it cannot be written at all."""
        return cls._written(value, before, "v4")[1]

    @classmethod
    def _written(cls, value: object, before: str, dialect: str) -> tuple[str, str]:
        """Return what stays of the text before a value, and the value."""
        raise NotImplementedError


class ODataText(_InDialect):
    """A part of an OData query: a filter, say. `guid${{ ... }}` and the like say of which type a value is."""

    __slots__ = ()

    name = "OData expression"
    quotes = "'"

    def made_of(self, pieces: tuple[str | Spliced, ...]) -> None:
        """Note the pieces; a value that text behind it would change is refused."""
        from txojobs.rest.typed_literals import refuse_touching  # noqa: PLC0415

        super().made_of(pieces)
        refuse_touching(pieces)

    @property
    def falls_away(self) -> bool:
        """Whether a value in it is null, so that it is left out of a list of conditions."""
        return any(isinstance(piece, Spliced) and piece.value is None for piece in self.pieces)

    @classmethod
    def _written(cls, value: object, before: str, dialect: str) -> tuple[str, str]:
        from txojobs.rest.typed_literals import typed_literal  # noqa: PLC0415

        return typed_literal(value, before, dialect=dialect)


class EntityPath(_InDialect):
    """An entity set, or a path below it; keys stand in parentheses."""

    __slots__ = ()

    name = "entity set or path"
    quotes = "'"

    @classmethod
    def _written(cls, value: object, before: str, dialect: str) -> tuple[str, str]:
        """Return one encoded segment, or inside parentheses an encoded key literal."""
        from urllib.parse import quote  # noqa: PLC0415

        from txojobs.rest.literals import segment  # noqa: PLC0415
        from txojobs.rest.typed_literals import typed_literal  # noqa: PLC0415

        outside = re.sub("'[^']*'", "", before)
        if outside.count("(") > outside.count(")"):
            kept, literal = typed_literal(value, before, dialect=dialect)
            return kept, quote(literal, safe="")
        return before, segment(_word(value, "an address"))


class FilePath(str):
    """The value of a param of type `file`: it may name a folder, and `workspace.inside` keeps it in its own."""

    __slots__ = ()


class FileName(Kind):
    """A file name with its extension; a folder may stand before it."""

    __slots__ = ()

    name = "file name"

    @classmethod
    def splice(cls, value: object, before: str) -> str:
        """Return a word that every file system takes, of two texts never the same; a file's path stays what it is."""
        from txojobs.files.names import clean_part, distinct_part  # noqa: PLC0415

        del before
        word = _word(value, "a file name")
        if isinstance(value, FilePath):
            return word
        return clean_part(word) if hasattr(value, "isoformat") else distinct_part(word)

    def changed(self) -> list[tuple[str, str]]:
        """Return each value that could not stand in the name as it is, and what stands there instead."""
        found = []
        for piece in self.pieces:
            if isinstance(piece, Spliced) and not hasattr(piece.value, "isoformat"):
                word, part = _word(piece.value, "a file name"), self.splice(piece.value, "")
                found += [(word, part)] if part != word else []
        return found


def field_path(name: str) -> JmesPath:
    """Return the expression that reads one field, whatever its name."""
    return JmesPath('"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"')


class StepRef(Kind):
    """The id of another step, whose records are read too."""

    __slots__ = ()

    name = "id of a step"

    @classmethod
    def splice(cls, value: object, before: str) -> str:
        """Refuse: which steps are read must stand in the file."""
        del value, before
        raise ValidationError("${{ }} cannot stand in the id of a step", how_to_fix="write the id")


KINDS: tuple[type[Kind], ...] = (JmesPath, ListJmesPath, ODataText, EntityPath, FileName, StepRef)


def plain_value(value: object) -> object:
    """Return a value as records hold it: a date or time as its ISO text, a file's path as text, all else as it is."""
    if isinstance(value, FilePath):
        return str(value)
    return value.isoformat() if hasattr(value, "isoformat") else value


def _word(value: object, place: str) -> str:
    if value is None or isinstance(value, list | tuple | dict):
        shown = "null" if value is None else "a list" if isinstance(value, list | tuple) else "a mapping"
        raise ValidationError(f"{shown} cannot be a part of {place}", how_to_fix="use a text, number or date")
    return number_text(plain_value(value))
