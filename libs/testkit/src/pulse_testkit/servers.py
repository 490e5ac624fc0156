"""Addresses and credentials of the PostgreSQL and the broker of a test run."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Servers:
    """`passwords`: by broker account. `pids`: of `postgres` and `mosquitto`. `templates`: names of template
    databases."""

    database_url: str
    mqtt_url: str
    passwords: Mapping[str, str] = field(repr=False)
    pids: Mapping[str, int]
    templates: dict[tuple[str, str], str] = field(default_factory=dict)
