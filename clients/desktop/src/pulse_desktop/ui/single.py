"""One window per state directory: a second start raises the first window."""

from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

FILE: Final = "window-raise.sock"
LOCK: Final = "window.lock"
"""Held by the process that has the window. Only that process may create `SingleInstance`."""
_WAIT_MS = 1_000


def raise_other(folder: Path) -> bool:
    """Asks the window of this state directory to come to the front; returns whether there is one."""
    socket = QLocalSocket()
    socket.connectToServer(str(folder / FILE))
    if not socket.waitForConnected(_WAIT_MS):
        return False
    socket.disconnectFromServer()
    return True


class SingleInstance(QObject):
    """`asked`: a second start wants this window. Without a usable socket (a path of more than about 100 bytes), a
    second start ends without raising it."""

    asked = Signal()

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._server = QLocalServer()
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._accept)
        path = str(folder / FILE)
        QLocalServer.removeServer(path)  # left over from a killed process: this one holds the lock
        self.is_listening = self._server.listen(path)

    def close(self) -> None:
        """Removes the socket."""
        self._server.close()

    def _accept(self) -> None:
        while (socket := self._server.nextPendingConnection()) is not None:
            socket.disconnected.connect(socket.deleteLater)
            socket.disconnectFromServer()
            self.asked.emit()
