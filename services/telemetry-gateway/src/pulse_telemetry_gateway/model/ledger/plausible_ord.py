"""Checks the `ord` of an epoch. It counts process starts, so it grows in small steps."""

from pulse_contracts.telemetry import MAX_ORD, ORD_JUMP


def is_plausible_ord(claimed: int, highest: int) -> bool:
    """Whether a device whose highest `ord` is `highest` (0: it has none) can have reached `claimed`."""
    return claimed <= min(MAX_ORD, highest + ORD_JUMP)


def implausible_ord_detail(claimed: int, highest: int) -> str:
    """Why `claimed` is rejected, as a sentence."""
    return f"ord {claimed} is implausible: the highest of this device is {highest}, and each start of it adds one"
