"""The events and commands of the mirror's state machine, and its constants. Does no I/O.

*Elapsed* is this collector's own time in microseconds, which never goes back (`elapsed`). *Monotonic* is in seconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from pulse_contracts.mirror import MirrorEnvelope, MirrorRecord, MirrorState, NeedReason


class Moment(NamedTuple):
    """A time on both clocks: monotonic seconds, and elapsed microseconds."""

    monotonic: float
    elapsed: int


@dataclass(frozen=True)
class MirrorPolicy:
    """Constants of the mirror, in seconds. `hello_first`: delay before an unanswered hello is repeated; it doubles up
    to `hello_every`. `jitter`: the largest share by which an interval is shortened."""

    hello_every: float = 30.0
    hello_first: float = 1.0
    hello_min: float = 2.0
    need_floor: float = 5.0
    need_cap: float = 60.0
    jitter: float = 0.25
    tick: float = 1.0


@dataclass(frozen=True)
class Staging:
    """A snapshot whose parts are arriving. `parts`: the numbers of the parts that are stored."""

    sid: str
    seq: int
    asof: int
    of: int
    set: str
    parts: frozenset[int] = frozenset()

    @property
    def is_complete(self) -> bool:
        """Whether every part is stored."""
        return len(self.parts) == self.of


@dataclass(frozen=True)
class Position:
    """What the database knows.

    applied: the position that is applied. floor: `asof` of the last snapshot. top: the highest applied `ver`.
    fresh: elapsed time at which the mirror was last known to be true; None: never.
    sid: the last applied snapshot.
    count: records, tombstones included.
    """

    gen: int
    applied: int = 0
    floor: int = 0
    top: int = 0
    state: MirrorState = "new"
    fresh: int | None = None
    sid: str = ""
    count: int = 0
    staging: Staging | None = None


@dataclass(frozen=True)
class Remembered:
    """What the keystore knows, and a restored disk cannot take back.

    max_seq: the highest applied position. n: the highest heartbeat number. key: number of the sealing key.
    is_wiped: whether this generation was wiped.
    """

    max_seq: int = 0
    n: int = 0
    key: int = 0
    is_wiped: bool = False


# -- events


@dataclass(frozen=True)
class Connected:
    """The broker accepted the connection and the subscriptions."""


@dataclass(frozen=True)
class Disconnected:
    """The connection is lost."""


@dataclass(frozen=True)
class Tick:
    """Time has passed."""


@dataclass(frozen=True)
class ResyncRequested:
    """An operator asked for a snapshot."""


@dataclass(frozen=True)
class HelloWanted:
    """A hello should be sent soon: the trusted keys changed, or audit entries wait for their confirmation."""


@dataclass(frozen=True)
class Received:
    """A message whose signature, recipient and generation are verified. `records`: its opened content, if it has
    any."""

    envelope: MirrorEnvelope
    records: Sequence[MirrorRecord] = ()


@dataclass(frozen=True)
class Applied:
    """A delta or a snapshot is committed."""

    position: Position
    is_snapshot: bool = False


@dataclass(frozen=True)
class PartStored:
    """A part of a snapshot is committed to the staging table."""

    staging: Staging


@dataclass(frozen=True)
class SnapshotRejected:
    """A complete snapshot did not have the digest that it announced."""


@dataclass(frozen=True)
class SetChecked:
    """The digest of the applied set."""

    digest: str


@dataclass(frozen=True)
class KeyTaken:
    """The result of `TakeKey`. `is_valid`: False for an unusable public key, and for another key with the number of the
    one that the keystore has."""

    key: int
    is_valid: bool


@dataclass(frozen=True)
class ClockReset:
    """The elapsed time went back to the wall clock, because sync-publisher confirmed the wall clock."""


Event = (
    Connected
    | Disconnected
    | Tick
    | ResyncRequested
    | HelloWanted
    | Received
    | Applied
    | PartStored
    | SnapshotRejected
    | SetChecked
    | KeyTaken
    | ClockReset
)


# -- commands


@dataclass(frozen=True)
class Remember:
    """Raise these values in the keystore, durably, before the next command."""

    max_seq: int | None = None
    n: int | None = None


@dataclass(frozen=True)
class ApplyDelta:
    """Merge the records and set the position to `seq`, in one transaction."""

    seq: int
    records: Sequence[MirrorRecord]


@dataclass(frozen=True)
class StorePart:
    """Store one part of a snapshot in the staging table. `begins`: delete the parts of an older snapshot first."""

    staging: Staging
    k: int
    records: Sequence[MirrorRecord]
    begins: bool


@dataclass(frozen=True)
class ApplySnapshot:
    """Replace the set by the staged snapshot, in one transaction or not at all."""

    staging: Staging


@dataclass(frozen=True)
class CheckSet:
    """Compute the digest of the applied set."""


@dataclass(frozen=True)
class SetState:
    """Store the state. With `fresh`: the elapsed time at which the mirror was known to be true. Entering `synced`
    validates the offline sessions again; entering `rollback` ends every session."""

    state: MirrorState
    fresh: int | None = None


@dataclass(frozen=True)
class SendReport:
    """Publish a report. `nonce`: for a hello."""

    kind: Literal["hello", "ack", "need"]
    nonce: str | None = None
    reason: NeedReason | None = None
    with_set: bool = False


@dataclass(frozen=True)
class TakeKey:
    """Derive the sealing key `key` and store it in the keystore."""

    key: int
    public_key: str


@dataclass(frozen=True)
class WipeMirror:
    """Delete the keys and the records of this generation."""


@dataclass(frozen=True)
class TimeConfirmed:
    """A fresh answer of sync-publisher says that its clock shows `t` (microseconds since 1970)."""

    t: int


@dataclass(frozen=True)
class AuditCovered:
    """sync-publisher has stored the audit entries up to `n`."""

    n: int


@dataclass(frozen=True)
class Refuse:
    """A message changed nothing. `code`: why."""

    code: str
    kind: str
    detail: str = ""


Command = (
    Remember
    | ApplyDelta
    | StorePart
    | ApplySnapshot
    | CheckSet
    | SetState
    | SendReport
    | TakeKey
    | WipeMirror
    | TimeConfirmed
    | AuditCovered
    | Refuse
)


@dataclass
class Proof:
    """What a heartbeat says: the set at `seq` has this digest. `sent`: elapsed time at which the collector sent the
    nonce that it answers; None for an unasked heartbeat."""

    seq: int
    set: str
    sent: int | None = None
