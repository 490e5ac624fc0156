"""How the messages of plain devices are read: every common form, and refused values by name."""

import json
import math
import struct
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse_telemetry_gateway.model.plain.documents import Document, read_documents
from pulse_telemetry_gateway.model.plain.normalizer import Normalized, PlainRules, cleaned_name, normalize, refusals
from pulse_telemetry_gateway.model.plain.presets import PRESETS, PlainPreset
from pulse_telemetry_gateway.model.plain.times import micros_of
from pulse_telemetry_gateway.model.quarantine_reasons import explain
from pulse_telemetry_gateway.store.plain import PlainSettings

NOW = 1_790_000_000_000_000
SPAN = 3653 * 86_400_000_000
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


def read(text: str, rules: PlainRules | None = None) -> Normalized:
    (document,) = read_documents([text.encode()])
    assert isinstance(document, Document), document
    return normalize(document, NOW, SPAN, rules)


def values(found: Normalized) -> dict[str, object]:
    """Values by name; the bits of a float as the float."""
    return {
        value.name: bool(value.word) if value.type == "bool" else struct.unpack("<d", struct.pack("<q", value.word))[0]
        for value in found.values
    }


def leaves(content: object) -> int:
    if isinstance(content, dict | list):
        return sum(map(leaves, content.values() if isinstance(content, dict) else content))
    return 1


@given(JSON)
def test_every_part_of_a_message_is_stored_skipped_or_refused(content: object) -> None:
    found = normalize(Document(json.loads(json.dumps(content))), NOW, SPAN, PlainRules(time_keys=frozenset()))
    traces = len(found.values) + len(found.skipped) + len(found.refused)
    assert traces or not leaves(content)
    if len(found.refused) == 0:  # a skipped name is counted once, also when several samples have it
        assert len(found.values) <= leaves(content)
    assert all(value.t == NOW and value.name == cleaned_name(value.name) for value in found.values)


@given(st.dictionaries(st.text(min_size=1, max_size=8), SCALARS, min_size=1, max_size=6))
def test_each_member_of_a_flat_message_is_stored_skipped_or_refused_once(content: dict[str, object]) -> None:
    found = normalize(Document(dict(content)), NOW, SPAN, PlainRules(time_keys=frozenset()))
    assert len(found.values) + len(found.skipped) + len(found.refused) == len(content)


@given(st.text(max_size=300))
def test_a_cleaned_name_is_short_and_stays_as_it_is_when_cleaned_again(name: str) -> None:
    once = cleaned_name(name)
    assert len(once) <= 128
    assert not any(character.isspace() for character in once)
    assert cleaned_name(once) == once


@pytest.mark.parametrize(
    ("given_name", "name"),
    [
        ("room temperature", "room_temperature"),
        ("  a  b ", "a_b"),
        ("Température extérieure", "Température_extérieure"),
        ("温度", "温度"),
        ("a//b/", "a/b"),
        ("switch:0", "switch:0"),
        ("°C", "C"),
        ("€", ""),
    ],
)
def test_names_are_cleaned_predictably_in_any_script(given_name: str, name: str) -> None:
    assert cleaned_name(given_name).strip("_") == name


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"temperature": 21.5, "on": true}', {"temperature": 21.5, "on": True}),
        ('{"ts": 1789999000, "values": {"flow": 1.25}, "battery": 87, "pump": true}',
         {"flow": 1.25, "battery": 87.0, "pump": True}),
        ('{"v": 1, "ts": null, "values": {"a": 1}}', {"a": 1.0}),
        ('{"v": 3.3, "values": {"a": 1}}', {"v": 3.3, "a": 1.0}),
        ('{"v": 1, "a": 2}', {"v": 1.0, "a": 2.0}),
        ('{"a": {"b": {"c": 1}, "d": 2}}', {"a.b.c": 1.0, "a.d": 2.0}),
        ('{"a": [1, {"b": 2}]}', {"a.0": 1.0, "a.1.b": 2.0}),
        ('{"a": "47", "b": "12,5", "c": " -3.5e2 ", "d": "ON", "e": "off", "f": "open", "g": "Closed"}',
         {"a": 47.0, "b": 12.5, "c": -350.0, "d": True, "e": False, "f": True, "g": False}),
        ("21.5", {"value": 21.5}),
        ('"ON"', {"value": True}),
        ("[1, 2]", {"0": 1.0, "1": 2.0}),
        ('[[21.5], {"a": 1}]', {"0.0": 21.5, "a": 1.0}),
        ('{"a": "0,125"}', {"a": 0.125}),
        ('{"values": 3}', {"values": 3.0}),
    ],
)  # fmt: skip
def test_common_forms_are_stored_completely(text: str, expected: dict[str, object]) -> None:
    found = read(text)
    assert values(found) == expected
    assert found.refused == {}


def test_text_that_is_not_a_value_is_skipped_by_name_without_affecting_other_values() -> None:
    text = '{"a": 1, "s": "warm", "n": null, "e": "", "i": "00189440", "m": "1,234", "big": "1234567890123456"}'
    found = read(text)
    assert values(found) == {"a": 1.0}
    assert found.skipped == {
        "s": "warm", "n": "null", "e": "", "i": "00189440", "m": "1,234", "big": "1234567890123456"
    }  # fmt: skip
    assert found.refused == {}
    assert values(read('{"a": "47", "b": 1}', PlainRules(takes_text=False))) == {"b": 1.0}


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ('{"a": 1, "a": 2, "b": 3}', {"a": "duplicate_name"}),
        ('{"a b": 1, "a_b": 2}', {"a_b": "name_taken"}),
        ('{"a": NaN, "b": Infinity, "c": 1e999}', {"a": "not_finite", "b": "not_finite", "c": "not_finite"}),
        ('{"a": 9007199254740993}', {"a": "out_of_range"}),
        ('{"ts": 9999999999, "a": 1}', {"a": "implausible_time"}),
        ('{"timestamp": 12.5, "a": 1}', {"timestamp": "time_not_understood"}),
        ('{"time": "noon", "a": 1}', {"time": "time_not_understood"}),
        ("{}", {"message": "no_values"}),
        ("[]", {"message": "no_values"}),
        ('{"ts": 1789999000}', {"message": "no_values"}),
        ('{"€": 1}', {"€": "bad_name"}),
        ('{"a":' * 12 + "1" + "}" * 12, {".".join("a" * 9): "too_deep"}),
        ("[" + ",".join(["1"] * 1_001) + "]", {"message": "too_many_values"}),
    ],
)
def test_values_that_cannot_be_stored_are_refused_by_name(text: str, refused: dict[str, str]) -> None:
    assert read(text).refused == refused


T = datetime(2026, 11, 29, 12, 30, 15, 250_000, tzinfo=UTC)
MICROS = int(T.timestamp() * 1_000_000)


@pytest.mark.parametrize(
    "written",
    [
        MICROS / 1e6, MICROS / 1e3, MICROS, MICROS * 1_000, str(MICROS // 1_000), f"{MICROS / 1e6:.2f}",
        "2026-11-29T12:30:15.25Z", "2026-11-29T13:30:15.250000000+01:00", "2026-11-29 12:30:15.25",
        "20261129T123015.25Z", "2026-11-29T12:30:15,25Z", " 2026-11-29T12:30:15.250Z ",
    ],
)  # fmt: skip
def test_common_forms_of_time_are_parsed(written: object) -> None:
    found = micros_of(written)
    if written == "20261129T123015.25Z":
        assert found is None, "the basic form without separators is not taken for a time"
    else:
        assert found == MICROS


@pytest.mark.parametrize(
    "written",
    [
        True,
        None,
        -1,
        0,
        47,
        1e8 - 1,
        1e30,
        math.nan,
        math.inf,
        "",
        "noon",
        "14:03",
        "2026-11-29",
        "2026-13-01T00:00:00Z",
    ],
)
def test_other_text_is_not_parsed_as_a_time(written: object) -> None:
    assert micros_of(written) is None


def test_a_time_without_a_zone_is_in_the_zone_of_the_device() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert micros_of("2026-11-29T13:30:15.25", berlin) == MICROS
    assert micros_of("2026-11-29T12:30:15.25Z", berlin) == MICROS


@pytest.mark.parametrize("key", ["ts", "time", "timestamp", "Time", "TIMESTAMP", "datetime"])
def test_a_time_key_gives_the_time_and_is_not_a_series(key: str) -> None:
    found = read(json.dumps({key: NOW // 1_000_000 - 3600, "t3": 1.5}))
    assert [(value.name, value.t) for value in found.values] == [("t3", NOW - 3_600_000_000)]
    assert found.refused == {}


def test_arrays_of_timed_readings_keep_each_reading_with_its_own_time() -> None:
    samples = [{"ts": NOW // 1_000 - i * 1_000, "values": {"a": i}} for i in range(3)]
    for message in (samples, {"readings": samples}):
        found = read(json.dumps(message))
        assert [value.t for value in found.values] == [NOW - i * 1_000_000 for i in range(3)]
        assert len(values(found)) == 1
        assert found.refused == {}


def test_a_nested_time_applies_only_inside_its_object() -> None:
    text = '{"a": 1, "params": {"ts": 1789999000.5, "switch:0": {"output": true}, "time": "18:14"}}'
    found = read(text)
    assert {value.name: value.t for value in found.values} == {
        "a": NOW,
        "params.switch:0.output": 1_789_999_000_500_000,
    }
    assert found.skipped == {"params.time": "18:14"}


EXPECTED: dict[str, dict[str, object]] = {
    "default": {"temperature": 21.5, "door": True},
    "tasmota": {"DS18B20.Temperature": 21.4, "ENERGY.Power": 12.0, "ENERGY.Total": 3.185, "POWER": True},
    "shelly": {
        "params.switch:0.id": 0.0,
        "params.switch:0.output": True,
        "params.switch:0.apower": 8.9,
        "params.switch:0.voltage": 237.5,
    },
    "zigbee2mqtt": {"battery": 87.0, "humidity": 45.21, "linkquality": 120.0, "temperature": 21.5, "contact": False},
    "chirpstack": {
        "adr": True,
        "dr": 1.0,
        "fCnt": 4.0,
        "fPort": 1.0,
        "confirmed": False,
        "object.temperature": 21.5,
        "object.level": 3.2,
        "rxInfo.0.rssi": -36.0,
        "rxInfo.0.snr": 10.5,
    },
    "esphome": {"temperature": 21.5, "relay": True, "uptime": 3600.0},
    "telegraf": {"fields.usage_idle": 98.1, "fields.usage_user": 1.2},
}


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_each_preset_reads_its_sample_completely_and_with_its_time(preset: PlainPreset) -> None:
    settings = PlainSettings(time_keys=preset.time_keys, left_out=preset.left_out, time_zone="Europe/Berlin")
    found = read(preset.sample, settings.rules())
    assert values(found) == EXPECTED[preset.name]
    assert found.refused == {}
    has_time = any(f'"{key}":' in preset.sample.lower() for key in preset.time_keys)
    assert all((value.t != NOW) is has_time for value in found.values)


def test_a_time_of_tasmota_is_read_in_the_zone_that_was_set() -> None:
    settings = PlainSettings(time_keys=("time",), time_zone="Europe/Berlin")
    found = read('{"Time": "2026-11-29T13:30:15", "POWER": "ON"}', settings.rules())
    assert [value.t for value in found.values] == [MICROS - 250_000]


@pytest.mark.parametrize(
    ("code", "detail", "text"),
    [
        ("refused_values", "'a': not_finite, 'b c': bad_name", "'a' is not a finite number; 'b c' has a name without"),
        ("refused_values", "'message': no_values", "The message has no value."),
        ("refused_values", "'a': out_of_range, …", "would be rounded; …."),
        ("unreadable", "no JSON: x", "it is not JSON, or it does not match the schema of its topic. (no JSON: x)"),
        ("new_code", "why", "new_code: why"),
    ],
)
def test_a_reason_is_explained(code: str, detail: str, text: str) -> None:
    assert text in explain(code, detail)


@given(st.dictionaries(st.text(min_size=1, max_size=8), st.just(math.nan), min_size=1, max_size=3))
def test_every_refused_name_is_explained(content: dict[str, object]) -> None:
    found = normalize(Document(dict(content)), NOW, SPAN, PlainRules(time_keys=frozenset()))
    text = explain("refused_values", ", ".join(refusals(found.refused)))
    assert text.count("is not a finite number") + text.count("without letters") + text.count("same as") == len(content)
