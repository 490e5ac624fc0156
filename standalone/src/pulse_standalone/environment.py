"""What the person's environment says, checked with the variable's name; and the part of it that children may see."""

import os
from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

from pulse_standalone.files import SetupError

_NAMES = frozenset({"PATH", "HOME", "LANG", "TZ", "VIRTUAL_ENV", "TMPDIR"})
_PREFIXES = ("LC_", "PYTHON", "NODE_", "XDG_", "PULSE_")
_SECRET_ENDINGS = ("PASSWORD", "KEY", "SECRET", "TOKEN", "DATABASE_URL", "MQTT_URL")
_EVERYWHERE = frozenset({"", "*", "0.0.0.0", "::"})  # noqa: S104  # recognised here, not bound


def child_environment(own: Mapping[str, str]) -> dict[str, str]:
    """What a child gets: what programs need of ours, our own settings but no secrets, and `own` above all. An
    allow-list, because DATABASE_URL holds a superuser's password and others' variables are not known to us."""
    passed = {
        name: value
        for name, value in os.environ.items()
        if name in _NAMES
        or (name.startswith(_PREFIXES) and not (name.startswith("PULSE_") and name.endswith(_SECRET_ENDINGS)))
    }
    return {**passed, **own}


def public_port() -> int:
    """PULSE_PORT. Raises SetupError."""
    text = os.environ.get("PULSE_PORT", "8080")
    if not (text.isascii() and text.isdecimal() and len(text) <= 5 and 1 <= int(text) <= 65535):
        raise SetupError(f"PULSE_PORT={text!r} is no port: choose 1 to 65535")
    return int(text)


def gateways() -> int:
    """PULSE_GATEWAYS: how many gateway processes share the collectors. Raises SetupError."""
    text = os.environ.get("PULSE_GATEWAYS") or "1"
    if not (text.isascii() and text.isdecimal() and len(text) <= 2 and 1 <= int(text) <= 16):
        raise SetupError(f"PULSE_GATEWAYS={text!r}: choose 1 to 16")
    return int(text)


def bind_host() -> str:
    """PULSE_HOST: the address that the web client listens on."""
    return os.environ.get("PULSE_HOST", "").strip().strip("[]") or "127.0.0.1"


def reachable_host(bind: str) -> str:
    """An address of this machine that reaches what listens on `bind`."""
    return "127.0.0.1" if bind in _EVERYWHERE else bind


def origin(host: str, port: int) -> str:
    """As a browser spells it."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def database_url() -> str:
    """DATABASE_URL, or nothing. Raises SetupError."""
    text = os.environ.get("DATABASE_URL", "")
    if text:
        parts = _address(text)
        if parts is None or parts.scheme not in {"postgres", "postgresql"}:
            raise SetupError(
                "DATABASE_URL is no address of a PostgreSQL: postgresql://role:password@host:port/postgres"
            )
    return text


def mqtt_url() -> str:
    """MQTT_URL, or nothing. Raises SetupError."""
    text = os.environ.get("MQTT_URL", "")
    if text:
        parts = _address(text)
        if parts is None or parts.scheme not in {"mqtt", "mqtts"} or parts.username or parts.password:
            raise SetupError(
                "MQTT_URL must be mqtts://host:port: accounts come from `python -m pulse_standalone rules`"
            )
    return text


def broker_port() -> int:
    """PULSE_BROKER_PORT: where the broker listens with TLS; 0 lets it choose once and keep that. Raises SetupError."""
    return _port("PULSE_BROKER_PORT")


def broker_tls12_port() -> int:
    """PULSE_BROKER_TLS12_PORT: one more port of the broker, which also takes TLS 1.2, for small devices; 0: there is
    none. Raises SetupError."""
    return _port("PULSE_BROKER_TLS12_PORT")


def _port(name: str) -> int:
    text = os.environ.get(name) or "0"
    if not (text.isascii() and text.isdecimal() and len(text) <= 5 and int(text) <= 65535):
        raise SetupError(f"{name}={text!r} is not a valid port: choose 1 to 65535")
    return int(text)


def has_plain_broker() -> bool:
    """PULSE_MQTT_PLAIN: whether the loopback has a listener in clear beside that with TLS. Raises SetupError."""
    return _is_on("PULSE_MQTT_PLAIN")


def is_broker_traced() -> bool:
    """PULSE_BROKER_TRACE: whether the broker logs every packet, also the refused ones. Raises SetupError."""
    return _is_on("PULSE_BROKER_TRACE")


def _is_on(name: str) -> bool:
    text = os.environ.get(name) or "off"
    if text not in {"on", "off"}:
        raise SetupError(f"{name}={text!r}: choose on or off")
    return text == "on"


def _address(text: str) -> SplitResult | None:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:  # a port that is none, half of a bracket
        return None
    return parts if port != 0 and (parts.hostname or "host=" in parts.query) else None
