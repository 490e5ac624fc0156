"""Share links of dashboards: create, list, revoke, and read with one."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from pulse_chassis.identity.caller import Caller
from pulse_contracts.times import from_micros
from pulse_telemetry_gateway.actions.saved_objects import SavingDependencies
from pulse_telemetry_gateway.actions.share_link_entries import link_entry
from pulse_telemetry_gateway.model.authors import Author
from pulse_telemetry_gateway.model.errors import UnknownSeries
from pulse_telemetry_gateway.model.saved_objects import SavedObject, UnknownSavedObject
from pulse_telemetry_gateway.model.share_links import (
    ACTIVE_MAX,
    TOKEN_BYTES,
    DashboardNotShared,
    NewShareLink,
    ShareLink,
    ShareLinkInvalid,
    TooManyShareLinks,
    UnknownShareLink,
    token_hash,
)
from pulse_telemetry_gateway.store.saved_objects import SavedObjectStore
from pulse_telemetry_gateway.store.share_links import ShareLinkStore


@dataclass(frozen=True)
class LinkTerms:
    """What the creator of a link chooses. name: for whom or for what it is."""

    name: str
    valid_for: timedelta
    embeddable: bool = False


class ShareLinks:
    """Each change is one transaction with its audit entry. The token is stored nowhere."""

    def __init__(self, dependencies: SavingDependencies) -> None:
        self._deps, self._database = dependencies, dependencies.database
        self._links = ShareLinkStore()
        self._dashboards = SavedObjectStore(dependencies.database, "dashboard")

    async def create(self, dashboard: UUID, terms: LinkTerms, author: Author, caller: Caller) -> NewShareLink:
        """Creates a link. Raises UnknownSavedObject, DashboardNotShared, TooManyShareLinks, Unavailable."""
        now, token = self._now(), secrets.token_urlsafe(TOKEN_BYTES)
        id_ = self._deps.new_id()
        expires = now + terms.valid_for
        link = ShareLink(
            id_, dashboard, terms.name, now, author.account, author.name, expires, embeddable=terms.embeddable
        )
        async with self._database.transaction() as connection:
            found = _visible(await self._dashboards.lock(connection, dashboard), dashboard, author)
            if not found.newest.draft.shared:
                raise DashboardNotShared("Share the dashboard with everybody before you create a link.")
            if await self._links.count_valid(connection, dashboard, now) >= ACTIVE_MAX:
                raise TooManyShareLinks(f"The dashboard has {ACTIVE_MAX} valid links already. Revoke one first.")
            await self._links.add(connection, link, token_hash(token))
            await self._deps.audit.append(connection, link_entry("share_link_created", link, caller))
        return NewShareLink(link, token)

    async def list(self, dashboard: UUID, author: Author) -> list[ShareLink]:
        """The links of a dashboard, newest first. Raises UnknownSavedObject, Unavailable."""
        async with self._database.transaction() as connection:
            _visible(await self._dashboards.lock(connection, dashboard), dashboard, author)
            await self._links.trim(connection, dashboard, self._now())
            return await self._links.of(connection, dashboard)

    async def revoke(self, dashboard: UUID, id_: UUID, author: Author, caller: Caller) -> None:
        """Ends a link at once. An ended link stays as it is. Raises UnknownSavedObject, UnknownShareLink,
        Unavailable."""
        async with self._database.transaction() as connection:
            _visible(await self._dashboards.lock(connection, dashboard), dashboard, author)
            link = await self._links.find(connection, dashboard, id_)
            if link is None:
                raise UnknownShareLink(f"unknown link {id_}")
            if link.revoked_at is None:
                await self._links.revoke(connection, id_, self._now(), author.account)
                await self._deps.audit.append(connection, link_entry("share_link_revoked", link, caller))
            await self._links.trim(connection, dashboard, self._now())

    async def open(self, token: str) -> tuple[ShareLink, SavedObject]:
        """The link of a token, and its dashboard. Raises ShareLinkInvalid, Unavailable."""
        async with self._database.snapshot() as connection:
            link = await self._links.usable(connection, token_hash(token), self._now())
            found = await self._dashboards.find(connection, link.dashboard) if link else None
        if link is None or found is None:
            raise ShareLinkInvalid
        async with self._database.connection() as connection:
            await self._links.note_use(connection, link.id, self._now())
        return link, found

    async def require_shown(self, token: str, series: int) -> None:
        """Checks that the token is valid and that its dashboard shows the series. Raises ShareLinkInvalid,
        UnknownSeries, Unavailable."""
        async with self._database.connection() as connection:
            is_shown = await self._links.shows(connection, token_hash(token), self._now(), series)
        if is_shown is None:
            raise ShareLinkInvalid
        if not is_shown:
            raise UnknownSeries(f"the dashboard does not show series {series}")

    def _now(self) -> datetime:
        return from_micros(self._deps.clock())


def _visible(found: SavedObject | None, id_: UUID, author: Author) -> SavedObject:
    if found is None or not found.is_visible_to(author.account):
        raise UnknownSavedObject(f"unknown dashboard {id_}")
    return found
