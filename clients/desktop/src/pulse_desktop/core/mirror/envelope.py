"""Verifies and opens the messages of sync-publisher, verifies the trusted keys, and seals reports. Does no I/O.

Everything that a sender controls is checked here, before the state machine sees it.
"""

import time
from collections.abc import Iterable, Sequence
from typing import Final, Literal

from pydantic import BaseModel, ValidationError

from pulse_contracts.auth import VerificationKeyRecord
from pulse_contracts.mirror import (
    MAX_JUMP,
    MIRROR_TYPE,
    MirrorAudit,
    MirrorEnvelope,
    MirrorMessage,
    MirrorRecords,
    MirrorReport,
    report_context,
)
from pulse_contracts.trust import TRUSTED_KEYS_TYPE, Purpose, TrustedKeys, TrustedKeySet
from pulse_desktop.core.mirror.keystore import Kept
from pulse_desktop.core.mirror.signals import Received
from pulse_jose import InvalidKeyError, KeySet, MessageVerifier, TokenError, VerificationKey, seal, unseal

_MAX_TRUSTED: Final = 16_384


class MessageRefused(Exception):  # an answer, not an error of ours
    """A message is invalid or not for this collector. `code`: why; it is counted."""

    def __init__(self, code: str, kind: str = "unknown", detail: str = "") -> None:
        super().__init__(code)
        self.code, self.kind, self.detail = code, kind, detail


class TrustStore:
    """The keys that may sign messages to this collector. `roots`: pinned at enrolment. `n`: number of the current set,
    0 before the first."""

    def __init__(self, roots: Iterable[VerificationKeyRecord]) -> None:
        self._roots = MessageVerifier(_key_set(roots), TRUSTED_KEYS_TYPE, time.time, _MAX_TRUSTED)
        self.n = 0
        self._keys: dict[Purpose, KeySet[VerificationKey]] = {}

    def keys(self, purpose: Purpose) -> KeySet[VerificationKey]:
        """The keys that may sign for this purpose; empty before the first set."""
        return self._keys.get(purpose, KeySet())

    def accept(self, message: TrustedKeys, known_n: int) -> bool:
        """Replaces the keys by those of the message. Returns whether they are newer than the current ones. `known_n`:
        the highest number that the keystore knows. Raises MessageRefused for a set that no root has signed, or that is
        older."""
        try:
            found = TrustedKeySet.model_validate_json(self._roots.verify(message.signed))
            keys: dict[Purpose, KeySet[VerificationKey]] = {
                purpose: _key_set(one.key for one in found.keys if one.purpose == purpose)
                for purpose in {one.purpose for one in found.keys}
            }
        except TokenError as error:
            raise MessageRefused(error.reason.value.replace("-", "_"), "trusted_keys") from error
        except (ValidationError, InvalidKeyError) as error:
            raise MessageRefused("malformed", "trusted_keys") from error
        newest = max(self.n, known_n)
        if found.n < newest:
            raise MessageRefused("old_keys", "trusted_keys", f"n {found.n}, known {newest}")
        if found.n > newest + MAX_JUMP:
            raise MessageRefused("number_jumps", "trusted_keys", f"n {found.n}")
        is_newer = found.n > self.n
        self.n, self._keys = found.n, keys
        return is_newer


def open_message(message: MirrorMessage, keys: KeySet[VerificationKey], kept: Kept) -> Received:
    """Verifies the signature, the recipient and the generation, and opens the sealed records. Raises MessageRefused."""
    try:
        payload = MessageVerifier(keys, MIRROR_TYPE, time.time).verify(message.signed)
    except TokenError as error:
        raise MessageRefused(error.reason.value.replace("-", "_")) from error
    try:
        envelope = MirrorEnvelope.model_validate_json(payload)
    except ValidationError as error:
        raise MessageRefused("malformed") from error
    if envelope.to != kept.device:
        raise MessageRefused("foreign", envelope.kind)
    if envelope.gen != kept.gen:
        raise MessageRefused("other_generation", envelope.kind, f"gen {envelope.gen}, own {kept.gen}")
    if kept.is_wiped:
        raise MessageRefused("wiped", envelope.kind)
    if envelope.sealed is None:
        return Received(envelope)
    if envelope.key != kept.key:
        raise MessageRefused("other_key", envelope.kind, f"key {envelope.key}, own {kept.key}")
    try:
        opened = unseal(envelope.sealed, kept.sealing_keys(), time.time, envelope.seal_context())
    except TokenError as error:
        raise MessageRefused("sealed", envelope.kind) from error
    try:
        records = MirrorRecords.model_validate_json(opened).records
    except ValidationError as error:
        raise MessageRefused("bad_record", envelope.kind) from error
    if len({record.account for record in records}) != len(records):
        raise MessageRefused("duplicate_account", envelope.kind)
    return Received(envelope, records)


def open_messages(
    messages: Sequence[MirrorMessage], keys: KeySet[VerificationKey], kept: Kept
) -> list[Received | MessageRefused]:
    """`open_message` for each. Stops after a message that changes the keys, because it decides whether those behind it
    can be opened: the result is then shorter than `messages`."""
    opened: list[Received | MessageRefused] = []
    for message in messages:
        try:
            opened.append(one := open_message(message, keys, kept))
        except MessageRefused as refusal:
            opened.append(refusal)
        else:
            if one.envelope.kind in {"rekey", "wipe"}:
                break
    return opened


def seal_report(content: BaseModel, kept: Kept) -> MirrorReport:
    """Seals a report for sync-publisher. Raises KeyError after a wipe."""
    return MirrorReport(gen=kept.gen, key=kept.key, sealed=_seal(content, kept, "ack"))


def seal_audit(content: BaseModel, kept: Kept) -> MirrorAudit:
    """Seals audit entries for sync-publisher. Raises KeyError after a wipe."""
    return MirrorAudit(gen=kept.gen, key=kept.key, sealed=_seal(content, kept, "audit"))


def _seal(content: BaseModel, kept: Kept, topic: Literal["ack", "audit"]) -> str:
    key = next(iter(kept.sealing_keys()), None)
    if key is None:
        raise KeyError("the sealing key is destroyed")
    context = report_context(kept.device, kept.gen, kept.key, topic)
    return seal(content.model_dump_json().encode(), key, time.time, context)


def _key_set(records: Iterable[VerificationKeyRecord]) -> KeySet[VerificationKey]:
    """The keys without their validity: a collector whose clock is wrong must still accept them. auth removes old keys
    from the set instead."""
    members = {"kty": "EC", "crv": "P-256"}
    return KeySet(VerificationKey.from_jwk({**members, "kid": r.kid, "x": r.x, "y": r.y}) for r in records)
