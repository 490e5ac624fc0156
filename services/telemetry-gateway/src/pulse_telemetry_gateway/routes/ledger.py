"""The ledger over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel

from pulse_chassis.http.problems import responses
from pulse_contracts.message import DeviceName
from pulse_telemetry_gateway.model.errors import UnknownDevice
from pulse_telemetry_gateway.routes.dependencies import Dependencies

router = APIRouter()
_EPOCHS = 1_000


class EpochView(BaseModel):
    """One epoch of the device's counter. `complete`: every number below `next` is stored, refused or dropped, by the
    ledger and by a count of log, chunks and tables. `removed`: stored readings that retention or a user deleted.
    `missing`: numbers that have not arrived. `counted`: whether ledger and count agree."""

    epoch: str
    ord: int
    next: int
    settled: list[tuple[int, int]]
    stored: int
    refused: int
    dropped: int
    removed: int
    missing: list[tuple[int, int]]
    counted: bool
    complete: bool


class Ledger(BaseModel):
    """Newest epoch first. `next`: the `after` of the next page; null: this is the last page. `truncated`: whether there
    is a next page. The command `verify` checks all epochs."""

    device: str
    epochs: list[EpochView]
    next: str | None
    truncated: bool


@router.get("/devices/{device}/ledger", operation_id="get_ledger", responses=responses(UnknownDevice))
async def ledger(
    deps: Dependencies,
    device: Annotated[DeviceName, Path()],
    after: Annotated[str | None, Query(pattern=r"^[0-9]{1,18}\.[0-9]{1,19}$")] = None,
    limit: Annotated[int, Query(ge=1, le=_EPOCHS)] = _EPOCHS,
) -> Ledger:
    """What became of every sequence number that the device ever assigned, in pages of its epochs."""
    number, _, epoch = (after or "").partition(".")
    place = (int(number), min(int(epoch), 2**63 - 1)) if after else None
    async with deps.concurrency.slot():
        counts = await deps.verification.counts(await deps.device_id(device), limit + 1, place)
    last = counts[limit - 1] if len(counts) > limit else None
    return Ledger(
        device=device,
        next=None if last is None else f"{last.ord}.{last.epoch}",
        truncated=last is not None,
        epochs=[
            EpochView(
                epoch=str(one.epoch),
                ord=one.ord,
                next=one.next,
                settled=one.settled,
                stored=one.stored,
                refused=one.refused,
                dropped=one.dropped,
                removed=one.removed,
                missing=one.missing,
                counted=one.is_counted,
                complete=one.is_complete,
            )
            for one in counts[:limit]
        ],
    )
