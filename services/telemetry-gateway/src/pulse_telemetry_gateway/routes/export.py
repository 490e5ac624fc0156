"""Exports over HTTP."""

from datetime import UTC
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from pulse_chassis.http.problems import responses
from pulse_chassis.identity.caller import CurrentCaller
from pulse_chassis.identity.principal import Principal, require
from pulse_telemetry_gateway.actions.export import ExportPosition, ExportRequest
from pulse_telemetry_gateway.model.errors import (
    InvalidCalendar,
    InvalidCsvForm,
    InvalidRange,
    InvalidSeries,
    NotContinuable,
    TooMuch,
    UnknownPosition,
    UnknownSeries,
)
from pulse_telemetry_gateway.model.history.calendar import zone_of
from pulse_telemetry_gateway.model.history.export_formats import MEDIA_TYPES, CsvForm, Format
from pulse_telemetry_gateway.routes.dependencies import Dependencies, Micros
from pulse_telemetry_gateway.routes.history import numbers

router = APIRouter()


_REFUSALS: Final = (
    UnknownSeries,
    InvalidRange,
    InvalidSeries,
    InvalidCalendar,
    InvalidCsvForm,
    TooMuch,
    UnknownPosition,
    NotContinuable,
)
_SEPARATORS: Final = {"comma": ",", "semicolon": ";", "tab": "\t"}
_FILES: dict[int | str, dict[str, Any]] = {
    200: {"content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in MEDIA_TYPES.values()}}
}


class ExportQuery(BaseModel):
    """`after`: series, t, epoch and seq of the last complete line, with commas between. An interrupted CSV export
    continues after that line, without a header. Parquet cannot be continued: export shorter ranges.

    `tz`, `separator` and `decimal` apply to CSV: the zone of the column `time`, and the number format that your
    spreadsheet expects.
    """

    series: Annotated[str, Field(max_length=10_000, examples=["1,2,3"])]
    start: Annotated[Micros, Field(alias="from")]
    end: Annotated[Micros, Field(alias="to")]
    format: Format = "csv"
    after: Annotated[str | None, Field(max_length=100)] = None
    tz: Annotated[str, Field(max_length=64, examples=["Europe/Berlin"])] = "UTC"
    separator: Literal["comma", "semicolon", "tab"] = "comma"
    decimal: Literal["point", "comma"] = "point"

    def form(self) -> CsvForm:
        """Raises InvalidCalendar, InvalidCsvForm."""
        if self.decimal == "comma" and self.separator == "comma":
            raise InvalidCsvForm("a decimal comma needs another separator: use separator=semicolon")
        zone = UTC if self.tz == "UTC" else zone_of(self.tz)
        return CsvForm(zone, _SEPARATORS[self.separator], self.decimal == "comma")


@router.get(
    "/export",
    operation_id="export_readings",
    response_class=StreamingResponse,
    responses=responses(*_REFUSALS) | _FILES,
)
async def export(
    deps: Dependencies,
    query: Annotated[ExportQuery, Query()],
    _: Annotated[Principal, require("telemetry.export")],
    caller: CurrentCaller,
) -> StreamingResponse:
    """Stream every reading of these series in [from, to), series by series, ordered by (t, epoch, seq)."""
    if query.after is not None and query.format != "csv":
        raise NotContinuable("only CSV exports can be continued: export a shorter range")
    form = query.form()
    after = None if query.after is None else ExportPosition.of(query.after)
    request = ExportRequest(tuple(numbers(query.series)), query.start, query.end, after)
    async with deps.concurrency.slot():
        names = await deps.export.names(request)
        await deps.audit.exported(
            request, query.format, actor=caller.account, address=caller.address, request_id=caller.request_id
        )
    headers = {"Content-Disposition": f'attachment; filename="readings.{query.format}"', "Cache-Control": "no-store"}
    stream = deps.export.stream(request, names, form if query.format == "csv" else None)
    return StreamingResponse(stream, media_type=MEDIA_TYPES[query.format], headers=headers)
