"""The welcome: three pages, each to be skipped, and a model in one click."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from offered_models import HUGE, OFFERS, SEEING, SMALL, fetch
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from alisa_desktop.core.brains import Fit
from alisa_desktop.core.sight import Consent, EyesStatus
from alisa_desktop.settings.schema import ModelSource, Settings
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.icons import Icons
from alisa_desktop.ui.offer_list import NO_OFFERS, NONE_FITS
from alisa_desktop.ui.theme import ThemeWatcher
from alisa_desktop.ui.welcome_window import WelcomeWindow

Opener = Callable[..., WelcomeWindow]


@pytest.fixture
def opened(qtbot: QtBot, bridge: Bridge, watcher: ThemeWatcher, icons: Icons) -> Opener:
    def open_window(settings: Settings | None = None) -> WelcomeWindow:
        picture = QImage(40, 80, QImage.Format.Format_ARGB32_Premultiplied)
        picture.fill(Qt.GlobalColor.darkCyan)
        window = WelcomeWindow(bridge, watcher, icons, settings or Settings(), picture)
        qtbot.addWidget(window)
        window.show()
        return window

    return open_window


def words(page: QWidget) -> str:
    return " ".join(label.text() for label in page.findChildren(QLabel) if not label.isHidden())


def test_the_first_page_says_what_she_is(opened: Opener) -> None:
    window = opened()
    assert window.pages.currentWidget() is window.hello
    for said in ("on this computer", "no account", "Right-click her"):
        assert said in words(window.hello)
    assert window.step.text() == "1 of 3"
    assert not window.back.isVisible()


def test_three_pages_by_the_keyboard_alone(opened: Opener, bridge: Bridge, qtbot: QtBot) -> None:
    window = opened()
    window.activateWindow()
    for page in (window.brain, window.eyes):
        qtbot.keyClick(window, Qt.Key.Key_Return)
        assert window.pages.currentWidget() is page
    assert window.on.text() == "&Done" and not window.skip.isVisible()
    window.back.click()
    assert window.pages.currentWidget() is window.brain
    window.on.click()
    with qtbot.waitSignal(bridge.welcome_seen):
        qtbot.keyClick(window, Qt.Key.Key_Return)
    assert not window.isVisible()


@pytest.mark.parametrize("page", [0, 1, 2])
@pytest.mark.parametrize("way", ["escape", "skip", "close"])
def test_each_page_can_be_left_for_good(opened: Opener, bridge: Bridge, qtbot: QtBot, page: int, way: str) -> None:
    window = opened()
    for _ in range(page):
        window.on.click()
    seen: list[bool] = []
    bridge.welcome_seen.connect(lambda: seen.append(True))
    ways = {
        "escape": lambda: qtbot.keyClick(window, Qt.Key.Key_Escape),
        "skip": (window.skip if page < 2 else window.on).click,
        "close": window.close,
    }
    ways[way]()
    assert not window.isVisible()
    assert seen == [True]


def test_offers_are_asked_for_at_once_and_waited_for_calmly(opened: Opener, bridge: Bridge, qtbot: QtBot) -> None:
    with qtbot.waitSignal(bridge.offers_requested):
        window = opened()
    window.on.click()
    page = window.brain
    assert page.placeholder.isVisible() and not page.cards.isVisible() and not page.none.isVisible()
    bridge.show_offers(OFFERS, "This computer: 8 cores.")
    assert not page.placeholder.isVisible()
    assert [card.offer for card in page.cards.widgets] == [SMALL, SEEING]  # the recommended ones only
    assert page.machine.text() == "This computer: 8 cores."


def test_one_click_gets_a_model_and_she_goes_on_talking(opened: Opener, bridge: Bridge, qtbot: QtBot) -> None:
    bridge.show_offers(OFFERS, "")
    with qtbot.assertNotEmitted(bridge.offers_requested):
        window = opened()
    window.on.click()
    card = window.brain.cards.widgets[0]
    with qtbot.waitSignal(bridge.fetch_requested) as asked:
        card.get.click()
    assert asked.args == ["small"]
    bridge.show_fetches((fetch(),))
    assert card.fetch.isVisible() and window.isVisible()


def test_it_says_where_downloads_come_from_and_that_words_do_not_go_there(opened: Opener) -> None:
    said = words(opened().brain)
    assert "huggingface.co" in said and "Nothing of what you say goes there" in said
    assert "starter brain already" in said


def test_no_word_of_the_starter_brain_where_she_thinks_with_another_one(opened: Opener, bridge: Bridge) -> None:
    window = opened()
    bridge.settings_changed.emit(Settings(model_source=ModelSource.FILE))  # what was fetched is in use
    assert "starter brain already" not in words(window.brain)
    assert "starter brain already" not in words(opened(Settings(model_source=ModelSource.FILE)).brain)


def test_never_more_than_three_and_never_what_does_not_fit(opened: Opener, bridge: Bridge) -> None:
    many = [replace(SMALL, id=f"small-{number}") for number in range(5)]
    bridge.show_offers((replace(HUGE, recommended=True), *many), "")
    window = opened()
    assert [card.offer.id for card in window.brain.cards.widgets] == ["small-0", "small-1", "small-2"]


def test_it_says_so_when_nothing_fits_or_nothing_is_offered(opened: Opener, bridge: Bridge) -> None:
    window = opened()
    window.on.click()
    bridge.show_offers((replace(SMALL, fit=Fit.TOO_BIG),), "")
    assert window.brain.none.isVisible() and window.brain.none.text() == NONE_FITS
    bridge.show_offers((), "")
    assert window.brain.none.text() == NO_OFFERS


def test_keeping_the_starter_brain_goes_on(opened: Opener) -> None:
    window = opened()
    window.on.click()
    window.brain.keep.click()
    assert window.pages.currentWidget() is window.eyes


def test_who_has_a_model_is_led_to_the_chooser(opened: Opener, bridge: Bridge, qtbot: QtBot) -> None:
    window = opened()
    window.on.click()
    with qtbot.waitSignals([window.chooser_requested, bridge.welcome_seen]):
        window.brain.have.click()
    assert not window.isVisible()


def test_the_last_page_says_what_is_true_of_her_eyes(opened: Opener, bridge: Bridge, qtbot: QtBot) -> None:
    window = opened()
    assert "Her eyes are shut" in words(window.eyes)
    with qtbot.waitSignal(window.eyes_requested):
        window.eyes.allow.click()
    bridge.eyes = EyesStatus(consent=Consent.ASK)
    assert "Her eyes are shut" not in words(opened().eyes)
