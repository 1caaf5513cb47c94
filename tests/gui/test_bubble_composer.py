"""The input line: sends, grows, recalls, and never loses a word."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QInputMethodEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from alisa_desktop.ui.composer import LINES, Composer, Recall
from alisa_desktop.ui.look import Look

Key = Qt.Key


@pytest.fixture
def composer(qtbot: QtBot, look: Look) -> Composer:
    composer = Composer(look)
    qtbot.addWidget(composer)
    composer.resize(320, 60)
    composer.fit(320)
    composer.show()
    composer.field.setFocus()
    return composer


def test_enter_sends_and_the_text_waits_until_it_was_taken(composer: Composer, qtbot: QtBot):
    qtbot.keyClicks(composer.field, "  hello ")
    with qtbot.waitSignal(composer.submitted) as sent:
        qtbot.keyClick(composer.field, Key.Key_Return)
    assert sent.args == ["hello"]
    assert composer.text == "  hello "
    composer.clear()
    assert composer.text == ""


def test_undo_brings_back_what_was_sent(composer: Composer, qtbot: QtBot):
    qtbot.keyClicks(composer.field, "hello")
    composer.clear()
    composer.field.undo()
    assert composer.text == "hello"


def test_blank_text_is_not_sent(composer: Composer, qtbot: QtBot):
    qtbot.keyClicks(composer.field, "   ")
    with qtbot.assertNotEmitted(composer.submitted):
        qtbot.keyClick(composer.field, Key.Key_Return)
    assert not composer.button.isEnabled()


def test_shift_enter_breaks_the_line(composer: Composer, qtbot: QtBot):
    qtbot.keyClicks(composer.field, "one")
    with qtbot.assertNotEmitted(composer.submitted):
        qtbot.keyClick(composer.field, Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClicks(composer.field, "two")
    assert composer.text == "one\ntwo"


def test_grows_to_five_lines_and_no_further(composer: Composer):
    heights = []
    for lines in range(1, LINES + 3):
        composer.field.replace("\n".join("x" * lines))
        heights.append(composer.fit(320))
    assert heights[:LINES] == sorted(set(heights[:LINES]))
    assert heights[LINES - 1 :] == [heights[LINES - 1]] * 3


def test_grows_when_a_long_line_wraps(composer: Composer):
    low = composer.fit(320)
    composer.field.replace("many words " * 10)
    assert composer.fit(320) > low


def test_up_recalls_and_down_returns_to_the_draft(composer: Composer, qtbot: QtBot):
    composer.remember("first")
    composer.remember("second")
    qtbot.keyClicks(composer.field, "draft")
    seen = []
    for key in (Key.Key_Up, Key.Key_Up, Key.Key_Up, Key.Key_Down, Key.Key_Down):
        qtbot.keyClick(composer.field, key)
        seen.append(composer.text)
    assert seen == ["second", "first", "first", "second", "draft"]


def test_up_moves_the_caret_inside_of_a_draft_first(composer: Composer, qtbot: QtBot):
    composer.remember("earlier")
    composer.field.replace("one\ntwo")
    qtbot.keyClick(composer.field, Key.Key_Up)
    assert composer.text == "one\ntwo"
    qtbot.keyClick(composer.field, Key.Key_Up)
    assert composer.text == "earlier"


def test_recall_keeps_repeated_words_once():
    recall = Recall()
    for words in ("a", "a", "b"):
        recall.add(words)
    assert [recall.step(-1, "") for _ in range(3)] == ["b", "a", None]


def test_enter_belongs_to_the_input_method_while_it_composes(composer: Composer, qtbot: QtBot):
    QApplication.sendEvent(composer.field, QInputMethodEvent("たなか", []))
    with qtbot.assertNotEmitted(composer.submitted):
        qtbot.keyClick(composer.field, Key.Key_Return)
    done = QInputMethodEvent()
    done.setCommitString("田中")
    QApplication.sendEvent(composer.field, done)
    assert composer.text.strip() == "田中"
    with qtbot.waitSignal(composer.submitted) as sent:
        qtbot.keyClick(composer.field, Key.Key_Return)
    assert sent.args == ["田中"]


def test_button_stops_while_she_speaks(composer: Composer, qtbot: QtBot):
    composer.set_speaking(True)
    assert composer.button.accessibleName() == "Stop"
    with qtbot.waitSignal(composer.stop_requested):
        qtbot.mouseClick(composer.button, Qt.MouseButton.LeftButton)
    composer.set_speaking(False)
    assert composer.button.accessibleName() == "Send"


def test_tab_leaves_the_field(composer: Composer, qtbot: QtBot):
    qtbot.keyClicks(composer.field, "x")
    qtbot.keyClick(composer.field, Key.Key_Tab)
    assert composer.text == "x"


def test_pasted_formatting_is_plain(composer: Composer):
    QApplication.clipboard().setText("<b>x</b>")
    composer.field.paste()
    assert composer.text == "<b>x</b>"
