"""The certificates that protect the connection to the broker."""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import structlog

from pulse_bus.mqtt import MqttSettings, PeerCertificate, peer_certificate
from pulse_contracts.errors import Unavailable

log = structlog.get_logger("pulse.certificates")
_KEPT: Final = 300.0
"""Seconds for which the broker's certificate is not read again. A restart of the broker may change it."""
_KEPT_FAILURE: Final = 30.0


@dataclass(frozen=True)
class Authority:
    """A certificate authority that the gateway trusts for the broker."""

    name: str
    starts: datetime
    expires: datetime


@dataclass(frozen=True)
class BrokerCertificates:
    """is_encrypted: whether the connection to the broker uses TLS. authorities: those of the configured file; empty
    when the gateway trusts the authorities of the operating system, or when the file cannot be read. broker: what the
    broker presents to this gateway; None without TLS, and while it cannot be read."""

    is_encrypted: bool
    authorities: tuple[Authority, ...] = ()
    broker: PeerCertificate | None = None


class Certificates:
    """Reads the certificates of the connection to the broker. `clock`: seconds, never set back."""

    def __init__(self, url: str, ca_file: Path | None, clock: Callable[[], float]) -> None:
        self._url, self._ca_file, self._clock = url, ca_file, clock
        self._reading = asyncio.Lock()
        self._broker: PeerCertificate | None = None
        self._until: float | None = None

    async def report(self) -> BrokerCertificates:
        """The certificates. That of the broker may be five minutes old."""
        found = await asyncio.to_thread(broker_certificates, self._url, self._ca_file)
        return replace(found, broker=await self._presented()) if found.is_encrypted else found

    async def _presented(self) -> PeerCertificate | None:
        async with self._reading:
            if self._until is None or self._clock() >= self._until:
                kept = _KEPT
                try:
                    self._broker = await peer_certificate(
                        MqttSettings(self._url, username="", password="", client_id="", ca_file=self._ca_file)
                    )
                except Unavailable as error:
                    log.debug("broker_certificate_not_read", reason=str(error))
                    self._broker, kept = None, _KEPT_FAILURE
                self._until = self._clock() + kept
            return self._broker


def broker_certificates(url: str, ca_file: Path | None) -> BrokerCertificates:
    """What the settings say. Reads the file each time, because it may be replaced. Blocks."""
    if not url.startswith("mqtts:"):
        return BrokerCertificates(is_encrypted=False)
    if ca_file is None:
        return BrokerCertificates(is_encrypted=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(ca_file)
    except OSError:  # also SSLError
        return BrokerCertificates(is_encrypted=True)
    found = tuple(_authority(dict(one)) for one in context.get_ca_certs())
    return BrokerCertificates(is_encrypted=True, authorities=found)


def _authority(found: dict[str, object]) -> Authority:
    names = [value for part in found["subject"] for key, value in part if key == "commonName"]  # type: ignore[attr-defined]  # a union
    return Authority(names[0][:200] if names else "", _time(found["notBefore"]), _time(found["notAfter"]))


def _time(text: object) -> datetime:
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(text)), UTC)
