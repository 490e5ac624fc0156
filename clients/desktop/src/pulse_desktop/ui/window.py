"""The window: side bar, pages, banner and status bar."""

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QCloseEvent, QHideEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget

from pulse_desktop.ui.appearance import Appearance
from pulse_desktop.ui.icons import icon
from pulse_desktop.ui.pages.dashboard import Dashboard
from pulse_desktop.ui.pages.page import Page
from pulse_desktop.ui.pages.sources import Sources
from pulse_desktop.ui.pages.sync import Sync
from pulse_desktop.ui.poller import Poller
from pulse_desktop.ui.remembered import Remembered
from pulse_desktop.ui.translation import tr
from pulse_desktop.ui.viewmodels.backlog import BacklogWatch
from pulse_desktop.ui.viewmodels.charts import SPANS
from pulse_desktop.ui.viewmodels.seen import Seen
from pulse_desktop.ui.widgets.side import Side
from pulse_desktop.ui.widgets.status import Status


class Window(QWidget):
    """`closing`: a person closed it; the application decides what that means. `session_ending`: the session of the
    desktop ends."""

    closing = Signal()
    session_ending = Signal()

    def __init__(self, poller: Poller, appearance: Appearance, folder: Path) -> None:
        """`folder`: the state directory, where the window remembers its size."""
        super().__init__()
        self.setObjectName("window")
        self.setWindowTitle(tr("PrecisionPulse collector"))
        self.setMinimumSize(960, 640)
        self._poller, self._appearance, self._folder = poller, appearance, folder
        self._backlog = BacklogWatch()
        self.has_snapshot = False
        self._remembered = Remembered.load(folder)
        self.dashboard, self.sources, self.sync = Dashboard(appearance), Sources(), Sync(appearance)
        self._pages: dict[str, Page] = {"dashboard": self.dashboard, "sources": self.sources, "sync": self.sync}
        names = [
            ("dashboard", "dashboard", tr("Dashboard")),
            ("sources", "source", tr("Sources")),
            ("sync", "sync", tr("Sync & buffer")),
        ]
        self.side, self.status = Side(appearance, names), Status(appearance)
        self.banner, self.banner_text = QFrame(), QLabel()
        self._stack = QStackedWidget()
        for page in self._pages.values():
            self._stack.addWidget(page)
        self._arrange()
        self._connect()
        self.resize(self._remembered.width, self._remembered.height)
        self.open_page(self._remembered.page)
        self._choose_span(self._remembered.span)
        self._choose_series(self._remembered.series)
        self._restyle()
        self._show(poller.last)
        self.setFocus()  # otherwise the first button is drawn as focused

    def _arrange(self) -> None:
        self.banner.setObjectName("banner")
        self.banner_text.setWordWrap(True)
        inside = QHBoxLayout(self.banner)
        inside.setContentsMargins(12, 8, 12, 8)
        inside.addWidget(self.banner_text)
        self.banner.hide()
        above = QVBoxLayout()
        above.setContentsMargins(24, 12, 24, 0)
        above.addWidget(self.banner)
        self._above = QWidget()
        self._above.setObjectName("page")
        self._above.setLayout(above)
        self._above.hide()
        right = QVBoxLayout()
        right.setSpacing(0)
        right.addWidget(self._above)
        right.addWidget(self._stack, 1)
        middle = QHBoxLayout()
        middle.setSpacing(0)
        middle.addWidget(self.side)
        middle.addLayout(right, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(middle, 1)
        column.addWidget(self.status)

    def _connect(self) -> None:
        self._poller.seen.connect(self._show)
        self.side.chosen.connect(self.open_page)
        self.dashboard.span_chosen.connect(self._choose_span)
        self.dashboard.series_chosen.connect(self._choose_series)
        self.dashboard.pause_toggled.connect(self._wish)
        self.dashboard.theme_toggled.connect(self._toggle_theme)
        self.sync.limit_chosen.connect(self._poller.limit_replay)
        self._poller.limit_refused.connect(self.sync.forget_choice)
        self._appearance.changed.connect(self._restyle)

    def open_page(self, key: str) -> None:
        """Shows a page; the dashboard for an unknown key."""
        key = key if key in self._pages else "dashboard"
        self._stack.setCurrentWidget(self._pages[key])
        self.side.select(key)
        self._remembered.page = key
        self._wish()

    def raise_window(self) -> None:
        """Brings the window to the front, also from the tray."""
        self.showNormal()
        self.raise_()
        self.activateWindow()

    def remember_language(self, language: str) -> None:
        """Saves the language with the rest."""
        self._remembered.language = language

    def remember(self) -> None:
        """Saves size, page, range, series and theme. Raises OSError."""
        self._remembered.width = max(640, self.width())
        self._remembered.height = max(480, self.height())
        self._remembered.save(self._folder)

    def _choose_span(self, key: str) -> None:
        span = next((span for span in SPANS if span.key == key), SPANS[1])
        self._remembered.span = span.key
        self._poller.wishes.span = span
        self.dashboard.spans.select(span.key)
        self._poller.refresh()

    def _choose_series(self, names: list[str]) -> None:
        self._remembered.series = names[:64]
        self._poller.wishes.series = list(names)
        self._poller.refresh()

    def _toggle_theme(self) -> None:
        self._appearance.toggle()
        self._remembered.theme = self._appearance.theme

    def _wish(self) -> None:
        page = self._stack.currentWidget()
        wishes = self._poller.wishes
        wishes.draws = page is self.dashboard and not self.dashboard.is_paused
        wishes.lists_batches = page is self.sync
        wishes.is_visible = self.isVisible()
        self._poller.refresh()

    def _show(self, seen: Seen) -> None:
        progress = self._backlog.progress
        if seen.snapshot is not None:
            progress = self._backlog.update(seen.snapshot)
            self.has_snapshot = True
        self.banner_text.setText(seen.problem)
        self.banner.setVisible(bool(seen.problem))
        self._above.setVisible(bool(seen.problem))
        self.status.show_seen(seen, progress)
        self.dashboard.show_seen(seen, progress, self._poller.wishes.series)
        self.sources.show_seen(seen)
        self.sync.show_seen(seen, progress)

    def _restyle(self) -> None:
        self.setWindowIcon(icon("pulse", self._appearance.tokens.accent))

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802  # Qt's name
        """Charts are drawn while the window is visible only."""
        super().showEvent(event)
        self._wish()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802  # Qt's name
        """See `showEvent`."""
        super().hideEvent(event)
        self._wish()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802  # Qt's name
        """Leaves the decision to the application. When the session ends, an ignored event would cancel the logout."""
        application = QApplication.instance()
        if isinstance(application, QApplication) and application.isSavingSession():
            event.accept()
            self.session_ending.emit()
            return
        event.ignore()
        self.closing.emit()
