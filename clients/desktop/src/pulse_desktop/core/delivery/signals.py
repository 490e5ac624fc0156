"""Events and commands of the delivery state machine, and the constants of the protocol."""

from dataclasses import dataclass

from pulse_contracts.message import Lane
from pulse_contracts.ranges import Range, Ranges
from pulse_contracts.telemetry import BatchAck, Dropped, Have, Hello
from pulse_desktop.core.model import Drop, Settlement


@dataclass(frozen=True)
class Policy:
    """Times in seconds, sizes in readings or batches. The values come from the protocol, A2 and A3.

    `live_age`: older readings go to the backlog lane. `resends`: unanswered resends, while other batches were
    acknowledged, before a batch is halved. `window_cap`: maximum number of batches in flight, whatever the credit.
    `kept_every`: interval of the hellos that compare kept settled readings with the gateway's ledger.
    """

    ack_timeout: float = 5.0
    ack_timeout_cap: float = 60.0
    jitter: float = 0.2
    hello_every: float = 1.0
    probe_every: float = 5.0
    live_window: int = 2
    live_age: float = 0.2
    batch: int = 1_000
    resends: int = 3
    window_cap: int = 64
    hello_epochs: int = 100
    drop_ranges: int = 500
    kept_every: float = 300.0

    def timeout_after(self, tries: int) -> float:
        """Seconds to wait for an ack after `tries` unanswered tries. An outage can last for thousands of tries."""
        return min(self.ack_timeout * 2.0 ** min(tries, 32), self.ack_timeout_cap)


# -- events


@dataclass(frozen=True)
class Connected:
    """The broker accepted the connection and the subscriptions. `session`: a name for this connection."""

    session: str


@dataclass(frozen=True)
class ConnectionLost:
    """The connection `session` is lost."""

    session: str


@dataclass(frozen=True)
class HaveReceived:
    """The gateway answered a `Hello` with the state of its ledger."""

    have: Have


@dataclass(frozen=True)
class AckReceived:
    """The gateway acknowledged a batch or a declared loss after its commit."""

    ack: BatchAck


@dataclass(frozen=True)
class Committed:
    """Readings of the running epoch became durable."""

    ranges: tuple[Range, ...]


@dataclass(frozen=True)
class ReadingsLost:
    """The buffer lost readings and recorded the loss."""

    drops: tuple[Drop, ...]


@dataclass(frozen=True)
class Summarised:
    """Summaries became durable in the summary epoch of the running epoch."""

    ranges: Ranges


@dataclass(frozen=True)
class RateChanged:
    """The backlog lane may send `rate` readings per second. None: no limit. 0: paused."""

    rate: float | None


@dataclass(frozen=True)
class SeriesChanged:
    """The series table changed; `digest` identifies the new one."""

    digest: str


@dataclass(frozen=True)
class BatchTooLarge:
    """The broker rejected the batch of this lease because of its size."""

    lease: int


@dataclass(frozen=True)
class ShardRefused:
    """The broker rejected the batch of this lease, which was sent to the shard of the device."""

    session: str
    lease: int


@dataclass(frozen=True)
class Quarantined:
    """Every refused reading in these ranges is durable in the quarantine, or was not in the buffer."""

    epoch: int
    ranges: Ranges


@dataclass(frozen=True)
class Restored:
    """The answer to `RestoreKept`. `found`: the readings that are unsettled again; the others are no longer stored."""

    epoch: int
    asked: Ranges
    found: Ranges


@dataclass(frozen=True)
class Tick:
    """Time passed."""


Event = (
    Connected
    | ConnectionLost
    | HaveReceived
    | AckReceived
    | Committed
    | ReadingsLost
    | Summarised
    | RateChanged
    | SeriesChanged
    | BatchTooLarge
    | ShardRefused
    | Quarantined
    | Restored
    | Tick
)


# -- commands


@dataclass(frozen=True)
class DeclareSeries:
    """Publish the whole series table before the next `SendHello`."""

    session: str


@dataclass(frozen=True)
class SendHello:
    """Publish this hello, after every command before it."""

    hello: Hello


@dataclass(frozen=True)
class SendBatch:
    """Read `[lo, hi)` from the buffer and publish the stored readings as one batch. `shard`: see `Have`."""

    lease: int
    session: str
    epoch: int
    ord: int
    lo: int
    hi: int
    lane: Lane
    shard: int | None = None


@dataclass(frozen=True)
class DeclareLoss:
    """Publish this declared loss."""

    session: str
    dropped: Dropped


@dataclass(frozen=True)
class Settle:
    """Let these readings leave the buffer."""

    settlement: Settlement


@dataclass(frozen=True)
class RaiseOrd:
    """Store the new `ord` of the running epoch."""

    to: int


@dataclass(frozen=True)
class QuarantineReading:
    """Quarantine this reading as `unanswered`, then report the recorded loss."""

    epoch: int
    seq: int


@dataclass(frozen=True)
class RestoreKept:
    """Make these settled readings unsettled again, because the gateway no longer has them."""

    epoch: int
    ranges: Ranges


Command = DeclareSeries | SendHello | SendBatch | DeclareLoss | Settle | RaiseOrd | QuarantineReading | RestoreKept
