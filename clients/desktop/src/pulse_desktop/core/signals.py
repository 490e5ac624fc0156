"""What goes into the delivery machine (events), what comes out (commands), what it keeps, and its constants."""

from dataclasses import dataclass

from pulse_contracts.message import Lane
from pulse_contracts.telemetry import BatchAck, Dropped, Have, Hello
from pulse_desktop.core.model import Drop, Settlement
from pulse_desktop.core.ranges import Range, Ranges


@dataclass(frozen=True)
class Policy:
    """Times in seconds, sizes in readings or batches; the sources are the protocol's A2 and A3.

    `live_age`: older readings are the backlog lane's. `resends`: unanswered resends (while others were answered)
    before a batch is halved. `window_cap`: batches under way at most, whatever credit is given.
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

    def patience(self, tries: int) -> float:
        """Seconds to wait for an answer after `tries` that got none; an outage may last for thousands of them."""
        return min(self.ack_timeout * 2.0 ** min(tries, 32), self.ack_timeout_cap)


# -- events


@dataclass(frozen=True)
class Connected:
    """The broker is there and the subscriptions are granted. `session`: a name for this connection."""

    session: str


@dataclass(frozen=True)
class LinkLost:
    """The connection `session` is gone."""

    session: str


@dataclass(frozen=True)
class GotHave:
    """The ledger's answer."""

    have: Have


@dataclass(frozen=True)
class GotAck:
    """An acknowledgement that the gateway committed."""

    ack: BatchAck


@dataclass(frozen=True)
class Committed:
    """Readings of the running life became durable."""

    ranges: tuple[Range, ...]


@dataclass(frozen=True)
class Lost:
    """The buffer lost readings and recorded it."""

    drops: tuple[Drop, ...]


@dataclass(frozen=True)
class Summarised:
    """Summaries became durable, in the running life's summary epoch."""

    ranges: Ranges


@dataclass(frozen=True)
class Throttled:
    """The backlog lane may send `rate` readings a second; None: as many as it can; 0: it pauses."""

    rate: float | None


@dataclass(frozen=True)
class TableChanged:
    """The series table is another now."""

    digest: str


@dataclass(frozen=True)
class TooLarge:
    """The broker does not take a batch of this size."""

    lease: int


@dataclass(frozen=True)
class Kept:
    """Whatever was refused of this epoch with these numbers is in the quarantine, durably, or was not held."""

    epoch: int
    ranges: Ranges


@dataclass(frozen=True)
class Tick:
    """Time passed."""


Event = (
    Connected
    | LinkLost
    | GotHave
    | GotAck
    | Committed
    | Lost
    | Summarised
    | Throttled
    | TableChanged
    | TooLarge
    | Kept
    | Tick
)


# -- commands


@dataclass(frozen=True)
class Declare:
    """Publish every part of the series declaration, before the next `Say`."""

    session: str


@dataclass(frozen=True)
class Say:
    """Publish this hello, after anything that was commanded before it."""

    hello: Hello


@dataclass(frozen=True)
class Send:
    """Read `[lo, hi)` from the buffer and publish what is there as one batch."""

    lease: int
    session: str
    epoch: int
    ord: int
    lo: int
    hi: int
    lane: Lane


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
    """Keep the running life's new `ord`."""

    to: int


@dataclass(frozen=True)
class SetAside:
    """Quarantine this reading as `unanswered`, and answer with the recorded loss."""

    epoch: int
    seq: int


Command = Declare | Say | Send | DeclareLoss | Settle | RaiseOrd | SetAside


# -- what the machine keeps


@dataclass(frozen=True)
class Claim:
    """A range that is under way or has to go again. `tries` sets the patience; `unanswered` counts the tries that ended
    without an answer although others were acknowledged, the last of them at `seen`."""

    epoch: int
    lo: int
    hi: int
    tries: int = 0
    unanswered: int = 0
    seen: float = 0.0

    @property
    def ranges(self) -> Ranges:
        """The claim's one range."""
        return ((self.lo, self.hi),)


@dataclass(frozen=True)
class Lease:
    """A claim that was sent."""

    claim: Claim
    lane: Lane
    due: float
