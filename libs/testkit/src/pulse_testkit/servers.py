"""Where the run's PostgreSQL and broker are."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Servers:
    """`passwords` by broker account; `pids` of `postgres` and `mosquitto`."""

    database_url: str
    mqtt_url: str
    passwords: Mapping[str, str] = field(repr=False)
    pids: Mapping[str, int]
    templates: dict[tuple[str, str], str] = field(default_factory=dict)
