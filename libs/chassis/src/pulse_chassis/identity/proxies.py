"""From which address a request comes, when proxies stand between: believed only from those that we were told of."""

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

_CLIENT_BITS = 64
"""An IPv6 client has a whole network of that prefix to itself, so that is what it is known by."""


class Proxies:
    """The peers that speak for others. Without any nobody is known: every peer might be a proxy."""

    def __init__(self, networks: Iterable[IPv4Network | IPv6Network] = ()) -> None:
        self._networks = tuple(networks)

    @property
    def are_known(self) -> bool:
        """Whether we were told of any."""
        return bool(self._networks)

    def client(self, peer: str, headers: Mapping[str, str]) -> str | None:
        """By which name a limit may count whoever asks; None when that cannot be known. Of `X-Forwarded-For` only the
        last hop counts, which the proxy itself wrote: anybody can write those before it."""
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
        found = ip_address(text)
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found


def _name(address: IPv4Address | IPv6Address) -> str:
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, _CLIENT_BITS), strict=False))
    return str(address)
