"""How the messages of common firmware are read. Each preset has a sample that a test reads.

A preset states only the differences from the defaults: the key of the time, and text that looks like a value but is an
address or an id.
"""

from dataclasses import dataclass
from typing import Final

from pulse_telemetry_gateway.model.plain.normalizer import TIME_KEYS


@dataclass(frozen=True)
class PlainPreset:
    """`left_out` names values and objects to skip; an object is skipped with its members. `sample` is a payload."""

    name: str
    title: str
    sample: str
    time_keys: tuple[str, ...] = TIME_KEYS
    left_out: tuple[str, ...] = ()
    note: str = ""


PRESETS: Final[tuple[PlainPreset, ...]] = (
    PlainPreset("default", "Any JSON", '{"ts": 1790000001, "values": {"temperature": 21.5, "door": "open"}}'),
    PlainPreset(
        "tasmota",
        "Tasmota (SENSOR, STATE)",
        '{"Time": "2026-11-29T13:30:15", "DS18B20": {"Id": "0114556FBFAA", "Temperature": 21.4}, '
        '"ENERGY": {"TotalStartTime": "2026-01-01T00:00:00", "Power": 12, "Total": 3.185}, "POWER": "ON", '
        '"TempUnit": "C"}',
        time_keys=("time",),
        left_out=("DS18B20.Id", "ENERGY.TotalStartTime", "Wifi.BSSId", "Wifi.SSId"),
        note="Tasmota writes local time without a zone: set time_zone to the device's.",
    ),
    PlainPreset(
        "shelly",
        "Shelly Gen2 and later (NotifyStatus, NotifyEvent)",
        '{"src": "shellyplus1pm-a8032ab1", "dst": "shellyplus1pm-a8032ab1/events", "method": "NotifyStatus", "params": '
        '{"ts": 1790000000.26, "switch:0": {"id": 0, "output": true, "apower": 8.9, "voltage": 237.5}}}',
        time_keys=("ts",),
        left_out=("src", "dst", "method", "params.sys", "params.events"),
    ),
    PlainPreset(
        "zigbee2mqtt",
        "Zigbee2MQTT",
        '{"battery": 87, "humidity": 45.21, "linkquality": 120, "temperature": 21.5, "contact": false, '
        '"action": null, "last_seen": "2026-11-29T12:30:15.250Z"}',
        time_keys=("last_seen",),
        left_out=("update", "device"),
    ),
    PlainPreset(
        "chirpstack",
        "ChirpStack v4 (event up)",
        '{"deduplicationId": "3ac7e3c4-4401-4b8d-9386-a5c902f9202d", "time": "2026-11-29T12:30:15.775023242+00:00", '
        '"deviceInfo": {"tenantName": "ACME", "deviceName": "Tank 4", "devEui": "0101010101010101"}, '
        '"devAddr": "00189440", "adr": true, "dr": 1, "fCnt": 4, "fPort": 1, "confirmed": false, "data": "1234", '
        '"object": {"temperature": 21.5, "level": 3.2}, "rxInfo": [{"gatewayId": "0016c001f153a14c", '
        '"uplinkId": 4217106255, "rssi": -36, "snr": 10.5, "nsTime": "2026-11-29T12:30:15.8Z"}], '
        '"txInfo": {"frequency": 868500000}}',
        time_keys=("time",),
        left_out=(
            "deduplicationId",
            "deviceInfo",
            "devAddr",
            "data",
            "txInfo",
            "rxInfo.0.gatewayId",
            "rxInfo.0.uplinkId",
        ),
    ),
    PlainPreset(
        "esphome",
        "ESPHome (mqtt.publish_json)",
        '{"temperature": 21.5, "relay": "ON", "uptime": 3600}',
        left_out=(),
    ),
    PlainPreset(
        "telegraf",
        "Telegraf (outputs.mqtt, JSON)",
        '{"fields": {"usage_idle": 98.1, "usage_user": 1.2}, "name": "cpu", "tags": {"cpu": "cpu0", "host": "10"}, '
        '"timestamp": 1790000001}',
        time_keys=("timestamp",),
        left_out=("tags", "name"),
    ),
)


def preset_of(name: str) -> PlainPreset | None:
    """The preset with this name, if any."""
    return next((preset for preset in PRESETS if preset.name == name), None)
