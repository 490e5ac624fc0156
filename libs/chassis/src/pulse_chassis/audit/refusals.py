"""Audit entries for requests that were refused because a permission was missing.

Each account and permission gets one entry a minute, so that a client cannot fill the audit trail.
"""

from collections.abc import Callable
from datetime import datetime

import structlog
from fastapi import Request

from pulse_chassis.http.problems import TooManyRequests
from pulse_chassis.http.rate_limits import RateLimits
from pulse_chassis.identity.caller import caller_of
from pulse_chassis.identity.principal import Principal
from pulse_contracts.errors import Unavailable
from pulse_contracts.permissions import Permission
from pulse_contracts.times import from_micros
from pulse_postgres import Audit, AuditEntry, Database

log = structlog.get_logger("pulse.http")
_LIMIT = "1/minute"


class AuditedRefusals:
    """Writes the entries. `clock` returns microseconds since 1970."""

    def __init__(self, database: Database, audit: Audit, limits: RateLimits, clock: Callable[[], int]) -> None:
        self._database, self._audit, self._limits, self._clock = database, audit, limits, clock

    async def record(self, request: Request, principal: Principal, permission: Permission) -> None:
        """Records a refused request with its route. An outage of the database is logged, and the refusal stands."""
        try:
            await self._limits.check("refusal", _LIMIT, f"{principal.account}\0{permission}")
            async with self._database.transaction() as connection:
                await self._audit.append(connection, _entry(request, principal, permission), self._now())
        except TooManyRequests:
            return
        except Unavailable as error:
            log.info("refusal_not_audited", reason=str(error))

    def _now(self) -> datetime:
        return from_micros(self._clock())


def _entry(request: Request, principal: Principal, permission: Permission) -> AuditEntry:
    caller = caller_of(request, principal)
    details = {"method": request.method, "route": str(getattr(request.scope.get("route"), "path", "other"))}
    target = f"permission:{permission}"
    return AuditEntry("access_refused", caller.account, target, None, details, caller.address, caller.request_id)
