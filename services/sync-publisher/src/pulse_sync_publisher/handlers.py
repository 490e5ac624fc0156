"""Bus deliveries to actions. The device of a topic is the authority on the sender."""

from collections.abc import Sequence

from pulse_bus import Bus, Delivery, Reject, read_each
from pulse_chassis.process.drift import Copy, Drift, DriftTiming
from pulse_contracts.accounts import AccountChanged, AccountsDigest, ReplayRequested
from pulse_contracts.collectors import CollectorChanged, CollectorsDigest
from pulse_contracts.message import is_device_name
from pulse_contracts.mirror import MirrorAudit, MirrorReport
from pulse_contracts.topics import (
    AUTH_COLLECTOR,
    AUTH_COLLECTORS,
    AUTH_REPLAY,
    AUTH_TRUSTED_KEYS,
    USERS_ACK,
    USERS_AUDIT,
    USERS_DIGEST,
    USERS_EVENT,
    USERS_REPLAY,
)
from pulse_contracts.trust import TrustedKeys
from pulse_sync_publisher.actions.accounts import Accounts
from pulse_sync_publisher.actions.audit_uploads import AuditUploads
from pulse_sync_publisher.actions.collectors import Collectors
from pulse_sync_publisher.actions.publishing import publish
from pulse_sync_publisher.actions.reports import Reports
from pulse_sync_publisher.actions.signing import SERVICE, Signing
from pulse_sync_publisher.actions.users_set import UsersSet
from pulse_sync_publisher.model.records import Account

_REPORTS_AT_ONCE = 4
"""Reports that are handled at a time, so that other work finds a database connection."""


class Copies:
    """The copies of accounts and collectors, and what finds missed events."""

    def __init__(
        self, bus: Bus, accounts: Accounts, users: UsersSet, collectors: Collectors, timing: DriftTiming
    ) -> None:
        self._bus = bus
        self.accounts, self.users, self.collectors = accounts, users, collectors
        copy = Copy("accounts", accounts.digest, self._request_accounts, users.agrees, users.find_restore)
        self.account_drift = Drift(copy, timing)
        self.collector_drift = Drift(Copy("collectors", collectors.digest, self._request_collectors), timing)

    async def _request_accounts(self, have: str) -> None:
        self.users.begin_replay()
        await publish(self._bus, USERS_REPLAY, ReplayRequested(have=have), service=SERVICE)

    async def _request_collectors(self, have: str) -> None:
        await publish(self._bus, AUTH_REPLAY, ReplayRequested(have=have), service=SERVICE)


class Handlers:
    """Subscribes to topics and translates deliveries."""

    def __init__(self, bus: Bus, copies: Copies, reports: Reports, uploads: AuditUploads, signing: Signing) -> None:
        self._bus, self._copies, self._reports, self._uploads = bus, copies, reports, uploads
        self._signing = signing

    async def subscribe(self) -> None:
        """Subscribes to events of users and auth, and to reports of collectors."""
        bus = self._bus
        await bus.subscribe_groups(USERS_EVENT, self.accounts, read_each(AccountChanged))
        await bus.subscribe(USERS_DIGEST, self.accounts_digest)
        await bus.subscribe(AUTH_COLLECTOR, self.collector)
        await bus.subscribe(AUTH_COLLECTORS, self.collectors_digest)
        await bus.subscribe(AUTH_TRUSTED_KEYS, self.trusted_keys)
        await bus.subscribe(USERS_ACK, self.report, shared=True, concurrency=_REPORTS_AT_ONCE)
        await bus.subscribe(USERS_AUDIT, self.audit, shared=True)

    async def accounts(self, group: Sequence[Delivery[AccountChanged]]) -> list[Exception | None]:
        """Applies accounts that arrived together, in one transaction."""
        outcomes, opened = list[Exception | None](), list[Account]()
        for delivery in group:
            try:
                opened.append(self._account(delivery))
            except Reject as rejection:
                outcomes.append(rejection)
            else:
                outcomes.append(None)
        if opened:
            self._copies.users.hear(opened)
            with self._copies.account_drift.arriving():
                await self._copies.accounts.apply(opened)
        return outcomes

    def _account(self, delivery: Delivery[AccountChanged]) -> Account:
        if delivery.levels["account"] != delivery.message.account:
            raise Reject("foreign_account", "the topic and the message name different accounts")
        return self._copies.accounts.open(delivery.message)

    async def accounts_digest(self, delivery: Delivery[AccountsDigest]) -> None:
        """Passes a believed digest of the users service to `Drift`."""
        if self._copies.users.announce(delivery.message):
            self._copies.account_drift.receive(delivery.message.set)

    async def collector(self, delivery: Delivery[CollectorChanged]) -> None:
        """Applies one collector. Raises Reject if the topic names another one."""
        if delivery.levels["device"] != delivery.message.device:
            raise Reject("foreign_device", "the topic and the message name different collectors")
        with self._copies.collector_drift.arriving():
            await self._copies.collectors.apply(self._copies.collectors.open(delivery.message))

    async def collectors_digest(self, delivery: Delivery[CollectorsDigest]) -> None:
        """Passes auth's digest to `Drift`."""
        self._copies.collector_drift.receive(delivery.message.set)

    async def trusted_keys(self, delivery: Delivery[TrustedKeys]) -> None:
        """Notes whether collectors trust this service's key."""
        await self._signing.note_trusted(delivery.message)

    async def report(self, delivery: Delivery[MirrorReport]) -> None:
        """Applies a report of a collector. Raises Reject for an invalid device id."""
        await self._reports.apply(_device(delivery.levels["device"]), delivery.message)

    async def audit(self, delivery: Delivery[MirrorAudit]) -> None:
        """Stores entries of a collector's audit trail. Raises Reject for an invalid device id."""
        await self._uploads.apply(_device(delivery.levels["device"]), delivery.message)


def _device(level: str) -> str:
    if not is_device_name(level):
        raise Reject("foreign_device", "the topic has no valid device id")
    return level
