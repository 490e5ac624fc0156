"""Accounts of the broker whose secrets were made elsewhere: the services', and devices' that were set up by hand."""

import logging
from collections.abc import Mapping

from pulse_auth.actions.collectors import SEAL_PURPOSE, CollectorMeans
from pulse_auth.model.collectors import Particulars, require_free_name
from pulse_auth.store.broker import BrokerStore
from pulse_auth.store.collectors import CollectorStore
from pulse_chassis.identity.caller import SYSTEM, Caller
from pulse_contracts.access import SERVICES
from pulse_contracts.topics import Party
from pulse_postgres import Connection

log = logging.getLogger("pulse.auth.broker")


class Adoption:
    """Takes them into the desired state, so that they are made again when the broker loses them."""

    def __init__(self, means: CollectorMeans) -> None:
        self._means, self._store, self._broker = means, CollectorStore(), BrokerStore()

    async def all(self, secrets: Mapping[str, str]) -> None:
        """Adopts the services and devices of `secrets`. Raises Unavailable."""
        await self.services(secrets)
        for name in secrets.keys() - set(SERVICES):
            await self.device(name, secrets[name], SYSTEM)

    async def services(self, secrets: Mapping[str, str]) -> None:
        """Accounts of services among `secrets`. Raises Unavailable."""
        async with self._means.database.transaction() as connection:
            for service in SERVICES:
                if service in secrets:
                    await self._put(connection, service, service, secrets[service])
        self._means.changed()

    async def device(self, id_: str, secret: str, caller: Caller) -> bool:
        """A device of a known secret becomes a collector; whether anything changed. One that was enrolled since, that
        is lost or deleted stays as it is. Raises CollectorNameReserved, Unavailable."""
        require_free_name(id_)
        async with self._means.database.transaction() as connection:
            is_new = await self._store.add(connection, id_, Particulars(id_), self._means.now())
            collector = await self._store.lock(connection, id_)
            if collector is None or collector.state == "lost" or collector.gen > 0:
                return False
            if not await self._put(connection, id_, "collector", secret):
                return False
            await self._broker.enable(connection, id_, is_enabled=collector.state == "enabled")
            kind = "collector_adopted" if is_new else "collector_readopted"
            await self._means.note(connection, kind, id_, caller)
        self._means.changed()
        return True

    async def _put(self, connection: Connection, name: str, party: Party, secret: str) -> bool:
        before = await self._broker.by_name(connection, name)
        if before and before.secret:
            known = self._means.vault.unseal(before.secret, SEAL_PURPOSE, name).decode()
            if known == secret or not before.is_adopted:
                return False
        sealed = self._means.vault.seal(secret.encode(), SEAL_PURPOSE, name)
        await self._broker.put(connection, name, party, sealed, is_adopted=True)
        return True
