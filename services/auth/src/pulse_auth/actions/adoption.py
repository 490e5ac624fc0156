"""Takes over broker accounts whose secrets were created elsewhere: those of services, and of devices set up by hand."""

from collections.abc import Mapping

from pulse_auth.actions.collectors import SEAL_PURPOSE, CollectorDependencies
from pulse_auth.model.collectors import CollectorDescription, require_free_name
from pulse_auth.store.broker import BrokerStore
from pulse_auth.store.collectors import CollectorStore
from pulse_chassis.identity.caller import SYSTEM, Caller
from pulse_contracts.access import SERVICES
from pulse_contracts.topics import Party
from pulse_postgres import Connection


class Adoption:
    """Adds accounts to the desired state, so that they are restored when the broker loses them."""

    def __init__(self, deps: CollectorDependencies) -> None:
        self._deps, self._store, self._broker = deps, CollectorStore(), BrokerStore()

    async def all(self, secrets: Mapping[str, str]) -> None:
        """Adopts the services and devices in `secrets`. Raises Unavailable."""
        await self.services(secrets)
        for name in secrets.keys() - set(SERVICES):
            await self.device(name, secrets[name], SYSTEM)

    async def services(self, secrets: Mapping[str, str]) -> None:
        """Adopts the services in `secrets`. Raises Unavailable."""
        async with self._deps.database.transaction() as connection:
            for service in SERVICES:
                if service in secrets:
                    await self._put(connection, service, service, secrets[service])
        self._deps.changed()

    async def device(self, id_: str, secret: str, caller: Caller) -> bool:
        """Makes a device with a known secret a collector. Returns whether anything changed: a collector that is
        enrolled, lost or deleted stays unchanged. Raises CollectorNameReserved, Unavailable."""
        require_free_name(id_)
        async with self._deps.database.transaction() as connection:
            is_new = await self._store.add(connection, id_, CollectorDescription(id_), self._deps.now())
            collector = await self._store.lock(connection, id_)
            if collector is None or collector.state == "lost" or collector.gen > 0:
                return False
            if not await self._put(connection, id_, "collector", secret):
                return False
            await self._broker.enable(connection, id_, is_enabled=collector.state == "enabled")
            kind = "collector_adopted" if is_new else "collector_readopted"
            await self._deps.finish(connection, kind, id_, caller)
        self._deps.changed()
        return True

    async def _put(self, connection: Connection, name: str, party: Party, secret: str) -> bool:
        before = await self._broker.by_name(connection, name)
        if before and before.secret:
            known = self._deps.vault.unseal(before.secret, SEAL_PURPOSE, name).decode()
            if known == secret or not before.is_adopted:
                return False
        sealed = self._deps.vault.seal(secret.encode(), SEAL_PURPOSE, name)
        await self._broker.put(connection, name, party, sealed, is_adopted=True)
        return True
