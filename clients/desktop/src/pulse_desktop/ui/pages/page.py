"""The frame of a page: heading, actions, and content below."""

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from pulse_desktop.ui.widgets.texts import Elided, label


class Page(QWidget):
    """`toolbar`: the row at the right of the heading. `body`: the column below."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self.setObjectName("page")
        self._subtitle = Elided("label")
        heading = QVBoxLayout()
        heading.setSpacing(0)
        heading.addWidget(label("heading", title))
        heading.addWidget(self._subtitle)
        self.toolbar = QHBoxLayout()
        self.toolbar.setSpacing(10)
        top = QHBoxLayout()
        top.addLayout(heading, 1)
        top.addLayout(self.toolbar)
        self.body = QVBoxLayout()
        self.body.setSpacing(16)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 20)
        column.setSpacing(16)
        column.addLayout(top)
        column.addLayout(self.body, 1)

    def show_subtitle(self, text: str) -> None:
        """One line below the heading."""
        self._subtitle.setText(text)
