"""TCP ports of this machine, and the fixed ports of the services."""

import errno
import socket

_OFFSETS = {"auth": 1, "users": 2, "sync-publisher": 3}
_FIRST_GATEWAY = 11
MAX_BASE = 65_535 - _FIRST_GATEWAY - 15
"""The highest base: 16 gateways still have valid ports."""


def service_ports(base: int, gateways: int) -> dict[str, int]:
    """The HTTP port of each service process by its name in the status. Empty for the base 0: free ports are chosen."""
    if base == 0:
        return {}
    numbers = {gateway_name(number): _FIRST_GATEWAY + number - 1 for number in range(1, 1 + gateways)}
    return {name: base + offset for name, offset in (_OFFSETS | numbers).items()}


def gateway_name(number: int) -> str:
    """The name of a gateway process in the status. The first is number 1."""
    return "telemetry-gateway" if number == 1 else f"telemetry-gateway-{number}"


def free_port() -> int:
    """A loopback port that no process uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen there. Raises OSError for an address of another machine or a forbidden port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            return False
        return True
