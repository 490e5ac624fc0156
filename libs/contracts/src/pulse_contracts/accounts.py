"""Accounts on the bus: each change as a sealed event, and a digest that shows a consumer that it missed one."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from pulse_contracts.message import Message, Micros, UuidText
from pulse_contracts.permissions import Role

Version = Annotated[int, Field(ge=1, le=2**62, strict=True)]
StateVersion = Annotated[int, Field(ge=0, le=2**62, strict=True)]
"""The version of the change that last decided whether the account may sign in: its creation, disabling, enabling or
deletion. 0: unknown, because an older users service wrote it."""


Verifier = Annotated[str, StringConstraints(max_length=256, pattern=r"^\$argon2id\$[!-~]+$")]
"""An argon2id string for offline sign-in (64 MiB, t=3, p=1, own salt). Never the digest that the server uses."""


class AccountRecord(BaseModel):
    """The sealed content of `AccountChanged` for auth.

    version: from one counter for all accounts. It only increases.
    digest: the password's argon2id string. None while no password is set.
    deleted: the account was deleted. Its id and version remain, so that an older event cannot restore it.
    has_verifier: the account has a verifier for offline sign-in. If not, auth makes one at the next sign-in.
    state_version: see `StateVersion` and `lifts_revocation`.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    account: UuidText
    version: Version
    email: Annotated[str, StringConstraints(max_length=254)]
    name: Annotated[str, StringConstraints(max_length=200)]
    role: Role
    active: bool
    digest: Annotated[str, StringConstraints(max_length=512)] | None
    changed: Micros
    deleted: bool = False
    has_verifier: bool = True
    state_version: StateVersion = 0


class MirroredAccount(BaseModel):
    """The sealed content of `AccountChanged` for sync-publisher: the account without the server's digest.

    verifier: for offline sign-in. None while the account cannot sign in offline.
    state_version: see `StateVersion` and `lifts_revocation`.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    account: UuidText
    version: Version
    email: Annotated[str, StringConstraints(max_length=254)]
    name: Annotated[str, StringConstraints(max_length=200)]
    role: Role
    active: bool
    verifier: Verifier | None
    changed: Micros
    deleted: bool = False
    state_version: StateVersion = 0


def lifts_revocation(state_version: int, held_version: int) -> bool:
    """Whether a newer, active record lifts a revocation. `state_version`: of the newer record. `held_version`: the
    version of the inactive record that the copy holds.

    The account was inactive as of `held_version`, so only a later decision can have enabled it. A users service whose
    database was restored from a backup may have forgotten the revocation. Its records then have new versions, because
    somebody set a password, but their `state_version` is from before the backup. An unknown one (0) lifts nothing.
    """
    return state_version > held_version


class AccountChanged(Message):
    """One account as of `version`. A consumer applies it only if `version` is newer than its own.

    sealed: a compact JWE (A256KW + A256GCM) of `AccountRecord`. Only users and auth hold its key.
    mirrored: a JWE of `MirroredAccount`. Only users and sync-publisher hold its key.
    """

    account: UuidText
    version: Version
    sealed: Annotated[str, StringConstraints(max_length=8_192)]
    mirrored: Annotated[str, StringConstraints(max_length=8_192)] | None = None


class VerifierRecord(BaseModel):
    """The sealed content of `VerifierMade`.

    digest_hash: SHA-256 (hex) of the digest that the password was checked against. users stores the verifier only while
        the account still has that digest.
    made: when auth verified the password. users ignores an old record: somebody may repeat it after the database of
        users was restored. 0: unknown, from an older auth.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    account: UuidText
    digest_hash: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    verifier: Verifier
    made: Annotated[int, Field(ge=0, le=2**62, strict=True)] = 0


class VerifierMade(Message):
    """auth made a verifier for offline sign-in, because the account had none when its owner signed in.

    sealed: a JWE of `VerifierRecord`. Only users and auth hold its key.
    """

    account: UuidText
    sealed: Annotated[str, StringConstraints(max_length=8_192)]


class AccountsDigest(Message):
    """Number of accounts, highest version, and the hash of the set (`set_digest`). Retained.

    sum: `set_sum` of the same set, which a consumer can keep up to date with each change.
    sealed: a JWE of `DigestSeal` with the context `DIGEST_CONTEXT`. Only users and sync-publisher hold its key. It
        proves that users announced `sum`, and when: without it, the owner of the broker could repeat an old digest.
    """

    count: Annotated[int, Field(ge=0)]
    version: Annotated[int, Field(ge=0)]
    set: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    sum: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None
    sealed: Annotated[str, StringConstraints(max_length=1_024)] | None = None


DIGEST_CONTEXT: Final[Mapping[str, str | int]] = {"digest": "accounts"}


class DigestSeal(BaseModel):
    """The sealed content of `AccountsDigest`. at: when users made the digest."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    sum: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    at: Micros


class ReplayRequested(Message):
    """A consumer whose set differs requests every account. `have` is the digest of the consumer's set."""

    have: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


def version_hash(account: str, version: int) -> int:
    """Returns the term of one account in `set_sum`, from 0 to 2^256 - 1."""
    return int.from_bytes(hashlib.sha256(f"{account}:{version}".encode()).digest(), "big")


def set_sum(versions: Iterable[tuple[str, int]]) -> str:
    """Returns the sum (hex, modulo 2^256) of `version_hash` over all pairs. A changed account changes it by the
    difference of two terms, so that no side has to go through all accounts. It is no protection against forgers."""
    return f"{sum(version_hash(account, version) for account, version in versions) % 2**256:064x}"


def set_digest(versions: Iterable[tuple[str, int]]) -> str:
    """Returns the SHA-256 (hex) over the sorted (account, version) pairs. It is equal on both sides if and only if both
    hold the same set."""
    h = hashlib.sha256()
    for account, version in sorted(versions):
        h.update(f"{account}:{version}\n".encode())
    return h.hexdigest()
