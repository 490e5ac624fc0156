"""Every rule of protocol B without which the model let somebody in or lost a change, as a mutant: the rule is removed
from the real code, and a history detects it. `RULES` is the table of all rules with a diamond."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from clients.desktop.tests import test_mirror_rules as records_and_snapshots
from clients.desktop.tests import test_mirror_states as heartbeats
from clients.desktop.tests.publisher import account as account_id
from clients.desktop.tests.replica import Replica
from pulse_contracts.mirror import MirrorEnvelope
from pulse_desktop.core.mirror import machine, records
from pulse_desktop.core.mirror.machine import Machine
from pulse_desktop.core.mirror.signals import Moment, ResyncRequested
from pulse_sync_publisher.model import progress, reports
from tests.model import mirror_publisher
from tests.model.mirror_publisher import Down, Publisher
from tests.model.mirror_world import Violation, World

Patch = pytest.MonkeyPatch


# -- histories that need both sides


def three_accounts() -> World:
    world = World()
    for number in range(3):
        world.change(number)
    world.allow([(number, device, True) for number in range(3) for device in world.devices])
    world.heal()
    world.check()
    return world


def a_new_account_after_a_snapshot() -> None:
    world = three_accounts()
    world.change(3)
    world.allow([(number, device, True) for number in range(4) for device in world.devices])
    world.heal()
    if world.publisher.incidents:
        raise Violation(f"without a fault: {world.publisher.incidents}")


def the_only_message_of_a_revocation_is_lost() -> None:
    world = three_accounts()
    world.change(1, active=False)
    world.publisher.send_due()
    world.network.clear()  # the broker acknowledged it, and lost it
    world.wait(10)
    for message in world.network:
        world.deliver(message)
    for device, replica in world.replicas.items():
        if replica.can_sign_in(account_id(1)):
            raise Violation(f"a lost revocation is not sent again to {device}")


def sync_publisher_forgot_a_revocation() -> None:
    world = three_accounts()
    world.save()
    world.allow([(number, device, True) for number in (0, 2) for device in world.devices])  # not for 1 any more
    world.heal()
    world.restore_publisher()
    world.heal()
    if any(replica.can_sign_in(account_id(1)) for replica in world.replicas.values()):
        raise Violation("an account that was revoked signs in again")


def sync_publisher_is_older_than_a_snapshot() -> None:
    world = three_accounts()
    world.save()
    for number in (0, 1, 2, 0, 1, 2):
        world.change(number)
    for device, replica in world.replicas.items():
        replica.handle(ResyncRequested())
        world.connect(device)
    world.heal()
    world.restore_publisher()
    world.heal()


def both_databases_forgot_a_revocation() -> None:
    world = three_accounts()
    world.save()
    world.change(1, active=False)
    world.heal()
    world.restore_publisher()
    world.restore_database("press-0")
    world.connect("press-0")
    for _ in range(20):
        waiting, world.network = world.network, []
        for message in waiting:
            world.deliver(message)
        world.wait(6)
    world.check()
    world.heal()


def an_old_publisher_after_half_a_snapshot() -> None:
    world = World()
    for number in range(3):
        world.change(number)
    world.allow([(number, device, True) for number in range(3) for device in world.devices])
    world.save()
    for number in range(3):
        world.change(number)
    world.connect("press-0")
    for message in list(world.network):
        world.deliver(message)
    world.publisher.send_due()
    parts = [one for one in world.network if isinstance(one, Down) and one.envelope.kind == "snapshot"]
    world.deliver(parts[0])  # the others are lost
    world.network.clear()
    world.restore_publisher()
    world.version = 3  # users was restored to the same time
    world.users = dict(world.publisher.store.accounts)
    world.heal()


# -- mutants of the collector


def records_apply_always(patch: Patch) -> None:
    patch.setattr(records, "applies", lambda _record, _held, _floor: True)


def unknown_accounts_apply_always(patch: Patch) -> None:
    real = records.applies
    patch.setattr(records, "applies", lambda record, held, floor: held is None or real(record, held, floor))


def revocations_leave_nothing(patch: Patch) -> None:
    real = Replica._apply_delta

    def apply(self: Replica, seq: int, changed: Any) -> Any:
        position = real(self, seq, changed)
        kept = {a: one for a, one in self.records.items() if one.state == "live"}
        self.database = replace(self.database, records=kept)
        return position

    patch.setattr(Replica, "_apply_delta", apply)


def live_records_replace_newer_tombstones(patch: Patch) -> None:
    patch.setattr(records, "_revives", lambda _record, _held: False)


def a_part_is_applied_at_once(patch: Patch) -> None:
    real = Replica._store_part

    def store(self: Replica, staging: Any, k: int, part: Any, *, begins: bool) -> Any:
        self.database = replace(self.database, records=self.records | {one.account: one for one in part})
        return real(self, staging, k, part, begins=begins)

    patch.setattr(Replica, "_store_part", store)


def the_keystore_is_not_asked_for_the_position(patch: Patch) -> None:
    patch.setattr(Machine, "max_seq", property(lambda self: self.position.applied))


def old_snapshots_are_taken(patch: Patch) -> None:
    patch.setattr(Machine, "max_seq", property(lambda _self: 0))


def snapshots_below_the_floor_are_taken(patch: Patch) -> None:
    real = Machine._part

    def part(self: Machine, event: Any, now: Moment, out: Any) -> None:
        self.position = replace(self.position, floor=0)
        real(self, event, now, out)

    patch.setattr(Machine, "_part", part)


def a_snapshot_replaces_everything(patch: Patch) -> None:
    patch.setattr(records, "survives", lambda _held, _record, _asof: False)


def heartbeats_may_come_again(patch: Patch) -> None:
    real = Machine._heartbeat

    def heartbeat(self: Machine, envelope: MirrorEnvelope, now: Moment, out: Any) -> None:
        self.kept = replace(self.kept, n=0)
        real(self, envelope, now, out)

    patch.setattr(Machine, "_heartbeat", heartbeat)


def freshness_counts_from_the_arrival(patch: Patch) -> None:
    real = Machine._enter

    def enter(self: Machine, state: Any, out: Any, fresh: int | None = None) -> None:
        real(self, state, out, None if fresh is None else 10**15)

    patch.setattr(Machine, "_enter", enter)


def unasked_heartbeats_are_fresh(patch: Patch) -> None:
    real = Machine._heartbeat

    def heartbeat(self: Machine, envelope: MirrorEnvelope, now: Moment, out: Any) -> None:
        nonce = self._hellos.send(now)
        real(self, envelope.model_copy(update={"nonce": nonce}), now, out)

    patch.setattr(Machine, "_heartbeat", heartbeat)


def a_restored_database_is_not_noticed(patch: Patch) -> None:
    patch.setattr(machine, "starting_state", lambda position, _kept: position.state)


def a_gap_leaves_a_rollback(patch: Patch) -> None:
    real = Machine._delta

    def delta(self: Machine, event: Any, now: Moment, out: Any) -> None:
        if self.state == "rollback":
            self._enter("resync", out)
        real(self, event, now, out)

    patch.setattr(Machine, "_delta", delta)


def any_heartbeat_leaves_a_rollback(patch: Patch) -> None:
    real = Machine._judge

    def judge(self: Machine, digest: str, now: Moment, out: Any) -> None:
        if self.state == "rollback":
            self.state = "resync"
        real(self, digest, now, out)

    patch.setattr(Machine, "_judge", judge)


def a_staged_snapshot_is_not_reported(patch: Patch) -> None:
    real = Replica._report

    def report(self: Replica, command: Any) -> Any:
        at = self.database.position
        content = real(self, command)
        return content.model_copy(update={"max_seq": self.machine.max_seq, "top": at.top})

    patch.setattr(Replica, "_report", report)


# -- mutants of sync-publisher


def a_snapshot_claims_to_be_newer(patch: Patch) -> None:
    patch.setattr(Publisher, "asof", lambda self: self.store.counter + 30)


def a_change_is_sent_once(patch: Patch) -> None:
    real = progress.send_time
    once: Any = lambda state, *more: None if state.flight is not None else real(state, *more)  # noqa: E731
    patch.setattr(mirror_publisher, "send_time", once)


def forgotten_revocations_are_not_adopted(patch: Patch) -> None:
    patch.setattr(mirror_publisher, "forgotten", lambda _tombstones, _entries: [])


def an_old_copy_vouches(patch: Patch) -> None:
    patch.setattr(Publisher, "is_current", lambda _self: True)


def a_restored_publisher_counts_on(patch: Patch) -> None:
    real = reports.judge

    def judge(state: Any, report: Any, known: Any, now: int) -> Any:
        return replace(real(state, report, known, now), counter=0)

    patch.setattr(mirror_publisher, "judge", judge)


@dataclass(frozen=True)
class Rule:
    """`text`: the rule and its place in the protocol or in decision 26. `mutant` removes it. `history` fails then."""

    text: str
    mutant: Callable[[Patch], None]
    history: Callable[[], None]


RULES = (
    Rule(
        "B2 asof does not lie: ver comes from one counter",
        a_snapshot_claims_to_be_newer,
        a_new_account_after_a_snapshot,
    ),
    Rule(
        "B3 a record applies only if it is newer",
        records_apply_always,
        records_and_snapshots.test_a_record_applies_only_if_it_is_newer,
    ),
    Rule(
        "B3 an unknown account must be newer than the floor",
        unknown_accounts_apply_always,
        records_and_snapshots.test_an_unknown_account_must_be_newer_than_the_floor,
    ),
    Rule(
        "B3 revocations leave tombstones",
        revocations_leave_nothing,
        records_and_snapshots.test_a_revocation_leaves_a_tombstone_that_no_older_record_revives,
    ),
    Rule(
        "ADR 26 a live record never replaces a newer tombstone",
        live_records_replace_newer_tombstones,
        records_and_snapshots.test_a_live_record_of_an_older_account_version_never_replaces_a_tombstone,
    ),
    Rule(
        "B3 all parts of a snapshot or nothing",
        a_part_is_applied_at_once,
        records_and_snapshots.test_a_snapshot_is_applied_when_every_part_is_there_and_not_before,
    ),
    Rule(
        "B3 a snapshot is not older than the database",
        old_snapshots_are_taken,
        records_and_snapshots.test_a_snapshot_below_the_applied_position_is_refused,
    ),
    Rule(
        "B3 nor than the keystore",
        the_keystore_is_not_asked_for_the_position,
        records_and_snapshots.test_a_snapshot_below_the_position_of_the_keystore_is_refused,
    ),
    Rule(
        "B3 asof is not below the floor",
        snapshots_below_the_floor_are_taken,
        records_and_snapshots.test_a_snapshot_below_the_floor_is_refused,
    ),
    Rule(
        "B3 local records newer than asof stay",
        a_snapshot_replaces_everything,
        records_and_snapshots.test_local_records_that_are_newer_than_the_snapshot_stay,
    ),
    Rule(
        "B3 a heartbeat's number exceeds the keystore's",
        heartbeats_may_come_again,
        heartbeats.test_a_replayed_heartbeat_changes_nothing,
    ),
    Rule(
        "B3 freshness counts from the moment the nonce was sent",
        freshness_counts_from_the_arrival,
        heartbeats.test_freshness_counts_from_the_moment_the_nonce_was_sent,
    ),
    Rule(
        "B3 unasked messages never prolong offline sign-in",
        unasked_heartbeats_are_fresh,
        heartbeats.test_an_unasked_heartbeat_never_prolongs_offline_sign_in,
    ),
    Rule(
        "B3 ROLLBACK when the database is older than the keystore",
        a_restored_database_is_not_noticed,
        heartbeats.test_a_database_that_is_older_than_the_keystore_is_a_rollback,
    ),
    Rule(
        "B3 a gap does not leave ROLLBACK",
        a_gap_leaves_a_rollback,
        heartbeats.test_a_delta_in_a_rollback_is_not_applied_and_a_gap_does_not_leave_it,
    ),
    Rule(
        "B3 only a challenged heartbeat leaves ROLLBACK",
        any_heartbeat_leaves_a_rollback,
        heartbeats.test_an_unasked_heartbeat_never_leaves_a_rollback,
    ),
    Rule(
        "ADR 26 a report names a staged snapshot",
        a_staged_snapshot_is_not_reported,
        an_old_publisher_after_half_a_snapshot,
    ),
    Rule("B4 sent until acknowledged, for ever", a_change_is_sent_once, the_only_message_of_a_revocation_is_lost),
    Rule(
        "ADR 26 forgotten revocations are adopted",
        forgotten_revocations_are_not_adopted,
        sync_publisher_forgot_a_revocation,
    ),
    Rule(
        "ADR 26 a restored counter is raised",
        a_restored_publisher_counts_on,
        sync_publisher_is_older_than_a_snapshot,
    ),
    Rule("ADR 26 an old copy does not vouch", an_old_copy_vouches, both_databases_forgot_a_revocation),
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.text)
def test_the_history_passes_with_the_rule(rule: Rule) -> None:
    rule.history()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.text)
def test_without_the_rule_its_history_fails(rule: Rule, monkeypatch: Patch) -> None:
    rule.mutant(monkeypatch)
    with pytest.raises(AssertionError):
        rule.history()
