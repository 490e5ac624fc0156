"""Who was refused for want of a permission: noted in the audit trail, each account and permission once a minute, so
that nobody fills it."""

import logging
from collections.abc import Callable
from datetime import datetime

from fastapi import Request

from pulse_chassis.http.problems import TooManyRequests
from pulse_chassis.http.rate_limits import RateLimits
from pulse_chassis.identity.caller import caller_of
from pulse_chassis.identity.principal import Principal
from pulse_contracts.errors import Unavailable
from pulse_contracts.permissions import Permission
from pulse_contracts.times import from_micros
from pulse_postgres import Audit, AuditEntry, Database

log = logging.getLogger("pulse.http")
_OFTEN = "1/minute"


class Refusals:
    """Notes them. `clock` in microseconds."""

    def __init__(self, database: Database, audit: Audit, limits: RateLimits, clock: Callable[[], int]) -> None:
        self._database, self._audit, self._limits, self._clock = database, audit, limits, clock

    async def note(self, request: Request, principal: Principal, permission: Permission) -> None:
        """What was asked for, by its route. Nothing is refused less when the database is away."""
        try:
            await self._limits.check("refusal", _OFTEN, f"{principal.account}\0{permission}")
            async with self._database.transaction() as connection:
                await self._audit.append(connection, _entry(request, principal, permission), self._now())
        except TooManyRequests:
            return
        except Unavailable as error:
            log.info("a refusal is not noted: %s", error)

    def _now(self) -> datetime:
        return from_micros(self._clock())


def _entry(request: Request, principal: Principal, permission: Permission) -> AuditEntry:
    caller = caller_of(request, principal)
    asked = {"method": request.method, "route": str(getattr(request.scope.get("route"), "path", "other"))}
    target = f"permission:{permission}"
    return AuditEntry("access_refused", caller.account, target, None, asked, caller.address, caller.request_id)
