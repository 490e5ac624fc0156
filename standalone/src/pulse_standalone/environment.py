"""What child processes see of the environment, and the addresses that browsers and collectors use."""

import os
from collections.abc import Mapping

_NAMES = frozenset({"PATH", "HOME", "LANG", "TZ", "VIRTUAL_ENV", "TMPDIR"})
_PREFIXES = ("LC_", "PYTHON", "NODE_", "XDG_", "PULSE_")
_SECRET_ENDINGS = ("PASSWORD", "KEY", "SECRET", "TOKEN", "DATABASE_URL", "MQTT_URL")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_EVERYWHERE = frozenset({"", "*", "0.0.0.0", "::"})  # noqa: S104  # recognised here, not bound


def child_environment(own: Mapping[str, str]) -> dict[str, str]:
    """The environment of a child process: an allow-list of ours, without secrets, overridden by `own`.

    An allow-list, because DATABASE_URL contains a superuser's password and other variables are unknown.
    """
    passed = {
        name: value
        for name, value in os.environ.items()
        if name in _NAMES
        or (name.startswith(_PREFIXES) and not (name.startswith("PULSE_") and name.endswith(_SECRET_ENDINGS)))
    }
    return {**passed, **own}


def reachable_host(bind: str) -> str:
    """An address of this machine that reaches a server that listens on `bind`."""
    return "127.0.0.1" if bind in _EVERYWHERE else bind


def origin(host: str, port: int, scheme: str = "http") -> str:
    """The origin as a browser writes it: without the default port of the scheme."""
    name = f"[{host}]" if ":" in host else host
    return f"{scheme}://{name}" if port == _DEFAULT_PORTS[scheme] else f"{scheme}://{name}:{port}"
