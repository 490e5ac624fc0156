"""Telemetry delivery (protocol A): readings up, acknowledgements down. Ranges are half-open; times are microseconds."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from pulse_contracts.message import (
    MAX_SEQ,
    PRINTABLE,
    DeviceName,
    EpochNumber,
    Lane,
    Message,
    Micros,
    Seq,
    SeqRange,
    ValueType,
)

MAX_BATCH = 1_000
"""Readings in one batch at most."""
MAX_EPOCHS = 100
"""Epochs in one hello at most."""
MAX_SERIES = 1_000
"""Series in one declaration at most; a collector with more sends several."""
MAX_RANGES = 1_024

LocalSeriesId = Annotated[int, Field(ge=0, le=2**31 - 1, strict=True)]
SessionId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
SeriesDigest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Ord = Annotated[int, Field(ge=0, le=2**62, strict=True)]
"""Order of a device's lives in time. What may be read is wider than what is believed: see `MAX_ORD`."""
MAX_ORD = 2**53
"""The highest `ord` that a gateway takes or a collector gives. Each process start adds one, so no device comes near it;
who is told a higher one does not follow."""
ORD_JUMP = 2**32
"""How far an `ord` may lie above the highest known of its device: a start every second for 136 years."""
OrdEpoch = tuple[Ord, EpochNumber]
RefusalCode = Literal["unknown_series", "wrong_type", "not_finite", "implausible_time", "out_of_range"]
DropReason = Literal["overflow", "expired", "thinned", "unreadable"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Refused(_Part):
    seq: Seq
    code: RefusalCode
    detail: Annotated[str, StringConstraints(max_length=200)] = ""


class Uplink(Message):
    """Base of what a collector sends. The topic names the device; a payload that names another one is quarantined."""

    device: DeviceName | None = None


class PendingEpoch(_Part):
    """Readings `[lo, hi)` of one epoch that the collector still holds, `n` of them."""

    epoch: EpochNumber
    lo: Seq
    hi: Seq
    n: Annotated[int, Field(ge=0, strict=True)]


class RefusalsKept(_Part):
    """Refused readings of one epoch that the collector's quarantine holds."""

    epoch: EpochNumber
    ranges: Annotated[list[SeqRange], Field(min_length=1, max_length=MAX_RANGES)]


class Hello(Uplink):
    """The first word after every connect, repeated each second until the `Have` of this session is here.

    `epoch` and `ord` are those of the running life, `next` its next sequence number. `series` is the digest of the
    declaration that the collector is going to use (see `SeriesDeclared.digest`). Oldest epochs come first; more follow
    in the next hello once these are settled. `kept` confirms refusals: the gateway repeats each until it was in there.
    """

    epoch: EpochNumber
    ord: Ord
    next: Seq
    pending: Annotated[list[PendingEpoch], Field(max_length=MAX_EPOCHS)]
    session: SessionId
    series: SeriesDigest
    kept: list[RefusalsKept] = Field(default_factory=list, max_length=MAX_EPOCHS)


class EpochSettled(_Part):
    """`refused`: which of the settled readings were refused and are not confirmed as kept. No other refused reading
    that is not confirmed is settled here."""

    epoch: EpochNumber
    settled: list[SeqRange]
    refused: list[Refused] = Field(default_factory=list, max_length=MAX_BATCH)


class Have(Message):
    """The ledger's answer to a hello: what is settled of the epochs asked about, the two newest lives the gateway has
    seen, how many unacknowledged batches it accepts, and the digest of the declaration it holds (None: declare again).
    """

    session: SessionId
    newest: Annotated[list[OrdEpoch], Field(max_length=2)]
    epochs: Annotated[list[EpochSettled], Field(max_length=MAX_EPOCHS)]
    credit: Annotated[int, Field(ge=0, le=10_000)]
    series: SeriesDigest | None


class SeriesDeclaration(_Part):
    """One series of a device. `id` is the collector's own small integer, given once on that disk and never reused;
    a change of type is a new id. `interval`: nominal distance of two readings in microseconds, if there is one."""

    id: LocalSeriesId
    name: Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9_.:/-]+$")]
    display_name: Annotated[str, StringConstraints(max_length=128, pattern=PRINTABLE)] = ""
    type: ValueType
    unit: Annotated[str, StringConstraints(max_length=32, pattern=PRINTABLE)] = ""
    interval: Annotated[int, Field(gt=0, le=2**62)] | None = None


class SeriesDeclared(Uplink):
    """Part `part` of `parts` of the series that the life `catalog` (its epoch) uses in its batches; `digest` is the
    SHA-256 over the whole declaration (`pulse_contracts.series_digest`), the same in every part."""

    catalog: EpochNumber
    digest: SeriesDigest
    part: Annotated[int, Field(ge=0, lt=1_000)] = 0
    parts: Annotated[int, Field(ge=1, le=1_000)] = 1
    series: Annotated[list[SeriesDeclaration], Field(max_length=MAX_SERIES)]

    @model_validator(mode="after")
    def _part_is_one_of_them(self) -> Self:
        if self.part >= self.parts:
            raise ValueError(f"part {self.part} of {self.parts}")
        return self


class ReadingBatch(Uplink):
    """`n = len(value)` consecutive readings `[lo, lo + n)` of one epoch, column by column.

    Reading `i` belongs to `series[x[i]]`, was taken at `t0 + dt[i]` and has `value[i]`: an integer, a number or a
    boolean as the series declares. `catalog` is the epoch of the life that sends (its declaration gives the ids their
    meaning), `epoch` the life that took the readings. Values are not judged here: the gateway refuses single readings.
    """

    epoch: EpochNumber
    ord: Ord
    catalog: EpochNumber
    lo: Seq
    lane: Lane
    sent: Micros
    series: Annotated[list[LocalSeriesId], Field(min_length=1, max_length=MAX_BATCH)]
    t0: Micros
    dt: Annotated[list[Micros], Field(min_length=1, max_length=MAX_BATCH)]
    x: Annotated[list[Annotated[int, Field(ge=0, lt=MAX_BATCH, strict=True)]], Field(max_length=MAX_BATCH)]
    value: Annotated[
        list[object],
        Field(max_length=MAX_BATCH, json_schema_extra={"items": {"type": ["integer", "number", "boolean"]}}),
    ]

    @model_validator(mode="after")
    def _columns_fit(self) -> Self:
        if not len(self.dt) == len(self.x) == len(self.value):
            raise ValueError(f"columns differ in length: dt {len(self.dt)}, x {len(self.x)}, value {len(self.value)}")
        if max(self.x) >= len(self.series):
            raise ValueError(f"x names series {max(self.x)} of {len(self.series)}")
        if self.lo + len(self.value) > MAX_SEQ:  # what is stored must also fit an ack
            raise ValueError(f"the batch ends at {self.lo + len(self.value)}, beyond 2^62")
        return self


class BatchAck(Message):
    """What is settled (stored, refused and dropped alike) of one epoch, committed in PostgreSQL before this was sent.
    `refused` names every refused reading in `settled` that the collector has not confirmed as kept (`Hello.kept`).

    `declare` asks for the series declaration and a hello again: the gateway does not know the sender's catalog.
    `live_paused` asks the live lane to wait until the backlog has closed holes in the ledger.
    """

    epoch: EpochNumber
    settled: Annotated[list[SeqRange], Field(max_length=MAX_RANGES)]
    refused: Annotated[list[Refused], Field(max_length=MAX_BATCH, default_factory=list)]
    newest: Annotated[list[OrdEpoch], Field(max_length=2)]
    credit: Annotated[int, Field(ge=0, le=10_000)]
    live_paused: bool = False
    declare: bool = False


MAX_PLAIN_VALUES = 1_000
PLAIN_EPOCH = 0
"""The stream of what plain devices send: the gateway numbers it, for they do not. A collector never draws 0."""


class PlainReadings(Message):
    """The recommended form of what any MQTT device may send: `{"ts": 1767225600, "values": {"temperature": 21.5}}`. The
    gateway takes every other JSON too (docs/guides/plain-devices.md): nested objects, arrays of timed readings, text
    that is clearly a number or a switch, and a bare `{"temperature": 21.5, "on": true}`. At least once, and no ledger.

    `ts` is the time of the readings since 1970 UTC, in seconds, milliseconds, microseconds or nanoseconds (told apart
    by its size), or ISO 8601; without it the time of arrival counts. A number is a float, true and false are booleans;
    a series is created at the first sight of its name.
    """

    is_exact: ClassVar[bool] = False

    ts: int | float | str | None = None
    values: Annotated[
        dict[str, object],
        Field(
            max_length=MAX_PLAIN_VALUES,
            json_schema_extra={"additionalProperties": {"type": ["number", "boolean", "string"]}},
        ),
    ]


class Dropped(Uplink):
    """Readings that the collector lost, declared until acknowledged. `first`, `last`: when they were taken."""

    epoch: EpochNumber
    ord: Ord
    ranges: Annotated[list[SeqRange], Field(min_length=1, max_length=MAX_RANGES)]
    reason: DropReason
    first: Micros | None = None
    last: Micros | None = None


class LiveBatch(Message):
    """What was just committed for one device, after feed position `after`, up to and including `pos`.

    Columns as in `ReadingBatch`, but `series` holds the gateway's series ids and every value fits its series' type.
    A reader whose own position is not `after` has missed something and reads the log; so does one that gets no readings
    at all: too many were committed at once to be called live.
    """

    after: Annotated[int, Field(ge=0)]
    pos: Annotated[int, Field(ge=1)]
    lane: Lane
    series: list[int]
    t0: Micros
    dt: list[int]
    x: list[int]
    value: list[bool | int | float]
