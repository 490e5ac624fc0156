"""Searches for histories that break the mirror's promises (protocol B5): a world that loses, repeats and reorders
messages, restores old databases, and moves the clock, against the real machine and the real merge rules.

`PULSE_MODEL_EXAMPLES=2000` searches longer.
"""

import os

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from pulse_contracts.mirror import MirrorEnvelope, MirrorRecord
from pulse_desktop.core.mirror.signals import Received, Tick

from .mirror_messages import envelope
from .publisher import account, digest_of, live, revoked
from .replica import SECOND, Database, Replica

LEASE = 1_000
ACCOUNTS = st.integers(1, 4)


class World(RuleBasedStateMachine):
    """One collector and the truth at the server. `pool`: every message that was ever sent: any may arrive, again and
    again, in any order. `last_true`: elapsed time until which a record was true, for those that are not any more."""

    def __init__(self) -> None:
        super().__init__()
        self.replica = Replica()
        self.truth: dict[str, MirrorRecord] = {}
        self.history: list[MirrorRecord] = []
        self.pool: list[Received] = []
        self.last_true: dict[tuple[str, int], int] = {}
        self.backups: list[Database] = []
        self.n = self.snapshots = 0

    # -- the server

    @rule(number=ACCOUNTS, is_live=st.booleans())
    def change(self, number: int, is_live: bool) -> None:
        """An account changes."""
        ver = len(self.history) + 1
        record = live(number, ver, lease=LEASE) if is_live else revoked(number, ver)
        before = self.truth.get(record.account)
        if before is not None:
            self.last_true[before.account, before.ver] = self.replica.elapsed
        self.truth[record.account] = record
        self.history.append(record)

    @rule(back=st.integers(1, 4))
    def send_delta(self, back: int) -> None:
        """The changes since an earlier position."""
        seq, base = len(self.history), max(0, len(self.history) - back)
        if seq > base:
            newest = {one.account: one for one in self.history[base:]}
            self._send(envelope("delta", seq, base=base, sealed=""), list(newest.values()))

    @rule(parts=st.integers(1, 3))
    def send_snapshot(self, parts: int) -> None:
        """The whole set."""
        self.snapshots += 1
        everything = list(self.truth.values())
        fields = {"asof": len(self.history), "sid": f"{self.snapshots:032x}", "of": parts, "sealed": ""}
        for k in range(parts):
            made = envelope("snapshot", len(self.history), k=k, set=digest_of(everything), **fields)
            self._send(made, everything[k::parts])

    @rule(is_asked=st.booleans())
    def send_heartbeat(self, is_asked: bool) -> None:
        """A heartbeat, unasked or as an answer to the last hello."""
        self.n += 1
        nonce = self.replica.nonce if is_asked else None
        digest = digest_of(list(self.truth.values()))
        self._send(envelope("heartbeat", len(self.history), n=self.n, set=digest, audit=0, nonce=nonce), [])

    def _send(self, made: MirrorEnvelope, records: list[MirrorRecord]) -> None:
        self.pool.append(Received(made, records))

    # -- the network and the machine

    @precondition(lambda self: bool(self.pool))
    @rule(which=st.integers(0, 10_000), is_newest=st.booleans())
    def deliver(self, which: int, is_newest: bool) -> None:
        """Any message arrives; the newest one more often."""
        self.replica.handle(self.pool[-1] if is_newest else self.pool[which % len(self.pool)])

    @rule()
    def connect(self) -> None:
        """A new connection."""
        self.replica.connect()

    @rule(seconds=st.integers(1, 900))
    def wait(self, seconds: int) -> None:
        """Time passes."""
        self.replica.advance(seconds)
        self.replica.handle(Tick())

    @rule()
    def crash(self) -> None:
        """The process ends and starts again."""
        self.replica.crash()

    @rule()
    def back_up(self) -> None:
        """Somebody copies the database."""
        self.backups.append(self.replica.database)

    @precondition(lambda self: bool(self.backups))
    @rule(which=st.integers(0, 100))
    def restore(self, which: int) -> None:
        """Somebody restores a copy of the database, but not the keystore."""
        self.replica.restore_database(self.backups[which % len(self.backups)])

    # -- the promises

    @invariant()
    def nobody_signs_in_with_a_credential_that_was_not_true_within_the_lease(self) -> None:
        for number in range(1, 5):
            name = account(number)
            if self.replica.can_sign_in(name):
                record = self.replica.records[name]
                until = self.last_true.get((name, record.ver), self.replica.elapsed)
                assert self.replica.elapsed - until <= LEASE * SECOND, record

    @invariant()
    def the_position_is_never_behind_an_acknowledgement(self) -> None:
        acknowledged = max((one.seq for one in self.replica.reports if one.kind == "ack"), default=0)
        assert self.replica.keystore.max_seq >= acknowledged
        if self.replica.state in {"synced", "resync"}:
            assert self.replica.machine.position.applied >= acknowledged

    @invariant()
    def a_synced_mirror_holds_what_the_server_held(self) -> None:
        if self.replica.state == "synced":
            at = self.replica.machine.position.applied
            held = {one.account: one for one in self.history[:at]}
            newer = {a: one for a, one in self.replica.records.items() if held.get(a) != one}
            assert all(one in self.history for one in newer.values())
            assert all(one.ver >= held[a].ver for a, one in newer.items() if a in held)

    def teardown(self) -> None:
        """The network heals: the mirror converges."""
        self.send_snapshot(1)
        self.replica.connect()
        self.replica.handle(self.pool[-1])
        self.send_heartbeat(is_asked=True)
        self.replica.handle(self.pool[-1])
        assert self.replica.state == "synced"
        assert self.replica.records == self.truth


def test_no_history_breaks_the_promises_of_the_mirror() -> None:
    examples = int(os.environ.get("PULSE_MODEL_EXAMPLES", "150"))
    run_state_machine_as_test(
        World, settings=settings(max_examples=examples, stateful_step_count=40, deadline=None, database=None)
    )
