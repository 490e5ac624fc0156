"""White label: the name, colour and logo of the pages."""

import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final

from pulse_chassis.identity.caller import Caller
from pulse_contracts.times import from_micros
from pulse_postgres import Audit, AuditEntry, Connection, Database
from pulse_postgres.audit import Detail
from pulse_users.actions.changes import require_account
from pulse_users.model.accounts import Precondition
from pulse_users.model.brand import Accent, Brand, BrandChanged, require_contrast
from pulse_users.model.images import read_image
from pulse_users.store.brand import BrandStore

_KEPT: Final = 3_000_000
"""Microseconds for which the brand and the logo are kept in memory. Another process shows a change after that time."""


@dataclass(frozen=True)
class _Logo:
    """The logo of a version of the brand, with its media type. None: there was none."""

    version: int
    content: tuple[bytes, str] | None


@dataclass(frozen=True)
class _Change:
    connection: Connection
    before: Brand
    after: Brand


class Branding:
    """Each change is one transaction with its audit entry. `clock` in microseconds."""

    def __init__(self, database: Database, audit: Audit, clock: Callable[[], int]) -> None:
        self._database, self._audit, self._clock = database, audit, clock
        self._store = BrandStore()
        self._brand: tuple[int, Brand] | None = None
        self._logo: tuple[int, _Logo] | None = None

    async def read(self) -> Brand:
        """The brand. May be a few seconds old. Raises Unavailable."""
        if self._brand is not None and self._is_fresh(self._brand[0]):
            return self._brand[1]
        async with self._database.connection() as connection:
            found = await self._store.read(connection)
        self._keep(found)
        return found

    async def logo(self, version: int | None = None) -> tuple[bytes, str] | None:
        """The bytes of the logo and their media type: of this version of the brand or a newer one. Without `version`
        they may be a few seconds old. Raises Unavailable."""
        kept = self._logo[1] if self._logo is not None else None
        is_fresh = self._logo is not None and self._is_fresh(self._logo[0])
        if kept is not None and is_fresh and (version is None or version <= kept.version):
            return kept.content
        async with self._database.snapshot() as connection:
            brand = await self._store.read(connection)
            if kept is None or kept.version != brand.version:
                data, type_ = await self._store.logo(connection), brand.logo_type
                kept = _Logo(brand.version, None if data is None or type_ is None else (data, type_))
        self._logo = (self._clock(), kept)
        return kept.content

    async def replace(
        self, caller: Caller, name: str | None, accent: Accent | None, precondition: Precondition
    ) -> Brand:
        """Sets name and colour; None restores the product's own. Raises AccentContrast, BrandChanged, NotSignedIn,
        Forbidden, Unavailable."""
        if accent is not None:
            require_contrast(accent)
        async with self._change(caller, precondition) as change:
            after = replace(change.after, name=name, accent=accent)
            await self._store.put(change.connection, after)
            await self._record(change.connection, "brand_changed", caller, _detail(change.before), _detail(after))
        self._keep(after)
        return after

    async def replace_logo(self, caller: Caller, logo: bytes | None, precondition: Precondition) -> Brand:
        """Sets the logo; None removes it. Raises NotAnImage, ImageTooLarge, BrandChanged, NotSignedIn, Forbidden,
        Unavailable."""
        image = None if logo is None else read_image(logo)
        async with self._change(caller, precondition) as change:
            type_ = image.type if image else None
            after = replace(change.after, logo_type=type_)
            await self._store.put(change.connection, after)
            await self._store.put_logo(change.connection, logo, type_)
            detail: Detail = {"type": type_}
            if logo is not None:
                detail = {"type": type_, "bytes": len(logo), "sha256": hashlib.sha256(logo).hexdigest()}
            before: Detail = {"type": change.before.logo_type}
            await self._record(change.connection, "brand_logo_changed", caller, before, detail)
        self._keep(after)
        self._logo = None
        return after

    def _keep(self, found: Brand) -> None:
        """Keeps the brand, unless a newer one was stored meanwhile."""
        if self._brand is None or not self._is_fresh(self._brand[0]) or self._brand[1].version <= found.version:
            self._brand = (self._clock(), found)

    def _is_fresh(self, at: int) -> bool:
        return 0 <= self._clock() - at < _KEPT

    @asynccontextmanager
    async def _change(self, caller: Caller, precondition: Precondition) -> AsyncIterator[_Change]:
        async with self._database.transaction() as connection:
            before = await self._store.lock(connection)
            account = await require_account(connection, caller, "system.manage")
            if precondition.versions is not None and before.version not in precondition.versions:
                raise BrandChanged(before.version)
            after = replace(
                before,
                version=before.version + 1,
                updated_at=from_micros(self._clock()),
                updated_by=str(account.id),
                updated_by_name=account.name,
            )
            yield _Change(connection, before, after)

    async def _record(self, connection: Connection, kind: str, caller: Caller, before: Detail, after: Detail) -> None:
        entry = AuditEntry(kind, caller.account, "brand", before, after, caller.address, caller.request_id)
        await self._audit.append(connection, entry, from_micros(self._clock()))


def _detail(brand: Brand) -> Detail:
    accent = brand.accent
    return {
        "name": brand.name,
        "accent_light": accent.light if accent else None,
        "accent_dark": accent.dark if accent else None,
    }
