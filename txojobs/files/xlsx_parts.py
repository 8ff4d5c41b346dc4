"""The parts of a workbook beside its sheets: what belongs together, styles, properties.

Source: ECMA-376 Part 1 sections 18.2 (workbook), 18.8 (styles) and 15.2.12 (properties).
"""

from __future__ import annotations

import re
from datetime import timezone
from typing import TYPE_CHECKING, NamedTuple
from xml.sax.saxutils import escape, quoteattr

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_SHEETS = "application/vnd.openxmlformats-officedocument.spreadsheetml"

BOLD = 1
"""The style of headings; 0 is the plain one, the number formats follow."""
_FIRST_FORMAT = 2
_FIRST_CODE = 164
"""Lower numbers stand for formats that are built into Excel."""


class Styles:
    """The number formats of a workbook, each with the number by which cells refer to it."""

    def __init__(self) -> None:
        self._codes: dict[str, int] = {}

    def number_of(self, code: str) -> int:
        """Return the style of a number format."""
        return self._codes.setdefault(code, _FIRST_FORMAT + len(self._codes))

    def xml(self) -> str:
        """Return the part."""
        codes = list(self._codes)
        formats = "".join(
            f'<numFmt numFmtId="{number}" formatCode={_attribute(code)}/>'
            for number, code in enumerate(codes, _FIRST_CODE)
        )
        font = '<sz val="11"/><name val="Calibri"/><family val="2"/>'
        fixed = 'fontId="0" fillId="0" borderId="0"'
        styles = [f'<xf numFmtId="0" {fixed} xfId="0"/>']
        styles.append('<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>')
        styles += (
            f'<xf numFmtId="{number}" {fixed} xfId="0" applyNumberFormat="1"/>'
            for number in range(_FIRST_CODE, _FIRST_CODE + len(codes))
        )
        return (
            f"{HEAD}<styleSheet {MAIN}>"
            + (f'<numFmts count="{len(codes)}">{formats}</numFmts>' if codes else "")
            + f'<fonts count="2"><font>{font}</font><font><b/>{font}</font></fonts>'
            '<fills count="2"><fill><patternFill patternType="none"/></fill>'
            '<fill><patternFill patternType="gray125"/></fill></fills>'
            '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
            f'<cellStyleXfs count="1"><xf numFmtId="0" {fixed}/></cellStyleXfs>'
            f'<cellXfs count="{len(styles)}">{"".join(styles)}</cellXfs>'
            '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
            '<dxfs count="0"/>'
            '<tableStyles count="0" defaultTableStyle="TableStyleMedium9" defaultPivotStyle="PivotStyleLight16"/>'
            "</styleSheet>"
        )


class SheetFacts(NamedTuple):
    """What the workbook says of a sheet: its name, and the range that its filter covers."""

    name: str
    filtered: str | None


def parts(sheets: list[SheetFacts], styles: Styles, created: datetime) -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each part but the sheets, which are `xl/worksheets/sheet1.xml` and so on."""
    yield "[Content_Types].xml", _content_types(len(sheets))
    yield (
        "_rels/.rels",
        _relationships(
            [
                (f"{_OFFICE}/relationships/officeDocument", "xl/workbook.xml"),
                (f"{_PACKAGE}/relationships/metadata/core-properties", "docProps/core.xml"),
                (f"{_OFFICE}/relationships/extended-properties", "docProps/app.xml"),
            ]
        ),
    )
    yield "xl/workbook.xml", _workbook(sheets)
    yield (
        "xl/_rels/workbook.xml.rels",
        _relationships(
            [
                *(
                    (f"{_OFFICE}/relationships/worksheet", f"worksheets/sheet{n}.xml")
                    for n in _numbers(len(sheets))
                ),
                (f"{_OFFICE}/relationships/styles", "styles.xml"),
            ]
        ),
    )
    yield "xl/styles.xml", styles.xml()
    yield "docProps/core.xml", _core(created)
    yield "docProps/app.xml", _app()


def _numbers(count: int) -> range:
    return range(1, count + 1)


def _attribute(text: str) -> str:
    """Return a text as the value of an attribute, in quotes."""
    return quoteattr(text, {"\n": "&#10;", "\t": "&#9;", "\r": "&#13;"})


def _content_types(sheets: int) -> str:
    kinds = {
        "/xl/workbook.xml": f"{_SHEETS}.sheet.main+xml",
        **{f"/xl/worksheets/sheet{number}.xml": f"{_SHEETS}.worksheet+xml" for number in _numbers(sheets)},
        "/xl/styles.xml": f"{_SHEETS}.styles+xml",
        "/docProps/core.xml": "application/vnd.openxmlformats-package.core-properties+xml",
        "/docProps/app.xml": "application/vnd.openxmlformats-officedocument.extended-properties+xml",
    }
    return (
        f'{HEAD}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        + "".join(f'<Override PartName="{name}" ContentType="{kind}"/>' for name, kind in kinds.items())
        + "</Types>"
    )


def _relationships(targets: list[tuple[str, str]]) -> str:
    each = "".join(
        f'<Relationship Id="rId{number}" Type="{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets, 1)
    )
    return f'{HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{each}</Relationships>'


def _workbook(sheets: list[SheetFacts]) -> str:
    listed = "".join(
        f'<sheet name={_attribute(sheet.name)} sheetId="{number}" r:id="rId{number}"/>'
        for number, sheet in enumerate(sheets, 1)
    )
    filters = "".join(
        f'<definedName name="_xlnm._FilterDatabase" localSheetId="{index}" hidden="1">'
        f"{escape(_quoted(sheet.name))}!{_absolute(sheet.filtered)}</definedName>"
        for index, sheet in enumerate(sheets)
        if sheet.filtered
    )
    return (
        f'{HEAD}<workbook {MAIN} xmlns:r="{_OFFICE}/relationships">'
        '<bookViews><workbookView xWindow="240" yWindow="15" windowWidth="16095" windowHeight="9660"/></bookViews>'
        f"<sheets>{listed}</sheets>"
        + (f"<definedNames>{filters}</definedNames>" if filters else "")
        + "</workbook>"
    )


def _quoted(name: str) -> str:
    """Return the name of a sheet as formulas name it."""
    return "'" + name.replace("'", "''") + "'"


def _absolute(cells: str) -> str:
    """Return `$A$1:$F$4` for `A1:F4`."""
    return re.sub(r"([A-Z]+)([0-9]+)", r"$\1$\2", cells)


def _core(created: datetime) -> str:
    if created.tzinfo is not None:
        created = created.astimezone(timezone.utc)
    moment = f'xsi:type="dcterms:W3CDTF">{created:%Y-%m-%dT%H:%M:%S}Z'
    return (
        f'{HEAD}<cp:coreProperties xmlns:cp="{_PACKAGE}/metadata/core-properties" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><dc:creator></dc:creator>'
        f"<dcterms:created {moment}</dcterms:created><dcterms:modified {moment}</dcterms:modified>"
        "</cp:coreProperties>"
    )


def _app() -> str:
    return f'{HEAD}<Properties xmlns="{_OFFICE}/extended-properties"><Application>txojobs</Application></Properties>'
