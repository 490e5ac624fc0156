"""Everything of some series in a range, however much: in pages of one snapshot each, so that memory is bounded, nothing
is held open for a slow reader, and it may go on where it was broken off."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

from pulse_contracts.errors import DomainError, Unavailable
from pulse_telemetry_gateway.actions.history import BadRange, TooMuch, check_range
from pulse_telemetry_gateway.actions.pages import Page, Pages
from pulse_telemetry_gateway.model.chunks import Readings
from pulse_telemetry_gateway.model.cursors import Key
from pulse_telemetry_gateway.model.tables import CsvForm, ParquetStream, SeriesName, csv_rows
from pulse_telemetry_gateway.store.history import HistoryStore

_PAGE = 50_000
_PATIENCE = 30
SERIES_MAX = 1_000


class ForeignPlace(DomainError):
    """`after` is no line of this export."""

    code, status = "foreign_place", 422


@dataclass(frozen=True, slots=True)
class Place:
    """The last reading that is safe: of which series, and where in it."""

    series: int
    key: Key

    def text(self) -> str:
        """As `Place.of` reads it: series, t, epoch and seq, with commas between."""
        return f"{self.series},{self.key.t},{self.key.epoch},{self.key.seq}"

    @classmethod
    def of(cls, text: str) -> "Place":
        """Raises ForeignPlace."""
        try:
            series, t, epoch, seq = (int(part) for part in text.split(","))
        except ValueError as error:
            raise ForeignPlace(f"after is series,t,epoch,seq of the last line, got {text[:100]!r}") from error
        if not all(-(2**63) <= number < 2**63 for number in (series, t, epoch, seq)):
            raise ForeignPlace("after has a number beyond 64 bits")
        return cls(series, Key(t, epoch, seq))


@dataclass(frozen=True, slots=True)
class Wanted:
    """[start, end) of these series, in this order; after a place, if it is a continuation."""

    series: tuple[int, ...]
    start: int
    end: int
    after: Place | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """One page, of one series, and the place of its last reading."""

    whose: SeriesName
    readings: Readings
    place: Place


class Export:
    """Reads pages one after the other, and waits while the database is away."""

    def __init__(self, pages: Pages, store: HistoryStore, page: int = _PAGE) -> None:
        self._pages, self._store, self._page = pages, store, page

    async def names(self, wanted: Wanted) -> list[SeriesName]:
        """The series that are still to come. Raises UnknownSeries, BadRange, TooMuch, ForeignPlace: before anything
        is given out."""
        check_range(wanted.start, wanted.end)
        if not wanted.series:
            raise BadRange("there is no series to export")
        if len(wanted.series) > SERIES_MAX:
            raise TooMuch(f"{len(wanted.series)} series, {SERIES_MAX} are the most")
        await self._pages.check(wanted.series)
        left = list(dict.fromkeys(wanted.series))
        if wanted.after is not None:
            if wanted.after.series not in left:
                raise ForeignPlace(f"series {wanted.after.series} is not in this export")
            left = left[left.index(wanted.after.series) :]
        found = await self._store.names(left)
        return [found[one] for one in left]

    async def size(self, wanted: Wanted) -> int:
        """About how many readings: those in chunks that touch the range."""
        async with self._store.snapshot() as snapshot:
            return (await snapshot.extent(wanted.series, wanted.start, wanted.end)).n

    async def parts(self, wanted: Wanted, names: Sequence[SeriesName]) -> AsyncGenerator[Part, None]:
        """Every reading once, series by series, in order of (t, epoch, seq)."""
        after = wanted.after.key if wanted.after else None
        for whose in names:
            while True:
                page = await self._patiently(whose.series, (wanted.start, wanted.end), after)
                if len(page.readings):
                    t, epoch, seq = (int(c[-1]) for c in (page.readings.t, page.readings.epoch, page.readings.seq))
                    yield Part(whose, page.readings, Place(whose.series, Key(t, epoch, seq)))
                if page.last is None:
                    break
                after = page.last
            after = None

    async def _patiently(self, series: int, span: tuple[int, int], after: Key | None) -> Page:
        attempts = 0
        while True:
            try:
                return await self._pages.page(series, span, after, self._page)
            except Unavailable:
                attempts += 1
                if attempts == _PATIENCE:
                    raise
                await asyncio.sleep(1)

    async def stream(
        self, wanted: Wanted, names: Sequence[SeriesName], form: CsvForm | None
    ) -> AsyncGenerator[bytes, None]:
        """The file's bytes: Parquet where no form of CSV is given. A continued CSV has no header."""
        parquet = await asyncio.to_thread(ParquetStream) if form is None else None
        if form is not None and wanted.after is None:
            yield form.header
        async for part in self.parts(wanted, names):
            if parquet is None:
                yield await asyncio.to_thread(csv_rows, part.readings, part.whose, form)
            else:
                yield await asyncio.to_thread(parquet.add, part.readings, part.whose)
        if parquet is not None:
            yield await asyncio.to_thread(parquet.end)
