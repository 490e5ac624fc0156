"""A chart of one line over time. The only module that imports pyqtgraph."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont
from PySide6.QtWidgets import QVBoxLayout, QWidget

from pulse_desktop.ui.appearance import Appearance
from pulse_desktop.ui.viewmodels import numbers
from pulse_desktop.ui.viewmodels.charts import Line

_RANGE_EVERY = 0.5
"""Seconds between two changes of the vertical range: a range that follows every reading cannot be read."""
_AXIS_WIDTH = 56


class Plot(QWidget):
    """Ranges are set by the caller: automatic ones cost twice the time. Gaps are not bridged."""

    def __init__(self, appearance: Appearance, colour: int) -> None:
        """`colour`: index of the line's colour in the theme."""
        super().__init__()
        self._appearance, self._colour = appearance, colour
        self._limits: tuple[float, float] = (0.0, 0.0)
        self._ranged_at = -math.inf
        self._line = Line([], [], [], [])
        # pyqtgraph has no types: its objects stay inside this class
        self._bottom: Any = pg.DateAxisItem(orientation="bottom")
        self._plot: Any = pg.PlotWidget(axisItems={"bottom": self._bottom})
        self._curves: list[Any] = []
        self._plot.setMouseEnabled(x=False, y=False)
        self._plot.setMenuEnabled(enableMenu=False)
        self._plot.hideButtons()
        self._plot.getPlotItem().getViewBox().disableAutoRange()
        self._plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._plot.setFrameShape(pg.QtWidgets.QFrame.Shape.NoFrame)
        left = self._plot.getAxis("left")
        left.setWidth(_AXIS_WIDTH)
        left.enableAutoSIPrefix(enable=False)
        left.setTickDensity(0.7)
        left.tickStrings = self._tick_texts
        self._bottom.setHeight(22)
        for axis in (left, self._bottom):
            axis.setStyle(tickLength=0, tickFont=_tick_font(), tickTextOffset=6, maxTickLevel=1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._plot)
        appearance.changed.connect(self._restyle)
        self._restyle()

    @property
    def line(self) -> Line:
        """The line that is drawn."""
        return self._line

    def show_line(self, line: Line, limits: tuple[float, float], start: float, end: float) -> None:
        """`limits`: the vertical range; `start`, `end`: the horizontal one, seconds since 1970 UTC."""
        self._line = line
        if limits != self._limits and abs(end - self._ranged_at) >= _RANGE_EVERY:
            self._limits, self._ranged_at = limits, end
            self._plot.setYRange(*limits, padding=0)
        self._plot.setXRange(start, end, padding=0)
        segments = _segments(line)
        while len(self._curves) < len(segments):
            curve = pg.PlotCurveItem()
            self._plot.addItem(curve)
            self._curves.append(curve)
            self._paint(curve)
        floor = self._limits[0]
        for curve, (x, y) in zip(self._curves, segments, strict=False):
            curve.setData(x, y, fillLevel=floor)
            curve.show()
        for curve in self._curves[len(segments) :]:
            curve.hide()

    def name_values(self, names: Mapping[float, str]) -> None:
        """Shows these words on the vertical axis in place of numbers."""
        self._plot.getAxis("left").setTicks([list(names.items())])

    def _tick_texts(self, values: Sequence[float], scale: float, _spacing: float) -> list[str]:
        # the same decimals on every mark; pyqtgraph asks for major and minor marks one after the other
        spacing = (self._limits[1] - self._limits[0]) / 10
        return [numbers.tick(value * scale, spacing * scale) for value in values]

    def _paint(self, curve: Any) -> None:  # an object of pyqtgraph
        colour = QColor(self._appearance.tokens.series[self._colour % len(self._appearance.tokens.series)])
        fill = QColor(colour)
        fill.setAlpha(28)
        curve.setPen(pg.mkPen(colour, width=1.5))
        curve.setBrush(pg.mkBrush(fill))

    def _restyle(self) -> None:
        tokens = self._appearance.tokens
        self._plot.setBackground(tokens.surface)
        for name in ("left", "bottom"):
            axis = self._plot.getAxis(name)
            axis.setPen(pg.mkPen(tokens.border))
            axis.setTextPen(pg.mkPen(tokens.fg3))
        self._plot.showGrid(x=False, y=True, alpha=0.25)
        for curve in self._curves:
            self._paint(curve)


def _tick_font() -> QFont:
    font = QFont()
    font.setPixelSize(11)
    return font


def _segments(line: Line) -> list[tuple[list[float], list[float]]]:
    """The parts between gaps. A bucket is a vertical stroke from its lowest to its highest value."""
    parts: list[tuple[list[float], list[float]]] = []
    x: list[float] = []
    y: list[float] = []
    for index, (t, value) in enumerate(zip(line.x, line.y, strict=True)):
        if not math.isfinite(value):
            if x:
                parts.append((x, y))
                x, y = [], []
            continue
        if line.lo and math.isfinite(line.lo[index]) and math.isfinite(line.hi[index]):
            x += (t, t, t)
            y += (line.lo[index], line.hi[index], value)
        else:
            x.append(t)
            y.append(value)
    if x:
        parts.append((x, y))
    return parts
