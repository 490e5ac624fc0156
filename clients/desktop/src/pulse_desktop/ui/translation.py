"""The translation of every text of the window. Qt Linguist's files are looked up under the context `window`."""

from PySide6.QtCore import QCoreApplication


def tr(text: str) -> str:
    """The text in the language of the window."""
    return QCoreApplication.translate("window", text)
