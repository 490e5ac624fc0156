"""Settings of auth: the chassis's, two keys, how long sessions live, and how many sign-ins are taken."""

from datetime import timedelta
from typing import Annotated

from limits import parse
from pydantic import Field, SecretStr, field_validator

from pulse_chassis.settings import SecretKey, ServiceSettings, decoded_key
from pulse_jose import InvalidKeyError, SealingKey, SigningKey

_Positive = Annotated[timedelta, Field(gt=timedelta(0))]


class AuthSettings(ServiceSettings):
    """`accounts_key`: 32 bytes in base64url, shared with users. `signing_key`: PEM of an unencrypted P-256 key.

    Limits read like "120/minute". `login_limit_client` counts failures, of clients that are known by address: only with
    `trusted_proxies` (a JSON list of addresses or networks), whose last `X-Forwarded-For` is believed. Without it every
    browser seems to be the web server, and one could use up the share of all (docs/decisions/0008).
    `login_limit_global` only keeps off floods: the hashing pool and the back-off per account are what stops guessing.
    """

    accounts_key: SecretKey
    signing_key: SecretStr
    session_idle: _Positive = timedelta(hours=12)
    session_life: _Positive = timedelta(days=7)
    rotation_grace: _Positive = timedelta(seconds=10)
    replay_pause: _Positive = timedelta(seconds=2)
    replay_grace: _Positive = timedelta(milliseconds=500)
    heartbeat_every: _Positive = timedelta(seconds=5)
    sweep_every: _Positive = timedelta(minutes=10)
    login_limit_client: str = "120/minute"
    login_limit_global: str = "6000/minute"
    refresh_limit_global: str = "3000/minute"

    @field_validator("signing_key")
    @classmethod
    def _is_a_pem(cls, value: SecretStr) -> SecretStr:
        try:
            SigningKey.from_pem(value.get_secret_value().encode())
        except InvalidKeyError as error:
            raise ValueError(f"must be the PEM of a P-256 private key: {error}") from None
        return value

    @field_validator("login_limit_client", "login_limit_global", "refresh_limit_global")
    @classmethod
    def _is_a_limit(cls, value: str) -> str:
        parse(value)
        return value

    def sealing_key(self) -> SealingKey:
        """The key of `AccountChanged.sealed`."""
        return SealingKey("accounts", decoded_key(self.accounts_key))

    def token_key(self) -> SigningKey:
        """The key that signs access tokens; its id is its thumbprint (RFC 7638)."""
        return SigningKey.from_pem(self.signing_key.get_secret_value().encode())
