"""Where the broker is, who we are there, and what it says of us when we vanish."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit

from pulse_contracts.message import Message
from pulse_contracts.topics import ROOT, Topic


@dataclass(frozen=True)
class Will:
    """What the broker says in our place when we vanish."""

    topic: Topic[Message]
    message: Message
    levels: Mapping[str, str]


@dataclass(frozen=True)
class MqttSettings:
    """Where the broker is and who we are. `url` is `mqtt://host:port`; the password never stands in it.
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

    @property
    def host_and_port(self) -> tuple[str, int]:
        """Raises ValueError when the url is not `mqtt://host[:port]`."""
        parts = urlsplit(self.url)
        if parts.scheme != "mqtt" or not parts.hostname or parts.username or parts.password:
            raise ValueError(f"broker url must be mqtt://host:port without credentials, got scheme {parts.scheme!r}")
        return parts.hostname, parts.port or 1883
