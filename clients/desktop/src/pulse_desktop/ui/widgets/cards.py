"""Cards: tile, chart and replay."""

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QSizePolicy, QVBoxLayout, QWidget

from pulse_desktop.ui.appearance import Appearance
from pulse_desktop.ui.icons import pixmap
from pulse_desktop.ui.viewmodels.charts import Reading
from pulse_desktop.ui.viewmodels.replaying import ReplayCard
from pulse_desktop.ui.viewmodels.tiles import Tile
from pulse_desktop.ui.widgets.texts import Badge, Elided, label, set_property


class Card(QFrame):
    """A surface with rounded corners. `box`: where its content goes."""

    def __init__(self, margins: tuple[int, int, int, int] = (16, 14, 16, 14)) -> None:
        super().__init__()
        self.setObjectName("card")
        self.box = QVBoxLayout(self)
        self.box.setContentsMargins(*margins)
        self.box.setSpacing(4)


class Sparkline(QWidget):
    """The recent course of one number, without axes."""

    def __init__(self, appearance: Appearance, colour: int) -> None:
        super().__init__()
        self._appearance, self._colour = appearance, colour
        self._values: list[float] = []
        self.setFixedHeight(34)

    def show_values(self, values: list[float]) -> None:
        """Oldest first."""
        self._values = values
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802, ARG002  # Qt's name
        """Draws the line and its fill."""
        if len(self._values) < 2:
            return
        low, high = min(self._values), max(self._values)
        height, step = self.height() - 4, self.width() / (len(self._values) - 1)
        scale = height / (high - low) if high > low else 0.0
        base = height if scale else height / 2
        points = [QPointF(i * step, 2 + base - (value - low) * scale) for i, value in enumerate(self._values)]
        colour = QColor(self._appearance.tokens.series[self._colour])
        top, bottom = QColor(colour), QColor(colour)
        top.setAlpha(50)
        bottom.setAlpha(0)
        gradient = QLinearGradient(0, 0, 0, self.height())
        gradient.setColorAt(0, top)
        gradient.setColorAt(1, bottom)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(gradient)
        painter.drawPolygon(QPolygonF([*points, QPointF(self.width(), self.height()), QPointF(0, self.height())]))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(colour, 1.5))
        painter.drawPolyline(QPolygonF(points))


class TileCard(Card):
    """A label, a figure with its unit, perhaps its recent course, and one line that explains it."""

    def __init__(self, appearance: Appearance, icon: str = "", colour: int = 0) -> None:
        """Without `icon`: no icon and no recent course."""
        super().__init__()
        self._appearance, self._icon_name = appearance, icon
        self._icon, self._label = QLabel(), Elided("label")
        self.figure, self._unit, self.note = label("figure"), label("unit"), Elided("meta")
        self.spark = Sparkline(appearance, colour) if icon else None
        top = QHBoxLayout()
        top.setSpacing(8)
        if icon:
            top.addWidget(self._icon)
        top.addWidget(self._label, 1)
        middle = QHBoxLayout()
        middle.setSpacing(8)
        middle.addWidget(self.figure)
        middle.addWidget(self._unit, 0, Qt.AlignmentFlag.AlignBottom)
        self._unit.setContentsMargins(0, 0, 0, 4)
        middle.addStretch()
        self.box.addLayout(top)
        self.box.addLayout(middle)
        if self.spark is not None:
            self.box.addWidget(self.spark)
        self.box.addWidget(self.note)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        appearance.changed.connect(self._restyle)
        self._restyle()

    def show_tile(self, tile: Tile, course: list[float] | None = None) -> None:
        """`course`: the recent values of the figure."""
        self._label.setText(tile.label)
        self.figure.setText(tile.figure)
        self._unit.setText(tile.unit)
        self.note.setText(tile.note or " ")
        set_property(self.note, "tone", tile.tone)
        self.setAccessibleName(f"{tile.label}: {tile.figure} {tile.unit}")
        if self.spark is not None:
            self.spark.show_values(course or [])

    def _restyle(self) -> None:
        if self._icon_name:
            self._icon.setPixmap(pixmap(self._icon_name, self._appearance.tokens.fg2, 16, self.devicePixelRatioF()))


class Heading(QWidget):
    """The head of a chart: title, badge, figure with unit, and one line below."""

    def __init__(self) -> None:
        super().__init__()
        self._title, self.badge = Elided("title"), Badge()
        self.figure, self._unit, self._note = label("value"), label("unit"), Elided("meta")
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(self._title)
        row.addWidget(self.badge)
        row.addStretch(1)
        row.addWidget(self.figure)
        row.addWidget(self._unit, 0, Qt.AlignmentFlag.AlignBottom)
        self._unit.setContentsMargins(0, 0, 0, 3)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(row)
        column.addWidget(self._note)

    def show_reading(self, title: str, reading: Reading) -> None:
        """The newest reading."""
        self._title.setText(title)
        self.badge.show_state(reading.badge, reading.tone)
        self.figure.setText(reading.figure)
        self._unit.setText(reading.unit)
        self._unit.setVisible(bool(reading.unit))
        self._note.setText(reading.note)


class ReplayPanel(Card):
    """How far the backlog is delivered."""

    def __init__(self) -> None:
        super().__init__((20, 18, 20, 16))
        self._title, self._badge, self._figure = label("title"), Badge(), label("value")
        self.bar, self._left, self._right = QProgressBar(), Elided("label"), label("label")
        self.bar.setRange(0, 1_000)
        self.bar.setTextVisible(False)
        top, bottom = QHBoxLayout(), QHBoxLayout()
        top.setSpacing(10)
        top.addWidget(self._title)
        top.addWidget(self._badge)
        top.addStretch()
        top.addWidget(self._figure)
        bottom.addWidget(self._left, 1)
        bottom.addWidget(self._right)
        self.box.setSpacing(8)
        self.box.addLayout(top)
        self.box.addWidget(self.bar)
        self.box.addLayout(bottom)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def show_card(self, card: ReplayCard) -> None:
        """The progress, or that there is no backlog."""
        self._title.setText(card.title)
        self._badge.show_state(card.badge, card.tone)
        self._figure.setText(card.figure)
        self.bar.setValue(round(1_000 * card.share))
        self.bar.setAccessibleName(card.title)
        set_property(self.bar, "tone", card.tone)
        self._left.setText(card.left)
        self._right.setText(card.right)
