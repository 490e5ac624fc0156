"""Settings of auth: the chassis's, its keys, how long sessions live, and how many sign-ins are taken."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field, SecretStr, StringConstraints, field_validator

from pulse_chassis.http.rate_limits import parse_limit
from pulse_chassis.process.settings import SecretKey, ServiceSettings, decoded_key
from pulse_jose import SealingKey

_Positive = Annotated[timedelta, Field(gt=timedelta(0))]


class AuthSettings(ServiceSettings):
    """`accounts_key`: 32 bytes in base64url, shared with users. `key_encryption_key`: the same, auth's alone. It seals
    signing keys and second factors in the database, and derives what refresh tokens follow from: keep it with the
    backups, but not in them.

    `key_rotation` is how long a signing key signs; the next one is published a day before. `token_limit` is for each
    API key. Limits read like "120/minute".

    `broker_url` is where collectors find the broker (told at enrolment, with the authorities of `mqtt_ca_file`). With
    `broker_admin_password` auth keeps the broker's accounts; `broker_accounts` (JSON, name to secret) are those whose
    secrets were made elsewhere: services, and devices that were set up by hand. `enrolment_limit` is for each address
    that is known, else for all together.

    `login_limit_client` counts failures, of clients that are known by address: only with `trusted_proxies`, whose last
    `X-Forwarded-For` is believed. Without it every browser seems to be the web server, and one could use up the share
    of all (docs/decisions/0008).
    `login_limit_global` only keeps off floods: the hashing pool and the back-off per account are what stops guessing.
    """

    accounts_key: SecretKey
    key_encryption_key: SecretKey
    key_rotation: Annotated[timedelta, Field(ge=timedelta(days=1))] = timedelta(days=30)
    key_poll: _Positive = timedelta(seconds=10)
    session_idle: _Positive = timedelta(hours=12)
    session_life: _Positive = timedelta(days=7)
    rotation_grace: _Positive = timedelta(minutes=10)
    replay_pause: _Positive = timedelta(seconds=2)
    replay_grace: _Positive = timedelta(milliseconds=500)
    heartbeat_every: _Positive = timedelta(seconds=5)
    sweep_every: _Positive = timedelta(minutes=10)
    login_limit_client: str = "120/minute"
    login_limit_global: str = "6000/minute"
    refresh_limit_global: str = "3000/minute"
    token_limit: str = "60/minute"  # noqa: S105  # a rate
    own_limit: str = "300/minute"
    enrolment_limit: str = "60/minute"
    broker_url: Annotated[str, StringConstraints(pattern=r"^mqtts?://[^@\s]+$")] | None = None
    broker_tls12_url: Annotated[str, StringConstraints(pattern=r"^mqtts://[^@\s]+:[0-9]+$")] | None = None
    broker_admin_password: SecretStr | None = None
    # what the broker may hold, for all queues together, before plain devices are refused (pulse_auth.actions.guard)
    broker_stored_messages_max: Annotated[int, Field(ge=100)] = 200_000
    broker_stored_bytes_max: Annotated[int, Field(ge=65_536)] = 128 * 1024 * 1024
    broker_accounts: dict[str, SecretStr] = {}  # noqa: RUF012  # pydantic copies it
    broker_poll: _Positive = timedelta(seconds=1)
    broker_check: _Positive = timedelta(minutes=1)

    @field_validator("broker_accounts")
    @classmethod
    def _are_generated(cls, value: dict[str, SecretStr]) -> dict[str, SecretStr]:
        if any(len(secret.get_secret_value()) < 32 for secret in value.values()):
            raise ValueError("secrets of broker accounts are generated: 32 characters at least")
        return value

    @field_validator(
        "enrolment_limit",
        "login_limit_client",
        "login_limit_global",
        "refresh_limit_global",
        "token_limit",
        "own_limit",
    )
    @classmethod
    def _is_a_limit(cls, value: str) -> str:
        parse_limit(value)
        return value

    def sealing_key(self) -> SealingKey:
        """The key of `AccountChanged.sealed`."""
        return SealingKey("accounts", decoded_key(self.accounts_key))

    def vault_key(self) -> bytes:
        """The key-encryption key."""
        return decoded_key(self.key_encryption_key)
