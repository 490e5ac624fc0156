"""Readings over HTTP: one series sampled or in pages, or several series on one axis."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Depends, Path, Query
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from pulse_chassis.http.problems import responses
from pulse_telemetry_gateway.actions.history import Aligned, Sampled, check_range, values
from pulse_telemetry_gateway.model.errors import (
    ForeignCursor,
    InvalidCalendar,
    InvalidRange,
    InvalidSeries,
    TooMuch,
    UnknownSeries,
)
from pulse_telemetry_gateway.model.history.calendar import edges, zone_of
from pulse_telemetry_gateway.model.history.levels import Source
from pulse_telemetry_gateway.model.storage.columns import FLOAT, Ints
from pulse_telemetry_gateway.model.storage.rollups import Rollups
from pulse_telemetry_gateway.routes.dependencies import Dependencies, Micros, Value

router = APIRouter()
_PAGE = 10_000
_EVERY_MAX = 5_000


class ReadingsQuery(BaseModel):
    """`points` applies to a sample; `cursor` and `limit` to pages of single readings (`raw=true`)."""

    start: Annotated[Micros, Field(alias="from")]
    end: Annotated[Micros, Field(alias="to")]
    points: Annotated[int, Field(ge=4, le=5_000)] = 1_200
    raw: bool = False
    cursor: Annotated[str | None, Field(max_length=64)] = None
    limit: Annotated[int, Field(ge=1, le=_PAGE)] = _PAGE


class ReadingsView(BaseModel):
    """Real readings, ascending in time. When `sampled`, the first, minimum, maximum and last reading of each bucket.
    `level`: the stored level that answered. `gaps`: the widest spans without readings. `late`: readings that arrived
    more than a minute after their time. `clock_suspect`: the device's clock was off. `unreadable`: stored batches of
    the device that cannot be decoded and may hold readings of this series. `ahead_from`: time from which readings are
    in the future; null: none are."""

    series: int
    from_: Annotated[int, Field(alias="from", serialization_alias="from")]
    to: int
    n: int
    sampled: bool
    t: list[int]
    v: list[Value]
    level: Source
    gaps: list[tuple[int, int]]
    late: int
    clock_suspect: bool
    unreadable: int
    ahead_from: int | None


class PageView(BaseModel):
    """Every reading with its identity, ordered by (t, epoch, seq). `next`: the cursor of the next page; null: this is
    the last page. Readings that arrive later for a time that was already read are not included. `level`, `gaps`,
    `late`, `clock_suspect`, `unreadable` and `ahead_from` describe this page, as for a sample."""

    series: int
    from_: Annotated[int, Field(alias="from", serialization_alias="from")]
    to: int
    t: list[int]
    v: list[Value]
    epoch: list[str]
    seq: list[int]
    next: str | None
    level: Source
    gaps: list[tuple[int, int]]
    late: int
    clock_suspect: bool
    unreadable: int
    ahead_from: int | None


class AlignedSeries(BaseModel):
    """One value per bucket; null where there is no reading."""

    series: int
    n: list[int]
    min: list[Value | None]
    max: list[Value | None]
    first: list[Value | None]
    last: list[Value | None]
    mean: list[float | None]


class AlignedView(BaseModel):
    """`t`: start of each bucket. A bucket ends where the next one starts, the last one at `to`. `width`: length of the
    longest bucket. The first and the last bucket are shorter when `from` and `to` are not multiples of it."""

    from_: Annotated[int, Field(alias="from", serialization_alias="from")]
    to: int
    width: int
    level: Source
    late: int
    clock_suspect: bool
    unreadable: int
    ahead_from: int | None
    t: list[int]
    items: list[AlignedSeries]


@router.get(
    "/series/{series_id}/readings",
    operation_id="list_readings",
    responses=responses(UnknownSeries, InvalidRange, ForeignCursor),
)
async def readings(
    deps: Dependencies, series_id: Annotated[int, Path(ge=0, lt=2**31)], query: Annotated[ReadingsQuery, Query()]
) -> ReadingsView | PageView:
    """Readings of [from, to) in microseconds: at most `points`, or with `raw=true` every reading, `limit` per page."""
    start, end = query.start, query.end
    if query.raw:
        page, following = await deps.pages.at(series_id, (start, end), query.cursor, query.limit)
        found = page.readings
        return PageView.model_construct(
            series=series_id,
            from_=start,
            to=end,
            t=found.t.tolist(),
            v=values(found.word, page.kind),
            epoch=[str(epoch) for epoch in found.epoch.tolist()],
            seq=found.seq.tolist(),
            next=following,
            level=page.quality.source,
            gaps=page.quality.gaps,
            late=page.quality.late,
            clock_suspect=page.quality.clock_suspect,
            unreadable=page.quality.unreadable,
            ahead_from=page.quality.ahead_from,
        )
    return sampled_view(series_id, (start, end), await deps.history.readings(series_id, start, end, query.points))


def sampled_view(series: int, span: tuple[int, int], sampled: Sampled) -> ReadingsView:
    """A sample of [span[0], span[1]) as JSON."""
    start, end = span
    return ReadingsView.model_construct(
        series=series,
        from_=start,
        to=end,
        n=sampled.n,
        sampled=sampled.is_sampled,
        t=sampled.t,
        v=sampled.v,
        level=sampled.quality.source,
        gaps=sampled.quality.gaps,
        late=sampled.quality.late,
        clock_suspect=sampled.quality.clock_suspect,
        unreadable=sampled.quality.unreadable,
        ahead_from=sampled.quality.ahead_from,
    )


@dataclass(frozen=True)
class Buckets:
    """Divides a range into at most `points` equal buckets, or by the calendar of `tz`."""

    points: int
    every: str | None
    tz: str

    def of(self, start: int, end: int) -> int | list[int]:
        """The number of buckets, or their edges. Raises InvalidRange, InvalidCalendar, TooMuch."""
        check_range(start, end)
        return self.points if self.every is None else edges(start, end, self.every, zone_of(self.tz), _EVERY_MAX)


async def _buckets(
    points: Annotated[int, Query(ge=1, le=5_000)] = 300,
    every: Annotated[
        str | None,
        Query(
            max_length=8,
            description="15m, 1h, 1d, 1w, 1mo or 1y, instead of `points`; hours are counted from the first midnight",
            examples=["1d"],
        ),
    ] = None,
    tz: Annotated[
        str, Query(max_length=64, description="the time zone of `every`", examples=["Europe/Berlin"])
    ] = "UTC",
) -> Buckets:
    return Buckets(points, every, tz)


@router.get(
    "/readings",
    operation_id="align_readings",
    responses=responses(UnknownSeries, InvalidRange, InvalidSeries, InvalidCalendar, TooMuch),
)
async def aligned(
    deps: Dependencies,
    series: Annotated[str, Query(max_length=1_000, examples=["1,2,3"])],
    start: Annotated[Micros, Query(alias="from")],
    end: Annotated[Micros, Query(alias="to")],
    buckets: Annotated[Buckets, Depends(_buckets)],
) -> AlignedView:
    """Several series (at most 50) in the same buckets over exactly [from, to): at most `points` buckets, or by the
    calendar."""
    chosen = buckets.of(start, end)
    found = await deps.history.aligned(numbers(series), start, end, chosen)
    axis = found.plan
    return AlignedView.model_construct(
        from_=axis.start,
        to=axis.end,
        width=axis.width,
        level=found.quality.source,
        late=found.quality.late,
        clock_suspect=found.quality.clock_suspect,
        unreadable=found.quality.unreadable,
        ahead_from=found.quality.ahead_from,
        t=list(axis.edges[:-1]),
        items=[_one(found, one) for one in found.kinds],
    )


def numbers(text: str) -> list[int]:
    """Parses numbers separated by commas. Raises InvalidSeries."""
    parts = text.split(",")
    if not all(part.isascii() and part.isdigit() and len(part) <= 10 and int(part) < 2**31 for part in parts):
        raise InvalidSeries(f"series must be numbers separated by commas, not {text[:100]!r}")
    return [int(part) for part in parts]


def _one(found: Aligned, series: int) -> AlignedSeries:
    mine = found.found.take(found.found.series == series)
    kind, buckets = found.kinds[series], found.plan.buckets
    where = np.searchsorted(np.asarray(found.plan.edges, np.int64), mine.bucket, "right") - 1
    words = {name: _spread(values(getattr(mine, name), kind), where, buckets) for name in _WORDS}
    mean = _mean(mine)
    return AlignedSeries.model_construct(
        series=series,
        n=_dense(mine.n, where, buckets),
        min=words["low"],
        max=words["high"],
        first=words["first"],
        last=words["last"],
        mean=_spread([m if np.isfinite(m) else None for m in mean.tolist()], where, buckets),
    )


_WORDS = ("low", "high", "first", "last")


def _mean(mine: Rollups) -> NDArray[np.float64]:
    """Clipped to the extremes, because a binary64 sum may round beyond them."""
    with np.errstate(invalid="ignore"):
        mean = mine.total / mine.n
    if len(mine) and int(mine.kind[0]) == FLOAT:
        return np.clip(mean, mine.low.view(np.float64), mine.high.view(np.float64))
    return mean


def _dense(n: Ints, where: Ints, buckets: int) -> list[int]:
    found = np.zeros(buckets, np.int64)
    found[where] = n
    counts: list[int] = found.tolist()
    return counts


def _spread(found: list[Value] | list[float | None], where: Ints, buckets: int) -> list[Value | None]:
    spread: list[Value | None] = [None] * buckets
    for at, one in zip(where.tolist(), found, strict=True):
        spread[at] = one
    return spread
