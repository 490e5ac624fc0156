"""The policy of leases: how long an account may sign in offline after its mirror was last known to be fresh."""

from dataclasses import dataclass

from pulse_contracts.permissions import Role
from pulse_sync_publisher.model.errors import LeaseOutOfBounds

HOUR, DAY = 3_600, 86_400
USER_BOUNDS = (HOUR, 30 * DAY)
ADMIN_BOUNDS = (0, 72 * HOUR)


@dataclass(frozen=True)
class Leases:
    """Seconds by role. 0: accounts with this role can never sign in offline."""

    user_s: int = 72 * HOUR
    admin_s: int = 0

    def of(self, role: Role) -> int:
        """The lease of a role in seconds."""
        return self.admin_s if role == "admin" else self.user_s


def require_bounds(leases: Leases) -> Leases:
    """Returns the leases. Raises LeaseOutOfBounds with the value and the bounds."""
    for name, value, (low, high) in (
        ("user_lease_s", leases.user_s, USER_BOUNDS),
        ("admin_lease_s", leases.admin_s, ADMIN_BOUNDS),
    ):
        if not low <= value <= high:
            raise LeaseOutOfBounds(f"{name} is {value} s. It must be between {low} s and {high} s.")
    return leases
