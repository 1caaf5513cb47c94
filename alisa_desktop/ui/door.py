"""Her door where there are windows: a `QLocalServer`, whose pipe on Windows lets in this user alone.

asyncio's own pipes are no choice here: the loop that Qt and asyncio share accepts them without the lock that guards its
other operations on Windows.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from PySide6.QtCore import QObject
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from alisa_desktop.core.knocks import MOST_UNREAD, Welcome

PATIENCE_MS = 1000
log = logging.getLogger(__name__)


class Door(QObject):
    """Lets visitors in at `address` until it is closed. GUI thread only.

    Where that can't be, the log says so, and nobody comes. `may_enter` tells whether whoever is connected by a handle
    is this user.
    """

    def __init__(
        self, address: str, welcome: Welcome, may_enter: Callable[[int], bool], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._welcome = welcome
        self._may_enter = may_enter
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._let_in)
        if not address:
            log.warning("no door: no folder is private")
        elif not self._open(address):
            log.warning("no door: %s", self._server.errorString() or "there is somebody at that address")

    def close(self) -> None:
        """Let nobody in any more, and hang up."""
        self._server.close()
        for socket in self._server.findChildren(QLocalSocket):
            socket.abort()

    def _open(self, address: str) -> bool:
        there = QLocalSocket()
        there.connectToServer(address)
        if there.waitForConnected(PATIENCE_MS):  # Qt itself would listen beside it, or in its place
            there.abort()
            return False
        QLocalServer.removeServer(address)  # left behind by one that was killed: nobody answers there
        return self._server.listen(address)

    def _let_in(self) -> None:
        while socket := self._server.nextPendingConnection():
            if self._may_enter(int(socket.socketDescriptor())):
                self._attend(socket)
            else:
                socket.abort()
                socket.deleteLater()

    def _attend(self, socket: QLocalSocket) -> None:
        def send(data: bytes) -> None:
            if socket.bytesToWrite() > MOST_UNREAD:
                socket.abort()
            else:
                socket.write(data)
                socket.flush()

        guest = self._welcome(send, socket.disconnectFromServer)
        socket.readyRead.connect(lambda: guest.feed(bytes(socket.readAll().data())))
        socket.disconnected.connect(guest.gone)
        socket.disconnected.connect(socket.deleteLater)
        if socket.bytesAvailable():  # it came before anybody listened
            guest.feed(bytes(socket.readAll().data()))
