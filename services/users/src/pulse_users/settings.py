"""Settings of users: the chassis's, the key that seals account events, and the rhythm of digest and replay."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from pulse_chassis.settings import SecretKey, ServiceSettings, decoded_key
from pulse_jose import SealingKey


class UsersSettings(ServiceSettings):
    """`accounts_key`: 32 bytes in base64url, shared with auth and with nobody else. `password_min_length` counts
    characters (evidence: default 12, floor 8)."""

    accounts_key: SecretKey
    password_min_length: Annotated[int, Field(ge=8, le=128)] = 12
    digest_every: Annotated[timedelta, Field(gt=timedelta(0))] = timedelta(seconds=30)
    replay_pause: Annotated[timedelta, Field(gt=timedelta(0))] = timedelta(seconds=2)

    def sealing_key(self) -> SealingKey:
        """The key of `AccountChanged.sealed`."""
        return SealingKey("accounts", decoded_key(self.accounts_key))
