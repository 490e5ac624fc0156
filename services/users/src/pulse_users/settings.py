"""Settings of users: the chassis's, the key that seals account events, and the rhythm of digest and replay."""

import base64
import binascii
from datetime import timedelta
from typing import Annotated

from pydantic import Field, SecretStr, field_validator

from pulse_chassis.settings import ServiceSettings
from pulse_jose import SealingKey


class UsersSettings(ServiceSettings):
    """`accounts_key`: 32 bytes in base64url, shared with auth and with nobody else. `password_min_length` counts
    characters (evidence: default 12, floor 8)."""

    accounts_key: SecretStr
    password_min_length: Annotated[int, Field(ge=8, le=128)] = 12
    digest_every: Annotated[timedelta, Field(gt=timedelta(0))] = timedelta(seconds=30)
    replay_pause: Annotated[timedelta, Field(gt=timedelta(0))] = timedelta(seconds=2)

    @field_validator("accounts_key")
    @classmethod
    def _is_a_key(cls, value: SecretStr) -> SecretStr:
        _decoded(value)
        return value

    def sealing_key(self) -> SealingKey:
        """The key of `AccountChanged.sealed`."""
        return SealingKey("accounts", _decoded(self.accounts_key))


def _decoded(value: SecretStr) -> bytes:
    text = value.get_secret_value()
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("must be 32 bytes in base64url") from None
    if len(raw) != 32:
        raise ValueError("must be 32 bytes in base64url")
    return raw
