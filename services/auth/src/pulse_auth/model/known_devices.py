"""The known-device cookie identifies a browser that has signed in to the account before. Failed sign-ins of a known
device are counted separately, so that a stranger who guesses cannot make the owner wait."""

import base64
import binascii
import hashlib
import hmac
import re
from datetime import datetime, timedelta

from pulse_auth.model.sessions import backoff_key
from pulse_contracts.times import from_micros, to_micros

LIFETIME = timedelta(days=90)
ID_BYTES = 16
_SKEW = timedelta(seconds=60)
"""The clocks of replicas may differ by this."""
_FORM = re.compile(r"([A-Za-z0-9_-]{22})\.([0-9]{1,12})\.([A-Za-z0-9_-]{43})")


def write_device(secret: bytes, device: bytes, email: str, now: datetime) -> str:
    """The cookie of a device that signed in with this e-mail."""
    id_, issued = _text(device), str(to_micros(now) // 1_000_000)
    return f"{id_}.{issued}.{_mac(secret, id_, issued, email)}"


def read_device(secret: bytes, cookie: str, email: str, now: datetime) -> bytes | None:
    """The id of the device; None if the cookie is forged, expired, or belongs to another e-mail."""
    found = _FORM.fullmatch(cookie)
    if found is None or not hmac.compare_digest(found[3], _mac(secret, found[1], found[2], email)):
        return None
    if not -_SKEW <= now - from_micros(int(found[2]) * 1_000_000) <= LIFETIME:
        return None
    try:
        return base64.urlsafe_b64decode(found[1] + "==")
    except binascii.Error:
        return None


def failures_key(email: str, device: bytes | None) -> bytes:
    """The key that failed sign-ins are counted under: the e-mail, or the known device."""
    if device is None:
        return backoff_key(email)
    return hashlib.sha256(b"device\0" + device + backoff_key(email)).digest()


def _mac(secret: bytes, id_: str, issued: str, email: str) -> str:
    text = f"{id_}.{issued}.".encode() + backoff_key(email)
    return _text(hmac.digest(secret, text, "sha256"))


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
