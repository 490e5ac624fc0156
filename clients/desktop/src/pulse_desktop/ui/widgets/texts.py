"""Labels: plain, elided, badge, dot; and properties that the style sheet selects by."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from pulse_desktop.ui.appearance import Appearance


def set_property(widget: QWidget, name: str, value: str) -> None:
    """Sets a property, and applies the style sheet again if it changed."""
    if widget.property(name) != value:
        widget.setProperty(name, value)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


def label(role: str, text: str = "") -> QLabel:
    """A plain label. `role`: the style of the text."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setProperty("role", role)
    return made


class Elided(QLabel):
    """One line that ends with `…` where there is no room; the whole text is its tool tip."""

    def __init__(self, role: str, text: str = "") -> None:
        super().__init__(text)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("role", role)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def minimumSizeHint(self) -> QSize:  # noqa: N802  # Qt's name
        """Any width will do."""
        return QSize(24, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802, ARG002  # Qt's name
        """Draws what fits."""
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        fitting = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
        whole = self.text() if fitting != self.text() else ""
        if self.toolTip() != whole:
            self.setToolTip(whole)
        painter.drawText(self.rect(), int(self.alignment()) | Qt.TextFlag.TextSingleLine, fitting)


class Badge(QLabel):
    """A state in one or two words, on the colour of its tone."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("badge")
        self.setFixedHeight(20)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def show_state(self, word: str, tone: str) -> None:
        """An empty word hides the badge."""
        self.setVisible(bool(word))
        self.setText(word)
        set_property(self, "tone", tone)


class Dot(QWidget):
    """A small disc in the colour of a tone, beside the word it belongs to."""

    def __init__(self, appearance: Appearance) -> None:
        super().__init__()
        self._appearance, self._tone = appearance, "quiet"
        self.setFixedSize(9, 9)

    def show_tone(self, tone: str) -> None:
        """Paints again in this tone."""
        self._tone = tone
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802, ARG002  # Qt's name
        """Draws the disc."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._appearance.tokens.fill_of_tone(self._tone)))
        painter.drawEllipse(self.rect())
