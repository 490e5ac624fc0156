"""Sources: what each source does, and the newest value of each series."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit, QSizePolicy, QWidget

from pulse_desktop.ui.pages.page import Page
from pulse_desktop.ui.translation import tr
from pulse_desktop.ui.viewmodels import numbers, sources
from pulse_desktop.ui.viewmodels.seen import Seen
from pulse_desktop.ui.widgets.cards import Card
from pulse_desktop.ui.widgets.table import Table
from pulse_desktop.ui.widgets.texts import label

_MOST_SOURCES = 5
"""More sources than these scroll."""
_MOST_ROWS = 300
"""More rows would be slow to fill. The search finds the others."""


class Sources(Page):
    """Both tables are filled while the page is visible only."""

    def __init__(self) -> None:
        super().__init__(tr("Sources"))
        self._seen: Seen | None = None
        self.search = QLineEdit()
        self.search.setPlaceholderText(tr("Search series"))
        self.search.setAccessibleName(tr("Search series"))
        self.search.setClearButtonEnabled(True)
        self.search.setFixedWidth(240)
        self.search.textChanged.connect(lambda _text: self._fill())
        self.toolbar.addWidget(self.search)
        self.sources = Table(
            tr("Sources"), (tr("SOURCE"), tr("RATE"), tr("STATE"), tr("SINCE")), stretched=3, right={1}
        )
        self.sources.fix_badges(2, tr("Collecting"))
        columns = (tr("SERIES"), tr("TYPE"), tr("VALUE"), tr("UNIT"), tr("RATE"), tr("AGE"))
        self.series = Table(tr("Series"), columns, stretched=0, right={2, 4, 5})
        self._no_source = label("label", tr("No source is configured"))
        self._no_series = label("label", tr("No series matches"))
        self._more = label("meta")
        for none in (self._no_source, self._no_series):
            none.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._upper = _card(tr("What collects"), self.sources, self._no_source)
        self.body.addWidget(self._upper)
        self.body.addWidget(_card(tr("Series and their newest values"), self.series, self._no_series, self._more), 1)

    def show_seen(self, seen: Seen) -> None:
        """Shows what the engine says."""
        self._seen = seen
        self.show_subtitle(sources.subtitle(seen.sources, tr))
        if self.isVisible():
            self._fill()

    def _fill(self) -> None:
        if self._seen is None:
            return
        rows = sources.source_rows(self._seen.sources, tr)
        self._show(self.sources, self._no_source, len(rows))
        self.sources.show_rows(_MOST_SOURCES)
        for index, source in enumerate(rows):
            self.sources.show_texts(index, (source.name, source.rate, "", source.note))
            self.sources.show_badge(index, 2, source.state, source.tone)
        words = self.search.text().casefold().split()
        matching = [one for one in self._seen.series if all(word in one.name.casefold() for word in words)]
        shown = sources.series_rows(matching, self._seen.now, tr)[:_MOST_ROWS]
        self._more.setVisible(len(matching) > len(shown))
        more = tr("{shown} of {count} series. Search to see others.")
        self._more.setText(more.format(shown=numbers.count(len(shown)), count=numbers.count(len(matching))))
        self._show(self.series, self._no_series, len(shown))
        for index, one in enumerate(shown):
            self.series.show_texts(index, (one.name, one.kind, one.value, one.unit, one.rate, one.age))

    @staticmethod
    def _show(table: Table, none: QWidget, count: int) -> None:
        table.setVisible(count > 0)
        none.setVisible(count == 0)
        if table.rowCount() != count:
            table.setRowCount(count)


def _card(title: str, table: Table, none: QWidget, below: QWidget | None = None) -> Card:
    made = Card((16, 12, 12, 8))
    made.box.addWidget(label("title", title))
    made.box.addWidget(table, 1)
    made.box.addWidget(none, 1)
    if below is not None:
        made.box.addWidget(below)
    made.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
    return made
