"""Share links: whoever has one reads one shared dashboard and the readings of its series, without an account."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from pulse_contracts.errors import DomainError

TOKEN_BYTES = 32
TOKEN = r"^[A-Za-z0-9_-]{43}$"  # noqa: S105  # a pattern
ACTIVE_MAX = 20
"""Links of one dashboard that are neither revoked nor expired."""
ENDED_KEPT = 20
"""Revoked or expired links of one dashboard that are kept, the newest."""


class ShareLinkInvalid(DomainError):
    """The link is unknown, expired or revoked, or its dashboard is not shared any more. Ask for a new link."""

    code, status = "share_link_invalid", 404

    def __init__(self) -> None:
        super().__init__("This link is not valid, has expired or was revoked. Ask for a new one.")


class UnknownShareLink(DomainError):
    """The dashboard has no such link."""

    code, status = "not_found", 404


class DashboardNotShared(DomainError):
    """Only a dashboard that is shared with everybody can have links. Share it first."""

    code, status = "dashboard_not_shared", 409


class TooManyShareLinks(DomainError):
    """The dashboard has 20 valid links already. Revoke one first."""

    code, status = "too_many_share_links", 409


@dataclass(frozen=True)
class ShareLink:
    """One link. created_by, revoked_by: accounts. created_by_name: the name in its access token.
    embeddable: pages of allowed origins may show it in a frame. last_used_at: to the minute."""

    id: UUID
    dashboard: UUID
    name: str
    created_at: datetime
    created_by: str
    created_by_name: str
    expires_at: datetime
    revoked_at: datetime | None = None
    revoked_by: str | None = None
    embeddable: bool = False
    last_used_at: datetime | None = None

    def state(self, now: datetime) -> Literal["valid", "expired", "revoked"]:
        """Whether the link can be used."""
        if self.revoked_at is not None:
            return "revoked"
        return "valid" if now < self.expires_at else "expired"


@dataclass(frozen=True)
class NewShareLink:
    """A link with its token, which is shown once."""

    link: ShareLink
    token: str = field(repr=False)


def token_hash(token: str) -> bytes:
    """The hash that is stored. 256 random bits need no salt."""
    return hashlib.sha256(token.encode()).digest()
