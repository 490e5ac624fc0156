"""What an acknowledgement says: settled ranges, and with them every refused reading that is not confirmed. Pure."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from pulse_contracts.telemetry import Refused
from pulse_telemetry_gateway.model.arrivals import AckPart
from pulse_telemetry_gateway.model.ranges import Range, clip, union


def within(ranges: Iterable[Range], settled: Sequence[Range]) -> list[Range]:
    """What is settled of the ranges, and nothing beyond them."""
    return [part for window in union(ranges) for part in clip(settled, window)]


def split(part: AckPart, most_ranges: int, most_refused: int) -> list[tuple[list[Range], list[Refused]]]:
    """In several messages, each of which names every refused reading that its ranges cover; one at least."""
    messages: list[tuple[list[Range], list[Refused]]] = [([], [])]
    parts, refused = part
    seqs = [one.seq for one in refused]
    for start, hi in parts:
        lo, at, end = start, bisect_left(seqs, start), bisect_left(seqs, hi)
        while lo < hi:
            ranges, named = messages[-1]
            if len(ranges) == most_ranges or (len(named) == most_refused and at < end):
                messages.append(([], []))
                continue
            n = min(end - at, most_refused - len(named))
            upto = hi if at + n == end else seqs[at + n]
            ranges.append((lo, upto))
            named += refused[at : at + n]
            at, lo = at + n, upto
    return messages
