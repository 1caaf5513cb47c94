"""Who is connected to the endpoint now, to see and to send away."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QElapsedTimer, Qt, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from alisa_desktop.core.messages import ConnectedClient
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.client_row import ClientRow

LINGER = 4000
"""Milliseconds for which a program that went keeps its row: many come back at once, and then nothing moves."""


class ClientList(QWidget):
    """Follows the bridge while it can be seen. A row stays where it is while its program is there. GUI thread only."""

    def __init__(self, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self.rows: list[ClientRow] = []
        """From the top."""
        self._gone_since: dict[ClientRow, int] = {}
        self._time = QElapsedTimer()
        self._time.start()
        self.linger = QTimer(self, singleShot=True, interval=LINGER)
        """Runs while a row is there of a program that is gone, and the list can be seen."""
        self.linger.timeout.connect(self._drop_gone)
        self._build()
        bridge.clients_changed.connect(self._changed)

    def _build(self) -> None:
        self.empty = QLabel("Nobody is connected.")
        self.empty.setProperty("muted", True)
        self._card = QFrame()
        self._card.setProperty("card", True)
        self._card.setAccessibleName("Connected programs")
        self._column = QVBoxLayout(self._card)
        self._column.setContentsMargins(1, 1, 1, 1)
        self._column.setSpacing(0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        for part in (QLabel("Connected now"), self.empty, self._card):
            column.addWidget(part)
        self._show_empty()

    def showEvent(self, event: QShowEvent) -> None:
        """Show who is there, and nobody else."""
        super().showEvent(event)
        self._show(self._bridge.clients)
        self._drop([row for row in self.rows if row.gone])

    def _changed(self, clients: Sequence[ConnectedClient]) -> None:
        if self.isVisible():
            self._show(clients)

    def _show(self, clients: Sequence[ConnectedClient]) -> None:
        here = {client.name: client for client in clients}
        for row in self.rows:
            if client := here.pop(row.client.name, None):
                row.show_client(client)
            else:
                row.show_gone()
        for client in here.values():
            self._take_in(client)
        self._note_gone()
        self._show_empty()

    def _take_in(self, client: ConnectedClient) -> None:
        """Give a new client the row of its program that is gone, or else a row at the end."""
        alike = (row for row in self.rows if row.gone and _same_program(row.client, client))
        if row := next(alike, None):
            row.show_client(client)
            return
        row = ClientRow(client, self._card)
        row.disconnect_requested.connect(self._bridge.disconnect_requested)
        self._column.addWidget(row)
        self.setTabOrder(self.rows[-1].button if self.rows else self._field_before(), row.button)
        self.rows.append(row)

    def _field_before(self) -> QWidget:
        """What the Tab key reaches before the list: new buttons would else come after all others of the window."""
        widget = self.previousInFocusChain() or self
        while widget is not self and not widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
            widget = widget.previousInFocusChain() or self
        return widget

    def _note_gone(self) -> None:
        now = self._time.elapsed()
        self._gone_since = {row: self._gone_since.get(row, now) for row in self.rows if row.gone}
        if self._gone_since and not self.linger.isActive():
            self.linger.start()

    def _drop_gone(self) -> None:
        last = self._time.elapsed() - LINGER
        self._drop([row for row, since in self._gone_since.items() if since <= last and not row.held])
        if self._gone_since and self.isVisible():
            self.linger.start()

    def _drop(self, rows: Sequence[ClientRow]) -> None:
        for row in rows:
            self.rows.remove(row)
            self._gone_since.pop(row, None)
            self._column.removeWidget(row)
            row.hide()
            row.deleteLater()
        self._show_empty()

    def _show_empty(self) -> None:
        self.empty.setVisible(not self.rows)
        self._card.setVisible(bool(self.rows))


def _same_program(gone: ConnectedClient, come: ConnectedClient) -> bool:
    return (gone.program, gone.version) == (come.program, come.version)
