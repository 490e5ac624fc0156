"""The theme in force: light, dark or as the system has it. Changes take effect at once."""

from typing import Final, Literal

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QFont, QFontDatabase
from PySide6.QtWidgets import QApplication

from pulse_desktop.ui.style import palette, sheet
from pulse_desktop.ui.tokens import DARK, LIGHT, Tokens

Theme = Literal["light", "dark", "system"]
THEMES: Final[tuple[Theme, ...]] = ("light", "dark", "system")


class Appearance(QObject):
    """`changed`: the tokens are others; what paints itself must paint again."""

    changed = Signal()

    def __init__(self, application: QApplication, theme: Theme) -> None:
        super().__init__()
        self._application = application
        self.theme = theme
        self.tokens = self._wanted()
        application.setStyle("Fusion")
        application.setFont(_font())
        application.styleHints().colorSchemeChanged.connect(self._apply)
        self._apply()

    def choose(self, theme: Theme) -> None:
        """Uses this theme from now on."""
        self.theme = theme
        self._apply()

    def toggle(self) -> None:
        """From light to dark, and back."""
        self.choose("light" if self.tokens.is_dark else "dark")

    def _wanted(self) -> Tokens:
        scheme = self._application.styleHints().colorScheme()
        is_dark = self.theme == "dark" or (self.theme == "system" and scheme == Qt.ColorScheme.Dark)
        return DARK if is_dark else LIGHT

    def _apply(self) -> None:
        self.tokens = self._wanted()
        self._application.setPalette(palette(self.tokens))
        self._application.setStyleSheet(sheet(self.tokens))
        self.changed.emit()


def theme_named(name: str) -> Theme:
    """The theme of this name; "system" for an unknown one."""
    return next((theme for theme in THEMES if theme == name), "system")


def _font() -> QFont:
    family = "Inter" if "Inter" in QFontDatabase.families() else "sans-serif"
    font = QFont(family)
    font.setStyleHint(QFont.StyleHint.SansSerif)
    font.setPixelSize(13)
    font.setFeature(QFont.Tag("tnum"), 1)  # figures that change must not move their neighbours
    return font
