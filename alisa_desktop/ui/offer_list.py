"""The offers as cards: what is recommended for this computer first; a calm place while that is worked out."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from alisa_desktop.core.brains import Fit, Offer
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.offer_card import OfferCard
from alisa_desktop.ui.page import GAP, Page, words
from alisa_desktop.ui.steady_column import SteadyColumn

Cards = SteadyColumn[Offer, OfferCard]
MEASURING = "Measuring what this computer can do; that takes two seconds or so."
NO_OFFERS = "There is nothing to offer at the moment."
NONE_FITS = "None of the models that I know fits this computer well. The starter brain always does."
GHOST_HEIGHT, BONE = 92, 10
BONES = (150, 340, 260)
"""Widths of what stands for words in an empty card, in px."""
MOST_RECOMMENDED = 3


def cards(bridge: Bridge) -> Cards:
    """An empty column of cards."""
    return Cards(lambda offer: offer.id, lambda offer: OfferCard(bridge, offer), OfferCard.show_offer, GAP)


def best(offers: Sequence[Offer]) -> list[Offer]:
    """What is worth recommending: never what does not fit."""
    fitting = [offer for offer in offers if offer.fit is not Fit.TOO_BIG]
    chosen = [offer for offer in fitting if offer.recommended]
    return (chosen or [offer for offer in fitting if offer.fit is Fit.GOOD])[:MOST_RECOMMENDED]


class Placeholder(QWidget):
    """Empty cards and a sentence: something will come. It does not move. GUI thread only."""

    def __init__(self, cards: int = MOST_RECOMMENDED) -> None:
        super().__init__()
        self.sentence = words(MEASURING, muted=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP)
        column.addWidget(self.sentence)
        self._ghosts = [self._ghost() for _ in range(cards)]
        for ghost in self._ghosts:
            column.addWidget(ghost)

    @staticmethod
    def _ghost() -> QFrame:
        ghost = QFrame()
        ghost.setProperty("card", True)
        ghost.setFixedHeight(GHOST_HEIGHT)
        column = QVBoxLayout(ghost)
        column.setContentsMargins(14, 12, 12, 12)
        for width in BONES:
            bone = QFrame()
            bone.setProperty("bone", True)
            bone.setFixedSize(width, BONE)
            column.addWidget(bone)
        column.addStretch(1)
        return ghost

    def show_nothing(self, sentence: str) -> None:
        """Nothing came."""
        self.sentence.setText(sentence)
        for ghost in self._ghosts:
            ghost.hide()


class OffersPage(Page):
    """All offers, the recommended ones first. GUI thread only."""

    def __init__(self, bridge: Bridge) -> None:
        super().__init__()
        self._bridge = bridge
        self.machine = words("", muted=True)
        self.placeholder = Placeholder()
        self.recommended, self.others = cards(bridge), cards(bridge)
        self.heading, self.other_heading = words("Recommended", title=True), words("All offers", title=True)
        parts = (self.machine, self.placeholder, self.heading, self.recommended, self.other_heading, self.others)
        for part in parts:
            self.column.addWidget(part)
        self.column.addStretch(1)
        bridge.offers_loaded.connect(self._show)
        bridge.machine_told.connect(self._show_machine)
        self._show_machine(bridge.machine)
        self._show_parts(())
        if bridge.offers:
            self._show(bridge.offers)

    def _show_machine(self, line: str) -> None:
        self.machine.setText(line)
        self.machine.setVisible(bool(line))

    def _show(self, offers: Sequence[Offer]) -> None:
        if not offers:
            self.placeholder.show_nothing(NO_OFFERS)
        self._show_parts(offers)

    def _show_parts(self, offers: Sequence[Offer]) -> None:
        chosen = best(offers)
        others = [offer for offer in offers if offer not in chosen]
        self.placeholder.setVisible(not offers)
        self.recommended.show_things(chosen)
        self.others.show_things(others)
        for part, things in ((self.heading, chosen), (self.recommended, chosen)):
            part.setVisible(bool(things))
        for part, things in ((self.other_heading, others), (self.others, others)):
            part.setVisible(bool(things))
        self.other_heading.setText("All other offers" if chosen else "All offers")
