"""Rules of one-time links to set a password, and of mails."""

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from pulse_contracts.backoff import backoff
from pulse_contracts.errors import DomainError
from pulse_users.model.brand import PRODUCT

LINK_LIFETIME = timedelta(hours=24)
TOKEN_BYTES = 32
TOKEN = r"^[A-Za-z0-9_-]{43}$"  # noqa: S105  # a pattern
LinkKind = Literal["invitation", "reset"]


class LinkExpired(DomainError):
    """The link is unknown, was used, expired after 24 hours, or was replaced by a newer one. Ask for a new link."""

    code, status = "link_ended", 410


class NotInvited(DomainError):
    """Only an enabled account without a password can be invited. Reset the password of an account that has one."""

    code, status = "not_invited", 409


class NotResettable(DomainError):
    """Only the password of an enabled account with a password can be reset. Invite an account without a password."""

    code, status = "not_resettable", 409


class MailNotConfigured(DomainError):
    """No mail server is configured. An administrator creates links and hands them over. The answer is the same for
    every e-mail."""

    code, status = "mail_not_configured", 409


@dataclass(frozen=True)
class Link:
    """A stored link: the hash of its token."""

    hash: bytes
    account: UUID
    kind: LinkKind
    expires: datetime


@dataclass(frozen=True)
class NewLink:
    """A new link, to be shown once. `mailed`: whether it is also queued as a mail."""

    url: str = field(repr=False)
    expires: datetime
    mailed: bool


@dataclass(frozen=True)
class Mail:
    """A mail to send."""

    to: str
    subject: str
    text: str = field(repr=False)


def write_token(raw: bytes) -> str:
    """The text of a token of 256 bits."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def token_hash(token: str) -> bytes:
    """The hash that is stored. 256 random bits need no salt."""
    return hashlib.sha256(token.encode()).digest()


def link_url(origin: str, token: str) -> str:
    """Browsers do not send the part after `#`, so the token is in no server's log."""
    return f"{origin}/set-password#{token}"


def mail_retry_delay(attempts: int) -> timedelta:
    """How long a mail waits after this many attempts: 5, 10, 20, … 600 s."""
    return timedelta(seconds=backoff(max(1, attempts), 5, 600))


def mail_of(kind: LinkKind, to: str, url: str, company: str, product: str = PRODUCT) -> Mail:
    """The mail with a link. `product`: what people call the system."""
    system = f"{product} of {company}" if company else product
    if kind == "invitation":
        subject = f"Your account at {system}"
        first = f"An account was created for you at {system}. Choose your password here within 24 hours:"
        last = "If you did not expect this mail, ignore it: nobody can sign in without a password."
    else:
        subject = f"Set a new password at {system}"
        first = f"Somebody requested a new password for your account at {system}. Choose it here within 24 hours:"
        last = "If it was not you, ignore this mail: your password does not change."
    return Mail(to, subject, f"{first}\n\n{url}\n\nThe link works once.\n\n{last}\n")
