"""What the owner of the broker and a restored users service can do. As in `test_mirror_rules`, each rule has a mutant
that removes it and a history that detects it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from clients.desktop.tests.publisher import account as account_id
from pulse_desktop.core.mirror.signals import ResyncRequested
from pulse_sync_publisher.model import currency, records
from pulse_sync_publisher.model.currency import Announced
from pulse_sync_publisher.model.entitlement import Person
from pulse_sync_publisher.model.records import Account
from tests.model import mirror_publisher
from tests.model.mirror_publisher import Publisher
from tests.model.mirror_world import LEASE, Violation, World
from tests.model.test_mirror_rules import Patch, Rule, three_accounts

HOUR = 3_600


def _deliver(world: World) -> None:
    """Every message arrives, until there is none."""
    for _ in range(40):
        waiting, world.network = world.network, []
        for message in waiting:
            world.deliver(message)
        world.publisher.send_due()
        if not world.network:
            return


def _lease_ends(attack: Callable[[World], None]) -> None:
    """users disables an account. The owner of the broker withholds that, and attacks every hour."""
    world = three_accounts()
    world.is_withheld = True
    world.change(1, active=False, delivered=False)
    for _ in range(LEASE // HOUR + 2):
        world.wait(HOUR)
        attack(world)
        world.wait(60)  # the collectors ask for a heartbeat
        _deliver(world)
    if any(replica.can_sign_in(account_id(1)) for replica in world.replicas.values()):
        raise Violation("a revoked account signs in after the lease")


def an_old_digest_comes_again_and_again() -> None:
    _lease_ends(lambda world: world.repeat_digest(len(world.digests) - 1 - _made_since_the_change(world)))


def _made_since_the_change(world: World) -> int:
    """How many digests users has made since the newest one that the copy confirms."""
    made = [at for at, digest in enumerate(world.digests) if digest.sum == world.publisher.copied]
    return len(world.digests) - 1 - made[-1]


def a_forged_digest_comes_again_and_again() -> None:
    _lease_ends(World.forge_digest)


def users_alone_is_restored() -> None:
    """users forgets a revocation, and the new password of another account."""
    world = three_accounts()
    world.save()
    world.change(1, active=False)
    world.change(2)
    world.heal()
    world.restore_users()
    world.heal()
    if not world.publisher.may_vouch():
        raise Violation("the copy never becomes current again")
    for replica in world.replicas.values():
        if not replica.can_sign_in(account_id(0)):
            raise Violation("an account that users still has cannot sign in")
        if replica.can_sign_in(account_id(1)) or replica.can_sign_in(account_id(2)):
            raise Violation("an account that is older at users signs in")
    world.change(2)
    world.heal()
    if not all(replica.can_sign_in(account_id(2)) for replica in world.replicas.values()):
        raise Violation("a change at users does not allow the account again")


def a_revoked_account_sets_a_password_at_a_restored_users_service() -> None:
    """users forgets a revocation, and the owner of the account still has a link."""
    world = three_accounts()
    world.save()
    world.change(1, active=False)
    world.heal()
    world.restore_users()
    for accepted in (False, True):
        if accepted:
            world.accept_users()
        world.set_password(1)
        world.heal()
        if any(replica.can_sign_in(account_id(1)) for replica in world.replicas.values()):
            raise Violation("a change that is no decision lifts a revocation")
        if not world.publisher.may_vouch():
            raise Violation("the sets do not agree")
    world.set_password(2)
    world.heal()
    if not all(replica.can_sign_in(account_id(2)) for replica in world.replicas.values()):
        raise Violation("an account that was never revoked cannot sign in")


def a_revocation_arrives_together_with_the_change_after_it() -> None:
    """The revocation still waits at the broker when users is restored and the owner of the account sets a password."""
    world = three_accounts()
    world.save()
    world.change(1, active=False, delivered=False)
    revocation = world.users[account_id(1)]
    world.restore_users()
    forgotten = world.users[account_id(1)]
    change = replace(forgotten, src=revocation.src + 1)
    (made,) = records.newest([change, revocation], world.publisher.store.accounts)
    if made.may_sign_in:
        raise Violation("the change replaces the revocation")


def a_snapshot_waits_for_users() -> None:
    """users cannot be heard since sync-publisher has started. A collector asks for a snapshot. An administrator denies
    an account."""
    world = three_accounts()
    world.is_withheld = True
    world.publisher.announced = Announced()
    world.replicas["press-0"].handle(ResyncRequested())
    world.connect("press-0")
    _deliver(world)
    world.allow([(number, device, True) for number in (0, 2) for device in world.devices])
    for _ in range(4):
        world.wait(6)
        _deliver(world)
    for replica in world.replicas.values():
        if replica.can_sign_in(account_id(1)):
            raise Violation("a revocation waits for a snapshot")
        if not replica.can_sign_in(account_id(0)):
            raise Violation("an account that is allowed cannot sign in")
    world.wait(LEASE + HOUR)
    _deliver(world)
    if any(replica.can_sign_in(account_id(0)) for replica in world.replicas.values()):
        raise Violation("without users the lease does not end")
    world.heal()


# -- mutants


def an_old_digest_counts_as_new(patch: Patch) -> None:
    real = Announced.receive

    def receive(self: Announced, content: Any, sum_: str, now: int) -> Any:
        return real(self, content and content.model_copy(update={"at": now}), sum_, now)

    patch.setattr(Announced, "receive", receive)


def a_digest_needs_no_seal(patch: Patch) -> None:
    real = currency.digest_refusal

    def refusal(content: Any, *more: Any) -> Any:
        return None if content is None else real(content, *more)

    patch.setattr(currency, "digest_refusal", refusal)


def users_that_cannot_be_heard_does_not_matter(patch: Patch) -> None:
    patch.setattr(Announced, "is_heard", lambda _self, _now: True)


def the_older_version_of_users_wins(patch: Patch) -> None:
    real = Publisher.account_changed

    def account_changed(self: Publisher, account: Account) -> None:
        self.store.accounts.pop(account.id, None)
        real(self, account)

    patch.setattr(Publisher, "account_changed", account_changed)


def what_is_older_at_users_stays_live(patch: Patch) -> None:
    def person(self: Account) -> Person:
        return Person(self.id, self.role, self.active and not self.deleted)

    patch.setattr(Account, "person", property(person))


def every_newer_version_is_taken(patch: Patch) -> None:
    patch.setattr(records, "merged", lambda _held, newer: newer)


def only_the_newest_version_counts(patch: Patch) -> None:
    real = records.newest

    def newest(arrived: list[Account], known: dict[str, Account]) -> list[Account]:
        return real([max(arrived, key=lambda one: one.src)], known)

    patch.setattr(records, "newest", newest)


def nobody_accepts_the_set_of_users(patch: Patch) -> None:
    patch.setattr(World, "accept_users", lambda _self: None)


def revocations_wait_for_the_snapshot(patch: Patch) -> None:
    patch.setattr(mirror_publisher, "takes_revocations", lambda *_: False)


RULES = (
    Rule(
        "ADR 26 an old digest is not believed",
        an_old_digest_counts_as_new,
        an_old_digest_comes_again_and_again,
    ),
    Rule(
        "ADR 26 a digest without a seal is not believed", a_digest_needs_no_seal, a_forged_digest_comes_again_and_again
    ),
    Rule(
        "ADR 26 no heartbeat confirms a mirror while users cannot be heard",
        users_that_cannot_be_heard_does_not_matter,
        an_old_digest_comes_again_and_again,
    ),
    Rule("ADR 26 the newer version wins", the_older_version_of_users_wins, users_alone_is_restored),
    Rule(
        "ADR 26 an account that is older at users stays revoked",
        what_is_older_at_users_stays_live,
        users_alone_is_restored,
    ),
    Rule(
        "ADR 26 the set of a restored users service must be accepted",
        nobody_accepts_the_set_of_users,
        users_alone_is_restored,
    ),
    Rule(
        "ADR 26 only a decision lifts a revocation",
        every_newer_version_is_taken,
        a_revoked_account_sets_a_password_at_a_restored_users_service,
    ),
    Rule(
        "ADR 26 a revocation counts beside a newer change",
        only_the_newest_version_counts,
        a_revocation_arrives_together_with_the_change_after_it,
    ),
    Rule(
        "ADR 26 a revocation does not wait for a snapshot",
        revocations_wait_for_the_snapshot,
        a_snapshot_waits_for_users,
    ),
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.text)
def test_the_history_passes_with_the_rule(rule: Rule) -> None:
    rule.history()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.text)
def test_without_the_rule_its_history_fails(rule: Rule, monkeypatch: Patch) -> None:
    rule.mutant(monkeypatch)
    with pytest.raises(AssertionError):
        rule.history()
