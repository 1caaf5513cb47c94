"""A GGUF file dropped on her, on the bubble and on the chooser: one local file, and never moved away."""

from collections.abc import Iterator
from random import Random

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from alisa_desktop.host.paths import resources
from alisa_desktop.settings.schema import Settings
from alisa_desktop.ui.avatar import Avatar
from alisa_desktop.ui.brain_window import DROP, LET_GO, BrainWindow
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.bubble import Bubble
from alisa_desktop.ui.sprites import load_pack
from alisa_desktop.ui.theme import ThemeWatcher

Action = Qt.DropAction
ALL = Action.MoveAction | Action.CopyAction | Action.LinkAction
NONE = Qt.KeyboardModifier.NoModifier
LEFT = Qt.MouseButton.LeftButton


def files(*addresses: str) -> QMimeData:
    data = QMimeData()
    data.setUrls([QUrl(address) for address in addresses])
    return data


def enter(widget: QWidget, data: QMimeData, actions: Action = ALL) -> QDragEnterEvent:
    event = QDragEnterEvent(QPoint(5, 5), actions, data, LEFT, NONE)
    event.ignore()
    QApplication.sendEvent(widget, event)
    return event


def drop(widget: QWidget, data: QMimeData, actions: Action = ALL) -> QDropEvent:
    event = QDropEvent(QPoint(5, 5), actions, data, LEFT, NONE)
    event.ignore()
    QApplication.sendEvent(widget, event)
    return event


@pytest.fixture(params=["avatar", "bubble", "field", "chooser"])
def target(
    request: pytest.FixtureRequest, qtbot: QtBot, bridge: Bridge, bubble: Bubble, watcher: ThemeWatcher
) -> Iterator[QWidget]:
    """Where a file may be dropped."""
    window: QWidget = bubble
    if request.param == "avatar":
        window = Avatar(load_pack(resources() / "sprites" / "alisa"), bridge, Settings(), random=Random(1))
    elif request.param == "chooser":
        window = BrainWindow(bridge, watcher, Settings())
    if window is not bubble:
        qtbot.addWidget(window)
    yield bubble.composer.field.viewport() if request.param == "field" else window


def test_one_file_is_taken_and_asked_for(target: QWidget, bridge: Bridge, qtbot: QtBot) -> None:
    data = files("file:///home/me/My%20model.GGUF")
    assert target.acceptDrops()
    assert enter(target, data).isAccepted()
    with qtbot.waitSignal(bridge.import_requested) as asked:
        event = drop(target, data)
    assert asked.args == ["/home/me/My model.GGUF"]
    assert event.dropAction() is Action.LinkAction  # a move would have the other program delete it


def test_it_is_copied_where_it_cannot_be_linked_and_never_moved(target: QWidget) -> None:
    data = files("file:///home/me/a.gguf")
    assert drop(target, data, Action.CopyAction | Action.MoveAction).dropAction() is Action.CopyAction


@pytest.mark.parametrize(
    "addresses",
    [
        ("file:///a.gguf", "file:///b.gguf"),
        ("file:///a.txt",),
        ("https://example.org/a.gguf",),
        (),
    ],
)
def test_anything_else_is_no_wish(bubble: Bubble, bridge: Bridge, qtbot: QtBot, addresses: tuple[str, ...]) -> None:
    with qtbot.assertNotEmitted(bridge.import_requested):
        assert not enter(bubble, files(*addresses)).isAccepted()
        drop(bubble, files(*addresses))


def test_a_move_alone_is_refused(bubble: Bubble, bridge: Bridge, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(bridge.import_requested):
        assert not enter(bubble, files("file:///a.gguf"), Action.MoveAction).isAccepted()


def test_the_chooser_says_that_it_takes_it(bridge: Bridge, watcher: ThemeWatcher, qtbot: QtBot) -> None:
    window = BrainWindow(bridge, watcher, Settings())
    qtbot.addWidget(window)
    enter(window, files("file:///a.gguf"))
    assert window.hint.text() == LET_GO
    QApplication.sendEvent(window, QDragLeaveEvent())
    assert window.hint.text() == DROP
    enter(window, files("file:///a.gguf"))
    drop(window, files("file:///a.gguf"))
    assert window.hint.text() == DROP
    assert window.tabs.currentWidget() is window.here


def test_words_are_still_dropped_into_the_field(bubble: Bubble) -> None:
    data = QMimeData()
    data.setText("words")
    bubble.open_for_typing()
    enter(bubble.composer.field.viewport(), data)
    drop(bubble.composer.field.viewport(), data)
    assert bubble.composer.text == "words"
