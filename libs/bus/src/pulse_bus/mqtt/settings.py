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
"""A `session_expiry` without limit (MQTT 5.0, 3.1.2.11.2)."""
_PORTS: Final = {"mqtt": 1883, "mqtts": 8883}


@dataclass(frozen=True)
class Will:
    """The last will: the message that the broker publishes when the connection is lost."""

    topic: Topic[Message]
    message: Message
    levels: Mapping[str, str]


@dataclass(frozen=True)
class MqttSettings:
    """Address of the broker, credentials and limits.

    url: `mqtts://host:port` (TLS 1.3) or `mqtt://host:port` (unencrypted), without credentials.
    ca_file: the trusted certificate authorities (PEM). None: those of the operating system.
    publish_buffer_max: bytes that may wait for a broker that does not read. Beyond it `publish` raises Disconnected.
    unacknowledged_bytes_max: payload bytes in flight. Beyond it messages of QoS 0 are dropped and counted.
        `receive_maximum` bounds the messages of QoS 1.
    """

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
        """Host and port of the url. Raises ValueError when the url is not `mqtt[s]://host[:port]`."""
        parts = urlsplit(self.url)
        if parts.scheme not in _PORTS or not parts.hostname or parts.username or parts.password:
            raise ValueError(f"broker url must be mqtts://host:port without credentials, got scheme {parts.scheme!r}")
        return parts.hostname, parts.port or _PORTS[parts.scheme]

    def tls_context(self) -> ssl.SSLContext | None:
        """Returns a TLS context, or None for `mqtt://`. Reads `ca_file` each time, because authorities are renewed.
        Raises OSError when `ca_file` cannot be read or holds no certificate."""
        if urlsplit(self.url).scheme != "mqtts":
            return None
        context = ssl.create_default_context(cafile=self.ca_file)  # verifies the chain and the host name
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        return context
