"""Buttons with icons that follow the theme, and the choice of one of several."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QButtonGroup, QComboBox, QFrame, QHBoxLayout, QPushButton

from pulse_desktop.ui.appearance import Appearance
from pulse_desktop.ui.icons import icon, pixmap


class IconButton(QPushButton):
    """A button with an icon and perhaps a text. Without a text, `name` is its accessible name and its tool tip."""

    def __init__(self, appearance: Appearance, icon_name: str, name: str, *, is_bare: bool = False) -> None:
        super().__init__()
        self._appearance, self._icon_name, self._is_bare = appearance, icon_name, is_bare
        if is_bare:
            self.setObjectName("icon")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setIconSize(QSize(16, 16))
        appearance.changed.connect(self._restyle)
        self.show_action(icon_name, name)

    def show_action(self, icon_name: str, name: str) -> None:
        """What the button does next."""
        self._icon_name = icon_name
        self.setAccessibleName(name)
        if self._is_bare:
            self.setToolTip(name)
        else:
            self.setText(f" {name}")  # the space keeps the icon at a distance
        self._restyle()

    def _restyle(self) -> None:
        self.setIcon(icon(self._icon_name, self._appearance.tokens.fg))


class Segments(QFrame):
    """One of several. `chosen`: its key."""

    chosen = Signal(str)

    def __init__(self, name: str, choices: Sequence[tuple[str, str]]) -> None:
        """`name`: accessible name of the whole. `choices`: keys and labels."""
        super().__init__()
        self.setObjectName("segments")
        self.setAccessibleName(name)
        row = QHBoxLayout(self)
        row.setContentsMargins(3, 3, 3, 3)
        row.setSpacing(2)
        self._group = QButtonGroup(self)
        self._buttons: dict[str, QPushButton] = {}
        for key, text in choices:
            button = QPushButton(text)
            button.setObjectName("segment")
            button.setCheckable(True)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(lambda _checked=False, key=key: self.chosen.emit(key))
            self._group.addButton(button)
            self._buttons[key] = button
            row.addWidget(button)

    def select(self, key: str) -> None:
        """Shows a choice without emitting it."""
        self._buttons[key].setChecked(True)


class Choice(QComboBox):
    """A list to choose from, with an arrow in the colour of the theme: a style sheet could only take it from a file."""

    def __init__(self, appearance: Appearance) -> None:
        super().__init__()
        self._appearance = appearance
        appearance.changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802  # Qt's name
        """Draws the arrow over the list."""
        super().paintEvent(event)
        arrow = pixmap("down", self._appearance.tokens.fg2, 14, self.devicePixelRatioF())
        QPainter(self).drawPixmap(self.width() - 24, (self.height() - 14) // 2, arrow)
