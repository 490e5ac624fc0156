"""Which keys collectors trust."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from pulse_contracts.auth import VerificationKeyRecord
from pulse_contracts.topics import Party
from pulse_contracts.trust import Purpose

PURPOSES: dict[Party, Purpose] = {"sync-publisher": "mirror", "telemetry-gateway": "command"}
"""The only purpose of each service's key."""
KEEP = 2
"""How many keys of a purpose are trusted: after a change of keys, messages with the previous one may be in flight."""


@dataclass(frozen=True)
class AnnouncedRecord:
    """A key as a service announced it. `n`: the number of the set of keys that it first belonged to."""

    purpose: Purpose
    key: VerificationKeyRecord
    announced: datetime
    n: int


def trusted(keys: Iterable[AnnouncedRecord]) -> list[AnnouncedRecord]:
    """The newest keys of each purpose, newest first."""
    ordered = sorted(keys, key=lambda one: (one.purpose, -one.n))
    return [one for purpose in PURPOSES.values() for one in [k for k in ordered if k.purpose == purpose][:KEEP]]
