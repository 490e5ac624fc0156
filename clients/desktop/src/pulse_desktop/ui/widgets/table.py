"""Tables that show rows and nothing else: no editing, no selection."""

from collections.abc import Collection, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from pulse_desktop.ui.widgets.texts import Badge

_ROW = 36


class Table(QTableWidget):
    """Columns are as wide as their content, and one takes the rest."""

    def __init__(self, name: str, columns: Sequence[str], *, stretched: int, right: Collection[int]) -> None:
        """`name`: for screen readers. `stretched`: the column that takes the rest. `right`: columns of numbers."""
        super().__init__(0, len(columns))
        self.stretched = stretched
        self._right = frozenset(right)
        self.setHorizontalHeaderLabels(list(columns))
        self.setAccessibleName(name)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(_ROW)
        self.setShowGrid(False)
        self.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(stretched, QHeaderView.ResizeMode.Stretch)
        for column in range(len(columns)):
            if (item := self.horizontalHeaderItem(column)) is not None:
                item.setTextAlignment(self._alignment(column))

    def fix_badges(self, column: int, longest: str) -> None:
        """Reserves the width of a badge with this text. A badge is bold and has padding, which is known only once it
        is painted."""
        header = self.horizontalHeader()
        header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
        header.resizeSection(column, round(self.fontMetrics().horizontalAdvance(longest) * 1.12) + 40)

    def show_rows(self, most: int) -> None:
        """As high as its rows, at most `most` of them."""
        rows = min(most, max(1, self.rowCount()))
        self.setFixedHeight(self.horizontalHeader().sizeHint().height() + rows * _ROW + 2 * self.frameWidth())

    def show_texts(self, row: int, texts: Sequence[str]) -> None:
        """Fills the first columns of a row. The whole text is the tool tip of its cell."""
        for column, text in enumerate(texts):
            item = self.item(row, column)
            if item is None:
                item = QTableWidgetItem()
                item.setTextAlignment(self._alignment(column))
                self.setItem(row, column, item)
            if item.text() != text:
                item.setText(text)
                item.setToolTip(text)

    def show_badge(self, row: int, column: int, word: str, tone: str) -> None:
        """A badge in a cell."""
        badge = self._badge(row, column)
        if badge is None:
            cell, badge = QWidget(), Badge()
            layout = QHBoxLayout(cell)
            layout.setContentsMargins(4, 0, 0, 0)
            layout.addWidget(badge)  # a badge without a parent would open a window
            layout.addStretch()
            self.setCellWidget(row, column, cell)
        badge.show_state(word, tone)

    def _badge(self, row: int, column: int) -> Badge | None:
        cell: QWidget | None = self.cellWidget(row, column)
        return cell.findChild(Badge) if cell else None

    def _alignment(self, column: int) -> Qt.AlignmentFlag:
        side = Qt.AlignmentFlag.AlignRight if column in self._right else Qt.AlignmentFlag.AlignLeft
        return side | Qt.AlignmentFlag.AlignVCenter
