"""Settings of the users service, in addition to those of every service: the sealing key, password rules, mail and
limits."""

import hashlib
import hmac
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, StringConstraints, field_validator, model_validator

from pulse_chassis.http.rate_limits import parse_limit
from pulse_chassis.process.settings import SecretKey, ServiceSettings, decoded_key
from pulse_jose import SealingKey

_Address = Annotated[str, StringConstraints(pattern=r"^[^@\s<>,;:\"\\]{1,64}@[^@\s<>,;:\"\\]{1,190}$")]


class UsersSettings(ServiceSettings):
    """`accounts_key`: 32 bytes in base64url, shared with auth only. `mirror_accounts_key`: likewise, shared with
    sync-publisher only. `password_min_length` counts characters
    (docs/decisions/0015). `password_blocklist`: a file with one forbidden password per line, in addition to the
    built-in list. `company` must not be most of a password, and appears in mails.

    Mail is sent if `smtp_host` and `smtp_from` are set. `smtp_tls` may be `none` only for a server on loopback.

    Limits have the form "120/minute". `list_limit`, `change_limit` and `strength_limit` apply to each account or link
    and are counted in memory. Limits of anonymous routes are constants and are counted in PostgreSQL.
    """

    accounts_key: SecretKey
    mirror_accounts_key: SecretKey
    company: Annotated[str, StringConstraints(max_length=100)] = ""
    password_min_length: Annotated[int, Field(ge=8, le=128)] = 12
    password_blocklist: Path | None = None
    smtp_host: str | None = None
    smtp_port: Annotated[int, Field(ge=1, le=65535)] = 587
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    smtp_from: _Address | None = None
    smtp_tls: Literal["starttls", "tls", "none"] = "starttls"
    smtp_timeout: Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(minutes=1))] = timedelta(seconds=20)
    list_limit: str = "1200/minute"
    change_limit: str = "600/minute"
    strength_limit: str = "240/minute"
    digest_every: Annotated[timedelta, Field(gt=timedelta(0))] = timedelta(seconds=30)
    replay_pause: Annotated[timedelta, Field(gt=timedelta(0))] = timedelta(seconds=2)
    sweep_every: Annotated[timedelta, Field(gt=timedelta(0))] = timedelta(hours=1)

    @field_validator("list_limit", "change_limit", "strength_limit")
    @classmethod
    def _is_a_limit(cls, value: str) -> str:
        parse_limit(value)
        return value

    @field_validator("password_blocklist")
    @classmethod
    def _is_file(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_file():
            raise ValueError("is not a file")
        return value

    @model_validator(mode="after")
    def _is_mail_complete(self) -> Self:
        if self.smtp_host is not None and self.smtp_from is None:
            raise ValueError("PULSE_SMTP_HOST needs PULSE_SMTP_FROM")
        if self.smtp_host is not None and self.smtp_tls == "none" and not _is_loopback(self.smtp_host):
            raise ValueError("PULSE_SMTP_TLS may be none only for a mail server on loopback")
        return self

    def sealing_key(self) -> SealingKey:
        """The key that is shared with auth."""
        return SealingKey("accounts", decoded_key(self.accounts_key))

    def mirror_key(self) -> SealingKey:
        """The key that is shared with sync-publisher."""
        return SealingKey("mirror-accounts", decoded_key(self.mirror_accounts_key))

    def mail_key(self) -> SealingKey:
        """The key of queued mails. It is derived from `accounts_key`."""
        secret = hmac.digest(decoded_key(self.accounts_key), b"pulse-users mail v1", hashlib.sha256)
        return SealingKey("mail", secret)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
