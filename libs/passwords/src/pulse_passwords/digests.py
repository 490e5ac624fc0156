"""The costs of argon2id: policies for new digests, and bounds for received digests.

The digest determines the cost of its verification. One with m=4 GiB takes 14 to 28 s and 4 GiB of memory (measured).
Digests arrive over the bus, so they are checked before they are stored, and again before they are verified.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import Final

from pulse_passwords.errors import HostileDigest

SALT_BYTES: Final = 16
DIGEST_BYTES: Final = 32

_MEMORY_KIB: Final = range(8 * 1024, 256 * 1024 + 1)
_TIME_COST: Final = range(1, 10 + 1)
_PARALLELISM: Final = range(1, 4 + 1)

# 22 to 43 characters of base64 are 16 to 32 bytes.
_PHC: Final = re.compile(
    r"\$argon2id\$v=19"
    r"\$m=(?P<m>[1-9][0-9]{0,6}),t=(?P<t>[1-9][0-9]?),p=(?P<p>[1-9])"
    r"\$(?P<salt>[A-Za-z0-9+/]{22,43})\$(?P<digest>[A-Za-z0-9+/]{43})"
)


@dataclass(frozen=True, slots=True)
class HashingPolicy:
    """The costs of argon2id (RFC 9106): memory in KiB, number of passes, number of lanes.

    Raises `ValueError` outside the bounds of `check_digest`, which would reject the digests of such a policy.
    """

    memory_kib: int
    time_cost: int
    parallelism: int

    def __post_init__(self) -> None:
        if (
            self.memory_kib not in _MEMORY_KIB
            or self.time_cost not in _TIME_COST
            or self.parallelism not in _PARALLELISM
        ):
            raise ValueError(f"the costs are out of bounds: {self}")


LOGIN_POLICY: Final = HashingPolicy(memory_kib=19 * 1024, time_cost=2, parallelism=1)
"""For sign-in at the server: the OWASP minimum. 22 ms per hash, about 40 per second and core (measured)."""

MIRROR_POLICY: Final = HashingPolicy(memory_kib=64 * 1024, time_cost=3, parallelism=1)
"""For offline sign-in at collectors, one person at a time: 100 to 200 ms per hash."""


def check_digest(digest: str) -> HashingPolicy:
    """Returns the costs of `digest` (PHC string format).

    Raises `HostileDigest` unless it is argon2id, version 19, 8 MiB <= m <= 256 MiB, 1 <= t <= 10, 1 <= p <= 4, with a
    salt of 16 to 32 bytes and a digest of 32 bytes, both in canonical unpadded base64.
    """
    parts = _PHC.fullmatch(digest)
    if parts is None:
        raise HostileDigest("not an argon2id digest")
    _check_base64(parts["salt"])
    _check_base64(parts["digest"])
    try:
        return HashingPolicy(int(parts["m"]), int(parts["t"]), int(parts["p"]))
    except ValueError as error:
        raise HostileDigest("the costs of the digest are out of bounds") from error


def check_verifier(verifier: str, policy: HashingPolicy = MIRROR_POLICY) -> None:
    """Checks a verifier for offline sign-in. Raises `HostileDigest` as `check_digest`, and for other costs than
    `policy`: a cheaper one would be easier to guess from a stolen disk."""
    if check_digest(verifier) != policy:
        raise HostileDigest("the verifier does not have the costs of the policy")


def _check_base64(encoded: str) -> None:
    try:
        raw = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except ValueError:
        raise HostileDigest("not base64") from None
    # Unused bits in the last character would give one digest several encodings.
    if base64.b64encode(raw).decode().rstrip("=") != encoded:
        raise HostileDigest("not canonical base64")
