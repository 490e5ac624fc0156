"""Stroke icons, drawn from SVG in the colour of the theme."""

from PySide6.QtCore import QByteArray, QSize, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

_SHAPES = {
    "pulse": "<path d='M2 12h4l3 8 6-16 3 8h4'/>",
    "dashboard": "<rect x='3' y='3' width='7' height='9' rx='1'/><rect x='14' y='3' width='7' height='5' rx='1'/>"
    "<rect x='14' y='12' width='7' height='9' rx='1'/><rect x='3' y='16' width='7' height='5' rx='1'/>",
    "sync": "<path d='M20 11a8 8 0 0 0-14-5L3 9'/><path d='M3 4v5h5'/><path d='M4 13a8 8 0 0 0 14 5l3-3'/>"
    "<path d='M21 20v-5h-5'/>",
    "buffer": "<ellipse cx='12' cy='5' rx='8' ry='3'/><path d='M4 5v14c0 1.7 3.6 3 8 3s8-1.3 8-3V5'/>"
    "<path d='M4 12c0 1.7 3.6 3 8 3s8-1.3 8-3'/>",
    "clock": "<circle cx='12' cy='12' r='9'/><path d='M12 7v5l3 2'/>",
    "source": "<circle cx='12' cy='12' r='2'/><path d='M8 16a5.7 5.7 0 0 1 0-8'/><path d='M16 8a5.7 5.7 0 0 1 0 8'/>"
    "<path d='M5 19a10 10 0 0 1 0-14'/><path d='M19 5a10 10 0 0 1 0 14'/>",
    "pause": "<rect x='5' y='4' width='4' height='16' rx='1'/><rect x='15' y='4' width='4' height='16' rx='1'/>",
    "resume": "<path d='M7 4l13 8-13 8z'/>",
    "moon": "<path d='M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z'/>",
    "sun": "<circle cx='12' cy='12' r='4'/><path d='M12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.4 1.4M17.6 17.6 19 19"
    "M5 19l1.4-1.4M17.6 6.4 19 5'/>",
    "choose": "<path d='M4 6h10M18 6h2M4 12h2M10 12h10M4 18h8M16 18h4'/><circle cx='16' cy='6' r='2'/>"
    "<circle cx='8' cy='12' r='2'/><circle cx='14' cy='18' r='2'/>",
    "down": "<path d='M5 9l7 7 7-7'/>",
}


def pixmap(name: str, colour: str, size: int, ratio: float = 1.0) -> QPixmap:
    """The icon as a square of `size` device-independent pixels. `ratio`: device pixels per such pixel."""
    svg = (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='none' stroke='{colour}' stroke-width='1.9' "
        f"stroke-linecap='round' stroke-linejoin='round'>{_SHAPES[name]}</svg>"
    )
    made = QPixmap(QSize(round(size * ratio), round(size * ratio)))
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    QSvgRenderer(QByteArray(svg.encode())).render(painter)
    painter.end()
    made.setDevicePixelRatio(ratio)
    return made


def icon(name: str, colour: str) -> QIcon:
    """The icon in one colour, sharp at up to twice the usual size."""
    return QIcon(pixmap(name, colour, 18, 2.0))
