"""Which `ord` of a life is believed: it counts process starts, so it never jumps."""

from pulse_contracts.telemetry import MAX_ORD, ORD_JUMP


def is_plausible(claimed: int, highest: int) -> bool:
    """Whether a device whose highest `ord` so far is `highest` (0: none) can have reached `claimed`."""
    return claimed <= min(MAX_ORD, highest + ORD_JUMP)


def why_not(claimed: int, highest: int) -> str:
    """In words."""
    return f"ord {claimed} is implausible: the highest of this device is {highest}, and each start of it adds one"
