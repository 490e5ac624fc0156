"""The errors of this package. They never hold a password or a digest."""

from __future__ import annotations

from datetime import timedelta


class PasswordRefused(ValueError):
    """The password cannot be hashed. This depends on the password only, not on the account."""


class PasswordEmpty(PasswordRefused):
    """The password is empty."""


class PasswordTooLong(PasswordRefused):
    """The password is longer than 256 bytes of UTF-8. Passwords are never truncated."""


class PasswordNotText(PasswordRefused):
    """The password holds half of a surrogate pair, which UTF-8 cannot encode."""


class HostileDigest(ValueError):
    """A stored or received digest is malformed, or its costs are out of bounds. It must not be verified."""


class HashingBusy(Exception):
    """All workers are busy and the queue is full. Retry after `retry_after`."""

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__(f"password hashing is busy, try again after {retry_after.total_seconds():g} s")
        self.retry_after = retry_after
