"""What people save for the web pages: dashboards and questions. Who may see, change and share them, and how many."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from pulse_contracts.errors import DomainError

Kind = Literal["dashboard", "question"]
OWN_MAX = 50
"""Objects of one kind that one account may own."""
SHARED_MAX = 200
"""Shared objects of one kind."""
VERSIONS_KEPT = 20
"""Versions of one object that are kept, the newest among them."""


class UnknownSavedObject(DomainError):
    """It does not exist, it was deleted, or it belongs to somebody else who has not shared it."""

    code, status = "not_found", 404


class UnknownVersion(DomainError):
    """The version does not exist, or it is too old: the last 20 versions are kept."""

    code, status = "not_found", 404


class NotTheOwner(DomainError):
    """Only the owner can stop sharing an object, because everybody else would lose it. Delete it instead, if nobody
    needs it."""

    code, status = "not_the_owner", 403

    def __init__(self, kind: Kind) -> None:
        super().__init__(f"Only its owner can stop sharing this {kind}. Keep it shared, or delete it.")


class TooManyOwn(DomainError):
    """Your account has 50 of them already. Delete one first."""

    code, status = "too_many_own", 409

    def __init__(self, kind: Kind) -> None:
        super().__init__(f"Your account has {OWN_MAX} {kind}s already. Delete one first.")


class TooManyShared(DomainError):
    """200 of them are shared already. Delete one first, or stop sharing one."""

    code, status = "too_many_shared", 409

    def __init__(self, kind: Kind) -> None:
        super().__init__(f"{SHARED_MAX} {kind}s are shared already. Delete one first, or stop sharing one.")


@dataclass(frozen=True)
class Draft:
    """What an author wants to save. content: JSON text. panels: number of panels of a dashboard."""

    name: str
    shared: bool
    content: str
    panels: int | None = None


@dataclass(frozen=True)
class SavedVersion:
    """One version of an object. updated_by: the account that saved it. updated_by_name: the name in its access token
    at that time. `draft.content` is empty in lists."""

    number: int
    draft: Draft
    updated_at: datetime
    updated_by: str
    updated_by_name: str


@dataclass(frozen=True)
class SavedObject:
    """An object with its newest version. owner_name: the name in the owner's access token when it was created."""

    id: UUID
    kind: Kind
    owner: str
    owner_name: str
    created_at: datetime
    newest: SavedVersion

    def is_visible_to(self, account: str) -> bool:
        """Whether it is the account's own, or shared."""
        return self.newest.draft.shared or self.owner == account


def is_unshared(before: Draft, after: Draft) -> bool:
    """Whether a change takes an object away from everybody but its owner."""
    return before.shared and not after.shared


def needs_share(*drafts: Draft | None) -> bool:
    """Whether a change concerns everybody: the object is shared before it or after it."""
    return any(draft is not None and draft.shared for draft in drafts)
