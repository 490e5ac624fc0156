"""The named points where a process can be killed: before and after each commit, acknowledgement and delete."""

from dataclasses import dataclass
from typing import Final, Literal

_LEDGER, _INGEST = "pulse_telemetry_gateway.store.ledger", "pulse_telemetry_gateway.actions.ingest"
_HELLO, _COMPACTION = "pulse_telemetry_gateway.actions.handshake", "pulse_telemetry_gateway.store.compaction"
_RECEIPT = "pulse_bus.mqtt.connection"
_BUFFER, _JOURNAL = "pulse_desktop.core.buffer.buffer", "pulse_desktop.core.buffer.journal"
_LINK = "pulse_desktop.core.delivery.link"


@dataclass(frozen=True)
class Point:
    """Before or after a call. `attribute` is a path inside `module`."""

    module: str
    attribute: str
    when: Literal["before", "after"]

    def is_in(self, program: str) -> bool:
        """Whether this program reaches the point. Both programs use the bus, but its points belong to the gateway."""
        return self.module.startswith(program) or (self.module == _RECEIPT and program == "pulse_telemetry_gateway")


GATEWAY: Final = {
    "gateway: in the commit, devices locked": Point(_LEDGER, "LedgerStore._lock", "after"),
    "gateway: in the commit, ledger read": Point(_LEDGER, "LedgerStore._read", "after"),
    "gateway: before the commit": Point(_LEDGER, "LedgerStore._write", "after"),
    "gateway: after the commit, before the acks": Point(_INGEST, "Ingest._acknowledge", "before"),
    "gateway: after the acks": Point(_INGEST, "Ingest._acknowledge", "after"),
    "gateway: after the live message": Point(_INGEST, "Ingest._tell", "after"),
    "gateway: before the broker's ack": Point(_RECEIPT, "Receipt._done", "before"),
    "gateway: after the broker's ack": Point(_RECEIPT, "Receipt._done", "after"),
    "gateway: before a have": Point(_HELLO, "Handshake.answer", "after"),
    "gateway: in compaction, before the commit": Point(_COMPACTION, "write_streams", "after"),
    "gateway: after a step of compaction": Point(_COMPACTION, "CompactionStore.advance", "after"),
}
COLLECTOR: Final = {
    "collector: before the buffer's commit": Point(_JOURNAL, "Journal.prepare", "after"),
    "collector: after the buffer's commit": Point(_JOURNAL, "Journal.commit", "before"),
    "collector: before sending": Point(_LINK, "Link._send", "before"),
    "collector: after the broker's confirmation": Point(_LINK, "Link._send", "after"),
    "collector: an ack arrived": Point(_LINK, "Link._on_ack", "before"),
    "collector: a have arrived": Point(_LINK, "Link._on_have", "before"),
    "collector: before the delete": Point(_BUFFER, "Buffer.settle", "before"),
    "collector: after the delete": Point(_BUFFER, "Buffer.settle", "after"),
}
POINTS: Final = {**GATEWAY, **COLLECTOR}
