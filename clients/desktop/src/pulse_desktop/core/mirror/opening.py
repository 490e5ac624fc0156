"""Opens the mirror of a state directory, for the running collector or for a command."""

import asyncio
import os
from dataclasses import dataclass, field

from pulse_desktop.core.clock import Clock
from pulse_desktop.core.identity.enrolled import Enrolled
from pulse_desktop.core.identity.model import Identity
from pulse_desktop.core.mirror.attempts import Attempts
from pulse_desktop.core.mirror.audit import AuditTrail
from pulse_desktop.core.mirror.cipher import RecordCipher
from pulse_desktop.core.mirror.conflicts import Conflict, Conflicts
from pulse_desktop.core.mirror.database import FILE, Database
from pulse_desktop.core.mirror.elapsed import ElapsedTime
from pulse_desktop.core.mirror.keystore import Kept, Keystore, KeystoreError, decode
from pulse_desktop.core.mirror.sessions import Sessions
from pulse_desktop.core.mirror.signals import Position
from pulse_desktop.core.mirror.store import MirrorStore, read_position


@dataclass(frozen=True)
class OpenMirror:
    """The parts of an open mirror. `kept`: the keystore's content when it was opened; None if `problem` says why it
    cannot be used. `private_key`: the collector's X25519 key, for the running collector only."""

    identity: Identity
    keystore: Keystore
    database: Database
    store: MirrorStore
    position: Position
    elapsed: ElapsedTime
    clock: Clock
    kept: Kept | None
    problem: KeystoreError | None = None
    private_key: bytes = field(default=b"", repr=False)

    @property
    def trail(self) -> AuditTrail:
        """The local audit trail."""
        return AuditTrail(self.database)

    @property
    def conflicts(self) -> Conflicts:
        """The conflicts with the server."""
        return Conflicts(self.database)

    @property
    def sessions(self) -> Sessions:
        """The local sessions."""
        return Sessions(self.database)

    @property
    def attempts(self) -> Attempts:
        """The failed sign-ins."""
        return Attempts(self.database)

    async def close(self) -> None:
        """Closes the database."""
        await self.database.close()


async def open_for_collector(enrolled: Enrolled, identity: Identity, clock: Clock) -> OpenMirror:
    """Opens the mirror for the process that has locked the state directory. Creates what is missing after an enrolment,
    and replaces a corrupt database. Raises KeystoreError, IdentityError, StoreFailure."""
    secrets = await asyncio.to_thread(enrolled.secrets, identity)
    database = await Database.open_or_replace(enrolled.folder, clock)
    try:
        async with database.reading() as rows:
            is_first = (await read_position(rows)).gen != identity.gen
        keystore = Keystore(enrolled, identity)
        try:
            kept = await asyncio.to_thread(keystore.create, secrets, clock.micros(), may_be_missing=is_first)
        except KeystoreError as error:
            if error.reason != "locked":
                conflict = Conflict("keystore_mismatch", "offline_sign_in_refused", before=identity.gen)
                await Conflicts(database).record(clock.micros(), conflict, once=True)
            raise
        store = MirrorStore(database, _cipher(kept), identity.gen, clock)
        position = await store.begin()
    except BaseException:
        await database.close()
        raise
    elapsed = ElapsedTime(kept.elapsed, clock)
    private_key = decode(secrets.private_key)
    return OpenMirror(identity, keystore, database, store, position, elapsed, clock, kept, private_key=private_key)


async def open_for_command(enrolled: Enrolled, identity: Identity, clock: Clock) -> OpenMirror:
    """Opens the mirror beside a running collector. A keystore that cannot be used is a `problem` of the result. Raises
    StoreFailure, also for a corrupt database: only the collector replaces it."""
    keystore, kept, problem = Keystore(enrolled, identity), None, None
    try:
        kept = await asyncio.to_thread(keystore.read)
    except KeystoreError as error:
        problem = error
    database = await Database.open(enrolled.folder / FILE)  # after the keystore: it is never behind the keystore then
    try:
        async with database.reading() as rows:
            position = await read_position(rows)
    except BaseException:
        await database.close()
        raise
    store = MirrorStore(database, _cipher(kept), identity.gen, clock)
    elapsed = ElapsedTime(kept.elapsed if kept is not None else 0, clock)
    return OpenMirror(identity, keystore, database, store, position, elapsed, clock, kept, problem)


def _cipher(kept: Kept | None) -> RecordCipher:
    """The cipher of the records. A wiped mirror has no key: nothing can be opened."""
    has_key = kept is not None and kept.data_key is not None
    return RecordCipher(decode(kept.data_key) if has_key else os.urandom(32))  # type: ignore[union-attr, arg-type]
