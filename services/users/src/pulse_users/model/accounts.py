"""Accounts: valid names, preconditions, forbidden changes, and the event of a change."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from pulse_contracts.accounts import (
    DIGEST_CONTEXT,
    AccountChanged,
    AccountRecord,
    AccountsDigest,
    DigestSeal,
    MirroredAccount,
)
from pulse_contracts.errors import DomainError
from pulse_contracts.permissions import Role
from pulse_contracts.times import to_micros
from pulse_jose import Clock, SealingKey, seal
from pulse_users.model.emails import check_email

MAX_NAME = 200
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
State = Literal["active", "inactive", "invited"]


class EmailTaken(DomainError):
    """Another account has this e-mail, in any case of letters. Choose another e-mail."""

    code, status = "email_taken", 409


class InvalidName(DomainError):
    """A name has 1 to 200 printable characters."""

    code = "name_unfit"


class AccountNotFound(DomainError):
    """The account does not exist."""

    code, status = "not_found", 404


class LastAdministrator(DomainError):
    """This is the last active administrator. Make another account administrator first."""

    code, status = "last_administrator", 409


class OwnAccount(DomainError):
    """You cannot delete, disable, demote or reset your own account. Ask another administrator."""

    code, status = "own_account", 409


class PreconditionRequired(DomainError):
    """The header `If-Match` is missing. Send the `ETag` of the resource as you read it, or `*`."""

    code, status = "precondition_required", 428


class PreconditionFailed(DomainError):
    """The resource was changed since you read it. Read it again and send its new `ETag` in `If-Match`."""

    code, status = "precondition_failed", 412

    def __init__(self, version: int) -> None:
        super().__init__("The account was changed since you read it. Read it again, then repeat your change.")
        self.headers = {"ETag": etag(version)}


@dataclass(frozen=True)
class Account:
    """An account as of `version`. A deleted one has no e-mail, name, digest or verifier.

    verifier: argon2id string for offline sign-in. None without a password, and for a password from before verifiers
        existed, until auth makes one at the next sign-in.
    state_version: the version of the change that last decided whether the account may sign in. 0: unknown."""

    id: UUID
    email: str
    name: str
    role: Role
    active: bool
    digest: str | None = field(repr=False)
    created: datetime
    updated: datetime
    version: int
    deleted: datetime | None = None
    verifier: str | None = field(default=None, repr=False)
    state_version: int = 0

    @property
    def state(self) -> State:
        """`invited` until a password was set."""
        if not self.active:
            return "inactive"
        return "active" if self.digest else "invited"

    @property
    def is_active_administrator(self) -> bool:
        """Whether somebody can sign in with it and administer."""
        return self.role == "admin" and self.active and self.digest is not None


@dataclass(frozen=True)
class PasswordHashes:
    """What is stored of a password: the argon2id strings for sign-in at the server, and for offline sign-in at
    collectors. Each has its own salt."""

    digest: str = field(repr=False)
    verifier: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class NewAccount:
    """An account to create. `hashes`: of its password, None for an invitation. Normalises the name (NFC). Raises
    InvalidEmail, InvalidName."""

    email: str
    name: str
    role: Role
    hashes: PasswordHashes | None = None

    def __post_init__(self) -> None:
        check_email(self.email)
        object.__setattr__(self, "name", normalised_name(self.name))


@dataclass(frozen=True)
class Edit:
    """Changes of an account; None leaves a field unchanged. Raises InvalidEmail, InvalidName."""

    email: str | None = None
    name: str | None = None
    role: Role | None = None
    active: bool | None = None

    def __post_init__(self) -> None:
        if self.email is not None:
            check_email(self.email)
        if self.name is not None:
            object.__setattr__(self, "name", normalised_name(self.name))

    def applied(self, account: Account) -> Account:
        """The changed account, with its old version."""
        changes = {"email": self.email, "name": self.name, "role": self.role, "active": self.active}
        return replace(account, **{name: value for name, value in changes.items() if value is not None})  # type: ignore[arg-type]


@dataclass(frozen=True)
class Precondition:
    """The versions that `If-Match` accepts; None accepts any."""

    versions: frozenset[int] | None

    def require(self, account: Account) -> None:
        """Raises PreconditionFailed."""
        if self.versions is not None and account.version not in self.versions:
            raise PreconditionFailed(account.version)


ANY_VERSION = Precondition(None)
_TAG = re.compile(r'"([1-9][0-9]{0,18})"')
_TAGS = 20


def read_if_match(header: str | None) -> Precondition:
    """RFC 9110 §13.1.1: `*`, or a list of tags. Weak and malformed tags match nothing. Raises PreconditionRequired
    without a header."""
    if header is None or not header.strip():
        raise PreconditionRequired("Send the ETag of the account in the If-Match header.")
    if header.strip() == "*":
        return ANY_VERSION
    found = (_TAG.fullmatch(part.strip()) for part in header.split(",", _TAGS)[:_TAGS])
    return Precondition(frozenset(int(match.group(1)) for match in found if match))


def etag(version: int) -> str:
    """The strong tag of a version."""
    return f'"{version}"'


def normalised_name(name: str) -> str:
    """The normalised name (NFC). Raises InvalidName."""
    composed = unicodedata.normalize("NFC", name) if len(name) <= MAX_NAME else name
    if not composed.strip() or len(composed) > MAX_NAME or _UNPRINTABLE.search(composed):
        raise InvalidName(f"A name has 1 to {MAX_NAME} printable characters.")
    return composed


def email_key(email: str) -> str:
    """The key by which e-mails are unique."""
    return email.lower()


def name_key(name: str) -> str:
    """The key by which names are searched and sorted."""
    return unicodedata.normalize("NFC", name.casefold())


@dataclass(frozen=True)
class EventKeys:
    """The keys of `AccountChanged`. `accounts` is shared with auth, `mirrored` with sync-publisher."""

    accounts: SealingKey
    mirrored: SealingKey


def changed(account: Account, keys: EventKeys, clock: Clock) -> AccountChanged:
    """The event of an account. Both seals are bound to account and version, so they fit no other event. Only auth can
    read the digest."""
    name, version, is_deleted = str(account.id), account.version, account.deleted is not None
    email, at = account.email, to_micros(account.updated)
    record = AccountRecord(
        account=name,
        version=version,
        email=email,
        name=account.name,
        role=account.role,
        active=account.active,
        digest=account.digest,
        changed=at,
        deleted=is_deleted,
        has_verifier=account.verifier is not None,
        state_version=account.state_version,
    )
    mirrored = MirroredAccount(
        account=name,
        version=version,
        email=email,
        name=account.name,
        role=account.role,
        active=account.active,
        verifier=account.verifier,
        changed=at,
        deleted=is_deleted,
        state_version=account.state_version,
    )
    context: dict[str, str | int] = {"account": name, "version": version}
    return AccountChanged(
        account=name,
        version=version,
        sealed=seal(record.model_dump_json().encode(), keys.accounts, clock, context),
        mirrored=seal(mirrored.model_dump_json().encode(), keys.mirrored, clock, context),
    )


def sealed_digest(digest: AccountsDigest, key: SealingKey, at: int) -> AccountsDigest:
    """The digest with its seal for sync-publisher. `at`: the time in microseconds."""
    if digest.sum is None:
        raise ValueError("a digest without a sum cannot be sealed")
    payload = DigestSeal(sum=digest.sum, at=at).model_dump_json().encode()
    return digest.model_copy(update={"sealed": seal(payload, key, lambda: at / 1_000_000, DIGEST_CONTEXT)})


@dataclass(frozen=True)
class EventSealer:
    """Makes the messages of this service. `clock` in microseconds."""

    keys: EventKeys
    clock: Callable[[], int]

    def event(self, account: Account) -> AccountChanged:
        """The event of an account."""
        return changed(account, self.keys, lambda: self.clock() / 1_000_000)

    def digest(self, digest: AccountsDigest) -> AccountsDigest:
        """The digest with its seal."""
        return sealed_digest(digest, self.keys.mirrored, self.clock())
