"""Simulated devices with exact readings, for situations that real devices rarely have."""

import json
import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Literal, Self

from benchmarks.mqtt_load import connect_packets, publish_packet
from pulse_contracts.message import Lane
from pulse_contracts.series_digest import series_digest
from pulse_contracts.system import Status
from pulse_contracts.telemetry import ReadingBatch, SeriesDeclaration, SeriesDeclared
from tests.system import System, wait_until

DEVICE = "zz-told"
"""A name that is last in every list, so that the first collector remains the selected one."""
PLAIN = "zz-plain"
SILENT = "zz-silent"
EXPLORED = "zz-explored"
SECOND = 1_000_000
_CONNACK_REASON = 3
SERIES = [
    SeriesDeclaration(id=1, name="boiler.temperature", display_name="Boiler", type="float", unit="°C", interval=SECOND)
]


class ToldDevice:
    """A device with one series and a reading per second, or with other `series`. A context manager: connected within
    the block."""

    def __init__(self, system: System, name: str = DEVICE, series: Sequence[SeriesDeclaration] = tuple(SERIES)) -> None:
        self._name, self._series = name, list(series)
        self._password = (system.state / "secrets/devices" / name).read_text().strip()
        self._port, self._ca = system.broker_port(), system.broker_ca
        self._epoch, self._lo, self._number = time.time_ns() % 2**62, 0, 0

    def __enter__(self) -> Self:
        plain = socket.create_connection(("127.0.0.1", self._port))
        self._socket = ssl.create_default_context(cafile=self._ca).wrap_socket(plain, server_hostname="127.0.0.1")
        for packet in connect_packets(self._name, self._password):
            self._socket.sendall(packet)
        declared = SeriesDeclared(catalog=self._epoch, digest=series_digest(self._series), series=self._series)
        self._publish(f"telemetry/series/{self._name}", declared.model_dump_json())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._socket.close()

    def deliver(self, start: int, end: int, lane: Lane) -> None:
        """Sends one reading for each second of [start, end), in microseconds."""
        times = range(start, end, SECOND)
        self.send(1, [(t, 60.0 + (t // SECOND) % 20) for t in times], lane)

    def send(self, series: int, readings: Sequence[tuple[int, object]], lane: Lane) -> None:
        """Sends one batch of times (microseconds) and values of one series."""
        start = readings[0][0]
        batch = ReadingBatch(
            epoch=self._epoch,
            ord=1,
            catalog=self._epoch,
            lo=self._lo,
            lane=lane,
            sent=time.time_ns() // 1_000,
            series=[series],
            t0=start,
            dt=[t - start for t, _ in readings],
            x=[0] * len(readings),
            value=[value for _, value in readings],
        )
        self._lo += len(readings)
        self._publish(f"telemetry/data/{self._name}", batch.model_dump_json(exclude_none=True))

    def say(
        self,
        waiting: int,
        state: Literal["online", "offline"] = "online",
        buffer_fill: float | None = None,
        full_in: int | None = None,
    ) -> None:
        """Publishes its status like a collector."""
        status = Status(
            state=state,
            since=1,
            name="Told device",
            version="0.9.1",
            waiting=waiting,
            buffer_fill=buffer_fill,
            full_in=full_in,
        )
        self._publish(f"system/status/collector/{self._name}", status.model_dump_json())

    def send_nonsense(self) -> None:
        """Publishes a message that is no batch of readings."""
        self._publish(f"telemetry/data/{self._name}", "no JSON")

    def _publish(self, topic: str, payload: str) -> None:
        self._number += 1
        self._socket.sendall(publish_packet(topic, payload.encode(), self._number))


class PlainDevice:
    """An MQTT device that publishes JSON without declaring series. A context manager: connected within the block."""

    def __init__(self, system: System, name: str, password: str | None = None) -> None:
        self._name, self._number = name, 0
        self._password = password or (system.state / "secrets/devices" / name).read_text().strip()
        self._port, self._ca = system.broker_port(), system.broker_ca

    def __enter__(self) -> Self:
        wait_until(self._is_let_in, seconds=20, what="the broker knows the device")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._socket.close()

    def send(self, t: int, values: Mapping[str, float | bool]) -> None:
        """Publishes readings of the time `t` (microseconds). Returns when the broker has confirmed them."""
        self._number += 1
        payload = json.dumps({"ts": t // 1_000, "values": values}).encode()
        self._socket.sendall(publish_packet(f"telemetry/plain/{self._name}", payload, self._number))
        assert self._socket.recv(64), "the broker closed the connection"

    def _is_let_in(self) -> bool:
        plain = socket.create_connection(("127.0.0.1", self._port))
        self._socket = ssl.create_default_context(cafile=self._ca).wrap_socket(plain, server_hostname="127.0.0.1")
        for packet in connect_packets(self._name, self._password):
            self._socket.sendall(packet)
        answer = self._socket.recv(64)
        return len(answer) > _CONNACK_REASON and answer[_CONNACK_REASON] == 0
