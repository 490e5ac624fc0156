"""Settings of sync-publisher, in addition to those of every service: keys, intervals and limits."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field, field_validator

from pulse_chassis.http.rate_limits import parse_limit
from pulse_chassis.process.settings import SecretKey, ServiceSettings, decoded_key
from pulse_jose import SealingKey

_Positive = Annotated[timedelta, Field(gt=timedelta(0))]


class SyncSettings(ServiceSettings):
    """Keys are 32 bytes in base64url. `mirror_accounts_key` is shared with users only, `collectors_key` with auth only.
    `key_encryption_key` belongs to this service alone: it seals the keys of collectors and the signing key in the
    database. Keep it with the backups, but not inside them.

    `rekey_every`: age at which a collector gets a new sealing key. `check_every`: how often the digests of all
    collectors are compared again. `read_limit` and `change_limit` have the form "120/minute" and apply to each account.
    """

    mirror_accounts_key: SecretKey
    collectors_key: SecretKey
    key_encryption_key: SecretKey
    replay_pause: _Positive = timedelta(seconds=5)
    replay_grace: _Positive = timedelta(milliseconds=500)
    send_poll: _Positive = timedelta(seconds=1)
    status_pause: _Positive = timedelta(seconds=1)
    measure_every: _Positive = timedelta(seconds=5)
    sweep_every: _Positive = timedelta(hours=1)
    check_every: _Positive = timedelta(days=1)
    rekey_every: Annotated[timedelta, Field(ge=timedelta(hours=1))] = timedelta(days=30)
    read_limit: str = "1200/minute"
    change_limit: str = "120/minute"

    @field_validator("read_limit", "change_limit")
    @classmethod
    def _is_a_limit(cls, value: str) -> str:
        parse_limit(value)
        return value

    def accounts_sealing_key(self) -> SealingKey:
        """Opens `AccountChanged.mirrored`."""
        return SealingKey("mirror-accounts", decoded_key(self.mirror_accounts_key))

    def collectors_sealing_key(self) -> SealingKey:
        """Opens `CollectorChanged.sealed`, and seals `KeyAnnounced`."""
        return SealingKey("collectors", decoded_key(self.collectors_key))

    def vault_key(self) -> bytes:
        """The key-encryption key as bytes."""
        return decoded_key(self.key_encryption_key)
