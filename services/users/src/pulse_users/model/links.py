"""One-time links to set a password, waits after wrong passwords, and limits that a restart keeps: the pure rules."""

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from pulse_contracts.backoff import backoff
from pulse_contracts.errors import DomainError

LINK_LIFE = timedelta(hours=24)
TOKEN_BYTES = 32
TOKEN = r"^[A-Za-z0-9_-]{43}$"  # noqa: S105  # the form of one
LinkKind = Literal["invitation", "reset"]


class LinkEnded(DomainError):
    """The link was used, is older than 24 hours, or was replaced by a newer one: ask for another."""

    code, status = "link_ended", 410


class NotInvited(DomainError):
    """The account is switched off, or has a password already: reset it instead."""

    code, status = "not_invited", 409


class NotResettable(DomainError):
    """The account is switched off, or has no password yet: invite it instead."""

    code, status = "not_resettable", 409


class MailNotConfigured(DomainError):
    """No mail server is configured, so no link can be mailed: an administrator hands links over. The same answer for
    every e-mail."""

    code, status = "mail_not_configured", 409


@dataclass(frozen=True)
class Link:
    """A link as it is stored: by hash alone."""

    hash: bytes
    account: UUID
    kind: LinkKind
    expires: datetime


@dataclass(frozen=True)
class LinkMade:
    """A new link, to be shown once. `mailed`: it waits to be mailed as well."""

    url: str = field(repr=False)
    expires: datetime
    mailed: bool


@dataclass(frozen=True)
class Mail:
    """A mail to be sent."""

    to: str
    subject: str
    text: str = field(repr=False)


def write_token(raw: bytes) -> str:
    """A token of 256 bits as it stands in a link."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def token_hash(token: str) -> bytes:
    """What is stored of a token; 256 random bits need no salt."""
    return hashlib.sha256(token.encode()).digest()


def link_url(origin: str, token: str) -> str:
    """The token stands behind `#`: browsers keep that to themselves, so it is in no server's log."""
    return f"{origin}/set-password#{token}"


def retry_mail_after(attempts: int) -> timedelta:
    """How long a mail waits after so many attempts: 5, 10, 20, … 600 s."""
    return timedelta(seconds=backoff(max(1, attempts), 5, 600))


def mail_of(kind: LinkKind, to: str, url: str, company: str) -> Mail:
    """What the owner of an account reads."""
    place = f"PrecisionPulse of {company}" if company else "PrecisionPulse"
    if kind == "invitation":
        subject = f"Your account at {place}"
        first = f"An account was made for you at {place}. Choose your password here, within 24 hours:"
        last = "Did you not expect this? Then do nothing: without a password nobody can sign in."
    else:
        subject = f"Set a new password at {place}"
        first = f"A new password was asked for, for your account at {place}. Choose it here, within 24 hours:"
        last = "Was it not you? Then do nothing: your password stays as it is."
    return Mail(to, subject, f"{first}\n\n{url}\n\nThe link works once.\n\n{last}\n")
