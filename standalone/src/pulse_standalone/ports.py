"""TCP ports of this machine, and the fixed ports of the services."""

import errno
import random
import socket

_OFFSETS = {"auth": 1, "users": 2, "sync-publisher": 3}
_FIRST_GATEWAY = 11
_RANGE = (20_000, 32_768)
_RANDOM = random.SystemRandom()
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
    """A loopback port that no process uses now. Systems give ports from 32,768 on to outgoing connections, so a lower
    one stays free while its server restarts. Raises OSError if a thousand ports in a row are in use."""
    for _ in range(1_000):
        port = _RANDOM.randrange(*_RANGE)
        if is_free(port):
            return port
    raise OSError(errno.EADDRINUSE, "no free port found")


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
