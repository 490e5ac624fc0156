"""What the routes are given: put into `app.state.telemetry` by the assembly."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from fastapi import Depends, Request
from pydantic import Field

from pulse_telemetry_gateway.actions.audit_trail import AuditTrail
from pulse_telemetry_gateway.actions.concurrency_limit import ConcurrencyLimit
from pulse_telemetry_gateway.actions.erasure import Erasure
from pulse_telemetry_gateway.actions.export import Export
from pulse_telemetry_gateway.actions.history import History
from pulse_telemetry_gateway.actions.pages import Pages
from pulse_telemetry_gateway.actions.renaming import Renaming
from pulse_telemetry_gateway.actions.verification import Verification
from pulse_telemetry_gateway.model.errors import UnknownDevice
from pulse_telemetry_gateway.model.storage.columns import BOOL, FLOAT
from pulse_telemetry_gateway.store.plain import PlainStore
from pulse_telemetry_gateway.store.quarantine import QuarantineStore
from pulse_telemetry_gateway.store.registry import RegistryStore

Micros = Annotated[int, Field(ge=-(2**53), le=2**53)]
Value = bool | int | float


@dataclass(frozen=True)
class TelemetryDependencies:
    """The routes' needs. `concurrency`: for whatever asks the database and is not history, which has its own.
    `clock_suspect`: microseconds."""

    registry: RegistryStore
    history: History
    pages: Pages
    verification: Verification
    export: Export
    quarantine: QuarantineStore
    clock_suspect: int
    concurrency: ConcurrencyLimit
    audit: AuditTrail
    plain: PlainStore
    erasure: Erasure
    renaming: Renaming
    clock: Callable[[], int]

    async def device_id(self, device: str) -> int:
        """Its number. Raises UnknownDevice."""
        found = await self.registry.find(device)
        if found is None:
            raise UnknownDevice(f"there is no device {device}")
        return found


def _dependencies(request: Request) -> TelemetryDependencies:
    """Of this process."""
    found: TelemetryDependencies = request.app.state.telemetry
    return found


Dependencies = Annotated[TelemetryDependencies, Depends(_dependencies)]


def value(word: int, kind: int) -> Value:
    """What a 64-bit word is."""
    if kind == FLOAT:
        return float(np.int64(word).view(np.float64))
    return bool(word) if kind == BOOL else word
