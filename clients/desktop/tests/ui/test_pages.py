"""Both pages in every state, light and dark: they are painted, nothing is clipped, and what a person does arrives."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QLabel

from pulse_desktop.client.port import Points, ReplayLimit, SourceInfo
from pulse_desktop.ui.appearance import Theme
from pulse_desktop.ui.remembered import Remembered
from pulse_desktop.ui.tokens import DARK, LIGHT
from pulse_desktop.ui.widgets.table import Table
from pulse_desktop.ui.widgets.texts import Elided
from pulse_desktop.ui.window import Window
from pulse_testkit.waiting import eventually

from .driving import drive
from .states import OFFLINE, PAUSED, REPLAYING, STATES, StateClient

THEMES: tuple[Theme, ...] = ("light", "dark")


def colours(window: Window) -> set[str]:
    image = window.grab().toImage()
    return {image.pixelColor(x, y).name() for x in range(0, image.width(), 7) for y in range(0, image.height(), 7)}


def clipped(window: Window) -> list[str]:
    """Visible labels and buttons that have less room than their text needs."""
    found = []
    widgets: list[QLabel | QAbstractButton] = [*window.findChildren(QLabel), *window.findChildren(QAbstractButton)]
    for widget in widgets:
        if not widget.isVisible() or isinstance(widget, Elided) or not widget.text():
            continue
        if widget.width() < widget.minimumSizeHint().width() or widget.height() < widget.fontMetrics().height():
            found.append(f"{widget.text()!r}: {widget.size()} of {widget.minimumSizeHint()}")
    return found


def assert_columns_fit(table: Table) -> None:
    if table.isVisible():
        # The text of a stretched column may be long: it ends with an ellipsis, and its tool tip is whole.
        fitting = [column for column in range(table.columnCount()) if column != table.stretched]
        hints = [table.sizeHintForColumn(column) for column in fitting]
        assert all(hint <= table.columnWidth(column) for hint, column in zip(hints, fitting, strict=True)), hints
        widths = [table.columnWidth(column) for column in range(table.columnCount())]
        assert sum(widths) <= table.viewport().width(), widths


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("state", STATES)
def test_every_page_is_painted_and_nothing_is_clipped(
    application: QApplication, tmp_path: Path, state: str, theme: Theme
) -> None:
    async def steps(window: Window) -> None:
        await eventually(lambda: bool(window.dashboard.charts))
        for page in ("dashboard", "sources", "sync"):
            window.open_page(page)
            if page == "sources":
                await eventually(lambda: window.sources.series.rowCount() == 4)
            if page == "sync":
                await eventually(lambda: window.sync.table.rowCount() == 2)
            seen = colours(window)
            tokens = DARK if theme == "dark" else LIGHT
            assert {tokens.bg, tokens.surface} <= seen
            assert len(seen) > 10, "the page is blank"
            assert clipped(window) == []
            for table in window.findChildren(Table):
                assert_columns_fit(table)

    drive(application, StateClient(STATES[state]), tmp_path, steps, theme=theme)


def test_each_type_of_value_is_shown_as_what_it_is(application: QApplication, tmp_path: Path) -> None:
    Remembered(series=["spindle.temperature", "parts", "door.open", "line.pressure"]).save(tmp_path)

    async def steps(window: Window) -> None:
        await eventually(lambda: len(window.dashboard.charts) == 4)
        figures = [card.heading.figure.text() for card in window.dashboard.charts]
        assert figures == ["59.70", "1,204,300", "on", "6.300"]

    drive(application, StateClient(REPLAYING), tmp_path, steps)


def test_a_stale_value_says_its_age(application: QApplication, tmp_path: Path) -> None:
    async def steps(window: Window) -> None:
        await eventually(lambda: bool(window.dashboard.charts))
        assert "ago" in window.dashboard.charts[0].heading.badge.text()

    drive(application, StateClient(REPLAYING), tmp_path, steps)


def test_pausing_the_replay_keeps_its_rate(application: QApplication, tmp_path: Path) -> None:
    client = StateClient(PAUSED)

    async def steps(window: Window) -> None:
        window.open_page("sync")
        await eventually(lambda: "Resume" in window.sync.pause_button.text())
        QTest.mouseClick(window.sync.pause_button, Qt.MouseButton.LeftButton)
        await eventually(lambda: bool(client.limits))
        assert client.limits == [ReplayLimit(is_paused=False, rate=500)]

    drive(application, client, tmp_path, steps)


def test_a_chosen_rate_reaches_the_engine(application: QApplication, tmp_path: Path) -> None:
    client = StateClient(REPLAYING)

    async def steps(window: Window) -> None:
        window.open_page("sync")
        await eventually(lambda: window.has_snapshot)
        rates = window.sync.findChild(QComboBox)
        assert rates is not None
        rates.setCurrentIndex(rates.findText("1,000 readings/s"))
        rates.activated.emit(rates.currentIndex())
        await eventually(lambda: bool(client.limits))
        assert client.limits == [ReplayLimit(rate=1_000)]

    drive(application, client, tmp_path, steps)


def test_recent_batches_are_listed_newest_first(application: QApplication, tmp_path: Path) -> None:
    async def steps(window: Window) -> None:
        window.open_page("sync")
        await eventually(lambda: window.sync.table.rowCount() == 2)
        first = window.sync.table.item(0, 0)
        assert first is not None
        assert first.text() == "#18232"

    drive(application, StateClient(REPLAYING), tmp_path, steps)


def test_a_second_choice_builds_on_the_first_before_the_engine_has_applied_it(
    application: QApplication, tmp_path: Path
) -> None:
    client = StateClient(REPLAYING)

    async def steps(window: Window) -> None:
        window.open_page("sync")
        await eventually(lambda: window.has_snapshot)
        QTest.mouseClick(window.sync.pause_button, Qt.MouseButton.LeftButton)
        window.sync.rates.setCurrentIndex(window.sync.rates.findText("1,000 readings/s"))
        window.sync.rates.activated.emit(window.sync.rates.currentIndex())
        await eventually(lambda: ReplayLimit(is_paused=True, rate=1_000) in client.limits)
        assert "Resume" in window.sync.pause_button.text()

    drive(application, client, tmp_path, steps)


def test_a_refused_choice_is_taken_back(application: QApplication, tmp_path: Path) -> None:
    client = StateClient(REPLAYING)

    async def steps(window: Window) -> None:
        window.open_page("sync")
        await eventually(lambda: window.has_snapshot)
        client.problem = "The collector is starting or stopping"
        QTest.mouseClick(window.sync.pause_button, Qt.MouseButton.LeftButton)
        assert "Resume" in window.sync.pause_button.text()
        await eventually(window.banner.isVisible)
        client.problem = ""
        await eventually(lambda: "Pause" in window.sync.pause_button.text())
        assert client.limits == []

    drive(application, client, tmp_path, steps)


@pytest.mark.announces_log("window_poll_failed")
def test_a_bug_of_the_window_does_not_end_the_engine(application: QApplication, tmp_path: Path) -> None:
    class Buggy(StateClient):
        bug: Exception | None = KeyError("bug")

        async def sources(self) -> list[SourceInfo]:
            if self.bug:
                raise self.bug
            return await super().sources()

    client = Buggy(REPLAYING)

    async def steps(window: Window) -> None:
        await eventually(window.banner.isVisible)
        assert "error" in window.banner_text.text()
        client.bug = None
        await eventually(lambda: window.has_snapshot and not window.banner.isVisible())

    drive(application, client, tmp_path, steps)


@pytest.mark.parametrize(("is_attached", "starts"), [(False, 2), (True, 1)])
def test_an_engine_of_this_process_that_ended_is_started_again(
    application: QApplication, tmp_path: Path, *, is_attached: bool, starts: int
) -> None:
    class Counted(StateClient):
        starts = 0

        async def start(self) -> None:
            await super().start()
            self.starts += 1

    client = Counted(REPLAYING)
    client.is_attached = is_attached

    async def steps(window: Window) -> None:
        await eventually(lambda: window.has_snapshot)
        client.problem = "The buffer cannot be used"
        await eventually(window.banner.isVisible)
        client.problem = ""
        await eventually(lambda: not window.banner.isVisible())
        assert client.starts == starts

    drive(application, client, tmp_path, steps)


def test_a_range_that_is_chosen_while_points_are_on_their_way_is_fetched_next(
    application: QApplication, tmp_path: Path
) -> None:
    class Slow(StateClient):
        def __init__(self) -> None:
            super().__init__(REPLAYING)
            self.spans: list[int] = []
            self.asked, self.may_answer = asyncio.Event(), asyncio.Event()

        async def points(self, series: Sequence[int], start: int, end: int, most: int) -> dict[int, Points]:
            self.spans.append((end - start) // 1_000_000)
            self.asked.set()
            await self.may_answer.wait()
            return await super().points(series, start, end, most)

    client = Slow()

    async def steps(window: Window) -> None:
        await client.asked.wait()
        window.dashboard.span_chosen.emit("24h")
        client.may_answer.set()
        await eventually(lambda: 86_400 in client.spans)

    drive(application, client, tmp_path, steps)


def test_a_clock_near_1970_does_not_end_the_window(application: QApplication, tmp_path: Path) -> None:
    client = StateClient(REPLAYING)

    async def steps(window: Window) -> None:
        await eventually(lambda: window.has_snapshot and bool(window.dashboard.charts))
        assert not window.banner.isVisible()

    drive(application, client, tmp_path, steps, micros=lambda: 100_000_000)


def test_sources_are_listed_failed_ones_first_and_series_are_searched(
    application: QApplication, tmp_path: Path
) -> None:
    async def steps(window: Window) -> None:
        window.open_page("sources")
        page = window.sources
        await eventually(lambda: page.series.rowCount() == 4)
        first, error = page.sources.item(0, 0), page.sources.item(0, 3)
        assert first is not None
        assert error is not None
        assert first.text() == "simulator"
        assert "ValueError: no" in error.text()
        page.search.setText("LINE press")
        assert page.series.rowCount() == 1
        found = [page.series.item(0, column) for column in range(6)]
        assert [one.text() for one in found if one is not None][:4] == [
            "line.pressure",
            "decimal number",
            "6.300",
            "bar",
        ]
        page.search.setText("nothing like this")
        assert not page.series.isVisible()

    drive(application, StateClient(REPLAYING), tmp_path, steps)


def test_a_silent_engine_shows_a_banner_until_it_answers(application: QApplication, tmp_path: Path) -> None:
    client = StateClient(OFFLINE, problem="The service has stopped: start it again")

    async def steps(window: Window) -> None:
        await eventually(window.banner.isVisible)
        assert window.banner_text.text() == client.problem
        client.problem = ""
        await eventually(lambda: not window.banner.isVisible())
        assert window.has_snapshot

    drive(application, client, tmp_path, steps)


def test_a_paused_dashboard_keeps_its_line(application: QApplication, tmp_path: Path) -> None:
    async def steps(window: Window) -> None:
        await eventually(lambda: bool(window.dashboard.charts) and window.dashboard.charts[0].plot.line.has_points)
        QTest.mouseClick(window.dashboard.pause_button, Qt.MouseButton.LeftButton)
        line, first = window.dashboard.charts[0].plot.line, window.status.clock.text()
        await eventually(lambda: window.status.clock.text() != first)
        assert window.dashboard.charts[0].plot.line == line
        assert "Resume" in window.dashboard.pause_button.text()

    drive(application, StateClient(REPLAYING), tmp_path, steps)


def test_the_theme_changes_at_once_and_is_kept_with_page_range_and_series(
    application: QApplication, tmp_path: Path
) -> None:
    async def steps(window: Window) -> None:
        await eventually(lambda: window.has_snapshot)
        QTest.mouseClick(window.dashboard.theme_button, Qt.MouseButton.LeftButton)
        assert DARK.bg in colours(window)
        window.dashboard.span_chosen.emit("1h")
        window.dashboard.series_chosen.emit(["parts"])
        await eventually(lambda: len(window.dashboard.charts) == 1)
        window.open_page("sync")
        window.remember()

    drive(application, StateClient(REPLAYING), tmp_path, steps)
    kept = Remembered.load(tmp_path)
    assert (kept.theme, kept.page, kept.span, kept.series) == ("dark", "sync", "1h", ["parts"])
    assert (kept.width, kept.height) == (1280, 720)


def test_every_button_has_an_accessible_name(application: QApplication, tmp_path: Path) -> None:
    async def steps(window: Window) -> None:
        for button in window.findChildren(QAbstractButton):
            if button.isVisible():
                assert button.accessibleName() or button.text(), button.objectName()

    drive(application, StateClient(REPLAYING), tmp_path, steps)


def test_a_damaged_memory_of_the_window_is_ignored(tmp_path: Path) -> None:
    (tmp_path / "window.json").write_text('{"width": "wide"')
    assert Remembered.load(tmp_path) == Remembered()
