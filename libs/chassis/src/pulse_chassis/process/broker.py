"""The connection of a service to the broker: settings, metrics, status messages and further sessions."""

import asyncio
import random
import re
import secrets
import socket
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import structlog

from pulse_bus import Bus, Quarantine, Quarantined
from pulse_bus.mqtt import MqttBus, MqttSettings, Will
from pulse_chassis.observability.metrics import Metrics
from pulse_chassis.process.settings import ServiceSettings
from pulse_contracts.errors import Unavailable
from pulse_contracts.system import Status
from pulse_contracts.topics import SYSTEM_STATUS

log = structlog.get_logger("pulse.process")


def client_id_of(name: str, settings: ServiceSettings) -> str:
    """Returns the configured client id. Without one: name, host and HTTP port, which are different for every container
    and for every process on a host. A process whose port is chosen by the operating system gets a random part."""
    if settings.mqtt_client_id:
        return settings.mqtt_client_id
    host = re.sub(r"[^A-Za-z0-9._-]", "-", socket.gethostname())[-32:]  # its end is different in every pod
    return f"{name}-{host}-{settings.http_port or secrets.token_hex(4)}"


def mqtt_settings(name: str, settings: ServiceSettings, started: int) -> MqttSettings:
    """Returns the broker settings of the service `name`. The last will reports it as offline since `started`."""
    client_id = client_id_of(name, settings)
    will = Will(SYSTEM_STATUS, Status(state="offline", since=started), {"kind": name, "id": client_id})
    return MqttSettings(
        settings.mqtt_url,
        name,
        settings.mqtt_password.get_secret_value(),
        client_id,
        prefix=settings.mqtt_prefix,
        # a session that no later process resumes would keep its part of the messages of a shared subscription
        session_expiry=settings.mqtt_session_expiry if settings.mqtt_client_id else timedelta(0),
        receive_maximum=settings.mqtt_receive_maximum,
        publish_buffer_max=settings.mqtt_publish_buffer_max,
        will=will,
        ca_file=settings.mqtt_ca_file,
    )


def session_opener(
    mqtt: MqttSettings, clock: Callable[[], int], rng: random.Random, quarantine: Quarantine, metrics: Metrics
) -> Callable[[str, timedelta], Bus]:
    """Returns a function that creates another bus with its own session. It takes the client id and the session expiry.
    The bus uses the service's account and has no last will."""
    in_flight = metrics.gauge(
        "bus_session_in_flight_messages", "Messages of a separate session that are not acknowledged", ["session"]
    )

    def open_session(client_id: str, expiry: timedelta) -> Bus:
        settings = replace(mqtt, client_id=client_id, session_expiry=expiry, will=None)
        bus = MqttBus(settings, clock=clock, rng=rng, quarantine=quarantine)
        in_flight.labels(client_id).set_function(lambda: bus.in_flight)
        return bus

    return open_session


def count_quarantined(quarantine: Quarantine, metrics: Metrics) -> Quarantine:
    """Returns a quarantine that also counts its messages by code."""
    total = metrics.counter("bus_quarantined", "Messages that were quarantined", ["code"])

    async def put(item: Quarantined) -> None:
        await quarantine(item)
        total.labels(item.code).inc()

    return put


def measure_bus(bus: MqttBus, metrics: Metrics) -> None:
    """Adds the metrics of the bus. PULSE_MQTT_RECEIVE_MAXIMUM bounds the messages in flight of QoS 1, and
    PULSE_MQTT_PUBLISH_BUFFER_MAX bounds the unsent bytes."""
    in_flight = metrics.gauge("bus_in_flight_messages", "Messages from the broker that are not acknowledged")
    in_flight.set_function(lambda: bus.in_flight)
    unsent = metrics.gauge("bus_unsent_bytes", "Bytes that wait to be sent to the broker")
    unsent.set_function(lambda: bus.unsent_bytes)
    metrics.observed_counter(
        "bus_short_connections",
        "Connections to the broker that ended within five seconds. Several in a minute make the service not ready",
        lambda: bus.short_connections,
    )
    metrics.observed_counter(
        "bus_qos0_messages_dropped",
        "Messages of QoS 0 that were dropped because they arrived faster than they were handled",
        lambda: bus.qos0_dropped,
    )


async def publish_offline(bus: Bus, status: Status, name: str, client_id: str, deadline: timedelta) -> None:
    """Publishes the status `offline` before a regular disconnect, which discards the last will. Failures are
    ignored."""
    try:
        async with asyncio.timeout(deadline.total_seconds()):
            await bus.publish(SYSTEM_STATUS, status, kind=name, id=client_id)
    except (Unavailable, TimeoutError) as error:
        log.debug("offline_status_not_published", reason=str(error))
