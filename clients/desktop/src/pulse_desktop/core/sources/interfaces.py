"""Classifies network interfaces: traffic on loopback and virtual interfaces mostly stays on this machine."""

import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Literal

Kind = Literal["real", "virtual", "loopback"]
_LOOPBACK: Final = re.compile(r"lo\d*$|.*loopback", re.IGNORECASE)
_VIRTUAL: Final = re.compile(
    r"(veth|docker|br-|br\d|bridge|virbr|vmnet|vboxnet|vnet|tun|tap|utun|wg|tailscale|zt|cni|flannel|cali|lxc|lxd|dummy|"
    r"ifb|bond|team|sit|gre|awdl|llw|anpi|ipsec|kube)|.*(\.\d+$|hyper-v|vethernet|virtual|vpn)",
    re.IGNORECASE,
)
_LIKE_REAL: Final = re.compile(r"(eth|en)", re.IGNORECASE)
_SYS: Final = Path("/sys/class/net")


def kinds(names: Iterable[str], sys_class_net: Path | None = None) -> dict[str, Kind]:
    """The kind of each interface. On Linux, real interfaces have a device. If none has one (in a container), and on
    other systems, the name decides."""
    found: dict[str, Kind] = {name: "loopback" for name in names if _LOOPBACK.match(name)}
    others = [name for name in names if name not in found]
    with_device = (
        {name for name in others if ((sys_class_net or _SYS) / name / "device").exists()} if _is_linux() else set()
    )
    for name in others:
        if with_device:
            is_real = name in with_device
        else:
            is_real = not _VIRTUAL.match(name) and (not _is_linux() or _LIKE_REAL.match(name) is not None)
        found[name] = "real" if is_real else "virtual"
    return found


def _is_linux() -> bool:
    return sys.platform.startswith("linux")
