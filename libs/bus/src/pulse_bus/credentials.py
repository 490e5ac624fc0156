"""The broker's accounts as a port: what an account should be, what it is, and who makes the one equal to the other."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from pulse_contracts.access import Grant, credential_mark, grants, is_bound
from pulse_contracts.errors import Unavailable
from pulse_contracts.topics import ROOT, Party


class BrokerUnreachable(Unavailable):
    """The broker's administration does not answer."""


class BrokerRefused(Unavailable):
    """The broker's administration refused a command: its own words say why."""


@dataclass(frozen=True)
class ObservedAccount:
    """An account as the broker has it. `mark` tells which secret it has (`credential_mark`), None if nobody of ours
    made it; a bound account may connect under `client_id` only."""

    name: str
    mark: str | None
    is_enabled: bool
    grants: frozenset[Grant]
    client_id: str | None


@dataclass(frozen=True)
class BrokerAccount:
    """An account as it should be. The secret is generated, 256 bits, and never chosen by a person. With
    `has_free_client_id` a device may connect under any client id, and so with two connections at once."""

    name: str
    party: Party
    secret: str = field(repr=False)
    is_enabled: bool = True
    prefix: str = ROOT
    has_free_client_id: bool = False

    def observed(self) -> ObservedAccount:
        """What the broker shows once it is so."""
        return ObservedAccount(
            self.name,
            credential_mark(self.name, self.secret),
            self.is_enabled,
            frozenset(grants(self.party, self.name, self.prefix)),
            self.name if is_bound(self.party) and not self.has_free_client_id else None,
        )


@dataclass(frozen=True)
class Stored:
    """What the broker holds in all queues together. None: it has not said, or never does."""

    messages: int | None = None
    bytes: int | None = None


class BrokerCredentials(Protocol):
    """Keeps a broker's accounts over one connection. Every method raises BrokerUnreachable or BrokerRefused. `ended` is
    set when the connection is over: what was observed may not hold any more. `stored` is the newest that it said."""

    ended: asyncio.Event
    stored: Stored

    async def certificate_ends(self) -> datetime | None:
        """When the certificate ends that the broker shows to whoever connects now; None without TLS."""

    async def observe(self, names: Sequence[str] | None = None) -> Mapping[str, ObservedAccount]:
        """The accounts that the broker has: all of them, or those of `names` that there are. The administrator's own is
        never among them."""

    async def put(self, account: BrokerAccount, observed: ObservedAccount | None) -> None:
        """Makes one account be as it should; `observed` is what it is now. Whoever is connected with an old secret, or
        to an account that is now disabled, is disconnected at once."""

    async def disable(self, names: Sequence[str]) -> None:
        """Nobody connects with these names until `put` enables them, and whoever is connected is disconnected at
        once. Disabling an unknown account is no error."""

    async def remove(self, name: str) -> None:
        """Nobody connects with that name any more, and whoever is connected is disconnected at once. Removing what is
        not there is no error."""


class MemoryCredentials:
    """`BrokerCredentials` of no broker, for tests. `is_down`: unreachable; `kicked` lists who was thrown out; `ends`:
    of its certificate."""

    def __init__(self) -> None:
        self.accounts: dict[str, ObservedAccount] = {}
        self.kicked: list[str] = []
        self.is_down = False
        self.ended = asyncio.Event()
        self.ends: datetime | None = None
        self.stored = Stored()

    async def certificate_ends(self) -> datetime | None:
        self._require()
        return self.ends

    async def observe(self, names: Sequence[str] | None = None) -> Mapping[str, ObservedAccount]:
        self._require()
        return {name: one for name, one in self.accounts.items() if names is None or name in names}

    async def put(self, account: BrokerAccount, observed: ObservedAccount | None) -> None:
        self._require()
        wanted = account.observed()
        if observed and (observed.mark, observed.is_enabled) != (wanted.mark, wanted.is_enabled):
            self.kicked.append(account.name)
        self.accounts[account.name] = wanted

    async def disable(self, names: Sequence[str]) -> None:
        self._require()
        for name in names:
            if name in self.accounts and self.accounts[name].is_enabled:
                self.accounts[name] = replace(self.accounts[name], is_enabled=False)
                self.kicked.append(name)

    async def remove(self, name: str) -> None:
        self._require()
        if self.accounts.pop(name, None):
            self.kicked.append(name)

    def _require(self) -> None:
        if self.is_down:
            raise BrokerUnreachable("down")
