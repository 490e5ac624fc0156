"""Encrypts the records in `state.db` under a key of the keystore: the file alone reveals no verifier or e-mail."""

import hashlib
import hmac
import time
from typing import NamedTuple

from pulse_contracts.mirror import MirrorRecord, record_hash
from pulse_desktop.core.model import StoreFailure
from pulse_jose import KeySet, SealingKey, TokenError, seal, unseal

_KID = "state"


class StoredRecord(NamedTuple):
    """One row. `hash`: `record_hash`. `email_tag`: finds the record by e-mail, without storing the e-mail. `lease`: in
    seconds."""

    account: str
    ver: int
    src: int
    state: str
    hash: str
    email_tag: str | None
    verifier_hash: str | None
    sealed: str | None
    lease: int | None


class RecordCipher:
    """Seals and opens records. `key`: 32 bytes."""

    def __init__(self, key: bytes) -> None:
        self._key = SealingKey(_KID, key)
        self._keys = KeySet([self._key])
        self._tag_key = hmac.digest(key, b"pulse mirror e-mail tag v1", "sha256")

    def email_tag(self, email: str) -> str:
        """Identifies an e-mail, without regard to case and surrounding spaces."""
        return hmac.digest(self._tag_key, email.strip().lower().encode(), "sha256").hex()

    def store(self, record: MirrorRecord) -> StoredRecord:
        """The row of a record. A tombstone has no content."""
        if record.state == "revoked":
            return StoredRecord(*_plain(record), None, None, None, None)
        sealed = seal(record.model_dump_json().encode(), self._key, time.time, _context(record.account, record.ver))
        tag = self.email_tag(record.email)
        return StoredRecord(*_plain(record), tag, verifier_hash(record.verifier), sealed, record.lease)

    def open(self, account: str, ver: int, sealed: str) -> MirrorRecord:
        """The record of a row. Raises StoreFailure (corrupt) when the row was changed or has another key."""
        try:
            return MirrorRecord.model_validate_json(unseal(sealed, self._keys, time.time, _context(account, ver)))
        except (TokenError, ValueError):
            raise StoreFailure("corrupt", f"the record of account {account} cannot be opened") from None


def verifier_hash(verifier: str | None) -> str | None:
    """Identifies a verifier, without helping to guess its password: it has a random salt."""
    return None if verifier is None else hashlib.sha256(verifier.encode()).hexdigest()


def _plain(record: MirrorRecord) -> tuple[str, int, int, str, str]:
    return record.account, record.ver, record.src, record.state, record_hash(record)


def _context(account: str, ver: int) -> dict[str, str | int]:
    return {"account": account, "ver": ver}
