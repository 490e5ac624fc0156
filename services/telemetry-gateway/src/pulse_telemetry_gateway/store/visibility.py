"""SQL conditions: which devices and series exist for callers. A deleted one is hidden until it sends again."""

from typing import Final

DEVICE_EXISTS: Final = "(d.removed_at IS NULL OR d.last_seen > d.removed_at)"
"""For a query of `device d`."""
SERIES_EXISTS: Final = "(s.removed_at IS NULL OR l.series_id IS NOT NULL)"
"""For a query of `series s LEFT JOIN latest l`."""
