"""Settings of auth, in addition to those of every service: keys, session lifetimes, limits and the broker."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field, SecretStr, StringConstraints, field_validator

from pulse_chassis.http.rate_limits import parse_limit
from pulse_chassis.process.settings import SecretKey, ServiceSettings, decoded_key
from pulse_contracts.topics import Party
from pulse_jose import SealingKey

_Positive = Annotated[timedelta, Field(gt=timedelta(0))]


class AuthSettings(ServiceSettings):
    """Keys are 32 bytes in base64url. auth shares `accounts_key` with users, `collectors_key` with sync-publisher, and
    `gateway_key` with telemetry-gateway. `key_encryption_key` belongs
    to auth alone: it seals signing keys and second factors in the database, and refresh tokens are derived from it.
    Keep it with the backups, but not inside them.

    `key_rotation`: how long a signing key signs. The next key is published a day before its first use.

    Limits have the form "120/minute". `token_limit` applies to each API key. `enrolment_limit` applies to each known
    client address, and to all clients together if addresses are unknown. `login_limit_client` counts failed sign-ins
    per client address. It needs `trusted_proxies`, whose last `X-Forwarded-For` entry is trusted: without it all
    browsers share the address of the web server, and one client could use up the limit of all (docs/decisions/0008).
    `login_limit_global` only protects against floods: the hashing pool and the back-off per account stop guessing.

    `broker_url`: the address of the broker for collectors. Enrolment sends it together with the authorities of
    `mqtt_ca_file`. With `broker_admin_password` auth manages the broker's accounts. `broker_accounts` (JSON, name to
    secret) lists accounts whose secrets were created elsewhere: services, and devices that were set up by hand.
    `broker_stored_messages_max` and `broker_stored_bytes_max`: what the broker may store for all queues before auth
    disables plain devices (`pulse_auth.actions.guard`).
    """

    accounts_key: SecretKey
    collectors_key: SecretKey
    gateway_key: SecretKey
    key_encryption_key: SecretKey
    key_rotation: Annotated[timedelta, Field(ge=timedelta(days=1))] = timedelta(days=30)
    key_poll: _Positive = timedelta(seconds=10)
    session_idle: _Positive = timedelta(hours=12)
    session_life: _Positive = timedelta(days=7)
    rotation_grace: _Positive = timedelta(minutes=10)
    digest_every: _Positive = timedelta(seconds=30)
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
    broker_stored_messages_max: Annotated[int, Field(ge=100)] = 200_000
    broker_stored_bytes_max: Annotated[int, Field(ge=65_536)] = 128 * 1024 * 1024
    broker_accounts: dict[str, SecretStr] = {}  # noqa: RUF012  # pydantic copies it
    broker_poll: _Positive = timedelta(seconds=1)
    broker_check: _Positive = timedelta(minutes=1)

    @field_validator("broker_accounts")
    @classmethod
    def _are_generated(cls, value: dict[str, SecretStr]) -> dict[str, SecretStr]:
        if any(len(secret.get_secret_value()) < 32 for secret in value.values()):
            raise ValueError("a secret of a broker account needs at least 32 characters: generate it")
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
        """Opens `AccountChanged.sealed`."""
        return SealingKey("accounts", decoded_key(self.accounts_key))

    def collectors_sealing_key(self) -> SealingKey:
        """Seals `CollectorChanged.sealed`."""
        return SealingKey("collectors", decoded_key(self.collectors_key))

    def announcement_keys(self) -> dict[Party, bytes]:
        """The keys with which services seal their announcements."""
        return {"sync-publisher": decoded_key(self.collectors_key), "telemetry-gateway": decoded_key(self.gateway_key)}

    def vault_key(self) -> bytes:
        """The key-encryption key as bytes."""
        return decoded_key(self.key_encryption_key)
