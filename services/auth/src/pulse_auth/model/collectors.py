"""Collectors as pure rules: their states and what may become of them, who may sign in there, and what is refused."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from pulse_contracts.access import RESERVED
from pulse_contracts.errors import DomainError
from pulse_contracts.message import device_name_of
from pulse_contracts.permissions import Role

CODE_LIFE = timedelta(minutes=15)
SECRET_BYTES = 32
ENROL = "enrol"
"""A word of the HTTP API where a collector's id might stand: none may have it."""
PLAIN = "plain-devices"
"""Another such word."""
CollectorState = Literal["enabled", "disabled", "lost", "deleted"]
CollectorKind = Literal["collector", "plain"]
GATEWAY = "telemetry-gateway"
"""Begins the client ids of gateways: a device with such a name would disconnect them."""
_USERNAME = re.compile(r"[A-Za-z0-9._:-]{1,64}")


class CollectorNotFound(DomainError):
    """There is no collector with this id."""

    code, status = "collector_not_found", 404


class CollectorExists(DomainError):
    """There is a collector with this id. Delete it first, or choose another id."""

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


class WrongCollectorKind(DomainError):
    """This is for the other kind of device: a plain device has credentials and no keys, a collector is enrolled by a
    one-time code."""

    code, status = "collector_kind_conflict", 409


class PlainDeviceNameUnfit(DomainError):
    """A plain device's user name may have 1 to 64 of A-Z, a-z, 0-9 and . _ : -, and must leave an id of 1 to 32
    characters. A form other than a-z, 0-9 and - has to be allowed for this device."""

    code, status = "plain_device_name_unfit", 422


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
    kind: CollectorKind = "collector"
    username: str | None = None
    has_free_client_id: bool = False

    @property
    def tag(self) -> str:
        """The ETag."""
        return f'"{self.version}"'

    @property
    def broker_name(self) -> str:
        """Its user name at the broker, and its name in topics."""
        return self.username or self.id


@dataclass(frozen=True)
class PlainDevice:
    """How a plain device appears at the broker. `username` is also the last level of its topic."""

    username: str
    has_free_client_id: bool = False

    @property
    def id(self) -> str:
        """The device id that stands for the user name."""
        return device_name_of(self.username) or ""


def plain_device(username: str, *, allows_own_form: bool, has_free_client_id: bool) -> PlainDevice:
    """Raises PlainDeviceNameUnfit, CollectorNameReserved."""
    found = PlainDevice(username, has_free_client_id)
    if not _USERNAME.fullmatch(username) or not found.id:
        raise PlainDeviceNameUnfit(f"{username[:64]!r} cannot be a user name")
    if found.id != username and not allows_own_form:
        raise PlainDeviceNameUnfit(
            f"{username!r} is not in the form a-z, 0-9 and -: call it {found.id!r}, or send allow_own_form: true"
        )
    require_free_name(found.id)
    return found


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
    if id_ in RESERVED or id_ in {ENROL, PLAIN} or id_.startswith(f"{GATEWAY}-"):
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


def require_kind(collector: Collector, kind: CollectorKind) -> None:
    """Raises WrongCollectorKind."""
    if collector.kind != kind:
        raise WrongCollectorKind(
            "a plain device has no keys: make new credentials instead"
            if collector.kind == "plain"
            else "a collector has no credentials to hand out: make a one-time code instead"
        )
