"""One model that is offered, as a card: what it is good at, what it takes, and the one click that gets it."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from alisa_desktop.core.brains import Fetch, FetchState, Fit, Offer
from alisa_desktop.ui.asking import ask
from alisa_desktop.ui.brain_words import (
    FITS,
    PINNED,
    licence_words,
    offer_size,
    offer_speed,
    plain,
    plain_sentence,
)
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.elided_label import ElidedLabel
from alisa_desktop.ui.fetch_bar import FetchBar
from alisa_desktop.ui.link_button import LinkButton
from alisa_desktop.ui.page import button, words

SEES = "Sees pictures"
PRESENT = "She thinks with it"


class OfferCard(QFrame):
    """Follows the downloads and what is here by itself; `show_offer` shows a newer state. GUI thread only."""

    def __init__(self, bridge: Bridge, offer: Offer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self.offer = offer
        """What is offered."""
        self.setProperty("card", True)
        self.title = ElidedLabel()
        self.title.setProperty("name", True)
        self.mark, self.present = words(SEES), words(PRESENT, muted=True)
        self.mark.setProperty("mark", True)
        self.good_at = words("")
        self.facts, self.why, self.sum = (words("", muted=True) for _ in range(3))
        self.licence = LinkButton()
        self.get = button("Get it", self._get)
        self.get.setProperty("primary", True)
        self.use = button("Use it", self._use)
        self.fetch = FetchBar(bridge)
        self.fetch.cancel_requested.connect(self._ask_cancel)
        self._told = bool(bridge.brains)
        """Whether it is known which models are here, which then counts more than the offer's own word."""
        self._arriving = False
        """Whether it was fetched just now and is not among the models yet."""
        self._lay_out()
        self._show()
        bridge.fetches_changed.connect(self._show_state)
        bridge.brains_loaded.connect(self._take_stock)
        bridge.brain_changed.connect(self._show_state)

    def _lay_out(self) -> None:
        head, foot = QHBoxLayout(), QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.title, 1)
        for label in (self.mark, self.present):
            label.setWordWrap(False)
        for part in (self.mark, self.present, self.get, self.use):
            head.addWidget(part, 0, Qt.AlignmentFlag.AlignVCenter)
        foot.setSpacing(12)
        foot.addWidget(self.licence)
        foot.addWidget(self.sum, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 10, 12, 10)
        column.setSpacing(3)
        column.addLayout(head)
        for row in (self.good_at, self.facts, self.why):
            column.addWidget(row)
        column.addLayout(foot)
        column.addWidget(self.fetch)

    def show_offer(self, offer: Offer) -> None:
        """Show a newer state of the same offer."""
        if offer != self.offer:
            self.offer = offer
            self._show()

    def _show(self) -> None:
        offer, name = self.offer, plain(self.offer.title)
        self.title.show_words(name)
        self.mark.setVisible(offer.sees)
        self.good_at.setText(plain_sentence(offer.good_at))
        self.facts.setText("\n".join(filter(None, (offer_speed(offer), offer_size(offer)))))
        self.why.setText(". ".join(filter(None, (FITS[offer.fit], plain_sentence(offer.why)))))
        self.why.setVisible(bool(self.why.text()))
        self.licence.lead_to(f"Licence: {licence_words(offer)}", offer.licence_url)
        self.sum.setText(PINNED[offer.pinned])
        told = [SEES if offer.sees else "", self.good_at.text(), self.facts.text(), self.why.text(), self.sum.text()]
        self.setAccessibleName(name)
        self.setAccessibleDescription(". ".join(filter(None, told)))
        for part, does in ((self.get, "Get"), (self.use, "Use")):
            part.setAccessibleName(f"{does} {name}")
            part.setAccessibleDescription(self.accessibleDescription())
        self._show_state()

    def _take_stock(self) -> None:
        self._told, self._arriving = True, False
        self._show_state()

    @property
    def _here(self) -> bool:
        if self._told:
            return any(brain.id == self.offer.id for brain in self._bridge.brains)
        return self.offer.installed

    def _show_state(self) -> None:
        focused = self.window().focusWidget()
        held = focused if focused and self.isAncestorOf(focused) else None
        fetch, before = find(self._bridge.fetches, self.offer.id), self.fetch.isHidden()
        here, present = self._here, self._here and self._bridge.brain == self.offer.id
        self.fetch.show_fetch(fetch)
        if fetch and fetch.state is FetchState.DONE and not before:
            self._arriving = not here
        self.present.setVisible(present)
        self.use.setVisible(here and not present)
        self.get.setVisible(not here and self.fetch.isHidden() and not self._arriving)
        self.get.setEnabled(self.offer.fit is not Fit.TOO_BIG)
        if held and (held.isHidden() or self._is_folded(held)):
            self._pass_on()

    def _is_folded(self, widget: QWidget) -> bool:
        return self.fetch.isHidden() and self.fetch.isAncestorOf(widget)

    def _pass_on(self) -> None:
        """Give the keyboard to what took the place of the button that had it."""
        buttons = (self.use, self.get, self.licence) if self.fetch.isHidden() else (self.fetch.first_button,)
        for heir in buttons:
            if not heir.isHidden() and heir.isEnabled():
                heir.setFocus(Qt.FocusReason.OtherFocusReason)
                return

    def _get(self) -> None:
        self._bridge.fetch_requested.emit(self.offer.id)

    def _use(self) -> None:
        self._bridge.use_brain_requested.emit(self.offer.id)

    def _ask_cancel(self, fetch: str) -> None:
        question = f"Cancel the download of {plain(self.offer.title)}?"
        more = "What has come so far is deleted. “Pause” would keep it."
        cancel = self._bridge.fetch_cancel_requested
        ask(self, question, more, "Cancel the download", "Go on", lambda: cancel.emit(fetch))


def find(fetches: Iterable[Fetch], offer: str) -> Fetch | None:
    """The download of that offer."""
    return next((fetch for fetch in fetches if fetch.id == offer), None)
