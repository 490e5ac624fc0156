"""Connects the collector to a real MQTT broker. No other module of the collector imports `pulse_bus.mqtt`."""

from pulse_bus.mqtt import MqttBus, MqttSettings, Will
from pulse_contracts.system import Status
from pulse_contracts.topics import SYSTEM_STATUS
from pulse_desktop.core.engine import World, collector_version
from pulse_desktop.core.settings import BadSettingsError, Settings


def open_bus(settings: Settings, password: str, world: World, *, is_guest: bool = False) -> MqttBus:
    """The bus of this device. It has a last will unless `is_guest`. Raises BadSettingsError for an invalid URL."""
    offline = Status(state="offline", since=world.clock.micros(), version=collector_version(), name=settings.name)
    will = Will(SYSTEM_STATUS, offline, {"kind": "collector", "id": settings.device})
    mqtt = MqttSettings(
        url=settings.mqtt_url,
        username=settings.device,
        password=password,
        client_id=settings.device,
        prefix=settings.mqtt_prefix,
        will=None if is_guest else will,
        ca_file=settings.mqtt_ca_file,
    )
    try:
        return MqttBus(mqtt, clock=world.clock.micros, rng=world.rng)
    except ValueError as error:
        raise BadSettingsError([f"PULSE_MQTT_URL / --mqtt-url: {error}"]) from error
