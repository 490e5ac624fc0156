"""Annotations: what people note at a time, about a series, a device, or everything."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pulse_contracts.errors import DomainError

DEVICE_MAX = 10_000
"""Annotations of one device, and as many that are about no device."""

LENGTH_MAX = 366 * 24 * 3_600_000_000
"""Microseconds from `t` to `until`. A list looks back by as much, and reads no older annotation."""


class UnknownAnnotation(DomainError):
    """The annotation does not exist, or it was deleted."""

    code, status = "not_found", 404


class SeriesOfAnotherDevice(DomainError):
    """The series does not belong to this device. Send only the series, or the device that it belongs to."""

    code, status = "series_of_another_device", 422


class TooManyAnnotations(DomainError):
    """The device has 10,000 annotations already. Delete some first."""

    code, status = "too_many_annotations", 409


@dataclass(frozen=True)
class Note:
    """t, until: microseconds; `until` None: at one time."""

    t: int
    until: int | None
    text: str


@dataclass(frozen=True)
class Subject:
    """What an annotation is about. No device: about everything. device: its number and name."""

    device: tuple[int, str] | None = None
    series: int | None = None


@dataclass(frozen=True)
class Annotation:
    """One version. author, updated_by: accounts. author_name, updated_by_name: the names in their access tokens."""

    id: UUID
    subject: Subject
    note: Note
    author: str
    author_name: str
    version: int
    created_at: datetime
    updated_at: datetime
    updated_by: str
    updated_by_name: str


@dataclass(frozen=True)
class AnnotationQuery:
    """Annotations that touch [start, end), in microseconds.

    devices: of these devices and all their series.
    series: of these series, and of their devices as a whole.
    Both None: all. Otherwise those that are about no device are included.
    """

    start: int
    end: int
    devices: tuple[str, ...] | None = None
    series: tuple[int, ...] | None = None
