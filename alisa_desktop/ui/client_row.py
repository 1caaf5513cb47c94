"""One program that is connected to the endpoint: what it is, since when, and the way to be rid of it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from alisa_desktop.core.messages import ClientKind, ConnectedClient
from alisa_desktop.ui.elided_label import ElidedLabel
from alisa_desktop.ui.times import TODAY, clock_time, day_words

KINDS = {
    ClientKind.DISPLAY: "Display",
    ClientKind.CHAT: "Chat",
    ClientKind.VOICE: "Voice",
    ClientKind.SENSOR: "Sensor",
}
MOST_NAME = 80
"""Characters of a program's name that are worth showing."""


class ClientRow(QWidget):
    """Shows a client until another one takes its place. GUI thread only."""

    disconnect_requested = Signal(str)  # the client's name

    def __init__(self, client: ConnectedClient, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.gone = False
        """Whether it is connected no more."""
        self.program, self.detail = ElidedLabel(), ElidedLabel()
        self.detail.setProperty("muted", True)
        self.button = QPushButton("Disconnect", autoDefault=False)
        self.button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click should not keep a row that is gone
        self.button.clicked.connect(self._ask)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self.program)
        words.addWidget(self.detail)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 6, 8, 6)
        row.addLayout(words, 1)
        row.addWidget(self.button)
        self.client = client
        """Who it is."""
        self._show_words()

    @property
    def held(self) -> bool:
        """Whether the user is about to do something with it, so that it must not move away."""
        return self.underMouse() or self.button.hasFocus()

    def show_client(self, client: ConnectedClient) -> None:
        """Show this one, which is connected."""
        if self.gone or client != self.client:
            self.client, self.gone = client, False
            self._show_words()

    def show_gone(self) -> None:
        """Say that it is connected no more."""
        if not self.gone:
            self.gone = True
            self._show_words()

    def _show_words(self) -> None:
        title = client_title(self.client)
        self.program.show_words(title)
        self.detail.show_words("Disconnected" if self.gone else client_words(self.client))
        self.button.setAccessibleName(f"Disconnect {title}")
        self.button.setAccessibleDescription(self.detail.words)
        self.button.setEnabled(not self.gone or self.button.hasFocus())  # else the keyboard would go to another one

    def _ask(self) -> None:
        if not self.gone:
            self.disconnect_requested.emit(self.client.name)


def client_title(client: ConnectedClient) -> str:
    """What the program calls itself, on one line and with nothing in it that can't be seen; or what it does."""
    seen = "".join(sign if sign.isprintable() else " " for sign in client.program[: 4 * MOST_NAME])
    name = " ".join(seen.split())
    if not name:
        return f"Unnamed {KINDS[client.kind].lower()}"
    return name if len(name) <= MOST_NAME else f"{name[: MOST_NAME - 1]}…"


def client_words(client: ConnectedClient) -> str:
    """What it does, the version of the protocol it speaks, and since when."""
    day, time = day_words(client.since.astimezone().date()), clock_time(client.since)
    since = time if day == TODAY else f"{day}, {time}"
    return f"{KINDS[client.kind]} · protocol {client.version} · since {since}"
