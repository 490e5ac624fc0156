"""Settings of plain devices, and the values of their messages that were skipped."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from pulse_chassis.http.preconditions import PRECONDITION_PROBLEMS, TAGGED, IfMatch, tag
from pulse_chassis.http.problems import responses
from pulse_chassis.identity.principal import require
from pulse_contracts.message import PRINTABLE, DeviceName
from pulse_telemetry_gateway.model.errors import InvalidCalendar, UnknownDevice, UnknownPreset
from pulse_telemetry_gateway.model.history.calendar import zone_of
from pulse_telemetry_gateway.model.plain.normalizer import TIME_KEYS
from pulse_telemetry_gateway.model.plain.presets import PRESETS, preset_of
from pulse_telemetry_gateway.routes.dependencies import Dependencies
from pulse_telemetry_gateway.routes.displays import CurrentEditor
from pulse_telemetry_gateway.store.plain import PlainSettings, SavedPlainSettings

router = APIRouter()
Key = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=PRINTABLE)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=256, pattern=PRINTABLE)]
Device = Annotated[DeviceName, Path(description="the device id", examples=["esp-01"])]


class PlainSettingsView(BaseModel):
    """`takes_text`: convert text that is clearly a number or a switch (`"47"`, `"12,5"`, `"ON"`, `"open"`).
    `time_keys`: names of the time, compared without regard to case. `time_zone`: for times without a zone. `left_out`:
    values and objects that are skipped on purpose (`a.b`)."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"time_keys": ["Time"], "time_zone": "Europe/Berlin", "left_out": ["Wifi"]}]},
    )

    takes_text: Annotated[bool, Field(strict=True)] = True
    time_keys: Annotated[list[Key], Field(max_length=20)] = list(TIME_KEYS)
    time_zone: Annotated[str, StringConstraints(max_length=64)] = "UTC"
    left_out: Annotated[list[Name], Field(max_length=200)] = []


class PlainSettingsChange(PlainSettingsView):
    """With `preset`, omitted fields are taken from the preset."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"preset": "tasmota", "time_zone": "Europe/Berlin"}]}
    )

    preset: Annotated[str | None, StringConstraints(max_length=32)] = None

    def settings(self) -> PlainSettings:
        """Raises UnknownPreset, InvalidCalendar."""
        preset = preset_of(self.preset or "default")
        if preset is None:
            raise UnknownPreset(
                f"unknown preset {self.preset!r}: choose one of {', '.join(one.name for one in PRESETS)}"
            )
        zone_of(self.time_zone)
        keys = self.time_keys if "time_keys" in self.model_fields_set else preset.time_keys
        left_out = self.left_out if "left_out" in self.model_fields_set else preset.left_out
        return PlainSettings(
            self.takes_text, tuple(dict.fromkeys(key.lower() for key in keys)), self.time_zone, tuple(left_out)
        )


class SkippedView(BaseModel):
    """`n` values of this name were skipped; `example` is the newest."""

    name: str
    n: int
    example: str
    last_at: datetime | None


class PlainView(BaseModel):
    settings: PlainSettingsView
    skipped: list[SkippedView]


class PresetView(BaseModel):
    """`sample`: a payload of such a device."""

    name: str
    title: str
    time_keys: list[str]
    left_out: list[str]
    note: str
    sample: str


class Presets(BaseModel):
    items: list[PresetView]


@router.get("/plain-presets", operation_id="list_plain_presets")
async def presets() -> Presets:
    """List how messages of common firmware are read."""
    return Presets(
        items=[
            PresetView(
                name=one.name,
                title=one.title,
                time_keys=list(one.time_keys),
                left_out=list(one.left_out),
                note=one.note,
                sample=one.sample,
            )
            for one in PRESETS
        ]
    )


@router.get(
    "/devices/{device}/plain",
    operation_id="get_plain_settings",
    responses={200: TAGGED, **responses(UnknownDevice)},
)
async def plain(response: Response, deps: Dependencies, device: Device) -> PlainView:
    """How the messages of a plain device are read, and which values were skipped, newest first."""
    async with deps.concurrency.slot():
        saved, skipped = await deps.plain.find(await deps.device_id(device))
    return PlainView(
        settings=_view(response, saved),
        skipped=[
            SkippedView(name=name, n=one.n, example=one.example, last_at=one.last) for name, one in skipped.items()
        ],
    )


@router.put(
    "/devices/{device}/plain",
    operation_id="change_plain_settings",
    dependencies=[require("telemetry.manage")],
    responses={200: TAGGED, **responses(UnknownDevice, UnknownPreset, InvalidCalendar, *PRECONDITION_PROBLEMS)},
)
async def change(
    response: Response,
    deps: Dependencies,
    device: Device,
    precondition: IfMatch,
    body: PlainSettingsChange,
    editor: CurrentEditor,
) -> PlainSettingsView:
    """Set how the messages of a plain device are read. The change applies after at most two seconds."""
    settings = body.settings()
    async with deps.concurrency.slot():
        found = await deps.device_id(device), device
        saved = await deps.plain.replace(found, settings, precondition, editor)
    return _view(response, saved)


def _view(response: Response, saved: SavedPlainSettings) -> PlainSettingsView:
    tag(response, saved.version)
    settings = saved.settings
    return PlainSettingsView(
        takes_text=settings.takes_text,
        time_keys=list(settings.time_keys),
        time_zone=settings.time_zone,
        left_out=list(settings.left_out),
    )
