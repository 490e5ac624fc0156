"""The language of the window. The texts of Qt Linguist (`translations/*.ts`) have the context `window`. English texts
stand in the code."""

from pathlib import Path
from typing import Final, Literal

from PySide6.QtCore import QCoreApplication, QLocale, QTranslator

from pulse_desktop.ui.viewmodels import numbers

FOLDER: Final = Path(__file__).with_name("translations")
Language = Literal["en", "de"]


def tr(text: str) -> str:
    """The text in the language of the window."""
    return QCoreApplication.translate("window", text)


def language_named(name: str) -> Language:
    """The language of that name; for `system` or an unknown name the one of the desktop, English if there is no
    translation."""
    wanted = QLocale.system().language() if name not in {"en", "de"} else None
    return "de" if name == "de" or wanted == QLocale.Language.German else "en"


def use_language(application: QCoreApplication, language: Language) -> None:
    """Call it before the first text is made. Numbers get the marks of the language as well."""
    numbers.use_marks(*((".", ",") if language == "de" else (",", ".")))
    if language == "en":
        return
    translator = QTranslator(application)
    if not translator.load(str(FOLDER / f"{language}.qm")):
        raise FileNotFoundError(f"{FOLDER / language}.qm cannot be loaded: install the package again")
    application.installTranslator(translator)
