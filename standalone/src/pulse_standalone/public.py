"""The public address of the system: its origin, the broker's address for collectors, and its certificate."""

import socket
from pathlib import Path
from urllib.parse import urlsplit

from pulse_standalone.certificates import Authority, check_pair, now
from pulse_standalone.environment import origin, reachable_host
from pulse_standalone.settings import Settings


class PublicAddress:
    """Derived from the settings. `folder`: the state directory."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self._settings, self._folder = settings, folder

    @property
    def url(self) -> str:
        """The origin that browsers use."""
        return self._settings.public_url or self._origin(reachable_host(self._settings.host))

    @property
    def other_origins(self) -> list[str]:
        """Other origins of the same web client."""
        host = self._settings.host
        named = [host] if reachable_host(host) == host and host != "127.0.0.1" else []
        loopback = ["localhost", "127.0.0.1"] if self._settings.public_url else ["localhost"]
        return [self._origin(name) for name in (*loopback, *named)]

    @property
    def is_strict(self) -> bool:
        """Whether browsers shall use HTTPS only. Not by default with the local authority: a browser that does not trust
        it could not open the system any more."""
        chosen = self._settings.hsts
        return self._settings.tls != "authority" if chosen is None else chosen

    def broker_url(self, port: int) -> str:
        """The broker's address for collectors. `port`: where the embedded broker listens."""
        host = self._broker_host
        return self._settings.public_mqtt_url or f"mqtts://{f'[{host}]' if ':' in host else host}:{port}"

    @property
    def _broker_host(self) -> str:
        """The name of this machine for collectors on other machines, if the settings do not name the broker."""
        host = self._settings.host
        if reachable_host(host) == host:
            return host
        return urlsplit(self._settings.public_url).hostname or socket.gethostname()

    def authority(self) -> Authority:
        """The local authority. It issues one certificate for the broker and the web server."""
        named = (urlsplit(url).hostname for url in (self.url, self._settings.public_mqtt_url))
        return Authority(self._folder / "tls", list(dict.fromkeys(filter(None, (self._broker_host, *named)))))

    def certificate(self) -> tuple[Path, Path, Authority | None] | None:
        """The certificate and the key of the public port, and the local authority if it issued them; None for HTTP.
        Raises SetupError."""
        tls = self._settings.tls
        if tls is None:
            return None
        if tls == "authority":
            authority = self.authority()
            authority.ensure(now())
            return authority.files.certificate, authority.files.key, authority
        certificate, key = tls
        check_pair(certificate, key)
        return certificate, key, None

    def _origin(self, host: str) -> str:
        return origin(host, self._settings.port, "https" if self._settings.tls else "http")
