"""The side bar: the logo and one entry per page."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from pulse_desktop.ui.appearance import Appearance
from pulse_desktop.ui.icons import icon, pixmap
from pulse_desktop.ui.translation import tr
from pulse_desktop.ui.widgets.texts import label

WIDTH = 228


class Side(QWidget):
    """`chosen`: key of a page."""

    chosen = Signal(str)

    def __init__(self, appearance: Appearance, pages: Sequence[tuple[str, str, str]]) -> None:
        """`pages`: key, icon and label of each."""
        super().__init__()
        self.setObjectName("side")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedWidth(WIDTH)
        self._appearance, self._logo = appearance, QLabel()
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(label("brand", tr("PrecisionPulse")))
        words.addWidget(label("meta", tr("Collector")))
        brand = QHBoxLayout()
        brand.setSpacing(10)
        brand.addWidget(self._logo)
        brand.addLayout(words, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 16, 14, 16)
        column.setSpacing(4)
        column.addLayout(brand)
        column.addSpacing(16)
        section = label("section", tr("MONITOR"))
        section.setContentsMargins(6, 0, 0, 4)
        column.addWidget(section)
        self._group = QButtonGroup(self)
        self.buttons: dict[str, QPushButton] = {}
        self._icons = {key: name for key, name, _ in pages}
        for key, _, text in pages:
            button = QPushButton("  " + text.replace("&", "&&"))
            button.setObjectName("navigation")
            button.setAccessibleName(text)
            button.setCheckable(True)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setIconSize(QSize(18, 18))
            button.clicked.connect(lambda _checked=False, key=key: self.chosen.emit(key))
            self._group.addButton(button)
            self.buttons[key] = button
            column.addWidget(button)
        column.addStretch()
        appearance.changed.connect(self._restyle)
        self._restyle()

    def select(self, key: str) -> None:
        """Marks the page that is shown."""
        self.buttons[key].setChecked(True)

    def _restyle(self) -> None:
        tokens = self._appearance.tokens
        self._logo.setPixmap(pixmap("pulse", tokens.accent, 26, self.devicePixelRatioF()))
        for key, button in self.buttons.items():
            button.setIcon(icon(self._icons[key], tokens.fg2))
