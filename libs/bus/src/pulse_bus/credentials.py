"""Broker accounts: the desired state, the observed state, and the protocol that makes them equal."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from pulse_contracts.access import Grant, credential_fingerprint, grants, is_bound
from pulse_contracts.errors import Unavailable
from pulse_contracts.topics import ROOT, Party


class BrokerUnreachable(Unavailable):
    """The broker's administration API does not answer."""


class BrokerRefused(Unavailable):
    """The broker's administration API rejected a command. The message is the broker's."""


@dataclass(frozen=True)
class ObservedAccount:
    """An account as it exists in the broker.

    fingerprint: identifies the secret (`credential_fingerprint`). None if this system did not create the account.
    client_id: the only client id that the account may connect with. None allows any.
    """

    name: str
    fingerprint: str | None
    is_enabled: bool
    grants: frozenset[Grant]
    client_id: str | None


@dataclass(frozen=True)
class BrokerAccount:
    """The desired state of an account. The secret is generated and has 256 bits. With `has_free_client_id` a device may
    use any client id, and therefore several connections at the same time."""

    name: str
    party: Party
    secret: str = field(repr=False)
    is_enabled: bool = True
    prefix: str = ROOT
    has_free_client_id: bool = False

    def observed(self) -> ObservedAccount:
        """The account that the broker reports once it has this state."""
        return ObservedAccount(
            self.name,
            credential_fingerprint(self.name, self.secret),
            self.is_enabled,
            frozenset(grants(self.party, self.name, self.prefix)),
            self.name if is_bound(self.party) and not self.has_free_client_id else None,
        )


@dataclass(frozen=True)
class Stored:
    """Messages and bytes in all queues of the broker. None: the broker has not reported the number."""

    messages: int | None = None
    bytes: int | None = None


class BrokerCredentials(Protocol):
    """Manages a broker's accounts over one connection. Every method raises BrokerUnreachable or BrokerRefused.

    ended: set when the connection has ended. Observed accounts may be stale then.
    stored: the latest report of the broker.
    """

    ended: asyncio.Event
    stored: Stored

    async def certificate_expiry(self) -> datetime | None:
        """Returns when the certificate expires that the broker presents to new connections. None without TLS."""

    async def observe(self, names: Sequence[str] | None = None) -> Mapping[str, ObservedAccount]:
        """Returns the broker's accounts by name: all, or the existing ones of `names`. Leaves out the administrator's
        account."""

    async def put(self, account: BrokerAccount, observed: ObservedAccount | None) -> None:
        """Creates or changes one account. `observed` is its current state. The broker immediately disconnects clients
        that use an old secret or a disabled account."""

    async def disable(self, names: Sequence[str]) -> None:
        """Disables accounts until `put` enables them. The broker disconnects their clients immediately. Ignores unknown
        accounts."""

    async def remove(self, name: str) -> None:
        """Deletes an account. The broker disconnects its clients immediately. Ignores an unknown account."""


class MemoryCredentials:
    """`BrokerCredentials` in memory, for tests.

    is_down: every method raises BrokerUnreachable.
    disconnected: names of the accounts whose clients were disconnected, in order.
    expiry: the result of `certificate_expiry`.
    """

    def __init__(self) -> None:
        self.accounts: dict[str, ObservedAccount] = {}
        self.disconnected: list[str] = []
        self.is_down = False
        self.ended = asyncio.Event()
        self.expiry: datetime | None = None
        self.stored = Stored()

    async def certificate_expiry(self) -> datetime | None:
        self._require_reachable()
        return self.expiry

    async def observe(self, names: Sequence[str] | None = None) -> Mapping[str, ObservedAccount]:
        self._require_reachable()
        return {name: account for name, account in self.accounts.items() if names is None or name in names}

    async def put(self, account: BrokerAccount, observed: ObservedAccount | None) -> None:
        self._require_reachable()
        desired = account.observed()
        if observed and (observed.fingerprint, observed.is_enabled) != (desired.fingerprint, desired.is_enabled):
            self.disconnected.append(account.name)
        self.accounts[account.name] = desired

    async def disable(self, names: Sequence[str]) -> None:
        self._require_reachable()
        for name in names:
            if name in self.accounts and self.accounts[name].is_enabled:
                self.accounts[name] = replace(self.accounts[name], is_enabled=False)
                self.disconnected.append(name)

    async def remove(self, name: str) -> None:
        self._require_reachable()
        if self.accounts.pop(name, None):
            self.disconnected.append(name)

    def _require_reachable(self) -> None:
        if self.is_down:
            raise BrokerUnreachable("down")
