"""Collectors: create, describe, disable, enable, report lost, delete."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from pulse_auth.actions.collector_events import CollectorEvents
from pulse_auth.model.collectors import (
    CODE_LIFETIME,
    SECRET_BYTES,
    Collector,
    CollectorDescription,
    CollectorExists,
    CollectorNotFound,
    CollectorState,
    require_free_name,
    require_kind,
    require_state,
    require_tag,
)
from pulse_auth.store.broker import BrokerStore
from pulse_auth.store.collectors import AccessStore, CodeStore, CollectorStore, Listing
from pulse_chassis.identity.caller import Caller
from pulse_contracts.times import from_micros
from pulse_jose.enrolment import Code
from pulse_jose.vault import Vault
from pulse_postgres import Audit, AuditEntry, Connection, Database
from pulse_postgres.audit import Detail

SEAL_PURPOSE, CODE_PURPOSE = "broker credential", "enrolment code"


@dataclass(frozen=True)
class CollectorDependencies:
    """Dependencies of collector management. `entropy(n)`: n random bytes. `events`: makes the events of changed
    collectors. `changed()`: tells the reconciler that broker accounts changed."""

    database: Database
    vault: Vault
    audit: Audit
    clock: Callable[[], int]
    entropy: Callable[[int], bytes]
    events: CollectorEvents
    changed: Callable[[], None]

    def now(self) -> datetime:
        """The current time."""
        return from_micros(self.clock())

    def new_secret(self) -> str:
        """256 random bits for a broker account."""
        return base64.urlsafe_b64encode(self.entropy(SECRET_BYTES)).decode().rstrip("=")

    async def finish(
        self,
        connection: Connection,
        kind: str,
        collector: str | None,
        caller: Caller,
        change: tuple[Detail | None, Detail | None] = (None, None),
    ) -> None:
        """Writes the event of a changed collector, and the entry of the audit log. Call it after all changes, because
        all transactions share the lock of the audit log."""
        if collector is not None:
            await self.events.put(connection, collector)
        target = f"collector:{collector}" if collector else None
        entry = AuditEntry(kind, caller.account, target, *change, caller.address, caller.request_id)
        await self.audit.append(connection, entry, self.now())


class Collectors:
    """Administration of collectors. Every method raises Unavailable."""

    def __init__(self, deps: CollectorDependencies) -> None:
        self._deps = deps
        self._store, self._codes = CollectorStore(), CodeStore()
        self._access, self._broker = AccessStore(), BrokerStore()

    async def page(self, listing: Listing, after: str | None, limit: int) -> tuple[list[Collector], int]:
        """Up to `limit` collectors by id, and the total number."""
        async with self._deps.database.snapshot() as connection:
            return await self._store.page(connection, listing, after, limit)

    async def find(self, id_: str) -> Collector:
        """Raises CollectorNotFound."""
        async with self._deps.database.connection() as connection:
            return require_collector(await self._store.by_id(connection, id_))

    async def create(self, id_: str, description: CollectorDescription, caller: Caller) -> tuple[Collector, Code]:
        """Creates a collector and the one-time code that enrols it. Raises CollectorExists, CollectorNameReserved."""
        require_free_name(id_)
        async with self._deps.database.transaction() as connection:
            if not await self._store.add(connection, id_, description, self._deps.now()):
                raise CollectorExists(f"A collector with the id {id_!r} exists. Delete it first, or choose another id.")
            code = await self._new_code(connection, id_)
            await self._deps.finish(
                connection, "collector_created", id_, caller, (None, description_detail(description))
            )
            return require_collector(await self._store.by_id(connection, id_)), code

    async def describe(self, id_: str, description: CollectorDescription, tag: str | None, caller: Caller) -> Collector:
        """Replaces name, site and tags. Raises CollectorNotFound, CollectorTagMissing, CollectorChanged."""
        async with self._deps.database.transaction() as connection:
            before = require_collector(await self._store.lock(connection, id_))
            require_tag(before, tag)
            await self._store.describe(connection, id_, description)
            change = description_detail(before.description), description_detail(description)
            await self._deps.finish(connection, "collector_changed", id_, caller, change)
            return require_collector(await self._store.by_id(connection, id_))

    async def delete(self, id_: str, tag: str | None, caller: Caller) -> None:
        """Disconnects the collector and destroys its keys. Its readings stay; its id can be used again. Raises as
        `describe`."""
        async with self._deps.database.transaction() as connection:
            found = require_collector(await self._store.lock(connection, id_))
            require_tag(found, tag)
            await self._end(connection, found, "deleted")
            await self._access.remove(connection, id_)
            await self._deps.finish(connection, "collector_deleted", id_, caller)
        self._deps.changed()

    async def new_code(self, id_: str, caller: Caller) -> tuple[Collector, Code]:
        """Creates a one-time code, also for an enrolled collector, which keeps its keys until the code is used. An
        older code becomes invalid. Raises CollectorNotFound, WrongCollectorKind."""
        async with self._deps.database.transaction() as connection:
            require_kind(require_collector(await self._store.lock(connection, id_)), "collector")
            code = await self._new_code(connection, id_)
            await self._store.touch(connection, id_)
            await self._deps.finish(connection, "enrolment_code_made", id_, caller)
            return require_collector(await self._store.by_id(connection, id_)), code

    async def rotate(self, id_: str, caller: Caller, *, cuts_off: bool) -> tuple[Collector, Code]:
        """Creates a one-time code for new keys and a new secret. With `cuts_off` the current secret becomes invalid at
        once and the collector is disconnected until it is enrolled again. Raises CollectorNotFound, WrongCollectorKind,
        WrongCollectorState."""
        async with self._deps.database.transaction() as connection:
            found = require_collector(await self._store.lock(connection, id_))
            require_kind(found, "collector")
            require_state(found, "enabled", "disabled")
            code = await self._new_code(connection, id_)
            await self._store.touch(connection, id_)
            if cuts_off:
                sealed = self._deps.vault.seal(self._deps.new_secret().encode(), SEAL_PURPOSE, id_)
                await self._broker.put(connection, id_, "collector", sealed)
            await self._deps.finish(connection, "collector_rotated", id_, caller, (None, {"cuts_off": cuts_off}))
            found = require_collector(await self._store.by_id(connection, id_))
        self._deps.changed()
        return found, code

    async def set_enabled(self, id_: str, caller: Caller, *, is_enabled: bool) -> Collector:
        """Enables or disables a collector; a disabled one keeps its readings in its buffer. Idempotent. Raises
        CollectorNotFound, WrongCollectorState."""
        state: CollectorState = "enabled" if is_enabled else "disabled"
        async with self._deps.database.transaction() as connection:
            before = require_collector(await self._store.lock(connection, id_))
            require_state(before, "enabled", "disabled")
            if before.state == state:
                return before
            await self._store.become(connection, id_, state)
            await self._broker.enable(connection, before.broker_name, is_enabled=is_enabled)
            await self._deps.finish(connection, f"collector_{state}", id_, caller)
            found = require_collector(await self._store.by_id(connection, id_))
        self._deps.changed()
        return found

    async def report_lost(self, id_: str, caller: Caller) -> Collector:
        """Reports a collector as lost: disconnects it and destroys its keys. Raises CollectorNotFound."""
        async with self._deps.database.transaction() as connection:
            await self._end(connection, require_collector(await self._store.lock(connection, id_)), "lost")
            await self._deps.finish(connection, "collector_lost", id_, caller)
            found = require_collector(await self._store.by_id(connection, id_))
        self._deps.changed()
        return found

    async def enrolment_code(self, id_: str, name: str, caller: Caller) -> tuple[Collector, Code]:
        """Creates a one-time code, and the collector if it does not exist. Raises CollectorNameReserved,
        WrongCollectorKind."""
        try:
            return await self.new_code(id_, caller)
        except CollectorNotFound:
            return await self.create(id_, CollectorDescription(name), caller)

    async def _end(self, connection: Connection, collector: Collector, state: CollectorState) -> None:
        await self._store.become(connection, collector.id, state)
        await self._broker.remove(connection, collector.broker_name)
        await self._codes.drop(connection, collector.id)

    async def _new_code(self, connection: Connection, id_: str) -> Code:
        code = Code.generate(self._deps.entropy)
        sealed = self._deps.vault.seal(code.key, CODE_PURPOSE, id_)
        await self._codes.put(connection, id_, (code.id, sealed), self._deps.now() + CODE_LIFETIME)
        return code


def require_collector(collector: Collector | None) -> Collector:
    """Raises CollectorNotFound for None."""
    if collector is None:
        raise CollectorNotFound("The collector does not exist.")
    return collector


def description_detail(description: CollectorDescription) -> Detail:
    """The description as the audit log has it."""
    return {"name": description.name, "site": description.site, "tags": list(description.tags)}
