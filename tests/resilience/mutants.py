"""Gateways with one known bug each. A checker that does not find them would prove nothing."""

import importlib
from collections.abc import Callable
from typing import Any, Final


def _acks_before_the_commit() -> None:
    """It acknowledges readings before it stores them, and stores them slowly."""
    import asyncio

    from pulse_contracts.telemetry import BatchAck

    ingest = importlib.import_module("pulse_telemetry_gateway.actions.ingest")
    inner = ingest.Ingest._commit

    async def commit(self: Any, group: list[Any], since: float) -> Any:
        for arrival in group:
            ack = BatchAck(epoch=arrival.epoch, settled=[arrival.wanted], refused=[], newest=[], credit=self.credit)
            await self._say(arrival.device, ack)
        await asyncio.sleep(0.3)
        return await inner(self, group, since)

    ingest.Ingest._commit = commit


def _knows_a_high_water_mark_only() -> None:
    """It treats every reading below the highest number of an epoch as known."""
    settling = importlib.import_module("pulse_telemetry_gateway.model.ledger.settling")

    def subtract(wanted: tuple[tuple[int, int]], settled: list[tuple[int, int]]) -> list[tuple[int, int]]:
        mark = settled[-1][1] if settled else 0
        ((lo, hi),) = wanted
        return [(max(lo, mark), hi)] if max(lo, mark) < hi else []

    def add(settled: list[tuple[int, int]], part: tuple[int, int]) -> None:
        settled[:] = [(0, max(part[1], settled[-1][1] if settled else 0))]

    vars(settling).update(subtract=subtract, add=add)


def _forgets_its_plain_session() -> None:
    """The broker keeps no session for it: messages of plain devices are discarded while no gateway is connected."""
    from datetime import timedelta

    assembly = importlib.import_module("pulse_telemetry_gateway.assembly")
    inner = vars(assembly)["_intake"]

    def intake(runtime: Any, settings: Any, handlers: Any) -> Any:
        return inner(runtime, settings.model_copy(update={"plain_session_expiry": timedelta(0)}), handlers)

    vars(assembly).update(_intake=intake)


MUTANTS: Final[dict[str, Callable[[], None]]] = {
    "none": lambda: None,
    "acks before the commit": _acks_before_the_commit,
    "knows a high-water mark only": _knows_a_high_water_mark_only,
    "forgets its plain session": _forgets_its_plain_session,
}
