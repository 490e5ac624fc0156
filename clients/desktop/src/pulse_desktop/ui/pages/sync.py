"""Sync & buffer: how far the backlog is delivered, what is on disk, the newest batches, and the limit of the replay."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from pulse_desktop.client.port import ReplayLimit
from pulse_desktop.ui.appearance import Appearance
from pulse_desktop.ui.pages.page import Page
from pulse_desktop.ui.translation import tr
from pulse_desktop.ui.viewmodels import batches, charts, numbers
from pulse_desktop.ui.viewmodels.backlog import Progress
from pulse_desktop.ui.viewmodels.condition import say
from pulse_desktop.ui.viewmodels.history import History
from pulse_desktop.ui.viewmodels.limits import choices, limit_of, rate_label
from pulse_desktop.ui.viewmodels.replaying import replay_card
from pulse_desktop.ui.viewmodels.seen import Seen
from pulse_desktop.ui.viewmodels.tiles import sync_tiles
from pulse_desktop.ui.widgets.buttons import Choice, IconButton
from pulse_desktop.ui.widgets.cards import Card, Heading, ReplayPanel, TileCard
from pulse_desktop.ui.widgets.plot import Plot
from pulse_desktop.ui.widgets.table import Table
from pulse_desktop.ui.widgets.texts import label

_APPLIED_WITHIN = 5_000_000
"""Microseconds after which the limit of the engine is shown, although it is not the chosen one."""
_DEPTH_SAMPLES = 3_600
"""One per second: the last hour that this window has seen."""


class Sync(Page):
    """`limit_chosen`: a `ReplayLimit`."""

    limit_chosen = Signal(object)

    def __init__(self, appearance: Appearance) -> None:
        super().__init__(tr("Sync & buffer"))
        self._limit = ReplayLimit()
        self._wanted: ReplayLimit | None = None
        self._wanted_until = self._written = 0
        self._offered: list[float | None] = []
        self._rows: list[batches.BatchRow] = []
        self._depth = History(_DEPTH_SAMPLES)
        self.rates = Choice(appearance)
        self.rates.setAccessibleName(tr("Rate limit of the replay"))
        self.rates.setToolTip(tr("Rate limit of the replay"))
        self.rates.setSizeAdjustPolicy(Choice.SizeAdjustPolicy.AdjustToContents)
        self.rates.activated.connect(self._choose_rate)
        self.pause_button = IconButton(appearance, "pause", tr("Pause replay"))
        self.pause_button.clicked.connect(self._toggle_pause)
        self.toolbar.addWidget(label("label", tr("Rate limit")))
        self.toolbar.addWidget(self.rates)
        self.toolbar.addWidget(self.pause_button)
        self.replay = ReplayPanel()
        self.body.addWidget(self.replay)
        row = QHBoxLayout()
        row.setSpacing(16)
        self.tiles = [TileCard(appearance) for _ in range(4)]
        for tile in self.tiles:
            row.addWidget(tile, 1)
        self.body.addLayout(row)
        self.heading, self.depth_plot = Heading(), Plot(appearance, 0)
        self.table = _table()
        self._none = label("label", tr("No batch was sent since the start"))
        self._none.setAlignment(Qt.AlignmentFlag.AlignCenter)
        lower = QHBoxLayout()
        lower.setSpacing(16)
        lower.addWidget(_card(self.heading, self.depth_plot), 1)
        lower.addWidget(_card(label("title", tr("Recent batches")), self.table, self._none), 1)
        self.body.addLayout(lower, 1)
        self._show_limit(ReplayLimit())

    def show_seen(self, seen: Seen, progress: Progress | None) -> None:
        """Shows what the engine says."""
        snapshot = seen.snapshot
        said = say(snapshot, tr)
        self.show_subtitle(said.sentence)
        self.replay.show_card(replay_card(snapshot, progress, tr))
        for card, tile in zip(self.tiles, sync_tiles(snapshot, tr), strict=True):
            card.show_tile(tile)
        if snapshot is not None:
            self._depth.add(snapshot.written, snapshot.waiting)
            self._written = snapshot.written
            limit = limit_of(snapshot.replay)
            if limit == self._wanted or snapshot.written > self._wanted_until:
                self._wanted = None
            if self._wanted is None and limit != self._limit:
                self._show_limit(limit)
            if self.isVisible():
                self._show_depth(snapshot.waiting)
        self._show_batches(batches.rows_of(seen.batches, tr))

    def _show_depth(self, waiting: int) -> None:
        times = [t / 1e6 for t in self._depth.times]
        values = self._depth.values
        line = charts.Line(times, values, [], [])
        top = max((*values, 10.0)) * 1.08
        since = tr("Since {time}").format(time=numbers.clock_time(self._depth.times[0]))
        reading = charts.Reading(numbers.count(waiting), tr("readings"), "", "quiet", since)
        self.heading.show_reading(tr("Buffer depth"), reading)
        self.depth_plot.show_line(line, (0.0, top), min(times[0], times[-1] - 60), times[-1])

    def _show_batches(self, rows: list[batches.BatchRow]) -> None:
        self.table.setVisible(bool(rows))
        self._none.setVisible(not rows)
        if rows == self._rows:
            return
        self._rows = rows
        self.table.setRowCount(len(rows))
        for index, row in enumerate(rows):
            self.table.show_texts(index, (row.number, row.readings, row.lane, row.sent))
            self.table.show_badge(index, 4, row.state, row.tone)

    def _show_limit(self, limit: ReplayLimit) -> None:
        self._limit = limit
        self._offered = choices(limit)
        self.rates.clear()
        for rate in self._offered:
            self.rates.addItem(rate_label(rate, tr))
        self.rates.setCurrentIndex(self._offered.index(limit.rate))
        action = ("resume", tr("Resume replay")) if limit.is_paused else ("pause", tr("Pause replay"))
        self.pause_button.show_action(*action)

    def _choose_rate(self, index: int) -> None:
        self._emit(ReplayLimit(is_paused=self._limit.is_paused, rate=self._offered[index]))

    def _toggle_pause(self) -> None:
        self._emit(ReplayLimit(is_paused=not self._limit.is_paused, rate=self._limit.rate))

    def _emit(self, limit: ReplayLimit) -> None:
        """Shows the choice until the engine applies it, so that a second choice builds on it."""
        self._wanted, self._wanted_until = limit, self._written + _APPLIED_WITHIN
        self._show_limit(limit)
        self.limit_chosen.emit(limit)

    def forget_choice(self) -> None:
        """The engine refused the newest choice: shows the limit that applies."""
        self._wanted = None


def _card(*widgets: QWidget) -> Card:
    made = Card((16, 12, 12, 8))
    for widget in widgets:
        made.box.addWidget(widget, 1 if widget is widgets[-1] or isinstance(widget, Table) else 0)
    made.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
    return made


def _table() -> Table:
    names = (tr("BATCH"), tr("READINGS"), tr("LANE"), tr("SENT"), tr("STATE"))
    made = Table(tr("Recent batches"), names, stretched=2, right={1})
    made.fix_badges(4, tr("Acknowledged"))
    return made
