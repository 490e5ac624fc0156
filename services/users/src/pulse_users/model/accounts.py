"""Accounts: what they are, which names are fit, what may not happen to them, and how a change reads on the
bus."""

import re
import unicodedata
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from pulse_contracts.accounts import AccountChanged, AccountRecord
from pulse_contracts.errors import DomainError
from pulse_contracts.permissions import Role
from pulse_contracts.times import to_micros
from pulse_jose import Clock, SealingKey, seal
from pulse_users.model.emails import check_email

MAX_NAME = 200
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
State = Literal["active", "inactive", "invited"]


class EmailTaken(DomainError):
    """Another account has this e-mail, in whatever case."""

    code, status = "email_taken", 409


class NameUnfit(DomainError):
    """A name has 1 to 200 printable characters."""

    code = "name_unfit"


class UnknownAccount(DomainError):
    """There is no such account."""

    code, status = "not_found", 404


class LastAdministrator(DomainError):
    """Without this account nobody could administer the system."""

    code, status = "last_administrator", 409


class OwnAccount(DomainError):
    """Nobody deletes, switches off, demotes or resets themselves: another administrator can."""

    code, status = "own_account", 409


class PreconditionRequired(DomainError):
    """A change needs `If-Match` with the ETag of what was seen, or `*`."""

    code, status = "precondition_required", 428


class PreconditionFailed(DomainError):
    """Somebody else has changed the account since: the answer's ETag is the current one."""

    code, status = "precondition_failed", 412

    def __init__(self, version: int) -> None:
        super().__init__("the account has changed since it was read: read it again")
        self.headers = {"ETag": etag(version)}


@dataclass(frozen=True)
class Account:
    """One account as of `version`. A deleted one has neither e-mail, name nor digest."""

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

    @property
    def state(self) -> State:
        """`invited` as long as no password was ever set."""
        if not self.active:
            return "inactive"
        return "active" if self.digest else "invited"

    @property
    def is_administrating(self) -> bool:
        """Whether somebody can sign in with it and administer."""
        return self.role == "admin" and self.active and self.digest is not None


@dataclass(frozen=True)
class NewAccount:
    """An account to be made. Raises EmailMalformed, NameUnfit. `digest` is an argon2id string; without one the account
    is invited. The name is normalised (NFC)."""

    email: str
    name: str
    role: Role
    digest: str | None = field(repr=False)

    def __post_init__(self) -> None:
        check_email(self.email)
        object.__setattr__(self, "name", fit_name(self.name))


@dataclass(frozen=True)
class Edit:
    """What is changed of an account; None leaves it. Raises EmailMalformed, NameUnfit."""

    email: str | None = None
    name: str | None = None
    role: Role | None = None
    active: bool | None = None

    def __post_init__(self) -> None:
        if self.email is not None:
            check_email(self.email)
        if self.name is not None:
            object.__setattr__(self, "name", fit_name(self.name))

    def applied(self, account: Account) -> Account:
        """The account as it should be, with its old version."""
        wanted = {"email": self.email, "name": self.name, "role": self.role, "active": self.active}
        return replace(account, **{name: value for name, value in wanted.items() if value is not None})  # type: ignore[arg-type]


@dataclass(frozen=True)
class Precondition:
    """What `If-Match` asks for: one of these versions, or any (None)."""

    versions: frozenset[int] | None

    def require(self, account: Account) -> None:
        """Raises PreconditionFailed."""
        if self.versions is not None and account.version not in self.versions:
            raise PreconditionFailed(account.version)


ANY_VERSION = Precondition(None)
_TAG = re.compile(r'"([1-9][0-9]{0,18})"')
_TAGS = 20


def read_if_match(header: str | None) -> Precondition:
    """RFC 9110 §13.1.1: `*`, or a list of tags; a weak tag and one that is not ours match nothing. Raises
    PreconditionRequired without a header."""
    if header is None or not header.strip():
        raise PreconditionRequired("send If-Match with the ETag of the account as you saw it")
    if header.strip() == "*":
        return ANY_VERSION
    found = (_TAG.fullmatch(part.strip()) for part in header.split(",", _TAGS)[:_TAGS])
    return Precondition(frozenset(int(match.group(1)) for match in found if match))


def etag(version: int) -> str:
    """The strong tag of an account's version."""
    return f'"{version}"'


def fit_name(name: str) -> str:
    """The name, normalised (NFC). Raises NameUnfit."""
    composed = unicodedata.normalize("NFC", name) if len(name) <= MAX_NAME else name
    if not composed.strip() or len(composed) > MAX_NAME or _UNPRINTABLE.search(composed):
        raise NameUnfit(f"a name has 1 to {MAX_NAME} printable characters")
    return composed


def email_key(email: str) -> str:
    """By which e-mails are unique."""
    return email.lower()


def name_key(name: str) -> str:
    """By which names are searched and sorted."""
    return unicodedata.normalize("NFC", name.casefold())


def changed(account: Account, key: SealingKey, clock: Clock) -> AccountChanged:
    """The event of an account, sealed and bound to account and version: no other event can carry its seal."""
    name = str(account.id)
    record = AccountRecord(
        account=name,
        version=account.version,
        email=account.email,
        name=account.name,
        role=account.role,
        active=account.active,
        digest=account.digest,
        changed=to_micros(account.updated),
        deleted=account.deleted is not None,
    )
    context: dict[str, str | int] = {"account": name, "version": account.version}
    sealed = seal(record.model_dump_json().encode(), key, clock, context)
    return AccountChanged(account=name, version=account.version, sealed=sealed)
