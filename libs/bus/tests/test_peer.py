"""The certificate that a broker presents."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from pulse_bus.credentials import BrokerUnreachable
from pulse_bus.mqtt import MqttSettings, PeerCertificate, peer_certificate

STARTS = datetime(2020, 1, 1, tzinfo=UTC)
ENDS = datetime.now(UTC).replace(microsecond=0) + timedelta(days=400)


def self_signed(file: Path) -> Path:
    """A certificate for 127.0.0.1 that is its own authority, with its key, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Broker of the test")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 7, STARTS, ENDS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + secret)
    return file


async def test_the_certificate_of_a_new_connection_is_read(tmp_path: Path) -> None:
    file = self_signed(tmp_path / "broker.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    async with server:
        port = server.sockets[0].getsockname()[1]
        settings = MqttSettings(f"mqtts://127.0.0.1:{port}", "", "", "", ca_file=file)
        assert await peer_certificate(settings) == PeerCertificate("Broker of the test", STARTS, ENDS)
        other = self_signed(tmp_path / "other.pem")
        with pytest.raises(BrokerUnreachable, match="certificate verify failed"):
            await peer_certificate(MqttSettings(f"mqtts://127.0.0.1:{port}", "", "", "", ca_file=other))


async def test_a_broker_that_cannot_be_reached_or_uses_no_tls_shows_none(tmp_path: Path) -> None:
    assert await peer_certificate(MqttSettings("mqtt://127.0.0.1:1", "", "", "")) is None
    with pytest.raises(BrokerUnreachable):
        await peer_certificate(MqttSettings("mqtts://127.0.0.1:1", "", "", "", ca_file=self_signed(tmp_path / "a.pem")))
