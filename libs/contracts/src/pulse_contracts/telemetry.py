"""Telemetry delivery (protocol A): readings and their acknowledgements. Ranges are half-open. Times are
microseconds."""

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
"""Maximum number of readings in one batch."""
MAX_EPOCHS = 100
"""Maximum number of epochs in one hello."""
HAVE_RANGES, HAVE_REFUSALS = 1_024, 1_000
"""Maximum numbers of settled ranges and of refused readings in one `Have`. What is left out is acknowledged when the
collector sends it again."""
_SUMMARY = 0x5A17_0F_7415_DECADE
MAX_SERIES = 1_000
"""Maximum number of series in one declaration. A collector with more sends several."""
MAX_RANGES = 1_024

LocalSeriesId = Annotated[int, Field(ge=0, le=2**31 - 1, strict=True)]
SessionId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
SeriesDigest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Ord = Annotated[int, Field(ge=0, le=2**62, strict=True)]
"""Order of a device's epochs in time. Messages may hold larger numbers than gateway and collector accept
(`MAX_ORD`)."""
MAX_ORD = 2**53
"""The highest `ord` that a gateway accepts and a collector assigns. Each process start adds one. Both ignore higher
numbers."""
ORD_JUMP = 2**32
"""How far an `ord` may be above the highest known one of its device: one start per second for 136 years."""
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
    """Base of the collector's messages. The topic identifies the device. A payload with another device is
    quarantined."""

    device: DeviceName | None = None


class PendingEpoch(_Part):
    """The unsettled readings of one epoch on the collector: `n` readings within `[lo, hi)`."""

    epoch: EpochNumber
    lo: Seq
    hi: Seq
    n: Annotated[int, Field(ge=0, strict=True)]


class RefusalsKept(_Part):
    """Refused readings of one epoch that are in the collector's quarantine."""

    epoch: EpochNumber
    ranges: Annotated[list[SeqRange], Field(min_length=1, max_length=MAX_RANGES)]


def summary_epoch(epoch: int) -> int:
    """Returns the id of the epoch that numbers the summaries of this epoch (protocol A3.5)."""
    return epoch ^ _SUMMARY


class Hello(Uplink):
    """The first message after every connect. The collector repeats it each second until it gets the `Have` of this
    session.

    `epoch` and `ord` belong to the current epoch, and `next` is its next sequence number. `series` is the digest of the
    collector's declaration (see `SeriesDeclared.digest`). `pending` has every epoch of which the collector holds
    readings, settled or not. If there are more than 100, those with unsettled readings come first, oldest first, and
    further ones follow in the next hello once these are settled. `kept` confirms refusals; the gateway repeats a
    refusal until it is confirmed.
    """

    epoch: EpochNumber
    ord: Ord
    next: Seq
    pending: Annotated[list[PendingEpoch], Field(max_length=MAX_EPOCHS)]
    session: SessionId
    series: SeriesDigest
    kept: list[RefusalsKept] = Field(default_factory=list, max_length=MAX_EPOCHS)


class EpochSettled(_Part):
    """Settled ranges of one epoch. `refused` names every refused reading in them that the collector has not confirmed
    as kept."""

    epoch: EpochNumber
    settled: list[SeqRange]
    refused: list[Refused] = Field(default_factory=list, max_length=MAX_BATCH)


class Have(Message):
    """The gateway's answer to a hello: the settled ranges of the requested epochs, the two newest epochs of the device,
    the number of unacknowledged batches that the gateway accepts (`credit`), the digest of the declaration that it has
    (None: declare again), and the `shard` to which the collector sends its readings on this connection (None: to the
    topic without a shard)."""

    session: SessionId
    newest: Annotated[list[OrdEpoch], Field(max_length=2)]
    epochs: Annotated[list[EpochSettled], Field(max_length=MAX_EPOCHS)]
    credit: Annotated[int, Field(ge=0, le=10_000)]
    series: SeriesDigest | None
    shard: Annotated[int, Field(ge=0, le=65_535)] | None = None


class SeriesDeclaration(_Part):
    """One series of a device. `id` is an integer that the collector assigns and never reuses. A series with another
    type gets a new id. `interval`: nominal time between two readings in microseconds, or None."""

    id: LocalSeriesId
    name: Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9_.:/-]+$")]
    display_name: Annotated[str, StringConstraints(max_length=128, pattern=PRINTABLE)] = ""
    type: ValueType
    unit: Annotated[str, StringConstraints(max_length=32, pattern=PRINTABLE)] = ""
    interval: Annotated[int, Field(gt=0, le=2**62)] | None = None


class SeriesDeclared(Uplink):
    """The series of the epoch `catalog`: part `part` of `parts`. `digest` is the SHA-256 over the whole declaration
    (`pulse_contracts.series_digest`) and is equal in every part."""

    catalog: EpochNumber
    digest: SeriesDigest
    part: Annotated[int, Field(ge=0, lt=1_000)] = 0
    parts: Annotated[int, Field(ge=1, le=1_000)] = 1
    series: Annotated[list[SeriesDeclaration], Field(max_length=MAX_SERIES)]

    @model_validator(mode="after")
    def _check_part(self) -> Self:
        if self.part >= self.parts:
            raise ValueError(f"part must be less than parts, got {self.part} of {self.parts}")
        return self


class ReadingBatch(Uplink):
    """Consecutive readings `[lo, lo + len(value))` of one epoch, as columns.

    Reading `i` belongs to `series[x[i]]`, was taken at `t0 + dt[i]` and has the value `value[i]`: an integer, a number
    or a boolean, as the series declares. `epoch` is the epoch that took the readings. `catalog` is the epoch that sends
    them; its declaration defines the ids. Validation does not check the values: the gateway refuses single readings.
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
    def _check_columns(self) -> Self:
        if not len(self.dt) == len(self.x) == len(self.value):
            raise ValueError(f"columns differ in length: dt {len(self.dt)}, x {len(self.x)}, value {len(self.value)}")
        if max(self.x) >= len(self.series):
            raise ValueError(f"x holds the index {max(self.x)}, but there are {len(self.series)} series")
        if self.lo + len(self.value) > MAX_SEQ:  # an ack must be able to name the range
            raise ValueError(f"the batch ends at {self.lo + len(self.value)}, beyond 2^62")
        return self


class BatchAck(Message):
    """The settled ranges (stored, refused or dropped) of one epoch, sent after the commit in PostgreSQL. `refused`
    names every refused reading in `settled` that the collector has not confirmed as kept (`Hello.kept`).

    `declare` requests the series declaration and a hello again, because the gateway does not know the sender's catalog.
    `live_paused` asks the collector to pause the live lane until the backlog has closed holes in the ledger.
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
"""The epoch of readings from plain devices. The gateway numbers these readings. A collector never uses 0."""


class PlainReadings(Message):
    """The recommended format for plain MQTT devices: `{"ts": 1767225600, "values": {"temperature": 21.5}}`. The gateway
    also accepts any other JSON (docs/guides/plain-devices.md): nested objects, arrays of timed readings, text that
    represents a number or a switch, and a bare `{"temperature": 21.5, "on": true}`. Readings are stored at least once,
    without a ledger.

    `ts` is the time of the readings: ISO 8601, or the time since 1970 UTC in seconds, milliseconds, microseconds or
    nanoseconds (recognised by its size). Without `ts` the time of arrival is used. A number is stored as a float, and
    true and false as booleans. A series is created when its name first appears.
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
    """Readings that the collector lost. It declares them until they are acknowledged. `first` and `last`: when they
    were taken."""

    epoch: EpochNumber
    ord: Ord
    ranges: Annotated[list[SeqRange], Field(min_length=1, max_length=MAX_RANGES)]
    reason: DropReason
    first: Micros | None = None
    last: Micros | None = None


class LiveBatch(Message):
    """Readings of one device that were just committed, after feed position `after`, up to and including `pos`.

    The columns are those of `ReadingBatch`, but `series` holds the gateway's series ids, and every value has the type
    of its series. A consumer whose position is not `after` has missed readings and must read the log. The same applies
    to a message without readings: too many were committed at once.
    """

    after: Annotated[int, Field(ge=0)]
    pos: Annotated[int, Field(ge=1)]
    lane: Lane
    series: list[int]
    t0: Micros
    dt: list[int]
    x: list[int]
    value: list[bool | int | float]
