"""Annotations: everybody sees them; the author and administrators change them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from pulse_chassis.http.preconditions import Precondition
from pulse_chassis.http.problems import CurrentVersion
from pulse_chassis.identity.caller import Caller
from pulse_chassis.identity.principal import Forbidden
from pulse_contracts.times import from_micros
from pulse_postgres import AuditEntry, Connection
from pulse_postgres.audit import Detail
from pulse_telemetry_gateway.actions.history import check_range
from pulse_telemetry_gateway.actions.saved_objects import SavingDependencies
from pulse_telemetry_gateway.model.annotations import (
    DEVICE_MAX,
    Annotation,
    AnnotationQuery,
    Note,
    SeriesOfAnotherDevice,
    Subject,
    TooManyAnnotations,
    UnknownAnnotation,
)
from pulse_telemetry_gateway.model.authors import Author
from pulse_telemetry_gateway.model.errors import UnknownDevice, UnknownSeries
from pulse_telemetry_gateway.store.annotations import AnnotationKey, AnnotationStore


@dataclass(frozen=True)
class Wanted:
    """What a new annotation is about: a device, a series, or everything."""

    device: str | None
    series: int | None


class Annotations:
    """Each change is one transaction with its audit entry."""

    def __init__(self, dependencies: SavingDependencies) -> None:
        self._database, self._audit = dependencies.database, dependencies.audit
        self._clock: Callable[[], int] = dependencies.clock
        self._new_id = dependencies.new_id
        self._store = AnnotationStore()

    async def page(self, query: AnnotationQuery, after: AnnotationKey | None, limit: int) -> list[Annotation]:
        """Up to `limit` annotations after a key, by time. Raises InvalidRange, Unavailable."""
        check_range(query.start, query.end)
        async with self._database.connection() as connection:
            return await self._store.page(connection, query, after, limit)

    async def find(self, id_: UUID) -> Annotation:
        """Raises UnknownAnnotation, Unavailable."""
        async with self._database.connection() as connection:
            return _existing(await self._store.find(connection, id_), id_)

    async def create(self, wanted: Wanted, note: Note, author: Author, caller: Caller) -> Annotation:
        """Adds an annotation. Raises UnknownDevice, UnknownSeries, SeriesOfAnotherDevice, TooManyAnnotations,
        Unavailable."""
        now = self._now()
        async with self._database.transaction() as connection:
            subject = await self._subject(connection, wanted)
            if await self._store.count(connection, subject.device[0] if subject.device else None) >= DEVICE_MAX:
                raise TooManyAnnotations(f"There are {DEVICE_MAX} annotations of this device already. Delete some.")
            id_, account, name = self._new_id(), author.account, author.name
            added = Annotation(id_, subject, note, account, name, 1, now, now, account, name)
            await self._store.add(connection, added)
            await self._record(connection, "annotation_created", (None, added), caller)
        return added

    async def replace(
        self, id_: UUID, note: Note, precondition: Precondition, author: Author, caller: Caller
    ) -> Annotation:
        """Replaces time and text. Raises UnknownAnnotation, Forbidden, PreconditionFailed, Unavailable."""
        async with self._database.transaction() as connection:
            before = await self._locked(connection, id_, precondition, author)
            after = replace(
                before,
                note=note,
                version=before.version + 1,
                updated_at=self._now(),
                updated_by=author.account,
                updated_by_name=author.name,
            )
            await self._store.put(connection, after)
            await self._record(connection, "annotation_changed", (before, after), caller)
        return after

    async def delete(self, id_: UUID, precondition: Precondition, author: Author, caller: Caller) -> None:
        """Raises UnknownAnnotation, Forbidden, PreconditionFailed, Unavailable."""
        async with self._database.transaction() as connection:
            before = await self._locked(connection, id_, precondition, author)
            await self._store.delete(connection, id_)
            await self._record(connection, "annotation_deleted", (before, None), caller)

    async def _subject(self, connection: Connection, wanted: Wanted) -> Subject:
        found = await self._store.subject(connection, wanted.device, wanted.series)
        if found is None:
            if wanted.series is not None:
                raise UnknownSeries(f"unknown series {wanted.series}")
            raise UnknownDevice(f"unknown device {wanted.device}")
        if found.device and wanted.device not in {None, found.device[1]}:
            raise SeriesOfAnotherDevice(f"series {found.series} belongs to device {found.device[1]}")
        return found

    async def _locked(
        self, connection: Connection, id_: UUID, precondition: Precondition, author: Author
    ) -> Annotation:
        found = _existing(await self._store.lock(connection, id_), id_)
        if found.author != author.account and not author.may("telemetry.manage"):
            raise Forbidden("Only its author and administrators may change an annotation.")
        current = CurrentVersion(
            version=found.version,
            updated_at=found.updated_at,
            updated_by=found.updated_by,
            updated_by_name=found.updated_by_name,
        )
        precondition.require(current)
        return found

    async def _record(
        self, connection: Connection, event: str, change: tuple[Annotation | None, Annotation | None], caller: Caller
    ) -> None:
        id_ = next(one.id for one in change if one is not None)
        before, after = map(_detail, change)
        entry = AuditEntry(event, caller.account, f"annotation:{id_}", before, after, caller.address, caller.request_id)
        await self._audit.append(connection, entry)

    def _now(self) -> datetime:
        return from_micros(self._clock())


def _existing(found: Annotation | None, id_: UUID) -> Annotation:
    if found is None:
        raise UnknownAnnotation(f"unknown annotation {id_}")
    return found


def _detail(one: Annotation | None) -> Detail | None:
    if one is None:
        return None
    return {
        "version": one.version,
        "device": one.subject.device[1] if one.subject.device else None,
        "series": one.subject.series,
        "t": one.note.t,
        "until": one.note.until,
        "text": one.note.text,
    }
