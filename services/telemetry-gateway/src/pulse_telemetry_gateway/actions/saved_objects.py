"""Dashboards and saved questions: private ones belong to one account, shared ones are seen by everybody."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pulse_chassis.http.preconditions import Precondition
from pulse_chassis.http.problems import CurrentVersion
from pulse_chassis.identity.caller import Caller
from pulse_chassis.identity.principal import missing
from pulse_contracts.times import from_micros
from pulse_postgres import AuditEntry, Connection, Database
from pulse_postgres.audit import Detail
from pulse_telemetry_gateway.actions.audit_trail import AuditTrail
from pulse_telemetry_gateway.actions.share_link_entries import link_entry
from pulse_telemetry_gateway.model.authors import Author
from pulse_telemetry_gateway.model.errors import ForeignCursor
from pulse_telemetry_gateway.model.saved_objects import (
    OWN_MAX,
    SHARED_MAX,
    Draft,
    Kind,
    NotTheOwner,
    SavedObject,
    SavedVersion,
    TooManyOwn,
    TooManyShared,
    UnknownSavedObject,
    UnknownVersion,
    is_unshared,
    needs_share,
)
from pulse_telemetry_gateway.store.saved_objects import ListKey, SavedObjectStore
from pulse_telemetry_gateway.store.share_links import ShareLinkStore


@dataclass(frozen=True)
class SavingDependencies:
    """clock: microseconds. new_id: random ids."""

    database: Database
    audit: AuditTrail
    clock: Callable[[], int]
    new_id: Callable[[], UUID]


class SavedObjects:
    """Objects of one kind. Each change is one transaction. The audit trail records changes of shared objects."""

    def __init__(self, kind: Kind, dependencies: SavingDependencies) -> None:
        self._kind, self._deps = kind, dependencies
        self._database = dependencies.database
        self._store = SavedObjectStore(dependencies.database, kind)
        self._links = ShareLinkStore()

    async def page(self, author: Author, after: ListKey | None, limit: int, *, with_content: bool) -> list[SavedObject]:
        """Up to `limit` own and shared objects after a key. Raises ForeignCursor, Unavailable."""
        found = await self._store.page(author.account, after, limit, with_content=with_content)
        if found is None:
            raise ForeignCursor("the last entry of the previous page was deleted: start again without a cursor")
        return found

    async def find(self, id_: UUID, author: Author) -> SavedObject:
        """One object. Raises UnknownSavedObject, Unavailable."""
        async with self._database.connection() as connection:
            return self._visible(await self._store.find(connection, id_), id_, author)

    async def create(self, draft: Draft, author: Author, caller: Caller) -> SavedObject:
        """Saves a new object of the author. Raises Forbidden, TooManyOwn, TooManyShared, Unavailable."""
        _check_share(None, draft, author)
        now = self._now()
        newest = SavedVersion(1, draft, now, author.account, author.name)
        created = SavedObject(self._deps.new_id(), self._kind, author.account, author.name, now, newest)
        async with self._database.transaction() as connection:
            own, shared = await self._store.counts(connection, author.account)
            if own >= OWN_MAX:
                raise TooManyOwn(self._kind)
            if draft.shared and shared >= SHARED_MAX:
                raise TooManyShared(self._kind)
            await self._store.add(connection, created)
            await self._record(connection, f"{self._kind}_created", (None, created), caller)
        return created

    async def replace(
        self, id_: UUID, draft: Draft, precondition: Precondition, author: Author, caller: Caller
    ) -> SavedObject:
        """Saves a new version. Only the owner may unshare an object, which revokes its share links. Raises
        UnknownSavedObject, Forbidden, NotTheOwner, PreconditionFailed, TooManyShared, Unavailable."""
        async with self._database.transaction() as connection:
            _, shared = await self._store.counts(connection, author.account) if draft.shared else (0, 0)
            before = self._visible(await self._store.lock(connection, id_), id_, author)
            _check_share(before.newest.draft, draft, author)
            unshares = is_unshared(before.newest.draft, draft)
            if unshares and before.owner != author.account:
                raise NotTheOwner(self._kind)
            precondition.require(_current(before.newest))
            if draft.shared and not before.newest.draft.shared and shared >= SHARED_MAX:
                raise TooManyShared(self._kind)
            newest = SavedVersion(before.newest.number + 1, draft, self._now(), author.account, author.name)
            after = SavedObject(id_, self._kind, before.owner, before.owner_name, before.created_at, newest)
            await self._store.put(connection, id_, newest)
            await self._record(connection, f"{self._kind}_changed", (before, after), caller)
            if unshares:
                await self._revoke_links(connection, after, caller)
        return after

    async def delete(self, id_: UUID, precondition: Precondition, author: Author, caller: Caller) -> None:
        """Deletes an object and its versions. Raises UnknownSavedObject, Forbidden, PreconditionFailed, Unavailable."""
        async with self._database.transaction() as connection:
            before = self._visible(await self._store.lock(connection, id_), id_, author)
            _check_share(before.newest.draft, None, author)
            precondition.require(_current(before.newest))
            await self._store.delete(connection, id_)
            await self._record(connection, f"{self._kind}_deleted", (before, None), caller)

    async def versions(self, id_: UUID, author: Author) -> list[SavedVersion]:
        """The kept versions without content, newest first. Versions from before an object was shared are only for its
        owner. Raises UnknownSavedObject, Unavailable."""
        async with self._database.snapshot() as connection:
            found = self._visible(await self._store.find(connection, id_), id_, author)
            return await self._store.versions(connection, id_, only_shared=found.owner != author.account)

    async def version(self, id_: UUID, number: int, author: Author) -> tuple[SavedObject, SavedVersion]:
        """An object and one of its versions. Raises UnknownSavedObject, UnknownVersion, Unavailable."""
        async with self._database.snapshot() as connection:
            found = self._visible(await self._store.find(connection, id_), id_, author)
            version = await self._store.version(connection, id_, number)
        if version is None or not (version.draft.shared or found.owner == author.account):
            raise UnknownVersion(f"version {number} does not exist or is not kept")
        return found, version

    async def _revoke_links(self, connection: Connection, unshared: SavedObject, caller: Caller) -> None:
        """Otherwise the links would work again when somebody shares the object again."""
        version = unshared.newest
        for link in await self._links.revoke_all(connection, unshared.id, version.updated_at, version.updated_by):
            await self._deps.audit.append(connection, link_entry("share_link_revoked", link, caller))
        await self._links.trim(connection, unshared.id, version.updated_at)

    def _visible(self, found: SavedObject | None, id_: UUID, author: Author) -> SavedObject:
        if found is None or not found.is_visible_to(author.account):
            raise UnknownSavedObject(f"unknown {self._kind} {id_}")
        return found

    async def _record(
        self,
        connection: Connection,
        event: str,
        change: tuple[SavedObject | None, SavedObject | None],
        caller: Caller,
    ) -> None:
        """Names, versions and ids of what others see; never content."""
        before, after = change
        target = before or after
        drafts = [one.newest.draft if one else None for one in change]
        if target is None or not needs_share(*drafts):
            await self._deps.audit.unrecorded(connection)
            return
        entry = AuditEntry(
            event,
            caller.account,
            f"{self._kind}:{target.id}",
            _detail(before),
            _detail(after),
            caller.address,
            caller.request_id,
        )
        await self._deps.audit.append(connection, entry)

    def _now(self) -> datetime:
        return from_micros(self._deps.clock())


def _check_share(before: Draft | None, after: Draft | None, author: Author) -> None:
    if needs_share(before, after) and not author.may("dashboards.share"):
        raise missing("dashboards.share")


def _current(version: SavedVersion) -> CurrentVersion:
    return CurrentVersion(
        version=version.number,
        updated_at=version.updated_at,
        updated_by=version.updated_by,
        updated_by_name=version.updated_by_name,
    )


def _detail(one: SavedObject | None) -> Detail | None:
    """The name of a private object is nobody else's business."""
    if one is None:
        return None
    draft = one.newest.draft
    named: Detail = {"name": draft.name} if draft.shared else {}
    return {"version": one.newest.number, "shared": draft.shared, "owner": one.owner, **named}
