"""A collector that does what a test says: for what a real one does only in trouble."""

import socket
import ssl
import time
from types import TracebackType
from typing import Self

from benchmarks.mqtt_load import connect_packets, publish_packet
from pulse_contracts.message import Lane
from pulse_contracts.series_digest import series_digest
from pulse_contracts.system import Status
from pulse_contracts.telemetry import ReadingBatch, SeriesDeclaration, SeriesDeclared
from tests.system import System

DEVICE = "zz-told"
"""Last in every list, so that the first collector stays the one that is shown."""
SECOND = 1_000_000
SERIES = [
    SeriesDeclaration(id=1, name="boiler.temperature", display_name="Boiler", type="float", unit="°C", interval=SECOND)
]


class ToldDevice:
    """One series with a reading a second. Context manager: connected."""

    def __init__(self, system: System) -> None:
        self._password = (system.state / "secrets/devices" / DEVICE).read_text().strip()
        self._port, self._ca = system.broker_port(), system.broker_ca
        self._epoch, self._lo, self._number = time.time_ns() % 2**62, 0, 0

    def __enter__(self) -> Self:
        plain = socket.create_connection(("127.0.0.1", self._port))
        self._socket = ssl.create_default_context(cafile=self._ca).wrap_socket(plain, server_hostname="127.0.0.1")
        for packet in connect_packets(DEVICE, self._password):
            self._socket.sendall(packet)
        declared = SeriesDeclared(catalog=self._epoch, digest=series_digest(SERIES), series=SERIES)
        self._publish(f"telemetry/series/{DEVICE}", declared.model_dump_json())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._socket.close()

    def deliver(self, start: int, end: int, lane: Lane) -> None:
        """A reading for each second of [start, end), microseconds."""
        times = range(start, end, SECOND)
        batch = ReadingBatch(
            epoch=self._epoch,
            ord=1,
            catalog=self._epoch,
            lo=self._lo,
            lane=lane,
            sent=time.time_ns() // 1_000,
            series=[1],
            t0=start,
            dt=[t - start for t in times],
            x=[0] * len(times),
            value=[60.0 + (t // SECOND) % 20 for t in times],
        )
        self._lo += len(times)
        self._publish(f"telemetry/data/{DEVICE}", batch.model_dump_json(exclude_none=True))

    def say(self, waiting: int) -> None:
        """Its status, as a collector publishes it."""
        status = Status(state="online", since=1, name="Told device", waiting=waiting)
        self._publish(f"system/status/collector/{DEVICE}", status.model_dump_json())

    def _publish(self, topic: str, payload: str) -> None:
        self._number += 1
        self._socket.sendall(publish_packet(topic, payload.encode(), self._number))
