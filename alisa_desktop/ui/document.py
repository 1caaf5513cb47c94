"""Markdown made readable: a text document in the theme's colours that loads nothing and runs nothing.

Raw HTML stays text, pictures become their alternative text, and only http, https and mailto links can be followed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from PySide6.QtCore import QUrl
from PySide6.QtGui import (
    QBrush,
    QColor,
    QTextBlock,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
    QTextFrameFormat,
    QTextLength,
    QTextTable,
)

from alisa_desktop.ui.look import Lettering
from alisa_desktop.ui.theme import Theme

FEATURES = QTextDocument.MarkdownFeature.MarkdownDialectGitHub | QTextDocument.MarkdownFeature.MarkdownNoHTML
SCHEMES = frozenset({"http", "https", "mailto"})
INDENT = 22  # px for each level of a list
LINE_HEIGHT = 120  # per cent
HEADINGS = {1: 1.25, 2: 1.15, 3: 1.05}
OPEN_LINE = re.compile(r"(?<=\S)[ \t]*\n(?=[ \t]*\S)")
"""The end of a line that another one follows."""
Span = tuple[int, int, QTextCharFormat]
"""Where some text of one format begins, how long it is, and the format."""


def may_open(url: QUrl) -> bool:
    """True for links that lead into the browser or the mail program, and nowhere else."""
    return url.isValid() and url.scheme().lower() in SCHEMES


def fill(document: QTextDocument, markdown: str, look: Lettering, *, keep_lines: bool = True) -> None:
    """Show `markdown` in `document`. Single line breaks are kept, as in a chat, unless it is a file's text."""
    document.setDefaultFont(look.font)
    document.setMarkdown(OPEN_LINE.sub("  \n", markdown) if keep_lines else markdown, FEATURES)
    cursor = QTextCursor(document)
    cursor.beginEditBlock()
    document.setIndentWidth(INDENT)
    for table in _tables(document):
        _dress_table(table, look.theme)
    for block in _blocks(document):
        _dress_block(QTextCursor(block), block, look)
    spans = [span for block in _blocks(document) for span in _spans(block)]
    for span in reversed(spans):  # from the end, so that positions stay right
        _dress_span(cursor, span, look)
    _trim(document)
    cursor.endEditBlock()


def _blocks(document: QTextDocument) -> Iterator[QTextBlock]:
    block = document.begin()
    while block.isValid():
        yield block
        block = block.next()


def _spans(block: QTextBlock) -> Iterator[Span]:
    part = block.begin()
    while not part.atEnd():
        fragment = part.fragment()
        yield fragment.position(), fragment.length(), fragment.charFormat()
        part += 1


def _dress_block(cursor: QTextCursor, block: QTextBlock, look: Lettering) -> None:
    form = QTextBlockFormat()
    in_table = cursor.currentTable() is not None
    if not in_table:
        form.setLineHeight(LINE_HEIGHT, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
    _space(form, block, look.theme, in_table=in_table)
    if _is_code(block):
        form.setNonBreakableLines(False)
        form.setLineHeight(100, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
        form.setBackground(QBrush(QColor(look.theme.code_fill)))
    cursor.mergeBlockFormat(form)
    if _is_code(block):
        cursor.movePosition(QTextCursor.MoveOperation.EndOfBlock, QTextCursor.MoveMode.KeepAnchor)
        cursor.mergeCharFormat(_code_span(look))
    level = block.blockFormat().headingLevel()
    quoted = block.blockFormat().hasProperty(QTextFormat.Property.BlockQuoteLevel)
    if level or quoted:
        cursor.select(QTextCursor.SelectionType.BlockUnderCursor)
        cursor.mergeCharFormat(_heading(level, look) if level else _ink(look.theme.muted))


def _space(form: QTextBlockFormat, block: QTextBlock, theme: Theme, *, in_table: bool) -> None:
    top, bottom = 0, theme.space_s
    if in_table:
        bottom = 0
    elif block.blockFormat().headingLevel():
        top, bottom = theme.space_s, theme.space_xs
    elif block.textList() and block.next().textList():
        bottom = 2
    elif _is_code(block) and _is_code(block.next()):
        bottom = 0
    form.setTopMargin(top)
    form.setBottomMargin(bottom)
    if level := block.blockFormat().intProperty(QTextFormat.Property.BlockQuoteLevel):
        form.setLeftMargin(level * theme.space_m)


def _is_code(block: QTextBlock) -> bool:
    return block.isValid() and block.blockFormat().hasProperty(QTextFormat.Property.BlockCodeFence)


def _heading(level: int, look: Lettering) -> QTextCharFormat:
    form = QTextCharFormat()
    form.setProperty(QTextFormat.Property.FontSizeAdjustment, 0)
    form.setFontPointSize(look.font.pointSizeF() * HEADINGS.get(level, 1.0))
    form.setFontWeight(600)
    return form


def _ink(colour: str) -> QTextCharFormat:
    form = QTextCharFormat()
    form.setForeground(QBrush(QColor(colour)))
    return form


def _dress_table(table: QTextTable, theme: Theme) -> None:
    _mend(table)
    form = table.format()
    form.setBorder(1)
    form.setBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
    form.setBorderCollapse(True)
    form.setBorderBrush(QBrush(QColor(theme.border)))
    form.setCellPadding(theme.space_xs)
    form.setCellSpacing(0)
    form.setTopMargin(theme.space_xs)
    form.setBottomMargin(theme.space_s)
    form.setWidth(QTextLength(QTextLength.Type.PercentageLength, 100))
    table.setFormat(form)


def _mend(table: QTextTable) -> None:
    """After a quote, Qt's reader puts an empty line into the first cell and loses the format of its text."""
    cell = table.cellAt(0, 0)
    cursor = cell.firstCursorPosition()
    if not cursor.block().text() and cell.lastCursorPosition().block() != cursor.block():
        cursor.deleteChar()
    bold = QTextCharFormat()
    bold.setFontWeight(700)
    cursor.setPosition(cell.lastPosition(), QTextCursor.MoveMode.KeepAnchor)
    cursor.mergeCharFormat(bold)


def _tables(document: QTextDocument) -> list[QTextTable]:
    return [frame for frame in document.rootFrame().childFrames() if isinstance(frame, QTextTable)]


def _dress_span(cursor: QTextCursor, span: Span, look: Lettering) -> None:
    position, length, form = span
    if not (form.isImageFormat() or form.isAnchor() or form.fontFixedPitch()):
        return
    cursor.setPosition(position)
    cursor.setPosition(position + length, QTextCursor.MoveMode.KeepAnchor)
    if form.isImageFormat():
        cursor.insertText(str(form.property(QTextFormat.Property.ImageAltText) or ""), QTextCharFormat())
    elif form.isAnchor():
        _dress_link(cursor, form, look.theme)
    else:
        cursor.mergeCharFormat(_code_span(look))


def _dress_link(cursor: QTextCursor, form: QTextCharFormat, theme: Theme) -> None:
    if may_open(QUrl(form.anchorHref())):
        form.setForeground(QBrush(QColor(theme.link)))
        form.setFontUnderline(True)
    else:
        form = QTextCharFormat()
    cursor.setCharFormat(form)


def _code_span(look: Lettering) -> QTextCharFormat:
    form = QTextCharFormat()
    form.setFontFamilies([look.code.family()])
    form.setFontPointSize(look.code.pointSizeF())
    form.setBackground(QBrush(QColor(look.theme.code_fill)))
    return form


def _trim(document: QTextDocument) -> None:
    for block, trim in (
        (document.firstBlock(), QTextBlockFormat.setTopMargin),
        (document.lastBlock(), QTextBlockFormat.setBottomMargin),
    ):
        form = QTextBlockFormat()
        trim(form, 0)
        QTextCursor(block).mergeBlockFormat(form)
