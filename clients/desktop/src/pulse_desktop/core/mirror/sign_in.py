"""Signs a person in at this collector: at the server if it answers, else by the mirror (protocol B3)."""

import asyncio
import re
import secrets
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Final, Never

from pydantic import SecretStr

from pulse_contracts.mirror import MirrorRecord
from pulse_desktop.core.clock import Clock
from pulse_desktop.core.mirror import audit, sessions
from pulse_desktop.core.mirror.cipher import RecordCipher, verifier_hash
from pulse_desktop.core.mirror.database import Rows
from pulse_desktop.core.mirror.keystore import Kept, KeystoreError, decode
from pulse_desktop.core.mirror.machine import starting_state
from pulse_desktop.core.mirror.opening import OpenMirror
from pulse_desktop.core.mirror.server import AskCode, AuthServer, ServerRefused, Unreachable
from pulse_desktop.core.mirror.sessions import LIFETIME, How, LocalSession, Person
from pulse_desktop.core.mirror.signals import Position
from pulse_desktop.core.mirror.store import read_position
from pulse_passwords import MIRROR_POLICY, PasswordHasher, PasswordRefused
from pulse_passwords.digests import DIGEST_BYTES, SALT_BYTES

_CODE: Final = re.compile(r"[^a-z0-9_]")
_WRONG: Final = (
    "the e-mail or the password is wrong, or this account cannot sign in at this collector without the network"
)


class SignInRefused(Exception):  # an answer
    """The person may not sign in. `code`: stable. The message says what is wrong and what to do."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True)
class Credentials:
    """What a person typed."""

    email: str
    password: str = field(repr=False)


class SignIn:
    """Signs people in at one collector."""

    def __init__(self, mirror: OpenMirror, server: AuthServer, clock: Clock) -> None:
        self._mirror, self._server, self._clock = mirror, server, clock

    async def __call__(self, credentials: Credentials, ask_code: AskCode) -> LocalSession:
        """Returns the new local session. Raises SignInRefused, StoreFailure."""
        if not 0 < len(credentials.email) <= 254:
            raise SignInRefused("bad_email", "the e-mail must have 1 to 254 characters")
        if not _is_text(credentials.email):
            raise SignInRefused("bad_email", "the e-mail is not valid UTF-8")
        if not _is_text(credentials.password):
            raise SignInRefused("bad_password", "the password is not valid UTF-8")
        try:
            person = await self._server.check(credentials.email, credentials.password, ask_code)
        except ServerRefused as refusal:
            await self._refuse(_CODE.sub("_", refusal.code)[:64], str(refusal))
        except Unreachable as reason:
            return await self._offline(credentials, str(reason))
        if not await self._is_entitled(person.account):
            await self._refuse("not_entitled", _NOT_ENTITLED)
        return await self._begin(person, "online")

    async def _offline(self, credentials: Credentials, reason: str) -> LocalSession:
        kept, position = await self._read(reason)
        if (refusal := refusal_of_mirror(kept, position, is_suspect=self._mirror.elapsed.is_suspect)) is not None:
            await self._refuse(refusal.code, f"{reason}; {refusal}")
        record, subject = await self._find(credentials.email, kept)
        async with self._mirror.database.reading() as rows:
            is_full = await audit.is_full(rows)
        if is_full:
            text = "the local audit trail is full: connect this collector to the network"
            raise SignInRefused("audit_full", f"{reason}; {text}")
        if wait := await self._mirror.attempts.begin(subject, self._mirror.elapsed.now()):
            await self._refuse("too_many_attempts", f"too many attempts: try again in {wait} s", record)
        is_right = await self._is_right(credentials.password, record)  # takes as long for an unknown e-mail
        if record is None or record.role is None or not is_right:
            await self._refuse("wrong_credentials", f"{reason}; {_WRONG}", record)
        now = self._mirror.elapsed.now()
        if (refusal := refusal_of_lease(record, position, now)) is not None:
            await self._refuse(refusal.code, f"{reason}; {refusal}", record)
        person = Person(record.account, record.email, record.name, record.role, verifier_hash(record.verifier))
        return await self._begin(person, "offline", subject)

    async def _is_entitled(self, account: str) -> bool:
        """Whether the mirror allows the account at this collector. A mirror that has not synchronised cannot tell: then
        the word of the server counts."""
        async with self._mirror.database.reading() as rows:
            position = await read_position(rows)
            row = await rows.one("SELECT state FROM record WHERE account = ?", account)
        is_usable = position.gen == self._mirror.identity.gen and position.state in {"synced", "resync"}
        return not is_usable or (row is not None and row[0] == "live")

    async def _read(self, reason: str) -> tuple[Kept, Position]:
        """The keystore first, then the database: the collector writes them in the opposite order."""
        try:
            kept = await asyncio.to_thread(self._mirror.keystore.update, self._with_elapsed)
        except KeystoreError as error:
            async with self._mirror.database.reading() as rows:
                is_first = (await read_position(rows)).gen != self._mirror.identity.gen
            if error.reason == "missing" and is_first:
                await self._refuse("never_synchronised", f"{reason}; {_NEVER}")
            text = f"{reason}; nobody can sign in without the network: {error}"
            await self._refuse(f"keystore_{error.reason}", text)
        async with self._mirror.database.reading() as rows:
            return kept, await read_position(rows)

    def _with_elapsed(self, kept: Kept) -> Kept:
        return kept.raised(elapsed=self._mirror.elapsed.now())

    async def _find(self, email: str, kept: Kept) -> tuple[MirrorRecord | None, str]:
        record = await self._mirror.store.find(email)
        if record is not None:
            return record, f"account:{record.account}"
        tag = RecordCipher(decode(kept.data_key or SecretStr(""))).email_tag(email)
        return None, f"email:{tag}"

    async def _is_right(self, password: str, record: MirrorRecord | None) -> bool:
        """One run of argon2 with the same costs for every account: unknown accounts, and accounts without a verifier,
        take as long as others."""
        async with PasswordHasher(MIRROR_POLICY, workers=1, queue=1, dummy=_decoy()) as hasher:
            try:
                return (await hasher.verify(password, record.verifier if record is not None else None)).is_valid
            except PasswordRefused as error:
                raise SignInRefused("bad_password", str(error)) from error

    async def _begin(self, person: Person, how: How, subject: str = "") -> LocalSession:
        now, at = self._mirror.elapsed.now(), self._clock.micros()
        session = LocalSession(secrets.token_hex(16), person, how, now, now, now + LIFETIME)
        async with self._mirror.database.transaction() as rows:
            is_allowed = how == "online" or await _is_still_allowed(rows, person)
            if is_allowed:
                await sessions.begin(rows, session, at)
                if subject:
                    await self._mirror.attempts.clear(rows, subject)
        if not is_allowed:
            await self._refuse("wrong_credentials", _WRONG)
        return session

    async def _refuse(self, code: str, text: str, record: MirrorRecord | None = None) -> Never:
        async with self._mirror.database.transaction() as rows:
            account = record.account if record is not None else None
            await audit.record(rows, self._clock.micros(), "sign_in_refused", account, code)
        raise SignInRefused(code, text)


_NOT_ENTITLED: Final = (
    "this account may not sign in at this collector: ask an administrator to allow it. "
    "A new rule arrives within seconds"
)
_NEVER: Final = (
    "this collector has never synchronised its accounts, so nobody can sign in without the network: connect it once"
)


def refusal_of_mirror(kept: Kept, position: Position, *, is_suspect: bool) -> SignInRefused | None:
    """Why nobody can sign in offline; None if the mirror allows it."""
    state = starting_state(position, kept.remembered) if position.gen == kept.gen else "new"
    if state == "wiped" or kept.seal_key is None or kept.data_key is None:
        text = "the accounts of this collector were wiped: enrol it again with --replace"
        return SignInRefused("wiped", text)
    if state == "rollback":
        text = "the database was restored from a backup, so its accounts may be outdated: connect this collector once"
        return SignInRefused("rolled_back", text)
    if state == "new" or position.fresh is None:
        return SignInRefused("never_synchronised", _NEVER)
    if is_suspect:
        text = "the clock of this machine went back, so the age of its accounts is unknown: set the clock, or connect"
        return SignInRefused("clock_suspect", f"{text} this collector")
    return None


def refusal_of_lease(record: MirrorRecord, position: Position, elapsed: int) -> SignInRefused | None:
    """Why this account cannot sign in offline at this time; None if its lease allows it. The age of the mirror must not
    exceed the lease."""
    if record.lease == 0:
        who = "administrators" if record.role == "admin" else "this account"
        return SignInRefused("no_lease", f"{who} cannot sign in without the network: connect this collector")
    late = elapsed - (position.fresh or 0) - record.lease * 1_000_000
    if position.fresh is None or position.fresh > elapsed or late > 0:
        text = f"offline sign-in ended {span(late / 1e6)} ago: connect this collector to the network"
        return SignInRefused("lease_ended", text)
    return None


def _decoy() -> str:
    """A verifier that no password fits, made without argon2. It has the costs of the others, and random bytes instead
    of a digest."""
    salt, digest = (b64encode(secrets.token_bytes(n)).decode().rstrip("=") for n in (SALT_BYTES, DIGEST_BYTES))
    costs = MIRROR_POLICY
    return f"$argon2id$v=19$m={costs.memory_kib},t={costs.time_cost},p={costs.parallelism}${salt}${digest}"


def _is_text(typed: str) -> bool:
    """Whether a text has no bytes that the terminal could not decode: Python keeps them as surrogates."""
    try:
        typed.encode()
    except UnicodeEncodeError:
        return False
    return True


def span(seconds: float) -> str:
    """A duration in words."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7_200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3_600:.0f} h" if seconds < 172_800 else f"{seconds / 86_400:.0f} days"


async def _is_still_allowed(rows: Rows, person: Person) -> bool:
    """Whether the mirror did not change while the password was checked."""
    row = await rows.one("SELECT verifier_hash FROM record WHERE account = ? AND state = 'live'", person.account)
    state = (await read_position(rows)).state
    return row is not None and row[0] == person.verifier_hash and state in {"synced", "resync"}
