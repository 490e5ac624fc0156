"""The status bar: connection, replay, buffer; sources, where the engine runs, and the time."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QWidget

from pulse_desktop.ui.appearance import Appearance
from pulse_desktop.ui.translation import tr
from pulse_desktop.ui.viewmodels import numbers
from pulse_desktop.ui.viewmodels.backlog import Progress
from pulse_desktop.ui.viewmodels.condition import Condition, condition_of, say_link
from pulse_desktop.ui.viewmodels.replaying import buffer_text, status_text
from pulse_desktop.ui.viewmodels.seen import Seen
from pulse_desktop.ui.widgets.texts import Dot, set_property

HEIGHT = 36


class Status(QWidget):
    """Shows the state of the collector on every page."""

    def __init__(self, appearance: Appearance) -> None:
        super().__init__()
        self.setObjectName("status")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(HEIGHT)
        self._link_dot, self.link = Dot(appearance), QLabel()
        self._replay_rule, self._replay_dot, self.replay = _rule(), Dot(appearance), QLabel()
        self._replay_bar, self._buffer_bar, self.buffer = _bar(), _bar(), QLabel()
        self.sources, self.engine, self.clock = QLabel(), QLabel(), QLabel()
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 0, 16, 0)
        row.setSpacing(8)
        for widget in (
            self._link_dot,
            self.link,
            self._replay_rule,
            self._replay_dot,
            self.replay,
            self._replay_bar,
            _rule(),
            QLabel(tr("Buffer")),
            self._buffer_bar,
            self.buffer,
        ):
            row.addWidget(widget)
        row.addStretch()
        for widget in (self.sources, _rule(), self.engine, _rule(), self.clock):
            row.addWidget(widget)

    def show_seen(self, seen: Seen, progress: Progress | None) -> None:
        """Shows what the engine says."""
        snapshot = seen.snapshot
        link = say_link(snapshot, tr)
        self.link.setText(tr("No answer") if seen.problem else link.word)
        self.link.setToolTip(link.sentence)
        self._link_dot.show_tone("crit" if seen.problem else link.tone)
        replay = status_text(snapshot, progress, tr)
        for widget in (self._replay_rule, self._replay_dot, self.replay, self._replay_bar):
            widget.setVisible(replay is not None)
        if replay is not None and progress is not None:
            self.replay.setText(replay.word)
            self._replay_dot.show_tone(replay.tone)
            self._replay_bar.setValue(round(1_000 * progress.share))
        self.buffer.setText(buffer_text(snapshot, tr))
        self._buffer_bar.setValue(round(1_000 * (snapshot.buffer_fill if snapshot else 0.0)))
        tones = {Condition.FULL: "crit", Condition.NEARLY_FULL: "warn"}
        set_property(self._buffer_bar, "tone", tones.get(condition_of(snapshot), "quiet"))
        running = sum(source.state == "running" for source in seen.sources)
        counts = {"running": numbers.count(running), "all": numbers.count(len(seen.sources))}
        self.sources.setText(tr("{running} of {all} sources").format_map(counts))
        self.engine.setText(tr("Attached to the service") if seen.is_attached else tr("Collecting in this window"))
        self.clock.setText(numbers.clock_time(seen.now))


def _rule() -> QFrame:
    made = QFrame()
    made.setObjectName("divider")
    made.setFixedSize(1, 16)
    return made


def _bar() -> QProgressBar:
    made = QProgressBar()
    made.setRange(0, 1_000)
    made.setTextVisible(False)
    made.setFixedWidth(90)
    return made
