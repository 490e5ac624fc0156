"""The client's address, with and without proxies. Addresses that a client claims are never used."""

from ipaddress import ip_network

import pytest

from pulse_chassis.identity.proxies import Proxies

LOCAL = Proxies([ip_network("127.0.0.1"), ip_network("::1"), ip_network("10.0.0.0/8")])


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("127.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("127.0.0.1", "6.6.6.6, 203.0.113.9", "203.0.113.9"),
        ("127.0.0.1", "203.0.113.9, not an address", None),
        ("127.0.0.1", "203.0.113.9,", None),
        ("127.0.0.1", "", None),
        ("127.0.0.1", "203.0.113.9, 10.1.2.3", None),
        ("::1", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:127.0.0.1", "::ffff:203.0.113.9", "203.0.113.9"),
        ("203.0.113.9", "6.6.6.6", "203.0.113.9"),
        ("", "6.6.6.6", None),
    ],
)
def test_the_last_hop_of_a_trusted_proxy_is_the_client(peer: str, forwarded: str, client: str | None) -> None:
    assert LOCAL.client(peer, {"x-forwarded-for": forwarded}) == client


@pytest.mark.parametrize("peer", ["127.0.0.1", "203.0.113.9"])
def test_without_proxies_every_client_is_unknown(peer: str) -> None:
    assert Proxies().client(peer, {"x-forwarded-for": "6.6.6.6"}) is None
