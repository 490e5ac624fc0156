"""The certificates that protect the connection to the broker."""

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True)
class Authority:
    """A certificate authority that the gateway trusts for the broker."""

    name: str
    expires: datetime


@dataclass(frozen=True)
class BrokerCertificates:
    """is_encrypted: whether the connection to the broker uses TLS. authorities: those of the configured file; empty
    when the gateway trusts the authorities of the operating system, or when the file cannot be read."""

    is_encrypted: bool
    authorities: tuple[Authority, ...] = ()


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
    expires = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(found["notAfter"])), UTC)
    return Authority(names[0][:200] if names else "", expires)
