"""Collectors as pure rules: their states and what may become of them, who may sign in there, and what is refused."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from pulse_contracts.access import RESERVED
from pulse_contracts.errors import DomainError
from pulse_contracts.permissions import Role

CODE_LIFE = timedelta(minutes=15)
SECRET_BYTES = 32
ENROL = "enrol"
"""A word of the HTTP API where a collector's id might stand: none may have it."""
CollectorState = Literal["enabled", "disabled", "lost", "deleted"]


class CollectorNotFound(DomainError):
    """There is no collector with this id."""

    code, status = "collector_not_found", 404


class CollectorExists(DomainError):
    """There is a collector with this id, or there was: its readings still carry the name."""

    code, status = "collector_exists", 409


class CollectorNameReserved(DomainError):
    """This id belongs to a service or to the broker's administrator."""

    code, status = "collector_id_reserved", 422


class WrongCollectorState(DomainError):
    """The collector's state does not allow this: a lost one can only be enrolled anew or deleted."""

    code, status = "collector_state_conflict", 409


class CollectorChanged(DomainError):
    """The collector was changed meanwhile: read it again, then send `If-Match` with its new `ETag`."""

    code, status = "precondition_failed", 412


class CollectorTagMissing(DomainError):
    """Changing a collector needs `If-Match` with the `ETag` that it was read with."""

    code, status = "precondition_required", 428


class EnrolmentFailed(DomainError):
    """The code is unknown, used, expired, or not held by whoever sent this: which of them is not said."""

    code, status = "enrolment_refused", 403


@dataclass(frozen=True)
class Particulars:
    """What people say of a collector."""

    name: str
    site: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Collector:
    """One installed collector. `gen` is the generation of its keys (0: never enrolled); `version` changes with
    everything; `code_ends` is until when a one-time code waits for it."""

    id: str
    version: int
    particulars: Particulars
    state: CollectorState
    gen: int
    created: datetime
    enrolled: datetime | None = None
    code_ends: datetime | None = None

    @property
    def tag(self) -> str:
        """The ETag."""
        return f'"{self.version}"'


@dataclass(frozen=True, order=True)
class AccessRule:
    """`subject`: `account:<uuid>` or `role:<role>`."""

    subject: str
    is_allowed: bool


def may_sign_in(rules: Iterable[AccessRule], account: str, role: Role) -> bool:
    """Whether an account may sign in at a collector with these rules: nobody by default, and denied wins."""
    found = {rule.is_allowed for rule in rules if rule.subject in {f"account:{account}", f"role:{role}"}}
    return found == {True}


def require_free_name(id_: str) -> None:
    """Raises CollectorNameReserved."""
    if id_ in RESERVED or id_ == ENROL:
        raise CollectorNameReserved(f"{id_} is a name of our own: choose another")


def require_tag(collector: Collector, given: str | None) -> None:
    """Optimistic locking (RFC 9110 §13.1.1). Raises CollectorTagMissing, CollectorChanged."""
    if given is None:
        raise CollectorTagMissing("send If-Match with the collector's ETag")
    tags = [tag.strip() for tag in given.split(",")]
    if "*" not in tags and collector.tag not in tags:
        raise CollectorChanged("somebody changed the collector meanwhile")


def require_state(collector: Collector, *allowed: CollectorState) -> None:
    """Raises WrongCollectorState."""
    if collector.state not in allowed:
        raise WrongCollectorState(f"the collector is {collector.state}")
