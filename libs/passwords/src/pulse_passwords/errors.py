"""What this package raises. Nothing here ever holds a password or a digest."""

from __future__ import annotations

from datetime import timedelta


class PasswordRefused(ValueError):
    """The password cannot be hashed as it was given; its account plays no part in that."""


class PasswordEmpty(PasswordRefused):
    """The password has no characters."""


class PasswordTooLong(PasswordRefused):
    """The password is longer than 256 bytes of UTF-8. It is never cut."""


class PasswordNotText(PasswordRefused):
    """The password holds half of a surrogate pair, which no keyboard types and UTF-8 cannot spell."""


class HostileDigest(ValueError):
    """A stored or received digest is malformed, or asks for costs that we never set: it must not be verified."""


class HashingBusy(Exception):
    """All workers are busy and the queue is full; try again after `retry_after`."""

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__(f"password hashing is busy, try again after {retry_after.total_seconds():g} s")
        self.retry_after = retry_after
