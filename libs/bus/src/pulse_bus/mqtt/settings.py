"""Where the broker is, who we are there, and what it says of us when we vanish."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from pulse_contracts.message import Message
from pulse_contracts.topics import ROOT, Topic

NEVER: Final = timedelta(seconds=0xFFFFFFFF)
"""A `session_expiry` that never passes (MQTT 5.0, 3.1.2.11.2)."""
_PORTS: Final = {"mqtt": 1883, "mqtts": 8883}


@dataclass(frozen=True)
class Will:
    """What the broker says in our place when we vanish."""

    topic: Topic[Message]
    message: Message
    levels: Mapping[str, str]


@dataclass(frozen=True)
class MqttSettings:
    """Where the broker is and who we are. `url` is `mqtts://host:port` (TLS 1.3) or `mqtt://host:port` (in clear); the
    password never stands in it. `ca_file`: the only authorities (PEM) that the broker's certificate may come from;
    without it those of the system.
    `publish_buffer_max`: bytes that may wait for a broker that does not read; more is refused as Disconnected.
    `unacknowledged_bytes_max`: payloads being handled, beyond which messages of QoS 0 are dropped and counted (those of
    QoS 1 are bounded by `receive_maximum`)."""

    url: str
    username: str
    password: str = field(repr=False)
    client_id: str
    prefix: str = ROOT
    session_expiry: timedelta = timedelta(0)
    receive_maximum: int = 100
    publish_window: int = 100
    publish_buffer_max: int = 32 * 1024 * 1024
    unacknowledged_bytes_max: int = 32 * 1024 * 1024
    publish_timeout: timedelta = timedelta(seconds=10)
    connect_timeout: timedelta = timedelta(seconds=10)
    keepalive: timedelta = timedelta(seconds=15)
    will: Will | None = None
    ca_file: Path | None = None

    @property
    def host_and_port(self) -> tuple[str, int]:
        """Raises ValueError when the url is not `mqtt[s]://host[:port]`."""
        parts = urlsplit(self.url)
        if parts.scheme not in _PORTS or not parts.hostname or parts.username or parts.password:
            raise ValueError(f"broker url must be mqtts://host:port without credentials, got scheme {parts.scheme!r}")
        return parts.hostname, parts.port or _PORTS[parts.scheme]

    def tls_context(self) -> ssl.SSLContext | None:
        """What the broker's certificate must satisfy; None in clear. Read anew for each connection, because authorities
        are renewed. Raises OSError when `ca_file` cannot be read or holds no certificate."""
        if urlsplit(self.url).scheme != "mqtts":
            return None
        context = ssl.create_default_context(cafile=self.ca_file)  # checks the chain and the host's name
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        return context
