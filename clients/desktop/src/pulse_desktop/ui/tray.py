"""The icon in the tray of the desktop, if it has one."""

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QMenu, QSystemTrayIcon

from pulse_desktop.ui.appearance import Appearance
from pulse_desktop.ui.icons import icon
from pulse_desktop.ui.translation import tr
from pulse_desktop.ui.viewmodels.condition import say
from pulse_desktop.ui.viewmodels.seen import Seen


class Tray(QObject):
    """`opened`: show the window. `quit_chosen`: end the application."""

    opened = Signal()
    quit_chosen = Signal()

    def __init__(self, appearance: Appearance) -> None:
        super().__init__()
        self._appearance, self._tone = appearance, "quiet"
        self._menu = QMenu()
        self._state = self._menu.addAction(tr("Starting"))
        self._state.setEnabled(False)
        self._menu.addSeparator()
        self._menu.addAction(tr("Show the window")).triggered.connect(self.opened)
        self._menu.addAction(tr("Quit")).triggered.connect(self.quit_chosen)
        self._icon = QSystemTrayIcon()
        self._icon.setContextMenu(self._menu)
        self._icon.activated.connect(self._activate)
        appearance.changed.connect(self._restyle)
        self._restyle()
        self._icon.show()

    def show_seen(self, seen: Seen) -> None:
        """The state as the icon's colour, its tool tip, and the first entry of its menu."""
        said = say(seen.snapshot, tr)
        self._state.setText(seen.problem or said.word)
        self._icon.setToolTip(seen.problem or said.sentence)
        tone = "crit" if seen.problem else said.tone
        if tone != self._tone:
            self._tone = tone
            self._restyle()

    def hide(self) -> None:
        """Removes the icon."""
        self._icon.hide()

    def _activate(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason == QSystemTrayIcon.ActivationReason.Trigger:
            self.opened.emit()

    def _restyle(self) -> None:
        self._icon.setIcon(icon("pulse", self._appearance.tokens.fill_of_tone(self._tone)))
