"""An offer as a card: what it says, how it is got, and its download in place."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from offered_models import HUGE, OWN, PLAIN, SEEING, SMALL, fetch
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QPushButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from alisa_desktop.core.brains import Fetch, FetchState, Offer, Pinned
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.offer_card import OfferCard


class Frame(QWidget):
    """A window with one card, and a field before it."""

    def __init__(self, bridge: Bridge, offer: Offer) -> None:
        super().__init__()
        self.card = OfferCard(bridge, offer)
        QVBoxLayout(self).addWidget(self.card)


Shower = Callable[[Offer], OfferCard]


@pytest.fixture
def shown(qtbot: QtBot, bridge: Bridge) -> Iterator[Shower]:
    frames: list[Frame] = []  # nobody else would hold them

    def show(offer: Offer) -> OfferCard:
        frames.append(Frame(bridge, offer))
        qtbot.addWidget(frames[-1])
        frames[-1].show()
        frames[-1].activateWindow()
        return frames[-1].card

    yield show


@pytest.fixture
def card(shown: Shower) -> OfferCard:
    return shown(SMALL)


def told(card: OfferCard) -> str:
    labels = (card.title.words, card.good_at.text(), card.facts.text(), card.why.text(), card.sum.text())
    return "\n".join((*labels, card.licence.text()))


def test_it_says_what_one_gets_and_what_it_takes(card: OfferCard) -> None:
    assert told(card).splitlines() == [
        "Small & quick",
        "Short answers.",
        "Writes about as fast as you read (7.2 tokens/s)",
        "2.0 GB to download · takes 3.0 GB of memory · fits this computer well",
        "",
        "Checksum: known to Alisa",
        "Licence: Apache-2.0 (www.apache.org)",
    ]
    assert not card.mark.isVisible()
    assert card.get.accessibleName() == "Get Small & quick"
    assert "fits this computer well" in card.accessibleDescription()


def test_what_sees_is_marked_and_a_tight_fit_explained(shown: Shower) -> None:
    card = shown(SEEING)
    assert card.mark.isVisible()
    assert card.why.text() == "A tight fit. Close other programs first."
    assert card.get.isEnabled()


def test_what_is_too_big_says_why_and_cannot_be_got(shown: Shower) -> None:
    card = shown(HUGE)
    assert card.why.text() == "Too big for this computer. It needs 99 GB."
    assert card.get.isVisible() and not card.get.isEnabled()
    assert "Writes" not in card.facts.text()  # not measured
    assert "huggingface.co" in card.sum.text()


def test_what_is_not_known_is_not_said(shown: Shower) -> None:
    card = shown(replace(PLAIN, bytes=0, memory_bytes=0, tokens_per_second=None, licence_url=""))
    assert card.facts.text() == "size not known yet"
    assert card.licence.text() == "Licence: Apache-2.0" and not card.licence.isEnabled()


def test_the_licence_opens_on_click_only_and_nothing_but_https(
    shown: Shower, card: OfferCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    followed: list[str] = []
    monkeypatch.setattr("PySide6.QtGui.QDesktopServices.openUrl", lambda url: followed.append(url.toString()) or True)
    assert followed == []
    card.licence.click()
    assert followed == [SMALL.licence_url]
    shown(replace(SMALL, licence_url="file:///etc/passwd")).licence.click()
    assert followed == [SMALL.licence_url]


def test_words_of_others_stay_plain_and_on_one_line(shown: Shower) -> None:
    card = shown(replace(SMALL, title="<b>x</b>\n\u202e" + "y" * 500, good_at="a\n<i>b</i>"))
    assert "\n" not in card.title.words and "\u202e" not in card.title.words and len(card.title.words) <= 120
    assert card.title.textFormat() is Qt.TextFormat.PlainText
    assert card.good_at.text() == "a <i>b</i>"


def test_one_click_gets_it_and_the_keyboard_goes_on_to_pause(card: OfferCard, bridge: Bridge, qtbot: QtBot) -> None:
    card.get.setFocus()
    with qtbot.waitSignal(bridge.fetch_requested) as asked:
        qtbot.keyClick(card.get, Qt.Key.Key_Space)
    assert asked.args == ["small"]
    bridge.show_fetches((fetch(),))
    assert not card.get.isVisible() and card.fetch.isVisible()
    assert card.window().focusWidget() is card.fetch.pause
    assert card.fetch.words.text() == "43 % · 0.9 of 2.0 GB · 11 MB/s · 3 min left"
    assert card.fetch.bar.value() == 430


def test_a_download_is_paused_and_goes_on_without_losing_the_keyboard(
    card: OfferCard, bridge: Bridge, qtbot: QtBot
) -> None:
    bridge.show_fetches((fetch(),))
    card.fetch.pause.setFocus()
    with qtbot.waitSignal(bridge.fetch_pause_requested) as asked:
        card.fetch.pause.click()
    assert asked.args == ["small"]
    bridge.show_fetches((fetch(FetchState.PAUSED),))
    assert card.fetch.words.text() == "Paused · 43 % · 0.9 of 2.0 GB"
    assert card.fetch.pause.text() == "Resume" and card.window().focusWidget() is card.fetch.pause
    with qtbot.waitSignal(bridge.fetch_resume_requested) as asked:
        card.fetch.pause.click()
    assert asked.args == ["small"]


def box(card: OfferCard) -> QMessageBox:
    found = card.window().findChild(QMessageBox)
    assert found is not None
    return found


def press(box: QMessageBox, words: str) -> None:
    next(button for button in box.findChildren(QPushButton) if button.text() == words).click()


def test_cancelling_asks_first(card: OfferCard, bridge: Bridge, qtbot: QtBot) -> None:
    bridge.show_fetches((fetch(),))
    with qtbot.assertNotEmitted(bridge.fetch_cancel_requested):
        card.fetch.cancel.click()
        press(box(card), "Go on")
    qtbot.waitUntil(lambda: card.window().findChild(QMessageBox) is None)
    card.fetch.cancel.click()
    assert box(card).textFormat() is Qt.TextFormat.PlainText
    with qtbot.waitSignal(bridge.fetch_cancel_requested) as asked:
        press(box(card), "Cancel the download")
    assert asked.args == ["small"]
    bridge.show_fetches((fetch(FetchState.CANCELLED),))
    assert card.get.isVisible() and not card.fetch.isVisible()


def test_what_failed_says_why_and_is_tried_again(card: OfferCard, bridge: Bridge, qtbot: QtBot) -> None:
    bridge.show_fetches((fetch(),))
    card.fetch.pause.setFocus()
    bridge.show_fetches((fetch(FetchState.FAILED, sentence="The disk is full. Free 1.9 GB, then try again."),))
    assert card.fetch.words.text() == "The disk is full. Free 1.9 GB, then try again."
    assert card.fetch.words.property("danger") is True
    assert card.window().focusWidget() is card.fetch.again
    assert not card.fetch.pause.isVisible() and not card.fetch.bar.isVisible()
    with qtbot.waitSignal(bridge.fetch_requested) as asked:
        card.fetch.again.click()
    assert asked.args == ["small"]
    bridge.show_fetches((fetch(FetchState.WAITING),))
    assert card.window().focusWidget() is card.fetch.pause
    assert card.fetch.words.property("danger") is False


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (fetch(FetchState.WAITING, share=0), "About to begin"),
        (
            fetch(FetchState.STALLED, sentence="Nothing has come for some seconds."),
            "Nothing has come for some seconds.",
        ),
        (fetch(FetchState.CHECKING), "Checking that it is just what was published"),
        (fetch(total=0, left=None), "0.9 GB · 11 MB/s"),
        (fetch(total=0, done=0, rate=0.0, left=None), "It begins"),
    ],
)
def test_every_state_has_its_words(card: OfferCard, bridge: Bridge, state: Fetch, words: str) -> None:
    bridge.show_fetches((state,))
    assert card.fetch.words.text() == words
    assert card.fetch.bar.accessibleName() == "Download of Small & quick"


def test_when_it_is_here_it_can_be_used_and_then_is(card: OfferCard, bridge: Bridge, qtbot: QtBot) -> None:
    bridge.show_fetches((fetch(),))
    card.fetch.pause.setFocus()
    bridge.show_fetches((fetch(FetchState.DONE, share=1.0),))
    assert not card.fetch.isVisible() and not card.get.isVisible()  # not got twice until it is known to be here
    bridge.show_brains((OWN,), "")
    assert card.use.isVisible() and not card.get.isVisible()
    with qtbot.waitSignal(bridge.use_brain_requested) as asked:
        card.use.click()
    assert asked.args == ["small"]
    bridge.show_brains((OWN,), "small")
    assert card.present.isVisible() and not card.use.isVisible()


def test_what_was_removed_can_be_got_again(shown: Shower, bridge: Bridge) -> None:
    bridge.show_fetches((fetch(FetchState.DONE, share=1.0),))
    bridge.show_brains((OWN,), "small")
    card = shown(replace(SMALL, installed=True))
    assert card.present.isVisible()
    bridge.show_brains((), "")
    assert card.get.isVisible()


def test_a_newer_state_of_an_offer_is_shown(card: OfferCard) -> None:
    card.show_offer(replace(SMALL, tokens_per_second=30.0, pinned=Pinned.HUB))
    assert "much faster than you read (30 tokens/s)" in card.facts.text()
    assert "huggingface.co" in card.sum.text()
