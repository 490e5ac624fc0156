"""Exports every reading of some series in a range. Each page is a snapshot of its own, so memory is bounded, a slow
reader holds nothing open, and an interrupted export can be continued."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

from pulse_contracts.errors import Unavailable
from pulse_telemetry_gateway.actions.history import check_range
from pulse_telemetry_gateway.actions.pages import Page, Pages
from pulse_telemetry_gateway.model.errors import InvalidSeries, TooMuch, UnknownPosition
from pulse_telemetry_gateway.model.history.cursors import Key
from pulse_telemetry_gateway.model.history.export_formats import CsvForm, ParquetStream, SeriesName, csv_rows
from pulse_telemetry_gateway.model.storage.chunks import Readings
from pulse_telemetry_gateway.store.history import HistoryStore

_PAGE = 50_000
_ATTEMPTS = 30
SERIES_MAX = 1_000


@dataclass(frozen=True, slots=True)
class ExportPosition:
    """The last reading that was written: its series, and its place in the series."""

    series: int
    key: Key

    def text(self) -> str:
        """Series, t, epoch and seq with commas between, as `ExportPosition.of` reads it."""
        return f"{self.series},{self.key.t},{self.key.epoch},{self.key.seq}"

    @classmethod
    def of(cls, text: str) -> "ExportPosition":
        """Raises UnknownPosition."""
        try:
            series, t, epoch, seq = (int(part) for part in text.split(","))
        except ValueError as error:
            raise UnknownPosition(f"after must be series,t,epoch,seq of the last line, not {text[:100]!r}") from error
        if not all(-(2**63) <= number < 2**63 for number in (series, t, epoch, seq)):
            raise UnknownPosition("after has a number that exceeds 64 bits")
        return cls(series, Key(t, epoch, seq))


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """[start, end) of these series, in this order. `after`: continue after this position."""

    series: tuple[int, ...]
    start: int
    end: int
    after: ExportPosition | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """One page of one series, and the position of its last reading."""

    names: SeriesName
    readings: Readings
    position: ExportPosition


class Export:
    """Reads one page after the other, and retries while the database is down."""

    def __init__(self, pages: Pages, store: HistoryStore, page: int = _PAGE) -> None:
        self._pages, self._store, self._page = pages, store, page

    async def names(self, request: ExportRequest) -> list[SeriesName]:
        """The series that are still to be exported. Raises UnknownSeries, InvalidSeries, InvalidRange, TooMuch and
        UnknownPosition."""
        check_range(request.start, request.end)
        if not request.series:
            raise InvalidSeries("there are no series to export: name at least one")
        if len(request.series) > SERIES_MAX:
            raise TooMuch(f"{len(request.series)} series exceed the limit of {SERIES_MAX}: export fewer at a time")
        await self._pages.check(request.series)
        left = list(dict.fromkeys(request.series))
        if request.after is not None:
            if request.after.series not in left:
                raise UnknownPosition(f"series {request.after.series} is not part of this export")
            left = left[left.index(request.after.series) :]
        found = await self._store.names(left)
        return [found[one] for one in left]

    async def size(self, request: ExportRequest) -> int:
        """Approximate number of readings: those in chunks that touch the range."""
        async with self._store.snapshot() as snapshot:
            return (await snapshot.extent(request.series, request.start, request.end)).n

    async def parts(self, request: ExportRequest, names: Sequence[SeriesName]) -> AsyncGenerator[Part, None]:
        """Every reading once, series by series, ordered by (t, epoch, seq)."""
        after = request.after.key if request.after else None
        for one in names:
            while True:
                page = await self._page_with_retries(one.series, (request.start, request.end), after)
                if len(page.readings):
                    t, epoch, seq = (int(c[-1]) for c in (page.readings.t, page.readings.epoch, page.readings.seq))
                    yield Part(one, page.readings, ExportPosition(one.series, Key(t, epoch, seq)))
                if page.last is None:
                    break
                after = page.last
            after = None

    async def _page_with_retries(self, series: int, span: tuple[int, int], after: Key | None) -> Page:
        attempts = 0
        while True:
            try:
                return await self._pages.page(series, span, after, self._page)
            except Unavailable:
                attempts += 1
                if attempts == _ATTEMPTS:
                    raise
                await asyncio.sleep(1)

    async def stream(
        self, request: ExportRequest, names: Sequence[SeriesName], form: CsvForm | None
    ) -> AsyncGenerator[bytes, None]:
        """The bytes of the file: Parquet when `form` is None, else CSV. A continued CSV has no header."""
        parquet = await asyncio.to_thread(ParquetStream) if form is None else None
        if form is not None and request.after is None:
            yield form.header
        async for part in self.parts(request, names):
            if parquet is None:
                yield await asyncio.to_thread(csv_rows, part.readings, part.names, form)
            else:
                yield await asyncio.to_thread(parquet.add, part.readings, part.names)
        if parquet is not None:
            yield await asyncio.to_thread(parquet.end)
