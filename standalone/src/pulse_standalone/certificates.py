"""The broker's certificates: a local authority and a server certificate, created here and renewed before they
expire."""

import contextlib
import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from pulse_standalone.files import SetupError, write_private

AUTHORITY_VALIDITY: Final = timedelta(days=3650)
SERVER_VALIDITY: Final = timedelta(days=397)
"""Validity of a server certificate: the maximum that browsers and auditors accept."""
RENEW_BEFORE: Final = timedelta(days=30)
_BACKDATED: Final = timedelta(hours=1)
"""Certificates are valid from a little earlier, because the clock of a collector may be behind."""
_REMEDY: Final = "set PULSE_BROKER_CERT, PULSE_BROKER_KEY and PULSE_BROKER_CA to PEM files"


@dataclass(frozen=True)
class TlsFiles:
    """PEM files: the authorities that clients pin, the broker's certificate chain, and its private key."""

    authority: Path
    certificate: Path
    key: Path

    def check(self) -> None:
        """Raises SetupError unless the first two files contain certificates."""
        expiry(self.certificate)
        expiry(self.authority)


def check_pair(certificate: Path, key: Path) -> None:
    """Raises SetupError unless the key belongs to the certificate."""
    remedy = "set PULSE_TLS to the PEM files of a certificate and its key, or to authority"
    try:
        is_pair = _is_pair(certificate, key)
    except (SetupError, OSError) as error:
        raise SetupError(f"PULSE_TLS: {certificate} or {key} cannot be read: {remedy}") from error
    if not is_pair:
        raise SetupError(f"PULSE_TLS: {key} is not the key of {certificate}: {remedy}")


def expiry(file: Path) -> datetime:
    """When the first certificate of a PEM file expires. Raises SetupError when the file has no certificate."""
    return _read(file).not_valid_after_utc


def is_due(file: Path, now: datetime) -> bool:
    """Whether a certificate expires within 30 days."""
    return expiry(file) - now < RENEW_BEFORE


class Authority:
    """The local certificate authority in one folder. Its key never leaves the folder."""

    def __init__(self, folder: Path, hosts: Sequence[str] = ()) -> None:
        self._folder, self._hosts = folder, tuple(hosts)
        self._key_file = folder / "authority.key"
        self.files = TlsFiles(folder / "authority.pem", folder / "broker.pem", folder / "broker.key")

    def ensure(self, now: datetime) -> bool:
        """Creates missing certificates, and renews those that expire within 30 days or are for other hosts. Returns
        whether it wrote a file. Raises SetupError, OSError."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        is_new = not self._is_whole() or is_due(self.files.authority, now)
        if is_new:
            self._make_authority(now)
        if is_new or not self._is_current(now):
            self._make_server(now)
            return True
        return False

    def _is_whole(self) -> bool:
        """Whether the authority exists and matches its key. A killed process may have written only one of the files.
        The key may be kept elsewhere: it is needed only to sign a certificate."""
        if not self.files.authority.exists():
            return False
        return not self._key_file.exists() or _is_pair(self.files.authority, self._key_file)

    def _is_current(self, now: datetime) -> bool:
        file = self.files.certificate
        if not file.exists() or is_due(file, now) or not _is_pair(file, self.files.key):
            return False
        certificate = _read(file)
        try:
            certificate.verify_directly_issued_by(_read(self.files.authority))
        except (ValueError, TypeError, InvalidSignature):
            return False
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return set(names) == set(self._names())

    def _make_authority(self, now: datetime) -> None:
        """Writes the new authority before the old one into the file, so that clients that pinned the old one still find
        it."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "PrecisionPulse local authority")])
        certificate = (
            _builder(name, name, key.public_key(), (now, now + AUTHORITY_VALIDITY))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        before = self.files.authority.read_text() if self.files.authority.exists() else ""
        write_private(self._key_file, _private_pem(key))
        write_private(self.files.authority, _pem(certificate) + _still_valid(before, now))

    def _make_server(self, now: datetime) -> None:
        authority = _read(self.files.authority)
        signer = serialization.load_pem_private_key(self._key_file.read_bytes(), password=None)
        if not isinstance(signer, ec.EllipticCurvePrivateKey):
            raise SetupError(f"{self._key_file} is not an EC key: delete {self._folder} to create a new authority")
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "PrecisionPulse broker")])
        until = min(now + SERVER_VALIDITY, authority.not_valid_after_utc)
        public = signer.public_key()
        certificate = (
            _builder(name, authority.subject, key.public_key(), (now, until))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectAlternativeName(self._names()), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
            .sign(signer, hashes.SHA256())
        )
        write_private(self.files.key, _private_pem(key))
        write_private(self.files.certificate, _pem(certificate))

    def _names(self) -> list[x509.GeneralName]:
        named = dict.fromkeys(("localhost", "127.0.0.1", "::1", socket.gethostname().lower(), *self._hosts))
        found: list[x509.GeneralName] = []
        for name in named:
            try:
                found.append(x509.IPAddress(ipaddress.ip_address(name)))
            except ValueError:
                with contextlib.suppress(ValueError):  # a host name that is not allowed in a certificate
                    found.append(x509.DNSName(name))
        return found


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, validity: tuple[datetime, datetime]
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(validity[0] - _BACKDATED)
        .not_valid_after(validity[1])
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )


def _still_valid(pem: str, now: datetime) -> str:
    if not pem:
        return ""
    found = x509.load_pem_x509_certificates(pem.encode())
    return "".join(_pem(one) for one in found if one.not_valid_after_utc > now)


def _read(file: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(file.read_bytes())
    except (OSError, ValueError) as error:
        raise SetupError(f"{file} has no certificate ({error}): {_REMEDY}") from error


def _is_pair(certificate: Path, key: Path) -> bool:
    try:
        found = serialization.load_pem_private_key(key.read_bytes(), password=None)
    except (FileNotFoundError, ValueError):
        return False
    return found.public_key() == _read(certificate).public_key()


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _private_pem(key: ec.EllipticCurvePrivateKey) -> str:
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(encoding, form, serialization.NoEncryption()).decode()


def now() -> datetime:
    """The current time in UTC."""
    return datetime.now(UTC)
