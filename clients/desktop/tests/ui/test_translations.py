"""German is complete: every text of the window has a translation with the same placeholders. The loaded file was made
from the one that people edit."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from PySide6.QtCore import QTranslator
from PySide6.QtWidgets import QApplication

import pulse_desktop.ui
from pulse_desktop.ui.remembered import Remembered
from pulse_desktop.ui.translation import FOLDER, language_named, use_language
from pulse_desktop.ui.viewmodels import numbers
from pulse_desktop.ui.window import Window
from pulse_testkit.waiting import eventually

from .driving import drive
from .states import STATES, StateClient
from .test_pages import clipped
from .test_window_process import start

SOURCES = Path(pulse_desktop.ui.__file__).parent


def texts() -> set[str]:
    """The argument of every call of `tr`."""
    found = set[str]()
    for file in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "tr":
                text = node.args[0]
                if isinstance(text, ast.Name) and file.name == "translation.py":
                    continue
                assert isinstance(text, ast.Constant), f"{file}:{node.lineno}: Qt Linguist needs a literal"
                found.add(str(text.value))
    return found


def translations(language: str) -> dict[str, str]:
    messages = ET.parse(FOLDER / f"{language}.ts").iter("message")  # noqa: S314  # a file of this package
    return {one.findtext("source", ""): one.findtext("translation", "") for one in messages}


def test_every_text_is_translated_and_no_translation_is_left_over() -> None:
    german = translations("de")
    assert german.keys() == texts()
    assert [source for source, text in german.items() if not text.strip()] == []


def test_a_translation_has_the_placeholders_of_its_text() -> None:
    def placeholders(text: str) -> list[str]:
        return sorted(re.findall(r"{\w+}", text))

    assert {s: t for s, t in translations("de").items() if placeholders(s) != placeholders(t)} == {}


def test_the_loaded_file_is_made_from_the_edited_one(tmp_path: Path) -> None:
    lrelease = Path(sys.executable).with_name("pyside6-lrelease")
    subprocess.run([lrelease, "-silent", FOLDER / "de.ts", "-qm", tmp_path / "de.qm"], check=True)  # noqa: S603
    assert (tmp_path / "de.qm").read_bytes() == (FOLDER / "de.qm").read_bytes(), "run: make generate"


@pytest.fixture
def german(application: QApplication) -> Iterator[None]:
    use_language(application, "de")
    yield
    for translator in application.findChildren(QTranslator):
        application.removeTranslator(translator)
        translator.deleteLater()
    use_language(application, "en")


@pytest.mark.usefixtures("german")
@pytest.mark.parametrize("state", STATES)
def test_nothing_is_clipped_in_german(application: QApplication, tmp_path: Path, state: str) -> None:
    async def steps(window: Window) -> None:
        await eventually(lambda: bool(window.dashboard.charts))
        for page in ("dashboard", "sources", "sync"):
            window.open_page(page)
            assert clipped(window) == []
        assert window.side.buttons["sources"].accessibleName() == "Quellen"

    drive(application, StateClient(STATES[state]), tmp_path, steps)


@pytest.mark.usefixtures("german")
def test_german_numbers_have_german_marks() -> None:
    assert [numbers.value(1_204_300), numbers.value(59.7), numbers.rate(2.5)] == ["1.204.300", "59,70", "2,5"]


@pytest.mark.parametrize(("name", "language"), [("de", "de"), ("en", "en"), ("fr", "en"), ("", "en")])
def test_a_language_without_a_translation_is_english(name: str, language: str) -> None:
    assert language_named(name) == language


def test_the_language_is_kept(tmp_path: Path) -> None:
    with start(tmp_path, "--smoke", "--language", "de") as process:
        _, errors = process.communicate(timeout=40)
    assert process.returncode == 0, errors
    assert Remembered.load(tmp_path).language == "de"
