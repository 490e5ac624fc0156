"""The certificate that the broker presents."""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pulse_bus.credentials import BrokerUnreachable
from pulse_bus.mqtt.settings import MqttSettings


@dataclass(frozen=True)
class PeerCertificate:
    """name: its common name, or "". starts, expires: when it is valid."""

    name: str
    starts: datetime
    expires: datetime


async def peer_certificate(settings: MqttSettings) -> PeerCertificate | None:
    """The certificate that the broker presents to a new connection. None without TLS. Sends no credentials. Raises
    BrokerUnreachable, also for a certificate that `settings` do not trust."""
    try:
        context = settings.tls_context()
        if context is None:
            return None
        async with asyncio.timeout(settings.connect_timeout.total_seconds()):
            _, writer = await asyncio.open_connection(*settings.host_and_port, ssl=context)
    except (OSError, TimeoutError) as error:
        raise BrokerUnreachable(str(error) or type(error).__name__) from error
    certificate = writer.get_extra_info("peercert")
    writer.transport.abort()
    return _certificate(certificate)


def _certificate(found: Mapping[str, Any]) -> PeerCertificate:
    names = [str(value) for part in found.get("subject", ()) for key, value in part if key == "commonName"]
    return PeerCertificate(names[0][:200] if names else "", _time(found["notBefore"]), _time(found["notAfter"]))


def _time(text: object) -> datetime:
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(text)), UTC)
