"""Incidents that administrators report: what people should know about an outage or planned work."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from pulse_contracts.errors import DomainError

INCIDENTS_MAX: Final = 1_000


class UnknownIncident(DomainError):
    """The incident does not exist, or it was deleted."""

    code, status = "not_found", 404


class TooManyIncidents(DomainError):
    """There are 1,000 incidents already. Delete some first."""

    code, status = "too_many_incidents", 409


class IncidentEndsBeforeStart(DomainError):
    """An incident cannot end before it started. Change one of the times."""

    code, status = "incident_ends_before_start", 422


@dataclass(frozen=True)
class Report:
    """What people read. ended_at: None while it lasts, or before planned work has ended. services: names of
    `actions.availability.WATCHED`."""

    title: str
    text: str
    services: tuple[str, ...]
    started_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True)
class Incident:
    """One version. created_by, updated_by: accounts. created_by_name, updated_by_name: the names in their access
    tokens."""

    id: UUID
    report: Report
    version: int
    created_at: datetime
    created_by: str
    created_by_name: str
    updated_at: datetime
    updated_by: str
    updated_by_name: str


def require_order(report: Report) -> None:
    """Raises IncidentEndsBeforeStart."""
    if report.ended_at is not None and report.ended_at < report.started_at:
        raise IncidentEndsBeforeStart("The incident ends before it started. Change one of the times.")
