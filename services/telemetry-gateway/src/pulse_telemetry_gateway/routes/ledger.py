"""The ledger over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel

from pulse_contracts.message import DeviceName
from pulse_telemetry_gateway.model.ranges import union
from pulse_telemetry_gateway.routes.given import Given

router = APIRouter()


class EpochView(BaseModel):
    """One life of the device's counter. `complete`: every number below `next` is stored, refused or dropped."""

    epoch: str
    ord: int
    next: int
    settled: list[tuple[int, int]]
    stored: int
    refused: int
    dropped: int
    complete: bool


class Ledger(BaseModel):
    device: str
    epochs: list[EpochView]


@router.get("/devices/{device}/ledger")
async def ledger(given: Given, device: Annotated[DeviceName, Path()]) -> Ledger:
    """The proof: what became of every sequence number that the device ever gave."""
    epochs = await given.ledger.of_device(await given.device_id(device))
    return Ledger(
        device=device,
        epochs=[
            EpochView(
                epoch=str(entry.epoch),
                ord=entry.ord,
                next=entry.next,
                settled=entry.settled,
                stored=entry.stored,
                refused=entry.refused,
                dropped=entry.dropped,
                complete=union(entry.settled) == ([(0, entry.next)] if entry.next else [])
                and entry.stored + entry.refused + entry.dropped == entry.next,
            )
            for entry in epochs
        ],
    )
