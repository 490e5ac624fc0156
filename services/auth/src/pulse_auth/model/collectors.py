"""Rules of collectors and plain devices: states, names, access rules, and refused requests."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from pulse_contracts.access import RESERVED
from pulse_contracts.errors import DomainError
from pulse_contracts.message import device_name_of

CODE_LIFETIME = timedelta(minutes=15)
SECRET_BYTES = 32
ENROL = "enrol"
"""A path segment of the HTTP API: not allowed as a collector id."""
PLAIN = "plain-devices"
"""A path segment of the HTTP API: not allowed as a collector id."""
CollectorState = Literal["enabled", "disabled", "lost", "deleted"]
CollectorKind = Literal["collector", "plain"]
GATEWAY = "telemetry-gateway"
"""Prefix of the gateways' MQTT client ids. A device with such an id would disconnect a gateway."""
_USERNAME = re.compile(r"[A-Za-z0-9._:-]{1,64}")


class CollectorNotFound(DomainError):
    """The collector does not exist."""

    code, status = "not_found", 404


class CollectorExists(DomainError):
    """A collector or plain device with this id exists. Delete it first, or choose another id."""

    code, status = "collector_exists", 409


class CollectorNameReserved(DomainError):
    """The id is reserved for a service or for the broker's administrator. Choose another id."""

    code, status = "collector_id_reserved", 422


class WrongCollectorState(DomainError):
    """The state of the collector does not allow this. A lost collector can only be enrolled again or deleted."""

    code, status = "collector_state_conflict", 409


class CollectorChanged(DomainError):
    """The resource was changed since you read it. Read it again and send its new `ETag` in `If-Match`."""

    code, status = "precondition_failed", 412


class CollectorTagMissing(DomainError):
    """The header `If-Match` is missing. Send the `ETag` of the resource as you read it, or `*`."""

    code, status = "precondition_required", 428


class WrongCollectorKind(DomainError):
    """The request is for the other kind of device. A plain device has credentials and no keys; a collector is enrolled
    with a one-time code."""

    code, status = "collector_kind_conflict", 409


class InvalidPlainDeviceName(DomainError):
    """The user name of a plain device has 1 to 64 of A-Z, a-z, 0-9 and . _ : -, and results in an id of 1 to 32
    characters. Other forms than a-z, 0-9 and - need `allow_own_form`."""

    code, status = "plain_device_name_unfit", 422


class EnrolmentFailed(DomainError):
    """The code is unknown, used or expired, or the sender does not know it. The answer is the same for all. Ask for a
    new code."""

    code, status = "enrolment_refused", 403


@dataclass(frozen=True)
class CollectorDescription:
    """What administrators write about a collector."""

    name: str
    site: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Collector:
    """A collector or plain device. `gen`: the generation of its keys, 0 before the first enrolment. `version` increases
    with every change. `code_ends`: when its one-time code expires, if it has one."""

    id: str
    version: int
    description: CollectorDescription
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
        """The ETag of its version."""
        return f'"{self.version}"'

    @property
    def broker_name(self) -> str:
        """Its user name at the broker and its name in topics."""
        return self.username or self.id


@dataclass(frozen=True)
class PlainDevice:
    """A plain device at the broker. `username` is also the last level of its topic."""

    username: str
    has_free_client_id: bool = False

    @property
    def id(self) -> str:
        """The device id that belongs to the user name; "" if there is none."""
        return device_name_of(self.username) or ""


def plain_device(username: str, *, allows_own_form: bool, has_free_client_id: bool) -> PlainDevice:
    """Checks a user name. `allows_own_form` accepts a name that differs from its device id. Raises
    InvalidPlainDeviceName, CollectorNameReserved."""
    found = PlainDevice(username, has_free_client_id)
    if not _USERNAME.fullmatch(username) or not found.id:
        raise InvalidPlainDeviceName(f"{username[:64]!r} is not a valid user name.")
    if found.id != username and not allows_own_form:
        raise InvalidPlainDeviceName(
            f"{username!r} has characters other than a-z, 0-9 and -. Use {found.id!r}, or send allow_own_form: true."
        )
    require_free_name(found.id)
    return found


@dataclass(frozen=True, order=True)
class AccessRule:
    """`subject`: `account:<uuid>` or `role:<role>`."""

    subject: str
    is_allowed: bool


def require_free_name(id_: str) -> None:
    """Raises CollectorNameReserved for a name that a service uses."""
    if id_ in RESERVED or id_ in {ENROL, PLAIN} or id_.startswith(f"{GATEWAY}-"):
        raise CollectorNameReserved(f"The id {id_!r} is reserved. Choose another id.")


def require_tag(collector: Collector, if_match: str | None) -> None:
    """Optimistic locking (RFC 9110 §13.1.1). Raises CollectorTagMissing, CollectorChanged."""
    if if_match is None:
        raise CollectorTagMissing("Send the ETag of the collector in the If-Match header.")
    tags = [tag.strip() for tag in if_match.split(",")]
    if "*" not in tags and collector.tag not in tags:
        raise CollectorChanged("The collector was changed since you read it. Read it again, then repeat your change.")


def require_state(collector: Collector, *allowed: CollectorState) -> None:
    """Raises WrongCollectorState unless the state is one of `allowed`."""
    if collector.state not in allowed:
        raise WrongCollectorState(f"The collector is {collector.state}, so this is not possible.")


def require_kind(collector: Collector, kind: CollectorKind) -> None:
    """Raises WrongCollectorKind for the other kind."""
    if collector.kind != kind:
        raise WrongCollectorKind(
            "A plain device has no keys. Renew its credentials instead."
            if collector.kind == "plain"
            else "A collector has no credentials to hand out. Create a one-time code instead."
        )
