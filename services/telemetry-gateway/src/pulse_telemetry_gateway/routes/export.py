"""Exports over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from pulse_chassis.caller import CurrentCaller
from pulse_chassis.principal import Principal, require
from pulse_chassis.problems import responses
from pulse_contracts.errors import DomainError
from pulse_telemetry_gateway.actions.export import ForeignPlace, Place, Wanted
from pulse_telemetry_gateway.actions.history import BadRange, TooMuch, UnknownSeries
from pulse_telemetry_gateway.model.tables import MEDIA_TYPES, Format
from pulse_telemetry_gateway.routes.given import Given, Micros
from pulse_telemetry_gateway.routes.history import BadSeries, numbers

router = APIRouter()


class NotContinuable(DomainError):
    """A Parquet file is whole or useless."""

    code, status = "not_continuable", 422


_FILES: dict[int | str, dict[str, Any]] = {
    200: {"content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in MEDIA_TYPES.values()}}
}


class ExportQuery(BaseModel):
    """`after`: series, t, epoch and seq of the last whole line that came, with commas between: a broken CSV goes on
    behind it, without a header. Parquet cannot: ask for shorter ranges."""

    series: Annotated[str, Field(max_length=10_000, examples=["1,2,3"])]
    start: Annotated[Micros, Field(alias="from")]
    end: Annotated[Micros, Field(alias="to")]
    format: Format = "csv"
    after: Annotated[str | None, Field(max_length=100)] = None


@router.get(
    "/export",
    operation_id="export_readings",
    response_class=StreamingResponse,
    responses=responses(UnknownSeries, BadRange, BadSeries, TooMuch, ForeignPlace, NotContinuable) | _FILES,
)
async def export(
    given: Given,
    asked: Annotated[ExportQuery, Query()],
    _: Annotated[Principal, require("telemetry.export")],
    caller: CurrentCaller,
) -> StreamingResponse:
    """Every reading of these series in [from, to), series by series, by (t, epoch, seq); streamed."""
    if asked.after is not None and asked.format != "csv":
        raise NotContinuable("only CSV can be continued: ask for a shorter range")
    after = None if asked.after is None else Place.of(asked.after)
    wanted = Wanted(tuple(numbers(asked.series)), asked.start, asked.end, after)
    async with given.turns.turn():
        names = await given.export.names(wanted)
        await given.notes.exported(
            wanted, asked.format, actor=caller.account, address=caller.address, request_id=caller.request_id
        )
    headers = {"Content-Disposition": f'attachment; filename="readings.{asked.format}"', "Cache-Control": "no-store"}
    stream = given.export.stream(wanted, names, asked.format)
    return StreamingResponse(stream, media_type=MEDIA_TYPES[asked.format], headers=headers)
