"""Markdown as a document: readable, and harmless whatever the model wrote."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, QUrl, Slot
from PySide6.QtGui import (
    QDesktopServices,
    QGuiApplication,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
    QTextTable,
)
from pytestqt.qtbot import QtBot

from alisa_desktop.ui.document import fill, may_open
from alisa_desktop.ui.look import Look
from alisa_desktop.ui.markdown import Code, Prose
from alisa_desktop.ui.passages import CodePassage, ProsePassage


@pytest.fixture
def prose(qtbot: QtBot, look: Look) -> ProsePassage:
    passage = ProsePassage(look, "Alisa")
    qtbot.addWidget(passage)
    return passage


@pytest.fixture
def code(qtbot: QtBot, look: Look) -> CodePassage:
    passage = CodePassage(look)
    qtbot.addWidget(passage)
    return passage


def rendered(markdown: str, look: Look) -> QTextDocument:
    document = QTextDocument()
    fill(document, markdown, look)
    return document


def format_of(document: QTextDocument, word: str) -> QTextCharFormat:
    return document.find(word).charFormat()


def spans(document: QTextDocument) -> Iterator[QTextCharFormat]:
    cursor = QTextCursor(document)
    while cursor.movePosition(QTextCursor.MoveOperation.NextCharacter):
        yield cursor.charFormat()


def test_emphasis_lists_and_line_breaks(look: Look):
    document = rendered("**bold** *soft*\nnext line\n\n3. three\n4. four", look)
    assert document.toPlainText() == "bold soft\nnext line\nthree\nfour"
    assert format_of(document, "bold").fontWeight() == 700
    assert format_of(document, "soft").fontItalic()
    assert document.find("three").block().textList().format().start() == 3


def test_raw_html_is_shown_as_text(look: Look):
    wild = '<script>alert(1)</script>\n\n<img src="http://example.com/x.png"> <b>hi</b>'
    document = rendered(wild, look)
    assert "<script>alert(1)</script>" in document.toPlainText()
    assert "<b>hi</b>" in document.toPlainText()
    assert not any(span.isImageFormat() for span in spans(document))


def test_pictures_become_their_text(look: Look, tmp_path: Path):
    document = rendered(f"![a *nice* cat](http://example.com/cat.png) and ![](file://{tmp_path}/x.png)", look)
    assert document.toPlainText() == "a nice cat and "
    assert not any(span.isImageFormat() for span in spans(document))


def test_passage_loads_no_resource(prose: ProsePassage, tmp_path: Path):
    (tmp_path / "secret.txt").write_text("secret")
    url = QUrl.fromLocalFile(str(tmp_path / "secret.txt"))
    assert not prose.document().resource(QTextDocument.ResourceType.ImageResource.value, url)


@pytest.mark.parametrize("address", ["javascript:alert(1)", "file:///etc/passwd", "vbscript:x", "data:text/html,x"])
def test_dangerous_links_are_plain_text(look: Look, address: str):
    document = rendered(f"[click]({address})", look)
    assert document.toPlainText() == "click"
    assert not any(span.isAnchor() for span in spans(document))
    assert not may_open(QUrl(address))


@pytest.mark.parametrize("address", ["https://example.com/a?b=c", "http://127.0.0.1:8000", "mailto:me@example.com"])
def test_good_links_stand_out(look: Look, address: str):
    link = format_of(rendered(f"see [there]({address})", look), "there")
    assert link.anchorHref() == address
    assert link.foreground().color().name().upper() == look.theme.link
    assert link.fontUnderline()
    assert may_open(QUrl(address))


class Browser(QObject):
    """Takes the place of the system's browser."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[str] = []

    @Slot(QUrl)
    def open(self, url: QUrl) -> None:
        self.opened.append(url.toString())


def test_links_open_in_the_browser_and_nowhere_else(prose: ProsePassage):
    browser = Browser()
    for scheme in ("https", "file", "javascript"):
        QDesktopServices.setUrlHandler(scheme, browser, "open")
    try:
        for address in ("https://example.com/", "file:///etc/passwd", "javascript:alert(1)"):
            prose.anchorClicked.emit(QUrl(address))
    finally:
        for scheme in ("https", "file", "javascript"):
            QDesktopServices.unsetUrlHandler(scheme)
    assert browser.opened == ["https://example.com/"]


def test_inline_code_is_monospaced_on_a_fill(look: Look):
    span = format_of(rendered("use `read_text` here", look), "read_text")
    assert span.fontFamilies() == [look.code.family()]
    assert span.background().color().name().upper() == look.theme.code_fill


def test_table_after_a_quote_keeps_its_head(look: Look):
    """Qt's reader puts an empty line into the first cell there."""
    document = rendered("> said\n\n| Mode | Mood |\n|---|---|\n| study | serious |", look)
    table = next(frame for frame in document.rootFrame().childFrames() if isinstance(frame, QTextTable))
    head = table.cellAt(0, 0)
    assert head.firstCursorPosition().block().text() == "Mode"
    assert head.firstCursorPosition().block() == head.lastCursorPosition().block()
    assert format_of(document, "Mode").fontWeight() == 700


def test_headings_stay_small(look: Look):
    heading = format_of(rendered("# Title\n\ntext", look), "Title")
    assert heading.fontPointSize() <= look.font.pointSizeF() * 1.3
    assert not heading.intProperty(QTextFormat.Property.FontSizeAdjustment)


def test_selection_survives_more_words(prose: ProsePassage):
    prose.show_piece(Prose("Take these words"))
    cursor = prose.textCursor()
    cursor.setPosition(5)
    cursor.setPosition(10, QTextCursor.MoveMode.KeepAnchor)
    prose.setTextCursor(cursor)
    prose.show_piece(Prose("Take these words and more"))
    assert prose.textCursor().selectedText() == "these"


def test_prose_is_as_high_as_its_text(prose: ProsePassage):
    prose.show_piece(Prose("one line"))
    low = prose.fit(300)
    prose.show_piece(Prose("many words " * 40))
    assert prose.fit(300) > 5 * low
    assert prose.fit(600) < prose.fit(300)


def test_code_can_be_copied(code: CodePassage):
    code.show_piece(Code("print(1)\n", "python"))
    code.show_piece(Code("print(1)\nprint(2)", "python"))
    code.copy()
    assert QGuiApplication.clipboard().text() == "print(1)\nprint(2)"
    assert code.text == "print(1)\nprint(2)"


def test_long_code_lines_get_room_for_a_scroll_bar(code: CodePassage):
    code.show_piece(Code("x"))
    low = code.fit(300)
    code.show_piece(Code("x" * 400))
    assert code.fit(300) > low
