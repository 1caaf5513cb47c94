"""A second start of Alisa: it asks the first one to come forward, and ends."""

from __future__ import annotations

import hashlib
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

PATIENCE_MS = 2000


def _name(profile: Path) -> str:
    """One name for each profile and user; short, because Unix limits the path of a socket."""
    return f"alisa-desktop-{hashlib.sha256(str(profile).encode()).hexdigest()[:16]}"


def ask_to_come_forward(profile: Path) -> bool:
    """Tell the Alisa that runs with this profile; False when she does not hear."""
    socket = QLocalSocket()
    socket.connectToServer(_name(profile))
    heard = socket.waitForConnected(PATIENCE_MS)
    socket.disconnectFromServer()
    return heard


class SecondStart(QObject):
    """Hears second starts with this profile; only this user's. GUI thread only."""

    happened = Signal()

    def __init__(self, profile: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._hear)
        QLocalServer.removeServer(_name(profile))  # left behind by a crash: we hold the lock, so it is nobody's
        self._server.listen(_name(profile))

    def close(self) -> None:
        """Hear no more."""
        self._server.close()

    def _hear(self) -> None:
        while socket := self._server.nextPendingConnection():
            socket.disconnected.connect(socket.deleteLater)
            self.happened.emit()
