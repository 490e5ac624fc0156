"""One collector's log: the newest entry of each account, and the records that are made of entries.

An entry is written once for each change that affects a collector. It replaces the account's older entry: a collector
needs only the newest one, however long it was away.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from pulse_contracts.accounts import lifts_revocation
from pulse_contracts.mirror import MAX_PART, MirrorRecord, mirror_digest, record_hash
from pulse_contracts.permissions import Role
from pulse_sync_publisher.model.entitlement import Person
from pulse_sync_publisher.model.leases import Leases

State = Literal["live", "revoked"]
MAX_RECORDS = 90
"""Most records in one message. Together with MAX_PART it keeps a message below the broker's largest packet."""
_OVERHEAD = len('{"records":[]}')


@dataclass(frozen=True)
class Account:
    """sync-publisher's copy of an account.

    src: the newest version of users that this service has seen.
    at_users: the version that users has since its database was restored (`model.restored_users`). 0: users does not
        have the account. None: users has `src`. An account with another version stays revoked.
    state_version: `StateVersion` of the event. It is not stored: the version of a revocation is enough to compare.
    is_kept: users has this version as active, but it forgot a revocation that this copy keeps (`merged`).
    """

    id: str
    src: int
    email: str
    name: str
    role: Role
    active: bool
    verifier: str | None = field(repr=False)
    changed: int
    deleted: bool = False
    at_users: int | None = None
    state_version: int = 0
    is_kept: bool = False

    @property
    def may_sign_in(self) -> bool:
        """Whether users has neither disabled nor deleted the account."""
        return self.active and not self.deleted

    @property
    def version_at_users(self) -> int:
        """The version that users has. 0: users does not have the account."""
        return self.src if self.at_users is None else self.at_users

    @property
    def person(self) -> Person:
        """The part that rules see. A viewer is never mirrored: it reads telemetry in the browser and nothing else.
        A collector of a release without this role could not read its record either."""
        return Person(self.id, self.role, self.may_sign_in and self.at_users is None and self.role != "viewer")


def merged(held: Account | None, newer: Account) -> Account:
    """What the copy holds after a newer version arrives. A newer version that does not lift the revocation of `held`
    changes its version and nothing else. A deleted account stays deleted."""
    if held is None or held.may_sign_in:
        return newer
    is_reborn = held.deleted and not newer.deleted
    is_lifted = not newer.may_sign_in or lifts_revocation(newer.state_version, held.src)
    if is_reborn or not is_lifted:
        return replace(held, src=newer.src, verifier=None, at_users=None, is_kept=newer.may_sign_in)
    return newer


def newest(arrived: Iterable[Account], known: Mapping[str, Account]) -> list[Account]:
    """What replaces the known accounts, in the order of versions. Every arrived version counts, so that a revocation
    stays if the account's next version arrives together with it."""
    found = dict[str, Account]()
    for account in sorted(arrived, key=lambda one: one.src):
        held = found.get(account.id) or known.get(account.id)
        if held is None or held.src < account.src:
            found[account.id] = merged(held, account)
    return sorted(found.values(), key=lambda one: one.src)


@dataclass(frozen=True)
class Entry:
    """The newest entry of one account in one collector's log.

    seq: its position in the log.
    ver: number of the change.
    src: the account's version at users.
    hash: `record_hash` of its record.
    at: when it was written, in microseconds since 1970.
    has_verifier: the record has a verifier.
    revoked_ver, revoked_src: of the newest revocation in this log, also after the account was allowed again. 0: none.
    had_src: the account's version that the collector had acknowledged before this entry. None: none.
    held_from: position of the first live entry with a verifier since the collector last acknowledged a revocation. The
        collector may hold a verifier if something at or after this position was sent.
    """

    account: str
    seq: int
    ver: int
    src: int
    state: State
    hash: str = ""
    at: int = 0
    has_verifier: bool = False
    revoked_ver: int = 0
    revoked_src: int = 0
    had_src: int | None = None
    held_from: int | None = None

    def may_hold(self, sent: int, acked: int) -> bool:
        """Whether the collector may hold a verifier of the account. `sent`, `acked`: positions of the collector."""
        if self.held_from is None or self.held_from > sent:
            return False
        return not (self.state == "revoked" and self.seq <= acked)


def record_of(account: Account, entry: Entry, leases: Leases) -> MirrorRecord:
    """The record of an entry. `account` must have the version of a live entry."""
    if entry.state == "revoked":
        return MirrorRecord(account=entry.account, ver=entry.ver, src=entry.src, state="revoked")
    return MirrorRecord(
        account=account.id,
        ver=entry.ver,
        src=account.src,
        state="live",
        email=account.email,
        name=account.name,
        role=account.role,
        verifier=account.verifier,
        lease=leases.of(account.role),
    )


def wanted_state(old: Entry | None, account: Account, *, is_entitled: bool) -> State | None:
    """The state that an account should have at a collector. None: no entry is needed. An account stays revoked while
    its version is older than the one that was revoked: the collector would refuse it."""
    if is_entitled and (old is None or account.src >= old.revoked_src):
        return "live"
    return "revoked" if old is not None else None


@dataclass(frozen=True)
class Place:
    """Where the next entry of a collector's log goes. `sent`, `acked`: positions of the collector."""

    seq: int
    sent: int
    acked: int


def next_entry(
    old: Entry | None, account: Account, leases: Leases, change: tuple[State, int, int], place: Place
) -> Entry:
    """The entry of a change. `change`: new state, `ver`, and the time in microseconds."""
    state, ver, at = change
    is_live = state == "live"
    src = account.src if is_live or old is None else max(account.src, old.src)
    made = Entry(account.id, place.seq, ver, src, state, at=at, has_verifier=is_live and account.verifier is not None)
    made = replace(made, hash=record_hash(record_of(account, made, leases)))
    return located(old, made, place)


def revoked_entry(old: Entry | None, account: str, versions: tuple[int, int], at: int, place: Place) -> Entry:
    """The entry of a revocation that a collector reported. `versions`: new `ver`, and `src` of the tombstone."""
    ver, src = versions
    made = Entry(account, place.seq, ver, max(src, old.src if old is not None else 0), "revoked", at=at)
    record = MirrorRecord(account=account, ver=ver, src=made.src, state="revoked")
    return located(old, replace(made, hash=record_hash(record)), place)


def located(old: Entry | None, made: Entry, place: Place) -> Entry:
    """Adds what depends on the entry that is replaced. `made` may come from another collector's log, with the same
    account and `ver`."""
    had = old.had_src if old is not None else None
    revoked = (made.ver, made.src) if made.state == "revoked" else (0, 0)
    held = place.seq if made.has_verifier else None
    if old is not None:
        if old.seq <= place.acked:
            had = old.src if old.state == "live" else None
        if made.state == "live":
            revoked = old.revoked_ver, old.revoked_src
        if old.may_hold(place.sent, place.acked):
            held = old.held_from
    return Entry(  # written once per collector: `replace` takes three times as long
        made.account,
        place.seq,
        made.ver,
        made.src,
        made.state,
        made.hash,
        made.at,
        made.has_verifier,
        *revoked,
        had_src=had,
        held_from=held,
    )


def set_of(entries: Iterable[Entry]) -> str:
    """`mirror_digest` of a log."""
    return mirror_digest((entry.account, entry.ver, entry.state, entry.hash) for entry in entries)


@dataclass(frozen=True)
class Cut:
    """The content of one message: JSON of `MirrorRecords`, the number of its records, and the position of the last."""

    payload: bytes
    count: int
    seq: int


def cut(items: Sequence[tuple[int, bytes]]) -> Iterator[Cut]:
    """Divides records (position, JSON) into messages of at most MAX_PART bytes and MAX_RECORDS records."""
    part, size = list[bytes](), _OVERHEAD
    last = 0
    for seq, text in items:
        if part and (len(part) >= MAX_RECORDS or size + len(text) + 1 > MAX_PART):
            yield _cut(part, last)
            part, size = [], _OVERHEAD
        part.append(text)
        size += len(text) + 1
        last = seq
    if part:
        yield _cut(part, last)


def _cut(part: list[bytes], seq: int) -> Cut:
    return Cut(b'{"records":[' + b",".join(part) + b"]}", len(part), seq)


def first_cut(items: Sequence[tuple[int, bytes]]) -> Cut | None:
    """The content of the next delta: the oldest changes that fit in one message. None without a change."""
    return next(cut(items), None)
