"""Collectors: created, described, switched off and on, given up as lost, deleted; and who may sign in there."""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pulse_auth.actions.vault import Vault
from pulse_auth.model.collectors import (
    CODE_LIFE,
    SECRET_BYTES,
    AccessRule,
    Collector,
    CollectorExists,
    CollectorNotFound,
    CollectorState,
    Particulars,
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
from pulse_postgres import Audit, AuditEntry, Connection, Database
from pulse_postgres.audit import Detail

SEAL_PURPOSE, CODE_PURPOSE = "broker credential", "enrolment code"


@dataclass(frozen=True)
class CollectorMeans:
    """What collectors are managed with. `entropy(n)` gives n unpredictable bytes; `changed()` says that the broker has
    something to learn."""

    database: Database
    vault: Vault
    audit: Audit
    clock: Callable[[], int]
    entropy: Callable[[int], bytes]
    changed: Callable[[], None]

    def now(self) -> datetime:
        """The clock's time."""
        return from_micros(self.clock())

    def new_secret(self) -> str:
        """256 random bits, as an account of the broker has them."""
        return base64.urlsafe_b64encode(self.entropy(SECRET_BYTES)).decode().rstrip("=")

    async def note(
        self,
        connection: Connection,
        kind: str,
        collector: str | None,
        caller: Caller,
        change: tuple[Detail | None, Detail | None] = (None, None),
    ) -> None:
        """One entry of the audit trail: the last statement of a transaction."""
        target = f"collector:{collector}" if collector else None
        entry = AuditEntry(kind, caller.account, target, *change, caller.address, caller.request_id)
        await self.audit.append(connection, entry, self.now())


@dataclass(frozen=True)
class KnownAccount:
    """An account that a collector knew, or would have been told of."""

    id: UUID
    email: str
    name: str
    role: str


class Collectors:
    """What administrators do with them. Every method raises Unavailable."""

    def __init__(self, means: CollectorMeans) -> None:
        self._means = means
        self._store, self._codes = CollectorStore(), CodeStore()
        self._access, self._broker = AccessStore(), BrokerStore()

    async def page(self, wanted: Listing, after: str | None, limit: int) -> tuple[list[Collector], int]:
        """Up to `limit` of them in the order of their ids, and how many there are in all."""
        async with self._means.database.snapshot() as connection:
            return await self._store.page(connection, wanted, after, limit)

    async def find(self, id_: str) -> Collector:
        """Raises CollectorNotFound."""
        async with self._means.database.connection() as connection:
            return found_collector(await self._store.by_id(connection, id_))

    async def create(self, id_: str, given: Particulars, caller: Caller) -> tuple[Collector, Code]:
        """A new collector and the one-time code that enrols it. Raises CollectorExists, CollectorNameReserved."""
        require_free_name(id_)
        async with self._means.database.transaction() as connection:
            if not await self._store.add(connection, id_, given, self._means.now()):
                raise CollectorExists("there is a collector with this id already")
            code = await self._new_code(connection, id_)
            await self._means.note(connection, "collector_created", id_, caller, (None, particulars_detail(given)))
            return found_collector(await self._store.by_id(connection, id_)), code

    async def describe(self, id_: str, given: Particulars, tag: str | None, caller: Caller) -> Collector:
        """Other name, site and tags. Raises CollectorNotFound, CollectorTagMissing, CollectorChanged."""
        async with self._means.database.transaction() as connection:
            before = found_collector(await self._store.lock(connection, id_))
            require_tag(before, tag)
            await self._store.describe(connection, id_, given)
            change = particulars_detail(before.particulars), particulars_detail(given)
            await self._means.note(connection, "collector_changed", id_, caller, change)
            return found_collector(await self._store.by_id(connection, id_))

    async def delete(self, id_: str, tag: str | None, caller: Caller) -> None:
        """It is disconnected, and its keys are destroyed; its readings stay, and its id may be given again.
        Raises as `describe`."""
        async with self._means.database.transaction() as connection:
            found = found_collector(await self._store.lock(connection, id_))
            require_tag(found, tag)
            await self._end(connection, found, "deleted")
            await self._access.replace(connection, id_, [])
            await self._means.note(connection, "collector_deleted", id_, caller)
        self._means.changed()

    async def new_code(self, id_: str, caller: Caller) -> tuple[Collector, Code]:
        """A one-time code that enrols it, again too: until it is used, the collector goes on with what it has. An
        older code opens nothing any more. Raises CollectorNotFound, WrongCollectorKind."""
        async with self._means.database.transaction() as connection:
            require_kind(found_collector(await self._store.lock(connection, id_)), "collector")
            code = await self._new_code(connection, id_)
            await self._store.touch(connection, id_)
            await self._means.note(connection, "enrolment_code_made", id_, caller)
            return found_collector(await self._store.by_id(connection, id_)), code

    async def rotate(self, id_: str, caller: Caller, *, cuts_off: bool) -> tuple[Collector, Code]:
        """A one-time code for new keys and a new secret. With `cuts_off` the present secret is worth nothing from now
        on, and the collector is disconnected until it has been enrolled again. Raises CollectorNotFound,
        WrongCollectorKind, WrongCollectorState."""
        async with self._means.database.transaction() as connection:
            found = found_collector(await self._store.lock(connection, id_))
            require_kind(found, "collector")
            require_state(found, "enabled", "disabled")
            code = await self._new_code(connection, id_)
            await self._store.touch(connection, id_)
            if cuts_off:
                sealed = self._means.vault.seal(self._means.new_secret().encode(), SEAL_PURPOSE, id_)
                await self._broker.put(connection, id_, "collector", sealed)
            await self._means.note(connection, "collector_rotated", id_, caller, (None, {"cuts_off": cuts_off}))
            found = found_collector(await self._store.by_id(connection, id_))
        self._means.changed()
        return found, code

    async def switch(self, id_: str, caller: Caller, *, is_enabled: bool) -> Collector:
        """Disconnects a collector, which then keeps its readings to itself; or takes it again. Twice is once. Raises
        CollectorNotFound, WrongCollectorState."""
        state: CollectorState = "enabled" if is_enabled else "disabled"
        async with self._means.database.transaction() as connection:
            before = found_collector(await self._store.lock(connection, id_))
            require_state(before, "enabled", "disabled")
            if before.state == state:
                return before
            await self._store.become(connection, id_, state)
            await self._broker.enable(connection, before.broker_name, is_enabled=is_enabled)
            await self._means.note(connection, f"collector_{state}", id_, caller)
            found = found_collector(await self._store.by_id(connection, id_))
        self._means.changed()
        return found

    async def lose(self, id_: str, caller: Caller) -> tuple[Collector, list[KnownAccount]]:
        """Somebody else may have it: it is disconnected, its keys are destroyed, and whoever could sign in there is
        listed. Raises CollectorNotFound."""
        async with self._means.database.transaction() as connection:
            before = found_collector(await self._store.lock(connection, id_))
            rows = await self._access.accounts(connection, id_)
            known = [KnownAccount(UUID(str(row["id"])), row["email"], row["name"], row["role"]) for row in rows]
            await self._end(connection, before, "lost")
            change = None, {"accounts": len(known)}
            await self._means.note(connection, "collector_lost", id_, caller, change)
            found = found_collector(await self._store.by_id(connection, id_)), known
        self._means.changed()
        return found

    async def access(self, id_: str) -> tuple[Collector, list[AccessRule]]:
        """Who may sign in there. Raises CollectorNotFound."""
        async with self._means.database.snapshot() as connection:
            return found_collector(await self._store.by_id(connection, id_)), await self._access.of(connection, id_)

    async def grant(
        self, id_: str, rules: Sequence[AccessRule], tag: str | None, caller: Caller
    ) -> tuple[Collector, list[AccessRule]]:
        """Replaces the whole list. Raises CollectorNotFound, CollectorTagMissing, CollectorChanged."""
        async with self._means.database.transaction() as connection:
            require_tag(found_collector(await self._store.lock(connection, id_)), tag)
            before = await self._access.of(connection, id_)
            await self._access.replace(connection, id_, rules)
            await self._store.touch(connection, id_)
            after = await self._access.of(connection, id_)
            change = _list(before), _list(after)
            await self._means.note(connection, "collector_access_changed", id_, caller, change)
            return found_collector(await self._store.by_id(connection, id_)), after

    async def _end(self, connection: Connection, collector: Collector, state: CollectorState) -> None:
        await self._store.become(connection, collector.id, state)
        await self._broker.remove(connection, collector.broker_name)
        await self._codes.drop(connection, collector.id)

    async def _new_code(self, connection: Connection, id_: str) -> Code:
        code = Code.generate(self._means.entropy)
        sealed = self._means.vault.seal(code.key, CODE_PURPOSE, id_)
        await self._codes.put(connection, id_, (code.id, sealed), self._means.now() + CODE_LIFE)
        return code


def found_collector(collector: Collector | None) -> Collector:
    """Raises CollectorNotFound."""
    if collector is None:
        raise CollectorNotFound("there is no collector with this id")
    return collector


def particulars_detail(given: Particulars) -> Detail:
    """As the audit trail has them."""
    return {"name": given.name, "site": given.site, "tags": list(given.tags)}


def _list(rules: Sequence[AccessRule]) -> Detail:
    return {
        "allowed": [rule.subject for rule in rules if rule.is_allowed],
        "denied": [rule.subject for rule in rules if not rule.is_allowed],
    }
