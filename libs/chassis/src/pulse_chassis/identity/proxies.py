"""The client's address of a request behind proxies. Only the configured proxies are trusted."""

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

_CLIENT_BITS = 64
"""An IPv6 client usually has a whole network of this prefix length, so the network identifies the client."""


class Proxies:
    """The networks of the trusted proxies. Without any, clients are unknown, because every peer may be a proxy."""

    def __init__(self, networks: Iterable[IPv4Network | IPv6Network] = ()) -> None:
        self._networks = tuple(networks)

    @property
    def are_known(self) -> bool:
        """Whether any proxy is configured."""
        return bool(self._networks)

    def client(self, peer: str, headers: Mapping[str, str]) -> str | None:
        """Returns the client's address or network as a key for rate limits. None when it is unknown. Uses only the last
        hop of `X-Forwarded-For`, which the trusted proxy wrote: clients can forge the others."""
        if not self.are_known:
            return None
        direct = _address(peer)
        if direct is None:
            return None
        if not any(direct in network for network in self._networks):
            return _name(direct)
        last = _address(headers.get("x-forwarded-for", "").rpartition(",")[2].strip())
        if last is None or any(last in network for network in self._networks):
            return None
        return _name(last)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def _name(address: IPv4Address | IPv6Address) -> str:
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, _CLIENT_BITS), strict=False))
    return str(address)
