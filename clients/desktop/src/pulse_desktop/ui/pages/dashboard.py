"""The dashboard: tiles, the replay while there is a backlog, and charts of the chosen series."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QMenu, QScrollArea, QSizePolicy, QWidget

from pulse_desktop.client.port import SeriesInfo
from pulse_desktop.ui.appearance import Appearance
from pulse_desktop.ui.pages.page import Page
from pulse_desktop.ui.translation import tr
from pulse_desktop.ui.viewmodels import charts, numbers
from pulse_desktop.ui.viewmodels.backlog import Progress
from pulse_desktop.ui.viewmodels.history import History
from pulse_desktop.ui.viewmodels.replaying import replay_card
from pulse_desktop.ui.viewmodels.seen import Seen
from pulse_desktop.ui.viewmodels.tiles import dashboard_tiles
from pulse_desktop.ui.widgets.buttons import IconButton, Segments
from pulse_desktop.ui.widgets.cards import Card, Heading, ReplayPanel, TileCard
from pulse_desktop.ui.widgets.plot import Plot
from pulse_desktop.ui.widgets.texts import label

_COURSE = 120
"""Samples in a tile's recent course; one per second."""
_TILES = (("pulse", 0), ("buffer", 2), ("clock", 3), ("source", 1))


class ChartCard(Card):
    """One series: its newest reading, and its line."""

    def __init__(self, appearance: Appearance, colour: int) -> None:
        super().__init__((16, 12, 12, 8))
        self.heading, self.plot = Heading(), Plot(appearance, colour)
        self.box.addWidget(self.heading)
        self.box.addWidget(self.plot, 1)
        self._is_named = False
        self.setMinimumHeight(150)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)

    def show_series(self, series: SeriesInfo, seen: Seen, *, is_paused: bool) -> None:
        """A paused chart keeps its line; its heading stays live."""
        if series.type == "bool" and not self._is_named:
            self._is_named = True
            self.plot.name_values({0.0: numbers.value(value_=False), 1.0: numbers.value(value_=True)})
        self.heading.show_reading(series.name, charts.reading_of(series, seen.now, tr))
        points = seen.points.get(series.id)
        if is_paused or points is None:
            return
        line = charts.line_of(points, series.type)
        limits = charts.range_of([line], series.type)
        self.plot.show_line(line, limits, seen.start / 1e6, seen.end / 1e6)


class Dashboard(Page):
    """`span_chosen`: key of a range. `series_chosen`: names. `pause_toggled`: freezes or continues the charts."""

    span_chosen = Signal(str)
    series_chosen = Signal(list)
    pause_toggled = Signal(bool)
    theme_toggled = Signal()

    def __init__(self, appearance: Appearance) -> None:
        super().__init__(tr("Dashboard"))
        self._appearance = appearance
        self.is_paused = False
        self._shown: list[str] = []
        self._series: tuple[SeriesInfo, ...] = ()
        self._courses = [History(_COURSE) for _ in _TILES]
        self.charts: list[ChartCard] = []
        self.spans = Segments(tr("Range"), [(span.key, charts.span_label(span, tr)) for span in charts.SPANS])
        self.spans.chosen.connect(self.span_chosen)
        self.series_button = IconButton(appearance, "choose", tr("Series"))
        self._menu = QMenu(self)
        self._menu.setToolTipsVisible(True)
        self.series_button.clicked.connect(self._open_menu)
        self.pause_button = IconButton(appearance, "pause", tr("Pause"))
        self.pause_button.clicked.connect(self._toggle_pause)
        self.theme_button = IconButton(appearance, "moon", tr("Switch the theme"), is_bare=True)
        self.theme_button.clicked.connect(self.theme_toggled)
        for widget in (self.spans, self.series_button, self.pause_button, self.theme_button):
            self.toolbar.addWidget(widget)
        row = QHBoxLayout()
        row.setSpacing(16)
        self.tiles = [TileCard(appearance, icon, colour) for icon, colour in _TILES]
        for tile in self.tiles:
            row.addWidget(tile, 1)
        self.body.addLayout(row)
        self.replay = ReplayPanel()
        self.replay.hide()
        self.body.addWidget(self.replay)
        inner = QWidget()
        inner.setObjectName("page")
        self._grid = QGridLayout(inner)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(16)
        self._empty = label("label", tr("No series yet. Charts appear with the first reading"))
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._grid.addWidget(self._empty, 0, 0, 1, 2)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inner)
        self.body.addWidget(area, 1)
        appearance.changed.connect(self._restyle)
        self._restyle()

    def show_seen(self, seen: Seen, progress: Progress | None, wanted: list[str]) -> None:
        """`wanted`: names of the series to draw; empty for the first ones."""
        snapshot = seen.snapshot
        if snapshot is not None:
            name = snapshot.name or snapshot.device
            self.show_subtitle(name if name == snapshot.device else f"{name} · {snapshot.device}")
            running = sum(source.state == "running" for source in seen.sources)
            now = (snapshot.produced_per_second, snapshot.waiting, snapshot.buffer_fill, running)
            for course, value in zip(self._courses, now, strict=True):
                course.add(snapshot.written, value)
        for card, tile, course in zip(
            self.tiles, dashboard_tiles(snapshot, seen.sources, tr), self._courses, strict=True
        ):
            card.show_tile(tile, course.values)
        self.replay.setVisible(progress is not None)
        if progress is not None:
            self.replay.show_card(replay_card(snapshot, progress, tr))
        self._series = seen.series
        self._show_charts(charts.choose(seen.series, wanted), seen)

    def _show_charts(self, chosen: list[SeriesInfo], seen: Seen) -> None:
        names = [one.name for one in chosen]
        if names != self._shown:
            self._arrange(0)  # a chart belongs to one series: axis, colour and line
            self._arrange(len(chosen))
            self._shown = names
        for card, series in zip(self.charts, chosen, strict=True):
            card.show_series(series, seen, is_paused=self.is_paused)

    def _arrange(self, count: int) -> None:
        for card in self.charts[count:]:
            self._grid.removeWidget(card)
            card.hide()
            card.deleteLater()
        del self.charts[count:]
        while len(self.charts) < count:
            self.charts.append(ChartCard(self._appearance, len(self.charts)))
        self._empty.setVisible(not count)
        for index, card in enumerate(self.charts):
            is_alone = index == count - 1 and index % 2 == 0
            self._grid.addWidget(card, index // 2, index % 2, 1, 2 if is_alone else 1)

    def _toggle_pause(self) -> None:
        self.is_paused = not self.is_paused
        self.pause_button.show_action(*(("resume", tr("Resume")) if self.is_paused else ("pause", tr("Pause"))))
        self.pause_toggled.emit(self.is_paused)

    def _open_menu(self) -> None:
        self._menu.clear()
        is_full = len(self._shown) >= charts.MOST_CHARTS
        for one in self._series:
            action = self._menu.addAction(one.name.replace("&", "&&"))
            action.setCheckable(True)
            action.setChecked(one.name in self._shown)
            action.setEnabled(action.isChecked() or not is_full)
            action.triggered.connect(lambda _checked=False, name=one.name: self._choose(name))
        if not self._series:
            self._menu.addAction(tr("No series yet")).setEnabled(False)
        self._menu.popup(self.series_button.mapToGlobal(self.series_button.rect().bottomLeft()))

    def _choose(self, name: str) -> None:
        names = [one for one in self._shown if one != name]
        if name not in self._shown:
            names.append(name)
        self.series_chosen.emit(names)

    def _restyle(self) -> None:
        is_dark = self._appearance.tokens.is_dark
        self.theme_button.show_action(
            "sun" if is_dark else "moon", tr("Use the light theme") if is_dark else tr("Use the dark theme")
        )
