"""A collector: auth's description of it, its keys at rest, and the progress of its mirror."""

from dataclasses import dataclass, field

from pulse_sync_publisher.model.audit_chain import Head
from pulse_sync_publisher.model.entitlement import Site
from pulse_sync_publisher.model.progress import Progress
from pulse_sync_publisher.model.status import Shown


@dataclass(frozen=True)
class Keys:
    """The keys of a collector. Sealing keys are sealed with the key-encryption key; None: destroyed, or none yet.

    public: the collector's X25519 key.
    current, following: the sealing keys with the numbers `Progress.key` and `Progress.next_key`.
    following_public: sync-publisher's half of the rekey.
    """

    public: bytes | None = None
    current: str | None = field(default=None, repr=False)
    following: str | None = field(default=None, repr=False)
    following_public: bytes | None = None


@dataclass(frozen=True)
class ShownStatus:
    """The state that pages have, and since when (microseconds)."""

    state: Shown = "unmanaged"
    behind: int = 0
    since: int = 0


@dataclass(frozen=True)
class Collector:
    """version: auth's version. set_at: the digest of the set at a position. wipe_due: the retained wipe must be
    published. check_due: the next hello at an equal position counts as a check. audit: newest stored entry of its local
    audit trail. Times in microseconds."""

    version: int
    name: str
    site: str
    tags: tuple[str, ...]
    progress: Progress
    keys: Keys
    set_at: tuple[int, str] | None = None
    wipe_due: bool = False
    check_due: bool = False
    checked: int | None = None
    beat_at: int | None = None
    audit: Head = field(default_factory=Head)
    shown: ShownStatus = field(default_factory=ShownStatus)

    @property
    def device(self) -> str:
        """Its id."""
        return self.progress.device

    @property
    def where(self) -> Site:
        """The part that rules see."""
        return Site(self.device, self.site, frozenset(self.tags))

    @property
    def has_log(self) -> bool:
        """Whether its log grows. A lost or deleted collector's log is frozen."""
        return self.progress.state in {"enabled", "disabled"}
